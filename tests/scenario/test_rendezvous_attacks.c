/* What attackers do to a bootnode and its sessions: forge, replay, reflect. Every answer and every trace is counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "bootnode/guard/cookie.h"
#include "tests/scenario/support/rendezvous_net.h"

#define FORGERIES 1000000

/* What reaches one address, and what the net has seen of one type. */
struct spy {
    struct address victim;
    uint64_t bytes, packets, copies;
    uint8_t keep; /* type of which the last packet is kept */
    struct flying kept;
    bool lose_kept;
};

static bool spy_on(struct net *net, const struct flying *packet) {
    struct spy *spy = net->watching;
    if (!packet->to_server && address_equal(&packet->peer, &spy->victim)) {
        spy->bytes += packet->size;
        spy->packets++;
    }
    if (spy->keep == 0 || packet->data[0] != spy->keep) return true;
    spy->kept = *packet;
    return !spy->lose_kept;
}

static void watch(struct net *net, struct spy *spy, uint8_t keep) {
    *spy = (struct spy){.victim = net_address(200), .keep = keep};
    net->watch = spy_on;
    net->watching = spy;
}

static void keep(struct spy *spy, uint8_t type, bool lose) {
    spy->kept.size = 0;
    spy->keep = type;
    spy->lose_kept = lose;
}

static bool agreed(struct net *net) {
    return net_agreed(net);
}

static void settle(struct net *net) {
    assert_true(net_run_until(net, agreed, 1000));
}

static void assert_untouched(struct net *net, const struct shard_counters *before) {
    struct shard_counters after = net_totals(net);
    assert_memory_equal(&after, before, sizeof after);
}

static void inject_register(struct net *net, struct rendezvous_client *client, const struct address *from) {
    uint8_t packet[PACKET_MAX];
    size_t size = client_register(client, packet);
    net_inject(net, from, packet, size);
}

static void test_replayed_register(void **state) {
    struct net *net = *state;
    struct spy spy;
    watch(net, &spy, MESSAGE_REGISTER);
    struct rendezvous_client *ada = net_join(net, "tea", 1), *bob = net_join(net, "tea", 2);
    settle(net);
    uint64_t session = bob->session.session_id;
    struct shard_counters before = net_totals(net);
    struct room_version version = net_room(net, ada)->version;
    assert_true(spy.kept.size > 0);
    for (int i = 0; i < 1000; i++) {
        net_inject(net, &spy.kept.peer, spy.kept.data, spy.kept.size);
        net_run(net, NET_STEP_MS);
    }
    struct shard_counters after = net_totals(net);
    assert_int_equal(after.sessions, 2);
    assert_int_equal(after.replaced, before.replaced);
    assert_int_equal(after.provisional, 1);
    assert_true(room_version_equal(net_room(net, ada)->version, version));
    net_run(net, 30000);
    assert_int_equal(net_totals(net).provisional, 0);
    assert_int_equal(net_totals(net).sessions, 2);
    assert_int_equal(bob->session.session_id, session);
    assert_int_equal(bob->resets + ada->resets, 0);
    assert_int_equal(ada->view.left_said + ada->view.left_silent, 0);
    settle(net);
}

static bool welcomed(struct net *net) {
    return counters_read(&net->counters, COUNTER_WELCOME) > 0;
}

/* Between WELCOME and the first beat: copies of the REGISTER, and somebody else who names the same member. */
static void test_the_first_beat_cannot_be_outrun(void **state) {
    struct net *net = *state;
    struct spy spy;
    struct rendezvous_client eve;
    struct address elsewhere = net_address(200);
    watch(net, &spy, MESSAGE_REGISTER);
    struct rendezvous_client *bob = net_join(net, "tea", 2);
    assert_true(net_run_until(net, welcomed, 1000));
    client_init(&eve, "tea", 2, &elsewhere);
    eve.member_secret[1] ^= 1;
    memcpy(eve.cookie.bootnode_public, net->node.key.public, sizeof eve.cookie.bootnode_public);
    assert_true(cookie_make(&net->node.cookies, &elsewhere, net->context.second, &eve.cookie.cookie));
    for (int i = 0; i < 10; i++) {
        net_inject(net, &spy.kept.peer, spy.kept.data, spy.kept.size);
        inject_register(net, &eve, &elsewhere);
    }
    settle(net);
    assert_int_equal(bob->welcomes, 1);
    assert_int_equal(bob->resets, 0);
}

/* Somebody on the way takes a beat and sends it on as if it came from the victim. */
static void test_beat_with_a_forged_source(void **state) {
    struct net *net = *state;
    struct spy spy;
    watch(net, &spy, 0);
    struct rendezvous_client *bob = net_join(net, "tea", 2);
    settle(net);
    for (int i = 0; i < 5; i++) {
        keep(&spy, MESSAGE_HEARTBEAT, true);
        while (spy.kept.size == 0) net_run(net, NET_STEP_MS);
        spy.keep = 0;
        uint64_t bytes = spy.bytes;
        assert_int_equal(spy.kept.size, BEAT_SIZE);
        net_inject(net, &spy.victim, spy.kept.data, spy.kept.size);
        net_run(net, 100);
        assert_true(spy.bytes - bytes <= BEAT_SIZE);
    }
    assert_true(spy.packets > 0);
    assert_int_equal(net_totals(net).moved, 0);
    assert_int_equal(bob->state, CLIENT_REGISTERED);
    settle(net);
}

/* Who was at the victim's address once goes on beating from elsewhere, always behind, while the room changes. */
static void test_an_address_left_behind_gets_nothing(void **state) {
    struct net *net = *state;
    struct spy spy;
    uint8_t packet[PACKET_MAX];
    const struct candidate_list none = {0};
    struct address elsewhere = net_address(201);
    watch(net, &spy, 0);
    struct rendezvous_client *eve = net_join(net, "tea", 200), *ada = net_join(net, "tea", 1);
    settle(net);
    eve->state = CLIENT_IDLE;
    uint64_t before = spy.bytes, sent = 0;
    for (int i = 0; i < 50; i++) {
        eve->view.list.version = (struct room_version){0};
        size_t size = client_beat(eve, i % 2 == 0, packet);
        net_inject(net, &elsewhere, packet, size);
        sent += size;
        net_inject(net, &ada->address, packet, client_update(ada, &none, packet));
        net_run(net, 200);
    }
    assert_true(spy.bytes - before <= sent);
    assert_int_equal(net_totals(net).sessions, 2);
    /* Heard from there again, it is told. */
    size_t size = client_beat(eve, false, packet);
    net_inject(net, &eve->address, packet, size);
    net_run(net, 1000);
    assert_true(net_agrees(net, ada));
    eve->state = CLIENT_REGISTERED;
    settle(net);
    /* Heard from elsewhere alone, it is gone after the time in which a client gives its bootnode up. */
    eve->state = CLIENT_IDLE;
    for (int i = 0; i < 16; i++) {
        net_inject(net, &elsewhere, packet, client_beat(eve, i % 2 == 0, packet));
        net_run(net, 1000);
    }
    assert_int_equal(net_totals(net).sessions, 1);
    assert_int_equal(net_totals(net).expired, 1);
}

/* Who went away, and forges its address, has a token that is good as long as nothing is sent there. */
static void test_an_address_left_in_a_quiet_room(void **state) {
    struct net *net = *state;
    struct spy spy;
    uint8_t packet[PACKET_MAX];
    watch(net, &spy, 0);
    struct rendezvous_client *eve = net_join(net, "tea", 200), *ada = net_join(net, "tea", 1);
    settle(net);
    net_run(net, 10000);
    eve->state = CLIENT_IDLE;
    net_run(net, 1000);
    uint64_t bytes = spy.bytes;
    for (int i = 0; i < 60; i++) {
        net_inject(net, &eve->address, packet, client_beat(eve, false, packet));
        net_run(net, 1000);
    }
    assert_int_equal(spy.bytes, bytes);
    assert_int_equal(net_totals(net).sessions, 2);
    const struct candidate_list none = {0};
    net_inject(net, &ada->address, packet, client_update(ada, &none, packet));
    for (int i = 0; i < 16; i++) {
        net_inject(net, &eve->address, packet, client_beat(eve, false, packet));
        net_run(net, 1000);
    }
    assert_in_range(spy.bytes - bytes, 1, SESSION_UNECHOED_MAX + 16 * BEAT_SIZE);
    assert_int_equal(net_totals(net).expired, 1);
}

static void test_replayed_beats_are_no_life(void **state) {
    struct net *net = *state;
    struct spy spy;
    watch(net, &spy, MESSAGE_HEARTBEAT);
    struct rendezvous_client *bob = net_join(net, "tea", 2);
    settle(net);
    bob->state = CLIENT_IDLE;
    net_run(net, 100);
    uint64_t valid = counters_read(&net->counters, COUNTER_HEARTBEAT);
    for (int i = 0; i < 160; i++) {
        net_inject(net, &bob->address, spy.kept.data, BEAT_SIZE);
        net_inject(net, &spy.victim, spy.kept.data, BEAT_SIZE);
        net_run(net, 100);
    }
    assert_int_equal(counters_read(&net->counters, COUNTER_HEARTBEAT), valid);
    assert_int_equal(net_totals(net).expired, 1);
    assert_int_equal(net_totals(net).sessions, 0);
    assert_int_equal(spy.bytes % RESET_SIZE, 0);
}

/* Each beat has a copy from the victim that comes first. */
static bool outrun(struct net *net, const struct flying *packet) {
    struct spy *spy = net->watching;
    if (packet->to_server && packet->data[0] == MESSAGE_HEARTBEAT) {
        net_inject(net, &spy->victim, packet->data, packet->size);
        spy->copies++;
    }
    return spy_on(net, packet);
}

/* Somebody listens, and sends faster than what it listens to: nobody is kept out for it, nor taken for gone. */
static void test_beats_that_are_outrun(void **state) {
    struct net *net = *state;
    struct spy spy;
    watch(net, &spy, 0);
    net->watch = outrun;
    struct rendezvous_client *ada = net_join(net, "tea", 1), *bob = net_join(net, "tea", 2);
    settle(net);
    net_run(net, 60000);
    struct rendezvous_client *eve = net_join(net, "tea", 3);
    settle(net);
    assert_int_equal(ada->resets + bob->resets + eve->resets, 0);
    assert_int_equal(net_totals(net).expired + net_totals(net).moved, 0);
    assert_int_equal(spy.bytes, spy.packets * PATH_SIZE);
    assert_in_range(spy.packets, 1, spy.copies);
    /* The beat itself counts once. */
    uint64_t valid = counters_read(&net->counters, COUNTER_HEARTBEAT);
    keep(&spy, MESSAGE_HEARTBEAT, false);
    while (spy.kept.size == 0) net_run(net, NET_STEP_MS);
    spy.keep = 0;
    net_run(net, 100);
    assert_true(counters_read(&net->counters, COUNTER_HEARTBEAT) > valid);
    valid = counters_read(&net->counters, COUNTER_HEARTBEAT);
    for (int i = 0; i < 10; i++) {
        net_inject(net, &spy.victim, spy.kept.data, spy.kept.size);
        net_inject(net, &spy.kept.peer, spy.kept.data, spy.kept.size);
    }
    assert_int_equal(counters_read(&net->counters, COUNTER_HEARTBEAT), valid);
}

/* The right session, the right length, everything else at random, from its own address and from elsewhere. */
static void test_forged_packets_do_nothing(void **state) {
    struct net *net = *state;
    static const struct {
        uint8_t type;
        size_t size;
    } forgeries[] = {{MESSAGE_HEARTBEAT, BEAT_SIZE},
                     {MESSAGE_LEAVE, SEALED_OVERHEAD + LEAVE_BODY_SIZE},
                     {MESSAGE_MOVE, SEALED_OVERHEAD + COOKIE_SIZE},
                     {MESSAGE_UPDATE, SEALED_OVERHEAD + UPDATE_BODY_MIN},
                     {MESSAGE_INTRODUCE, SEALED_OVERHEAD + MEMBER_ID_SIZE},
                     {MESSAGE_RELAY, RELAY_OVERHEAD + RELAY_PACKET_MIN}};
    struct rendezvous_client *ada = net_join(net, "tea", 1), *bob = net_join(net, "tea", 2);
    settle(net);
    net_run(net, 5000);
    struct shard_counters before = net_totals(net);
    struct room_version version = net_room(net, ada)->version;
    uint64_t out = net->bytes_out;
    struct address elsewhere = net_address(200);
    for (int i = 0; i < FORGERIES; i++) {
        uint8_t packet[PACKET_MAX] = {0};
        size_t which = (size_t)i % (sizeof forgeries / sizeof *forgeries);
        struct writer id = writer_over(packet + SESSION_ID_OFFSET, 8);
        randombytes_buf(packet + 12, forgeries[which].size - 12);
        packet[0] = forgeries[which].type;
        if (forgeries[which].type != MESSAGE_HEARTBEAT) packet[12] = 0; /* a counter that could be next */
        if (forgeries[which].type == MESSAGE_RELAY) {
            memcpy(packet + 12, ada->identity.member_id, MEMBER_ID_SIZE);
            packet[RELAY_HEADER_SIZE] = 0x94;
        }
        write_u64(&id, bob->session.session_id);
        net_inject(net, randombytes_uniform(2) ? &bob->address : &elsewhere, packet, forgeries[which].size);
    }
    assert_int_equal(net->bytes_out, out);
    assert_untouched(net, &before);
    assert_true(room_version_equal(net_room(net, ada)->version, version));
    assert_int_equal(counters_read(&net->counters, COUNTER_HEARTBEAT_FORGED) +
                         counters_read(&net->counters, COUNTER_SEALED_FORGED) +
                         counters_read(&net->counters, COUNTER_RELAY_FORGED) +
                         counters_read(&net->counters, COUNTER_RELAY_ELSEWHERE),
                     FORGERIES);
    net_run(net, 30000);
    assert_int_equal(net_totals(net).sessions, 2);
    assert_int_equal(ada->resets + bob->resets, 0);
}

static void test_replayed_sealed_packets(void **state) {
    struct net *net = *state;
    struct rendezvous_client *ada = net_join(net, "tea", 1);
    uint8_t first[PACKET_MAX], second[PACKET_MAX];
    settle(net);
    struct candidate_list none = {0}, one = {.count = 1, .items = {ada->address}};
    one.items[0].port = 5000;
    size_t first_size = client_update(ada, &one, first), second_size = client_update(ada, &none, second);
    net_inject(net, &ada->address, second, second_size);
    struct room_version version = net_room(net, ada)->version;
    for (int i = 0; i < 10; i++) {
        net_inject(net, &ada->address, first, first_size);
        net_inject(net, &ada->address, second, second_size);
    }
    assert_int_equal(counters_read(&net->counters, COUNTER_SEALED_OLD), 20);
    assert_int_equal(counters_read(&net->counters, COUNTER_UPDATE), 1);
    assert_true(room_version_equal(net_room(net, ada)->version, version));
}

/* A member names somebody else's address, with a cookie that was made for its own. */
static void test_move_needs_the_cookie_of_its_source(void **state) {
    struct net *net = *state;
    struct rendezvous_client *bob = net_join(net, "tea", 2);
    struct address victim = net_address(200);
    uint8_t packet[PACKET_MAX];
    settle(net);
    struct cookie cookie = bob->cookie.cookie;
    size_t size = client_move(bob, &cookie, packet);
    net_inject(net, &victim, packet, size);
    victim = bob->address;
    victim.port++;
    size = client_move(bob, &cookie, packet);
    net_inject(net, &victim, packet, size);
    assert_int_equal(net_totals(net).moved, 0);
    assert_int_equal(counters_read(&net->counters, COUNTER_COOKIE_BAD), 2);
    /* With the right one it does. */
    assert_true(cookie_make(&net->node.cookies, &victim, net->context.second, &cookie));
    size = client_move(bob, &cookie, packet);
    net_inject(net, &victim, packet, size);
    assert_int_equal(net_totals(net).moved, 1);
}

/* As beats are: a copy from elsewhere comes first. */
static void test_sealed_packets_that_are_outrun(void **state) {
    struct net *net = *state;
    struct rendezvous_client *bob = net_join(net, "tea", 2);
    struct address elsewhere = net_address(200), next = net_address(201);
    const struct candidate_list none = {0};
    struct cookie cookie;
    uint8_t packet[PACKET_MAX];
    settle(net);
    size_t size = client_update(bob, &none, packet);
    net_inject(net, &elsewhere, packet, size);
    assert_int_equal(counters_read(&net->counters, COUNTER_UPDATE), 0);
    net_inject(net, &bob->address, packet, size);
    assert_int_equal(counters_read(&net->counters, COUNTER_UPDATE), 1);
    assert_true(cookie_make(&net->node.cookies, &next, net->context.second, &cookie));
    size = client_move(bob, &cookie, packet);
    net_inject(net, &elsewhere, packet, size);
    assert_int_equal(net_totals(net).moved, 0);
    net_inject(net, &next, packet, size);
    assert_int_equal(net_totals(net).moved, 1);
    assert_int_equal(counters_read(&net->counters, COUNTER_SEALED_OLD), 0);
}

static void test_cookies_that_make_no_state(void **state) {
    struct net *net = *state;
    struct rendezvous_client *eve = net_join(net, "tea", 3);
    net->loss = 100;
    eve->state = CLIENT_IDLE;
    struct address from = eve->address, port = from;
    port.port++;
    struct cookie good;
    memcpy(eve->cookie.bootnode_public, net->node.key.public, sizeof eve->cookie.bootnode_public);
    net_run(net, 300000);
    assert_true(cookie_make(&net->node.cookies, &from, net->context.second, &good));
    uint64_t out = net->bytes_out;
    for (int i = 0; i < 1000; i++) { /* forged */
        eve->cookie.cookie = good;
        randombytes_buf(eve->cookie.cookie.tag, sizeof eve->cookie.cookie.tag);
        inject_register(net, eve, &from);
    }
    eve->cookie.cookie = good; /* of another port, another address */
    inject_register(net, eve, &port);
    port = net_address(200);
    inject_register(net, eve, &port);
    eve->cookie.cookie.time += 5; /* from the future */
    inject_register(net, eve, &from);
    eve->cookie.cookie = good; /* expired */
    net_run(net, 121000);
    inject_register(net, eve, &from);
    assert_int_equal(net->bytes_out, out);
    assert_int_equal(counters_read(&net->counters, COUNTER_COOKIE_BAD), 1004);
    assert_int_equal(counters_read(&net->counters, COUNTER_REGISTER), 0);
    assert_int_equal(net_totals(net).registered, 0);
    /* The same packet with a cookie of today is taken. */
    assert_true(cookie_make(&net->node.cookies, &from, net->context.second, &eve->cookie.cookie));
    inject_register(net, eve, &from);
    assert_int_equal(net_totals(net).registered, 1);
}

/* A handshake for another bootnode's key, and one that was tampered with. */
static void test_handshakes_that_make_no_state(void **state) {
    struct net *net = *state;
    struct rendezvous_client *eve = net_join(net, "tea", 3);
    uint8_t packet[PACKET_MAX];
    net->loss = 100;
    eve->state = CLIENT_IDLE;
    assert_true(cookie_make(&net->node.cookies, &eve->address, net->context.second, &eve->cookie.cookie));
    crypto_scalarmult_base(eve->cookie.bootnode_public, net->node.key.seed);
    inject_register(net, eve, &eve->address);
    memcpy(eve->cookie.bootnode_public, net->node.key.public, sizeof eve->cookie.bootnode_public);
    size_t size = client_register(eve, packet);
    for (size_t i = 4; i < 32 + NOISE_NK_1_OVERHEAD + REGISTER_BODY_MIN; i++) {
        if (i >= 12 && i < 32) continue; /* the cookie */
        packet[i] ^= 1;
        net_inject(net, &eve->address, packet, size);
        packet[i] ^= 1;
    }
    assert_int_equal(net_totals(net).registered, 0);
    net_inject(net, &eve->address, packet, size);
    assert_int_equal(net_totals(net).registered, 1);
}

static void no_larger_answer(struct net *net, const struct address *from, const uint8_t *packet, size_t size) {
    uint64_t out = net->bytes_out;
    net_inject(net, from, packet, size);
    if (net->bytes_out - out > size)
        fail_msg("type %02x: %zu bytes in, %llu out", packet[0], size, (unsigned long long)(net->bytes_out - out));
}

/* Every type at every length, with ids of sessions that live and that do not, from an address that proved nothing. */
static void test_no_amplification(void **state) {
    struct net *net = *state;
    for (uint32_t i = 1; i <= 20; i++) net_join(net, "tea", i);
    settle(net);
    struct address from = net_address(200);
    for (int type = 0x80; type < 0x100; type++) {
        for (size_t size = 1; size <= PACKET_MAX; size++) {
            uint8_t packet[PACKET_MAX] = {(uint8_t)type};
            no_larger_answer(net, &from, packet, size);
            if (size < 12) continue;
            packet[1] = type == MESSAGE_HELLO || type == MESSAGE_REGISTER;
            struct writer id = writer_over(packet + SESSION_ID_OFFSET, 8);
            write_u64(&id, net->clients[size % 20].session.session_id);
            no_larger_answer(net, &from, packet, size);
            packet[SESSION_ID_OFFSET] ^= 1;
            no_larger_answer(net, &from, packet, size);
            randombytes_buf(packet + 1, size - 1);
            no_larger_answer(net, &from, packet, size);
        }
    }
}

/* The socket gives up to 2,048 bytes; a HELLO may be long, but not as long as that. */
static void test_oversized_packets_are_dropped(void **state) {
    struct net *net = *state;
    static uint8_t packet[UDP_RECEIVE_MAX];
    struct address from = net_address(200);
    for (int type = 0; type < 0x100; type++) {
        packet[0] = (uint8_t)type;
        packet[1] = 1;
        for (size_t size = PACKET_MAX + 1; size <= sizeof packet; size++) net_inject(net, &from, packet, size);
    }
    assert_int_equal(net->bytes_out, 0);
    assert_int_equal(counters_read(&net->counters, COUNTER_OVERSIZE), 0x100 * (sizeof packet - PACKET_MAX));
    packet[0] = MESSAGE_HELLO;
    net_inject(net, &from, packet, PACKET_MAX);
    assert_int_equal(net->bytes_out, COOKIE_MESSAGE_SIZE);
}

/* Also with a full room to tell about, and with what the room's limit makes of it. */
static void test_welcome_is_not_larger_than_register(void **state) {
    struct net *net = *state;
    struct spy spy;
    watch(net, &spy, MESSAGE_WELCOME);
    for (uint32_t i = 1; i <= 30; i++) net_join(net, "tea", i);
    settle(net);
    net_join(net, "tea", 31);
    settle(net);
    assert_true(spy.kept.size > 500);
    assert_true(spy.kept.size <= REGISTER_SIZE);
}

static void test_reset_is_for_this_node_only(void **state) {
    struct net *net = *state;
    struct address from = net_address(200);
    uint8_t packet[PACKET_MAX] = {MESSAGE_HEARTBEAT};
    packet[4] = 1;
    packet[15] = 1;
    packet[10] = 1; /* another node */
    net_inject(net, &from, packet, BEAT_SIZE);
    assert_int_equal(net->bytes_out, 0);
    packet[10] = 0;
    net_inject(net, &from, packet, BEAT_SIZE);
    assert_int_equal(net->bytes_out, RESET_SIZE);
}

static void test_addresses_that_no_client_has(void **state) {
    struct net *net = *state;
    static const char *const texts[] = {"0.0.0.0:1",   "255.255.255.255:1", "224.0.0.1:1", "[::]:1",
                                        "[ff02::1]:1", "192.0.2.1:0",       "0.1.2.3:7",   "[::ffff:0.0.0.0]:9"};
    struct rendezvous_client eve;
    uint8_t hello[PACKET_MAX];
    static const uint8_t stun[20] = {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1};
    struct address from = net_address(1);
    client_init(&eve, "tea", 1, &from);
    size_t size = client_hello(&eve, hello);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_true(address_parse(texts[i], 0, &from));
        net_inject(net, &from, hello, size);
        net_inject(net, &from, stun, sizeof stun);
    }
    assert_int_equal(net->bytes_out, 0);
    from = net_address(1);
    net_inject(net, &from, hello, size);
    assert_int_equal(net->bytes_out, COOKIE_MESSAGE_SIZE);
}

static void test_stun_answer_is_short(void **state) {
    struct net *net = *state;
    static const uint8_t stun[20] = {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1};
    struct address from = net_address(1);
    net_inject(net, &from, stun, sizeof stun);
    assert_int_equal(net->bytes_out, 20 + 12);
    assert_true(address_parse("[2001:db8::1]:4000", 0, &from));
    net_inject(net, &from, stun, sizeof stun);
    assert_int_equal(net->bytes_out, 20 + 12 + 20 + 24);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, net_setup, net_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_replayed_register),
        TEST(test_the_first_beat_cannot_be_outrun),
        TEST(test_beat_with_a_forged_source),
        TEST(test_an_address_left_behind_gets_nothing),
        TEST(test_an_address_left_in_a_quiet_room),
        TEST(test_replayed_beats_are_no_life),
        TEST(test_beats_that_are_outrun),
        TEST(test_forged_packets_do_nothing),
        TEST(test_replayed_sealed_packets),
        TEST(test_move_needs_the_cookie_of_its_source),
        TEST(test_sealed_packets_that_are_outrun),
        TEST(test_cookies_that_make_no_state),
        TEST(test_handshakes_that_make_no_state),
        TEST(test_no_amplification),
        TEST(test_oversized_packets_are_dropped),
        TEST(test_welcome_is_not_larger_than_register),
        TEST(test_reset_is_for_this_node_only),
        TEST(test_addresses_that_no_client_has),
        TEST(test_stun_answer_is_short),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("rendezvous_attacks", tests, NULL, NULL);
}

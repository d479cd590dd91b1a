/* Who registered at an address and went away, or forges it as the source of its beats: how much is sent there? What its
 * beats cost, and once what one echo pays for (PROTOCOL.md §2.3 rules 4, 5, 8). And whoever hears is never taken for
 * such a one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "bootnode/table/shard_join.h"
#include "bootnode/table/shard_members.h"
#include "tests/scenario/support/rendezvous_net.h"

#define BEAT_EVERY_MS 200
#define HAUNTED_MS 12000

static const struct address first_local = {.ip = {[10] = 0xff, 0xff, 198, 18, 0, 1}, .port = 9595},
                            second_local = {.ip = {[10] = 0xff, 0xff, 198, 18, 0, 2}, .port = 9595};

/* What it says it has. */
enum claim { NOTHING, WHAT_IT_HAD, ANOTHER_EPOCH, THE_FUTURE, CLAIMS };
/* Where its beats seem to come from, and go to. */
enum way { ITS_OWN, ANOTHER_PORT, ANOTHER_HOST, ANOTHER_BOOTNODE_ADDRESS, WAYS };

struct ghost {
    struct net *net;
    struct rendezvous_client as; /* as it was when it left: it hears nothing any more */
    uint64_t spent, bytes, packets;
};

static bool count(struct net *net, const struct flying *packet) {
    struct ghost *ghost = net->watching;
    bool there = !packet->to_server && address_same_ip(&packet->peer, &ghost->as.address);
    if (there) ghost->bytes += packet->size;
    ghost->packets += there;
    return true;
}

static struct shard *shard_of(const struct ghost *ghost) {
    return node_shard_of(&ghost->net->node, ghost->as.session.session_id);
}

/* Past the public-key work, in the ghost's room. It changes now and then. */
static uint64_t add_member(const struct ghost *ghost, uint32_t number) {
    struct register_body body = {.suite_mask = SUITE_CHACHA20_POLY1305, .revision = 1, .candidates = {.count = 2}};
    struct address at = {.ip = {[10] = 0xff, 0xff, 198, 51, (uint8_t)(100 + number / 200), (uint8_t)(1 + number % 200)},
                         .port = 4000};
    body.candidates.items[0] = body.candidates.items[1] = at;
    body.candidates.items[0].port = 5000, body.candidates.items[1].port = 6000;
    struct registration registration = {.body = &body, .attempt = number + 1, .address = at};
    struct registered registered;
    enum refusal refusal;
    uint8_t members[PACKET_MAX];
    struct writer writer = writer_over(members, sizeof members);
    memcpy(body.room_tag, ghost->as.identity.room_tag, ROOM_TAG_SIZE);
    randombytes_buf(body.member_id, sizeof body.member_id);
    uint64_t now = ghost->net->context.now;
    assert_int_equal(shard_register(shard_of(ghost), &registration, now, &registered, &writer), REGISTERED);
    assert_int_equal(shard_confirm(shard_of(ghost), registered.session_id, now, &refusal), REGISTERED);
    return registered.session_id;
}

static void leave_behind(struct ghost *ghost, struct net *net, uint32_t members) {
    *ghost = (struct ghost){.net = net};
    net->local = first_local;
    struct rendezvous_client *eve = net_join(net, "tea", 200);
    assert_true(net_run_until(net, net_agreed, 2000));
    ghost->as = *eve;
    for (uint32_t i = 1; i < members; i++) (void)add_member(ghost, i);
    net_run(net, 1000);
    ghost->as = *eve;
    eve->state = CLIENT_LEFT;
    net->watch = count;
    net->watching = ghost;
}

static void claim(struct ghost *ghost, enum claim claim) {
    struct room_version *version = &ghost->as.view.list.version;
    switch (claim) {
    case NOTHING: *version = (struct room_version){0}; break;
    case ANOTHER_EPOCH: version->epoch++; break;
    case THE_FUTURE: version->count += 1000; break;
    default: break;
    }
}

static void inject(struct ghost *ghost, enum way way, const uint8_t *packet, size_t size) {
    struct address from = ghost->as.address;
    if (way == ANOTHER_PORT) from.port++;
    if (way == ANOTHER_HOST) from = net_address(201);
    if (way == ANOTHER_BOOTNODE_ADDRESS) ghost->net->local = second_local;
    net_inject(ghost->net, &from, packet, size);
    ghost->net->local = first_local;
    ghost->spent += size;
}

static void send_beat(struct ghost *ghost, enum way way, bool ask) {
    uint8_t packet[PACKET_MAX];
    inject(ghost, way, packet, client_beat(&ghost->as, ask, packet));
}

static size_t list_size(const struct ghost *ghost) {
    const struct room *room = net_room(ghost->net, &ghost->as);
    return (room ? room->member_count : 0U) * (1 + MEMBER_RECORD_MAX) + CHANGES_REPEATED_MAX;
}

static void haunt(struct net *net, uint32_t members, enum claim has, enum way way, bool ask) {
    struct ghost ghost;
    leave_behind(&ghost, net, members);
    claim(&ghost, has);
    size_t most = list_size(&ghost);
    if (most < SESSION_UNECHOED_MAX) most = SESSION_UNECHOED_MAX;
    if (way != ITS_OWN) most = 0;
    for (unsigned ms = 0; ms < HAUNTED_MS; ms += BEAT_EVERY_MS) {
        if (ms % 1000 == 0) (void)add_member(&ghost, 1000 + ms / 1000);
        send_beat(&ghost, way, ask);
        net_run(net, BEAT_EVERY_MS);
        if (ghost.bytes > ghost.spent + most)
            fail_msg("%u members, claim %d, way %d, asks %d: %u bytes there, %u spent after %u ms", members, has, way,
                     ask, (unsigned)ghost.bytes, (unsigned)ghost.spent, ms);
    }
    /* What one echo pays for was sent by then. */
    uint64_t bytes = ghost.bytes, spent = ghost.spent;
    for (unsigned i = 0; i < 100; i++) {
        send_beat(&ghost, way, ask);
        net_run(net, 50);
    }
    assert_true(ghost.bytes - bytes <= ghost.spent - spent);
    assert_int_equal(net_totals(net).expired > 0, true);
    assert_null(node_find_session(&net->node, ghost.as.session.session_id));
}

static void rooms_of(void **state, uint32_t members) {
    struct net *net = *state;
    for (enum way way = 0; way < WAYS; way++) {
        for (enum claim has = 0; has < CLAIMS; has++) {
            for (int ask = 0; ask < 2; ask++) {
                haunt(net, members, has, way, ask);
                net->watch = NULL;
                net_forget_clients(net);
                net_restart(net, true);
            }
        }
    }
}

static void test_beats_in_a_room_of_two(void **state) {
    rooms_of(state, 2);
}
static void test_beats_in_a_room_of_30(void **state) {
    rooms_of(state, 30);
}
static void test_beats_in_a_room_of_110(void **state) {
    rooms_of(state, 110);
}

/* It does nothing, and the room changes ten times a second. */
static void test_silence_in_a_busy_room(void **state) {
    struct net *net = *state;
    struct ghost ghost;
    leave_behind(&ghost, net, 30);
    uint64_t other = add_member(&ghost, 500);
    for (uint32_t i = 2; i < 200; i++) {
        struct session *session = node_find_session(&net->node, other);
        if (session) atomic_store(&session->heard_ms, (uint32_t)net->context.now);
        if (session) session_sign(session, SESSION_ECHOED, 0);
        const struct update_body update = {.revision = i};
        if (session) (void)shard_update(shard_of(&ghost), other, &update, net->context.now);
        net_run(net, 100);
    }
    assert_true(ghost.packets > 0);
    assert_true(ghost.bytes <= SESSION_UNECHOED_MAX + list_size(&ghost));
}

/* New candidates are announced while it hears, and a few times after; from elsewhere never. */
static void flood_updates(struct net *net, enum way way, bool beats, unsigned most) {
    struct ghost ghost;
    leave_behind(&ghost, net, 30);
    uint64_t before = counters_read(&net->counters, COUNTER_UPDATE);
    for (uint16_t i = 0; i < 100; i++) {
        uint8_t packet[PACKET_MAX];
        struct candidate_list named = {.count = 1, .items = {ghost.as.address}};
        named.items[0].port = (uint16_t)(1000 + i);
        inject(&ghost, way, packet, client_update(&ghost.as, &named, packet));
        if (beats && i % 10 == 0) send_beat(&ghost, way, false);
        net_run(net, 150);
    }
    assert_in_range(counters_read(&net->counters, COUNTER_UPDATE) - before, 0, most);
}

static void test_updates_of_who_does_not_hear(void **state) {
    struct net *net = *state;
    for (enum way way = 0; way < WAYS; way++) {
        for (int beats = 0; beats < 2; beats++) {
            flood_updates(net, way, beats, way == ITS_OWN ? 4 : 0);
            net->watch = NULL;
            net_forget_clients(net);
            net_restart(net, true);
        }
    }
}

/* Neither is it told of others, nor others of it. */
static void test_introductions_of_who_does_not_hear(void **state) {
    struct net *net = *state;
    struct ghost ghost;
    struct rendezvous_client *ada = net_join(net, "tea", 1);
    leave_behind(&ghost, net, 10);
    uint8_t packet[PACKET_MAX];
    for (int i = 0; i < 200; i++) {
        inject(&ghost, ITS_OWN, packet,
               client_seal(&ghost.as, MESSAGE_INTRODUCE, ada->identity.member_id, MEMBER_ID_SIZE, packet));
        if (i % 20 == 10) send_beat(&ghost, i % 40 == 10 ? ITS_OWN : ANOTHER_HOST, false);
        net_run(net, 50);
    }
    assert_in_range(ada->introductions, 1, 2 * SESSION_UNECHOED_MAX / SESSION_UNECHOED_LEAST);
    unsigned introductions = ada->introductions;
    net_inject(net, &ada->address, packet,
               client_seal(ada, MESSAGE_INTRODUCE, ghost.as.identity.member_id, MEMBER_ID_SIZE, packet));
    net_run(net, 100);
    assert_int_equal(ada->introductions, introductions);
    assert_true(ghost.bytes <= ghost.spent + 2 * SESSION_UNECHOED_MAX);
}

/* A crowd that asks for a member all the time leaves it its UPDATE, though none of its beats comes in between. */
static void test_introductions_leave_an_update(void **state) {
    struct net *net = *state;
    struct rendezvous_client *eve = net_join(net, "tea", 1), *ada = net_join(net, "tea", 2);
    uint8_t packet[PACKET_MAX];
    assert_true(net_run_until(net, net_agreed, 2000));
    net_run(net, 1000);
    for (int i = 0; i < 100; i++)
        net_inject(net, &eve->address, packet,
                   client_seal(eve, MESSAGE_INTRODUCE, ada->identity.member_id, MEMBER_ID_SIZE, packet));
    struct candidate_list candidates = {.items = {ada->address}, .count = 1};
    candidates.items[0].port++;
    net_inject(net, &ada->address, packet, client_update(ada, &candidates, packet));
    net_run(net, 1000);
    const struct member_record *record = room_view_find(&eve->view, ada->identity.member_id);
    assert_non_null(record);
    assert_int_equal(record->candidates.count, 2);
}

/* Who guesses finds one in 65,536. */
static void test_tokens_are_not_foretold(void **state) {
    struct net *net = *state;
    struct ghost ghost;
    leave_behind(&ghost, net, 2);
    for (unsigned i = 0; i < 2000; i++) {
        ghost.as.session.token = (uint16_t)(ghost.as.session.token + 1);
        send_beat(&ghost, ITS_OWN, false);
    }
    net_run(net, 100);
    assert_true(counters_read(&net->counters, COUNTER_HEARTBEAT_UNHEARD) >= 1990);
    assert_true(ghost.bytes <= ghost.spent + SESSION_UNECHOED_MAX);
}

/* Thirty clients, 3 of 10 packets lost each way, for half an hour in all: nobody is taken for a ghost. */
static void test_who_hears_stays(void **state) {
    struct net *net = *state;
    for (uint64_t run = 1; run <= 6; run++) {
        net->random = run;
        net->loss = 30;
        for (uint32_t i = 1; i <= 30; i++) net_join(net, "tea", i);
        net_run(net, 300000);
        assert_int_equal(net_totals(net).sessions, 30);
        assert_int_equal(net_totals(net).expired, 0);
        net_forget_clients(net);
        net_restart(net, true);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_beats_in_a_room_of_two, net_setup, net_teardown),
        cmocka_unit_test_setup_teardown(test_beats_in_a_room_of_30, net_setup, net_teardown),
        cmocka_unit_test_setup_teardown(test_beats_in_a_room_of_110, net_setup, net_teardown),
        cmocka_unit_test_setup_teardown(test_silence_in_a_busy_room, net_setup, net_teardown),
        cmocka_unit_test_setup_teardown(test_updates_of_who_does_not_hear, net_setup, net_teardown),
        cmocka_unit_test_setup_teardown(test_introductions_of_who_does_not_hear, net_setup, net_teardown),
        cmocka_unit_test_setup_teardown(test_introductions_leave_an_update, net_setup, net_teardown),
        cmocka_unit_test_setup_teardown(test_tokens_are_not_foretold, net_setup, net_teardown),
        cmocka_unit_test_setup_teardown(test_who_hears_stays, net_setup, net_teardown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("rendezvous_ghosts", tests, NULL, NULL);
}

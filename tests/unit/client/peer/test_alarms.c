/* Two peers and a network that now lets them meet directly and now does not; chance says what happens to them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/peer/linking.h"
#include "client/peer/paths.h"
#include "client/peer/peer.h"
#include "client/peer/probes.h"
#include "client/peer/rounds.h"
#include "client/peer/talking.h"
#include "common/clock.h"
#include "tests/support/rounds.h"

#define START UINT64_C(1000000)
#define DELAY_MS 20
#define FLYING 4096
#define SPINS_MOST 200 /* ticks in one millisecond */

struct end {
    struct world *world;
    struct outside outside;
    struct peer_host host;
    struct identity identity;
    struct indices indices;
    struct punch_budget budget;
    struct address address;
    uint32_t streams, epochs;
    enum nat_mapping mapping;
    struct peer *peer; /* the other */
    uint16_t sockets;
    unsigned connected, messages, acknowledged;
};

struct flying {
    uint64_t arrives;
    struct end *to;
    struct path from;
    size_t size;
    uint8_t data[PACKET_MAX];
};

struct world {
    struct room_keys keys;
    struct key_sets sets;
    struct end ends[2];
    struct flying flying[FLYING]; /* in the order in which they arrive */
    size_t first, count;
    uint64_t now, chance;
    unsigned sent, loss_percent;
    bool direct, relays;
};

static unsigned draw(struct world *world, unsigned most) {
    world->chance ^= world->chance << 13;
    world->chance ^= world->chance >> 7;
    world->chance ^= world->chance << 17;
    return (unsigned)(world->chance % most);
}

static struct end *other_of(struct end *end) {
    return end == &end->world->ends[0] ? &end->world->ends[1] : &end->world->ends[0];
}

static void on_send(void *context, const struct peer *peer, const struct path *to, const uint8_t *data, size_t size,
                    uint64_t now) {
    struct end *end = context, *other = other_of(end);
    struct world *world = end->world;
    struct path from = *to;
    assert_ptr_equal(peer, end->peer);
    world->sent++;
    if (to->kind == PATH_DIRECT) {
        from = path_direct(&end->address);
        from.address.port = (uint16_t)(end->address.port + to->socket);
        if (!world->direct || !address_same_ip(&to->address, &other->address)) return;
    }
    if (draw(world, 100) < world->loss_percent || world->count == FLYING) return;
    struct flying *flying = &world->flying[(world->first + world->count++) % FLYING];
    *flying = (struct flying){.arrives = now + DELAY_MS, .to = other, .from = from, .size = size};
    memcpy(flying->data, data, size);
}

static size_t on_ways_through(void *context, const struct peer *peer, struct path out[static PEER_RELAYS]) {
    struct end *end = context;
    (void)peer;
    out[0] = path_through_bootnode(0);
    return end->world->relays;
}

static void on_own_candidates(void *context, const struct peer *peer, struct candidate_list *out) {
    struct end *end = context;
    (void)peer;
    *out = (struct candidate_list){.items = {end->address}, .count = 1};
}

static size_t on_usable(void *context, const struct candidate_list *candidates,
                        struct address out[static RECORD_CANDIDATES_MAX]) {
    (void)context;
    memcpy(out, candidates->items, candidates->count * sizeof *out);
    return candidates->count;
}

static size_t on_open_sockets(void *context, size_t count, uint16_t *out) {
    struct end *end = context;
    for (size_t i = 0; i < count; i++) out[i] = (uint16_t)(++end->sockets % 1000 + 1);
    return count;
}

static void on_close_socket(void *context, uint16_t socket) {
    (void)context, (void)socket;
}

static uint64_t on_wall_ms(void *context) {
    (void)context;
    return 1;
}

static bool on_busy(void *context) {
    struct end *end = context;
    return draw(end->world, 50) == 0;
}

static void on_identified(void *context, struct peer *peer, uint64_t now) {
    (void)context, (void)peer, (void)now;
}

static void on_renamed(void *context, struct peer *peer, const char *nick, uint64_t now) {
    (void)context, (void)now;
    talking_set_nick(peer, nick);
}

static void on_connected(void *context, struct peer *peer, uint64_t now) {
    struct end *end = context;
    (void)peer, (void)now;
    end->connected++;
}

static void on_message(void *context, struct peer *peer, const uint8_t *message, size_t size, uint64_t age,
                       uint64_t now) {
    struct end *end = context;
    (void)peer, (void)message, (void)size, (void)age, (void)now;
    end->messages++;
}

static void on_acknowledged(void *context, struct peer *peer, uint64_t tag, uint64_t now) {
    struct end *end = context;
    (void)peer, (void)tag, (void)now;
    end->acknowledged++;
}

static bool on_sated(void *context, const struct peer *peer, uint64_t now) {
    (void)context, (void)peer, (void)now;
    return false;
}

static void on_something(void *context, struct peer *peer, uint64_t now) {
    (void)context, (void)peer, (void)now;
}

static void on_something_else(void *context, struct peer *peer) {
    (void)context, (void)peer;
}

static void record_of(const struct end *end, struct member_record *out) {
    *out = (struct member_record){.suite_mask = SUITE_CHACHA20_POLY1305};
    memcpy(out->id, end->host.own_id, sizeof out->id);
    out->candidates = (struct candidate_list){.items = {end->address}, .count = 1};
}

static void end_init(struct world *world, size_t which) {
    struct end *end = &world->ends[which];
    uint8_t seed[32] = {(uint8_t)(which + 1)};
    end->world = world;
    identity_from_seed(seed, &end->identity);
    budget_init(&end->budget, START);
    end->address = (struct address){.ip = {[10] = 0xff, 0xff, 198, 51, 100, (uint8_t)(which + 1)}, .port = 4000};
    end->outside = (struct outside){.context = end,
                                    .open_sockets = on_open_sockets,
                                    .close_socket = on_close_socket,
                                    .busy = on_busy,
                                    .wall_ms = on_wall_ms};
    end->host = (struct peer_host){.context = end,
                                   .outside = &end->outside,
                                   .room = &world->keys,
                                   .sets = &world->sets,
                                   .identity = &end->identity,
                                   .indices = &end->indices,
                                   .budget = &end->budget,
                                   .own_mask = SUITE_CHACHA20_POLY1305,
                                   .run = which + 1,
                                   .nick = which ? "bert" : "anna",
                                   .streams = &end->streams,
                                   .epochs = &end->epochs,
                                   .reachable = 1,
                                   .relaying_allowed = &world->relays,
                                   .mapping = &end->mapping,
                                   .send = on_send,
                                   .ways_through = on_ways_through,
                                   .own_candidates = on_own_candidates,
                                   .usable = on_usable,
                                   .identified = on_identified,
                                   .renamed = on_renamed,
                                   .connected = on_connected,
                                   .returned = on_something,
                                   .path_changed = on_something_else,
                                   .path_lost = on_something,
                                   .message = on_message,
                                   .acknowledged = on_acknowledged,
                                   .sated = on_sated,
                                   .said_bye = on_something,
                                   .absent = on_something,
                                   .introduce = on_something_else};
    member_id_derive(&world->keys, end->identity.public, end->host.own_id);
}

static struct world *world_create(unsigned seed) {
    struct world *world = calloc(1, sizeof *world);
    struct member_record record;
    assert_non_null(world);
    world->now = START;
    world->chance = 0x9e3779b97f4a7c15 * (seed + 1);
    world->direct = world->relays = true;
    assert_true(room_keys_derive("tea", NULL, 0, &world->keys));
    key_sets_init(&world->sets, &world->keys.set);
    for (size_t i = 0; i < 2; i++) end_init(world, i);
    for (size_t i = 0; i < 2; i++) {
        record_of(&world->ends[1 - i], &record);
        world->ends[i].peer = peer_create(&world->ends[i].host, &record, START);
    }
    return world;
}

static void world_destroy(struct world *world) {
    for (size_t i = 0; i < 2; i++) {
        peer_destroy(world->ends[i].peer);
        assert_true(indices_holds(&world->ends[i].indices));
        assert_int_equal(world->ends[i].budget.probings, 0);
    }
    free(world);
}

static void handle(struct end *to, const struct flying *packet, uint64_t now) {
    struct peer *peer = to->peer;
    struct peer_initiation initiation = {.noise_size = handshake_initiation_noise_size(&to->world->keys)};
    struct peer_answer answer;
    struct peer_cookie_reply reply;
    struct peer_data data;
    switch (packet->data[0]) {
    case PEER_PROBE: peer_receive_probe(peer, &packet->from, now); break;
    case PEER_INITIATION:
        assert_true(peer_initiation_decode(packet->data, packet->size, &initiation));
        peer_receive_initiation(peer, to->world->sets.list, packet->data, &initiation, &packet->from, now);
        break;
    case PEER_RESPONSE:
        assert_true(peer_response_decode(packet->data, packet->size, &answer));
        peer_receive_response(peer, &answer, &packet->from, now);
        break;
    case PEER_CONFIRMATION:
        assert_true(peer_confirmation_decode(packet->data, packet->size, &answer));
        peer_receive_confirmation(peer, &answer, &packet->from, now);
        break;
    case PEER_COOKIE_REPLY:
        assert_true(peer_cookie_reply_decode(packet->data, packet->size, &reply));
        peer_receive_cookie_reply(peer, &reply, &packet->from, now);
        break;
    default:
        assert_true(peer_data_decode(packet->data, packet->size, &data));
        if (indices_find(&to->indices, data.receiver_index) == peer)
            peer_receive_data(peer, packet->data, &data, &packet->from, now);
    }
}

static void arrive(struct world *world) {
    while (world->count > 0 && world->flying[world->first].arrives <= world->now) {
        static struct flying packet;
        packet = world->flying[world->first];
        world->first = (world->first + 1) % FLYING;
        world->count--;
        handle(packet.to, &packet, world->now);
        assert_true(peer_holds(packet.to->peer, world->now));
    }
}

static void say(struct end *end, size_t size, uint64_t now) {
    static const uint8_t text[60000];
    struct blob *blob = blob_create(text, size);
    assert_non_null(blob);
    assert_true(peer_queue(end->peer, blob, 1, now));
    blob_drop(blob);
}

static void happen(struct world *world) {
    struct end *end = &world->ends[draw(world, 2)];
    struct peer *peer = end->peer;
    struct member_record record;
    uint64_t now = world->now;
    record_of(other_of(end), &record);
    switch (draw(world, 14)) {
    case 0: world->direct = !world->direct; break;
    case 1: world->relays = draw(world, 4) > 0; break;
    case 2: world->loss_percent = draw(world, 3) * 15; break;
    case 3: end->mapping = (enum nat_mapping)draw(world, 3); break;
    case 4:
    case 5: peer_listed(peer, 0, &record, record.candidates.items, 1, now); break;
    case 6: peer_delisted(peer, 0, draw(world, 2), now); break;
    case 7: peer_introduced(peer, 0, record.candidates.items, 1, now); break;
    case 8: peer_retry(peer, now); break;
    case 9: peer_network_changed(peer, now); break;
    case 10: peer_resumed(peer, draw(world, 100), now); break;
    case 11:
        if (draw(world, 10) == 0) peer_drop_queue(peer, now);
        if (draw(world, 30) == 0) peer_say_bye(peer, now);
        if (draw(world, 10) == 0) peer_dismiss(peer, now);
        if (draw(world, 3) == 0) peer_call_back(peer, now);
        break;
    default: say(end, draw(world, 4) ? 40 : 50000, now);
    }
    assert_true(peer_holds(peer, now));
}

static void list_each_other(struct world *world) {
    struct member_record record;
    for (size_t i = 0; i < 2; i++) {
        record_of(&world->ends[1 - i], &record);
        peer_listed(world->ends[i].peer, 0, &record, record.candidates.items, 1, world->now);
    }
}

/* All parts, whether they have something to do or not. */
static void tick_parts(struct peer *peer, uint64_t now) {
    assert_false(linking_tick(peer, now));
    rounds_tick(peer, now);
    paths_tick(peer, now);
    probes_tick(peer, now);
    talking_tick(peer, now);
}

static void before_it_is_due_a_tick_does_nothing(struct end *end, uint64_t now) {
    static struct peer before;
    unsigned sent = end->world->sent;
    if (peer_ready(end->peer) <= now) return;
    before = *end->peer;
    tick_parts(end->peer, now);
    /* NOLINTNEXTLINE(bugprone-suspicious-memory-comparison,cert-exp42-c,cert-flp37-c): a copy, padding and all */
    if (memcmp(&before, end->peer, sizeof before) != 0) assert_memory_equal(&before, end->peer, sizeof before);
    assert_int_equal(end->world->sent, sent);
}

static void tick(struct end *end, uint64_t now) {
    unsigned spins = 0;
    assert_true(peer_holds(end->peer, now));
    before_it_is_due_a_tick_does_nothing(end, now);
    for (; peer_due(end->peer) <= now && !end->peer->absent; spins++) {
        assert_in_range(spins, 0, SPINS_MOST);
        peer_tick(end->peer, now);
        assert_true(peer_holds(end->peer, now));
    }
    if (end->peer->absent) peer_tick(end->peer, now); /* it may be told of again and again */
}

static void pass(struct world *world, uint64_t ms, unsigned seldom) {
    for (uint64_t until = world->now + ms; world->now < until; world->now++) {
        arrive(world);
        if (seldom && draw(world, seldom) == 0) happen(world);
        for (size_t i = 0; i < 2; i++) tick(&world->ends[i], world->now);
    }
}

static uint64_t next_event(const struct world *world) {
    uint64_t next = world->count > 0 ? world->flying[world->first].arrives : NEVER;
    for (size_t i = 0; i < 2; i++) next = earlier(next, peer_due(world->ends[i].peer));
    return next > world->now ? next : world->now + 1;
}

/* As pass, but from one event to the next: and nothing is due a moment before. */
static void jump(struct world *world, uint64_t ms) {
    for (uint64_t until = world->now + ms; world->now < until; world->now = earlier(next_event(world), until)) {
        for (size_t i = 0; i < 2; i++) before_it_is_due_a_tick_does_nothing(&world->ends[i], world->now - 1);
        arrive(world);
        for (size_t i = 0; i < 2; i++) tick(&world->ends[i], world->now);
    }
}

static void ticks_and_alarms_agree(void **state) {
    const unsigned seeds = rounds_of(8);
    unsigned connected = 0, messages = 0;
    (void)state;
    for (unsigned seed = 0; seed < seeds; seed++) {
        struct world *world = world_create(seed);
        list_each_other(world);
        pass(world, 3000, 0);
        pass(world, 15000, 20 << seed % 6);
        list_each_other(world); /* or they would be told to be absent all the time */
        jump(world, 400000);
        for (size_t i = 0; i < 2; i++) connected += world->ends[i].connected, messages += world->ends[i].messages;
        world_destroy(world);
    }
    assert_true(connected >= 2 * seeds);
    assert_true(messages >= 25 * seeds);
}

static void rounds_in_vain_end(void **state) {
    struct world *world = world_create(1);
    (void)state;
    world->direct = world->relays = false;
    list_each_other(world);
    pass(world, 20000, 0);
    for (size_t i = 0; i < 2; i++) assert_int_equal(world->ends[i].peer->rounds, 4);
    world->relays = true;
    pass(world, 30000, 0);
    for (size_t i = 0; i < 2; i++) assert_int_equal(world->ends[i].connected, 1);
    world_destroy(world);
}

static struct peer *meet_somebody(struct end *end, uint8_t id, uint64_t now) {
    struct member_record record;
    record_of(other_of(end), &record);
    memset(record.id, 0xff, sizeof record.id); /* the higher id: they respond */
    record.id[0] = id;
    struct peer *peer = peer_create(&end->host, &record, now);
    peer_listed(peer, 0, &record, record.candidates.items, 1, now);
    return peer;
}

/* Its handshake is bound to suites that count no more: until it has another one there is nothing to send. */
static void who_begins_anew_is_behind_those_that_wait(void **state) {
    struct world *world = world_create(3);
    struct end *end = &world->ends[world->ends[0].peer->pair.initiator ? 0 : 1];
    const struct rush *rush = &end->budget.rush;
    struct peer *others[RUSH_HANDSHAKES];
    struct member_record record;
    (void)state;
    world->direct = world->relays = false;
    record_of(other_of(end), &record);
    peer_listed(end->peer, 0, &record, record.candidates.items, 1, world->now);
    for (size_t i = 0; i < RUSH_HANDSHAKES; i++) {
        others[i] = meet_somebody(end, (uint8_t)(0xff - i), world->now);
        assert_true(others[i]->pair.initiator);
    }
    assert_int_equal(others[RUSH_HANDSHAKES - 1]->place.state, RUSH_WAITS);
    record.suite_mask |= SUITE_AES256_GCM;
    peer_listed(end->peer, 0, &record, record.candidates.items, 1, world->now);
    assert_int_equal(end->peer->place.state, RUSH_WAITS);
    assert_int_equal(others[RUSH_HANDSHAKES - 1]->place.state, RUSH_TAKEN);
    assert_int_equal(rush->taken, RUSH_HANDSHAKES);
    unsigned sent = world->sent;
    pass(world, 1000, 0);
    assert_int_equal(world->sent, sent);
    peer_destroy(others[0]);
    pass(world, 10, 0);
    assert_int_equal(end->peer->place.state, RUSH_TAKEN);
    assert_true(world->sent > sent);
    for (size_t i = 1; i < RUSH_HANDSHAKES; i++) peer_destroy(others[i]);
    world_destroy(world);
}

/* With nothing to say, two who are linked wake for signs of life, for new keys and for the end of old ones. */
static void a_quiet_pair_seldom_wakes(void **state) {
    struct world *world = world_create(0);
    unsigned ticks = 0;
    (void)state;
    list_each_other(world);
    pass(world, 5000, 0);
    assert_int_equal(world->ends[0].connected + world->ends[1].connected, 2);
    for (uint64_t until = world->now + 100000; world->now < until; world->now = next_event(world)) {
        arrive(world);
        for (size_t i = 0; i < 2; i++) {
            ticks += peer_due(world->ends[i].peer) <= world->now;
            tick(&world->ends[i], world->now);
        }
    }
    assert_in_range(ticks, 100000 / 12000, 4 * 100000 / 12000);
    world_destroy(world);
}

static void everything_arrives_in_the_end(void **state) {
    struct world *world = world_create(7);
    (void)state;
    world->loss_percent = 20;
    list_each_other(world);
    for (unsigned i = 0; i < 20; i++) say(&world->ends[i % 2], 3000, world->now);
    pass(world, 30000, 0);
    for (size_t i = 0; i < 2; i++) assert_int_equal(world->ends[i].acknowledged, 10);
    for (size_t i = 0; i < 2; i++) assert_true(world->ends[i].messages >= 10);
    world_destroy(world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ticks_and_alarms_agree),
        cmocka_unit_test(rounds_in_vain_end),
        cmocka_unit_test(who_begins_anew_is_behind_those_that_wait),
        cmocka_unit_test(a_quiet_pair_seldom_wakes),
        cmocka_unit_test(everything_arrives_in_the_end),
    };
    if (sodium_init() < 0) return 1;
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("alarms", tests, NULL, NULL);
}

/* Through whom a peer may be reached, and what a member may have passed on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/room/routes.h"
#include "tests/support/room_parts.h"

#define NOW 1000

struct fixture {
    struct room_parts parts;
    const struct routes *routes;
    struct member *anna, *bert, *carl;
};

static int setup(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    struct room_parts *parts = &fixture->parts;
    room_parts_init(parts, NOW);
    fixture->routes = &parts->room.routes;
    fixture->anna = room_parts_member(parts, &parts->anna, "anna");
    fixture->bert = room_parts_member(parts, &parts->bert, "bert");
    fixture->carl = room_parts_member(parts, &parts->carl, "carl");
    for (size_t i = 0; i < parts->room.members.count; i++) parts->room.members.list[i]->peer->listed = 1;
    for (size_t i = 0; i < parts->room.members.count; i++) proof_begin(&parts->room.members.list[i]->peer->proof, true);
    fixture->anna->peer->rtt_us = 3000;
    fixture->bert->peer->rtt_us = 1000;
    fixture->carl->peer->rtt_us = 2000;
    *state = fixture;
    return 0;
}

static int teardown(void **state) {
    struct fixture *fixture = *state;
    room_parts_clear(&fixture->parts);
    free(fixture);
    return 0;
}

static bool leads_through(const struct path *path, const struct member *member) {
    return path->kind == PATH_MEMBER && memcmp(path->member, member->peer->pair.other_id, MEMBER_ID_SIZE) == 0;
}

/* Nor does who did not prove where it is: what is passed on goes there. */
static void who_is_not_proven_relays_nothing(void **state) {
    struct fixture *fixture = *state;
    struct path ways[PEER_RELAYS];
    proof_lapse(&fixture->bert->peer->proof);
    assert_int_equal(routes_ways_through(fixture->routes, fixture->anna->peer, ways), 1);
    assert_true(leads_through(&ways[0], fixture->carl));
}

static void the_nearest_may_relay_first(void **state) {
    struct fixture *fixture = *state;
    struct path ways[PEER_RELAYS];
    fixture->anna->peer->has_path = false;
    assert_int_equal(routes_ways_through(fixture->routes, fixture->anna->peer, ways), 2);
    assert_true(leads_through(&ways[0], fixture->bert));
    assert_true(leads_through(&ways[1], fixture->carl));
}

/* Who is reached through others, does not answer, or is listed by nobody relays nothing. */
static void who_cannot_relay_is_not_asked(void **state) {
    struct fixture *fixture = *state;
    struct path ways[PEER_RELAYS];
    fixture->bert->peer->path.kind = PATH_BOOTNODE;
    assert_int_equal(routes_ways_through(fixture->routes, fixture->anna->peer, ways), 1);
    assert_true(leads_through(&ways[0], fixture->carl));
    fixture->carl->peer->listed = 0;
    assert_int_equal(routes_ways_through(fixture->routes, fixture->anna->peer, ways), 0);
    fixture->carl->peer->listed = 1;
    fixture->carl->peer->demoted = true;
    assert_int_equal(routes_ways_through(fixture->routes, fixture->anna->peer, ways), 0);
    fixture->carl->peer->demoted = false;
    fixture->parts.host.relays = false;
    assert_int_equal(routes_ways_through(fixture->routes, fixture->anna->peer, ways), 0);
}

/* How much less Anna may have passed on after this, in thousandths of a packet. */
static uint64_t price(struct fixture *fixture, const struct member *to, size_t size, uint64_t now) {
    static const uint8_t packet[PEER_PROBE_SIZE] = {PEER_PROBE};
    struct frame_relay relay = {.packet = packet, .size = size};
    memcpy(relay.member, to->peer->pair.other_id, MEMBER_ID_SIZE);
    uint64_t before = fixture->anna->relaying.packets.tokens;
    routes_pass_on(fixture->routes, fixture->anna, &relay, now);
    return before - fixture->anna->relaying.packets.tokens;
}

/* A hundred packets a second, or 128 KiB: whichever is less. */
static void each_sender_has_its_share(void **state) {
    struct fixture *fixture = *state;
    price(fixture, fixture->bert, 100, NOW); /* fills it */
    for (unsigned i = 1; i < 100; i++) assert_int_equal(price(fixture, fixture->bert, 100, NOW), 1000);
    assert_int_equal(price(fixture, fixture->bert, 100, NOW), 0);
    routes_pass_on(fixture->routes, fixture->anna, &(struct frame_relay){.size = 1}, NOW + 500); /* to nobody */
    assert_int_equal(fixture->anna->relaying.packets.tokens, 0);
    price(fixture, fixture->bert, 1200, NOW + 1000);
    assert_int_equal(fixture->anna->relaying.packets.tokens, 99000);
    assert_int_equal(fixture->bert->relaying.packets.tokens, 0); /* a share of its own, not looked at yet */
    unsigned passed = 1;
    while (price(fixture, fixture->carl, 2000, NOW + 1000) > 0) passed++;
    assert_int_equal(passed, 1 + (128 * 1024 - 1200) / 2000);
}

static void nothing_is_passed_on_to_oneself_or_over_two_turns(void **state) {
    struct fixture *fixture = *state;
    assert_int_equal(price(fixture, fixture->anna, 100, NOW), 0);
    fixture->bert->peer->path.kind = PATH_MEMBER;
    price(fixture, fixture->bert, 100, NOW);
    assert_int_equal(fixture->anna->relaying.packets.filled, 0); /* not even counted */
    fixture->anna->peer->path.kind = PATH_MEMBER;
    price(fixture, fixture->carl, 100, NOW);
    assert_int_equal(fixture->anna->relaying.packets.filled, 0);
}

/* A PROBE of that member, which `through` says it relays: did it count? */
static bool counts(struct fixture *fixture, struct member *through, struct member *from) {
    struct peer_host *host = &fixture->parts.room.peer_host;
    struct peer_probe probe;
    uint8_t packet[PEER_PROBE_SIZE];
    pair_tag_derive(host->room->set.mac_key, from->peer->pair.other_id, from->peer->pair.own_id, probe.pair_tag);
    struct frame_relay relay = {.packet = packet, .size = peer_probe_encode(&probe, packet, sizeof packet)};
    peer_mac_write(host->room->set.mac_key, packet, relay.size);
    memcpy(relay.member, from->peer->pair.other_id, MEMBER_ID_SIZE);
    from->peer->pair.initiator = true;
    host->came_through(host->context, through->peer, &relay, NOW);
    return from->peer->punch.active;
}

/* It would change a peer in the midst of a packet of its. */
static void nobody_relays_its_own(void **state) {
    struct fixture *fixture = *state;
    assert_false(counts(fixture, fixture->anna, fixture->anna));
    assert_true(counts(fixture, fixture->bert, fixture->anna));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_nearest_may_relay_first),
        TEST(who_cannot_relay_is_not_asked),
        TEST(who_is_not_proven_relays_nothing),
        TEST(each_sender_has_its_share),
        TEST(nothing_is_passed_on_to_oneself_or_over_two_turns),
        TEST(nobody_relays_its_own),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("routes", tests, NULL, NULL);
}

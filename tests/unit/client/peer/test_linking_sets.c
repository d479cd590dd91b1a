/* Under which of the room's key sets peers are met. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/peer/linking.h"
#include "client/peer/peer.h"

#define NOW UINT64_C(1000000)

struct fixture {
    struct room_keys keys;
    struct key_sets sets;
    struct identity identity;
    struct indices indices;
    struct punch_budget budget;
    uint32_t streams, epochs;
    struct peer_host host;
    struct peer *peer;
};

static void on_send(void *context, const struct peer *peer, const struct path *to, const uint8_t *data, size_t size,
                    uint64_t now) {
    (void)context, (void)peer, (void)to, (void)data, (void)size, (void)now;
}

static size_t on_ways_through(void *context, const struct peer *peer, struct path out[static PEER_RELAYS]) {
    (void)context, (void)peer, (void)out;
    return 0;
}

static void on_introduce(void *context, struct peer *peer) {
    (void)context, (void)peer;
}

/* We are the initiator. */
static int setup(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    const uint8_t root[PRIVATE_ROOT_SIZE] = {1}, seed[32] = {2};
    identity_from_seed(seed, &fixture->identity);
    assert_true(private_keys_derive("tea", root, &fixture->keys));
    key_sets_init(&fixture->sets, &fixture->keys.set);
    budget_init(&fixture->budget, NOW);
    fixture->host = (struct peer_host){.context = fixture,
                                       .room = &fixture->keys,
                                       .sets = &fixture->sets,
                                       .identity = &fixture->identity,
                                       .indices = &fixture->indices,
                                       .budget = &fixture->budget,
                                       .own_mask = SUITE_CHACHA20_POLY1305,
                                       .streams = &fixture->streams,
                                       .epochs = &fixture->epochs,
                                       .send = on_send,
                                       .ways_through = on_ways_through,
                                       .introduce = on_introduce};
    struct member_record record = {.suite_mask = SUITE_CHACHA20_POLY1305};
    memset(record.id, 0xff, sizeof record.id);
    fixture->peer = peer_create(&fixture->host, &record, NOW);
    assert_true(fixture->peer->pair.initiator);
    *state = fixture;
    return 0;
}

static int teardown(void **state) {
    struct fixture *fixture = *state;
    peer_destroy(fixture->peer);
    assert_true(indices_holds(&fixture->indices));
    free(fixture);
    return 0;
}

static struct key_set another(const struct fixture *fixture, uint8_t secret) {
    struct key_set set;
    const uint8_t root[PRIVATE_ROOT_SIZE] = {1}, bytes[PRIVATE_SECRET_SIZE] = {secret};
    (void)fixture;
    key_set_derive(root, bytes, &set);
    return set;
}

static size_t rekey(struct fixture *fixture, uint8_t secret) {
    const struct key_set set = another(fixture, secret);
    return key_sets_rekey(&fixture->sets, &set);
}

/* Each set has one session, whose number is its own. */
static void has_sessions(struct fixture *fixture) {
    for (unsigned i = 0; i < KEY_SETS_MAX; i++) fixture->host.listing[i] = UINT32_C(1) << i;
}

static size_t chosen(const struct fixture *fixture) {
    return key_sets_number(&fixture->sets, linking_set(fixture->peer));
}

static void a_peer_is_met_under_the_best_set_that_lists_it(void **state) {
    struct fixture *fixture = *state;
    size_t door;
    const struct key_set set = another(fixture, 9);
    assert_true(key_sets_add(&fixture->sets, &set, KEY_SET_DOOR, &door));
    const size_t second = rekey(fixture, 2), third = rekey(fixture, 3);
    has_sessions(fixture);
    assert_int_equal(chosen(fixture), third); /* nobody lists it */
    fixture->peer->listed = 1;
    assert_int_equal(chosen(fixture), 0);
    fixture->peer->listed |= UINT32_C(1) << second;
    assert_int_equal(chosen(fixture), second);
    fixture->peer->listed |= UINT32_C(1) << door;
    assert_int_equal(chosen(fixture), door);
    fixture->peer->listed |= UINT32_C(1) << third;
    assert_int_equal(chosen(fixture), third);
}

/* It was killed, and came again by what it still had; under the current one it would be known to have that. */
static void who_restarts_is_met_under_what_it_was_listed_by_since(void **state) {
    struct fixture *fixture = *state;
    const size_t second = rekey(fixture, 2), third = rekey(fixture, 3);
    has_sessions(fixture);
    fixture->peer->listed = 1 | UINT32_C(1) << second;
    assert_int_equal(chosen(fixture), second);
    fixture->peer->unheeded = 1;
    assert_int_equal(chosen(fixture), 0);
    fixture->peer->listed |= UINT32_C(1) << third;
    assert_int_equal(chosen(fixture), third);
}

static void who_is_not_listed_is_met_under_what_it_has(void **state) {
    struct fixture *fixture = *state;
    const size_t second = rekey(fixture, 2);
    has_sessions(fixture);
    peer_has_set(fixture->peer, 0);
    assert_int_equal(chosen(fixture), 0);
    peer_has_set(fixture->peer, second);
    assert_int_equal(chosen(fixture), second);
}

/* A handshake that is under way goes on, unless there is a better set for it. */
static void another_set_begins_another_handshake(void **state) {
    struct fixture *fixture = *state;
    has_sessions(fixture);
    fixture->peer->listed = 1;
    assert_true(linking_begin(fixture->peer, NOW));
    uint32_t first = fixture->peer->attempt.index;
    const size_t second = rekey(fixture, 2);
    assert_true(linking_begin(fixture->peer, NOW + 1));
    assert_int_equal(fixture->peer->attempt.index, first);
    assert_ptr_equal(linking_set_of(fixture->peer, first), &fixture->sets.list[0]);
    fixture->peer->listed |= UINT32_C(1) << second;
    assert_true(linking_begin(fixture->peer, NOW + 2));
    assert_int_not_equal(fixture->peer->attempt.index, first);
    assert_ptr_equal(linking_set_of(fixture->peer, fixture->peer->attempt.index), &fixture->sets.list[second]);
    assert_null(linking_set_of(fixture->peer, first));
}

/* Nothing points to a set that is dropped: its number may be another's. */
static void a_set_that_is_dropped_is_forgotten(void **state) {
    struct fixture *fixture = *state;
    struct peer *peer = fixture->peer;
    has_sessions(fixture);
    peer->listed = 1;
    peer_has_set(peer, 0);
    const struct member_record record = {.suite_mask = SUITE_CHACHA20_POLY1305};
    const struct address nowhere = {.ip = {[10] = 0xff, 0xff, 192, 0, 2, 1}, .port = 9};
    (void)peer_listed(peer, 0, &record, &nowhere, 1, NOW); /* a round begins */
    assert_true(peer->attempt.active);
    uint32_t first = peer->attempt.index;
    const size_t second = rekey(fixture, 2);
    peer_forget_session(peer, 0, 0, NOW + 1);
    peer_forget_set(peer, 0, NOW + 1);
    key_sets_drop(&fixture->sets, 0);
    assert_null(linking_set_of(peer, first));
    assert_null(indices_find(&fixture->indices, first));
    assert_int_equal(peer->held & 1, 0);
    assert_true(peer->attempt.active); /* the round goes on, with another handshake */
    assert_ptr_equal(peer->attempt.set, &fixture->sets.list[second]);
    assert_true(peer_holds(peer, NOW + 1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_peer_is_met_under_the_best_set_that_lists_it, setup, teardown),
        cmocka_unit_test_setup_teardown(who_restarts_is_met_under_what_it_was_listed_by_since, setup, teardown),
        cmocka_unit_test_setup_teardown(who_is_not_listed_is_met_under_what_it_has, setup, teardown),
        cmocka_unit_test_setup_teardown(another_set_begins_another_handshake, setup, teardown),
        cmocka_unit_test_setup_teardown(a_set_that_is_dropped_is_forgotten, setup, teardown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("linking_sets", tests, NULL, NULL);
}

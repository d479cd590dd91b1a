/* Which of a bootnode's addresses are greeted when, and what is learned from the answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/rendezvous/doors.h"
#include "common/clock.h"

#define NOW 1000000
#define NONCE UINT64_C(0x123456789abc0000)

struct fixture {
    struct doors doors;
    struct address v6a, v6b, v4a, v4b, stranger, seen_v4, seen_v6;
    struct address to; /* of the last HELLO */
    uint64_t nonce;
};

static int setup(void **state) {
    if (sodium_init() < 0) return -1;
    struct fixture *fixture = calloc(1, sizeof *fixture);
    if (!fixture) return -1;
    assert_true(address_parse("[2001:db8::1]:9595", 0, &fixture->v6a));
    assert_true(address_parse("[2001:db8::2]:9595", 0, &fixture->v6b));
    assert_true(address_parse("192.0.2.1:9595", 0, &fixture->v4a));
    assert_true(address_parse("192.0.2.2:9595", 0, &fixture->v4b));
    assert_true(address_parse("192.0.2.9:9595", 0, &fixture->stranger));
    assert_true(address_parse("198.51.100.7:4000", 0, &fixture->seen_v4));
    assert_true(address_parse("[2001:db8:7::7]:4000", 0, &fixture->seen_v6));
    doors_init(&fixture->doors);
    *state = fixture;
    return 0;
}

static int teardown(void **state) {
    free(*state);
    return 0;
}

static void name_is(struct fixture *fixture, size_t count, const struct address *const *addresses) {
    struct address list[BOOTNODE_ADDRESSES];
    for (size_t i = 0; i < count; i++) list[i] = *addresses[i];
    (void)doors_set(&fixture->doors, list, count, true, NOW);
    assert_true(doors_holds(&fixture->doors));
}
#define NAME_IS(fixture, ...)                                                                                          \
    name_is(fixture, sizeof((const struct address *[]){__VA_ARGS__}) / sizeof(void *),                                 \
            (const struct address *[]){__VA_ARGS__})

static void nobody_is_greeted(struct fixture *fixture, uint64_t now) {
    struct address to;
    uint64_t nonce;
    assert_false(doors_greet(&fixture->doors, now, &to, &nonce));
    assert_true(doors_due(&fixture->doors) > now);
}

static void greeted_is(struct fixture *fixture, uint64_t now, const struct address *to) {
    assert_true(doors_greet(&fixture->doors, now, &fixture->to, &fixture->nonce));
    assert_true(address_equal(&fixture->to, to));
}

static void answers(struct fixture *fixture, const struct address *from, uint64_t nonce, uint64_t now) {
    const struct cookie_message message = {.nonce = nonce,
                                           .seen = address_is_ipv4(from) ? fixture->seen_v4 : fixture->seen_v6,
                                           .cookie = {.time = (uint32_t)now}};
    assert_true(doors_expects(&fixture->doors, from, nonce));
    doors_answered(&fixture->doors, from, &message, now);
}

/* Both families answer, and the IPv6 one, which is first, is in use. */
static void use_both_families(struct fixture *fixture) {
    doors_seek(&fixture->doors, NONCE, 0, NOW);
    greeted_is(fixture, NOW, &fixture->v6a);
    answers(fixture, &fixture->v6a, fixture->nonce, NOW + 20);
    greeted_is(fixture, NOW + 20, &fixture->v4a);
    answers(fixture, &fixture->v4a, fixture->nonce, NOW + 40);
    doors_use(&fixture->doors, 0, NOW + 40);
}

static void use_both(struct fixture *fixture) {
    NAME_IS(fixture, &fixture->v6a, &fixture->v4a);
    use_both_families(fixture);
}

static void families_take_turns(void **state) {
    struct fixture *fixture = *state;
    NAME_IS(fixture, &fixture->v6a, &fixture->v6b, &fixture->v4a, &fixture->v4b, &fixture->v6a);
    assert_int_equal(fixture->doors.count, 4);
    assert_true(address_equal(doors_address(&fixture->doors, 1), &fixture->v4a));
    assert_true(address_equal(doors_address(&fixture->doors, 2), &fixture->v6b));
    assert_true(address_equal(doors_address(&fixture->doors, 3), &fixture->v4b));
}

/* Whoever reads along may send as many as he likes: the first for each HELLO counts. */
static void a_hello_is_answered_once(void **state) {
    struct fixture *fixture = *state;
    NAME_IS(fixture, &fixture->v4a, &fixture->v4b);
    doors_seek(&fixture->doors, NONCE, 0, NOW);
    greeted_is(fixture, NOW, &fixture->v4a);
    uint64_t first = fixture->nonce;
    greeted_is(fixture, NOW + DOORS_STAGGER_MS, &fixture->v4b);
    answers(fixture, &fixture->v4a, first, NOW + 300);
    for (unsigned i = 0; i < 1000; i++) {
        assert_false(doors_expects(&fixture->doors, &fixture->v4a, first));
        doors_answered(&fixture->doors, &fixture->v4a, &(struct cookie_message){.nonce = first}, NOW + 301);
    }
    assert_int_equal(fixture->doors.list[0].cookie.time, NOW + 300);
    assert_true(doors_expects(&fixture->doors, &fixture->v4b, fixture->nonce));
}

/* Who is asked first may be another one each time; the other family is asked beside it. */
static void a_search_begins_where_it_is_told(void **state) {
    struct fixture *fixture = *state;
    NAME_IS(fixture, &fixture->v6a, &fixture->v4a, &fixture->v6b, &fixture->v4b);
    doors_seek(&fixture->doors, NONCE, 3, NOW);
    greeted_is(fixture, NOW, &fixture->v6a);
    greeted_is(fixture, NOW, &fixture->v4b);
    nobody_is_greeted(fixture, NOW);
    greeted_is(fixture, NOW + DOORS_STAGGER_MS, &fixture->v4a);
}

static void a_door_without_time_is_no_obstacle(void **state) {
    struct fixture *fixture = *state;
    NAME_IS(fixture, &fixture->v4a, &fixture->v4b);
    doors_seek(&fixture->doors, NONCE, 0, NOW);
    greeted_is(fixture, NOW, &fixture->v4a);
    nobody_is_greeted(fixture, NOW + 20);
    assert_true(doors_refused(&fixture->doors, &fixture->v4a, NOW + 2000, NOW + 20));
    greeted_is(fixture, NOW + 20, &fixture->v4b);
    assert_false(doors_refused(&fixture->doors, &fixture->v4b, NOW + 3000, NOW + 40));
    nobody_is_greeted(fixture, NOW + 1999);
    greeted_is(fixture, NOW + 2000, &fixture->v4a);
    assert_true(doors_refused(&fixture->doors, &fixture->v4b, NOW + 3000, NOW + 2020));  /* the other was asked again */
    assert_false(doors_refused(&fixture->doors, &fixture->v6a, NOW + 3000, NOW + 2020)); /* it is none of them */
}

static void both_families_at_once_and_the_rest_in_turn(void **state) {
    struct fixture *fixture = *state;
    NAME_IS(fixture, &fixture->v6a, &fixture->v6b, &fixture->v4a, &fixture->v4b);
    doors_seek(&fixture->doors, NONCE, 0, NOW);
    greeted_is(fixture, NOW, &fixture->v6a);
    greeted_is(fixture, NOW, &fixture->v4a);
    nobody_is_greeted(fixture, NOW + 249);
    fixture->doors.list[0].due = fixture->doors.list[1].due = NEVER; /* their repeats, some time from NOW + 250 on */
    greeted_is(fixture, NOW + 250, &fixture->v6b);
    fixture->doors.list[2].due = NEVER;
    greeted_is(fixture, NOW + 500, &fixture->v4b);
}

static void one_address_is_asked_ever_more_seldom(void **state) {
    struct fixture *fixture = *state;
    uint64_t now = NOW, wait = 250;
    NAME_IS(fixture, &fixture->v4a);
    doors_seek(&fixture->doors, NONCE, 0, now);
    for (unsigned i = 0; i < 8; i++) {
        greeted_is(fixture, now, &fixture->v4a);
        assert_in_range(doors_due(&fixture->doors) - now, wait, wait + wait / 4);
        now = doors_due(&fixture->doors);
        if (wait < 4000) wait *= 2;
    }
}

/* The link takes longer than the repeats wait. */
static void a_late_answer_counts_and_is_measured_by_its_own_question(void **state) {
    struct fixture *fixture = *state;
    uint64_t now = NOW, first = 0;
    NAME_IS(fixture, &fixture->v4a);
    doors_seek(&fixture->doors, NONCE, 0, now);
    for (; now < NOW + 4000; now = doors_due(&fixture->doors)) {
        greeted_is(fixture, now, &fixture->v4a);
        if (!first) first = fixture->nonce;
    }
    answers(fixture, &fixture->v4a, first, NOW + 4100);
    assert_int_equal(fixture->doors.trip.smoothed_us, 4100000);
    assert_int_equal(doors_timeout_ms(&fixture->doors, 500), 3 * 4100 + 1);
    assert_int_equal(doors_due(&fixture->doors), NEVER);
}

static void nobody_else_answers(void **state) {
    struct fixture *fixture = *state;
    NAME_IS(fixture, &fixture->v6a, &fixture->v4a);
    doors_seek(&fixture->doors, NONCE, 0, NOW);
    assert_false(doors_expects(&fixture->doors, &fixture->v6a, NONCE)); /* nothing went there */
    greeted_is(fixture, NOW, &fixture->v6a);
    assert_true(doors_expects(&fixture->doors, &fixture->v6a, fixture->nonce));
    assert_false(doors_expects(&fixture->doors, &fixture->v4a, fixture->nonce));
    assert_false(doors_expects(&fixture->doors, &fixture->stranger, fixture->nonce));
    assert_false(doors_expects(&fixture->doors, &fixture->v6a, fixture->nonce + 1));
    assert_false(doors_expects(&fixture->doors, &fixture->v6a, fixture->nonce - 1));
    assert_false(doors_expects(&fixture->doors, &fixture->v6a, fixture->nonce ^ UINT64_C(1) << 40));
    uint64_t before = fixture->nonce;
    doors_seek(&fixture->doors, NONCE + 0x10000, 0, NOW + 5000);
    greeted_is(fixture, NOW + 5000, &fixture->v6a);
    assert_false(doors_expects(&fixture->doors, &fixture->v6a, before));
}

static void a_better_door_has_a_moment(void **state) {
    struct fixture *fixture = *state;
    size_t index;
    NAME_IS(fixture, &fixture->v6a, &fixture->v4a);
    doors_seek(&fixture->doors, NONCE, 0, NOW);
    greeted_is(fixture, NOW, &fixture->v6a);
    uint64_t first = fixture->nonce;
    greeted_is(fixture, NOW, &fixture->v4a);
    assert_false(doors_choose(&fixture->doors, &index));
    answers(fixture, &fixture->v4a, fixture->nonce, NOW + 30);
    assert_int_equal(doors_settled_at(&fixture->doors), NOW + 80);
    assert_true(doors_choose(&fixture->doors, &index));
    assert_int_equal(index, 1);
    answers(fixture, &fixture->v6a, first, NOW + 60);
    assert_true(doors_settled_at(&fixture->doors) <= NOW + 60);
    assert_true(doors_choose(&fixture->doors, &index));
    assert_int_equal(index, 0);
    assert_int_equal(doors_next_answered(&fixture->doors, 0), 1);
}

static void the_other_family_is_kept_and_proven(void **state) {
    struct fixture *fixture = *state;
    struct address_proof proof;
    use_both(fixture);
    assert_true(doors_proof(&fixture->doors, NOW + 50, &proof));
    assert_true(address_equal(&proof.address, &fixture->seen_v4));
    nobody_is_greeted(fixture, NOW + 40 + DOORS_KEEP_MS - 1);
    greeted_is(fixture, NOW + 40 + DOORS_KEEP_MS, &fixture->v4a);
    answers(fixture, &fixture->v4a, fixture->nonce, NOW + 25060);
    nobody_is_greeted(fixture, NOW + 25060 + DOORS_KEEP_MS - 1);
    assert_true(doors_proof(&fixture->doors, NOW + 25060 + 100000, &proof));
    assert_int_equal(proof.cookie.time, NOW + 25060);
    assert_false(doors_proof(&fixture->doors, NOW + 25060 + 100001, &proof)); /* the cookie is too old */
    doors_use(&fixture->doors, 1, NOW + 26000); /* the proof is that of the other one, always */
    assert_true(doors_proof(&fixture->doors, NOW + 26000, &proof));
    assert_true(address_equal(&proof.address, &fixture->seen_v6));
    doors_rest(&fixture->doors);
    assert_int_equal(doors_due(&fixture->doors), NEVER);
    doors_hurry(&fixture->doors, NOW + 30000);
    greeted_is(fixture, NOW + 30000, &fixture->v6a);
}

/* A family that is dead may come back. */
static void a_silent_family_is_asked_seldom_and_each_address_in_turn(void **state) {
    struct fixture *fixture = *state;
    NAME_IS(fixture, &fixture->v6a, &fixture->v4a, &fixture->v4b);
    doors_seek(&fixture->doors, NONCE, 0, NOW);
    greeted_is(fixture, NOW, &fixture->v6a);
    answers(fixture, &fixture->v6a, fixture->nonce, NOW + 20);
    doors_use(&fixture->doors, 0, NOW + 20);
    unsigned hellos[2] = {0};
    uint64_t now = NOW + 20;
    for (unsigned i = 0; i < 3 + 8; i++) {
        now = doors_due(&fixture->doors);
        assert_true(doors_greet(&fixture->doors, now, &fixture->to, &fixture->nonce));
        hellos[address_equal(&fixture->to, &fixture->v4b)]++;
    }
    assert_in_range(now - NOW, 7 * DOORS_KEEP_MS, 8 * DOORS_KEEP_MS + 5000);
    assert_true(hellos[0] >= 5 && hellos[1] >= 5);
}

/* One address of it is dead for good, the other one was kept for an hour. */
static void who_answered_for_long_has_its_turn_when_it_was_silent(void **state) {
    struct fixture *fixture = *state;
    NAME_IS(fixture, &fixture->v6a, &fixture->v4a, &fixture->v4b);
    use_both_families(fixture);
    for (unsigned i = 0; i < 144; i++) {
        uint64_t now = doors_due(&fixture->doors);
        greeted_is(fixture, now, &fixture->v4a);
        answers(fixture, &fixture->v4a, fixture->nonce, now + 20);
    }
    unsigned hellos[2] = {0};
    for (unsigned i = 0; i < DOORS_KEEP_HURRY + 8; i++) {
        assert_true(doors_greet(&fixture->doors, doors_due(&fixture->doors), &fixture->to, &fixture->nonce));
        if (i >= DOORS_KEEP_HURRY) hellos[address_equal(&fixture->to, &fixture->v4b)]++;
    }
    assert_int_equal(hellos[0], 4);
    assert_int_equal(hellos[1], 4);
}

static void the_one_in_use_stays_when_the_name_moves(void **state) {
    struct fixture *fixture = *state;
    size_t index;
    use_both(fixture);
    struct address moved[] = {fixture->v4b};
    assert_true(doors_set(&fixture->doors, moved, 1, true, NOW + 100));
    assert_int_equal(fixture->doors.count, 2);
    assert_true(address_equal(doors_address(&fixture->doors, fixture->doors.at), &fixture->v6a));
    assert_false(doors_set(&fixture->doors, moved, 1, true, NOW + 100)); /* no news */
    assert_false(doors_find(&fixture->doors, &fixture->v4a, &index));
    assert_false(doors_set(&fixture->doors, moved, 1, false, NOW + 100));
    assert_int_equal(fixture->doors.count, 1);
    assert_int_equal(fixture->doors.at, 0);
    assert_true(doors_holds(&fixture->doors));
}

static void no_name_has_more_than_there_is_room_for(void **state) {
    struct fixture *fixture = *state;
    struct address many[BOOTNODE_ADDRESSES];
    use_both(fixture);
    for (size_t i = 0; i < BOOTNODE_ADDRESSES; i++) {
        many[i] = fixture->stranger;
        many[i].port = (uint16_t)(1000 + i);
    }
    for (unsigned times = 0; times < 100; times++) {
        for (size_t i = 0; i < BOOTNODE_ADDRESSES; i++) many[i].port = (uint16_t)(many[i].port + 1);
        (void)doors_set(&fixture->doors, many, BOOTNODE_ADDRESSES, true, NOW);
        assert_int_equal(fixture->doors.count, BOOTNODE_ADDRESSES + 1);
        assert_true(address_equal(doors_address(&fixture->doors, fixture->doors.at), &fixture->v6a));
        assert_true(doors_holds(&fixture->doors));
    }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_hello_is_answered_once),
        TEST(a_search_begins_where_it_is_told),
        TEST(families_take_turns),
        TEST(a_door_without_time_is_no_obstacle),
        TEST(both_families_at_once_and_the_rest_in_turn),
        TEST(one_address_is_asked_ever_more_seldom),
        TEST(a_late_answer_counts_and_is_measured_by_its_own_question),
        TEST(nobody_else_answers),
        TEST(a_better_door_has_a_moment),
        TEST(the_other_family_is_kept_and_proven),
        TEST(a_silent_family_is_asked_seldom_and_each_address_in_turn),
        TEST(who_answered_for_long_has_its_turn_when_it_was_silent),
        TEST(the_one_in_use_stays_when_the_name_moves),
        TEST(no_name_has_more_than_there_is_room_for),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("doors", tests, NULL, NULL);
}

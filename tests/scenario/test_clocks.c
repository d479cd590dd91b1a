/* Clocks that are days off: what is said to all is still had by who comes later, or it is told why not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scenario/support/world.h"

#define CONNECT_MS 2500
#define DAY (INT64_C(24) * 3600 * 1000)

static struct world *world;

static struct person *comes_with_clock(const char *name, int64_t ahead_ms) {
    struct person *person = world_person(world, name, NAT_NONE);
    person->clock_ahead_ms = ahead_ms;
    person_start(person, "tea");
    return person;
}

/* Anna says two things to Bert, and has left when Carl comes. */
static struct person *anna_speaks_and_leaves(int64_t annas, int64_t berts, int64_t carls) {
    struct person *anna = comes_with_clock("anna", annas), *bert = comes_with_clock("bert", berts);
    world_wait(world, CONNECT_MS, everyone_connected(world));
    world_run(world, 500);
    person_say(anna, "one");
    person_say(anna, "two");
    world_wait(world, CONNECT_MS, person_heard(bert, anna, "two") == 1);
    person_kill(anna);
    world_wait(world, 20000, person_count(bert, EVENT_PEER_LEFT, anna) == 1);
    struct person *carl = comes_with_clock("carl", carls);
    world_wait(world, CONNECT_MS, person_sees(carl, bert));
    world_run(world, 5000);
    return carl;
}

static void has_both(const struct person *carl) {
    const struct person *anna = &world->people[0];
    assert_int_equal(person_heard(carl, anna, "one"), 1);
    assert_int_equal(person_heard(carl, anna, "two"), 1);
    assert_int_equal(person_count(carl, EVENT_LOST, NULL), 0);
    assert_true(person_last(carl, EVENT_MESSAGE, anna)->history);
}

static void is_told_of_both(const struct person *carl) {
    const struct person *anna = &world->people[0];
    assert_int_equal(person_count(carl, EVENT_MESSAGE, anna), 0);
    assert_int_equal(person_count(carl, EVENT_LOST, anna), 1);
    assert_int_equal(person_last(carl, EVENT_LOST, anna)->lost, 2);
    assert_true(person_last(carl, EVENT_LOST, anna)->misdated);
    assert_string_equal(person_last(carl, EVENT_LOST, anna)->nick, "anna");
}

static void an_author_is_days_off(void **state) {
    static const int64_t off[] = {-3 * DAY, 3 * DAY, -365 * DAY, 2 * 3600 * 1000};
    for (size_t i = 0; i < sizeof off / sizeof *off; i++) {
        world = *state;
        has_both(anna_speaks_and_leaves(off[i], 0, 0));
        assert_int_equal(world_teardown(state), 0);
        assert_int_equal(world_setup(state), 0);
    }
}

static void a_newcomer_is_days_off(void **state) {
    static const int64_t off[] = {-3 * DAY, 3 * DAY, 9000 * DAY};
    for (size_t i = 0; i < sizeof off / sizeof *off; i++) {
        world = *state;
        const struct person *carl = anna_speaks_and_leaves(0, 0, off[i]);
        has_both(carl);
        const struct event *said = person_last(carl, EVENT_MESSAGE, &world->people[0]);
        assert_in_range((int64_t)said->shown_ms - (int64_t)said->sent_ms - off[i], 0, 60000); /* by its own clock */
        assert_in_range((int64_t)said->said_ms - (int64_t)said->sent_ms - off[i], 0, 1000);
        assert_int_equal(world_teardown(state), 0);
        assert_int_equal(world_setup(state), 0);
    }
}

static void both_are_off_each_their_own_way(void **state) {
    world = *state;
    has_both(anna_speaks_and_leaves(-3 * DAY, 0, 5 * DAY));
}

/* The clock of the one who passes on does not count. */
static void who_passes_on_is_off(void **state) {
    world = *state;
    has_both(anna_speaks_and_leaves(0, 3 * DAY, 0));
}

/* Whoever is right needs no bootnode for it. */
static void a_bootnode_is_off(void **state) {
    world = *state;
    world->net->clock_ahead_ms = 3 * DAY;
    has_both(anna_speaks_and_leaves(0, 0, 0));
    const struct event *said = person_last(&world->people[1], EVENT_MESSAGE, &world->people[0]);
    assert_in_range(said->shown_ms - said->sent_ms, 0, 1000);
}

/* Nobody but Bert knows that Anna is off, and Bert's word alone is not taken. */
static void it_is_told_why_not(void **state) {
    world = *state;
    world->net->clock_ahead_ms = 30 * DAY;
    struct person *carl = anna_speaks_and_leaves(-3 * DAY, 0, 0);
    is_told_of_both(carl);
    world_run(world, 120000);
    assert_int_equal(person_count(carl, EVENT_LOST, NULL), 1);
}

/* The author is here, but its clock tells other members nothing until it has told it. */
static void an_author_who_is_here_is_asked(void **state) {
    world = *state;
    world->net->clock_ahead_ms = 30 * DAY;
    struct person *anna = comes_with_clock("anna", -3 * DAY), *bert = comes_with_clock("bert", 0);
    world_wait(world, CONNECT_MS, everyone_connected(world));
    person_say(anna, "one");
    person_say(anna, "two");
    world_wait(world, CONNECT_MS, person_heard(bert, anna, "two") == 1);
    struct person *carl = comes_with_clock("carl", 0);
    world_wait(world, CONNECT_MS, everyone_connected(world));
    world_run(world, 5000);
    has_both(carl);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_author_is_days_off),          TEST(a_newcomer_is_days_off), TEST(both_are_off_each_their_own_way),
        TEST(who_passes_on_is_off),           TEST(a_bootnode_is_off),      TEST(it_is_told_why_not),
        TEST(an_author_who_is_here_is_asked),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("clocks", tests, NULL, NULL);
}

/* Bootnodes whose names are not found at first: a client waits for them as long as it takes, and for nobody else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "client/network/nat_check.h"
#include "tests/scenario/support/world.h"

#define CONNECT_MS 5000
#define HOUR_MS 3600000

static struct person *arrive(struct world *world, const char *name, uint8_t unresolved) {
    struct person *person = world_person(world, name, NAT_PORT_RESTRICTED);
    person->unresolved = unresolved;
    person_start(person, "tea");
    return person;
}

static void find_name(struct person *person, unsigned bootnode) {
    struct address at = world_bootnode_at(bootnode);
    engine_resolved(person->engine, bootnode, &at, 1, person->world->now);
}

static void miss_name(struct person *person, unsigned bootnode, const char *why) {
    engine_unresolved(person->engine, bootnode, why, person->world->now);
}

static const char *last_text(struct person *person, enum event_type type) {
    return person_last(person, type, NULL)->text;
}

static void a_name_is_looked_up_until_it_is_found(void **state) {
    struct world *world = *state;
    struct person *bert = arrive(world, "bert", 0), *anna = arrive(world, "anna", 1);
    world_run(world, 10);
    assert_int_equal(anna->lookups[0], 1);
    assert_int_equal(bert->lookups[0], 0);
    for (unsigned failures = 1; failures <= 40; failures++) {
        miss_name(anna, 0, "Temporary failure in name resolution");
        world_wait(world, 30100, anna->lookups[0] == failures + 1);
    }
    assert_int_equal(person_count(anna, EVENT_BOOTNODE_LOST, NULL), 1);
    assert_non_null(strstr(last_text(anna, EVENT_BOOTNODE_LOST), "Temporary failure in name resolution"));
    assert_int_equal(person_count(anna, EVENT_ERROR, NULL), 0);
    find_name(anna, 0);
    world_wait(world, CONNECT_MS, everyone_connected(world));
    assert_int_equal(person_count(anna, EVENT_BOOTNODE_BACK, NULL), 1);
    person_say(anna, "hello");
    world_wait(world, CONNECT_MS, person_heard(bert, anna, "hello") == 1);
    unsigned asked = anna->lookups[0];
    world_run(world, HOUR_MS / 12);
    assert_int_equal(anna->lookups[0], asked);
    assert_int_equal(person_count(anna, EVENT_BOOTNODE_LOST, NULL), 1);
}

/* A resolver may take half a minute to give up. Who is told something at all is told within seconds. */
static void a_silent_resolver_is_told_and_asked_again(void **state) {
    struct world *world = *state;
    struct person *anna = arrive(world, "anna", 1);
    world_wait(world, CONNECT_MS, person_count(anna, EVENT_BOOTNODE_LOST, NULL) == 1);
    assert_non_null(strstr(last_text(anna, EVENT_BOOTNODE_LOST), "its name is not found"));
    world_run(world, 25000);
    assert_int_equal(anna->lookups[0], 3);
    miss_name(anna, 0, "Name or service not known");
    assert_int_equal(person_count(anna, EVENT_BOOTNODE_LOST, NULL), 1);
    find_name(anna, 0);
    world_wait(world, CONNECT_MS, person_count(anna, EVENT_REGISTERED, NULL) == 1);
    miss_name(anna, 0, "Name or service not known"); /* an older look-up ends at last */
    world_run(world, 60000);
    assert_int_equal(anna->lookups[0], 3);
    assert_int_equal(person_count(anna, EVENT_BOOTNODE_LOST, NULL), 1);
}

static void who_is_found_slowly_is_not_called_silent(void **state) {
    struct world *world = *state;
    struct person *anna = arrive(world, "anna", 1);
    world_run(world, 2950);
    find_name(anna, 0);
    world_wait(world, CONNECT_MS, person_count(anna, EVENT_REGISTERED, NULL) == 1);
    assert_int_equal(person_count(anna, EVENT_BOOTNODE_LOST, NULL), 0);
}

static void a_new_network_is_asked_at_once(void **state) {
    struct world *world = *state;
    struct person *anna = arrive(world, "anna", 1);
    world_run(world, 10);
    for (unsigned i = 0; i < 10; i++) {
        unsigned asked = anna->lookups[0];
        miss_name(anna, 0, "Temporary failure in name resolution");
        world_wait(world, 30100, anna->lookups[0] == asked + 1);
    }
    miss_name(anna, 0, "Temporary failure in name resolution");
    unsigned asked = anna->lookups[0];
    world_run(world, 10);
    assert_int_equal(anna->lookups[0], asked);
    engine_network_changed(anna->engine, world->now);
    world_run(world, 10);
    assert_int_equal(anna->lookups[0], asked + 1);
    miss_name(anna, 0, "Temporary failure in name resolution");
    world_run(world, 1100);
    assert_int_equal(anna->lookups[0], asked + 2);
    engine_resumed(anna->engine, 100000, world->now);
    world_run(world, 10);
    assert_int_equal(anna->lookups[0], asked + 3);
}

static void a_second_one_that_is_not_found_delays_nothing(void **state) {
    struct world *world = *state;
    world_add_bootnode(world);
    struct person *bert = arrive(world, "bert", 0), *anna = arrive(world, "anna", 2);
    uint64_t began = world->now;
    world_wait(world, 1000, person_count(anna, EVENT_REGISTERED, NULL) == 1);
    world_wait(world, 1500, anna->credit > 0);
    assert_in_range(world->now - began, 0, 1500);
    world_wait(world, CONNECT_MS, everyone_connected(world));
    miss_name(anna, 1, "Name or service not known");
    assert_int_equal(person_count(anna, EVENT_BOOTNODE_LOST, NULL), 1);
    find_name(anna, 1);
    world_wait(world, CONNECT_MS, person_count(anna, EVENT_REGISTERED, NULL) == 2);
    assert_int_equal(person_count(bert, EVENT_PEER_LEFT, NULL), 0);
}

static void who_leaves_waits_for_no_name(void **state) {
    struct world *world = *state;
    struct person *anna = arrive(world, "anna", 1), *bert = arrive(world, "bert", 1);
    world_run(world, 10);
    engine_stop(anna->engine, world->now);
    engine_end_of_input(bert->engine, world->now);
    world_run(world, 10);
    assert_int_equal(anna->status, 0);
    assert_int_equal(bert->status, ENGINE_STATUS_ALONE);
}

static void our_nat_is_looked_at_all_the_same(void **state) {
    struct world *world = *state;
    world_add_bootnode(world);
    struct person *anna = arrive(world, "anna", 3);
    world_run(world, 20000);
    assert_int_equal(engine_nat_mapping(anna->engine), NAT_MAPPING_UNKNOWN);
    find_name(anna, 0);
    find_name(anna, 1);
    world_wait(world, 2 * NAT_CHECK_EVERY_MS, engine_nat_mapping(anna->engine) == NAT_MAPPING_INDEPENDENT);
}

#define test(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        test(a_name_is_looked_up_until_it_is_found),
        test(a_silent_resolver_is_told_and_asked_again),
        test(who_is_found_slowly_is_not_called_silent),
        test(a_new_network_is_asked_at_once),
        test(a_second_one_that_is_not_found_delays_nothing),
        test(who_leaves_waits_for_no_name),
        test(our_nat_is_looked_at_all_the_same),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("late_names", tests, NULL, NULL);
}

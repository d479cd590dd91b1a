/* Those who cannot meet directly: relayed by members, and direct as soon as there is a way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scenario/support/numbered.h"
#include "tests/scenario/support/world.h"

#define CONNECT_MS 6000
#define RESUME_MS 5000

struct cast {
    struct person *hard, *harder, *open, *other;
};

/* Two that cannot meet, and two that everyone meets. */
static struct cast cast_of(struct world *world) {
    struct cast cast = {.hard = world_person(world, "hard", NAT_SYMMETRIC),
                        .harder = world_person(world, "harder", NAT_SYMMETRIC),
                        .open = world_person(world, "open", NAT_NONE),
                        .other = world_person(world, "other", NAT_FULL_CONE)};
    return cast;
}

static void start_all(struct world *world) {
    for (size_t i = 0; i < world->people_count; i++) person_start(&world->people[i], "tea");
    world_wait(world, CONNECT_MS, everyone_connected(world));
}

static void a_member_relays(void **state) {
    struct world *world = *state;
    struct cast cast = cast_of(world);
    start_all(world);
    assert_true(is_relayed(cast.hard, cast.harder));
    assert_true(is_relayed(cast.harder, cast.hard));
    const char *relay = person_last(cast.hard, EVENT_PEER_CONNECTED, cast.harder)->relay;
    assert_true(strcmp(relay, "open") == 0 || strcmp(relay, "other") == 0);
    assert_false(is_relayed(cast.hard, cast.open));
    say_numbered(cast.hard, 1, 100);
    say_numbered(cast.harder, 1, 100);
    world_wait(world, 5000, heard_all(cast.harder, cast.hard, 100) && heard_all(cast.hard, cast.harder, 100));
}

static void another_relay_takes_over(void **state) {
    struct world *world = *state;
    struct cast cast = cast_of(world);
    start_all(world);
    const char *relay = person_last(cast.hard, EVENT_PEER_CONNECTED, cast.harder)->relay;
    struct person *gone = strcmp(relay, "open") == 0 ? cast.open : cast.other;
    say_numbered(cast.hard, 1, 10);
    world_run(world, 1000);
    person_kill(gone);
    say_numbered(cast.hard, 11, 20);
    say_numbered(cast.harder, 1, 10);
    world_wait(world, RESUME_MS, heard_all(cast.harder, cast.hard, 20) && heard_all(cast.hard, cast.harder, 10));
    assert_int_equal(person_count(cast.hard, EVENT_PEER_LEFT, cast.harder), 0);
}

static void who_becomes_reachable_is_reached_directly(void **state) {
    struct world *world = *state;
    struct cast cast = cast_of(world);
    start_all(world);
    assert_true(is_relayed(cast.hard, cast.harder));
    cast.hard->nat.kind = NAT_FULL_CONE; /* another router */
    nat_rebind(&cast.hard->nat);
    for (unsigned i = 1; i <= 90; i++) {
        say_numbered(cast.hard, i, i);
        say_numbered(cast.harder, i, i);
        world_run(world, 1000);
    }
    assert_false(is_relayed(cast.hard, cast.harder));
    assert_false(is_relayed(cast.harder, cast.hard));
    world_wait(world, 1000, heard_all(cast.harder, cast.hard, 90) && heard_all(cast.hard, cast.harder, 90));
}

static void a_relayed_session_is_renewed(void **state) {
    struct world *world = *state;
    struct cast cast = cast_of(world);
    start_all(world);
    for (unsigned i = 1; i <= 100; i++) {
        say_numbered(cast.hard, i, i);
        world_run(world, 4000);
    }
    assert_true(heard_all(cast.harder, cast.hard, 100));
    assert_true(is_relayed(cast.hard, cast.harder));
    assert_int_equal(person_count(cast.harder, EVENT_PEER_LEFT, NULL), 0);
}

static void never_is_never(void **state) {
    struct world *world = *state;
    struct cast cast = cast_of(world);
    cast.harder->no_relays = true;
    for (size_t i = 0; i < world->people_count; i++) person_start(&world->people[i], "tea");
    world_run(world, 30000);
    assert_false(person_sees(cast.hard, cast.harder));
    assert_true(person_sees(cast.hard, cast.open) && person_sees(cast.harder, cast.open));
}

static void a_bootnode_relays_where_no_member_can(void **state) {
    struct world *world = *state;
    struct person *hard = world_person(world, "hard", NAT_SYMMETRIC);
    struct person *harder = world_person(world, "harder", NAT_PORT_RESTRICTED);
    start_all(world);
    assert_true(is_relayed(hard, harder));
    assert_string_equal(person_last(hard, EVENT_PEER_CONNECTED, harder)->relay, "");
    say_numbered(hard, 1, 100);
    say_numbered(harder, 1, 100);
    world_wait(world, 5000, heard_all(harder, hard, 100) && heard_all(hard, harder, 100));
    world->bootnode_down = true;
    say_numbered(hard, 101, 110);
    world_run(world, 20000);
    assert_int_equal(person_count(harder, EVENT_PEER_LEFT, NULL), 0);
    world->bootnode_down = false;
    world_wait(world, 10000, heard_all(harder, hard, 110));
}

/* Those who relayed until now: a member that left; then only the bootnode is there. */
static void the_last_relay_is_the_bootnode(void **state) {
    struct world *world = *state;
    struct cast cast = cast_of(world);
    start_all(world);
    person_kill(cast.open);
    person_kill(cast.other);
    say_numbered(cast.hard, 1, 20);
    world_wait(world, RESUME_MS, heard_all(cast.harder, cast.hard, 20));
}

static void a_rebound_nat_is_found_again(void **state) {
    static const enum nat_kind kinds[] = {NAT_FULL_CONE, NAT_RESTRICTED, NAT_PORT_RESTRICTED, NAT_SYMMETRIC};
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_PORT_RESTRICTED);
    struct person *bert = world_person(world, "bert", NAT_PORT_RESTRICTED);
    unsigned said = 0;
    start_all(world);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        anna->nat.kind = kinds[i];
        nat_rebind(&anna->nat);
        say_numbered(anna, said + 1, said + 5);
        say_numbered(bert, said + 1, said + 5);
        said += 5;
        world_wait(world, RESUME_MS, heard_all(anna, bert, said) && heard_all(bert, anna, said));
        world_run(world, 20000);
    }
    assert_int_equal(person_count(anna, EVENT_PEER_LEFT, NULL) + person_count(bert, EVENT_PEER_LEFT, NULL), 0);
}

static void who_slept_a_minute_goes_on(void **state) {
    struct world *world = *state;
    struct cast cast = cast_of(world);
    start_all(world);
    say_numbered(cast.hard, 1, 3);
    world_run(world, 1000);
    person_sleep(cast.hard);
    world_run(world, 60000);
    person_wake(cast.hard);
    assert_int_equal(person_count(cast.hard, EVENT_PEER_LEFT, NULL), 0);
    say_numbered(cast.hard, 4, 6);
    world_wait(world, RESUME_MS,
               heard_all(cast.harder, cast.hard, 6) && heard_all(cast.open, cast.hard, 6) &&
                   heard_all(cast.other, cast.hard, 6));
    assert_int_equal(person_count(cast.hard, EVENT_PEER_LEFT, NULL), 0);
}

static void who_slept_a_minute_hears_what_was_said(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_PORT_RESTRICTED);
    struct person *bert = world_person(world, "bert", NAT_FULL_CONE);
    start_all(world);
    unsigned said = 0;
    for (; said < 30; world_run(world, 100), said++) say_numbered(bert, said + 1, said + 1);
    person_stop(anna);
    for (; said < 630; world_run(world, 100), said++) say_numbered(bert, said + 1, said + 1);
    person_wake(anna);
    for (; said < 650; world_run(world, 100), said++) say_numbered(bert, said + 1, said + 1);
    world_wait(world, RESUME_MS, heard_all(anna, bert, said));
}

/* A relayed packet of a handshake, held back; later nothing of `gone` reaches another member. */
struct held_back {
    const struct person *through, *to, *gone;
    unsigned seen;
    bool falls_silent;
    struct wire wire;
};

#define RELAYED_HANDSHAKE_LEAST (PEER_HANDSHAKE_SIZE + 48)
#define RELAYED_HANDSHAKE_MOST (PEER_HANDSHAKE_SIZE + 96)

static bool hold_back(struct world *world, struct wire *wire) {
    struct held_back *held = world->tampering;
    const struct address bootnode = world_bootnode();
    bool is_to = address_same_ip(&wire->to, &held->to->nat.outside);
    if (held->falls_silent) return wire->sender != held->gone || address_equal(&wire->to, &bootnode);
    if (wire->sender != held->through || !is_to) return true;
    if (wire->size < RELAYED_HANDSHAKE_LEAST || wire->size > RELAYED_HANDSHAKE_MOST || ++held->seen != 2) return true;
    held->wire = *wire;
    return false;
}

/* It is in the packet of another member that somebody who is absent is given up. */
static void who_is_given_up_by_a_relayed_packet_is_waited_for_no_more(void **state) {
    struct world *world = *state;
    struct person *hard = world_person(world, "hard", NAT_SYMMETRIC);
    struct person *harder = world_person(world, "harder", NAT_SYMMETRIC);
    struct person *open = world_person(world, "open", NAT_NONE);
    struct held_back held = {.through = open, .to = hard, .gone = harder};
    world->tamper = hold_back;
    world->tampering = &held;
    start_all(world);
    assert_in_range(held.seen, 2, UINT32_MAX);
    held.falls_silent = true;
    person_part(harder, "tea");
    world_run(world, 8000);
    assert_int_equal(person_count(hard, EVENT_PEER_LEFT, harder), 0);
    world->now += 20000;
    engine_receive(hard->engine, 0, &held.wire.from, held.wire.data, held.wire.size, world->now);
    assert_int_equal(person_count(hard, EVENT_PEER_LEFT, harder), 1);
    person_say(hard, "anyone?");
    assert_int_equal(person_last(hard, EVENT_SENT, NULL)->recipients, 1);
    world_wait(world, RESUME_MS, person_count(hard, EVENT_DELIVERED, open) == 1);
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_member_relays),
        WORLD_TEST(another_relay_takes_over),
        WORLD_TEST(who_becomes_reachable_is_reached_directly),
        WORLD_TEST(a_relayed_session_is_renewed),
        WORLD_TEST(never_is_never),
        WORLD_TEST(a_bootnode_relays_where_no_member_can),
        WORLD_TEST(the_last_relay_is_the_bootnode),
        WORLD_TEST(a_rebound_nat_is_found_again),
        WORLD_TEST(who_slept_a_minute_goes_on),
        WORLD_TEST(who_slept_a_minute_hears_what_was_said),
        WORLD_TEST(who_is_given_up_by_a_relayed_packet_is_waited_for_no_more),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("relays", tests, NULL, NULL);
}

/* What a hostile member can do with its own keys, and what it cannot: use the people of its room against a stranger. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scenario/support/hostile.h"

/* The hand-made member is one: it meets people, and what it says from where it is gets an answer there. */
static void it_is_a_member(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE);
    struct hostile mallory;
    hostile_init(&mallory, world, anna, "tea", true);
    person_start(anna, "tea");
    world_run(world, 1000);
    hostile_meet(&mallory);
    hostile_run(&mallory, 2000);
    hostile_count(&mallory, &mallory.at);
    hostile_frame(&mallory, &mallory.at, &(struct frame){.type = FRAME_PING, .token = 1});
    world_run(world, 100);
    assert_int_equal(mallory.at_victim.packets, 1);
    assert_true(mallory.at_victim.bytes <= mallory.spent.bytes);
}

#define PLACES 128

static void beat_for_all(struct hostile *hostile, const uint64_t *sessions, size_t count) {
    for (size_t i = 0; i < count; i++) {
        hostile->session_id = sessions[i];
        hostile_beat(hostile);
    }
}

static void assert_gets_in_and_stays(struct hostile *hostile, struct person *person, const uint64_t *sessions,
                                     size_t count) {
    person_start(person, "tea");
    for (size_t s = 0; s < 30; s++) {
        beat_for_all(hostile, sessions, count);
        world_run(hostile->world, 1000);
    }
    assert_int_equal(person_count(person, EVENT_REGISTERED, NULL), 1);
    assert_int_equal(person_count(person, EVENT_ERROR, NULL), 0);
}

/* It takes what it gets, as `address` of its number says. */
static void fill(void **state, struct address (*address)(size_t number), size_t most) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE);
    struct hostile mallory;
    uint64_t sessions[PLACES];
    uint32_t count = 0;
    hostile_init(&mallory, world, anna, "tea", true);
    for (; count < PLACES; count++) {
        mallory.at = address(count);
        memcpy(mallory.id, &count, sizeof count);
        if (!hostile_registers(&mallory, NULL)) break;
        sessions[count] = mallory.session_id;
    }
    assert_int_equal(count, most);
    assert_gets_in_and_stays(&mallory, anna, sessions, count);
}

static struct address one_address(size_t number) {
    return (struct address){.ip = {[10] = 0xff, 0xff, 192, 0, 2, 66}, .port = (uint16_t)(1000 + number)};
}

static struct address one_slash_24(size_t number) {
    return (struct address){.ip = {[10] = 0xff, 0xff, 203, 0, 113, (uint8_t)(1 + number)}, .port = 1000};
}

static struct address one_slash_64(size_t number) {
    return (struct address){.ip = {0x20, 1, 0xd, 0xb8, [15] = (uint8_t)(1 + number)}, .port = 1000};
}

static struct address one_slash_48(size_t number) {
    return (struct address){.ip = {0x20, 1, 0xd, 0xb8, [6] = (uint8_t)number, [15] = 1}, .port = 1000};
}

static struct address five_addresses(size_t number) {
    return (struct address){.ip = {[10] = 0xff, 0xff, 203, (uint8_t)(number % 5), 113, 1}, .port = 1000};
}

/* Three quarters, and nothing beyond; nor does an IPv6 network get more. */
static void one_address_does_not_fill_a_room(void **state) {
    fill(state, one_address, PLACES * 3 / 4);
}

static void nor_does_a_slash_24(void **state) {
    fill(state, one_slash_24, PLACES);
}

static void nor_does_a_slash_64(void **state) {
    fill(state, one_slash_64, PLACES * 3 / 4);
}

static void nor_does_a_slash_48(void **state) {
    fill(state, one_slash_48, PLACES);
}

/* A room that is full has a place for who comes from elsewhere. */
static void nor_do_five_networks(void **state) {
    fill(state, five_addresses, PLACES);
}

/* As many ghosts as one address gets in are listed between a newcomer and somebody who is there: the newcomer, behind a
 * NAT that lets nobody in whom it did not ask, begins handshakes with all of them, in the order of their ids. */
static void ghosts_hold_up_nobody(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_PORT_RESTRICTED);
    struct person *bert = world_person(world, "bert", NAT_PORT_RESTRICTED);
    struct hostile mallory;
    hostile_init(&mallory, world, anna, "tea", true);
    uint8_t first[MEMBER_ID_SIZE], second[MEMBER_ID_SIZE];
    member_id_derive(&mallory.keys, anna->identity.public, first);
    member_id_derive(&mallory.keys, bert->identity.public, second);
    bool in_order = memcmp(first, second, sizeof first) < 0;
    struct person *newcomer = in_order ? anna : bert, *other = in_order ? bert : anna;
    person_start(other, "tea");
    world_run(world, 500);
    for (uint32_t i = 0; i < PLACES * 3 / 4 - 1; i++) {
        mallory.at = one_address(i);
        memcpy(mallory.id, in_order ? first : second, sizeof mallory.id);
        memset(mallory.id + 4, 0xff, 8);
        memcpy(mallory.id + 12, &i, sizeof i);
        hostile_register(&mallory, NULL);
    }
    person_start(newcomer, "tea");
    world_wait(world, 5000, person_sees(newcomer, other) && person_sees(other, newcomer));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_is_a_member, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(one_address_does_not_fill_a_room, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(nor_does_a_slash_24, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(nor_does_a_slash_64, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(nor_does_a_slash_48, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(nor_do_five_networks, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(ghosts_hold_up_nobody, world_setup, world_teardown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

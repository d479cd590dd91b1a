/* What of a private room's charter waits for members that acknowledge nothing, and what of it was dropped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/charter/charter_messages.h"
#include "tests/scenario/support/hostile.h"
#include "tests/scenario/support/private_people.h"

#define CONNECT_MS 3000
#define TOLD_AT_ONCE (2 + CHARTER_ENTRIES / CHARTER_STATEMENTS_MAX) /* all that is kept, and a digest */
#define KEYS_MS 100000                                              /* keys grow too old soon after */

/* --- Who acknowledges nothing --- */

static size_t waiting(struct person *anna, const struct hostile *mallory) {
    return chatroom_waiting(engine_room(anna->engine, PRIVATE_NAME), mallory->id);
}

/* The owner, with so many people who were banned. */
static struct person *found_with_list(struct world *world, size_t count) {
    const uint8_t banned = STANDING_BANNED;
    struct person *anna = private_found(world, "anna");
    struct private_room kept;
    struct statement statement;
    private_kill(anna, &kept);
    for (size_t i = 0; i < count; i++) {
        uint8_t key[32] = {0};
        memcpy(key, &i, sizeof i);
        assert_int_equal(charter_state(&kept.charter, &anna->identity, STATEMENT_PERSON, key, &banned, 1,
                                       (uint64_t)1700000000000, &statement),
                         CHARTER_TAKEN);
    }
    person_enter(anna, &kept);
    return anna;
}

static void come(struct hostile *mallory, struct world *world, struct person *anna) {
    struct room_keys keys = private_made.keys;
    keys.set = private_present_set(anna);
    hostile_init_keys(mallory, world, anna, &keys, true);
    world_run(world, 1000);
    hostile_meet(mallory);
}

static void say_random_digest(struct hostile *mallory, uint32_t sequence) {
    uint8_t digest[CHARTER_DIGEST_SIZE], message[CHARTER_DIGEST_MESSAGE_SIZE];
    randombytes_buf(digest, sizeof digest);
    size_t size = charter_digest_encode(digest, message);
    const struct frame_segment segment = {
        .stream = 1, .sequence = sequence, .first = true, .last = true, .data = message, .size = size};
    hostile_frame(mallory, &mallory->at, &(struct frame){.type = FRAME_SEGMENT, .segment = segment});
}

/* Each time it says that it holds something else, for ten minutes. */
static void who_acknowledges_nothing_is_not_told_all_again(void **state) {
    struct world *world = *state;
    struct hostile mallory;
    struct person *anna = found_with_list(world, 1000);
    uint64_t met;
    size_t most = 0;
    come(&mallory, world, anna);
    met = world->now;
    for (uint32_t i = 0; i < 60; i++) {
        if (world->now - met > KEYS_MS) {
            hostile_handshake(&mallory, 78 + i);
            met = world->now;
            hostile_run(&mallory, 1000);
        }
        assert_true(mallory.linked);
        say_random_digest(&mallory, i);
        hostile_run(&mallory, 10000);
        if (waiting(anna, &mallory) > most) most = waiting(anna, &mallory);
    }
    print_message("# %zu messages wait for who acknowledged nothing in ten minutes\n", most);
    assert_true(most >= TOLD_AT_ONCE - 2); /* it was heard */
    assert_true(most < 3 * TOLD_AT_ONCE);
}

/* It is removed, and begins a new run more often than it would be dismissed. */
static void nor_is_who_was_removed_told_so_ever_more_often(void **state) {
    struct world *world = *state;
    struct hostile mallory;
    struct why why;
    size_t most = 0;
    unsigned runs = 0;
    struct person *anna = private_found(world, "anna");
    come(&mallory, world, anna);
    hostile_run(&mallory, 2000);
    if (!chamber_decide(private_chamber(anna), DECIDE_REMOVE, mallory.id, "", world->now, &why))
        fail_msg("%s", why.text);
    for (uint32_t i = 0; i < 75; i++) {
        mallory.claims.run++;
        hostile_handshake(&mallory, 78 + i);
        hostile_run(&mallory, 800);
        runs += mallory.linked;
        if (waiting(anna, &mallory) > most) most = waiting(anna, &mallory);
    }
    print_message("# %zu messages wait for who was removed and came in %u runs\n", most, runs);
    assert_true(runs > 20);
    assert_in_range(most, 1, 2); /* who removed it, and that it is removed */
}

#define test(name) cmocka_unit_test_setup_teardown(name, private_setup, world_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        test(who_acknowledges_nothing_is_not_told_all_again),
        test(nor_is_who_was_removed_told_so_ever_more_often),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("private_queues", tests, NULL, NULL);
}

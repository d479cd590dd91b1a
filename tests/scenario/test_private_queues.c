/* What of a private room's charter waits for members that acknowledge nothing, and what of it was dropped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/charter/charter_messages.h"
#include "common/wire/bootnode_packets.h"
#include "common/wire/peer_packets.h"
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

/* --- What was dropped --- */

/* Between people nothing gets through, by the bootnode neither. */
static bool lose(struct world *world, struct wire *wire) {
    (void)world;
    return wire->data[0] != MESSAGE_RELAY && (wire->data[0] < PEER_PROBE || wire->data[0] > PEER_DATA);
}

static void decide_topic(struct person *anna, const char *topic) {
    static const uint8_t nobody[MEMBER_ID_SIZE];
    struct why why;
    if (!chamber_decide(private_chamber(anna), DECIDE_TOPIC, nobody, topic, anna->world->now, &why))
        fail_msg("%s", why.text);
}

/* So much is said meanwhile that it is given up, the charter's messages, too. */
static void who_slept_hears_of_the_charter_what_was_dropped(void **state) {
    struct world *world = *state;
    struct person *anna = private_found(world, "anna"), *bert = private_invite(world, "bert", NULL);
    world_wait(world, CONNECT_MS, private_sees(anna, bert) && private_agree(anna, bert));
    world_run(world, 20000);
    world->tamper = lose;
    for (unsigned i = 0; i < 600; i++) private_say(anna, "are you there?");
    decide_topic(anna, "tea at five");
    world_run(world, 40000);
    assert_true(person_count(anna, EVENT_UNDELIVERED, bert) > 500);
    assert_int_equal(person_count(bert, EVENT_PEER_LEFT, NULL) + person_count(anna, EVENT_PEER_LEFT, NULL), 0);
    world->tamper = NULL;
    person_say(bert, "I was asleep");
    world_wait(world, 30000, private_heard(anna, "I was asleep")); /* there is a way again */
    world_wait(world, 10000, private_agree(anna, bert));
}

/* What anna sends does not arrive, whatever way it takes. */
static bool lose_hers(struct world *world, struct wire *wire) {
    const struct person *anna = world->tampering;
    return wire->sender && wire->sender != anna;
}

/* Who is blocked stays a member, and has to hear where the others go. */
static void nor_does_who_is_blocked_miss_what_was_dropped(void **state) {
    struct world *world = *state;
    struct person *anna = private_found(world, "anna"), *bert = private_invite(world, "bert", NULL),
                  *carl = private_invite(world, "carl", NULL);
    world_wait(world, CONNECT_MS, private_sees(anna, bert) && private_sees(anna, carl) && private_agree(anna, bert));
    person_mark(anna, carl, MARK_VERIFIED);
    person_kill(carl);
    world_run(world, 20000);
    world->tamper = lose_hers;
    world->tampering = anna;
    decide_topic(anna, "tea at five");
    world_run(world, 1000);
    person_nick(bert, "carl");
    world_wait(world, 2000, person_last(anna, EVENT_ERROR, bert));
    assert_string_equal(person_last(anna, EVENT_ERROR, bert)->reason, EVENT_KEY_CHANGED);
    assert_false(private_agree(anna, bert));
    world->tamper = NULL;
    world_wait(world, 10000, private_agree(anna, bert));
}

#define test(name) cmocka_unit_test_setup_teardown(name, private_setup, world_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        test(who_acknowledges_nothing_is_not_told_all_again),
        test(nor_is_who_was_removed_told_so_ever_more_often),
        test(who_slept_hears_of_the_charter_what_was_dropped),
        test(nor_does_who_is_blocked_miss_what_was_dropped),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("private_queues", tests, NULL, NULL);
}

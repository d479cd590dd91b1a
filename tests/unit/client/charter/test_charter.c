#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/charter/charter.h"

#define NOW 1700000000000u
#define PEOPLE 8
#define SAID_MAX 64

static const uint8_t room[ROOM_ID_SIZE] = "sixteen bytes..";
/* The first one owns the room. */
static struct identity people[PEOPLE];
static struct founding founding;
static uint8_t root[PRIVATE_ROOT_SIZE];

/* The same random numbers in each run. */
static uint32_t chance(uint32_t below) {
    static uint32_t state = 2463534242;
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % below;
}

static int start(void **state) {
    (void)state;
    if (sodium_init() < 0) return -1;
    for (uint8_t i = 0; i < PEOPLE; i++) identity_from_seed((const uint8_t[32]){i, 7}, &people[i]);
    memcpy(founding.owner, people[0].public, 32);
    memset(founding.nonce, 0x5a, sizeof founding.nonce);
    private_root(founding.owner, founding.nonce, root);
    return 0;
}

static void found(struct charter *charter) {
    charter_init(charter, root, room);
    assert_true(charter_found(charter, &founding));
}

static struct statement person(size_t author, size_t subject, enum standing standing, uint64_t stamp) {
    struct statement statement = {.kind = STATEMENT_PERSON, .stamp = stamp, .body_size = 1};
    memcpy(statement.subject, people[subject].public, 32);
    statement.body[0] = (uint8_t)standing;
    statement_sign(&statement, room, &people[author]);
    return statement;
}

static struct statement topic(size_t author, const char *text, uint64_t stamp) {
    struct statement statement = {.kind = STATEMENT_TOPIC, .stamp = stamp, .body_size = strlen(text)};
    memcpy(statement.body, text, statement.body_size);
    statement_sign(&statement, room, &people[author]);
    return statement;
}

static enum charter_taking take(struct charter *charter, struct statement statement) {
    return charter_take(charter, &statement, NOW);
}

static enum standing standing_of(const struct charter *charter, size_t who) {
    return charter_standing(charter, people[who].public);
}

static void a_root_has_one_founding(void **state) {
    struct charter charter;
    struct founding other = founding;
    (void)state;
    charter_init(&charter, root, room);
    assert_int_equal(take(&charter, person(0, 1, STANDING_OP, NOW)), CHARTER_UNAUTHORISED);
    memcpy(other.owner, people[1].public, 32);
    assert_false(charter_found(&charter, &other));
    assert_true(charter_found(&charter, &founding));
    assert_int_equal(standing_of(&charter, 0), STANDING_OWNER);
    assert_int_equal(standing_of(&charter, 1), STANDING_UNKNOWN);
    charter_clear(&charter);
}

static void only_who_may_is_heard(void **state) {
    struct charter charter;
    (void)state;
    found(&charter);
    assert_int_equal(take(&charter, person(1, 2, STANDING_REMOVED, NOW)), CHARTER_UNAUTHORISED);
    assert_int_equal(take(&charter, topic(1, "mine", NOW)), CHARTER_UNAUTHORISED);
    assert_int_equal(take(&charter, person(0, 1, STANDING_OP, NOW)), CHARTER_TAKEN);
    assert_int_equal(take(&charter, person(1, 2, STANDING_REMOVED, NOW + 1)), CHARTER_TAKEN);
    assert_int_equal(standing_of(&charter, 2), STANDING_REMOVED);
    assert_int_equal(take(&charter, topic(1, "mine", NOW + 1)), CHARTER_TAKEN);
    /* Not before it was one; not about the owner or another op; and no op is made by one. */
    assert_int_equal(take(&charter, person(1, 3, STANDING_REMOVED, NOW - 1)), CHARTER_UNAUTHORISED);
    assert_int_equal(take(&charter, person(1, 0, STANDING_REMOVED, NOW + 1)), CHARTER_UNAUTHORISED);
    assert_int_equal(take(&charter, person(0, 3, STANDING_OP, NOW)), CHARTER_TAKEN);
    assert_int_equal(take(&charter, person(1, 3, STANDING_REMOVED, NOW + 1)), CHARTER_UNAUTHORISED);
    assert_int_equal(take(&charter, person(1, 4, STANDING_OP, NOW + 1)), CHARTER_UNAUTHORISED);
    assert_false(charter_may(&charter, people[1].public, STATEMENT_RULE, NULL, STANDING_REMOVED));
    assert_true(charter_may(&charter, people[1].public, STATEMENT_PERSON, people[4].public, STANDING_BANNED));
    assert_true(charter_holds(&charter));
    charter_clear(&charter);
}

static void a_forged_word_is_none(void **state) {
    struct charter charter;
    struct statement forged = person(0, 1, STANDING_OP, NOW);
    (void)state;
    found(&charter);
    forged.signature[5] ^= 1;
    assert_int_equal(take(&charter, forged), CHARTER_FORGED);
    forged = person(1, 1, STANDING_OP, NOW);
    memcpy(forged.author, people[0].public, 32);
    assert_int_equal(take(&charter, forged), CHARTER_FORGED);
    assert_int_equal(charter.count, 0);
    charter_clear(&charter);
}

static void the_later_word_counts(void **state) {
    struct charter charter;
    (void)state;
    found(&charter);
    assert_int_equal(take(&charter, person(0, 1, STANDING_BANNED, NOW)), CHARTER_TAKEN);
    assert_int_equal(take(&charter, person(0, 1, STANDING_MEMBER, NOW - 1)), CHARTER_KNOWN);
    assert_int_equal(take(&charter, person(0, 1, STANDING_MEMBER, NOW)), CHARTER_KNOWN);
    assert_int_equal(standing_of(&charter, 1), STANDING_BANNED);
    assert_int_equal(take(&charter, person(0, 1, STANDING_MEMBER, NOW + 1)), CHARTER_TAKEN);
    assert_int_equal(standing_of(&charter, 1), STANDING_MEMBER);
    assert_int_equal(take(&charter, person(0, 1, STANDING_BANNED, NOW + CHARTER_AHEAD_MS)), CHARTER_TAKEN);
    assert_int_equal(take(&charter, person(0, 1, STANDING_MEMBER, NOW + CHARTER_AHEAD_MS + 1)), CHARTER_AHEAD);
    charter_clear(&charter);
}

/* A word of one's own follows what was said before, even where that came from a clock that is ahead. */
static void ones_own_word_is_the_last(void **state) {
    struct charter charter;
    struct statement out;
    static const uint8_t removed = STANDING_REMOVED;
    (void)state;
    found(&charter);
    assert_int_equal(take(&charter, person(0, 1, STANDING_OP, NOW + 5000)), CHARTER_TAKEN);
    assert_int_equal(take(&charter, person(1, 2, STANDING_MEMBER, NOW + 9000)), CHARTER_TAKEN);
    assert_int_equal(charter_state(&charter, &people[0], STATEMENT_PERSON, people[2].public, &removed, 1, NOW, &out),
                     CHARTER_TAKEN);
    assert_int_equal(standing_of(&charter, 2), STANDING_REMOVED);
    assert_int_equal(charter_state(&charter, &people[1], STATEMENT_PERSON, people[3].public, &removed, 1, NOW, &out),
                     CHARTER_TAKEN);
    assert_int_equal(charter_state(&charter, &people[2], STATEMENT_PERSON, people[3].public, &removed, 1, NOW, &out),
                     CHARTER_UNAUTHORISED);
    charter_clear(&charter);
}

/* What an op said ends with it, but for what the owner takes over in dismissing it. */
static void a_dismissed_op_leaves_what_the_owner_keeps(void **state) {
    struct charter charter, other;
    struct statement *list, late = person(1, 4, STANDING_BANNED, NOW + 50);
    (void)state;
    found(&charter);
    assert_int_equal(take(&charter, person(0, 1, STANDING_OP, NOW)), CHARTER_TAKEN);
    assert_int_equal(take(&charter, person(1, 2, STANDING_BANNED, NOW + 1)), CHARTER_TAKEN);
    assert_int_equal(take(&charter, topic(1, "ours", NOW + 1)), CHARTER_TAKEN);
    size_t count = charter_adopt(&charter, &people[0], people[1].public, NOW, &list);
    assert_int_equal(count, 2);
    found(&other);
    assert_int_equal(take(&other, person(0, 1, STANDING_OP, NOW)), CHARTER_TAKEN);
    assert_int_equal(take(&other, person(1, 3, STANDING_BANNED, NOW + 1)), CHARTER_TAKEN);
    for (size_t i = 0; i < count; i++) assert_int_equal(take(&other, list[i]), CHARTER_TAKEN);
    assert_int_equal(take(&other, person(0, 1, STANDING_MEMBER, NOW + 1)), CHARTER_TAKEN);
    free(list);
    assert_int_equal(standing_of(&other, 1), STANDING_MEMBER);
    assert_int_equal(standing_of(&other, 2), STANDING_BANNED);
    assert_int_equal(standing_of(&other, 3), STANDING_UNKNOWN);
    assert_int_equal(take(&other, late), CHARTER_UNAUTHORISED);
    assert_int_equal(charter_adopt(&other, &people[0], people[1].public, NOW, &list), 0);
    assert_null(list);
    charter_clear(&charter);
    charter_clear(&other);
}

static void an_epoch_is_stale_when_somebody_else_is_removed(void **state) {
    struct charter charter;
    struct statement out;
    uint8_t body[STATEMENT_EPOCH_BODY];
    (void)state;
    found(&charter);
    assert_null(charter_secret(&charter));
    assert_false(charter_is_stale(&charter));
    assert_int_equal(take(&charter, person(0, 1, STANDING_REMOVED, NOW)), CHARTER_TAKEN);
    assert_true(charter_is_stale(&charter));
    memset(body, 0xee, PRIVATE_SECRET_SIZE);
    charter_removed(&charter, body + PRIVATE_SECRET_SIZE);
    assert_int_equal(charter_state(&charter, &people[0], STATEMENT_EPOCH, NULL, body, sizeof body, NOW, &out),
                     CHARTER_TAKEN);
    assert_false(charter_is_stale(&charter));
    assert_memory_equal(charter_secret(&charter), body, PRIVATE_SECRET_SIZE);
    assert_int_equal(take(&charter, person(0, 2, STANDING_BANNED, NOW)), CHARTER_TAKEN);
    assert_true(charter_is_stale(&charter));
    charter_clear(&charter);
}

/* --- One list, in whatever order --- */

static struct statement anything(void) {
    size_t author = chance(4); /* the owner, and three who may be ops at times */
    uint64_t stamp = NOW + chance(12);
    if (chance(5) == 0) return topic(author, chance(2) ? "one" : "another", stamp);
    if (author == 0 && chance(2)) return person(0, 1 + chance(3), chance(3) ? STANDING_OP : STANDING_MEMBER, stamp);
    return person(author, chance(PEOPLE), (enum standing)chance(STANDING_SAID), stamp);
}

static void shuffle(struct statement *list, size_t count) {
    for (size_t i = count; i > 1; i--) {
        size_t other = chance((uint32_t)i);
        struct statement moved = list[i - 1];
        list[i - 1] = list[other];
        list[other] = moved;
    }
}

/* As members do who tell each other what they have until nothing is new. */
static void take_until_nothing_is_new(struct charter *charter, const struct statement *list, size_t count) {
    for (bool news = true; news;) {
        news = false;
        for (size_t i = 0; i < count; i++)
            if (charter_take(charter, &list[i], NOW) == CHARTER_TAKEN) news = true;
    }
}

static void any_order_makes_one_list(void **state) {
    struct statement said[SAID_MAX];
    uint8_t first[CHARTER_DIGEST_SIZE], again[CHARTER_DIGEST_SIZE];
    (void)state;
    for (int round = 0; round < 60; round++) {
        size_t count = 1 + chance(SAID_MAX);
        for (size_t i = 0; i < count; i++) said[i] = anything();
        for (int order = 0; order < 6; order++) {
            struct charter charter;
            found(&charter);
            shuffle(said, count);
            take_until_nothing_is_new(&charter, said, count);
            assert_true(charter_holds(&charter));
            charter_digest(&charter, order == 0 ? first : again);
            if (order > 0) assert_memory_equal(first, again, sizeof first);
            charter_clear(&charter);
        }
    }
}

static void tell(const struct charter *from, struct charter *to) {
    const struct statement *said;
    size_t place = 0;
    while ((said = charter_next(from, &place))) (void)charter_take(to, said, NOW);
}

/* Two parts of a room that did not hear each other, each with an op who removes somebody: together they know both. */
static void parts_of_a_room_heal_to_one_list(void **state) {
    struct charter here, there;
    uint8_t ours[CHARTER_DIGEST_SIZE], theirs[CHARTER_DIGEST_SIZE];
    (void)state;
    found(&here);
    assert_int_equal(take(&here, person(0, 1, STANDING_OP, NOW)), CHARTER_TAKEN);
    assert_int_equal(take(&here, person(0, 2, STANDING_OP, NOW)), CHARTER_TAKEN);
    found(&there);
    tell(&here, &there);
    assert_int_equal(take(&here, person(1, 3, STANDING_REMOVED, NOW + 1)), CHARTER_TAKEN);
    assert_int_equal(take(&here, person(1, 5, STANDING_MEMBER, NOW + 3)), CHARTER_TAKEN);
    assert_int_equal(take(&there, person(2, 4, STANDING_BANNED, NOW + 1)), CHARTER_TAKEN);
    assert_int_equal(take(&there, person(2, 5, STANDING_REMOVED, NOW + 3)), CHARTER_TAKEN);
    tell(&here, &there);
    tell(&there, &here);
    for (size_t i = 3; i <= 5; i++) assert_int_equal(standing_of(&here, i), standing_of(&there, i));
    assert_int_equal(standing_of(&here, 3), STANDING_REMOVED);
    assert_int_equal(standing_of(&here, 4), STANDING_BANNED);
    assert_int_equal(standing_of(&here, 5), STANDING_REMOVED);
    charter_digest(&here, ours);
    charter_digest(&there, theirs);
    assert_memory_equal(ours, theirs, sizeof ours);
    charter_clear(&here);
    charter_clear(&there);
}

/* --- Bounds --- */

static enum charter_taking take_stranger(struct charter *charter, uint32_t number, enum standing standing) {
    struct statement statement = {.kind = STATEMENT_PERSON, .stamp = NOW + number, .body_size = 1};
    memset(statement.subject, 0xcc, sizeof statement.subject);
    memcpy(statement.subject, &number, sizeof number);
    statement.body[0] = (uint8_t)standing;
    statement_sign(&statement, room, &people[0]);
    return charter_take(charter, &statement, NOW);
}

static void a_full_list_forgets_the_removed(void **state) {
    struct charter charter;
    (void)state;
    found(&charter);
    for (uint32_t i = 0; i < CHARTER_ENTRIES; i++)
        assert_int_equal(take_stranger(&charter, i, i % 512 == 511 ? STANDING_REMOVED : STANDING_BANNED),
                         CHARTER_TAKEN);
    assert_int_equal(take_stranger(&charter, 2000, STANDING_BANNED), CHARTER_TAKEN);
    assert_int_equal(take_stranger(&charter, 2001, STANDING_BANNED), CHARTER_TAKEN);
    assert_int_equal(take_stranger(&charter, 2002, STANDING_BANNED), CHARTER_FULL);
    assert_int_equal(charter.count, CHARTER_ENTRIES);
    assert_true(charter_holds(&charter));
    charter_clear(&charter);
}

/* What was said before somebody was removed counts no more, though the removal had to make place. */
static void nothing_takes_the_place_of_what_is_later(void **state) {
    struct charter charter;
    (void)state;
    found(&charter);
    assert_int_equal(take_stranger(&charter, 10, STANDING_REMOVED), CHARTER_TAKEN);
    assert_int_equal(take_stranger(&charter, 20, STANDING_REMOVED), CHARTER_TAKEN);
    for (uint32_t i = 1000; charter.count < CHARTER_ENTRIES; i++)
        assert_int_equal(take_stranger(&charter, i, STANDING_MEMBER), CHARTER_TAKEN);
    assert_int_equal(take_stranger(&charter, 5000, STANDING_MEMBER), CHARTER_TAKEN); /* in the place of 10 */
    assert_int_equal(take_stranger(&charter, 10, STANDING_REMOVED), CHARTER_FULL);
    assert_int_equal(take_stranger(&charter, 9, STANDING_MEMBER), CHARTER_FULL);
    assert_int_equal(take_stranger(&charter, 5001, STANDING_MEMBER), CHARTER_TAKEN); /* of 20 */
    assert_true(charter_holds(&charter));
    charter_clear(&charter);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_root_has_one_founding),
        cmocka_unit_test(only_who_may_is_heard),
        cmocka_unit_test(a_forged_word_is_none),
        cmocka_unit_test(the_later_word_counts),
        cmocka_unit_test(ones_own_word_is_the_last),
        cmocka_unit_test(a_dismissed_op_leaves_what_the_owner_keeps),
        cmocka_unit_test(an_epoch_is_stale_when_somebody_else_is_removed),
        cmocka_unit_test(any_order_makes_one_list),
        cmocka_unit_test(parts_of_a_room_heal_to_one_list),
        cmocka_unit_test(a_full_list_forgets_the_removed),
        cmocka_unit_test(nothing_takes_the_place_of_what_is_later),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("charter", tests, start, NULL);
}

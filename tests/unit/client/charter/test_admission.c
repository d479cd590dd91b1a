#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/charter/admission.h"

#define NOW 1700000000000u

static struct identity owner, op, guest;

static int start(void **state) {
    (void)state;
    if (sodium_init() < 0) return -1;
    identity_from_seed((const uint8_t[32]){1}, &owner);
    identity_from_seed((const uint8_t[32]){2}, &op);
    identity_from_seed((const uint8_t[32]){3}, &guest);
    return 0;
}

static void say(struct private_room *room, enum statement_kind kind, const uint8_t *subject, unsigned word) {
    struct statement out;
    const uint8_t body = (uint8_t)word;
    assert_int_equal(charter_state(&room->charter, &owner, kind, subject, &body, 1, NOW, &out), CHARTER_TAKEN);
}

/* With an op; the guest stands as said, the rule is as said. */
static void make(struct private_room *room, enum standing guests, enum membership_rule rule) {
    assert_true(private_room_make(room, "tea", &owner));
    say(room, STATEMENT_PERSON, op.public, STANDING_OP);
    if (guests < STANDING_SAID) say(room, STATEMENT_PERSON, guest.public, guests);
    if (rule != RULE_SECRET) say(room, STATEMENT_RULE, NULL, rule);
}

/* What §3.7 rule 5 says: each standing, each set, each rule, seen by one who may say "member" and by one who may not.
 */
static enum verdict expected(enum standing standing, enum key_set_role role, enum membership_rule rule, bool may) {
    if (standing == STANDING_MEMBER || standing == STANDING_OP) return VERDICTS;
    if (standing == STANDING_BANNED) return VERDICT_REMOVED;
    if (standing == STANDING_REMOVED && (role != KEY_SET_DOOR || !may)) return VERDICT_REMOVED;
    if (role == KEY_SET_FORMER) return VERDICT_OUTDATED;
    return rule == RULE_LISTED && !(role == KEY_SET_DOOR && may) ? VERDICT_UNLISTED : VERDICTS;
}

static void each_standing_under_each_set(void **state) {
    static const enum standing standings[] = {STANDING_REMOVED, STANDING_MEMBER, STANDING_OP, STANDING_BANNED,
                                              STANDING_UNKNOWN};
    (void)state;
    for (size_t i = 0; i < sizeof standings / sizeof *standings; i++)
        for (int role = KEY_SET_CURRENT; role <= KEY_SET_FORMER; role++)
            for (int rule = RULE_SECRET; rule < MEMBERSHIP_RULES; rule++)
                for (int may = 0; may < 2; may++) {
                    struct private_room room;
                    struct identity plain;
                    identity_from_seed((const uint8_t[32]){9}, &plain);
                    make(&room, standings[i], (enum membership_rule)rule);
                    const struct private_door *door =
                        role == KEY_SET_DOOR ? private_room_open_door(&room, true, 0, NOW + 1) : NULL;
                    enum verdict verdict =
                        expected(standings[i], (enum key_set_role)role, (enum membership_rule)rule, may);
                    /* Of an op the owner alone may say something. */
                    const struct admission admission = admission_of(&room, may ? owner.public : plain.public,
                                                                    (enum key_set_role)role, door, guest.public, NOW);
                    assert_int_equal(admission.kind, verdict == VERDICTS ? ADMISSION_LET_IN : ADMISSION_REFUSE);
                    if (verdict != VERDICTS) assert_int_equal(admission.verdict, verdict);
                    bool stands = standings[i] == STANDING_MEMBER || standings[i] == STANDING_OP;
                    assert_int_equal(admission.note, verdict == VERDICTS && !stands && may);
                    assert_int_equal(admission.use_door, verdict == VERDICTS && !stands && role == KEY_SET_DOOR);
                    private_room_clear(&room);
                }
}

static void without_a_charter_nobody_is_let_in(void **state) {
    struct private_room room, invited;
    (void)state;
    make(&room, STANDING_MEMBER, RULE_SECRET);
    assert_true(private_room_init(&invited, "tea", room.charter.root));
    assert_int_equal(admission_of(&invited, guest.public, KEY_SET_CURRENT, NULL, owner.public, NOW).kind,
                     ADMISSION_WAIT);
    private_room_clear(&room);
    private_room_clear(&invited);
}

/* Who was removed lets in nobody: the others do not hear it either. */
static void who_was_removed_lets_in_nobody(void **state) {
    struct private_room room;
    (void)state;
    make(&room, STANDING_REMOVED, RULE_SECRET);
    assert_int_equal(admission_of(&room, guest.public, KEY_SET_CURRENT, NULL, owner.public, NOW).kind, ADMISSION_WAIT);
    private_room_clear(&room);
}

static void the_owner_needs_no_word(void **state) {
    struct private_room room;
    (void)state;
    make(&room, STANDING_UNKNOWN, RULE_LISTED);
    for (int role = KEY_SET_CURRENT; role <= KEY_SET_FORMER; role++)
        assert_int_equal(admission_of(&room, guest.public, (enum key_set_role)role, NULL, owner.public, NOW).kind,
                         ADMISSION_LET_IN);
    private_room_clear(&room);
}

/* Whatever invites there were when somebody was removed lead that one nowhere, used or not. */
static void an_invite_of_before_a_removal_is_over_for_who_was_removed(void **state) {
    struct private_room room;
    (void)state;
    make(&room, STANDING_REMOVED, RULE_SECRET);
    for (int used = 0; used < 2; used++) {
        struct private_door *door = private_room_open_door(&room, used, 0, NOW - 1000);
        door->used = used;
        memcpy(door->by, guest.public, 32);
        assert_int_equal(admission_of(&room, owner.public, KEY_SET_DOOR, door, guest.public, NOW + 5000).verdict,
                         VERDICT_REMOVED);
    }
    struct private_door *later = private_room_open_door(&room, true, 0, NOW + 1);
    assert_int_equal(admission_of(&room, owner.public, KEY_SET_DOOR, later, guest.public, NOW + 5000).kind,
                     ADMISSION_LET_IN);
    private_room_clear(&room);
}

static void a_used_or_late_invite_is_said_to_be_one(void **state) {
    struct private_room room;
    (void)state;
    make(&room, STANDING_UNKNOWN, RULE_SECRET);
    struct private_door *door = private_room_open_door(&room, true, NOW + 1000, NOW);
    assert_non_null(door);
    assert_true(admission_of(&room, owner.public, KEY_SET_DOOR, door, guest.public, NOW).use_door);
    door->used = true;
    memcpy(door->by, op.public, 32);
    assert_int_equal(admission_of(&room, owner.public, KEY_SET_DOOR, door, guest.public, NOW).verdict, VERDICT_USED);
    assert_int_equal(admission_of(&room, owner.public, KEY_SET_DOOR, door, guest.public, NOW + 1000).verdict,
                     VERDICT_OVER);
    private_room_clear(&room);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_standing_under_each_set),
        cmocka_unit_test(without_a_charter_nobody_is_let_in),
        cmocka_unit_test(who_was_removed_lets_in_nobody),
        cmocka_unit_test(the_owner_needs_no_word),
        cmocka_unit_test(an_invite_of_before_a_removal_is_over_for_who_was_removed),
        cmocka_unit_test(a_used_or_late_invite_is_said_to_be_one),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("admission", tests, start, NULL);
}

/* Whether somebody is who we take them for: what the user sees, and what the engine is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/command_stage.h"

#define NUMBER                                                                                                         \
    "* alice#a11c: fingerprint " ALICE                                                                                 \
    "\n*     12345 67890\n[code of 1234567890]\n* Compare this number with the one "                                   \
    "that alice sees of you, face to face or in a call. If both are the same: /verify alice#a11c yes\n"

static void enter_tea(struct command_stage *stage) {
    stage_open(stage, NULL);
    stage_enter(stage, "tea");
    stage_connect(stage, "tea", 1, "alice", ALICE);
    stage_connect(stage, "tea", 2, "bob", BOB);
}

static void expect_mark(struct command_stage *stage, const char *line, uint8_t id, enum person_mark mark) {
    const struct input *input = stage_expect_told(stage, line, INPUT_MARK, "tea", "");
    assert_int_equal(input->mark, mark);
    assert_int_equal(input->peer[0], id);
    stage_done(stage);
}

static void a_number_is_compared_and_then_said(void **state) {
    struct command_stage stage;
    (void)state;
    enter_tea(&stage);
    stage_expect(&stage, "/verify alice", NUMBER);
    expect_mark(&stage, "/verify alice yes", 1, MARK_VERIFIED);
    expect_mark(&stage, "/unverify alice", 1, MARK_UNVERIFIED);
    expect_mark(&stage, "/trust bob#b0b1", 2, MARK_TRUSTED);
    expect_mark(&stage, "/trust B0B10", 2, MARK_TRUSTED);
    stage_close(&stage);
}

/* Nobody says of one what was compared with another, who had the nick before. */
static void what_was_not_shown_was_not_compared(void **state) {
    struct command_stage stage;
    (void)state;
    enter_tea(&stage);
    stage_expect(&stage, "/verify bob yes",
                 "! /verify: the number of bob#b0b1 was not shown yet: /verify bob#b0b1, and compare it\n");
    stage_expect(&stage, "/verify alice", NUMBER);
    stage_leave(&stage, "tea", 1, "alice");
    stage_connect(&stage, "tea", 3, "alice", OTHER_BOB);
    stage_expect(&stage, "/verify alice yes",
                 "! /verify: the number of alice#b0b2 was not shown yet: /verify alice#b0b2, and compare it\n");
    stage_close(&stage);
}

static void who_is_meant_has_a_key_and_is_one(void **state) {
    struct command_stage stage;
    (void)state;
    enter_tea(&stage);
    stage_connect(&stage, "tea", 3, "bob", OTHER_BOB);
    stage_arrive(&stage, "tea", 4);
    stage_expect(&stage, "/verify bob", "! /verify: 'bob' may be bob#b0b10000, bob#b0b20000\n");
    stage_expect(&stage, "/trust bob", "! /trust: 'bob' may be bob#b0b10000, bob#b0b20000\n");
    stage_expect(&stage, "/verify ?04040404", "! /verify: ?04040404 is not connected, so the key is not known yet\n");
    stage_expect(&stage, "/verify bob no", "! /verify: expected /verify PEER [yes]\n");
    stage_expect(&stage, "/trust", "! /trust: expected /trust PEER\n");
    stage_expect(&stage, "/unverify zoe",
                 "! /unverify: 'zoe' is not here; here is ?04040404, alice#a11c, bob#b0b10000, bob#b0b20000\n");
    stage_close(&stage);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_is_compared_and_then_said),
        cmocka_unit_test(what_was_not_shown_was_not_compared),
        cmocka_unit_test(who_is_meant_has_a_key_and_is_one),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("command_trust", tests, NULL, NULL);
}

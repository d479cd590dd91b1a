/* What is typed, and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/message/message.h"
#include "tests/support/line_stage.h"

static void nothing_is_said_without_credit(void **state) {
    struct line_stage stage;
    (void)state;
    line_stage_open(&stage, UI_PLAIN);
    line_stage_type(&stage, "one\ntwo\nthree\n");
    line_stage_expect_round(&stage);
    line_stage_expect_round(&stage);
    assert_null(queue_pop(&stage.inputs));
    line_stage_give_credit(&stage, 1);
    line_stage_expect_input(&stage, INPUT_SAY, "one");
    line_stage_type(&stage, "four\n");
    line_stage_expect_round(&stage);
    assert_int_equal(line_stage_unread(&stage), 5);
    assert_null(queue_pop(&stage.inputs));
    line_stage_give_credit(&stage, 2);
    line_stage_expect_input(&stage, INPUT_SAY, "two");
    line_stage_expect_input(&stage, INPUT_SAY, "three");
    line_stage_expect_round(&stage);
    assert_null(queue_pop(&stage.inputs));
    line_stage_give_credit(&stage, 5);
    line_stage_expect_input(&stage, INPUT_SAY, "four");
    line_stage_close(&stage, 0);
}

/* A full room, or a bootnode that is silent, must not be one that nobody can leave. */
static void commands_that_need_no_members_wait_for_none(void **state) {
    struct line_stage stage;
    (void)state;
    line_stage_open(&stage, UI_PLAIN);
    line_stage_type(&stage, "/nick dave\n/help me\n/part lobby\n");
    line_stage_expect_input(&stage, INPUT_NICK, "dave");
    line_stage_expect_output(&stage, "* /me TEXT: says what you do\n");
    line_stage_expect_input(&stage, INPUT_PART, "");
    line_stage_push_of(&stage, "lobby", EVENT_PARTED, NULL);
    line_stage_push_of(&stage, "tea", EVENT_JOINED, NULL);
    line_stage_expect_output(&stage, "* left lobby\n* joined tea\n");
    line_stage_type(&stage, "/who\n/quit\n");
    line_stage_push_of(&stage, "tea", EVENT_ERROR, "round");
    line_stage_expect_output(&stage, "! round\n");
    assert_null(queue_pop(&stage.inputs));
    line_stage_give_credit_in(&stage, "tea", 1);
    line_stage_expect_output(&stage, "* nobody else is here\n");
    line_stage_expect_input(&stage, INPUT_END, "");
    line_stage_close(&stage, 0);
}

static void the_end_comes_once_after_the_last_line(void **state) {
    struct line_stage stage;
    (void)state;
    line_stage_open(&stage, UI_PLAIN);
    line_stage_type(&stage, "one\ntwo");
    line_stage_close_input(&stage);
    line_stage_expect_round(&stage);
    assert_null(queue_pop(&stage.inputs));
    line_stage_give_credit(&stage, 1);
    line_stage_expect_input(&stage, INPUT_SAY, "one");
    line_stage_give_credit(&stage, 9);
    line_stage_expect_input(&stage, INPUT_SAY, "two");
    line_stage_expect_input(&stage, INPUT_END, "");
    line_stage_give_credit(&stage, 9);
    line_stage_expect_round(&stage);
    line_stage_close(&stage, 3);
}

static void a_piece_of_a_long_line_takes_one_credit(void **state) {
    static char text[MESSAGE_TEXT_MAX + 10];
    struct line_stage stage;
    struct input *input;
    size_t written = 0;
    (void)state;
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\n';
    line_stage_open(&stage, UI_PLAIN);
    line_stage_give_credit(&stage, 1);
    while (written < sizeof text) {
        ssize_t part = write(stage.to_input, text + written, sizeof text - written);
        assert_true(part > 0);
        written += (size_t)part;
    }
    input = line_stage_next_input(&stage);
    assert_int_equal(input->size, MESSAGE_TEXT_MAX);
    input_destroy(input);
    line_stage_expect_round(&stage);
    assert_null(queue_pop(&stage.inputs));
    line_stage_give_credit(&stage, 1);
    line_stage_expect_input(&stage, INPUT_SAY, "xxxxxxxxx");
    line_stage_close(&stage, 0);
}

static void commands_begin_with_a_slash(void **state) {
    struct line_stage stage;
    (void)state;
    line_stage_open(&stage, UI_PLAIN);
    line_stage_give_credit(&stage, 3);
    line_stage_type(&stage, "/dance now\n//etc/motd\n / \n/quit\nnever\n");
    line_stage_expect_input(&stage, INPUT_SAY, "/etc/motd");
    line_stage_expect_input(&stage, INPUT_SAY, " / ");
    line_stage_expect_input(&stage, INPUT_END, "");
    line_stage_expect_output(&stage, "! /dance: no such command, /help lists them; text that begins with / is written "
                                     "//\xe2\x80\xa6\n");
    line_stage_give_credit(&stage, 9);
    line_stage_expect_round(&stage);
    line_stage_close(&stage, 4);
}

static void a_command_that_is_too_long_is_not_cut(void **state) {
    static char text[MESSAGE_TEXT_MAX + 10];
    struct line_stage stage;
    size_t written = 0;
    (void)state;
    memset(text, 'x', sizeof text);
    text[0] = '/';
    text[sizeof text - 1] = '\n';
    line_stage_open(&stage, UI_PLAIN);
    line_stage_give_credit(&stage, 2);
    while (written < sizeof text) {
        ssize_t part = write(stage.to_input, text + written, sizeof text - written);
        assert_true(part > 0);
        written += (size_t)part;
    }
    line_stage_expect_output(&stage, "! expected a command of at most 65536 bytes\n");
    line_stage_type(&stage, "hi\n");
    line_stage_expect_input(&stage, INPUT_SAY, "hi");
    line_stage_close(&stage, 0);
}

/* A zero would end it, and the rest be lost. */
static void a_command_has_no_zero_bytes(void **state) {
    static const char text[] = "/me waves\0 at all\n";
    struct line_stage stage;
    (void)state;
    line_stage_open(&stage, UI_PLAIN);
    line_stage_give_credit(&stage, 2);
    assert_int_equal(write(stage.to_input, text, sizeof text - 1), sizeof text - 1);
    line_stage_expect_output(&stage, "! expected a command without zero bytes\n");
    line_stage_type(&stage, "hi\n");
    line_stage_expect_input(&stage, INPUT_SAY, "hi");
    line_stage_close(&stage, 0);
}

static void errors_are_events_in_json(void **state) {
    struct line_stage stage;
    (void)state;
    line_stage_open(&stage, UI_JSON);
    line_stage_give_credit(&stage, 1);
    line_stage_type(&stage, "/me\n");
    line_stage_expect_output(&stage, "{\"event\":\"error\",\"text\":\"/me: expected /me TEXT\"}\n");
    line_stage_close(&stage, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_said_without_credit),
        cmocka_unit_test(commands_that_need_no_members_wait_for_none),
        cmocka_unit_test(the_end_comes_once_after_the_last_line),
        cmocka_unit_test(a_piece_of_a_long_line_takes_one_credit),
        cmocka_unit_test(commands_begin_with_a_slash),
        cmocka_unit_test(a_command_that_is_too_long_is_not_cut),
        cmocka_unit_test(a_command_has_no_zero_bytes),
        cmocka_unit_test(errors_are_events_in_json),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("line_ui", tests, NULL, NULL);
}

/* Several rooms, and lines that wait for one. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/line_stage.h"
#include "tests/support/sample_event.h"

static void nothing_is_read_before_there_is_a_room(void **state) {
    struct line_stage stage;
    (void)state;
    line_stage_start(&stage, UI_PLAIN, NULL);
    line_stage_type(&stage, "/who\n");
    line_stage_close_input(&stage);
    line_stage_expect_round(&stage);
    assert_int_equal(line_stage_unread(&stage), 5);
    assert_null(queue_pop(&stage.inputs));
    line_stage_push_of(&stage, "lobby", EVENT_JOINED, NULL);
    line_stage_expect_output(&stage, "* joined lobby\n");
    line_stage_expect_round(&stage);
    line_stage_give_credit(&stage, 1);
    line_stage_expect_output(&stage, "* nobody else is here\n");
    line_stage_expect_input(&stage, INPUT_END, "");
    line_stage_close(&stage, 0);
}

static void expect_said(struct line_stage *stage, const char *room, const char *text) {
    struct input *input = line_stage_next_input(stage);
    assert_int_equal(input->type, INPUT_SAY);
    assert_string_equal(input->room, room);
    assert_string_equal(input->text, text);
    input_destroy(input);
}

/* What follows /join is for the new room, whose list of members must be there. */
/* An object waits for the credit of its own room, and what is wrong does not end anything. */
static void json_takes_objects(void **state) {
    struct line_stage stage;
    (void)state;
    line_stage_open(&stage, UI_JSON);
    line_stage_type(&stage, "{\"say\":\"one\\ntwo\"}\n{\"say\":1}\r\n{\"command\":\"nick dora\",\"ref\":2}\nthree\n");
    line_stage_give_credit(&stage, 1);
    line_stage_expect_input(&stage, INPUT_SAY, "one\ntwo");
    line_stage_give_credit(&stage, 1);
    line_stage_expect_output(&stage, "{\"event\":\"error\",\"text\":\"line 2: say: 1, expected a string\"}\n");
    line_stage_expect_input(&stage, INPUT_NICK, "dora");
    line_stage_expect_input(&stage, INPUT_SAY, "three");
    line_stage_close(&stage, 0);
}

static void input_that_cannot_be_read_is_told(void **state) {
    struct line_stage stage;
    int folder = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void)state;
    line_stage_start(&stage, UI_JSON, NULL);
    assert_true(folder >= 0 && dup2(folder, stage.ui.input) >= 0);
    close(folder);
    line_stage_push_of(&stage, "lobby", EVENT_JOINED, NULL);
    line_stage_give_credit(&stage, 1);
    line_stage_expect_output(&stage, "{\"event\":\"joined\",\"room\":\"lobby\"}\n"
                                     "{\"event\":\"error\",\"text\":\"standard input: Is a directory\"}\n");
    line_stage_expect_input(&stage, INPUT_END, "");
    line_stage_close(&stage, 0);
}

static void plain_takes_objects_for_text(void **state) {
    struct line_stage stage;
    (void)state;
    line_stage_open(&stage, UI_PLAIN);
    line_stage_type(&stage, "{\"say\":\"x\"}\n");
    line_stage_give_credit(&stage, 1);
    line_stage_expect_input(&stage, INPUT_SAY, "{\"say\":\"x\"}");
    line_stage_close(&stage, 0);
}

static void lines_after_a_join_wait_for_it(void **state) {
    struct line_stage stage;
    (void)state;
    line_stage_open(&stage, UI_PLAIN);
    line_stage_give_credit(&stage, 9);
    line_stage_type(&stage, "one\n/join tea\ntwo\n/join lobby\nthree\n");
    expect_said(&stage, "lobby", "one");
    line_stage_expect_input(&stage, INPUT_JOIN, "");
    line_stage_expect_round(&stage);
    assert_null(queue_pop(&stage.inputs));
    line_stage_push_of(&stage, "tea", EVENT_JOINED, NULL);
    line_stage_expect_output(&stage, "[tea] * joined tea\n");
    line_stage_push_of(&stage, "tea", EVENT_NOTICE, "round");
    line_stage_expect_output(&stage, "[tea] * round\n");
    assert_null(queue_pop(&stage.inputs));
    line_stage_give_credit_in(&stage, "tea", 2);
    expect_said(&stage, "tea", "two");
    expect_said(&stage, "lobby", "three");
    line_stage_expect_output(&stage, "[lobby] * you speak in lobby now\n");
    line_stage_close(&stage, 0);
}

/* Which is told as another input. */
static void lines_after_an_invite_wait_for_its_room(void **state) {
    struct invite invite = {
        .kind = INVITE_PRIVATE, .room = "tea", .hosts = {{.name = "tea.example"}}, .host_count = 1, .root = "root"};
    struct line_stage stage;
    char text[INVITE_TEXT_SIZE], lines[INVITE_TEXT_SIZE + 16];
    (void)state;
    invite_format(&invite, text);
    snprintf(lines, sizeof lines, "/join %s\ntwo\n", text);
    line_stage_open(&stage, UI_PLAIN);
    snprintf(stage.settings.bootnode, sizeof stage.settings.bootnode, "tea.example");
    line_stage_give_credit(&stage, 9);
    line_stage_type(&stage, lines);
    struct input *input = line_stage_next_input(&stage);
    assert_int_equal(input->type, INPUT_ENTER);
    input_destroy(input);
    line_stage_expect_round(&stage);
    assert_null(queue_pop(&stage.inputs));
    line_stage_push_of(&stage, "tea", EVENT_JOINED, NULL);
    line_stage_expect_output(&stage, "[tea] * joined tea\n");
    line_stage_give_credit_in(&stage, "tea", 1);
    expect_said(&stage, "tea", "two");
    line_stage_close(&stage, 0);
}

static void lines_go_on_after_a_join_that_failed(void **state) {
    struct line_stage stage;
    (void)state;
    line_stage_open(&stage, UI_PLAIN);
    line_stage_give_credit(&stage, 9);
    line_stage_type(&stage, "/join tea\none\n");
    line_stage_expect_input(&stage, INPUT_JOIN, "");
    line_stage_push_of(&stage, "lobby", EVENT_ERROR, "of another room");
    line_stage_expect_output(&stage, "! of another room\n");
    assert_null(queue_pop(&stage.inputs));
    line_stage_push_of(&stage, NULL, EVENT_ERROR, "cannot join tea");
    line_stage_expect_output(&stage, "! cannot join tea\n");
    expect_said(&stage, "lobby", "one");
    line_stage_close(&stage, 0);
}

/* Its members can make us say that a nick is taken, while we are still leaving. */
static void what_is_wrong_in_the_room_being_left_answers_no_join(void **state) {
    struct line_stage stage;
    (void)state;
    line_stage_open(&stage, UI_PLAIN);
    line_stage_give_credit(&stage, 9);
    line_stage_push_of(&stage, "tea", EVENT_JOINED, NULL);
    line_stage_give_credit_in(&stage, "tea", 9);
    line_stage_expect_output(&stage, "[tea] * joined tea\n");
    line_stage_type(&stage, "/part lobby\n/join lobby\none\n");
    line_stage_expect_input(&stage, INPUT_PART, "");
    line_stage_expect_input(&stage, INPUT_JOIN, "");
    line_stage_push_of(&stage, "lobby", EVENT_ERROR, "taken");
    line_stage_push_of(&stage, "lobby", EVENT_PARTED, NULL);
    line_stage_push_of(&stage, "lobby", EVENT_JOINED, NULL);
    line_stage_give_credit(&stage, 9);
    expect_said(&stage, "lobby", "one");
    line_stage_expect_output(&stage, "[lobby] ! taken\n[lobby] * left lobby\n[lobby] * joined lobby\n");
    line_stage_close(&stage, 0);
}

static void lines_after_a_part_wait_for_it(void **state) {
    struct line_stage stage;
    (void)state;
    line_stage_open(&stage, UI_PLAIN);
    line_stage_give_credit(&stage, 9);
    line_stage_push_of(&stage, "tea", EVENT_JOINED, NULL);
    line_stage_give_credit_in(&stage, "tea", 9);
    line_stage_type(&stage, "/part\none\n/part\ntwo\n/me waves\n/join tea\n");
    line_stage_expect_input(&stage, INPUT_PART, "");
    line_stage_expect_output(&stage, "[tea] * joined tea\n");
    line_stage_push_of(&stage, "lobby", EVENT_NOTICE, "round");
    line_stage_expect_output(&stage, "[lobby] * round\n");
    assert_null(queue_pop(&stage.inputs));
    line_stage_push_of(&stage, "tea", EVENT_PARTED, NULL);
    expect_said(&stage, "lobby", "one");
    line_stage_expect_output(&stage, "[tea] * left tea\n* you speak in lobby now\n");
    line_stage_expect_input(&stage, INPUT_PART, "");
    line_stage_push_of(&stage, "lobby", EVENT_PARTED, NULL);
    line_stage_expect_output(
        &stage, "* left lobby\n! you are in no room, expected /join ROOM first\n! /me: you are in no room, "
                "expected /join ROOM first\n");
    line_stage_expect_input(&stage, INPUT_JOIN, "");
    line_stage_close(&stage, 0);
}

static void a_room_that_is_left_elsewhere_holds_nobody_up(void **state) {
    struct line_stage stage;
    (void)state;
    line_stage_open(&stage, UI_PLAIN);
    line_stage_push_of(&stage, "tea", EVENT_JOINED, NULL);
    line_stage_give_credit_in(&stage, "tea", 9);
    line_stage_type(&stage, "/part lobby\none\n");
    line_stage_expect_input(&stage, INPUT_PART, "");
    expect_said(&stage, "tea", "one");
    line_stage_push_of(&stage, "lobby", EVENT_PARTED, NULL);
    line_stage_expect_output(&stage, "[tea] * joined tea\n[lobby] * left lobby\n");
    line_stage_close(&stage, 0);
}

static void with_several_rooms_each_line_names_its_own(void **state) {
    struct event *event;
    struct line_stage stage;
    (void)state;
    line_stage_open(&stage, UI_PLAIN);
    line_stage_push(&stage, sample_event(EVENT_MESSAGE, "alone"));
    line_stage_expect_output(&stage, "alice: alone\n");
    line_stage_push_of(&stage, "te\na", EVENT_JOINED, NULL);
    line_stage_expect_output(&stage, "[te\xef\xbf\xbd"
                                     "a] * joined te\xef\xbf\xbd"
                                     "a\n");
    line_stage_push(&stage, sample_event(EVENT_MESSAGE, "one\n\ntwo"));
    line_stage_expect_output(&stage, "[lobby] alice: one\n[lobby] alice: \n[lobby] alice: two\n");
    event = sample_event(EVENT_ERROR, "of none");
    event->room = NULL;
    line_stage_push(&stage, event);
    line_stage_expect_output(&stage, "! of none\n");
    line_stage_push_of(&stage, "te\na", EVENT_PARTED, NULL);
    line_stage_expect_output(&stage, "[te\xef\xbf\xbd"
                                     "a] * left te\xef\xbf\xbd"
                                     "a\n* you speak in lobby now\n");
    line_stage_close(&stage, 0);
}

static void json_names_rooms_once(void **state) {
    struct line_stage stage;
    (void)state;
    line_stage_open(&stage, UI_JSON);
    line_stage_push_of(&stage, "tea", EVENT_JOINED, NULL);
    line_stage_expect_output(&stage, "{\"event\":\"joined\",\"room\":\"tea\"}\n");
    line_stage_close(&stage, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_read_before_there_is_a_room),
        cmocka_unit_test(json_takes_objects),
        cmocka_unit_test(input_that_cannot_be_read_is_told),
        cmocka_unit_test(plain_takes_objects_for_text),
        cmocka_unit_test(lines_after_a_join_wait_for_it),
        cmocka_unit_test(lines_after_an_invite_wait_for_its_room),
        cmocka_unit_test(lines_go_on_after_a_join_that_failed),
        cmocka_unit_test(what_is_wrong_in_the_room_being_left_answers_no_join),
        cmocka_unit_test(lines_after_a_part_wait_for_it),
        cmocka_unit_test(a_room_that_is_left_elsewhere_holds_nobody_up),
        cmocka_unit_test(with_several_rooms_each_line_names_its_own),
        cmocka_unit_test(json_names_rooms_once),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("line_ui_rooms", tests, NULL, NULL);
}

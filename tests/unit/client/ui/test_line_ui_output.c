/* What is shown and kept, and who reads it. */
#include <ctype.h>
#include <fcntl.h>
#include <poll.h>
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
#include "tests/support/folder.h"
#include "tests/support/line_stage.h"
#include "tests/support/sample_event.h"

/* --- Who is not heard, what is kept --- */

static struct event *of_alice(struct event *event) {
    memset(event->fingerprint, 'f', sizeof event->fingerprint - 1);
    return event;
}

static void meet_alice(struct line_stage *stage) {
    struct event *connected = sample_event(EVENT_PEER_CONNECTED, NULL);
    memset(connected->fingerprint, 'f', sizeof connected->fingerprint - 1);
    line_stage_push(stage, sample_event(EVENT_PEER_JOINED, NULL));
    line_stage_push(stage, connected);
    line_stage_expect_output(stage, "* alice is arriving\n* alice#ffff is here (direct, 12 ms)\n");
}

static void push_coming(struct line_stage *stage, enum event_type type, int number, const char *nick) {
    struct event *event = sample_event(type, NULL);
    memset(event->peer, number, sizeof event->peer);
    strcpy(event->nick, nick);
    if (type == EVENT_PEER_CONNECTED) strcpy(event->fingerprint, "1a2b");
    line_stage_push(stage, event);
}

static void who_comes_after_another_is_folded(void **state) {
    struct line_stage stage;
    (void)state;
    line_stage_joins = JOINS_AUTO;
    line_stage_open(&stage, UI_PLAIN);
    line_stage_joins = JOINS_ON;
    line_stage_give_credit(&stage, 1);
    push_coming(&stage, EVENT_PEER_JOINED, 1, "");
    push_coming(&stage, EVENT_PEER_CONNECTED, 1, "anna");
    line_stage_expect_output(&stage, "* anna#1a2b is here (direct, 12 ms)\n");
    push_coming(&stage, EVENT_PEER_CONNECTED, 2, "bert");
    push_coming(&stage, EVENT_PEER_CONNECTED, 3, "carl");
    push_coming(&stage, EVENT_PEER_LEFT, 1, "");
    line_stage_push(&stage, sample_event(EVENT_MESSAGE, "hello")); /* what is told next comes after them */
    line_stage_expect_output(&stage, "* → bert#1a2b and carl#1a2b came; ← anna#1a2b left\nalice: hello\n");
    push_coming(&stage, EVENT_PEER_LEFT, 3, "");
    line_stage_finish(&stage, 0);
    line_stage_expect_output(&stage, "* ← carl#1a2b left\n"); /* the end comes after all */
    line_stage_end(&stage, 0);
}

static void who_is_ignored_is_not_shown(void **state) {
    struct line_stage stage;
    (void)state;
    line_stage_open(&stage, UI_PLAIN);
    line_stage_give_credit(&stage, 1);
    meet_alice(&stage);
    line_stage_push(&stage, of_alice(sample_event(EVENT_MESSAGE, "one")));
    line_stage_expect_output(&stage, "alice: one\n");
    line_stage_type(&stage, "/ignore alice\n");
    line_stage_expect_output(&stage, "* alice#ffff is ignored from now on\n");
    line_stage_push(&stage, sample_event(EVENT_MESSAGE, "two"));
    line_stage_push(&stage, sample_event_of_kind(EVENT_MESSAGE, CHAT_PRIVATE, "three"));
    line_stage_expect_round(&stage);
    line_stage_type(&stage, "/ignore alice\n");
    line_stage_expect_output(&stage, "* alice#ffff is heard again\n");
    line_stage_push(&stage, of_alice(sample_event(EVENT_MESSAGE, "four")));
    line_stage_expect_output(&stage, "alice: four\n");
    line_stage_close(&stage, 0);
}

/* Takes "2026-11-22 17:03:05 " out wherever it stands. */
static void without_times(char *text) {
    static const char shape[] = "dddd-dd-dd dd:dd:dd ";
    const size_t length = sizeof shape - 1;
    while (*text) {
        size_t fits = 0;
        while (fits < length && (shape[fits] == 'd' ? isdigit((unsigned char)text[fits]) : text[fits] == shape[fits]))
            fits++;
        if (fits == length)
            memmove(text, text + length, strlen(text + length) + 1);
        else
            text++;
    }
}

static void expect_logged(const char *folder, const char *expected) {
    char file[FOLDER_PATH_SIZE], text[4096];
    folder_read(folder_file(folder, "transcripts/lobby.log", file), text, sizeof text);
    without_times(text);
    assert_string_equal(text, expected);
}

/* All that comes, up to the line that ends it. */
static void expect_output_until(struct line_stage *stage, const char *last, const char *expected) {
    char text[4096] = "";
    size_t size = 0;
    while (!strstr(text, last)) {
        struct pollfd wanted = {.fd = stage->from_output, .events = POLLIN};
        ssize_t part;
        assert_int_equal(poll(&wanted, 1, LINE_STAGE_PATIENCE_MS), 1);
        part = read(stage->from_output, text + size, sizeof text - 1 - size);
        assert_true(part > 0);
        size += (size_t)part;
        text[size] = '\0';
    }
    without_times(text);
    assert_string_equal(text, expected);
}

static void what_was_said_is_kept_where_asked(void **state) {
    char said[FOLDER_PATH_SIZE + 64];
    struct line_stage stage;
    struct event *sent, *action;
    line_stage_start(&stage, UI_PLAIN, *state);
    line_stage_push_of(&stage, "lobby", EVENT_JOINED, NULL);
    line_stage_expect_output(&stage, "* joined lobby\n");
    line_stage_give_credit(&stage, 1);
    meet_alice(&stage);
    line_stage_push(&stage, of_alice(sample_event(EVENT_MESSAGE, "not kept")));
    line_stage_expect_output(&stage, "alice: not kept\n");
    line_stage_type(&stage, "/log on\n");
    snprintf(said, sizeof said, "* lobby is logged in %s/transcripts/lobby.log\n", (const char *)*state);
    line_stage_expect_output(&stage, said);
    line_stage_push(&stage, of_alice(sample_event(EVENT_MESSAGE, "hello")));
    sent = sample_event(EVENT_SENT, "hi");
    strcpy(sent->fingerprint, LINE_STAGE_KEY);
    line_stage_push(&stage, sent);
    action = of_alice(sample_event_of_kind(EVENT_MESSAGE, CHAT_ACTION, "is gone")); /* which is not the same */
    strcpy(action->id, "00000000000000ab-2");
    line_stage_push(&stage, action);
    line_stage_push(&stage, of_alice(sample_event(EVENT_PEER_LEFT, NULL)));
    line_stage_expect_output(&stage, "alice: hello\n** alice is gone\n* alice is gone\n");
    line_stage_close(&stage, 0);
    expect_logged(*state, "alice#ffff: hello\ncarol#0123: hi\n** alice#ffff is gone\n* alice#ffff is gone\n");

    line_stage_start(&stage, UI_PLAIN, *state);
    line_stage_push_of(&stage, "lobby", EVENT_JOINED, NULL);
    line_stage_push(&stage, of_alice(sample_event(EVENT_MESSAGE, "hello"))); /* from others: it is there already */
    sent = sample_event(EVENT_MESSAGE, "hi");                                /* as our own is */
    strcpy(sent->fingerprint, LINE_STAGE_KEY);
    line_stage_push(&stage, sent);
    line_stage_push_of(&stage, NULL, EVENT_ERROR, "end");
    expect_output_until(&stage, "! end\n",
                        "* joined lobby\n* alice#ffff: hello\n* carol#0123: hi\n* ** alice#ffff is gone\n* * "
                        "alice#ffff is gone\n! end\n");
    line_stage_close(&stage, 0);
    expect_logged(*state, "alice#ffff: hello\ncarol#0123: hi\n** alice#ffff is gone\n* alice#ffff is gone\n");
}

static void what_is_no_utf8_is_repaired(void **state) {
    struct line_stage stage;
    (void)state;
    line_stage_open(&stage, UI_PLAIN);
    line_stage_give_credit(&stage, 1);
    line_stage_type(&stage, "caf\xe9\n");
    line_stage_expect_input(&stage, INPUT_SAY, "caf\xef\xbf\xbd");
    line_stage_close(&stage, 0);
}

/* The reader went away: whole lines that lie there are said, and nothing that comes later. */
static void a_reader_that_went_away_is_the_end_of_input(void **state) {
    struct line_stage stage;
    (void)state;
    line_stage_open(&stage, UI_PLAIN);
    line_stage_type(&stage, "one\ntwo\nhalf of");
    close(stage.from_output);
    stage.from_output = -1;
    line_stage_push(&stage, sample_event(EVENT_ERROR, "one"));
    line_stage_push(&stage, sample_event(EVENT_ERROR, "two"));
    line_stage_give_credit(&stage, 1);
    line_stage_expect_input(&stage, INPUT_SAY, "one");
    line_stage_type(&stage, "not read any more\n");
    line_stage_give_credit(&stage, 9);
    line_stage_expect_input(&stage, INPUT_SAY, "two");
    line_stage_expect_input(&stage, INPUT_END, "");
    line_stage_close(&stage, 0);
}

/* Without a word to say nothing is waited for: no room, no credit. */
static void a_reader_that_went_away_early_ends_it_at_once(void **state) {
    struct line_stage stage;
    (void)state;
    line_stage_start(&stage, UI_JSON, NULL);
    close(stage.from_output);
    stage.from_output = -1;
    line_stage_push(&stage, sample_event(EVENT_ERROR, "no room"));
    line_stage_expect_input(&stage, INPUT_END, "");
    line_stage_close(&stage, 0);
}

static void what_was_said_is_delivered_though_the_reader_went_away(void **state) {
    struct line_stage stage;
    (void)state;
    line_stage_open(&stage, UI_PLAIN);
    line_stage_give_credit(&stage, 1);
    line_stage_close_input(&stage);
    line_stage_expect_input(&stage, INPUT_END, "");
    close(stage.from_output);
    stage.from_output = -1;
    line_stage_push(&stage, sample_event(EVENT_ERROR, "one"));
    line_stage_close(&stage, 0); /* no second end, and no stop */
}

static void a_full_disk_leaves_time_for_the_input(void **state) {
    struct line_stage stage;
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    (void)state;
    if (full < 0) skip();
    line_stage_open(&stage, UI_JSON);
    assert_true(dup2(full, stage.ui.output) >= 0);
    close(full);
    line_stage_give_credit(&stage, 2);
    line_stage_push(&stage, sample_event(EVENT_ERROR, "nobody can read it"));
    line_stage_type(&stage, "one\n");
    line_stage_expect_input(&stage, INPUT_SAY, "one");
    line_stage_type(&stage, "two");
    line_stage_close_input(&stage);
    line_stage_expect_input(&stage, INPUT_SAY, "two");
    line_stage_give_credit(&stage, 1);
    line_stage_expect_input(&stage, INPUT_END, "");
    line_stage_close(&stage, 0);
}

/* More than a pipe takes at once, through a descriptor that would rather fail than wait. */
static void partial_writes_are_resumed(void **state) {
    static char text[MESSAGE_TEXT_MAX + 1], buffer[16 * sizeof text];
    struct line_stage stage;
    size_t size = 0, expected = 4 * (MESSAGE_TEXT_MAX + strlen("alice: \n"));
    (void)state;
    memset(text, 'x', MESSAGE_TEXT_MAX);
    line_stage_open(&stage, UI_PLAIN);
    assert_int_equal(fcntl(stage.ui.output, F_SETFL, O_NONBLOCK), 0);
    for (int i = 0; i < 4; i++) line_stage_push(&stage, sample_event(EVENT_MESSAGE, text));
    while (size < expected) {
        ssize_t part = read(stage.from_output, buffer + size, 5000);
        assert_true(part > 0);
        size += (size_t)part;
    }
    assert_int_equal(size, expected);
    for (size_t i = 0; i < 4; i++) assert_memory_equal(buffer + i * expected / 4, "alice: xxx", 10);
    line_stage_close(&stage, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_comes_after_another_is_folded),
        cmocka_unit_test(who_is_ignored_is_not_shown),
        cmocka_unit_test_setup_teardown(what_was_said_is_kept_where_asked, folder_make, folder_remove),
        cmocka_unit_test(what_is_no_utf8_is_repaired),
        cmocka_unit_test(a_reader_that_went_away_is_the_end_of_input),
        cmocka_unit_test(a_reader_that_went_away_early_ends_it_at_once),
        cmocka_unit_test(what_was_said_is_delivered_though_the_reader_went_away),
        cmocka_unit_test(a_full_disk_leaves_time_for_the_input),
        cmocka_unit_test(partial_writes_are_resumed),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("line_ui_output", tests, NULL, NULL);
}

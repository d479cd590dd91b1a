#include <ctype.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/message/message.h"
#include "client/ui/line_ui.h"
#include "tests/support/folder.h"
#include "tests/support/sample_event.h"

#define OUR_KEY "0123456789abcdef0123456789abcdef"
#define PATIENCE_MS 30000 /* for what a working UI does at once */

/* --- The loop, on a thread, between pipes and queues --- */

struct stage {
    struct ui ui;
    struct queue inputs;
    struct client_config settings;
    pthread_t thread;
    int to_input, from_output; /* our ends */
    int status;
};

static void *run(void *argument) {
    struct stage *stage = argument;
    stage->status = line_ui_run(&stage->ui);
    return NULL;
}

static int joins = JOINS_ON; /* what is folded waits for a while: that is for one test */

/* `directory` NULL: keeps nothing. */
static void stage_start(struct stage *stage, enum ui_kind kind, const char *directory) {
    int input[2], output[2];
    signal(SIGPIPE, SIG_IGN);
    memset(stage, 0, sizeof *stage);
    assert_int_equal(pipe(input), 0);
    assert_int_equal(pipe(output), 0);
    assert_int_equal(queue_init(&stage->inputs, 0), 0);
    assert_int_equal(queue_init(&stage->ui.events, 0), 0);
    ini_table_defaults(&client_config_table, &stage->settings);
    stage->settings.joins = joins;
    stage->ui.inputs = &stage->inputs;
    stage->ui.kind = kind;
    stage->ui.input = input[0];
    stage->ui.output = output[1];
    stage->ui.settings = &stage->settings;
    stage->ui.directory = directory;
    stage->ui.nick = "carol";
    stage->ui.fingerprint = OUR_KEY;
    stage->to_input = input[1];
    stage->from_output = output[0];
    assert_int_equal(pthread_create(&stage->thread, NULL, run, stage), 0);
}

static void push(struct stage *stage, struct event *event) {
    assert_true(queue_push(&stage->ui.events, &event->node));
}

static void push_of(struct stage *stage, const char *room, enum event_type type, const char *text) {
    struct event *event = event_create(type, text, text ? strlen(text) : 0);
    event->room = room;
    push(stage, event);
}

static void give_credit_in(struct stage *stage, const char *room, unsigned credit) {
    struct event *event = event_create(EVENT_CREDIT, NULL, 0);
    event->room = room;
    event->credit = credit;
    push(stage, event);
}

static void give_credit(struct stage *stage, unsigned credit) {
    give_credit_in(stage, "lobby", credit);
}

static void expect_output(struct stage *stage, const char *text);

/* In the room "lobby". */
static void stage_open(struct stage *stage, enum ui_kind kind) {
    stage_start(stage, kind, NULL);
    push_of(stage, "lobby", EVENT_JOINED, NULL);
    expect_output(stage, kind == UI_JSON ? "{\"event\":\"joined\",\"room\":\"lobby\"}\n" : "* joined lobby\n");
}

static void close_input(struct stage *stage) {
    close(stage->to_input);
    stage->to_input = -1;
}

static void finish(struct stage *stage, int status) {
    struct event *event = event_create(EVENT_FINISHED, NULL, 0);
    event->status = status;
    push(stage, event);
}

static void stage_end(struct stage *stage, int status) {
    assert_int_equal(pthread_join(stage->thread, NULL), 0);
    assert_int_equal(stage->status, status);
    assert_null(queue_pop(&stage->inputs));
    queue_destroy(&stage->inputs);
    queue_destroy(&stage->ui.events);
    close(stage->ui.input);
    close(stage->ui.output);
    if (stage->to_input >= 0) close(stage->to_input);
    if (stage->from_output >= 0) close(stage->from_output);
}

static void stage_close(struct stage *stage, int status) {
    finish(stage, status);
    stage_end(stage, status);
}

static void type(struct stage *stage, const char *text) {
    assert_int_equal(write(stage->to_input, text, strlen(text)), strlen(text));
}

static struct input *next_input(struct stage *stage) {
    struct queue_node *node;
    while (!(node = queue_pop(&stage->inputs))) {
        struct pollfd wanted = {.fd = queue_event(&stage->inputs), .events = POLLIN};
        if (queue_settle(&stage->inputs)) assert_int_equal(poll(&wanted, 1, PATIENCE_MS), 1);
    }
    return (struct input *)node;
}

static void expect_input(struct stage *stage, enum input_type type, const char *text) {
    struct input *input = next_input(stage);
    assert_int_equal(input->type, type);
    assert_string_equal(input->text, text);
    assert_int_equal(input->size, strlen(text));
    input_destroy(input);
}

static void expect_output(struct stage *stage, const char *text) {
    char buffer[1024];
    size_t size = 0;
    while (size < strlen(text)) {
        struct pollfd wanted = {.fd = stage->from_output, .events = POLLIN};
        ssize_t part;
        assert_int_equal(poll(&wanted, 1, PATIENCE_MS), 1);
        part = read(stage->from_output, buffer + size, sizeof buffer - 1 - size);
        assert_true(part > 0);
        size += (size_t)part;
    }
    buffer[size] = '\0';
    assert_string_equal(buffer, text);
}

/* When this has come out, the loop has seen all that was pushed before. */
static void expect_round(struct stage *stage) {
    push(stage, sample_event(EVENT_ERROR, "round"));
    expect_output(stage, "! round\n");
}

static int unread(const struct stage *stage) {
    int size = -1;
    assert_int_equal(ioctl(stage->ui.input, FIONREAD, &size), 0);
    return size;
}

static void nothing_is_said_without_credit(void **state) {
    struct stage stage;
    (void)state;
    stage_open(&stage, UI_PLAIN);
    type(&stage, "one\ntwo\nthree\n");
    expect_round(&stage);
    expect_round(&stage);
    assert_null(queue_pop(&stage.inputs));
    give_credit(&stage, 1);
    expect_input(&stage, INPUT_SAY, "one");
    type(&stage, "four\n");
    expect_round(&stage);
    assert_int_equal(unread(&stage), 5);
    assert_null(queue_pop(&stage.inputs));
    give_credit(&stage, 2);
    expect_input(&stage, INPUT_SAY, "two");
    expect_input(&stage, INPUT_SAY, "three");
    expect_round(&stage);
    assert_null(queue_pop(&stage.inputs));
    give_credit(&stage, 5);
    expect_input(&stage, INPUT_SAY, "four");
    stage_close(&stage, 0);
}

/* A full room, or a bootnode that is silent, must not be one that nobody can leave. */
static void commands_that_need_no_members_wait_for_none(void **state) {
    struct stage stage;
    (void)state;
    stage_open(&stage, UI_PLAIN);
    type(&stage, "/nick dave\n/help me\n/part lobby\n");
    expect_input(&stage, INPUT_NICK, "dave");
    expect_output(&stage, "* /me TEXT: says what you do\n");
    expect_input(&stage, INPUT_PART, "");
    push_of(&stage, "lobby", EVENT_PARTED, NULL);
    push_of(&stage, "tea", EVENT_JOINED, NULL);
    expect_output(&stage, "* left lobby\n* joined tea\n");
    type(&stage, "/who\n/quit\n");
    push_of(&stage, "tea", EVENT_ERROR, "round");
    expect_output(&stage, "! round\n");
    assert_null(queue_pop(&stage.inputs));
    give_credit_in(&stage, "tea", 1);
    expect_output(&stage, "* nobody else is here\n");
    expect_input(&stage, INPUT_END, "");
    stage_close(&stage, 0);
}

static void the_end_comes_once_after_the_last_line(void **state) {
    struct stage stage;
    (void)state;
    stage_open(&stage, UI_PLAIN);
    type(&stage, "one\ntwo");
    close_input(&stage);
    expect_round(&stage);
    assert_null(queue_pop(&stage.inputs));
    give_credit(&stage, 1);
    expect_input(&stage, INPUT_SAY, "one");
    give_credit(&stage, 9);
    expect_input(&stage, INPUT_SAY, "two");
    expect_input(&stage, INPUT_END, "");
    give_credit(&stage, 9);
    expect_round(&stage);
    stage_close(&stage, 3);
}

static void a_piece_of_a_long_line_takes_one_credit(void **state) {
    static char text[MESSAGE_TEXT_MAX + 10];
    struct stage stage;
    struct input *input;
    size_t written = 0;
    (void)state;
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\n';
    stage_open(&stage, UI_PLAIN);
    give_credit(&stage, 1);
    while (written < sizeof text) {
        ssize_t part = write(stage.to_input, text + written, sizeof text - written);
        assert_true(part > 0);
        written += (size_t)part;
    }
    input = next_input(&stage);
    assert_int_equal(input->size, MESSAGE_TEXT_MAX);
    input_destroy(input);
    expect_round(&stage);
    assert_null(queue_pop(&stage.inputs));
    give_credit(&stage, 1);
    expect_input(&stage, INPUT_SAY, "xxxxxxxxx");
    stage_close(&stage, 0);
}

static void commands_begin_with_a_slash(void **state) {
    struct stage stage;
    (void)state;
    stage_open(&stage, UI_PLAIN);
    give_credit(&stage, 3);
    type(&stage, "/dance now\n//etc/motd\n / \n/quit\nnever\n");
    expect_input(&stage, INPUT_SAY, "/etc/motd");
    expect_input(&stage, INPUT_SAY, " / ");
    expect_input(&stage, INPUT_END, "");
    expect_output(&stage, "! /dance: no such command, /help lists them; text that begins with / is written "
                          "//\xe2\x80\xa6\n");
    give_credit(&stage, 9);
    expect_round(&stage);
    stage_close(&stage, 4);
}

static void a_command_that_is_too_long_is_not_cut(void **state) {
    static char text[MESSAGE_TEXT_MAX + 10];
    struct stage stage;
    size_t written = 0;
    (void)state;
    memset(text, 'x', sizeof text);
    text[0] = '/';
    text[sizeof text - 1] = '\n';
    stage_open(&stage, UI_PLAIN);
    give_credit(&stage, 2);
    while (written < sizeof text) {
        ssize_t part = write(stage.to_input, text + written, sizeof text - written);
        assert_true(part > 0);
        written += (size_t)part;
    }
    expect_output(&stage, "! expected a command of at most 65536 bytes\n");
    type(&stage, "hi\n");
    expect_input(&stage, INPUT_SAY, "hi");
    stage_close(&stage, 0);
}

/* A zero would end it, and the rest be lost. */
static void a_command_has_no_zero_bytes(void **state) {
    static const char text[] = "/me waves\0 at all\n";
    struct stage stage;
    (void)state;
    stage_open(&stage, UI_PLAIN);
    give_credit(&stage, 2);
    assert_int_equal(write(stage.to_input, text, sizeof text - 1), sizeof text - 1);
    expect_output(&stage, "! expected a command without zero bytes\n");
    type(&stage, "hi\n");
    expect_input(&stage, INPUT_SAY, "hi");
    stage_close(&stage, 0);
}

static void errors_are_events_in_json(void **state) {
    struct stage stage;
    (void)state;
    stage_open(&stage, UI_JSON);
    give_credit(&stage, 1);
    type(&stage, "/me\n");
    expect_output(&stage, "{\"event\":\"error\",\"text\":\"/me: expected /me TEXT\"}\n");
    stage_close(&stage, 0);
}

/* --- Several rooms --- */

static void nothing_is_read_before_there_is_a_room(void **state) {
    struct stage stage;
    (void)state;
    stage_start(&stage, UI_PLAIN, NULL);
    type(&stage, "/who\n");
    close_input(&stage);
    expect_round(&stage);
    assert_int_equal(unread(&stage), 5);
    assert_null(queue_pop(&stage.inputs));
    push_of(&stage, "lobby", EVENT_JOINED, NULL);
    expect_output(&stage, "* joined lobby\n");
    expect_round(&stage);
    give_credit(&stage, 1);
    expect_output(&stage, "* nobody else is here\n");
    expect_input(&stage, INPUT_END, "");
    stage_close(&stage, 0);
}

static void expect_said(struct stage *stage, const char *room, const char *text) {
    struct input *input = next_input(stage);
    assert_int_equal(input->type, INPUT_SAY);
    assert_string_equal(input->room, room);
    assert_string_equal(input->text, text);
    input_destroy(input);
}

/* What follows /join is for the new room, whose list of members must be there. */
/* An object waits for the credit of its own room, and what is wrong does not end anything. */
static void json_takes_objects(void **state) {
    struct stage stage;
    (void)state;
    stage_open(&stage, UI_JSON);
    type(&stage, "{\"say\":\"one\\ntwo\"}\n{\"say\":1}\r\n{\"command\":\"nick dora\",\"ref\":2}\nthree\n");
    give_credit(&stage, 1);
    expect_input(&stage, INPUT_SAY, "one\ntwo");
    give_credit(&stage, 1);
    expect_output(&stage, "{\"event\":\"error\",\"text\":\"line 2: say: 1, expected a string\"}\n");
    expect_input(&stage, INPUT_NICK, "dora");
    expect_input(&stage, INPUT_SAY, "three");
    stage_close(&stage, 0);
}

static void input_that_cannot_be_read_is_told(void **state) {
    struct stage stage;
    int folder = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void)state;
    stage_start(&stage, UI_JSON, NULL);
    assert_true(folder >= 0 && dup2(folder, stage.ui.input) >= 0);
    close(folder);
    push_of(&stage, "lobby", EVENT_JOINED, NULL);
    give_credit(&stage, 1);
    expect_output(&stage, "{\"event\":\"joined\",\"room\":\"lobby\"}\n"
                          "{\"event\":\"error\",\"text\":\"standard input: Is a directory\"}\n");
    expect_input(&stage, INPUT_END, "");
    stage_close(&stage, 0);
}

static void plain_takes_objects_for_text(void **state) {
    struct stage stage;
    (void)state;
    stage_open(&stage, UI_PLAIN);
    type(&stage, "{\"say\":\"x\"}\n");
    give_credit(&stage, 1);
    expect_input(&stage, INPUT_SAY, "{\"say\":\"x\"}");
    stage_close(&stage, 0);
}

static void lines_after_a_join_wait_for_it(void **state) {
    struct stage stage;
    (void)state;
    stage_open(&stage, UI_PLAIN);
    give_credit(&stage, 9);
    type(&stage, "one\n/join tea\ntwo\n/join lobby\nthree\n");
    expect_said(&stage, "lobby", "one");
    expect_input(&stage, INPUT_JOIN, "");
    expect_round(&stage);
    assert_null(queue_pop(&stage.inputs));
    push_of(&stage, "tea", EVENT_JOINED, NULL);
    expect_output(&stage, "[tea] * joined tea\n");
    push_of(&stage, "tea", EVENT_NOTICE, "round");
    expect_output(&stage, "[tea] * round\n");
    assert_null(queue_pop(&stage.inputs));
    give_credit_in(&stage, "tea", 2);
    expect_said(&stage, "tea", "two");
    expect_said(&stage, "lobby", "three");
    expect_output(&stage, "[lobby] * you speak in lobby now\n");
    stage_close(&stage, 0);
}

static void lines_go_on_after_a_join_that_failed(void **state) {
    struct stage stage;
    (void)state;
    stage_open(&stage, UI_PLAIN);
    give_credit(&stage, 9);
    type(&stage, "/join tea\none\n");
    expect_input(&stage, INPUT_JOIN, "");
    push_of(&stage, "lobby", EVENT_ERROR, "of another room");
    expect_output(&stage, "! of another room\n");
    assert_null(queue_pop(&stage.inputs));
    push_of(&stage, NULL, EVENT_ERROR, "cannot join tea");
    expect_output(&stage, "! cannot join tea\n");
    expect_said(&stage, "lobby", "one");
    stage_close(&stage, 0);
}

/* Its members can make us say that a nick is taken, while we are still leaving. */
static void what_is_wrong_in_the_room_being_left_answers_no_join(void **state) {
    struct stage stage;
    (void)state;
    stage_open(&stage, UI_PLAIN);
    give_credit(&stage, 9);
    push_of(&stage, "tea", EVENT_JOINED, NULL);
    give_credit_in(&stage, "tea", 9);
    expect_output(&stage, "[tea] * joined tea\n");
    type(&stage, "/part lobby\n/join lobby\none\n");
    expect_input(&stage, INPUT_PART, "");
    expect_input(&stage, INPUT_JOIN, "");
    push_of(&stage, "lobby", EVENT_ERROR, "taken");
    push_of(&stage, "lobby", EVENT_PARTED, NULL);
    push_of(&stage, "lobby", EVENT_JOINED, NULL);
    give_credit(&stage, 9);
    expect_said(&stage, "lobby", "one");
    expect_output(&stage, "[lobby] ! taken\n[lobby] * left lobby\n[lobby] * joined lobby\n");
    stage_close(&stage, 0);
}

static void lines_after_a_part_wait_for_it(void **state) {
    struct stage stage;
    (void)state;
    stage_open(&stage, UI_PLAIN);
    give_credit(&stage, 9);
    push_of(&stage, "tea", EVENT_JOINED, NULL);
    give_credit_in(&stage, "tea", 9);
    type(&stage, "/part\none\n/part\ntwo\n/me waves\n/join tea\n");
    expect_input(&stage, INPUT_PART, "");
    expect_output(&stage, "[tea] * joined tea\n");
    push_of(&stage, "lobby", EVENT_NOTICE, "round");
    expect_output(&stage, "[lobby] * round\n");
    assert_null(queue_pop(&stage.inputs));
    push_of(&stage, "tea", EVENT_PARTED, NULL);
    expect_said(&stage, "lobby", "one");
    expect_output(&stage, "[tea] * left tea\n* you speak in lobby now\n");
    expect_input(&stage, INPUT_PART, "");
    push_of(&stage, "lobby", EVENT_PARTED, NULL);
    expect_output(&stage, "* left lobby\n! you are in no room, expected /join ROOM first\n! /me: you are in no room, "
                          "expected /join ROOM first\n");
    expect_input(&stage, INPUT_JOIN, "");
    stage_close(&stage, 0);
}

static void a_room_that_is_left_elsewhere_holds_nobody_up(void **state) {
    struct stage stage;
    (void)state;
    stage_open(&stage, UI_PLAIN);
    push_of(&stage, "tea", EVENT_JOINED, NULL);
    give_credit_in(&stage, "tea", 9);
    type(&stage, "/part lobby\none\n");
    expect_input(&stage, INPUT_PART, "");
    expect_said(&stage, "tea", "one");
    push_of(&stage, "lobby", EVENT_PARTED, NULL);
    expect_output(&stage, "[tea] * joined tea\n[lobby] * left lobby\n");
    stage_close(&stage, 0);
}

static void with_several_rooms_each_line_names_its_own(void **state) {
    struct event *event;
    struct stage stage;
    (void)state;
    stage_open(&stage, UI_PLAIN);
    push(&stage, sample_event(EVENT_MESSAGE, "alone"));
    expect_output(&stage, "alice: alone\n");
    push_of(&stage, "te\na", EVENT_JOINED, NULL);
    expect_output(&stage, "[te\xef\xbf\xbd"
                          "a] * joined te\xef\xbf\xbd"
                          "a\n");
    push(&stage, sample_event(EVENT_MESSAGE, "one\n\ntwo"));
    expect_output(&stage, "[lobby] alice: one\n[lobby] alice: \n[lobby] alice: two\n");
    event = sample_event(EVENT_ERROR, "of none");
    event->room = NULL;
    push(&stage, event);
    expect_output(&stage, "! of none\n");
    push_of(&stage, "te\na", EVENT_PARTED, NULL);
    expect_output(&stage, "[te\xef\xbf\xbd"
                          "a] * left te\xef\xbf\xbd"
                          "a\n* you speak in lobby now\n");
    stage_close(&stage, 0);
}

static void json_names_rooms_once(void **state) {
    struct stage stage;
    (void)state;
    stage_open(&stage, UI_JSON);
    push_of(&stage, "tea", EVENT_JOINED, NULL);
    expect_output(&stage, "{\"event\":\"joined\",\"room\":\"tea\"}\n");
    stage_close(&stage, 0);
}

/* --- Who is not heard, what is kept --- */

static struct event *of_alice(struct event *event) {
    memset(event->fingerprint, 'f', sizeof event->fingerprint - 1);
    return event;
}

static void meet_alice(struct stage *stage) {
    struct event *connected = sample_event(EVENT_PEER_CONNECTED, NULL);
    memset(connected->fingerprint, 'f', sizeof connected->fingerprint - 1);
    push(stage, sample_event(EVENT_PEER_JOINED, NULL));
    push(stage, connected);
    expect_output(stage, "* alice is arriving\n* alice#ffff is here (direct, 12 ms)\n");
}

static void push_coming(struct stage *stage, enum event_type type, int number, const char *nick) {
    struct event *event = sample_event(type, NULL);
    memset(event->peer, number, sizeof event->peer);
    strcpy(event->nick, nick);
    if (type == EVENT_PEER_CONNECTED) strcpy(event->fingerprint, "1a2b");
    push(stage, event);
}

static void who_comes_after_another_is_folded(void **state) {
    struct stage stage;
    (void)state;
    joins = JOINS_AUTO;
    stage_open(&stage, UI_PLAIN);
    joins = JOINS_ON;
    give_credit(&stage, 1);
    push_coming(&stage, EVENT_PEER_JOINED, 1, "");
    push_coming(&stage, EVENT_PEER_CONNECTED, 1, "anna");
    expect_output(&stage, "* anna#1a2b is here (direct, 12 ms)\n");
    push_coming(&stage, EVENT_PEER_CONNECTED, 2, "bert");
    push_coming(&stage, EVENT_PEER_CONNECTED, 3, "carl");
    push_coming(&stage, EVENT_PEER_LEFT, 1, "");
    push(&stage, sample_event(EVENT_MESSAGE, "hello")); /* what is told next comes after them */
    expect_output(&stage, "* → bert#1a2b and carl#1a2b came; ← anna#1a2b left\nalice: hello\n");
    push_coming(&stage, EVENT_PEER_LEFT, 3, "");
    finish(&stage, 0);
    expect_output(&stage, "* ← carl#1a2b left\n"); /* the end comes after all */
    stage_end(&stage, 0);
}

static void who_is_ignored_is_not_shown(void **state) {
    struct stage stage;
    (void)state;
    stage_open(&stage, UI_PLAIN);
    give_credit(&stage, 1);
    meet_alice(&stage);
    push(&stage, of_alice(sample_event(EVENT_MESSAGE, "one")));
    expect_output(&stage, "alice: one\n");
    type(&stage, "/ignore alice\n");
    expect_output(&stage, "* alice#ffff is ignored from now on\n");
    push(&stage, sample_event(EVENT_MESSAGE, "two"));
    push(&stage, sample_event_of_kind(EVENT_MESSAGE, CHAT_PRIVATE, "three"));
    expect_round(&stage);
    type(&stage, "/ignore alice\n");
    expect_output(&stage, "* alice#ffff is heard again\n");
    push(&stage, of_alice(sample_event(EVENT_MESSAGE, "four")));
    expect_output(&stage, "alice: four\n");
    stage_close(&stage, 0);
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
static void expect_output_until(struct stage *stage, const char *last, const char *expected) {
    char text[4096] = "";
    size_t size = 0;
    while (!strstr(text, last)) {
        struct pollfd wanted = {.fd = stage->from_output, .events = POLLIN};
        ssize_t part;
        assert_int_equal(poll(&wanted, 1, PATIENCE_MS), 1);
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
    struct stage stage;
    struct event *sent, *action;
    stage_start(&stage, UI_PLAIN, *state);
    push_of(&stage, "lobby", EVENT_JOINED, NULL);
    expect_output(&stage, "* joined lobby\n");
    give_credit(&stage, 1);
    meet_alice(&stage);
    push(&stage, of_alice(sample_event(EVENT_MESSAGE, "not kept")));
    expect_output(&stage, "alice: not kept\n");
    type(&stage, "/log on\n");
    snprintf(said, sizeof said, "* lobby is logged in %s/transcripts/lobby.log\n", (const char *)*state);
    expect_output(&stage, said);
    push(&stage, of_alice(sample_event(EVENT_MESSAGE, "hello")));
    sent = sample_event(EVENT_SENT, "hi");
    strcpy(sent->fingerprint, OUR_KEY);
    push(&stage, sent);
    action = of_alice(sample_event_of_kind(EVENT_MESSAGE, CHAT_ACTION, "is gone")); /* which is not the same */
    strcpy(action->id, "00000000000000ab-2");
    push(&stage, action);
    push(&stage, of_alice(sample_event(EVENT_PEER_LEFT, NULL)));
    expect_output(&stage, "alice: hello\n** alice is gone\n* alice is gone\n");
    stage_close(&stage, 0);
    expect_logged(*state, "alice#ffff: hello\ncarol#0123: hi\n** alice#ffff is gone\n* alice#ffff is gone\n");

    stage_start(&stage, UI_PLAIN, *state);
    push_of(&stage, "lobby", EVENT_JOINED, NULL);
    push(&stage, of_alice(sample_event(EVENT_MESSAGE, "hello"))); /* from others: it is there already */
    sent = sample_event(EVENT_MESSAGE, "hi");                     /* as our own is */
    strcpy(sent->fingerprint, OUR_KEY);
    push(&stage, sent);
    push_of(&stage, NULL, EVENT_ERROR, "end");
    expect_output_until(&stage, "! end\n",
                        "* joined lobby\n* alice#ffff: hello\n* carol#0123: hi\n* ** alice#ffff is gone\n* * "
                        "alice#ffff is gone\n! end\n");
    stage_close(&stage, 0);
    expect_logged(*state, "alice#ffff: hello\ncarol#0123: hi\n** alice#ffff is gone\n* alice#ffff is gone\n");
}

static void what_is_no_utf8_is_repaired(void **state) {
    struct stage stage;
    (void)state;
    stage_open(&stage, UI_PLAIN);
    give_credit(&stage, 1);
    type(&stage, "caf\xe9\n");
    expect_input(&stage, INPUT_SAY, "caf\xef\xbf\xbd");
    stage_close(&stage, 0);
}

/* The reader went away: whole lines that lie there are said, and nothing that comes later. */
static void a_reader_that_went_away_is_the_end_of_input(void **state) {
    struct stage stage;
    (void)state;
    stage_open(&stage, UI_PLAIN);
    type(&stage, "one\ntwo\nhalf of");
    close(stage.from_output);
    stage.from_output = -1;
    push(&stage, sample_event(EVENT_ERROR, "one"));
    push(&stage, sample_event(EVENT_ERROR, "two"));
    give_credit(&stage, 1);
    expect_input(&stage, INPUT_SAY, "one");
    type(&stage, "not read any more\n");
    give_credit(&stage, 9);
    expect_input(&stage, INPUT_SAY, "two");
    expect_input(&stage, INPUT_END, "");
    stage_close(&stage, 0);
}

/* Without a word to say nothing is waited for: no room, no credit. */
static void a_reader_that_went_away_early_ends_it_at_once(void **state) {
    struct stage stage;
    (void)state;
    stage_start(&stage, UI_JSON, NULL);
    close(stage.from_output);
    stage.from_output = -1;
    push(&stage, sample_event(EVENT_ERROR, "no room"));
    expect_input(&stage, INPUT_END, "");
    stage_close(&stage, 0);
}

static void what_was_said_is_delivered_though_the_reader_went_away(void **state) {
    struct stage stage;
    (void)state;
    stage_open(&stage, UI_PLAIN);
    give_credit(&stage, 1);
    close_input(&stage);
    expect_input(&stage, INPUT_END, "");
    close(stage.from_output);
    stage.from_output = -1;
    push(&stage, sample_event(EVENT_ERROR, "one"));
    stage_close(&stage, 0); /* no second end, and no stop */
}

static void a_full_disk_leaves_time_for_the_input(void **state) {
    struct stage stage;
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    (void)state;
    if (full < 0) skip();
    stage_open(&stage, UI_JSON);
    assert_true(dup2(full, stage.ui.output) >= 0);
    close(full);
    give_credit(&stage, 2);
    push(&stage, sample_event(EVENT_ERROR, "nobody can read it"));
    type(&stage, "one\n");
    expect_input(&stage, INPUT_SAY, "one");
    type(&stage, "two");
    close_input(&stage);
    expect_input(&stage, INPUT_SAY, "two");
    give_credit(&stage, 1);
    expect_input(&stage, INPUT_END, "");
    stage_close(&stage, 0);
}

/* More than a pipe takes at once, through a descriptor that would rather fail than wait. */
static void partial_writes_are_resumed(void **state) {
    static char text[MESSAGE_TEXT_MAX + 1], buffer[16 * sizeof text];
    struct stage stage;
    size_t size = 0, expected = 4 * (MESSAGE_TEXT_MAX + strlen("alice: \n"));
    (void)state;
    memset(text, 'x', MESSAGE_TEXT_MAX);
    stage_open(&stage, UI_PLAIN);
    assert_int_equal(fcntl(stage.ui.output, F_SETFL, O_NONBLOCK), 0);
    for (int i = 0; i < 4; i++) push(&stage, sample_event(EVENT_MESSAGE, text));
    while (size < expected) {
        ssize_t part = read(stage.from_output, buffer + size, 5000);
        assert_true(part > 0);
        size += (size_t)part;
    }
    assert_int_equal(size, expected);
    for (size_t i = 0; i < 4; i++) assert_memory_equal(buffer + i * expected / 4, "alice: xxx", 10);
    stage_close(&stage, 0);
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
        cmocka_unit_test(nothing_is_read_before_there_is_a_room),
        cmocka_unit_test(json_takes_objects),
        cmocka_unit_test(plain_takes_objects_for_text),
        cmocka_unit_test(input_that_cannot_be_read_is_told),
        cmocka_unit_test(lines_after_a_join_wait_for_it),
        cmocka_unit_test(lines_go_on_after_a_join_that_failed),
        cmocka_unit_test(what_is_wrong_in_the_room_being_left_answers_no_join),
        cmocka_unit_test(lines_after_a_part_wait_for_it),
        cmocka_unit_test(a_room_that_is_left_elsewhere_holds_nobody_up),
        cmocka_unit_test(with_several_rooms_each_line_names_its_own),
        cmocka_unit_test(json_names_rooms_once),
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
    return cmocka_run_group_tests_name("line_ui", tests, NULL, NULL);
}

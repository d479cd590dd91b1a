/* --mode send between its two queues: the test is the engine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "client/engine.h"
#include "client/message/message.h"
#include "client/ui/send.h"
#include "common/thread.h"

#define ROOM "tea"
#define WAIT_MS 20000

struct stage {
    struct ui ui;
    struct queue inputs;
    struct client_config config;
    struct thread thread;
    int pipe[2];
    int status;
};

static void run(void *argument) {
    struct stage *stage = argument;
    stage->status = send_run(&stage->ui);
}

/* `text` NULL: standard input, which is stage->pipe. */
static void stage_open(struct stage *stage, char *text, int timeout) {
    *stage = (struct stage){.status = -1};
    assert_int_equal(pipe(stage->pipe), 0);
    assert_int_equal(queue_init(&stage->inputs, 0), 0);
    assert_int_equal(queue_init(&stage->ui.events, 0), 0);
    snprintf(stage->config.room, sizeof stage->config.room, "%s", ROOM);
    stage->config.text = text;
    stage->config.timeout = timeout;
    stage->ui.inputs = &stage->inputs;
    stage->ui.kind = UI_SEND;
    stage->ui.input = stage->pipe[0];
    stage->ui.settings = &stage->config;
    stage->ui.nick = "ci";
    stage->ui.fingerprint = "0123";
    stage->ui.join = input_create(INPUT_JOIN, ROOM, NULL, 0);
    assert_int_equal(thread_start(&stage->thread, "send", false, run, stage), 0);
}

/* The status. */
static int stage_close(struct stage *stage) {
    thread_join(&stage->thread);
    input_destroy(stage->ui.join);
    assert_null(queue_pop(&stage->inputs));
    queue_destroy(&stage->inputs);
    queue_destroy(&stage->ui.events);
    close(stage->pipe[0]);
    if (stage->pipe[1] >= 0) close(stage->pipe[1]);
    return stage->status;
}

static void write_input(struct stage *stage, const char *text) {
    assert_int_equal(write(stage->pipe[1], text, strlen(text)), (int)strlen(text));
}

static void end_input(struct stage *stage) {
    close(stage->pipe[1]);
    stage->pipe[1] = -1;
}

static void expect(struct stage *stage, enum input_type type, const char *text) {
    struct queue_node *node;
    while (!(node = queue_pop(&stage->inputs))) {
        struct pollfd wanted = {.fd = queue_event(&stage->inputs), .events = POLLIN};
        if (queue_settle(&stage->inputs)) assert_int_equal(poll(&wanted, 1, WAIT_MS), 1);
    }
    struct input *input = (struct input *)node;
    assert_int_equal(input->type, type);
    assert_string_equal(input->text, text);
    input_destroy(input);
}

static void tell(struct stage *stage, enum event_type type, const char *text, unsigned number) {
    struct event *event = event_create(type, text, strlen(text));
    event->room = type == EVENT_FINISHED ? NULL : ROOM;
    event->peer[0] = 1;
    snprintf(event->nick, sizeof event->nick, "bob");
    if (type == EVENT_CREDIT) event->credit = number;
    if (type == EVENT_SENT) event->recipients = number;
    if (type == EVENT_FINISHED) event->status = (int)number;
    assert_true(queue_push(&stage->ui.events, &event->node));
}

/* Another member than bob. */
static void tell_of(struct stage *stage, uint8_t id, enum event_type type) {
    struct event *event = event_create(type, "", 0);
    event->room = ROOM;
    event->peer[0] = id;
    assert_true(queue_push(&stage->ui.events, &event->node));
}

static void let_in(struct stage *stage, unsigned credit) {
    expect(stage, INPUT_JOIN, "");
    tell(stage, EVENT_JOINED, "", 0);
    tell(stage, EVENT_PEER_JOINED, "", 0);
    tell(stage, EVENT_PEER_CONNECTED, "", 0);
    tell(stage, EVENT_CREDIT, "", credit);
}

/* What the program said on standard error since errors_keep. */
static int errors_keep(void) {
    int was = dup(2);
    FILE *file = tmpfile();
    assert_true(was >= 0 && file != NULL);
    fflush(stderr);
    assert_true(dup2(fileno(file), 2) == 2);
    fclose(file);
    return was;
}

static void errors_told(int was, char out[static 512]) {
    fflush(stderr);
    ssize_t size = pread(2, out, 511, 0);
    out[size > 0 ? size : 0] = '\0';
    dup2(was, 2);
    close(was);
}

static void words_are_one_message(void **state) {
    char text[] = "/two\nlines \xff";
    struct stage stage;
    (void)state;
    stage_open(&stage, text, 20);
    let_in(&stage, 1);
    expect(&stage, INPUT_SAY, "/two\nlines \xef\xbf\xbd");
    tell(&stage, EVENT_SENT, "", 1);
    tell(&stage, EVENT_DELIVERED, "", 0);
    expect(&stage, INPUT_END, "");
    tell(&stage, EVENT_FINISHED, "", 0);
    assert_int_equal(stage_close(&stage), 0);
}

/* Each byte that is repaired becomes three. */
static void words_that_grow_too_long_are_several_messages(void **state) {
    static char text[MESSAGE_TEXT_MAX + 1], repaired[MESSAGE_TEXT_MAX + 1];
    size_t each = MESSAGE_TEXT_MAX / 3, left = MESSAGE_TEXT_MAX;
    struct stage stage;
    (void)state;
    memset(text, '\xff', MESSAGE_TEXT_MAX);
    stage_open(&stage, text, 20);
    let_in(&stage, 9);
    for (; left > 0; left -= each < left ? each : left) {
        size_t size = 0;
        while (size < 3 * (each < left ? each : left)) size += (size_t)sprintf(repaired + size, "\xef\xbf\xbd");
        expect(&stage, INPUT_SAY, repaired);
        tell(&stage, EVENT_SENT, "", 1);
        tell(&stage, EVENT_DELIVERED, "", 0);
    }
    expect(&stage, INPUT_END, "");
    tell(&stage, EVENT_FINISHED, "", 0);
    assert_int_equal(stage_close(&stage), 0);
}

static void it_waits_for_credit_and_for_every_acknowledgement(void **state) {
    struct stage stage;
    (void)state;
    stage_open(&stage, NULL, 20);
    write_input(&stage, "one\n\ntwo");
    let_in(&stage, 1);
    expect(&stage, INPUT_SAY, "one");
    tell(&stage, EVENT_SENT, "", 2);
    end_input(&stage);
    tell(&stage, EVENT_DELIVERED, "", 0);
    tell(&stage, EVENT_CREDIT, "", 1);
    expect(&stage, INPUT_SAY, "two");
    tell(&stage, EVENT_SENT, "", 1);
    tell(&stage, EVENT_DELIVERED, "", 0);
    assert_null(queue_pop(&stage.inputs)); /* one is still to come */
    tell(&stage, EVENT_UNDELIVERED, "", 0);
    expect(&stage, INPUT_END, "");
    tell(&stage, EVENT_FINISHED, "", ENGINE_STATUS_UNDELIVERED);
    assert_int_equal(stage_close(&stage), ENGINE_STATUS_UNDELIVERED);
}

static void it_gives_up_in_time(void **state) {
    char text[] = "hello";
    struct stage stage;
    (void)state;
    stage_open(&stage, text, 1);
    expect(&stage, INPUT_JOIN, "");
    expect(&stage, INPUT_STOP, "");
    tell(&stage, EVENT_FINISHED, "", 0);
    assert_int_equal(stage_close(&stage), SEND_OUTSIDE);

    stage_open(&stage, text, 1);
    let_in(&stage, 1);
    expect(&stage, INPUT_SAY, "hello");
    tell(&stage, EVENT_SENT, "", 1);
    expect(&stage, INPUT_STOP, "");
    tell(&stage, EVENT_FINISHED, "", 0); /* as after a signal */
    assert_int_equal(stage_close(&stage), ENGINE_STATUS_UNDELIVERED);
}

static void who_gives_no_credit_is_given_up(void **state) {
    struct stage stage;
    (void)state;
    stage_open(&stage, NULL, 1);
    write_input(&stage, "one\ntwo\nthree\n"); /* and more may come */
    let_in(&stage, 1);
    expect(&stage, INPUT_SAY, "one");
    tell(&stage, EVENT_SENT, "", 1);
    tell(&stage, EVENT_DELIVERED, "", 0);
    tell(&stage, EVENT_CREDIT, "", 1);
    expect(&stage, INPUT_SAY, "two");
    tell(&stage, EVENT_SENT, "", 1);
    expect(&stage, INPUT_STOP, "");
    tell(&stage, EVENT_FINISHED, "", 0);
    assert_int_equal(stage_close(&stage), ENGINE_STATUS_UNDELIVERED);
}

/* Somebody has it, and what a bootnode lists besides never answers. */
static void a_ghost_makes_nothing_fail(void **state) {
    char text[] = "hello", errors[512];
    struct stage stage;
    (void)state;
    int was = errors_keep();
    stage_open(&stage, text, 1);
    let_in(&stage, 1);
    tell_of(&stage, 0x6e, EVENT_PEER_JOINED);
    expect(&stage, INPUT_SAY, "hello");
    tell(&stage, EVENT_SENT, "", 2);
    tell(&stage, EVENT_DELIVERED, "", 0);
    expect(&stage, INPUT_STOP, "");
    tell(&stage, EVENT_FINISHED, "", 0);
    int status = stage_close(&stage);
    errors_told(was, errors);
    assert_int_equal(status, 0);
    assert_string_equal(errors, "gochat: ?6e000000 never answered, so did not get it\n");

    was = errors_keep(); /* it left, or was given up, before the time was over */
    stage_open(&stage, text, 20);
    let_in(&stage, 1);
    tell_of(&stage, 0x6e, EVENT_PEER_JOINED);
    expect(&stage, INPUT_SAY, "hello");
    tell(&stage, EVENT_SENT, "", 2);
    tell(&stage, EVENT_DELIVERED, "", 0);
    tell_of(&stage, 0x6e, EVENT_UNDELIVERED);
    expect(&stage, INPUT_END, "");
    tell(&stage, EVENT_FINISHED, "", 0);
    status = stage_close(&stage);
    errors_told(was, errors);
    assert_int_equal(status, 0);
    assert_string_equal(errors, "gochat: ?6e000000 never answered, so did not get it\n");
}

static void where_there_are_ghosts_alone_nobody_is(void **state) {
    char text[] = "hello", errors[512];
    struct stage stage;
    (void)state;
    int was = errors_keep();
    stage_open(&stage, text, 1);
    expect(&stage, INPUT_JOIN, "");
    tell(&stage, EVENT_JOINED, "", 0);
    tell_of(&stage, 0x6e, EVENT_PEER_JOINED);
    tell(&stage, EVENT_CREDIT, "", 1);
    expect(&stage, INPUT_SAY, "hello");
    tell(&stage, EVENT_SENT, "", 1);
    expect(&stage, INPUT_STOP, "");
    tell(&stage, EVENT_FINISHED, "", 0);
    int status = stage_close(&stage);
    errors_told(was, errors);
    assert_int_equal(status, ENGINE_STATUS_ALONE);
    assert_string_equal(errors, "gochat: nobody who answers is in tea: ?6e000000 never did\n");
}

/* Beside a ghost there is somebody who answered once, and does not now. */
static void a_ghost_excuses_nobody(void **state) {
    char text[] = "hello", errors[512];
    struct stage stage;
    (void)state;
    int was = errors_keep();
    stage_open(&stage, text, 1);
    let_in(&stage, 1);
    tell_of(&stage, 0x6e, EVENT_PEER_JOINED);
    expect(&stage, INPUT_SAY, "hello");
    tell(&stage, EVENT_SENT, "", 2);
    expect(&stage, INPUT_STOP, "");
    tell(&stage, EVENT_FINISHED, "", 0);
    int status = stage_close(&stage);
    errors_told(was, errors);
    assert_int_equal(status, ENGINE_STATUS_UNDELIVERED);
    assert_string_equal(errors, "gochat: ?01000000 did not get everything\n");
}

/* Whoever answers while it waits has all of it, as anybody has. */
static void who_answers_late_is_no_ghost(void **state) {
    char text[] = "hello";
    struct stage stage;
    (void)state;
    stage_open(&stage, text, 20);
    let_in(&stage, 1);
    tell_of(&stage, 0x6e, EVENT_PEER_JOINED);
    expect(&stage, INPUT_SAY, "hello");
    tell(&stage, EVENT_SENT, "", 2);
    tell(&stage, EVENT_DELIVERED, "", 0);
    assert_null(queue_pop(&stage.inputs));
    tell_of(&stage, 0x6e, EVENT_PEER_CONNECTED);
    tell_of(&stage, 0x6e, EVENT_DELIVERED);
    expect(&stage, INPUT_END, "");
    tell(&stage, EVENT_FINISHED, "", 0);
    assert_int_equal(stage_close(&stage), 0);
}

/* What cannot be said since a ghost acknowledges nothing is said once the engine has given that up. */
static void a_ghost_does_not_stop_a_stream(void **state) {
    char errors[512];
    struct stage stage;
    (void)state;
    int was = errors_keep();
    stage_open(&stage, NULL, 1);
    write_input(&stage, "one\ntwo\n");
    end_input(&stage);
    let_in(&stage, 1);
    tell_of(&stage, 0x6e, EVENT_PEER_JOINED);
    expect(&stage, INPUT_SAY, "one");
    tell(&stage, EVENT_SENT, "", 2);
    tell(&stage, EVENT_DELIVERED, "", 0);
    assert_int_equal(poll(NULL, 0, 1500), 0); /* the time that it waits, and there is nothing to see of that */
    assert_null(queue_pop(&stage.inputs));
    tell_of(&stage, 0x6e, EVENT_UNDELIVERED);
    tell(&stage, EVENT_CREDIT, "", 1);
    expect(&stage, INPUT_SAY, "two");
    tell(&stage, EVENT_SENT, "", 1);
    tell(&stage, EVENT_DELIVERED, "", 0);
    expect(&stage, INPUT_END, "");
    tell(&stage, EVENT_FINISHED, "", 0);
    int status = stage_close(&stage);
    errors_told(was, errors);
    assert_int_equal(status, 0);
    assert_string_equal(errors, "gochat: ?6e000000 never answered, so did not get it\n");
}

static void nothing_is_not_sent(void **state) {
    struct stage stage;
    (void)state;
    stage_open(&stage, NULL, 20);
    write_input(&stage, "\n\n");
    end_input(&stage);
    expect(&stage, INPUT_END, "");
    tell(&stage, EVENT_FINISHED, "", ENGINE_STATUS_ALONE);
    assert_int_equal(stage_close(&stage), SEND_NOTHING);
}

static void input_that_cannot_be_read_is_told(void **state) {
    struct stage stage;
    (void)state;
    stage_open(&stage, NULL, 20);
    write_input(&stage, "one\n");
    let_in(&stage, 9);
    expect(&stage, INPUT_SAY, "one");
    tell(&stage, EVENT_SENT, "", 1);
    tell(&stage, EVENT_DELIVERED, "", 0);
    int folder = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(folder >= 0 && dup2(folder, stage.pipe[0]) >= 0);
    close(folder);
    end_input(&stage);
    expect(&stage, INPUT_END, "");
    tell(&stage, EVENT_FINISHED, "", 0);
    assert_int_equal(stage_close(&stage), ENGINE_STATUS_UNDELIVERED);
}

static void the_engines_end_is_the_status(void **state) {
    char text[] = "hello";
    struct stage stage;
    (void)state;
    stage_open(&stage, text, 20);
    let_in(&stage, 1);
    expect(&stage, INPUT_SAY, "hello");
    tell(&stage, EVENT_SENT, "", 0);
    expect(&stage, INPUT_END, "");
    tell(&stage, EVENT_FINISHED, "", ENGINE_STATUS_ALONE);
    assert_int_equal(stage_close(&stage), ENGINE_STATUS_ALONE);

    stage_open(&stage, text, 20);
    expect(&stage, INPUT_JOIN, "");
    tell(&stage, EVENT_ERROR, "another key", 0);
    tell(&stage, EVENT_FINISHED, "", ENGINE_STATUS_BARRED);
    assert_int_equal(stage_close(&stage), ENGINE_STATUS_BARRED);

    stage_open(&stage, NULL, 20); /* a signal in the middle */
    write_input(&stage, "one\n");
    let_in(&stage, 9);
    expect(&stage, INPUT_SAY, "one");
    tell(&stage, EVENT_SENT, "", 1);
    tell(&stage, EVENT_DELIVERED, "", 0);
    tell(&stage, EVENT_FINISHED, "", 0);
    assert_int_equal(stage_close(&stage), ENGINE_STATUS_UNDELIVERED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_one_message),
        cmocka_unit_test(words_that_grow_too_long_are_several_messages),
        cmocka_unit_test(it_waits_for_credit_and_for_every_acknowledgement),
        cmocka_unit_test(it_gives_up_in_time),
        cmocka_unit_test(who_gives_no_credit_is_given_up),
        cmocka_unit_test(a_ghost_makes_nothing_fail),
        cmocka_unit_test(where_there_are_ghosts_alone_nobody_is),
        cmocka_unit_test(a_ghost_excuses_nobody),
        cmocka_unit_test(who_answers_late_is_no_ghost),
        cmocka_unit_test(a_ghost_does_not_stop_a_stream),
        cmocka_unit_test(nothing_is_not_sent),
        cmocka_unit_test(input_that_cannot_be_read_is_told),
        cmocka_unit_test(the_engines_end_is_the_status),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("send", tests, NULL, NULL);
}

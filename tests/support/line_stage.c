#include "tests/support/line_stage.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/ui/line_ui.h"
#include "tests/support/sample_event.h"

static void *run(void *argument) {
    struct line_stage *stage = argument;
    stage->status = line_ui_run(&stage->ui);
    return NULL;
}

int line_stage_joins = JOINS_ON;

void line_stage_start(struct line_stage *stage, enum ui_kind kind, const char *directory) {
    int input[2], output[2];
    signal(SIGPIPE, SIG_IGN);
    memset(stage, 0, sizeof *stage);
    assert_int_equal(pipe(input), 0);
    assert_int_equal(pipe(output), 0);
    assert_int_equal(queue_init(&stage->inputs, 0), 0);
    assert_int_equal(queue_init(&stage->ui.events, 0), 0);
    ini_table_defaults(&client_config_table, &stage->settings);
    stage->settings.joins = line_stage_joins;
    stage->ui.inputs = &stage->inputs;
    stage->ui.kind = kind;
    stage->ui.input = input[0];
    stage->ui.output = output[1];
    stage->ui.settings = &stage->settings;
    stage->ui.directory = directory;
    stage->ui.nick = "carol";
    stage->ui.fingerprint = LINE_STAGE_KEY;
    stage->to_input = input[1];
    stage->from_output = output[0];
    assert_int_equal(pthread_create(&stage->thread, NULL, run, stage), 0);
}

void line_stage_push(struct line_stage *stage, struct event *event) {
    assert_true(queue_push(&stage->ui.events, &event->node));
}

void line_stage_push_of(struct line_stage *stage, const char *room, enum event_type type, const char *text) {
    struct event *event = event_create(type, text, text ? strlen(text) : 0);
    event->room = room;
    line_stage_push(stage, event);
}

void line_stage_give_credit_in(struct line_stage *stage, const char *room, unsigned credit) {
    struct event *event = event_create(EVENT_CREDIT, NULL, 0);
    event->room = room;
    event->credit = credit;
    line_stage_push(stage, event);
}

void line_stage_give_credit(struct line_stage *stage, unsigned credit) {
    line_stage_give_credit_in(stage, "lobby", credit);
}

void line_stage_open(struct line_stage *stage, enum ui_kind kind) {
    line_stage_start(stage, kind, NULL);
    line_stage_push_of(stage, "lobby", EVENT_JOINED, NULL);
    line_stage_expect_output(stage,
                             kind == UI_JSON ? "{\"event\":\"joined\",\"room\":\"lobby\"}\n" : "* joined lobby\n");
}

void line_stage_close_input(struct line_stage *stage) {
    close(stage->to_input);
    stage->to_input = -1;
}

void line_stage_finish(struct line_stage *stage, int status) {
    struct event *event = event_create(EVENT_FINISHED, NULL, 0);
    event->status = status;
    line_stage_push(stage, event);
}

void line_stage_end(struct line_stage *stage, int status) {
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

void line_stage_close(struct line_stage *stage, int status) {
    line_stage_finish(stage, status);
    line_stage_end(stage, status);
}

void line_stage_type(struct line_stage *stage, const char *text) {
    assert_int_equal(write(stage->to_input, text, strlen(text)), strlen(text));
}

struct input *line_stage_next_input(struct line_stage *stage) {
    struct queue_node *node;
    while (!(node = queue_pop(&stage->inputs))) {
        struct pollfd wanted = {.fd = queue_event(&stage->inputs), .events = POLLIN};
        if (queue_settle(&stage->inputs)) assert_int_equal(poll(&wanted, 1, LINE_STAGE_PATIENCE_MS), 1);
    }
    return (struct input *)node;
}

void line_stage_expect_input(struct line_stage *stage, enum input_type type, const char *text) {
    struct input *input = line_stage_next_input(stage);
    assert_int_equal(input->type, type);
    assert_string_equal(input->text, text);
    assert_int_equal(input->size, strlen(text));
    input_destroy(input);
}

void line_stage_expect_output(struct line_stage *stage, const char *text) {
    char buffer[1024];
    size_t size = 0;
    while (size < strlen(text)) {
        struct pollfd wanted = {.fd = stage->from_output, .events = POLLIN};
        ssize_t part;
        assert_int_equal(poll(&wanted, 1, LINE_STAGE_PATIENCE_MS), 1);
        part = read(stage->from_output, buffer + size, sizeof buffer - 1 - size);
        assert_true(part > 0);
        size += (size_t)part;
    }
    buffer[size] = '\0';
    assert_string_equal(buffer, text);
}

void line_stage_expect_round(struct line_stage *stage) {
    line_stage_push(stage, sample_event(EVENT_ERROR, "round"));
    line_stage_expect_output(stage, "! round\n");
}

int line_stage_unread(const struct line_stage *stage) {
    int size = -1;
    assert_int_equal(ioctl(stage->ui.input, FIONREAD, &size), 0);
    return size;
}

#include "client/ui/ui.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/ui/lines.h"
#include "common/log.h"

#define COMMAND_SHOWN 32

struct loop {
    struct ui *ui;
    struct lines *lines;
    const char *room; /* the engine's name for it; NULL: none yet */
    unsigned credit;
    bool skips;  /* the rest of a line that was a command */
    bool reads;  /* input is open */
    bool shows;  /* output is open */
    bool told;   /* INPUT_END or INPUT_STOP was said */
    bool warned; /* that input is no UTF-8 */
    bool finished;
    int status;
};

static char *(*const line_of[])(const struct event *event) = {
    [UI_PLAIN] = ui_plain_line,
    [UI_JSON] = ui_json_line,
};

/* The queue has no limit: credit bounds what is in it. */
static void tell(struct loop *loop, enum input_type type, const char *text, size_t size) {
    struct input *input = input_create(type, loop->room, text, size);

    if (!queue_push(loop->ui->inputs, &input->node)) abort();
}

static void stop_reading(struct loop *loop, enum input_type why) {
    loop->reads = false;
    if (!loop->told) tell(loop, why, NULL, 0);
    loop->told = true;
}

static bool wait_writable(int descriptor) {
    struct pollfd wanted = {.fd = descriptor, .events = POLLOUT};

    return poll(&wanted, 1, -1) > 0 || errno == EINTR;
}

static bool write_all(int descriptor, const char *text, size_t size) {
    while (size > 0) {
        ssize_t written = write(descriptor, text, size);

        if (written >= 0) {
            text += written;
            size -= (size_t)written;
        } else if (errno == EAGAIN ? !wait_writable(descriptor) : errno != EINTR) {
            return false;
        }
    }
    return true;
}

static void show(struct loop *loop, const struct event *event) {
    char *line = loop->shows ? line_of[loop->ui->kind](event) : NULL;

    if (line && !write_all(loop->ui->output, line, strlen(line))) {
        loop->shows = false;
        loop->told = false; /* leaving now overtakes leaving once everything is delivered */
        stop_reading(loop, INPUT_STOP);
    }
    free(line);
}

static void show_error(struct loop *loop, const char *text) {
    struct event *event = event_create(EVENT_ERROR, text, strlen(text));

    show(loop, event);
    event_destroy(event);
}

static void take_event(struct loop *loop, const struct event *event) {
    switch (event->type) {
    case EVENT_JOINED: loop->room = event->room; break;
    case EVENT_CREDIT: loop->credit += event->credit; break;
    case EVENT_FINISHED:
        loop->finished = true;
        loop->status = event->status;
        break;
    default: show(loop, event);
    }
}

/* A queue's nodes are the first members of what they carry. */
static void take_events(struct loop *loop) {
    struct queue_node *node;

    while (!loop->finished && (node = queue_pop(&loop->ui->events))) {
        struct event *event = (struct event *)node;

        take_event(loop, event);
        event_destroy(event);
    }
}

static void run_command(struct loop *loop, const char *line) {
    int length = (int)strcspn(line, " \t");
    char text[128];

    if (strncmp(line, "/quit", 5) == 0 && length == 5) {
        stop_reading(loop, INPUT_END);
        return;
    }
    snprintf(text, sizeof text, "unknown command %.*s; a line that shall begin with / is written //…",
             length < COMMAND_SHOWN ? length : COMMAND_SHOWN, line);
    show_error(loop, text);
}

static void take_line(struct loop *loop, const struct line *line) {
    const char *text = line->text;
    size_t size = line->size;

    if (line->repaired && !loop->warned) log_warning("input", "not UTF-8: what is wrong is sent as U+FFFD");
    loop->warned |= line->repaired;
    if (line->begins) loop->skips = text[0] == '/' && text[1] != '/';
    if (line->begins && loop->skips) run_command(loop, text);
    if (loop->skips) return;
    if (line->begins && text[0] == '/') {
        text++;
        size--;
    }
    tell(loop, INPUT_SAY, text, size);
    loop->credit--;
}

static void take_lines(struct loop *loop) {
    struct line line;

    while (loop->reads && loop->credit > 0 && lines_next(loop->lines, &line)) take_line(loop, &line);
    if (loop->reads && lines_finished(loop->lines)) stop_reading(loop, INPUT_END);
}

static void read_input(struct loop *loop) {
    size_t room;
    char *space = lines_space(loop->lines, &room);
    ssize_t size = read(loop->ui->input, space, room);

    if (size > 0)
        lines_added(loop->lines, (size_t)size);
    else if (size == 0 || (errno != EINTR && errno != EAGAIN))
        lines_end(loop->lines);
}

/* poll(2) reports a hang-up unasked, so a descriptor that is not read now is left out altogether. */
static void wait_for_something(struct loop *loop) {
    bool reads = loop->reads && loop->credit > 0;
    struct pollfd wanted[] = {
        {.fd = queue_event(&loop->ui->events), .events = POLLIN},
        {.fd = reads ? loop->ui->input : -1, .events = POLLIN},
    };

    if (!queue_settle(&loop->ui->events)) return;
    if (poll(wanted, 2, -1) > 0 && wanted[1].revents) read_input(loop);
}

int ui_run(struct ui *ui) {
    struct loop loop = {.ui = ui, .lines = malloc(sizeof *loop.lines), .reads = true, .shows = true};

    if (!loop.lines) abort();
    lines_init(loop.lines);
    for (;;) {
        take_events(&loop);
        if (loop.finished) break;
        take_lines(&loop);
        wait_for_something(&loop);
    }
    free(loop.lines);
    return loop.status;
}

#include "client/curses/curses.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "client/curses/curses_events.h"
#include "client/curses/curses_host.h"
#include "client/curses/curses_input.h"
#include "client/curses/rich_terminal.h"
#include "client/look/keys.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"

#define EVENTS_A_TURN 64 /* then keys have their turn */
#define KEYS_A_TURN 4096
#define FRAME_MS 20        /* what arrives is drawn so often at most; what is typed at once */
#define BACKGROUND_MS 3000 /* a signal that ends us has done so by then: the engine takes 2 s at most */
#define BACKGROUND_LOOK_MS 200

/* --- Drawing --- */

static void title(struct curses *curses) {
    const struct conversation *current = conversations_current(&curses->models.conversations);
    unsigned unread = 0;
    char text[sizeof curses->title];
    if (!curses->ui->settings->title) return;
    for (size_t i = 0; i < curses->models.conversations.count; i++)
        unread += window_of(curses->models.conversations.list[i])->unread;
    const char *room = current ? current->title : "GoChat";
    if (unread > 0)
        snprintf(text, sizeof text, "(%u) %.200s", unread, room);
    else
        snprintf(text, sizeof text, "%.200s", room);
    if (strcmp(text, curses->title) == 0) return;
    memcpy(curses->title, text, sizeof text);
    terminal_title(curses->terminal, text);
}

/* False when the terminal went away. */
static bool draw(struct curses *curses) {
    struct screen_view view = curses_view(curses);
    unsigned rows, columns;
    terminal_size(curses->terminal, &rows, &columns);
    if (!canvas_reset(&curses->canvas, rows, columns)) abort();
    screen_draw(&curses->canvas, &view);
    title(curses);
    curses->dirty = false;
    return terminal_show(curses->terminal, &curses->canvas);
}

/* --- Signals --- */

/* Not all shells continue what runs already when they lend it the terminal, so one has to look. In the end we stop, as
 * the kernel would have had it; where nobody could continue us that does nothing, and we go on without the terminal. */
static void look_for_terminal(struct curses *curses) {
    bool is_ours = terminal_is_foreground(curses->terminal);
    if (!is_ours && clock_boot_ms() - curses->background < BACKGROUND_MS) return;
    if (!is_ours) raise(SIGTTOU);
    curses_come_back(curses);
}

static bool has_terminal(const struct curses *curses) {
    return !curses->gone && curses->background == 0;
}

static void take_signals(struct curses *curses) {
    struct signalfd_siginfo info;
    while (read(curses->signals, &info, sizeof info) == sizeof info) {
        switch (info.ssi_signo) {
        case SIGWINCH:
            terminal_resize(curses->terminal);
            curses->editor_scroll = 0; /* what had to scroll in fewer columns may fit now */
            break;
        case SIGTSTP: curses_suspend(curses, false); break;
        case SIGCONT: curses_come_back(curses); break;
        }
        curses->dirty = true;
    }
}

/* The main thread has blocked them before it started any other (main.c). */
static int open_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGWINCH);
    sigaddset(&set, SIGTSTP);
    sigaddset(&set, SIGCONT);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* --- The log --- */

static void log_to_screen(struct curses *curses) {
    if (!isatty(STDERR_FILENO) || pipe2(curses->log_ends, O_CLOEXEC | O_NONBLOCK) != 0) return;
    log_set_descriptor(curses->log_ends[1]);
}

/* Each line was one write(2) (log.h), so a read has whole lines unless the buffer cuts one. */
static void take_log(struct curses *curses) {
    char lines[8 * 1024], *rest = lines;
    ssize_t size = read(curses->log_ends[0], lines, sizeof lines - 1);
    if (size <= 0) return;
    lines[size] = '\0';
    for (char *line; (line = strsep(&rest, "\n"));)
        if (line[0]) curses_say(curses, LINE_ERROR, line);
}

static void log_to_stderr(struct curses *curses, bool reads) {
    char lines[8 * 1024];
    ssize_t size;
    if (curses->log_ends[0] < 0) return;
    log_set_descriptor(-1);
    while (reads && (size = read(curses->log_ends[0], lines, sizeof lines)) > 0)
        if (write(STDERR_FILENO, lines, (size_t)size) < 0) break;
    close(curses->log_ends[0]);
    close(curses->log_ends[1]);
}

/* --- The loop --- */

/* A queue's nodes are the first members of what they carry. */
static void take_events(struct curses *curses) {
    struct queue_node *node;
    for (int i = 0; i < EVENTS_A_TURN && !curses->finished && (node = queue_pop(&curses->ui->events)); i++) {
        struct event *event = (struct event *)node;
        curses_events_take(curses, event);
        event_destroy(event);
    }
}

/* False when the terminal went away. */
static bool take_keys(struct curses *curses) {
    for (int i = 0; i < KEYS_A_TURN && has_terminal(curses); i++) {
        uint32_t key = terminal_key(curses->terminal, clock_boot_ms());
        if (key == KEYS_CLOSED) return false;
        if (key == KEYS_NONE) break;
        curses_input_key(curses, key);
    }
    return true;
}

static int until_next_minute(void) {
    return 60000 - (int)(clock_wall_ms() % 60000) + 1;
}

static int until_next_second(void) {
    return 1000 - (int)(clock_wall_ms() % 1000) + 1;
}

/* Milliseconds; a terminal that takes nothing says when it does. */
static int until_drawn(const struct curses *curses, uint64_t drawn) {
    int wait = curses->ui->settings->clock == CLOCK_SECONDS ? until_next_second() : until_next_minute();
    if (curses->background > 0) return BACKGROUND_LOOK_MS;
    if (!curses->dirty || curses->gone || terminal_output(curses->terminal) >= 0) return wait;
    uint64_t since = clock_boot_ms() - drawn;
    return since >= FRAME_MS ? 0 : (int)(FRAME_MS - since);
}

/* Sleeps until a key, an event, a signal or a log line comes, or a key is complete by time alone. True: there may be
 * keys. */
static bool wait_for_something(struct curses *curses, uint64_t drawn) {
    struct pollfd wanted[] = {
        {.fd = has_terminal(curses) ? curses->ui->input : -1, .events = POLLIN},
        {.fd = queue_event(&curses->ui->events), .events = POLLIN},
        {.fd = curses->signals, .events = POLLIN},
        {.fd = curses->log_ends[0], .events = POLLIN},
        {.fd = has_terminal(curses) ? terminal_output(curses->terminal) : -1, .events = POLLOUT},
    };
    int wait = until_drawn(curses, drawn), key_wait = terminal_key_wait(curses->terminal, clock_boot_ms());
    if (!queue_settle(&curses->ui->events)) wait = 0;
    bool keys_first = has_terminal(curses) && key_wait >= 0 && key_wait < wait;
    if (poll(wanted, sizeof wanted / sizeof *wanted, keys_first ? key_wait : wait) == 0) {
        curses->dirty = curses->dirty || !keys_first;
        return keys_first;
    }
    if (wanted[4].revents) terminal_flush(curses->terminal);
    if (wanted[2].revents & POLLIN) take_signals(curses);
    if (wanted[3].revents & POLLIN) take_log(curses);
    return wanted[0].revents != 0;
}

static void terminal_is_gone(struct curses *curses) {
    if (!curses->stopping) curses_tell(curses, input_create(INPUT_STOP, NULL, NULL, 0));
    curses->gone = curses->stopping = curses->leaving = true;
}

static void loop(struct curses *curses) {
    uint64_t drawn = 0;
    if (!draw(curses)) terminal_is_gone(curses);
    while (!curses->finished) {
        bool typed = wait_for_something(curses, drawn);
        if (curses->background > 0) look_for_terminal(curses);
        if (typed && !take_keys(curses)) terminal_is_gone(curses);
        take_events(curses);
        if (!has_terminal(curses) || !curses->dirty || (!typed && clock_boot_ms() - drawn < FRAME_MS)) continue;
        if (terminal_output(curses->terminal) >= 0) continue; /* it has not taken the picture before */
        if (!draw(curses)) terminal_is_gone(curses);
        drawn = clock_boot_ms();
    }
}

static void close_rooms(struct curses *curses) {
    const struct conversations *conversations = &curses->models.conversations;
    for (size_t i = 0; i < conversations->count; i++) window_destroy(conversations->list[i]->view);
    models_close(&curses->models);
    window_destroy(curses->home);
}

static void open_with(struct curses *curses, enum line_kind kind, const char *text) {
    struct opening *opening = &curses->opening[curses->openings++];
    opening->kind = kind;
    snprintf(opening->text, sizeof opening->text, "%s", text);
}

static void begin(struct curses *curses) {
    struct ui *ui = curses->ui;
    struct why why;
    curses->home = window_create();
    editor_init(&curses->editor);
    if (!models_open(&curses->models, ui, &why)) open_with(curses, LINE_ERROR, why.text);
    for (size_t i = 0; i < ui->warning_count; i++) open_with(curses, LINE_ERROR, ui->warnings[i]);
    curses->rich = rich_terminal(getenv);
    curses_host_init(curses);
    curses->signals = open_signals();
    log_to_screen(curses);
}

/* `reads`: the terminal does. */
static void end(struct curses *curses, bool reads) {
    log_to_stderr(curses, reads);
    if (curses->signals >= 0) close(curses->signals);
    close_rooms(curses);
    completion_end(&curses->completion);
    free(curses->search.typed);
    entered_clear(&curses->entered);
    editor_destroy(&curses->editor);
    canvas_free(&curses->canvas);
}

/* Without a terminal nothing can be shown: leaves, and waits until the engine has. */
static int give_up(struct ui *ui, const char *why) {
    struct input *stop = input_create(INPUT_STOP, NULL, NULL, 0);
    struct pollfd wanted = {.fd = queue_event(&ui->events), .events = POLLIN};
    bool finished = false;
    fprintf(stderr, "gochat: %s\n", why);
    if (!queue_push(ui->inputs, &stop->node)) abort();
    while (!finished) {
        struct queue_node *node = queue_pop(&ui->events);
        if (node) {
            finished = ((struct event *)node)->type == EVENT_FINISHED;
            event_destroy((struct event *)node);
        } else if (queue_settle(&ui->events)) {
            poll(&wanted, 1, -1);
        }
    }
    return 1;
}

int curses_run(struct ui *ui) {
    struct curses *curses = allocate_zeroed(1, sizeof *curses);
    struct why why = {"no UTF-8 locale: neither the environment's nor C.UTF-8 is there"};
    curses->ui = ui;
    curses->log_ends[0] = curses->log_ends[1] = curses->signals = -1;
    if (columns_init()) curses->terminal = terminal_open(ui->input, ui->output, curses_depth(ui->settings), &why);
    if (!curses->terminal) {
        free(curses);
        return give_up(ui, why.text);
    }
    begin(curses);
    curses_paint(curses);
    terminal_mouse(curses->terminal, ui->settings->mouse);
    if (why.text[0]) open_with(curses, LINE_NOTICE, why.text);
    if (!terminal_is_taken(curses->terminal)) curses_come_back(curses);
    loop(curses);
    bool reads = terminal_close(curses->terminal) || !isatty(STDERR_FILENO);
    int status = curses->status;
    if (status == ENGINE_STATUS_BARRED && curses->last_error[0] && reads)
        fprintf(stderr, "gochat: %s\n", curses->last_error);
    if (status == ENGINE_STATUS_UNDELIVERED && reads)
        fputs("gochat: somebody who was present did not get everything\n", stderr);
    end(curses, reads);
    free(curses);
    return status;
}

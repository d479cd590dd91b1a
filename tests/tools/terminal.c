/* terminal [-r ROWS] [-c COLUMNS] [-t TERM] [-e] PROGRAM ARGUMENTS…: runs a program on a pseudo-terminal with a
 * terminal emulator behind it. Orders come as lines on standard input, and each is answered by one JSON object in a
 * line; what happens by itself is told in between, as {"event":"stopped"|"ended","status":N}. With -e the program has
 * our standard error, not the terminal. Times, `at_us`, are of CLOCK_MONOTONIC, in microseconds.
 *
 *     send HEX              types these bytes; at_us
 *     resize ROWS COLUMNS
 *     screen                rows, cursor, modes, title, … : see tell_screen
 *     cells                 the same and, for each row, runs of [text, columns, foreground, background, attributes]
 *     find MS ROW HEX       waits for a text to be on the screen (ROW: a number, from the end if negative, or "any")
 *     more BYTES MS         waits until the program has written more than that
 *     settle QUIET MS       waits until the program has written nothing for QUIET ms, and sleeps
 *     log FILE              appends what the program writes from now on
 *     forget                the commands and bells so far
 *     signal NUMBER         to the program
 *     continue              after it was stopped
 *     deaf, hear            stops reading what the program writes, as a terminal that hangs; and goes on
 *     hangup                closes the terminal
 *
 * A wait answers {"reply":…,"met":true|false,"at_us":…}; `met` is false when its time was over, or the program had
 * ended. The end of input ends the program, and SIGTERM passes through to it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "common/clock.h"
#include "tests/support/emulator.h"
#include "tests/support/pty.h"

#define ORDER_MAX (1 << 20)
#define DRAIN_MS 1000 /* for the terminal to end once the program has */

enum wait_kind { WAIT_NOTHING, WAIT_TEXT, WAIT_MORE, WAIT_QUIET };

struct wait {
    enum wait_kind kind;
    const char *order;
    uint64_t deadline_ms, quiet_ms, bytes;
    bool any_row;
    long row;
    char *text;
};

struct tool {
    struct pty pty;
    struct emulator *emulator;
    unsigned rows, columns;
    bool ended, stopped, told_to_end, deaf;
    int status; /* of the program, once it ended */
    int signals, log;
    uint64_t written, written_at_ms; /* by the program */
    char *typed;                     /* what it has not taken yet */
    size_t typed_size;
    struct wait wait;
    char order[ORDER_MAX];
    size_t order_size;
    bool input_ended;
};

/* --- Answers ------------------------------------------------------------------------------------------------------ */

static uint64_t now_us(void) {
    return clock_monotonic_ns() / 1000;
}

static void tell(json_t *object) {
    json_dumpf(object, stdout, JSON_COMPACT);
    putchar('\n');
    fflush(stdout);
    json_decref(object);
}

static void reply(const char *order) {
    tell(json_pack("{s:s, s:I}", "reply", order, "at_us", (json_int_t)now_us()));
}

static void complain(const char *order) {
    tell(json_pack("{s:s, s:s}", "error", "no such order, or not so", "order", order));
}

/* What libvterm holds is UTF-8; the title may be anything. */
static json_t *text_or_hole(const char *text) {
    json_t *string = json_string(text);
    return string ? string : json_string("(no UTF-8)");
}

static json_t *owned(char *text) {
    json_t *string = text_or_hole(text);
    free(text);
    return string;
}

static json_t *screen_rows(const struct tool *tool) {
    json_t *rows = json_array();
    for (unsigned row = 0; row < tool->rows; row++)
        json_array_append_new(rows, owned(emulator_row(tool->emulator, row)));
    return rows;
}

static bool same_look(const struct emulator_cell *a, const struct emulator_cell *b) {
    return a->bold == b->bold && a->underline == b->underline && a->reverse == b->reverse &&
           a->foreground == b->foreground && a->background == b->background;
}

static json_t *run_of(const char *text, unsigned columns, const struct emulator_cell *look) {
    char attributes[4];
    size_t size = 0;
    if (look->bold) attributes[size++] = 'b';
    if (look->underline) attributes[size++] = 'u';
    if (look->reverse) attributes[size++] = 'r';
    attributes[size] = '\0';
    return json_pack("[s, i, i, i, s]", text, (int)columns, look->foreground, look->background, attributes);
}

static json_t *row_runs(const struct tool *tool, unsigned row) {
    json_t *runs = json_array();
    char *text = malloc((size_t)tool->columns * EMULATOR_CELL_SIZE + 1);
    if (!text) abort();
    size_t size = 0;
    unsigned start = 0;
    struct emulator_cell look = emulator_cell(tool->emulator, row, 0);
    for (unsigned column = 0; column < tool->columns;) {
        struct emulator_cell cell = emulator_cell(tool->emulator, row, column);
        if (!same_look(&cell, &look)) {
            text[size] = '\0';
            json_array_append_new(runs, run_of(text, column - start, &look));
            look = cell;
            size = 0;
            start = column;
        }
        const char *shown = cell.text[0] ? cell.text : " ";
        memcpy(text + size, shown, strlen(shown));
        size += strlen(shown);
        column += cell.width > 1 ? cell.width : 1;
    }
    text[size] = '\0';
    json_array_append_new(runs, run_of(text, tool->columns - start, &look));
    free(text);
    return runs;
}

static json_t *screen_cells(const struct tool *tool) {
    json_t *rows = json_array();
    for (unsigned row = 0; row < tool->rows; row++) json_array_append_new(rows, row_runs(tool, row));
    return rows;
}

static json_t *line_discipline(const struct tool *tool) {
    struct termios settings;
    if (tool->pty.terminal < 0 || tcgetattr(tool->pty.terminal, &settings) != 0) return json_null();
    return json_pack("{s:b, s:b, s:b}", "canonical", settings.c_lflag & ICANON, "echo", settings.c_lflag & ECHO,
                     "signals", settings.c_lflag & ISIG);
}

/* rows: an array of texts; cursor: [row, column]; visible: whether it shows; modes: as emulator_modes says; title;
 * bells; commands: as emulator_commands says; tty: the line discipline's settings; written: bytes so far. */
static void tell_screen(const struct tool *tool, const char *order, bool with_cells) {
    struct emulator_cursor cursor = emulator_cursor(tool->emulator);
    json_t *object =
        json_pack("{s:s, s:o, s:[i, i], s:b, s:o, s:o, s:i, s:o, s:o, s:I}", "reply", order, "rows", screen_rows(tool),
                  "cursor", (int)cursor.row, (int)cursor.column, "visible", (int)cursor.visible, "modes",
                  owned(emulator_modes(tool->emulator)), "title", text_or_hole(emulator_title(tool->emulator)), "bells",
                  (int)emulator_bells(tool->emulator), "commands", text_or_hole(emulator_commands(tool->emulator)),
                  "tty", line_discipline(tool), "written", (json_int_t)tool->written);
    if (with_cells) json_object_set_new(object, "cells", screen_cells(tool));
    tell(object);
}

/* --- The program's side ------------------------------------------------------------------------------------------- */

static void type(struct tool *tool, const void *bytes, size_t size) {
    tool->typed = realloc(tool->typed, tool->typed_size + size + 1);
    if (!tool->typed) abort();
    memcpy(tool->typed + tool->typed_size, bytes, size);
    tool->typed_size += size;
}

static void write_typed(struct tool *tool) {
    if (tool->typed_size == 0 || tool->pty.terminal < 0) return;
    ssize_t written = write(tool->pty.terminal, tool->typed, tool->typed_size);
    if (written <= 0) return;
    tool->typed_size -= (size_t)written;
    memmove(tool->typed, tool->typed + written, tool->typed_size);
}

/* False at the terminal's end. */
static bool read_terminal(struct tool *tool) {
    char bytes[65536];
    while (tool->pty.terminal >= 0) {
        ssize_t size = read(tool->pty.terminal, bytes, sizeof bytes);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0 && errno == EAGAIN) return true;
        if (size <= 0) return false;
        tool->written += (uint64_t)size;
        tool->written_at_ms = clock_monotonic_ms();
        if (tool->log >= 0) (void)!write(tool->log, bytes, (size_t)size);
        emulator_feed(tool->emulator, bytes, (size_t)size);
        char answer[256];
        size_t answered = emulator_answer(tool->emulator, answer, sizeof answer);
        if (answered > 0) type(tool, answer, answered);
        if (size < (ssize_t)sizeof bytes) return true; /* let orders and waits have a look */
    }
    return false;
}

static void drain(struct tool *tool) {
    uint64_t deadline = clock_monotonic_ms() + DRAIN_MS;
    while (read_terminal(tool) && clock_monotonic_ms() < deadline) {
        struct pollfd more = {.fd = tool->pty.terminal, .events = POLLIN};
        poll(&more, 1, 10);
    }
}

static void take_report(struct tool *tool) {
    struct pty_report report;
    while (pty_next_report(&tool->pty, &report)) {
        tool->stopped = report.what == PTY_STOPPED;
        tool->ended = report.what == PTY_ENDED;
        if (tool->ended) drain(tool);
        if (tool->ended) tool->status = report.status;
        tell(json_pack("{s:s, s:i}", "event", tool->ended ? "ended" : "stopped", "status", report.status));
    }
}

/* --- Waits -------------------------------------------------------------------------------------------------------- */

static bool row_has(const struct tool *tool, unsigned row, const char *text) {
    char *shown = emulator_row(tool->emulator, row);
    bool has = strstr(shown, text) != NULL;
    free(shown);
    return has;
}

static bool screen_has(const struct tool *tool, const struct wait *wait) {
    if (!wait->any_row) {
        long row = wait->row < 0 ? (long)tool->rows + wait->row : wait->row;
        return row >= 0 && row < (long)tool->rows && row_has(tool, (unsigned)row, wait->text);
    }
    for (unsigned row = 0; row < tool->rows; row++)
        if (row_has(tool, row, wait->text)) return true;
    return false;
}

/* Has a thread something to do, or waits for a processor to do it? Its state follows its name, which may have anything
 * but a slash in it (proc(5)). */
static bool thread_runs(pid_t program, const char *thread) {
    char name[288], line[512];
    snprintf(name, sizeof name, "/proc/%d/task/%s/stat", (int)program, thread);
    FILE *file = fopen(name, "re");
    if (!file) return false; /* it has ended */
    size_t size = fread(line, 1, sizeof line - 1, file);
    fclose(file);
    line[size] = '\0';
    const char *state = strrchr(line, ')');
    return state && (strncmp(state, ") R", 3) == 0 || strncmp(state, ") D", 3) == 0);
}

static bool program_runs(const struct tool *tool) {
    char name[64];
    snprintf(name, sizeof name, "/proc/%d/task", (int)tool->pty.program);
    DIR *threads = opendir(name);
    if (!threads) return false;
    bool runs = false;
    for (const struct dirent *thread; !runs && (thread = readdir(threads));)
        runs = thread->d_name[0] != '.' && thread_runs(tool->pty.program, thread->d_name);
    closedir(threads);
    return runs;
}

/* On a machine with too much to do a program is quiet also while it waits for its turn: quiet is who sleeps. */
static bool is_quiet(struct tool *tool, uint64_t now_ms) {
    if (now_ms < tool->written_at_ms + tool->wait.quiet_ms) return false;
    if (!program_runs(tool)) return true;
    tool->written_at_ms = now_ms;
    return false;
}

static bool wait_met(struct tool *tool, uint64_t now_ms) {
    switch (tool->wait.kind) {
    case WAIT_TEXT: return screen_has(tool, &tool->wait);
    case WAIT_MORE: return tool->written > tool->wait.bytes;
    case WAIT_QUIET: return is_quiet(tool, now_ms);
    default: return true;
    }
}

static void look_at_wait(struct tool *tool) {
    struct wait *wait = &tool->wait;
    if (wait->kind == WAIT_NOTHING) return;
    uint64_t now_ms = clock_monotonic_ms();
    bool met = wait_met(tool, now_ms);
    if (!met && now_ms < wait->deadline_ms && !tool->ended) return;
    tell(json_pack("{s:s, s:b, s:I, s:I}", "reply", wait->order, "met", (int)met, "at_us", (json_int_t)now_us(),
                   "written", (json_int_t)tool->written));
    free(wait->text);
    *wait = (struct wait){.kind = WAIT_NOTHING};
}

/* Until when poll may sleep. */
static int wait_timeout(const struct tool *tool) {
    const struct wait *wait = &tool->wait;
    if (wait->kind == WAIT_NOTHING) return -1;
    uint64_t now_ms = clock_monotonic_ms(), until = wait->deadline_ms;
    if (wait->kind == WAIT_QUIET && tool->written_at_ms + wait->quiet_ms < until)
        until = tool->written_at_ms + wait->quiet_ms;
    return until <= now_ms ? 0 : (int)(until - now_ms);
}

/* --- Orders ------------------------------------------------------------------------------------------------------- */

/* Hex → bytes with a final zero; malloc'd. NULL: it is none. */
static char *unhex(const char *hex, size_t *size) {
    size_t digits = strlen(hex);
    unsigned char *bytes = malloc(digits / 2 + 1);
    if (!bytes) abort();
    if (sodium_hex2bin(bytes, digits / 2, hex, digits, NULL, size, NULL) != 0) return free(bytes), NULL;
    bytes[*size] = '\0';
    return (char *)bytes;
}

static bool order_send(struct tool *tool, const char *order, char **words) {
    size_t size;
    char *bytes = unhex(words[0], &size);
    if (!bytes) return false;
    type(tool, bytes, size);
    free(bytes);
    uint64_t at = now_us();
    write_typed(tool);
    tell(json_pack("{s:s, s:I}", "reply", order, "at_us", (json_int_t)at));
    return true;
}

static bool order_resize(struct tool *tool, const char *order, char **words) {
    unsigned rows = (unsigned)strtoul(words[0], NULL, 10), columns = (unsigned)strtoul(words[1], NULL, 10);
    if (rows == 0 || columns == 0 || rows > 1000 || columns > 1000) return false;
    tool->rows = rows;
    tool->columns = columns;
    read_terminal(tool);
    emulator_resize(tool->emulator, rows, columns);
    pty_resize(&tool->pty, rows, columns);
    reply(order);
    return true;
}

static bool order_screen(struct tool *tool, const char *order, char **words) {
    (void)words;
    tell_screen(tool, order, strcmp(order, "cells") == 0);
    return true;
}

static bool order_find(struct tool *tool, const char *order, char **words) {
    size_t size;
    char *text = unhex(words[2], &size);
    if (!text) return false;
    tool->wait = (struct wait){.kind = WAIT_TEXT,
                               .order = order,
                               .deadline_ms = clock_monotonic_ms() + strtoul(words[0], NULL, 10),
                               .any_row = strcmp(words[1], "any") == 0,
                               .row = strtol(words[1], NULL, 10),
                               .text = text};
    return true;
}

static bool order_more(struct tool *tool, const char *order, char **words) {
    tool->wait = (struct wait){.kind = WAIT_MORE,
                               .order = order,
                               .bytes = strtoull(words[0], NULL, 10),
                               .deadline_ms = clock_monotonic_ms() + strtoul(words[1], NULL, 10)};
    return true;
}

static bool order_settle(struct tool *tool, const char *order, char **words) {
    uint64_t now_ms = clock_monotonic_ms();
    tool->written_at_ms = now_ms; /* quiet from now on */
    tool->wait = (struct wait){.kind = WAIT_QUIET,
                               .order = order,
                               .quiet_ms = strtoul(words[0], NULL, 10),
                               .deadline_ms = now_ms + strtoul(words[1], NULL, 10)};
    return true;
}

static bool order_log(struct tool *tool, const char *order, char **words) {
    if (tool->log >= 0) close(tool->log);
    tool->log = open(words[0], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    reply(order);
    return tool->log >= 0;
}

static bool order_forget(struct tool *tool, const char *order, char **words) {
    (void)words;
    emulator_forget(tool->emulator);
    reply(order);
    return true;
}

static bool order_signal(struct tool *tool, const char *order, char **words) {
    if (!tool->ended) kill(tool->pty.program, (int)strtol(words[0], NULL, 10));
    reply(order);
    return true;
}

static bool order_continue(struct tool *tool, const char *order, char **words) {
    (void)words;
    if (!tool->stopped) return false;
    tool->stopped = false;
    pty_continue(&tool->pty);
    reply(order);
    return true;
}

static bool order_deaf(struct tool *tool, const char *order, char **words) {
    (void)words;
    tool->deaf = strcmp(order, "deaf") == 0;
    reply(order);
    return true;
}

static bool order_hangup(struct tool *tool, const char *order, char **words) {
    (void)words;
    pty_hang_up(&tool->pty);
    reply(order);
    return true;
}

static const struct order {
    const char *name;
    unsigned words;
    bool (*run)(struct tool *tool, const char *order, char **words);
} orders[] = {
    {"send", 1, order_send},     {"resize", 2, order_resize}, {"screen", 0, order_screen},
    {"cells", 0, order_screen},  {"find", 3, order_find},     {"more", 2, order_more},
    {"settle", 2, order_settle}, {"log", 1, order_log},       {"forget", 0, order_forget},
    {"signal", 1, order_signal}, {"hangup", 0, order_hangup}, {"continue", 0, order_continue},
    {"deaf", 0, order_deaf},     {"hear", 0, order_deaf},
};

static void take_order(struct tool *tool, char *line) {
    char *words[5] = {NULL}, *rest = line, *word;
    unsigned count = 0;
    while (count < 5 && (word = strsep(&rest, " "))) words[count++] = word;
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        const struct order *order = &orders[i];
        if (strcmp(words[0], order->name) != 0) continue;
        if (count != order->words + 1 || !order->run(tool, order->name, words + 1)) break;
        return;
    }
    complain(line);
}

/* One order a time: the next is looked at when what this one waits for was told. */
static void take_orders(struct tool *tool) {
    char *end;
    while (tool->wait.kind == WAIT_NOTHING && (end = memchr(tool->order, '\n', tool->order_size))) {
        *end = '\0';
        take_order(tool, tool->order);
        size_t used = (size_t)(end + 1 - tool->order);
        tool->order_size -= used;
        memmove(tool->order, end + 1, tool->order_size);
        look_at_wait(tool);
    }
}

static void read_orders(struct tool *tool) {
    ssize_t size = read(STDIN_FILENO, tool->order + tool->order_size, ORDER_MAX - tool->order_size);
    if (size > 0) tool->order_size += (size_t)size;
    tool->input_ended = size == 0 || tool->order_size == ORDER_MAX;
}

/* --- The loop ----------------------------------------------------------------------------------------------------- */

static void take_signal(struct tool *tool) {
    struct signalfd_siginfo info;
    if (read(tool->signals, &info, sizeof info) != sizeof info) return;
    tool->told_to_end = true;
    if (!tool->ended) kill(tool->pty.program, (int)info.ssi_signo);
}

static void run(struct tool *tool) {
    bool open = true;
    while (!tool->input_ended && !(tool->told_to_end && tool->ended)) {
        struct pollfd wanted[] = {
            {.fd = STDIN_FILENO, .events = POLLIN},
            {.fd = tool->signals, .events = POLLIN},
            {.fd = tool->ended ? -1 : tool->pty.reports, .events = POLLIN},
            {.fd = open && !(tool->deaf && !tool->ended) ? tool->pty.terminal : -1, .events = POLLIN},
        };
        if (tool->typed_size > 0) wanted[3].events |= POLLOUT;
        if (poll(wanted, 4, wait_timeout(tool)) < 0 && errno != EINTR) return;
        if (wanted[3].revents & POLLOUT) write_typed(tool);
        if (wanted[3].revents & ~POLLOUT) open = read_terminal(tool);
        if (wanted[2].revents) take_report(tool);
        if (wanted[1].revents) take_signal(tool);
        look_at_wait(tool);
        if (wanted[0].revents) read_orders(tool);
        take_orders(tool);
    }
}

static int catch_sigterm(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int main(int argc, char **argv) {
    static struct tool tool = {.rows = 24, .columns = 80, .log = -1};
    const char *kind = "xterm-256color";
    int errors = -1;
    for (int option; (option = getopt(argc, argv, "+r:c:t:e")) != -1;) {
        if (option == 'r') tool.rows = (unsigned)strtoul(optarg, NULL, 10);
        if (option == 'c') tool.columns = (unsigned)strtoul(optarg, NULL, 10);
        if (option == 't') kind = optarg;
        if (option == 'e') errors = dup(STDERR_FILENO);
        if (option == '?') return 2;
    }
    if (optind == argc || tool.rows == 0 || tool.columns == 0) {
        fprintf(stderr, "usage: terminal [-r ROWS] [-c COLUMNS] [-t TERM] [-e] PROGRAM ARGUMENTS…\n");
        return 2;
    }
    setenv("TERM", kind, 1);
    uint64_t started = now_us();
    tool.signals = catch_sigterm();
    tool.emulator = emulator_open(tool.rows, tool.columns);
    if (!pty_start(&tool.pty, tool.rows, tool.columns, errors, argv + optind)) {
        fprintf(stderr, "terminal: %s\n", strerror(errno));
        return 1;
    }
    tell(json_pack("{s:s, s:i, s:I}", "event", "started", "pid", (int)tool.pty.program, "at_us", (json_int_t)started));
    run(&tool);
    pty_end(&tool.pty);
    emulator_close(tool.emulator);
    free(tool.typed);
    return tool.ended ? tool.status : 0;
}

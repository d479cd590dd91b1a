#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/curses/emergency.h"
#include "client/curses/key_sequences.h"
#include "client/curses/terminal.h"
#include "client/look/keys.h"
#include "common/sanitizers.h"
#include "tests/support/emulated.h"

#define ROWS 10
#define COLUMNS 40

static struct emulated *screen;
static struct terminal *terminal;
static struct canvas canvas;

static void open_as(const char *type, enum palette_depth limit) {
    struct why why = {""};
    setenv("TERM", type, 1);
    screen = emulated_open(ROWS, COLUMNS);
    terminal = terminal_open(screen->terminal, screen->terminal, limit, &why);
    assert_string_equal(why.text, "");
    assert_non_null(terminal);
    assert_true(canvas_reset(&canvas, ROWS, COLUMNS));
}

static void close_all(void) {
    (void)terminal_close(terminal);
    emulated_close(screen);
    canvas_free(&canvas);
}

static void draw(unsigned row, unsigned column, const char *text, struct style style) {
    canvas_text(&canvas, row, column, canvas.columns, text, strlen(text), style);
}

static void show(void) {
    assert_true(terminal_show(terminal, &canvas));
    emulated_settle(screen);
}

static void expect_row(unsigned row, const char *text) {
    char *shown = emulator_row(screen->emulator, row);
    assert_string_equal(shown, text);
    free(shown);
}

static void expect_modes(const char *modes) {
    char *on = emulator_modes(screen->emulator);
    assert_string_equal(on, modes);
    free(on);
}

/* The screen is what the canvas is, cell by cell, and so is the cursor. */
static void expect_canvas(void) {
    struct emulator_cursor cursor = emulator_cursor(screen->emulator);
    for (unsigned row = 0; row < canvas.rows; row++) {
        char *wanted = canvas_row_text(&canvas, row);
        expect_row(row, wanted);
        free(wanted);
    }
    assert_int_equal(cursor.row, canvas.cursor_row);
    assert_int_equal(cursor.column, canvas.cursor_column);
}

/* --- Drawing --- */

static void wide_characters_marks_and_emoji_stand_in_their_columns(void **state) {
    static const char *const texts[] = {
        "plain",
        "世界 hello 世界",
        "a\xcc\x81\xcc\xa3\xcc\x88 e\xcc\x81|",
        "😀😃 👨‍👩‍👧 👍🏽 🇨🇭|",
        "שלום עולם|",
        "مرحبا بالعالم|",
        "ก็ กำ ไทย|",
        "한국어 각|",
    };
    (void)state;
    open_as("xterm-256color", PALETTE_TRUE);
    for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++) draw(i, 1, texts[i], (struct style){0});
    draw(9, COLUMNS - 5, "世界世", (struct style){0}); /* half of the last one does not fit */
    canvas.cursor_row = 3;
    canvas.cursor_column = 17;
    show();
    expect_canvas();
    /* Something else over halves of wide characters. */
    draw(1, 2, "x", (struct style){0});
    draw(1, 15, "界y", (struct style){0});
    canvas.cursor_row = 9;
    canvas.cursor_column = COLUMNS - 1;
    show();
    expect_canvas();
    close_all();
}

static void every_canvas_becomes_the_screen(void **state) {
    static const char *const pieces[] = {"a", "世", "é", "e\xcc\x81",    "😀",
                                         " ", "ש",  "│", "\xef\xbf\xbd", "a\xcc\x81\xcc\xa3"};
    unsigned seed = 1;
    (void)state;
    open_as("xterm-256color", PALETTE_TRUE);
    for (int round = 0; round < 100; round++) {
        for (int i = 0; i < 60; i++) {
            seed = seed * 1103515245 + 12345;
            struct style style = {(uint8_t)((seed >> 8) % COLOURS), (uint8_t)((seed >> 13) % 16)};
            /* The last column is for characters of one code point: libvterm loses a mark there. */
            unsigned row = (seed >> 16) % ROWS, piece = (seed >> 4) % 10;
            draw(row, (seed >> 20) % (COLUMNS - 1), pieces[piece], style);
            draw(row, COLUMNS - 1, i % 2 ? "é" : "x", style);
        }
        canvas.cursor_row = (seed >> 7) % ROWS;
        canvas.cursor_column = (seed >> 9) % COLUMNS;
        show();
        expect_canvas();
    }
    uint64_t digest = emulator_digest(screen->emulator, 0, ROWS);
    terminal_redraw(terminal);
    show();
    assert_int_equal(emulator_digest(screen->emulator, 0, ROWS), digest);
    close_all();
}

static void only_rows_that_differ_are_written(void **state) {
    (void)state;
    open_as("xterm-256color", PALETTE_TRUE);
    draw(2, 0, "one", (struct style){0});
    draw(4, 0, "two", (struct style){0});
    show();
    /* What somebody else wrote there stays until that row changes, or all is drawn again. */
    static const char other[] = "\0337\033[3;1HXXX\033[5;1HYYY\0338";
    assert_int_equal(write(screen->terminal, other, sizeof other - 1), sizeof other - 1);
    draw(4, 0, "owt", (struct style){0});
    show();
    expect_row(2, "XXX");
    expect_row(4, "owt");
    terminal_redraw(terminal);
    show();
    expect_canvas();
    close_all();
}

static void what_was_there_is_garbled_by_no_resize(void **state) {
    static const unsigned sizes[][2] = {{24, 80}, {3, 7}, {1, 1}, {60, 200}, {10, 40}, {2, 80}, {30, 2}};
    (void)state;
    open_as("xterm-256color", PALETTE_TRUE);
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        unsigned rows, columns;
        emulated_resize(screen, sizes[i][0], sizes[i][1]);
        terminal_resize(terminal);
        terminal_size(terminal, &rows, &columns);
        assert_int_equal(rows, sizes[i][0]);
        assert_int_equal(columns, sizes[i][1]);
        assert_true(canvas_reset(&canvas, rows, columns));
        for (unsigned row = 0; row < rows; row++) draw(row, 0, "0世1234567890123456789 界", (struct style){0});
        canvas.cursor_row = rows - 1;
        show();
        expect_canvas();
    }
    close_all();
}

/* --- Colours --- */

static void colours_are_those_that_the_terminal_has(void **state) {
    static const struct {
        const char *type;
        enum palette_depth limit, depth;
    } terminals[] = {
        {"xterm", PALETTE_TRUE, PALETTE_8},
        {"xterm-256color", PALETTE_TRUE, PALETTE_256},
        {"xterm-256color", PALETTE_8, PALETTE_8},
        {"xterm-256color", PALETTE_NONE, PALETTE_NONE},
        {"xterm-direct2", PALETTE_TRUE, PALETTE_TRUE},
        {"screen-256color", PALETTE_TRUE, PALETTE_256},
        {"tmux-256color", PALETTE_TRUE, PALETTE_256},
        {"linux", PALETTE_TRUE, PALETTE_8},
        {"vt100", PALETTE_TRUE, PALETTE_NONE},
    };
    (void)state;
    for (unsigned i = 0; i < sizeof terminals / sizeof *terminals; i++) {
        open_as(terminals[i].type, terminals[i].limit);
        assert_int_equal(terminal_depth(terminal), terminals[i].depth);
        for (unsigned colour = 0; colour < COLOURS; colour++)
            draw(1, colour, "x", (struct style){(uint8_t)colour, STYLE_REVERSE});
        draw(2, 0, "b", (struct style){0, STYLE_BOLD});
        show();
        for (unsigned colour = 0; colour < COLOURS; colour++) {
            struct emulator_cell cell = emulator_cell(screen->emulator, 1, colour);
            int wanted =
                palette_foreground(&(struct palette){.theme = THEME_AUTO}, terminals[i].depth, (uint8_t)colour);
            if (wanted > 255) wanted += EMULATOR_RGB;
            assert_int_equal(cell.foreground, wanted);
            assert_int_equal(cell.background, -1);
            assert_true(cell.reverse);
        }
        assert_true(emulator_cell(screen->emulator, 2, 0).bold);
        assert_false(emulator_cell(screen->emulator, 2, 0).reverse);
        close_all();
    }
}

static void the_limit_takes_colours_away(void **state) {
    (void)state;
    open_as("xterm-256color", PALETTE_TRUE);
    draw(0, 0, "x", (struct style){COLOUR_BAD, 0});
    show();
    assert_int_equal(emulator_cell(screen->emulator, 0, 0).foreground,
                     palette_foreground(&(struct palette){.theme = THEME_AUTO}, PALETTE_256, COLOUR_BAD));
    terminal_limit(terminal, PALETTE_NONE);
    show();
    assert_int_equal(emulator_cell(screen->emulator, 0, 0).foreground, -1);
    terminal_limit(terminal, PALETTE_8);
    show();
    assert_int_equal(emulator_cell(screen->emulator, 0, 0).foreground,
                     palette_foreground(&(struct palette){.theme = THEME_AUTO}, PALETTE_8, COLOUR_BAD));
    close_all();
}

/* --- Given and taken --- */

static void the_terminal_is_left_as_it_was_found(void **state) {
    struct termios before = {0}, during, after = {0};
    (void)state;
    setenv("TERM", "xterm-256color", 1);
    screen = emulated_open(ROWS, COLUMNS);
    tcgetattr(screen->terminal, &before);
    emulated_close(screen);
    open_as("xterm-256color", PALETTE_TRUE);
    terminal_mouse(terminal, true);
    terminal_title(terminal, "a \033]0;evil\a title");
    draw(0, 0, "hello", (struct style){COLOUR_BAD, STYLE_BOLD});
    show();
    assert_string_equal(emulator_title(screen->emulator), "a \xef\xbf\xbd]0;evil\xef\xbf\xbd title");
    for (int round = 0; round < 2; round++) {
        tcgetattr(screen->terminal, &during);
        assert_int_equal(during.c_lflag & (ICANON | ECHO | ISIG), 0);
        assert_int_equal(during.c_iflag & (ICRNL | IXON), 0);
        expect_row(0, "hello");
        expect_modes("?1 ?25 ?1000 ?1004 ?1006 ?1049 ?2004 keypad");
        terminal_leave(terminal);
        emulated_settle(screen);
        expect_modes("?7 ?25");
        expect_row(0, "");
        assert_string_equal(emulator_title(screen->emulator), "");
        tcgetattr(screen->terminal, &after);
        assert_memory_equal(&before, &after, sizeof before);
        terminal_leave(terminal);
        terminal_return(terminal);
        terminal_return(terminal); /* as after SIGSTOP, which leaves it ours */
        show();
        assert_true(emulator_title(screen->emulator)[0] == 'a');
    }
    (void)terminal_close(terminal);
    emulated_settle(screen);
    expect_modes("?7 ?25");
    assert_string_equal(emulator_title(screen->emulator), "");
    tcgetattr(screen->terminal, &after);
    assert_memory_equal(&before, &after, sizeof before);
    emulated_close(screen);
    canvas_free(&canvas);
}

static volatile int depth;
__attribute__((noinline)) static int overflow(int level) {
    volatile char room[4096];
    room[level % 4096] = (char)level;
    if (depth == level) return room[0];
    return overflow(level + 1) + room[level % 4096];
}

static unsigned times(const char *bytes, const char *what) {
    unsigned count = 0;
    for (; (bytes = strstr(bytes, what)); bytes++) count++;
    return count;
}

/* Saved again while it is ours, what we have set would be what comes back. */
static void what_is_ours_already_is_not_saved(void **state) {
    struct winsize size = {.ws_row = ROWS, .ws_col = COLUMNS};
    struct why why;
    char bytes[4096];
    int master, slave;
    (void)state;
    setenv("TERM", "xterm-256color", 1);
    assert_int_equal(openpty(&master, &slave, NULL, NULL, &size), 0);
    struct terminal *opened = terminal_open(slave, slave, PALETTE_TRUE, &why);
    assert_non_null(opened);
    assert_true(terminal_is_foreground(opened) && terminal_is_taken(opened));
    terminal_mouse(opened, false);
    terminal_title(opened, "title");
    terminal_return(opened); /* after SIGSTOP */
    terminal_leave(opened);
    assert_false(terminal_is_taken(opened));
    terminal_return(opened);
    terminal_return(opened); /* the SIGCONT after our own stop */
    (void)terminal_close(opened);
    close(slave); /* what comes ends then; it may come in pieces */
    size_t size_read = 0;
    for (ssize_t got; (got = read(master, bytes + size_read, sizeof bytes - 1 - size_read)) > 0;)
        size_read += (size_t)got;
    bytes[size_read] = '\0';
    assert_int_equal(times(bytes, "\033[?1007s"), 2);
    assert_int_equal(times(bytes, "\033[?1007r"), 2);
    assert_int_equal(times(bytes, "\033[?1007l"), 4);
    assert_int_equal(times(bytes, "\033[22;2t"), 2);
    assert_int_equal(times(bytes, "\033[23;2t"), 2);
    close(master);
}

static void a_size_by_mistake_is_no_end(void **state) {
    struct winsize size = {.ws_row = UINT16_MAX, .ws_col = UINT16_MAX};
    unsigned rows, columns;
    struct why why;
    int master, slave;
    (void)state;
    setenv("TERM", "xterm-256color", 1);
    assert_int_equal(openpty(&master, &slave, NULL, NULL, &size), 0);
    struct terminal *opened = terminal_open(slave, slave, PALETTE_TRUE, &why);
    assert_non_null(opened);
    terminal_size(opened, &rows, &columns);
    assert_int_equal(rows, 500);
    assert_int_equal(columns, 2000);
    assert_true(canvas_reset(&canvas, rows, columns));
    assert_true(terminal_show(opened, &canvas));
    size = (struct winsize){.ws_row = 1, .ws_col = UINT16_MAX};
    assert_int_equal(ioctl(slave, TIOCSWINSZ, &size), 0);
    terminal_resize(opened);
    terminal_size(opened, &rows, &columns);
    assert_int_equal(rows, 1);
    assert_int_equal(columns, 2000);
    (void)terminal_close(opened);
    canvas_free(&canvas);
    close(master);
    close(slave);
}

static void crash_abort(void) {
    abort();
}

__attribute__((no_sanitize("undefined", "address"))) static void crash_segmentation(void) {
    volatile char *nowhere = (volatile char *)(uintptr_t)(depth + 1);
    *nowhere = 1;
}

static void crash_stack(void) {
    depth = -1;
    overflow(0);
}

/* The thread sanitizer holds back what a handler raises in a forked child; tests/e2e/terminal_life has it there, too.
 */
__attribute__((unused)) static void crash_quit(void) {
    kill(getpid(), SIGQUIT);
}

static void crash_said(void) {
    emergency_restore();
    emergency_restore();
    _exit(7);
}

static void a_crash_gives_the_terminal_back(void **state) {
    static void (*const crashes[])(void) = {
        crash_abort, crash_segmentation, crash_stack, crash_said,
#ifndef GOCHAT_TSAN
        crash_quit,
#endif
    };
    (void)state;
    for (unsigned i = 0; i < sizeof crashes / sizeof *crashes; i++) {
        struct termios before = {0}, after = {0};
        int status;
        setenv("TERM", "xterm-256color", 1);
        screen = emulated_open(ROWS, COLUMNS);
        tcgetattr(screen->terminal, &before);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            struct why why;
            struct rlimit none = {0, 0};
            setrlimit(RLIMIT_CORE, &none);
            close(STDERR_FILENO);     /* a sanitizer's report */
            signal(SIGSEGV, SIG_DFL); /* cmocka's handler would go on with the next test */
            signal(SIGQUIT, SIG_DFL); /* a shell has what runs in the background ignore it */
            terminal = terminal_open(screen->terminal, screen->terminal, PALETTE_TRUE, &why);
            terminal_title(terminal, "title");
            terminal_mouse(terminal, i % 2);
            (void)canvas_reset(&canvas, ROWS, COLUMNS);
            draw(0, 0, "hello", (struct style){COLOUR_BAD, STYLE_BOLD});
            (void)terminal_show(terminal, &canvas);
            crashes[i]();
            _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(!WIFEXITED(status) || WEXITSTATUS(status) != 0);
        emulated_settle(screen);
        expect_modes("?7 ?25");
        assert_string_equal(emulator_title(screen->emulator), "");
        assert_true(emulator_cursor(screen->emulator).visible);
        tcgetattr(screen->terminal, &after);
        assert_memory_equal(&before, &after, sizeof before);
        emulated_close(screen);
    }
}

static void handlers_are_those_from_before(void **state) {
    static const int signals[] = {SIGINT, SIGTERM, SIGTSTP, SIGWINCH, SIGSEGV, SIGABRT, SIGQUIT, SIGBUS};
    struct sigaction action;
    void *before[8];
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        sigaction(signals[i], NULL, &action);
        before[i] = (void *)action.sa_handler;
    }
    open_as("xterm-256color", PALETTE_TRUE);
    show();
    for (unsigned i = 0; i < 4; i++) {
        sigaction(signals[i], NULL, &action);
        assert_ptr_equal(action.sa_handler, before[i]);
    }
    close_all();
    for (unsigned i = 0; i < 8; i++) {
        sigaction(signals[i], NULL, &action);
        assert_ptr_equal(action.sa_handler, before[i]);
    }
}

static void a_refusal_names_the_kind_of_terminal(void **state) {
    struct why why;
    int ends[2];
    (void)state;
    screen = emulated_open(ROWS, COLUMNS);
    setenv("TERM", "no-such-terminal", 1);
    assert_null(terminal_open(screen->terminal, screen->terminal, PALETTE_TRUE, &why));
    assert_non_null(strstr(why.text, "no-such-terminal"));
    setenv("TERM", "dumb", 1);
    assert_null(terminal_open(screen->terminal, screen->terminal, PALETTE_TRUE, &why));
    assert_non_null(strstr(why.text, "dumb"));
    unsetenv("TERM");
    assert_null(terminal_open(screen->terminal, screen->terminal, PALETTE_TRUE, &why));
    assert_non_null(strstr(why.text, "TERM"));
    setenv("TERM", "xterm", 1);
    assert_int_equal(pipe(ends), 0);
    assert_null(terminal_open(ends[0], screen->terminal, PALETTE_TRUE, &why));
    assert_non_null(strstr(why.text, "xterm"));
    assert_null(terminal_open(screen->terminal, ends[1], PALETTE_TRUE, &why));
    close(ends[0]);
    close(ends[1]);
    emulated_settle(screen);
    assert_string_equal(emulator_commands(screen->emulator), "");
    emulated_close(screen);
}

/* --- Bells and words to the terminal --- */

static void notifications_are_filtered_and_cut(void **state) {
    char text[1001];
    (void)state;
    memset(text, 'x', 1000);
    text[1000] = '\0';
    open_as("xterm-256color", PALETTE_TRUE);
    show();
    emulator_forget(screen->emulator);
    terminal_bell(terminal);
    assert_true(terminal_notify(terminal, "4;1\a\033]52;c;YQ==\a"));
    terminal_notify(terminal, text);
    emulated_settle(screen);
    text[200] = '\0';
    char wanted[2048];
    snprintf(wanted, sizeof wanted, "OSC 9; 4;1\xef\xbf\xbd\xef\xbf\xbd]52;c;YQ==\xef\xbf\xbd\nOSC 9;%s\n", text);
    assert_string_equal(emulator_commands(screen->emulator), wanted);
    assert_int_equal(emulator_bells(screen->emulator), 1);
    close_all();
    /* A terminal that would show the words instead. */
    open_as("vt100", PALETTE_TRUE);
    show();
    assert_false(terminal_notify(terminal, "hello"));
    terminal_title(terminal, "hello");
    emulated_settle(screen);
    assert_string_equal(emulator_commands(screen->emulator), "");
    close_all();
    /* One that may pass it on. */
    open_as("tmux-256color", PALETTE_TRUE);
    show();
    assert_false(terminal_notify(terminal, "hello"));
    close_all();
}

/* --- Keys --- */

static uint64_t now_ms;

static void expect_keys(const char *bytes, size_t size, const uint32_t *keys, size_t count) {
    emulated_type(screen, bytes, size);
    for (size_t i = 0; i < count; i++) assert_int_equal(terminal_key(terminal, now_ms), keys[i]);
    assert_int_equal(terminal_key(terminal, now_ms), KEYS_NONE);
}

static void expect_key(const char *bytes, uint32_t key) {
    expect_keys(bytes, strlen(bytes), &key, 1);
}

static void sequences_are_keys_on_every_terminal(void **state) {
    static const char *const types[] = {"xterm-256color", "linux", "vt100", "tmux-256color", "xterm-direct", "xterm"};
    size_t count;
    const struct key_sequence *sequences = key_sequences(&count);
    (void)state;
    for (unsigned i = 0; i < sizeof types / sizeof *types; i++) {
        open_as(types[i], PALETTE_TRUE);
        for (size_t at = 0; at < count; at++) {
            if (sequences[at].key == KEYS_PASTE_BEGIN || sequences[at].key == KEYS_PASTE_END) continue;
            expect_key(sequences[at].bytes, sequences[at].key);
        }
        expect_keys("\033[200~a\033[201~", 13, (const uint32_t[]){KEYS_PASTE_BEGIN, 'a', KEYS_PASTE_END}, 3);
        close_all();
    }
}

static void a_terminal_may_have_keys_of_its_own(void **state) {
    (void)state;
    open_as("sun", PALETTE_TRUE);
    expect_key("\033[214z", KEYS_HOME);
    expect_key("\033[224z", KEYS_F1);
    close_all();
    open_as("vt52", PALETTE_TRUE);
    expect_key("\033A", KEYS_UP);
    close_all();
}

static void characters_are_keys(void **state) {
    (void)state;
    open_as("xterm-256color", PALETTE_TRUE);
    for (uint32_t key = 0; key < 0x7f; key++)
        if (key != 27) expect_keys((const char[]){(char)key}, 1, &key, 1);
    expect_key("\177", KEYS_BACKSPACE);
    expect_key("é", 0xe9);
    expect_key("世", 0x4e16);
    expect_key("😀", 0x1f600);
    expect_keys("añ😀b", 8, (const uint32_t[]){'a', 0xf1, 0x1f600, 'b'}, 4);
    close_all();
}

static void a_character_may_come_in_parts(void **state) {
    (void)state;
    open_as("xterm-256color", PALETTE_TRUE);
    expect_keys("\xf0\x9f", 2, NULL, 0);
    expect_keys("\x98", 1, NULL, 0);
    expect_keys("\x80x", 2, (const uint32_t[]){0x1f600, 'x'}, 2);
    close_all();
}

static void what_is_no_text_is_left_out(void **state) {
    (void)state;
    open_as("xterm-256color", PALETTE_TRUE);
    expect_key("\xff\x80"
               "a",
               'a');
    expect_key("\xc3(", '(');
    expect_key("\xed\xa0\x80"
               "b",
               'b');
    close_all();
}

static void alt_is_an_escape_before(void **state) {
    (void)state;
    open_as("xterm-256color", PALETTE_TRUE);
    expect_key("\033x", KEYS_ALT | 'x');
    expect_key("\0331", KEYS_ALT | '1');
    expect_key("\033\r", KEYS_ALT | '\r');
    expect_key("\033\177", KEYS_ALT | KEYS_BACKSPACE);
    expect_key("\033é", KEYS_ALT | 0xe9);
    expect_keys("\033ab", 3, (const uint32_t[]){KEYS_ALT | 'a', 'b'}, 2);
    close_all();
}

static void a_lone_escape_is_no_key(void **state) {
    (void)state;
    open_as("xterm-256color", PALETTE_TRUE);
    expect_keys("\033", 1, NULL, 0);
    assert_in_range(terminal_key_wait(terminal, now_ms), 1, 1000);
    now_ms += (uint64_t)terminal_key_wait(terminal, now_ms);
    expect_keys("", 0, NULL, 0);
    expect_key("x", 'x');
    close_all();
}

static void unknown_sequences_are_no_text(void **state) {
    (void)state;
    open_as("xterm-256color", PALETTE_TRUE);
    expect_key("\033[3;5~a", 'a');
    expect_key("\033[99;99;99zb", 'b');
    expect_key("\033[?1;2cc", 'c');
    expect_key("\033OXd", 'd');
    close_all();
}

static void a_closed_terminal_is_told(void **state) {
    (void)state;
    open_as("xterm-256color", PALETTE_TRUE);
    show();
    assert_int_equal(terminal_key(terminal, now_ms), KEYS_NONE);
    emulated_hang_up(screen);
    assert_int_equal(terminal_key(terminal, now_ms), KEYS_CLOSED);
    draw(0, 0, "hello", (struct style){0});
    assert_false(terminal_show(terminal, &canvas));
    close_all();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wide_characters_marks_and_emoji_stand_in_their_columns),
        cmocka_unit_test(every_canvas_becomes_the_screen),
        cmocka_unit_test(only_rows_that_differ_are_written),
        cmocka_unit_test(what_was_there_is_garbled_by_no_resize),
        cmocka_unit_test(colours_are_those_that_the_terminal_has),
        cmocka_unit_test(the_limit_takes_colours_away),
        cmocka_unit_test(the_terminal_is_left_as_it_was_found),
        cmocka_unit_test(what_is_ours_already_is_not_saved),
        cmocka_unit_test(a_size_by_mistake_is_no_end),
        cmocka_unit_test(a_crash_gives_the_terminal_back),
        cmocka_unit_test(handlers_are_those_from_before),
        cmocka_unit_test(a_refusal_names_the_kind_of_terminal),
        cmocka_unit_test(notifications_are_filtered_and_cut),
        cmocka_unit_test(sequences_are_keys_on_every_terminal),
        cmocka_unit_test(a_terminal_may_have_keys_of_its_own),
        cmocka_unit_test(characters_are_keys),
        cmocka_unit_test(a_character_may_come_in_parts),
        cmocka_unit_test(what_is_no_text_is_left_out),
        cmocka_unit_test(alt_is_an_escape_before),
        cmocka_unit_test(a_lone_escape_is_no_key),
        cmocka_unit_test(unknown_sequences_are_no_text),
        cmocka_unit_test(a_closed_terminal_is_told),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    unsetenv("TMUX"); /* whatever the tests themselves run in */
    unsetenv("STY");
    if (!columns_init()) return 1;
    return cmocka_run_group_tests_name("terminal", tests, NULL, NULL);
}

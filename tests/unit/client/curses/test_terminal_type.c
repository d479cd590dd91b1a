#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/curses/terminal_type.h"

/* What a small Debian has (ncurses-base), and less. */
static const char *const base[] = {"ansi",  "linux", "screen", "screen-256color", "tmux", "tmux-256color",
                                   "vt100", "vt220", "xterm",  "xterm-256color",  NULL};
static const char *const few[] = {"vt100", "linux", NULL};
static const char *const *entries;

static bool known(const char *type) {
    for (const char *const *entry = entries; *entry; entry++)
        if (strcmp(*entry, type) == 0) return true;
    return false;
}

static void expect(const char *term, const char *colorterm, const char *wanted) {
    const char *type = terminal_type_choose(term, colorterm, known);
    if (!wanted) {
        if (type) fail_msg("%s: %s", term ? term : "none", type);
        return;
    }
    if (!type) fail_msg("%s: none", term);
    assert_string_equal(type, wanted);
}

static void what_is_known_is_taken(void **state) {
    (void)state;
    entries = base;
    expect("xterm", "truecolor", "xterm");
    expect("linux", NULL, "linux");
}

static void names_of_today_are_like_xterm(void **state) {
    static const char *const names[] = {"xterm-kitty", "xterm-ghostty", "foot",           "foot-extra", "alacritty",
                                        "wezterm",     "contour",       "contour-latest", "rio",        "xterm-rio",
                                        "ghostty",     "st-256color",   "konsole-direct", "iTerm2",     "vte-256color",
                                        "new-256color"};
    (void)state;
    entries = base;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) expect(names[i], NULL, "xterm-256color");
    expect("nobody-knows", "truecolor", "xterm-256color");
    expect("nobody-knows", "24bit", "xterm-256color");
}

static void multiplexers_are_like_themselves(void **state) {
    (void)state;
    entries = base;
    expect("screen.xterm-kitty", "truecolor", "screen-256color");
    expect("tmux-direct", "truecolor", "tmux-256color");
    expect("linux-16color", NULL, "linux");
    expect("vt420", NULL, "vt220");
}

static void without_a_hint_there_is_none(void **state) {
    (void)state;
    entries = base;
    expect("nobody-knows", NULL, NULL);
    expect("nobody-knows", "", NULL);
    expect("dumb", "truecolor", NULL);
    expect("", "truecolor", NULL);
    expect(NULL, "truecolor", NULL);
}

static void less_is_taken_where_little_is_there(void **state) {
    (void)state;
    entries = few;
    expect("xterm-kitty", NULL, "vt100");
    expect("tmux-256color", NULL, "vt100");
    entries = few + 2;
    expect("xterm-kitty", "truecolor", NULL);
}

static void it_is_told_what_to_install(void **state) {
    struct why why;
    (void)state;
    unsetenv("COLORTERM");
    setenv("TERM", "xterm-kitty-nobody-knows", 1);
    assert_string_equal(terminal_type_here(&why), "xterm-256color");
    assert_non_null(strstr(why.text, "\"xterm-kitty-nobody-knows\""));
    assert_non_null(strstr(why.text, "install kitty-terminfo"));
    setenv("TERM", "xterm", 1);
    assert_string_equal(terminal_type_here(&why), "xterm");
    assert_string_equal(why.text, "");
    setenv("TERM", "\033]0;nobody\a", 1);
    assert_null(terminal_type_here(&why));
    assert_null(strchr(why.text, '\033'));
    assert_non_null(strstr(why.text, "install ncurses-term"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_known_is_taken),
        cmocka_unit_test(names_of_today_are_like_xterm),
        cmocka_unit_test(multiplexers_are_like_themselves),
        cmocka_unit_test(without_a_hint_there_is_none),
        cmocka_unit_test(less_is_taken_where_little_is_there),
        cmocka_unit_test(it_is_told_what_to_install),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("terminal_type", tests, NULL, NULL);
}

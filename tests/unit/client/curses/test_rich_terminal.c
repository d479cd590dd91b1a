#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client/curses/rich_terminal.h"

static const struct variable {
    const char *name;
    char *value;
} * environment;

static char *look_up(const char *name) {
    for (const struct variable *at = environment; at->name; at++)
        if (strcmp(at->name, name) == 0) return at->value;
    return NULL;
}

static void the_environment_says_what_the_terminal_can(void **state) {
    static const struct {
        struct variable variables[5];
        bool rich;
    } cases[] = {
        {{{"TERM", "xterm-kitty"}}, true},
        {{{"TERM", "foot"}}, true},
        {{{"TERM", "xterm-256color"}}, false},
        {{{NULL, NULL}}, false},
        {{{"TERM", "xterm-256color"}, {"VTE_VERSION", "7600"}}, true},
        {{{"TERM", "xterm-256color"}, {"VTE_VERSION", "4800"}}, false},
        {{{"TERM", "xterm-256color"}, {"VTE_VERSION", "of mine"}}, false},
        {{{"TERM", "xterm-256color"}, {"KONSOLE_VERSION", "230800"}}, true},
        {{{"TERM", "xterm-256color"}, {"KONSOLE_VERSION", "190400"}}, false},
        {{{"TERM", "xterm-256color"}, {"WT_SESSION", "a-b"}}, true},
        {{{"TERM", "xterm-256color"}, {"TERM_PROGRAM", "iTerm.app"}}, true},
        {{{"TERM", "xterm-256color"}, {"TERM_PROGRAM", "Apple_Terminal"}}, false},
        {{{"TERM", "linux"}, {"VTE_VERSION", "7600"}}, false},
        {{{"TERM", "screen-256color"}, {"STY", "1.host"}, {"VTE_VERSION", "7600"}}, false},
        {{{"TERM", "tmux-256color"}, {"TMUX", "/s,1,0"}, {"VTE_VERSION", "7600"}}, false},
        {{{"TERM", "tmux"}, {"TMUX", "/s"}, {"TERM_PROGRAM", "tmux"}, {"TERM_PROGRAM_VERSION", "3.4"}}, true},
        {{{"TERM", "screen"}, {"TMUX", "/s"}, {"TERM_PROGRAM", "tmux"}, {"TERM_PROGRAM_VERSION", "3.5a"}}, true},
        {{{"TERM", "tmux"}, {"TMUX", "/s"}, {"TERM_PROGRAM", "tmux"}, {"TERM_PROGRAM_VERSION", "next-3.6"}}, true},
        {{{"TERM", "tmux"}, {"TMUX", "/s"}, {"TERM_PROGRAM", "tmux"}, {"TERM_PROGRAM_VERSION", "3.3a"}}, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        environment = cases[i].variables;
        assert_int_equal(rich_terminal(look_up), cases[i].rich);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_environment_says_what_the_terminal_can)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("rich terminal", tests, NULL, NULL);
}

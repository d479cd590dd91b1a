#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client/curses/passthrough.h"

static void the_environment_says_what_is_in_between(void **state) {
    static const struct {
        const char *term, *tmux, *sty;
        enum passthrough wanted;
    } cases[] = {
        {"xterm-256color", NULL, NULL, PASSTHROUGH_NONE},
        {"xterm-256color", "", "", PASSTHROUGH_NONE},
        {NULL, NULL, NULL, PASSTHROUGH_NONE},
        {"tmux-256color", "/tmp/tmux-0/default,1,0", NULL, PASSTHROUGH_TMUX},
        {"tmux", NULL, NULL, PASSTHROUGH_TMUX}, /* over ssh */
        {"screen-256color", "/tmp/tmux-0/default,1,0", NULL, PASSTHROUGH_TMUX},
        {"screen", NULL, "1.pts-0.host", PASSTHROUGH_SCREEN},
        {"screen.xterm-256color", NULL, NULL, PASSTHROUGH_SCREEN},
        {"screen", "/tmp/tmux-0/default,1,0", "1.pts-0.host", PASSTHROUGH_SCREEN}, /* one within the other */
        {"xterm-256color", NULL, "1.pts-0.host", PASSTHROUGH_SCREEN},
        {"xterm-256color", "/tmp/tmux-0/default,1,0", NULL, PASSTHROUGH_EITHER},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(passthrough_of(cases[i].term, cases[i].tmux, cases[i].sty), cases[i].wanted);
        assert_int_equal(passthrough_is_sure(cases[i].wanted), cases[i].wanted == PASSTHROUGH_NONE);
    }
}

static void expect(enum passthrough passthrough, const char *wanted) {
    char out[PASSTHROUGH_MAX];
    assert_int_equal(passthrough_wrap(passthrough, "\033]9;hi\a", out), strlen(wanted));
    assert_string_equal(out, wanted);
}

static void each_is_asked_in_its_own_way(void **state) {
    (void)state;
    expect(PASSTHROUGH_NONE, "\033]9;hi\a");
    expect(PASSTHROUGH_TMUX, "\033Ptmux;\033\033]9;hi\a\033\\");
    expect(PASSTHROUGH_SCREEN, "\033P\033]9;hi\a\033\\");
    expect(PASSTHROUGH_EITHER, "\033]9;hi\a\033Ptmux;\033\033]9;hi\a\033\\");
}

static void what_is_too_long_is_cut(void **state) {
    char sequence[2000], out[PASSTHROUGH_MAX];
    (void)state;
    memset(sequence, '\033', sizeof sequence);
    sequence[sizeof sequence - 1] = '\0';
    assert_int_equal(passthrough_wrap(PASSTHROUGH_EITHER, sequence, out), PASSTHROUGH_MAX - 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_environment_says_what_is_in_between),
        cmocka_unit_test(each_is_asked_in_its_own_way),
        cmocka_unit_test(what_is_too_long_is_cut),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("passthrough", tests, NULL, NULL);
}

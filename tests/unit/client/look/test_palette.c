#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "client/look/palette.h"
#include "tests/support/layout.h"

#define CONTRAST_TEXT 4.5 /* WCAG 2.1, 1.4.3: of texts, times and signs */
#define CONTRAST_NICK 3.5
/* In OKLab, where 0.02 is just noticeable side by side. What the table says of itself. */
#define APART_256 0.097
#define APART_TRUE 0.123

static const struct palette plain = {.theme = THEME_AUTO};
static const enum palette_depth rich[] = {PALETTE_256, PALETTE_TRUE};

/* x^(1/n) by Newton's method: the tests link no libm. */
static double root(double x, int n) {
    double guess = 1;
    for (unsigned round = 0; round < 200; round++) {
        double power = 1;
        for (int i = 1; i < n; i++) power *= guess;
        guess += (x / power - guess) / n;
    }
    return guess;
}

/* sRGB to linear light: ((c + 0.055) / 1.055)^2.4, the twelfth power of the fifth root. */
static double linear(int channel) {
    double c = channel / 255.0;
    if (c <= 0.04045) return c / 12.92;
    double fifth = root((c + 0.055) / 1.055, 5), power = 1;
    for (unsigned i = 0; i < 12; i++) power *= fifth;
    return power;
}

struct light {
    double red, green, blue;
};

static struct light light_of(int rgb) {
    return (struct light){linear(rgb >> 16), linear(rgb >> 8 & 0xff), linear(rgb & 0xff)};
}

/* Relative luminance, WCAG 2.1. */
static double luminance(int rgb) {
    struct light light = light_of(rgb);
    return 0.2126 * light.red + 0.7152 * light.green + 0.0722 * light.blue;
}

struct oklab {
    double l, a, b;
};

/* https://bottosson.github.io/posts/oklab */
static struct oklab oklab_of(int rgb) {
    struct light c = light_of(rgb);
    double l = root(0.4122214708 * c.red + 0.5363325363 * c.green + 0.0514459929 * c.blue, 3);
    double m = root(0.2119034982 * c.red + 0.6806995451 * c.green + 0.1073969566 * c.blue, 3);
    double s = root(0.0883024619 * c.red + 0.2817188376 * c.green + 0.6299787005 * c.blue, 3);
    return (struct oklab){0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s,
                          1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
                          0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s};
}

static double distance(int one, int other) {
    struct oklab x = oklab_of(one), y = oklab_of(other);
    double square = (x.l - y.l) * (x.l - y.l) + (x.a - y.a) * (x.a - y.a) + (x.b - y.b) * (x.b - y.b);
    return square > 0 ? root(square, 2) : 0;
}

/* What xterm shows for an index of its 256 colours, from its documentation. */
static int xterm_colour(int index) {
    static const int cube[] = {0x00, 0x5f, 0x87, 0xaf, 0xd7, 0xff};
    assert_in_range(index, 16, 255); /* the first 16 look as the user likes */
    if (index >= 232) return (index - 232) * 0x0a0a0a + 0x080808;
    index -= 16;
    return cube[index / 36] * 0x10000 + cube[index % 36 / 6] * 0x100 + cube[index % 6];
}

static void measures_as_the_books_do(void **state) {
    (void)state;
    assert_float_equal(luminance(0xffffff), 1, 0.0001);
    assert_float_equal(luminance(0x808080), 0.2159, 0.0001);
    assert_float_equal(oklab_of(0xff0000).a, 0.2249, 0.0005);
    assert_float_equal(distance(0xffffff, 0x000000), 1, 0.001);
    assert_int_equal(xterm_colour(208), 0xff8700);
    assert_int_equal(xterm_colour(255), 0xeeeeee);
}

/* As the terminal shows it; -1: the terminal's own. */
static int shown_in(enum palette_theme theme, enum palette_depth depth, unsigned colour) {
    struct palette palette = {.theme = theme};
    int foreground = palette_foreground(&palette, depth, (uint8_t)colour);
    return depth == PALETTE_256 && foreground >= 0 ? xterm_colour(foreground) : foreground;
}

static int shown(enum palette_depth depth, unsigned colour) {
    return shown_in(THEME_AUTO, depth, colour);
}

/* Others are as one of these, or the terminal's own. */
static bool is_distinct(unsigned colour) {
    return (colour >= COLOUR_TIME && colour <= COLOUR_PRIVATE) || colour >= COLOUR_NICK;
}

static double contrast_with_black(int rgb) {
    return (luminance(rgb) + 0.05) / 0.05;
}

static double contrast_with_white(int rgb) {
    return 1.05 / (luminance(rgb) + 0.05);
}

static void contrasts_with_black_and_white(void **state) {
    (void)state;
    for (unsigned i = 0; i < sizeof rich / sizeof *rich; i++)
        for (unsigned colour = COLOUR_TIME; colour < COLOURS; colour++) {
            double least = colour < COLOUR_NICK ? CONTRAST_TEXT : CONTRAST_NICK;
            assert_true(shown(rich[i], colour) >= 0 || !is_distinct(colour));
            if (shown(rich[i], colour) < 0) continue;
            assert_true(contrast_with_black(shown(rich[i], colour)) >= least);
            assert_true(contrast_with_white(shown(rich[i], colour)) >= least);
        }
}

static void colours_lie_well_apart(void **state) {
    (void)state;
    for (unsigned i = 0; i < sizeof rich / sizeof *rich; i++)
        for (unsigned one = COLOUR_TIME; one < COLOURS; one++)
            for (unsigned other = COLOUR_TIME; other < one; other++)
                assert_true(!is_distinct(one) || !is_distinct(other) ||
                            distance(shown(rich[i], one), shown(rich[i], other)) >=
                                (rich[i] == PALETTE_256 ? APART_256 : APART_TRUE));
}

static double contrast(int one, int other) {
    double a = luminance(one) + 0.05, b = luminance(other) + 0.05;
    return a > b ? a / b : b / a;
}

static void themes_can_be_read_on_their_backgrounds(void **state) {
    static const struct {
        enum palette_theme theme;
        int backgrounds[2];
        double apart;
    } themes[] = {{THEME_DARK, {0x000000, 0x303030}, 0.116}, {THEME_LIGHT, {0xffffff, 0xeeeeee}, 0.093}};
    (void)state;
    for (unsigned t = 0; t < 2; t++)
        for (unsigned i = 0; i < sizeof rich / sizeof *rich; i++)
            for (unsigned colour = COLOUR_TIME; colour < COLOURS; colour++) {
                int text = shown_in(themes[t].theme, rich[i], colour);
                assert_true(text >= 0 || !is_distinct(colour));
                if (text < 0) continue;
                assert_true(contrast(text, themes[t].backgrounds[0]) >= CONTRAST_TEXT);
                assert_true(contrast(text, themes[t].backgrounds[1]) >= CONTRAST_TEXT);
                for (unsigned other = COLOUR_TIME; other < colour && is_distinct(colour); other++)
                    assert_true(!is_distinct(other) ||
                                distance(text, shown_in(themes[t].theme, rich[i], other)) >= themes[t].apart);
            }
}

static void the_user_chooses(void **state) {
    struct palette palette = {.theme = THEME_AUTO};
    struct why why;
    static const struct {
        const char *value;
        int basic, index, rgb;
    } cases[] = {
        {"red", 1, 1, 1},
        {"Bright-Red", 1, 9, 0xff0000},
        {"default", -1, -1, -1},
        {"0", 0, 0, 0},
        {"208", 3, 208, 0xff8700},
        {"255", 7, 255, 0xeeeeee},
        {"#ff8700", 3, 208, 0xff8700},
        {"#000001", 0, 16, 0},
        {"#FF0000", 1, 196, 0xff0000},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        palette.own.chosen[COLOUR_LINK] = false;
        assert_true(palette_choose(&palette.own, "link", cases[i].value, &why));
        assert_int_equal(palette_foreground(&palette, PALETTE_NONE, COLOUR_LINK), -1);
        assert_int_equal(palette_foreground(&palette, PALETTE_8, COLOUR_LINK), cases[i].basic);
        assert_int_equal(palette_foreground(&palette, PALETTE_256, COLOUR_LINK), cases[i].index);
        assert_int_equal(palette_foreground(&palette, PALETTE_TRUE, COLOUR_LINK), cases[i].rgb);
    }
    assert_true(palette_choose(&palette.own, "nick-others", "1, 2 ,#00ffff", &why));
    assert_int_equal(palette_foreground(&palette, PALETTE_256, COLOUR_NICK), 1);
    assert_int_equal(palette_foreground(&palette, PALETTE_256, COLOUR_NICK + 4), 2);
    assert_int_equal(palette_foreground(&palette, PALETTE_256, COLOURS - 1), 51);
    for (size_t i = 0; palette_role(i); i++) {
        struct palette_own own = {.chosen = {false}};
        assert_true(palette_choose(&own, palette_role(i), "3", &why));
        assert_true(own.chosen[i + 1]);
    }
}

#define EXPECTED                                                                                                       \
    "a number from 0 to 255, #rrggbb, default, black, red, green, yellow, blue, magenta, cyan, white or bright- and "  \
    "one of these"

static void wrong_choices_are_told(void **state) {
    static const struct {
        const char *role, *value, *expected;
    } cases[] = {
        {"link", "reddish", "'reddish': expected " EXPECTED},
        {"link", "256", "'256': expected " EXPECTED},
        {"link", "-1", "'-1': expected " EXPECTED},
        {"link", "#12345", "'#12345': expected " EXPECTED},
        {"link", "#12345g", "'#12345g': expected " EXPECTED},
        {"link", "", "'': expected " EXPECTED},
        {"link", "1, 2", "'1, 2': expected " EXPECTED},
        {"nick-others", "1, x", "'x': expected up to 12 colours with commas between, each of them " EXPECTED},
        {"nick-others", "1,2,3,4,5,6,7,8,9,10,11,12,13",
         "'13': expected up to 12 colours with commas between, each of them " EXPECTED},
        {"error", "red", "given already, expected once"},
        {"lnik", "red", "unknown role, did you mean link?"},
        {"background", "red",
         "unknown role, expected one of time, good, warning, error, private, text, notice, mention, unread, "
         "status-bar, "
         "link, nick-own, nick-others"},
    };
    struct palette_own own = {.chosen = {false}};
    struct why why;
    (void)state;
    assert_true(palette_choose(&own, "error", "red", &why));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_false(palette_choose(&own, cases[i].role, cases[i].value, &why));
        assert_string_equal(why.text, cases[i].expected);
        assert_false(own.chosen[COLOUR_LINK] || own.chosen[COLOUR_NICK]);
    }
}

/* Where one terminal has 256 colours and another any, a key has a like one: nearer to its own than most others are. */
static void a_key_has_a_like_colour_with_256(void **state) {
    (void)state;
    for (unsigned nick = COLOUR_NICK; nick < COLOURS; nick++) {
        unsigned nearer = 0;
        double own = distance(shown(PALETTE_TRUE, nick), shown(PALETTE_256, nick));
        for (unsigned other = COLOUR_NICK; other < COLOURS; other++)
            nearer += distance(shown(PALETTE_TRUE, nick), shown(PALETTE_256, other)) < own;
        assert_in_range(nearer, 0, PALETTE_NICKS / 3);
    }
}

/* Red and magenta, as xterm, the Linux console and GNOME's terminal (Tango) have them, and nothing that is worse. */
static void eight_colours_can_be_read_on_both(void **state) {
    (void)state;
    static const int palettes[][2] = {{0xcd0000, 0xcd00cd}, {0xaa0000, 0xaa00aa}, {0xcc0000, 0x75507b}};
    unsigned times[8] = {0}, own = 0;
    for (unsigned colour = COLOUR_TIME; colour < COLOURS; colour++) {
        int index = palette_foreground(&plain, PALETTE_8, (uint8_t)colour);
        assert_true(index == -1 || index == 1 || index == 5);
        if (colour < COLOUR_NICK) continue;
        if (index < 0)
            own++;
        else
            times[index]++;
    }
    assert_int_equal(own, 6);
    assert_int_equal(times[1], 3);
    assert_int_equal(times[5], 3);
    assert_int_equal(palette_foreground(&plain, PALETTE_8, COLOUR_BAD), 1);
    assert_int_equal(palette_foreground(&plain, PALETTE_8, COLOUR_PRIVATE), 5);
    for (unsigned i = 0; i < 3; i++)
        for (unsigned j = 0; j < 2; j++) {
            assert_true(contrast_with_black(palettes[i][j]) >= 2.7);
            assert_true(contrast_with_white(palettes[i][j]) >= 2.7);
        }
}

static void the_terminals_own_colour(void **state) {
    (void)state;
    for (unsigned depth = PALETTE_NONE; depth <= PALETTE_TRUE; depth++) {
        assert_int_equal(palette_foreground(&plain, depth, COLOUR_DEFAULT), -1);
        assert_int_equal(palette_foreground(&plain, depth, COLOURS), -1);
        assert_int_equal(palette_foreground(&plain, depth, 255), -1);
    }
    for (unsigned colour = 0; colour < COLOURS; colour++)
        assert_int_equal(palette_foreground(&plain, PALETTE_NONE, (uint8_t)colour), -1);
}

static void a_key_keeps_its_colour(void **state) {
    (void)state;
    static const struct {
        const char *fingerprint;
        uint8_t nick;
    } examples[] = {
        {"", 0},
        {"0", 0},
        {"b", 11},
        {"c", 0},
        {"10", 4},
        {"ff", 3},
        {"00112233445566778899aabbccddeeff", 3},
        {"0123456789abcdef0123456789abcdea", 10},
        {"8d5e957f297893487bd98fa830fa6419", 9},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
        assert_int_equal(palette_nick(examples[i].fingerprint), examples[i].nick);
    assert_int_equal(palette_nick("DeadBeef"), palette_nick("deadbeef"));
    assert_int_equal(palette_nick("dead beef"), palette_nick("deadbeef"));
}

/* Chi-squared with 11 degrees of freedom exceeds 40 once in 28,000 times; these numbers are the same in each run. */
static void keys_spread_over_all_colours(void **state) {
    (void)state;
    enum { KEYS = 12000 };
    unsigned times[PALETTE_NICKS] = {0};
    for (unsigned i = 0; i < KEYS; i++) {
        char fingerprint[33];
        snprintf(fingerprint, sizeof fingerprint, "%016llx%016llx", (unsigned long long)layout_random(),
                 (unsigned long long)layout_random());
        uint8_t nick = palette_nick(fingerprint);
        assert_true(nick < PALETTE_NICKS);
        times[nick]++;
    }
    double sum = 0, expected = (double)KEYS / PALETTE_NICKS;
    for (size_t i = 0; i < PALETTE_NICKS; i++) sum += (times[i] - expected) * (times[i] - expected) / expected;
    assert_true(sum < 40);
}

static void knows_what_a_terminal_can(void **state) {
    (void)state;
    static const struct {
        int colours;
        enum palette_depth depth;
    } examples[] = {
        {-1, PALETTE_NONE}, {0, PALETTE_NONE},    {2, PALETTE_NONE},
        {8, PALETTE_8},     {16, PALETTE_8},      {88, PALETTE_8},
        {256, PALETTE_256}, {32767, PALETTE_256}, {0x1000000, PALETTE_TRUE},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        assert_int_equal(palette_depth(examples[i].colours), examples[i].depth);
    }
}

/* So that a scanner finds its way whatever the terminal's colours are: the most contrast that the depth has. */
static void a_code_is_black_on_white(void **state) {
    static const int pairs[][2] = {[PALETTE_8] = {0, 7}, [PALETTE_256] = {16, 231}, [PALETTE_TRUE] = {0, 0xffffff}};
    int black, white;
    (void)state;
    assert_false(palette_code(PALETTE_NONE, &black, &white));
    for (int depth = PALETTE_8; depth <= PALETTE_TRUE; depth++) {
        assert_true(palette_code((enum palette_depth)depth, &black, &white));
        assert_int_equal(black, pairs[depth][0]);
        assert_int_equal(white, pairs[depth][1]);
    }
    assert_int_equal(xterm_colour(16), 0);
    assert_int_equal(xterm_colour(231), 0xffffff);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_code_is_black_on_white),
        cmocka_unit_test(measures_as_the_books_do),
        cmocka_unit_test(contrasts_with_black_and_white),
        cmocka_unit_test(colours_lie_well_apart),
        cmocka_unit_test(themes_can_be_read_on_their_backgrounds),
        cmocka_unit_test(the_user_chooses),
        cmocka_unit_test(wrong_choices_are_told),
        cmocka_unit_test(a_key_has_a_like_colour_with_256),
        cmocka_unit_test(eight_colours_can_be_read_on_both),
        cmocka_unit_test(the_terminals_own_colour),
        cmocka_unit_test(a_key_keeps_its_colour),
        cmocka_unit_test(keys_spread_over_all_colours),
        cmocka_unit_test(knows_what_a_terminal_can),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("palette", tests, NULL, NULL);
}

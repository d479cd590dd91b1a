#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/curses/pane.h"
#include "client/curses/screen.h"
#include "client/curses/screen_layout.h"
#include "tests/support/rounds.h"
#include "tests/support/scene.h"

/* --- Layout --- */

static bool apart(struct rect a, struct rect b) {
    return a.row + a.rows <= b.row || b.row + b.rows <= a.row || a.column + a.columns <= b.column ||
           b.column + b.columns <= a.column;
}

static void parts_of_the_screen_never_overlap(void **state) {
    static const struct layout_wishes wishes[] = {
        {MEMBERS_AUTO, CLOCK_MINUTES, 60}, {MEMBERS_ON, CLOCK_OFF, 12}, {MEMBERS_OFF, CLOCK_SECONDS, 0}};
    (void)state;
    for (unsigned rows = 1; rows <= 80; rows++)
        for (unsigned columns = 1; columns <= 250; columns++)
            for (unsigned i = 0; i < 3; i++) {
                struct screen_layout layout = screen_layout(rows, columns, &wishes[i]);
                struct rect parts[] = {layout.title, layout.pane, layout.members, layout.status, layout.input};
                unsigned cells = 0;
                for (unsigned a = 0; a < 5; a++) {
                    bool inside = parts[a].row + parts[a].rows <= rows && parts[a].column + parts[a].columns <= columns;
                    assert_true(inside);
                    cells += parts[a].rows * parts[a].columns;
                    for (unsigned b = 0; b < a; b++) assert_true(apart(parts[a], parts[b]));
                }
                /* All of it is used, but for what separates the members. */
                assert_int_equal(cells + (layout.members.columns > 0 ? layout.pane.rows : 0), rows * columns);
                assert_int_equal(layout.input.rows, 1);
                assert_true(layout.members.columns <= LAYOUT_MEMBERS_MAX);
                assert_true(layout.author <= LAYOUT_AUTHOR_MAX && 2 * layout.author <= layout.pane.columns);
            }
}

static struct screen_layout laid_out(unsigned rows, unsigned columns, int members) {
    struct layout_wishes wishes = {members, CLOCK_MINUTES, 12};
    return screen_layout(rows, columns, &wishes);
}

static void parts_go_in_their_order_where_there_is_no_room(void **state) {
    (void)state;
    assert_int_equal(laid_out(5, 80, MEMBERS_AUTO).title.rows, 1);
    assert_int_equal(laid_out(4, 80, MEMBERS_AUTO).title.rows, 0);
    assert_int_equal(laid_out(4, 80, MEMBERS_AUTO).status.rows, 1);
    assert_int_equal(laid_out(3, 80, MEMBERS_AUTO).status.rows, 0);
    assert_int_equal(laid_out(3, 80, MEMBERS_AUTO).pane.rows, 2);
    assert_int_equal(laid_out(1, 80, MEMBERS_AUTO).pane.rows, 0);
    assert_int_equal(laid_out(24, 99, MEMBERS_AUTO).members.columns, 0);
    assert_int_equal(laid_out(24, 100, MEMBERS_AUTO).members.columns, 22);
    assert_int_equal(laid_out(24, 300, MEMBERS_AUTO).members.columns, LAYOUT_MEMBERS_MAX);
    assert_int_equal(laid_out(24, 39, MEMBERS_ON).members.columns, 0);
    assert_int_equal(laid_out(24, 40, MEMBERS_ON).members.columns, LAYOUT_MEMBERS_MIN);
    assert_int_equal(laid_out(24, 200, MEMBERS_OFF).members.columns, 0);
    assert_int_equal(laid_out(24, 68, MEMBERS_OFF).author, 0);
    assert_int_equal(laid_out(24, 69, MEMBERS_OFF).author, 10);
    assert_int_equal(laid_out(24, 80, MEMBERS_OFF).author, 12);
    assert_int_equal(laid_out(24, 80, MEMBERS_ON).author, 0);
}

/* The columns from the first 'x' of the second row of a text to its last: what the text has. */
static unsigned text_columns(const struct scene *scene) {
    unsigned first = scene->canvas.columns, last = 0;
    for (unsigned column = 0; column < scene->canvas.columns; column++) {
        if (scene_cell(scene, 2, column)->glyph.base != 'x') continue;
        if (column < first) first = column;
        last = column;
    }
    return last + 1 - first;
}

/* screen_layout.h's rule, as it is drawn: a text without a blank, by authors with names of all lengths. */
static void the_text_has_its_columns_at_every_width(void **state) {
    static const char *const names[] = {"al#001a", "alice#001a", "averyveryverylongnickofthirtytwo#beef",
                                        "漢字漢字漢字漢字漢#beef"};
    struct scene *scene = *state;
    char text[700];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    scene_connect(scene, 0x1a, "alice", false, 12.3);
    for (unsigned i = 0; i < rounds_of(4); i++)
        for (int members = MEMBERS_AUTO; members <= MEMBERS_OFF; members++)
            for (int clock = CLOCK_MINUTES; clock <= CLOCK_OFF; clock++) {
                scene->settings.members = members;
                scene->settings.clock = clock;
                scrollback_clear(&scene->window->scrollback);
                scene->window->names = 0;
                scene_say(scene, names[i], text);
                for (unsigned columns = 1; columns <= 300; columns++) {
                    unsigned time = clock == CLOCK_OFF ? 0 : clock == CLOCK_MINUTES ? 6 : 9;
                    scene_size(scene, 6, columns);
                    screen_scroll(&scene->canvas, &scene->view, -SCREEN_PAGES_ALL);
                    scene_draw(scene);
                    unsigned has = text_columns(scene);
                    if (columns >= 80)
                        assert_true(has >= LAYOUT_TEXT);
                    else if (members != MEMBERS_ON && columns >= 24 && time > 0)
                        assert_true(has >= (columns - time < LAYOUT_TEXT ? columns - time : LAYOUT_TEXT));
                    else if (members != MEMBERS_ON)
                        assert_true(has + 2 >= columns || has >= LAYOUT_TEXT);
                }
            }
}

static void the_names_column_is_as_wide_as_the_names(void **state) {
    struct scene *scene = *state;
    scene_say(scene, "al#001a", "hello");
    scene_size(scene, 6, 80);
    scene_draw(scene);
    scene_expect_row(scene, 3, "12:02  al#001a │ hello"); /* ours has a column more */
    scene_say(scene, "alexander#001b", "hello");
    scene_draw(scene);
    scene_expect_row(scene, 2, "12:02        al#001a │ hello");
    scene_expect_row(scene, 3, "12:02 alexander#001b │ hello");
    scene_say(scene, "averyveryverylongnickofthirtytwo#beef", "hello");
    scene_draw(scene);
    scene_expect_row(scene, 3, "12:02 averyveryveryl…#beef │ hello");
    scene_size(scene, 6, 200);
    scene_draw(scene);
    scene_row_with(scene, "12:02 averyveryverylongnickofthirtytwo#beef │ hello");
}

/* The sender's nick is read in full; whom it goes to begins the text, which cannot write over the arrow. */
static void private_says_from_whom_and_to_whom(void **state) {
    struct line_header received = {.kind = LINE_PRIVATE, .mention = true}, sent = {.kind = LINE_PRIVATE, .own = true};
    struct scene *scene = *state;
    scene->window->names = 15;
    scene_add(scene, received, "carol → you#747a → you", "a nick with an arrow");
    scene_add(scene, received, "caroline#747a → you", "psst\nagain");
    scene_add(scene, sent, "you → caroline#747a", "what?");
    scene_say(scene, "mallory#6666", "→ you: not private");
    scene_size(scene, 8, 80);
    scene_draw(scene);
    scene_expect_row(scene, 1, "12:02 carol → y…#747a → you: a nick with an arrow");
    scene_expect_row(scene, 2, "12:02   caroline#747a → you: psst");
    scene_expect_row(scene, 3, "                      │ again");
    scene_expect_row(scene, 4, "12:02             you → caroline#747a: what?");
    scene_expect_row(scene, 5, "12:02    mallory#6666 │ → you: not private");
    assert_int_equal(scene_style_of(scene, 2, 'y').colour, COLOUR_PRIVATE);
    assert_int_equal(scene_style_of(scene, 2, 'y').attributes, 0);
    assert_int_equal(scene_style_of(scene, 2, 'c').attributes, STYLE_BOLD | STYLE_REVERSE);
    assert_int_equal(scene_style_of(scene, 2, 0x2192).colour, COLOUR_PRIVATE);
    assert_int_equal(scene_style_of(scene, 4, '#').colour, COLOUR_TIME);
    scene_size(scene, 8, 40);
    scene_draw(scene);
    scene_expect_row(scene, 2, "12:02 caroline#747a → you: psst");
    scene_expect_row(scene, 4, "12:02 you → caroline#747a: what?");
}

/* --- Pictures --- */

static void a_wide_screen(void **state) {
    static const char *const rows[] = {
        " tea · 4 members · looking for the bootnode",
        "                                                                             │ 4 members",
        "                                                                             │   bob#0011        you",
        "                                                                             │ ○ ?1c1c1c1c",
        "                                                                             │ ● alice#001a    12 ms",
        "                       ── Monday, 23 November 2026 ──                        │ ◐ dave#001b     relay",
        "12:02         alice#001a │ a text that is wrapped by words, and whose further│",
        "                         │ rows are aligned                                  │",
        "12:02           bob#0011 │ pending ○                                         │",
        "12:02           bob#0011 │ part 2/3                                          │",
        "12:02           bob#0011 │ all ✓                                             │",
        "12:02           bob#0011 │ lost 2/3 ✗1                                       │",
        "12:02                  * │ alice#001a waves                                  │",
        "12:02         alice#001a → you: 你好世界                                     │",
        "                                  ── new ──                                  │",
        "12:02                  — │ dave is here (direct, 12 ms)                      │",
        "12:02                  ! │ no such room                                      │",
        "12:02 averyveryver…#beef │ two                                               │",
        "                         │ lines                                             │",
        " [1:tea] 2:work(3) 3:home(!1)                                                                 12:03",
        "tea bob> typing",
    };
    struct scene *scene = *state;
    scene_furnish(scene);
    scene_size(scene, 21, 100);
    scene_draw(scene);
    scene_expect(scene, rows);
}

/* No list of members where it would leave the text less than it needs; Alt-M shows it, and names go into the text. */
static void a_screen_of_80_columns(void **state) {
    static const char *const rows[] = {
        " tea · 4 members · looking for the bootnode",
        "",
        "",
        "",
        "                         ── Monday, 23 November 2026 ──",
        "12:02           alice#001a │ a text that is wrapped by words, and whose further",
        "                           │ rows are aligned",
        "12:02             bob#0011 │ pending ○",
        "12:02             bob#0011 │ part 2/3",
        "12:02             bob#0011 │ all ✓",
        "12:02             bob#0011 │ lost 2/3 ✗1",
        "12:02                    * │ alice#001a waves",
        "12:02           alice#001a → you: 你好世界",
        "                                   ── new ──",
        "12:02                    — │ dave is here (direct, 12 ms)",
        "12:02                    ! │ no such room",
        "12:02 averyveryveryl…#beef │ two",
        "                           │ lines",
        " [1:tea] 2:work(3) 3:home(!1)                                             12:03",
        "tea bob> typing",
    };
    static const char *const with_members[] = {
        " tea · 4 members · looking for the bootnode",
        "12:02 alice#001a → you: 你好世界                              │ 4 members",
        "                          ── new ──                           │   bob#0011   you",
        "12:02 — dave is here (direct, 12 ms)                          │ ○ ?1c1c1c1c",
        "12:02 ! no such room                                          │ ● alice#001a",
        "12:02 averyveryverylo…#beef: two                              │ ◐ dave#001b",
        "      lines                                                   │",
        " [1:tea] 2:work(3) 3:home(!1)                                             12:03",
        "tea bob> typing",
    };
    struct scene *scene = *state;
    scene_furnish(scene);
    scene_size(scene, 20, 80);
    scene_draw(scene);
    scene_expect(scene, rows);
    assert_int_equal(scene->canvas.cursor_row, 19);
    assert_int_equal(scene->canvas.cursor_column, 15);
    scene->settings.members = MEMBERS_ON;
    scene_size(scene, 9, 80);
    scene_draw(scene);
    scene_expect(scene, with_members);
}

static void a_narrow_screen(void **state) {
    static const char *const rows[] = {
        " tea · 4 members · searching",
        "12:02 alice#001a → you: 你好世界",
        "               ── new ──",
        "12:02 — dave is here (direct, 12 ms)",
        "12:02 ! no such room",
        "12:02 averyveryverylo…#beef: two",
        "      lines",
        " [1:tea] 2:work(3) 3:home(!1)     12:03",
        "tea bob> typing",
    };
    struct scene *scene = *state;
    scene_furnish(scene);
    scene_size(scene, 9, 40);
    scene_draw(scene);
    scene_expect(scene, rows);
}

/* What an author can write must not begin a row like somebody else's message. */
static void no_row_passes_for_anothers(void **state) {
    static const char *const rows[] = {
        "> alice#001a: hello",
        "  bob#beef: I agree",
        "> carol#aaaa: words that",
        "  go on",
    };
    struct scene *scene = *state;
    scene->settings.clock = CLOCK_OFF;
    scene_say(scene, "alice#001a", "hello\nbob#beef: I agree");
    scene_say(scene, "carol#aaaa", "words that go on");
    scene_size(scene, 7, 26);
    scene_draw(scene);
    for (unsigned row = 0; row < 4; row++) scene_expect_row(scene, row + 1, rows[row]);
}

static void tiny_screens_show_the_input(void **state) {
    struct scene *scene = *state;
    scene_furnish(scene);
    for (unsigned rows = 1; rows <= 12; rows++)
        for (unsigned columns = 1; columns <= 90; columns += columns < 20 ? 1 : 7) {
            scene_size(scene, rows, columns);
            scene_draw(scene);
            assert_int_equal(scene->canvas.cursor_row, rows - 1);
            assert_true(scene->canvas.cursor_column < columns);
            if (columns >= 12)
                assert_int_equal(scene_cell(scene, rows - 1, scene->canvas.cursor_column - 1)->glyph.base, 'g');
        }
    scene_size(scene, 1, 20);
    scene_draw(scene);
    scene_expect_row(scene, 0, "te b> typing");
}

static void styles_say_what_lines_are(void **state) {
    struct scene *scene = *state;
    scene_furnish(scene);
    scene_size(scene, 23, 80);
    scene_draw(scene);
    assert_int_equal(scene_style_of(scene, scene_row_with(scene, "pending"), 0x25cb).colour, COLOUR_WARNING);
    assert_int_equal(scene_style_of(scene, scene_row_with(scene, "part"), '/').colour, COLOUR_WARNING);
    assert_int_equal(scene_style_of(scene, scene_row_with(scene, "all ✓"), 0x2713).colour, COLOUR_GOOD);
    assert_int_equal(scene_style_of(scene, scene_row_with(scene, "lost"), 0x2717).colour, COLOUR_BAD);
    assert_int_equal(scene_style_of(scene, scene_row_with(scene, "no such room"), '!').colour, COLOUR_BAD);
    assert_int_equal(scene_style_of(scene, scene_row_with(scene, "— │"), 0x2014).colour, COLOUR_NOTICE);
    assert_int_equal(scene_style_of(scene, scene_row_with(scene, "你好"), 0x4f60).colour, COLOUR_PRIVATE);
    assert_int_equal(scene_style_of(scene, scene_row_with(scene, "你好"), 'a').attributes, STYLE_BOLD | STYLE_REVERSE);
    assert_int_equal(scene_style_of(scene, scene_row_with(scene, "new"), 'n').colour, COLOUR_UNREAD);
    unsigned text = scene_row_with(scene, "wrapped");
    assert_int_equal(scene_style_of(scene, text, 'l').colour, COLOUR_NICK + 3);
    assert_int_equal(scene_style_of(scene, text, '#').colour, COLOUR_TIME);
    assert_int_equal(scene_style_of(scene, text, 'w').colour, COLOUR_TEXT);
    unsigned status = scene_row_with(scene, "[1:tea]");
    assert_true(scene_style_of(scene, status, '[').attributes & STYLE_BOLD);
    assert_int_equal(scene_style_of(scene, status, '(').colour, COLOUR_UNREAD);
    assert_int_equal(scene_style_of(scene, status, '!').colour, COLOUR_MENTION);
    assert_true(scene_style_of(scene, 0, 't').attributes & STYLE_REVERSE);
}

static void before_the_first_room_there_is_home(void **state) {
    struct scene *scene = *state;
    struct conversation *room = scene->room;
    struct window *home = window_create();
    window_say(home, LINE_NOTICE, "welcome", 7, SCENE_NOON);
    window_destroy(room->view);
    conversations_remove(&scene->conversations, room);
    scene->view.home = home;
    scene_size(scene, 7, 90);
    scene_draw(scene);
    scene_expect_row(scene, 0, " GoChat");
    scene_expect_row(scene, 4, "12:00        — │ welcome");
    scene_expect_row(scene, 6, "bob>");
    window_destroy(home);
}

#define test(function) cmocka_unit_test_setup_teardown(function, scene_set_up, scene_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        test(parts_of_the_screen_never_overlap),
        test(parts_go_in_their_order_where_there_is_no_room),
        test(the_text_has_its_columns_at_every_width),
        test(the_names_column_is_as_wide_as_the_names),
        test(private_says_from_whom_and_to_whom),
        test(a_wide_screen),
        test(a_screen_of_80_columns),
        test(a_narrow_screen),
        test(no_row_passes_for_anothers),
        test(tiny_screens_show_the_input),
        test(styles_say_what_lines_are),
        test(before_the_first_room_there_is_home),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("screen", tests, NULL, NULL);
}

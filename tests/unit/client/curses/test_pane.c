/* Which lines are looked at. */
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
#include "tests/support/scene.h"

static void pages_overlap_by_two_rows(void **state) {
    struct scene *scene = *state;
    scene_fill(scene, 100);
    scene_size(scene, 13, 40); /* 10 rows of pane */
    scene_draw(scene);
    scene_expect_row(scene, 10, "12:02 a#0000: line 99");
    screen_scroll(&scene->canvas, &scene->view, -1);
    scene_draw(scene);
    scene_expect_row(scene, 10, "12:02 a#0000: line 91");
    scene_expect_row(scene, 11, " [1:tea]                      ↑8  12:03");
    /* What comes meanwhile changes only the number. */
    scene_say(scene, "a#0000", "line 100");
    scene_draw(scene);
    scene_expect_row(scene, 10, "12:02 a#0000: line 91");
    scene_expect_row(scene, 11, " [1:tea]                      ↑9  12:03");
    screen_scroll(&scene->canvas, &scene->view, -100);
    scene_draw(scene);
    scene_expect_row(scene, 1, "12:02 a#0000: line 0");
    screen_scroll(&scene->canvas, &scene->view, 1);
    scene_draw(scene);
    scene_expect_row(scene, 1, "12:02 a#0000: line 8");
    screen_scroll(&scene->canvas, &scene->view, SCREEN_PAGES_ALL);
    scene_draw(scene);
    scene_expect_row(scene, 10, "12:02 a#0000: line 100");
    assert_true(scene->window->follows);
    screen_scroll(&scene->canvas, &scene->view, -SCREEN_PAGES_ALL);
    scene_draw(scene);
    scene_expect_row(scene, 1, "12:02 a#0000: line 0");
}

static void up_and_down_is_where_it_was(void **state) {
    struct scene *scene = *state;
    char text[4001];
    for (unsigned i = 0; i < 60; i++) {
        memset(text, 'a' + (int)(i % 26), sizeof text);
        text[(i * 137) % 400] = '\0';
        scene_say(scene, "a#0000", text);
    }
    for (unsigned columns = 10; columns < 120; columns += 27) {
        screen_scroll(&scene->canvas, &scene->view, SCREEN_PAGES_ALL);
        scene_size(scene, 14, columns);
        for (int pages = 1; pages < 8; pages++) {
            scene_draw(scene);
            char *before = canvas_row_text(&scene->canvas, 5);
            screen_scroll(&scene->canvas, &scene->view, -1);
            scene_draw(scene);
            screen_scroll(&scene->canvas, &scene->view, 1);
            scene_draw(scene);
            scene_expect_row(scene, 5, before);
            free(before);
            screen_scroll(&scene->canvas, &scene->view, -1);
        }
    }
}

static void a_long_line_is_read_row_by_row(void **state) {
    struct scene *scene = *state;
    static char text[20001];
    bool seen[100000] = {false};
    for (unsigned i = 0; i < 2000; i++) snprintf(text + 10 * i, 11, "word%05u ", i);
    scene_say(scene, "a#0000", text);
    scene_size(scene, 13, 40);
    scene_draw(scene);
    scene_row_with(scene, "word01999");
    for (int page = 0; page < 100; page++) {
        for (unsigned row = 1; row <= 10; row++) {
            char *shown = canvas_row_text(&scene->canvas, row);
            for (const char *at = shown; (at = strstr(at, "word")); at += 9) seen[strtoul(at + 4, NULL, 10)] = true;
            free(shown);
        }
        screen_scroll(&scene->canvas, &scene->view, -1);
        scene_draw(scene);
    }
    for (unsigned i = 0; i < 2000; i++) assert_true(seen[i]);
    scene_expect_row(scene, 1, "12:02 a#0000: word00000 word00001");
}

static void a_place_that_is_gone_becomes_the_oldest(void **state) {
    struct scene *scene = *state;
    scene_fill(scene, 50);
    scene_size(scene, 13, 40);
    scene_draw(scene);
    screen_scroll(&scene->canvas, &scene->view, -SCREEN_PAGES_ALL);
    scene_draw(scene);
    scene_fill(scene, SCROLLBACK_LINES);
    scene_draw(scene);
    scene_expect_row(scene, 1, "12:02 a#0000: line 0");
    assert_true(scene->window->bottom >= scene->window->scrollback.first);
}

static void found_words_are_underlined(void **state) {
    struct scene *scene = *state;
    scene_fill(scene, 30);
    uint64_t number = scene_say(scene, "alice#001a", "Here is the ÄRGER that we looked for, and another ärger");
    scene_fill(scene, 30);
    assert_true(window_find(scene->window, "ärger", WINDOW_NONE));
    assert_int_equal(scene->window->found, number);
    scene_size(scene, 13, 120);
    screen_scroll_to(&scene->canvas, &scene->view, number);
    scene_draw(scene);
    unsigned row = scene_row_with(scene, "ÄRGER");
    assert_in_range(row, 4, 8);
    unsigned start = scene_column_of(scene, row, 0xc4);
    assert_true(scene_cell(scene, row, start)->style.attributes & STYLE_UNDERLINE);
    assert_true(scene_cell(scene, row, start + 4)->style.attributes & STYLE_UNDERLINE);
    assert_false(scene_cell(scene, row, start + 5)->style.attributes & STYLE_UNDERLINE);
    assert_false(scene_cell(scene, row, start - 1)->style.attributes & STYLE_UNDERLINE);
    assert_true(scene_cell(scene, row, start - 2)->style.attributes & STYLE_BOLD);
    assert_true(scene_style_of(scene, scene_row_with(scene, "another") == row ? row : row + 1, 0xe4).attributes &
                STYLE_UNDERLINE);
    /* At either end. */
    screen_scroll_to(&scene->canvas, &scene->view, 0);
    scene_draw(scene);
    assert_int_equal(scene_row_with(scene, "a#0000 │ line 0 "), 1);
    screen_scroll_to(&scene->canvas, &scene->view, PANE_BOTTOM);
    assert_true(scene->window->follows);
}

/* As window.c adds what comes while one looks further up. */
static void comes(struct scene *scene, bool mention, const char *text) {
    struct line_header header = {.kind = LINE_MESSAGE, .mention = mention};
    if (scene->window->news == WINDOW_NONE) scene->window->news = scrollback_end(&scene->window->scrollback);
    scene_add(scene, header, "a#0000", text);
    scene_draw(scene);
}

static void what_comes_below_is_told(void **state) {
    struct scene *scene = *state;
    scene_fill(scene, 100);
    scene_size(scene, 13, 80);
    screen_scroll(&scene->canvas, &scene->view, -2);
    comes(scene, false, "new 1");
    scene_expect_row(scene, 11, " [1:tea]                                         1 new line below: Alt->  12:03");
    scene_add(scene, (struct line_header){.kind = LINE_DAY}, "", "Monday, 23 November 2026"); /* not counted */
    comes(scene, true, "bob, new 2");
    scene_expect_row(scene, 11, " [1:tea]                             2 new lines below, 1 mention: Alt->  12:03");
    assert_int_equal(scene_style_of(scene, 11, 'm').colour, COLOUR_MENTION);
    comes(scene, true, "bob, new 3");
    scene_expect_row(scene, 11, " [1:tea]                            3 new lines below, 2 mentions: Alt->  12:03");
    scene_size(scene, 13, 50);
    scene_draw(scene);
    scene_expect_row(scene, 11, " [1:tea]          3 new, 2 mentions: Alt->  12:03");
    scene_size(scene, 13, 40);
    scene_draw(scene);
    scene_expect_row(scene, 11, " [1:tea]       3 new, 2 mentions  12:03");
    scene_size(scene, 13, 34);
    scene_draw(scene);
    scene_expect_row(scene, 11, " [1:tea]            ↓3(!2)  12:03");
    /* What was seen is not new any more, also further up. */
    scene_size(scene, 13, 80);
    while (!scene->window->follows) {
        screen_scroll(&scene->canvas, &scene->view, 1);
        if (scene->window->news == scrollback_end(&scene->window->scrollback) - 2) break;
    }
    screen_scroll(&scene->canvas, &scene->view, SCREEN_PAGES_ALL);
    screen_scroll(&scene->canvas, &scene->view, -1);
    scene_draw(scene);
    scene_expect_row(scene, 11, " [1:tea]                                                              ↑8  12:03");
}

static void a_long_answer_is_read_from_its_top(void **state) {
    static const unsigned sizes[][2] = {{24, 80}, {10, 80}, {10, 40}, {24, 40}, {50, 200}, {24, 80}};
    struct scene *scene = *state;
    scene_fill(scene, 30);
    uint64_t answer = scrollback_end(&scene->window->scrollback);
    scene_add(scene, (struct line_header){.kind = LINE_NOTICE}, "", "the first line of the answer");
    scene_fill(scene, 60);
    scene_size(scene, 24, 80);
    window_page(scene->window, answer);
    scene_draw(scene);
    scene_expect_row(scene, 22, " [1:tea]                                40 more below: PgDn; Enter: back  12:03");
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) { /* the top stays where it is */
        scene_size(scene, sizes[i][0], sizes[i][1]);
        scene_draw(scene);
        assert_int_equal(scene_row_with(scene, "the first line of the answer"), 1);
    }
    screen_scroll(&scene->canvas, &scene->view, 1); /* a page is the pane less two rows */
    scene_draw(scene);
    assert_int_equal(scene_row_with(scene, "line 18"), 1);
    screen_scroll(&scene->canvas, &scene->view, -1);
    scene_draw(scene);
    assert_int_equal(scene_row_with(scene, "the first line of the answer"), 1);
}

static void a_short_answer_is_no_page(void **state) {
    struct scene *scene = *state;
    scene_fill(scene, 30);
    uint64_t answer = scrollback_end(&scene->window->scrollback);
    scene_fill(scene, 10);
    scene_size(scene, 13, 80); /* 10 rows of pane */
    window_page(scene->window, answer);
    scene_draw(scene);
    assert_true(scene->window->follows);
    scene_say(scene, "a#0000", "one more");
    scene_draw(scene);
    scene_row_with(scene, "one more");
}

static void what_is_seen_is_known(void **state) {
    struct scene *scene = *state;
    scene_fill(scene, 100);
    scene_size(scene, 13, 80); /* 10 rows of pane */
    scene_draw(scene);
    assert_true(screen_sees(&scene->canvas, &scene->view, 90));
    assert_true(screen_sees(&scene->canvas, &scene->view, 99));
    assert_false(screen_sees(&scene->canvas, &scene->view, 89));
    assert_false(screen_sees(&scene->canvas, &scene->view, 100));
    assert_false(screen_sees(&scene->canvas, &scene->view, WINDOW_NONE));
    screen_scroll(&scene->canvas, &scene->view, -1);
    assert_true(screen_sees(&scene->canvas, &scene->view, 91));
    assert_false(screen_sees(&scene->canvas, &scene->view, 92));
}

#define test(function) cmocka_unit_test_setup_teardown(function, scene_set_up, scene_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        test(pages_overlap_by_two_rows),
        test(up_and_down_is_where_it_was),
        test(a_long_line_is_read_row_by_row),
        test(a_place_that_is_gone_becomes_the_oldest),
        test(found_words_are_underlined),
        test(what_comes_below_is_told),
        test(a_long_answer_is_read_from_its_top),
        test(a_short_answer_is_no_page),
        test(what_is_seen_is_known),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("pane", tests, NULL, NULL);
}

/* How one line looks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/curses/label.h"
#include "client/curses/screen.h"
#include "tests/support/scene.h"

/* --- Own messages --- */

static void the_mark_never_moves_the_text(void **state) {
    struct scene *scene = *state;
    char text[64];
    scene_furnish(scene);
    for (unsigned length = 1; length < 60; length += 2) {
        memset(text, 'x', length);
        text[length] = '\0';
        struct line_header header = {.kind = LINE_MESSAGE, .own = true, .recipients = 12};
        uint64_t number = scene_add(scene, header, "bob#0011", text);
        struct line *line = scrollback_line(&scene->window->scrollback, number);
        unsigned rows = 0;
        for (unsigned delivered = 0; delivered <= 12; delivered++) {
            line->header.delivered = (uint16_t)delivered;
            line->header.undelivered = (uint16_t)(delivered > 10 ? 12 - delivered : delivered % 3);
            scene_size(scene, 23, 80);
            scene_draw(scene);
            unsigned first = scene_row_with(scene, "bob#0011 │ x");
            if (delivered == 0) rows = first;
            assert_int_equal(first, rows);
            char *last = canvas_row_text(&scene->canvas, 20);
            assert_true(strstr(last, delivered == 0 ? "○" : delivered == 12 ? "✓" : "/12") != NULL);
            assert_int_equal(strstr(last, "✗") != NULL, line->header.undelivered > 0);
            free(last);
        }
        scrollback_clear(&scene->window->scrollback);
        scene_say(scene, "alice#001a", "lines");
    }
}

static void nobody_there_leaves_no_mark(void **state) {
    struct scene *scene = *state;
    scene_add(scene, (struct line_header){.kind = LINE_MESSAGE, .own = true}, "bob#0011", "alone");
    scene_size(scene, 6, 50);
    scene_draw(scene);
    scene_expect_row(scene, 3, "12:02 bob#0011: alone");
}

static void a_piece_of_a_long_text_has_no_time_and_no_author(void **state) {
    struct scene *scene = *state;
    struct line_header piece = {.kind = LINE_NOTICE};
    scene_say(scene, "alice#001a", "begun");
    scrollback_add(&scene->window->scrollback, &piece, "", 0, "continued", 9);
    scene_size(scene, 6, 70);
    scene_draw(scene);
    scene_expect_row(scene, 2, "12:02 alice#001a │ begun");
    scene_expect_row(scene, 3, "                 │ continued");
    scene_size(scene, 6, 40);
    scene_draw(scene);
    scene_expect_row(scene, 2, "12:02 alice#001a: begun");
    scene_expect_row(scene, 3, "      continued");
}

/* --- URLs --- */

static void urls_lead_somewhere(void **state) {
    struct scene *scene = *state;
    scene_size(scene, 6, 40);
    scene_say(scene, "alice#1a2b", "see https://example.org/a-long-way-to-go-for-this-row now");
    scene_draw(scene);
    for (unsigned cell = 0; cell < 6 * 40; cell++) assert_int_equal(scene->canvas.cells[cell].link, 0);
    scene->view.rich = true;
    scene_draw(scene);
    unsigned first = scene_row_with(scene, "https"), linked = 0;
    uint32_t id = scene_cell(scene, first, scene_column_of(scene, first, '/'))->link;
    assert_string_equal(canvas_url(&scene->canvas, id), "https://example.org/a-long-way-to-go-for-this-row");
    for (unsigned cell = 0; cell < 6 * 40; cell++) linked += scene->canvas.cells[cell].link == id;
    assert_int_equal(linked,
                     strlen("https://example.org/a-long-way-to-go-for-this-row")); /* in both rows, and no more */
    scene->settings.links = LINKS_OFF;
    scene_draw(scene);
    assert_null(canvas_url(&scene->canvas, id));
}

#define LONG_URL "https://example.org/a-long-way-to-go-for-this-row"

/* Where the terminal cannot open it, what is selected in its rows is the URL and nothing else. */
static void a_url_of_several_rows_can_be_copied(void **state) {
    struct scene *scene = *state;
    static const char *const rows[] = {"12:02 alice#1a2b: see",   "      https://example.org/a-long-way-to-",
                                       "go-for-this-row",         "      14:02 bob#3c4d: not bob, nor a row",
                                       "      that could be his", NULL};
    scene_size(scene, 9, 40);
    scene_say(scene, "alice#1a2b", "see " LONG_URL " 14:02 bob#3c4d: not bob, nor a row that could be his");
    scene_draw(scene);
    unsigned first = scene_row_with(scene, "see");
    for (unsigned i = 0; rows[i]; i++) scene_expect_row(scene, first + i, rows[i]);
    scene->view.rich = true; /* it opens links */
    scene_draw(scene);
    scene_expect_row(scene, scene_row_with(scene, "go-for"), "      go-for-this-row 14:02 bob#3c4d:");
}

static void nor_is_there_a_bar_in_it(void **state) {
    struct scene *scene = *state;
    scene_size(scene, 9, 80);
    scene_say(scene, "alice#1a2b", "see " LONG_URL "/and-there-it-goes-on-to-its-end\nbelow");
    scene_draw(scene);
    unsigned first = scene_row_with(scene, "https");
    scene_expect_row(scene, first, "                 │ https://example.org/a-long-way-to-go-for-this-row/and-there-i");
    scene_expect_row(scene, first + 1, "t-goes-on-to-its-end");
    scene_expect_row(scene, first + 2, "                 │ below");
}

static void the_mark_stands_behind_a_url(void **state) {
    struct scene *scene = *state;
    scene_size(scene, 6, 40);
    const struct line_header header = {.kind = LINE_MESSAGE, .own = true, .recipients = 1, .delivered = 1};
    scene_add(scene, header, "carol#0123", "see " LONG_URL);
    scene_draw(scene);
    scene_expect_row(scene, scene_row_with(scene, "for-this-row"), "go-for-this-row ✓");
}

/* --- Labels --- */

static void labels_are_cut_in_the_nick(void **state) {
    static const struct {
        const char *text;
        unsigned columns;
        const char *shown;
    } cases[] = {
        {"alice#1a2b", 10, "alice#1a2b"},  {"alice#1a2b", 9, "ali…#1a2b"}, {"alice#1a2b", 7, "a…#1a2b"},
        {"alice#1a2b", 6, "alice…"},       {"alice#1a2b", 1, "…"},         {"alice#1a2b", 0, ""},
        {"世界世#1a2b", 10, "世界…#1a2b"}, {"世界世#1a2b", 9, "世…#1a2b"}, {"a#b#1a2b → you", 13, "a…#1a2b → you"},
        {"?1c1c1c1c", 5, "?1c1…"},
    };
    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct label label = label_of(cases[i].text, strlen(cases[i].text), cases[i].columns);
        char text[sizeof label.text + 1];
        memcpy(text, label.text, label.size);
        text[label.size] = '\0';
        assert_string_equal(text, cases[i].shown);
        assert_true(label.columns <= cases[i].columns);
        assert_int_equal(label.columns, columns_of(text, label.size));
    }
}

/* From the first column on, whatever stands before other lines, and black on white in every cell. */
static void a_code_has_the_whole_width(void **state) {
    struct scene *scene = *state;
    scene_size(scene, 7, 40);
    scene_say(scene, "alice#1a2b", "look:");
    window_code(scene->window, "\u2588\u2580\u2584 \n\u2584  \u2588\n");
    scene_draw(scene);
    unsigned row = scene_row_with(scene, "look:");
    scene_expect_row(scene, row + 1, "\u2588\u2580\u2584");
    scene_expect_row(scene, row + 2, "\u2584  \u2588");
    for (unsigned column = 0; column < 5; column++) {
        assert_int_equal(scene_cell(scene, row + 1, column)->style.attributes, column < 4 ? STYLE_CODE : 0);
        assert_int_equal(scene_cell(scene, row + 2, column)->style.attributes, column < 4 ? STYLE_CODE : 0);
    }
    struct rect pane = screen_pane(&scene->canvas, &scene->view);
    assert_int_equal(pane.columns, 40);
    assert_int_equal(pane.rows, 4);
    assert_false(window_find(scene->window, "\u2588", scrollback_end(&scene->window->scrollback)));
}

#define test(function) cmocka_unit_test_setup_teardown(function, scene_set_up, scene_tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        test(the_mark_never_moves_the_text),
        test(nobody_there_leaves_no_mark),
        test(a_piece_of_a_long_text_has_no_time_and_no_author),
        test(urls_lead_somewhere),
        test(a_url_of_several_rows_can_be_copied),
        test(nor_is_there_a_bar_in_it),
        test(the_mark_stands_behind_a_url),
        test(labels_are_cut_in_the_nick),
        test(a_code_has_the_whole_width),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("pane_line", tests, NULL, NULL);
}

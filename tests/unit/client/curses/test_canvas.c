#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/curses/canvas.h"
#include "tests/support/layout.h"

#define MAN "\U0001f468"
#define ZWJ "\u200d"
#define COUPLE "\U0001f468\u200d\U0001f468"
#define TONE "\U0001f3fd"

static const struct style plain = {0};
static const struct style loud = {COLOUR_BAD, STYLE_BOLD};

static int prepare(void **state) {
    (void)state;
    return columns_init() ? 0 : -1;
}

static void check_row(const struct canvas *canvas, unsigned row, const char *want) {
    char *text = canvas_row_text(canvas, row);
    assert_non_null(text);
    assert_string_equal(text, want);
    free(text);
}

static unsigned draw(struct canvas *canvas, unsigned column, unsigned end, const char *text) {
    return canvas_text(canvas, 0, column, end, text, strlen(text), plain);
}

static const struct cell *cell(const struct canvas *canvas, unsigned row, unsigned column) {
    return &canvas->cells[row * canvas->columns + column];
}

/* A right half follows each wide character, and nothing else. */
static void check_halves(const struct canvas *canvas) {
    for (unsigned row = 0; row < canvas->rows; row++) {
        for (unsigned column = 0; column < canvas->columns;) {
            const struct glyph *glyph = &cell(canvas, row, column)->glyph;
            assert_int_not_equal(glyph->base, 0);
            assert_true(glyph->columns == 1 || glyph->columns == 2);
            column += glyph->columns;
            assert_true(column <= canvas->columns);
            if (glyph->columns == 2) assert_int_equal(cell(canvas, row, column - 1)->glyph.base, 0);
        }
    }
}

static void begins_blank(void **state) {
    (void)state;
    struct canvas canvas = {0};
    for (unsigned round = 0; round < 2; round++) {
        assert_true(canvas_reset(&canvas, 3, 7));
        assert_int_equal(canvas.cursor_row, 0);
        assert_int_equal(canvas.cursor_column, 0);
        for (unsigned row = 0; row < 3; row++) check_row(&canvas, row, "");
        for (unsigned i = 0; i < 21; i++) {
            assert_int_equal(canvas.cells[i].glyph.base, ' ');
            assert_int_equal(canvas.cells[i].glyph.columns, 1);
            assert_int_equal(canvas.cells[i].style.colour, COLOUR_DEFAULT);
            assert_int_equal(canvas.cells[i].style.attributes, 0);
        }
        canvas_text(&canvas, 2, 0, 7, "scribble", 8, loud);
        canvas.cursor_row = canvas.cursor_column = 2;
    }
    canvas_free(&canvas);
    assert_null(canvas.cells);
}

static void changes_its_size(void **state) {
    (void)state;
    static const unsigned sizes[][2] = {{1, 1}, {24, 80}, {80, 24}, {0, 5}, {5, 0}, {0, 0}, {2, 3}};
    struct canvas canvas = {0};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        assert_true(canvas_reset(&canvas, sizes[i][0], sizes[i][1]));
        assert_int_equal(canvas.rows, sizes[i][0]);
        assert_int_equal(canvas.columns, sizes[i][1]);
        for (unsigned row = 0; row < canvas.rows; row++) canvas_fill(&canvas, row, 0, canvas.columns, '#', plain);
    }
    check_row(&canvas, 1, "###");
    canvas_free(&canvas);
}

static void draws_text(void **state) {
    (void)state;
    static const struct {
        const char *text, *row;
        unsigned after;
    } examples[] = {
        {"", "", 0},
        {"plain", "plain", 5},
        {"no more than ten", "no more th", 10},
        {"漢字かな漢字", "漢字かな漢", 10},
        {"a漢字かな漢字", "a漢字かな", 10}, /* half of the last one: a blank */
        {"e\u0301\u0323x", "e\u0301\u0323x", 2},
        {MAN TONE ZWJ MAN "x", MAN MAN "x", 5},
        {"a\tb", "a    b", 6},
        {"12345678\tb", "12345678", 10},
        {"a\nb\n", "a↵b↵", 4},
        {"\x1b[m", "\ufffd[m", 3},
        {"\u0301", "\u25cc\u0301", 1},
        {"a" ZWJ "\n", "a↵", 2},
        {"a" ZWJ, "a", 1},
    };
    struct canvas canvas = {0};
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        assert_true(canvas_reset(&canvas, 2, 10));
        assert_int_equal(draw(&canvas, 0, 10, examples[i].text), examples[i].after);
        check_row(&canvas, 0, examples[i].row);
        check_row(&canvas, 1, "");
        check_halves(&canvas);
    }
    canvas_free(&canvas);
}

static void stays_between_its_edges(void **state) {
    (void)state;
    struct canvas canvas = {0};
    assert_true(canvas_reset(&canvas, 2, 10));
    assert_int_equal(draw(&canvas, 3, 6, "abcdef"), 6);
    check_row(&canvas, 0, "   abc");
    assert_int_equal(draw(&canvas, 8, 100, "xyz"), 10);
    check_row(&canvas, 0, "   abc  xy");
    check_row(&canvas, 1, "");
    assert_int_equal(draw(&canvas, 6, 6, "not"), 6);
    assert_int_equal(draw(&canvas, 7, 3, "not"), 7);
    assert_int_equal(draw(&canvas, 12, 20, "not"), 12);
    assert_int_equal(canvas_text(&canvas, 2, 0, 10, "not", 3, plain), 0);
    assert_int_equal(canvas_fill(&canvas, 2, 0, 10, 'n', plain), 0);
    check_row(&canvas, 0, "   abc  xy");
    check_row(&canvas, 2, "");
    canvas_free(&canvas);
}

static void fills(void **state) {
    (void)state;
    struct canvas canvas = {0};
    assert_true(canvas_reset(&canvas, 1, 9));
    assert_int_equal(canvas_fill(&canvas, 0, 2, 5, 0x2502, loud), 5);
    check_row(&canvas, 0, "  │││");
    assert_int_equal(cell(&canvas, 0, 4)->style.colour, COLOUR_BAD);
    assert_int_equal(cell(&canvas, 0, 5)->style.colour, COLOUR_DEFAULT);
    assert_int_equal(canvas_fill(&canvas, 0, 0, 9, 0x6f22, plain), 9);
    check_row(&canvas, 0, "漢漢漢漢");
    check_halves(&canvas);
    assert_int_equal(canvas_fill(&canvas, 0, 0, 9, ' ', plain), 9);
    check_row(&canvas, 0, "");
    canvas_free(&canvas);
}

static void gives_every_cell_its_style(void **state) {
    (void)state;
    struct canvas canvas = {0};
    assert_true(canvas_reset(&canvas, 1, 9));
    assert_int_equal(canvas_text(&canvas, 0, 1, 6, "a漢\t", 5, loud), 6);
    for (unsigned column = 0; column < 9; column++) {
        bool drawn = column >= 1 && column < 6;
        assert_int_equal(cell(&canvas, 0, column)->style.colour, drawn ? COLOUR_BAD : COLOUR_DEFAULT);
        assert_int_equal(cell(&canvas, 0, column)->style.attributes, drawn ? STYLE_BOLD : 0);
    }
    canvas_free(&canvas);
}

static void parts_wide_characters(void **state) {
    (void)state;
    static const struct {
        unsigned column;
        const char *text, *row;
    } examples[] = {
        {0, "x", "x 字か"},  {1, "x", " x字か"},  {2, "x", "漢x か"},   {5, "x", "漢字 x"},
        {1, "な", " な か"}, {2, "な", "漢なか"}, {0, "xyz", "xyz か"},
    };
    struct canvas canvas = {0};
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        assert_true(canvas_reset(&canvas, 1, 6));
        draw(&canvas, 0, 6, "漢字か");
        draw(&canvas, examples[i].column, 6, examples[i].text);
        check_row(&canvas, 0, examples[i].row);
        check_halves(&canvas);
    }
    canvas_free(&canvas);
}

static void halves_stay_together_whatever_is_drawn(void **state) {
    (void)state;
    static const char *const pieces[] = {"a", "漢字", "\t", COUPLE, "e\u0301", "\n", "x漢"};
    struct canvas canvas = {0};
    assert_true(canvas_reset(&canvas, 3, 11));
    for (unsigned round = 0; round < 3000; round++) {
        const char *text = pieces[layout_random() % (sizeof pieces / sizeof *pieces)];
        unsigned row = (unsigned)(layout_random() % 4), column = (unsigned)(layout_random() % 13);
        unsigned end = (unsigned)(layout_random() % 14);
        unsigned after = layout_random() % 4 ? canvas_text(&canvas, row, column, end, text, strlen(text), plain)
                                             : canvas_fill(&canvas, row, column, end, round % 2 ? '-' : 0x6f22, plain);
        assert_true(after == column || (after > column && after <= end && after <= 11));
        check_halves(&canvas);
    }
    canvas_free(&canvas);
}

static void draws_as_many_columns_as_it_counts(void **state) {
    (void)state;
    struct canvas canvas = {0};
    assert_true(canvas_reset(&canvas, 1, 400));
    for (unsigned round = 0; round < 500; round++) {
        char text[3 * 20];
        for (size_t at = 0; at < sizeof text; at += 3) {
            unsigned code = 0x800 + (unsigned)(layout_random() % 0x2c00);
            text[at] = (char)(0xe0 | code >> 12);
            text[at + 1] = (char)(0x80 | (code >> 6 & 0x3f));
            text[at + 2] = (char)(0x80 | (code & 0x3f));
        }
        assert_int_equal(canvas_text(&canvas, 0, 0, 400, text, sizeof text, plain), columns_of(text, sizeof text));
        check_halves(&canvas);
    }
    canvas_free(&canvas);
}

/* --- Links --- */

/* These two have one FNV-1a hash. */
#define GOOD "https://good.example/39bc"
#define EVIL "https://evil.example/2de58"

static uint32_t link_at(struct canvas *canvas, unsigned row, const char *url) {
    canvas_link(canvas, row, 0, 2, url, strlen(url));
    return cell(canvas, row, 1)->link;
}

static void each_link_leads_where_it_says(void **state) {
    (void)state;
    struct canvas canvas = {0};
    assert_true(canvas_reset(&canvas, 3, 4));
    uint32_t evil = link_at(&canvas, 0, EVIL), good = link_at(&canvas, 1, GOOD);
    assert_int_equal(link_at(&canvas, 2, EVIL), evil);
    assert_string_equal(canvas_url(&canvas, evil), EVIL);
    assert_string_equal(canvas_url(&canvas, good), GOOD);
    assert_int_equal(cell(&canvas, 0, 2)->link, 0);
    assert_null(canvas_url(&canvas, 0));
    canvas_free(&canvas);
}

/* Who compares two pictures has to see that a cell leads elsewhere, and nothing where it does not. */
static void a_link_keeps_its_id_while_it_is_drawn(void **state) {
    (void)state;
    struct canvas canvas = {0};
    assert_true(canvas_reset(&canvas, 3, 4));
    uint32_t first = link_at(&canvas, 0, GOOD);
    assert_true(canvas_reset(&canvas, 3, 4));
    assert_null(canvas_url(&canvas, first));
    assert_int_equal(link_at(&canvas, 1, GOOD), first);
    assert_true(canvas_reset(&canvas, 2, 4));
    uint32_t other = link_at(&canvas, 1, EVIL);
    assert_true(canvas_reset(&canvas, 2, 4));
    uint32_t again = link_at(&canvas, 1, GOOD);
    assert_true(first != other && other != again && again != first);
    canvas_free(&canvas);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(begins_blank),
        cmocka_unit_test(each_link_leads_where_it_says),
        cmocka_unit_test(a_link_keeps_its_id_while_it_is_drawn),
        cmocka_unit_test(changes_its_size),
        cmocka_unit_test(draws_text),
        cmocka_unit_test(stays_between_its_edges),
        cmocka_unit_test(fills),
        cmocka_unit_test(gives_every_cell_its_style),
        cmocka_unit_test(parts_wide_characters),
        cmocka_unit_test(halves_stay_together_whatever_is_drawn),
        cmocka_unit_test(draws_as_many_columns_as_it_counts),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("canvas", tests, prepare, NULL);
}

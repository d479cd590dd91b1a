#include "client/curses/wrap.h"

#include <string.h>
#include <utf8proc.h>

#include "client/curses/columns.h"
#include "common/holds.h"

/* What of a cluster decides where rows break. */
struct piece {
    size_t size;
    unsigned columns;
    bool newline, blank;
    bool holds_next; /* a wide character that must not end a row, or one that is not wide */
    bool holds_previous;
};

/* Where the row may end, with so many columns. */
struct opportunity {
    bool there;
    size_t at;
    unsigned columns;
};

struct wrap wrap_over(const char *text, size_t size, unsigned width) {
    return (struct wrap){.text = text, .size = size, .width = width};
}

static bool is_blank(utf8proc_int32_t code) {
    static const utf8proc_int32_t no_break_space = 0xa0, figure_space = 0x2007, narrow_no_break_space = 0x202f;
    if (code == '\t') return true;
    return utf8proc_category(code) == UTF8PROC_CATEGORY_ZS && code != no_break_space && code != figure_space &&
           code != narrow_no_break_space;
}

/* Between wide characters a row may break, but not behind an opening bracket, nor before what closes or ends (UAX 14
 * has classes of its own for that; the categories say nearly the same). */
static void judge_wide(utf8proc_int32_t code, struct piece *piece) {
    utf8proc_category_t category = utf8proc_category(code);
    piece->holds_next = category == UTF8PROC_CATEGORY_PS || category == UTF8PROC_CATEGORY_PI;
    piece->holds_previous = category == UTF8PROC_CATEGORY_PE || category == UTF8PROC_CATEGORY_PF ||
                            category == UTF8PROC_CATEGORY_PO || category == UTF8PROC_CATEGORY_LM;
}

static struct piece piece_at(const struct wrap *wrap, size_t at) {
    const char *text = wrap->text + at;
    struct cluster cluster = columns_cluster(text, wrap->size - at);
    struct piece piece = {.size = cluster.size, .columns = cluster.columns, .holds_next = true, .holds_previous = true};
    utf8proc_int32_t code;
    utf8proc_ssize_t length = utf8proc_iterate((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)cluster.size, &code);
    if (length <= 0) return piece;
    piece.newline = code == '\n';
    piece.blank = (size_t)length == cluster.size && is_blank(code);
    struct glyph glyph;
    size_t glyph_at = 0;
    if (!piece.blank && cluster.columns >= 2 && columns_glyph(text, cluster.size, &glyph_at, &glyph) &&
        glyph.columns == 2)
        judge_wide(code, &piece);
    return piece;
}

/* Behind a break: blanks are not drawn, nor is what no row can hold, and a newline ends the row that is over. */
static size_t skip_undrawn(const struct wrap *wrap, size_t at) {
    while (at < wrap->size) {
        struct piece piece = piece_at(wrap, at);
        if (piece.newline) return at + piece.size;
        if (!piece.blank && piece.columns <= wrap->width) break;
        at += piece.size;
    }
    return at;
}

bool wrap_holds(const struct wrap *wrap, const struct wrap_row *row) {
    if (wrap->at > wrap->size || row->start + row->size > wrap->at || row->columns > wrap->width) return false;
    return !memchr(wrap->text + row->start, '\n', row->size);
}

static bool end_row(struct wrap *wrap, struct wrap_row *row, struct opportunity end, size_t next) {
    row->size = end.at - row->start;
    row->columns = end.columns;
    wrap->at = next;
    wrap->finished = next == wrap->size;
    HOLDS(wrap_holds(wrap, row));
    return true;
}

/* A row is looked at beyond its end by less than one more, which the next begins with: linear time. */
bool wrap_next_until(struct wrap *wrap, size_t stop, struct wrap_row *row) {
    if (wrap->finished) return false;
    struct opportunity here = {true, wrap->at, 0}, last = {0};
    struct piece before = {.holds_next = true};
    row->start = here.at;
    while (here.at < wrap->size) {
        struct piece piece = piece_at(wrap, here.at);
        if (here.at >= stop && here.at > row->start) return end_row(wrap, row, here, skip_undrawn(wrap, here.at));
        if (piece.newline) return end_row(wrap, row, here, here.at + piece.size);
        if (piece.blank ? !before.blank : !before.holds_next && !piece.holds_previous) last = here;
        bool unfit = !piece.blank && piece.columns > wrap->width;
        if (unfit && here.at == row->start) {
            here.at = row->start += piece.size;
            continue;
        }
        if (piece.columns > wrap->width - here.columns) {
            if ((unfit && !before.blank) || !last.there) last = here;
            return end_row(wrap, row, last, skip_undrawn(wrap, last.at));
        }
        here.columns += piece.columns;
        here.at += piece.size;
        before = piece;
    }
    return end_row(wrap, row, here, here.at);
}

bool wrap_next(struct wrap *wrap, struct wrap_row *row) {
    return wrap_next_until(wrap, wrap->size, row);
}

size_t wrap_count(const char *text, size_t size, unsigned width) {
    struct wrap wrap = wrap_over(text, size, width);
    struct wrap_row row;
    size_t count = 0;
    while (wrap_next(&wrap, &row)) count++;
    return count;
}

#include "client/curses/editor_view.h"

#include <limits.h>

#include "client/curses/columns.h"

#define BYTES_PER_COLUMN 8 /* a guess that holds for most texts */

/* As it is drawn here: a newline takes a column. */
static struct cluster cluster_at(const struct editor *editor, size_t at) {
    struct cluster cluster = columns_cluster(editor->text + at, editor->size - at);
    if (cluster.size > 0 && editor->text[at] == '\n') cluster.columns = 1;
    return cluster;
}

/* From `start` to the cursor; stops counting beyond `limit`. */
static unsigned columns_to_cursor(const struct editor *editor, size_t start, unsigned limit) {
    unsigned columns = 0;
    while (start < editor->cursor && columns <= limit) {
        struct cluster cluster = cluster_at(editor, start);
        columns += cluster.columns;
        start += cluster.size;
    }
    return columns;
}

static bool begins_character(const struct editor *editor, size_t at) {
    return ((unsigned char)editor->text[at] & 0xc0) != 0x80;
}

/* A cluster's beginning so many bytes or a little more before the cursor. */
static size_t back_from_cursor(const struct editor *editor, size_t bytes) {
    size_t at = bytes < editor->cursor ? editor->cursor - bytes : 0;
    while (!begins_character(editor, at)) at--;
    return columns_cluster_before(editor->text, at);
}

/* The first cluster from which it is `columns` or less to the cursor. Looked for from some place before that, twice as
 * far back each time. */
static size_t start_before_cursor(const struct editor *editor, unsigned columns) {
    size_t back = (size_t)columns * BYTES_PER_COLUMN, start = editor->cursor;
    unsigned distance = 0;
    while (start > 0 && distance <= columns) {
        start = back_from_cursor(editor, back);
        distance = columns_to_cursor(editor, start, UINT_MAX - 1);
        back = 2 * back + 1;
    }
    while (distance > columns) {
        struct cluster cluster = cluster_at(editor, start);
        distance -= cluster.columns;
        start += cluster.size;
    }
    return start;
}

/* The text may have changed since. */
static bool begins_cluster(const struct editor *editor, size_t at) {
    if (at == 0 || at > editor->size || !begins_character(editor, at)) return at == 0;
    size_t before = columns_cluster_before(editor->text, at);
    return before + columns_cluster(editor->text + before, editor->size - before).size == at;
}

static size_t choose_start(const struct editor *editor, unsigned columns, size_t scroll) {
    unsigned at_cursor = cluster_at(editor, editor->cursor).columns, third = columns / 3;
    if (at_cursor == 0) at_cursor = 1;
    unsigned limit = at_cursor < columns ? columns - at_cursor : 0;
    if (scroll > editor->cursor) return start_before_cursor(editor, third < limit ? third : limit);
    if (begins_cluster(editor, scroll) && columns_to_cursor(editor, scroll, limit) <= limit) return scroll;
    return start_before_cursor(editor, columns - third < limit ? columns - third : limit);
}

struct editor_view editor_view(const struct editor *editor, unsigned columns, size_t scroll) {
    struct editor_view view = {.start = editor->cursor};
    if (columns == 0) return view;
    view.start = choose_start(editor, columns, scroll);
    view.cursor = columns_to_cursor(editor, view.start, columns);
    unsigned used = 0;
    while (view.start + view.size < editor->size) {
        struct cluster cluster = cluster_at(editor, view.start + view.size);
        if (used + cluster.columns > columns) break;
        used += cluster.columns;
        view.size += cluster.size;
    }
    return view;
}

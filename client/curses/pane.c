#include "client/curses/pane.h"

#include <string.h>

#define MARKER "new"

/* A row of the scrollback: of line `number`, with `below` more rows of it under it. */
struct place {
    uint64_t number;
    size_t below;
};

static void open_line(const struct pane_shape *shape, const struct window *window, uint64_t number,
                      struct pane_line *out) {
    const char *words = number == window->found ? window->words : NULL;
    pane_line_open(out, shape, scrollback_line(&window->scrollback, number), words);
}

/* With the marker above it, if that is there. */
static size_t rows_of(const struct pane_shape *shape, const struct window *window, uint64_t number) {
    struct pane_line line;
    open_line(shape, window, number, &line);
    size_t rows = pane_line_rows(&line) + (number == window->marker ? 1 : 0);
    pane_line_close(&line);
    return rows;
}

/* --- Places --- */

static struct place bottom_place(const struct window *window) {
    return (struct place){scrollback_end(&window->scrollback) - 1, 0};
}

/* Up by so many rows, at most to the topmost. Returns the rows it did not go. */
static size_t go_up(const struct pane_shape *shape, const struct window *window, struct place *place, size_t rows) {
    for (;;) {
        size_t above = rows_of(shape, window, place->number) - 1 - place->below;
        if (rows <= above || place->number == window->scrollback.first) {
            size_t gone = rows < above ? rows : above;
            place->below += gone;
            return rows - gone;
        }
        rows -= above + 1;
        *place = (struct place){place->number - 1, 0};
    }
}

static void go_down(const struct pane_shape *shape, const struct window *window, struct place *place, size_t rows) {
    while (rows > place->below && place->number + 1 < scrollback_end(&window->scrollback)) {
        rows -= place->below + 1;
        place->number++;
        place->below = rows_of(shape, window, place->number) - 1;
    }
    place->below -= rows < place->below ? rows : place->below;
}

/* So that there are rows enough above it to fill the pane. */
static void fill_pane(const struct pane_shape *shape, const struct window *window, struct place *place) {
    struct place top = *place;
    size_t missing = go_up(shape, window, &top, shape->rect.rows > 0 ? shape->rect.rows - 1 : 0);
    go_down(shape, window, place, missing);
}

static struct place page_place(const struct pane_shape *shape, const struct window *window) {
    struct place place = {window->page, rows_of(shape, window, window->page) - 1};
    go_down(shape, window, &place, shape->rect.rows > 0 ? shape->rect.rows - 1 : 0);
    return place;
}

static struct place current_place(const struct pane_shape *shape, const struct window *window) {
    if (!window->follows && scrollback_line(&window->scrollback, window->page)) return page_place(shape, window);
    if (window->follows || window->bottom >= scrollback_end(&window->scrollback)) return bottom_place(window);
    struct place place = {window->bottom, window->below};
    if (place.number < window->scrollback.first) return (struct place){window->scrollback.first, 0};
    size_t rows = rows_of(shape, window, place.number);
    if (place.below >= rows) place.below = rows - 1;
    return place;
}

static void adopt(const struct pane_shape *shape, struct window *window, struct place place) {
    fill_pane(shape, window, &place);
    window->bottom = place.number;
    window->below = place.below;
    window->follows = place.number + 1 == scrollback_end(&window->scrollback) && place.below == 0;
    if (window->follows)
        window_follow(window);
    else if (window->news != WINDOW_NONE && window->news <= place.number)
        window->news = place.number + 1; /* it was seen */
}

void pane_scroll(const struct pane_shape *shape, struct window *window, long rows) {
    if (window->scrollback.count == 0) return;
    struct place place = current_place(shape, window);
    if (rows < 0)
        go_up(shape, window, &place, (size_t)-rows);
    else
        go_down(shape, window, &place, (size_t)rows);
    window->page = WINDOW_NONE;
    adopt(shape, window, place);
}

void pane_show(const struct pane_shape *shape, struct window *window, uint64_t line) {
    if (window->scrollback.count == 0) return;
    struct place place = bottom_place(window);
    if (line < place.number) {
        place = (struct place){line < window->scrollback.first ? window->scrollback.first : line, 0};
        size_t rows = rows_of(shape, window, place.number);
        if (rows < shape->rect.rows) go_down(shape, window, &place, (shape->rect.rows - rows) / 2);
    }
    window->page = WINDOW_NONE;
    adopt(shape, window, place);
}

bool pane_sees(const struct pane_shape *shape, const struct window *window, uint64_t line) {
    if (!scrollback_line(&window->scrollback, line)) return false;
    struct place bottom = current_place(shape, window), top = bottom;
    go_up(shape, window, &top, shape->rect.rows > 0 ? shape->rect.rows - 1 : 0);
    return top.number <= line && line <= bottom.number;
}

uint64_t pane_lines_below(const struct window *window) {
    if (window->follows || window->scrollback.count == 0) return 0;
    return scrollback_end(&window->scrollback) - 1 - window->bottom + (window->below > 0 ? 1 : 0);
}

struct pane_news pane_news(const struct window *window) {
    struct pane_news news = {0};
    if (window->follows) return news;
    for (uint64_t number = window->news; number < scrollback_end(&window->scrollback); number++) {
        const struct line *line = scrollback_line(&window->scrollback, number);
        if (!line || line->header.kind == LINE_DAY || line->header.at_ms == 0) continue;
        news.lines++;
        news.mentions += line->header.mention;
    }
    return news;
}

/* --- Drawing --- */

/* The line's rows but for the lowest `hidden`, the last of them on the row before `bottom`; returns the first one's. */
static unsigned draw_line(const struct pane_shape *shape, struct canvas *canvas, const struct window *window,
                          uint64_t number, size_t hidden, unsigned bottom) {
    struct pane_line line;
    open_line(shape, window, number, &line);
    size_t rows = pane_line_rows(&line), seen = rows > hidden ? rows - hidden : 0;
    size_t count = seen < bottom - shape->rect.row ? seen : bottom - shape->rect.row;
    unsigned row = bottom - (unsigned)count;
    pane_line_draw(&line, canvas, row, seen - count, count);
    pane_line_close(&line);
    if (number == window->marker && row > shape->rect.row)
        pane_rule_draw(shape, canvas, --row, MARKER, strlen(MARKER), (struct style){COLOUR_UNREAD, 0});
    return row;
}

void pane_draw(const struct pane_shape *shape, struct canvas *canvas, struct window *window) {
    if (window->scrollback.count == 0 || shape->rect.rows == 0) return;
    if (!window->follows) adopt(shape, window, current_place(shape, window));
    struct place place = current_place(shape, window);
    unsigned row = shape->rect.row + shape->rect.rows;
    for (;; place = (struct place){place.number - 1, 0}) {
        row = draw_line(shape, canvas, window, place.number, place.below, row);
        if (row == shape->rect.row || place.number == window->scrollback.first) return;
    }
}

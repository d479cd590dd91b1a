#include "client/curses/canvas.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>
#include <wchar.h>

#include "common/memory.h"

#define NEWLINE_SIGN 0x21b5
#define UTF8_MAX 4 /* bytes of a character */

static const struct glyph blank = {.base = ' ', .columns = 1};

/* --- Links --- */

/* What was not drawn since the last time. */
static void forget_links(struct canvas *canvas) {
    size_t kept = 0;
    for (size_t i = 0; i < canvas->link_count; i++) {
        struct canvas_link link = canvas->links[i];
        if (link.drawn)
            canvas->links[kept++] = (struct canvas_link){.id = link.id, .url = link.url};
        else
            free(link.url);
    }
    canvas->link_count = kept;
}

static struct canvas_link *link_to(struct canvas *canvas, const char *url, size_t size) {
    for (size_t i = 0; i < canvas->link_count; i++)
        if (strncmp(canvas->links[i].url, url, size) == 0 && !canvas->links[i].url[size]) return &canvas->links[i];
    canvas->links = grow(canvas->links, canvas->link_count + 1, sizeof *canvas->links);
    struct canvas_link *link = &canvas->links[canvas->link_count++];
    *link = (struct canvas_link){.id = ++canvas->link_last, .url = copy_start(url, size)};
    return link;
}

const char *canvas_url(const struct canvas *canvas, uint32_t id) {
    for (size_t i = 0; i < canvas->link_count; i++)
        if (canvas->links[i].id == id && canvas->links[i].drawn) return canvas->links[i].url;
    return NULL;
}

/* --- Cells --- */

bool canvas_reset(struct canvas *canvas, unsigned rows, unsigned columns) {
    size_t count = (size_t)rows * columns;
    if (rows != canvas->rows || columns != canvas->columns) {
        struct cell *cells = calloc(count ? count : 1, sizeof *cells);
        if (!cells) return false;
        free(canvas->cells);
        canvas->cells = cells;
    }
    forget_links(canvas);
    canvas->rows = rows;
    canvas->columns = columns;
    canvas->cursor_row = canvas->cursor_column = 0;
    for (size_t i = 0; i < count; i++) canvas->cells[i] = (struct cell){.glyph = blank};
    return true;
}

void canvas_free(struct canvas *canvas) {
    for (size_t i = 0; i < canvas->link_count; i++) free(canvas->links[i].url);
    free(canvas->links);
    free(canvas->cells);
    *canvas = (struct canvas){0};
}

static struct cell *row_of(const struct canvas *canvas, unsigned row) {
    return canvas->cells + (size_t)row * canvas->columns;
}

/* Of a wide character that loses one of its halves at `column`, the other half becomes a blank. */
static void part_halves(const struct canvas *canvas, unsigned row, unsigned column) {
    struct cell *cells = row_of(canvas, row);
    if (column > 0 && column < canvas->columns && cells[column].glyph.base == 0) {
        cells[column - 1].glyph = blank;
        cells[column].glyph = blank;
    }
}

/* False, with a blank where half of it would have stood, when it does not fit before `end`. */
static bool put_glyph(const struct canvas *canvas, unsigned row, unsigned *column, unsigned end,
                      const struct glyph *glyph, struct style style) {
    if (*column >= end) return false;
    bool fits = glyph->columns <= end - *column;
    unsigned after = *column + (fits ? glyph->columns : 1);
    struct cell *cells = row_of(canvas, row);
    part_halves(canvas, row, *column);
    part_halves(canvas, row, after);
    cells[*column] = (struct cell){.glyph = fits ? *glyph : blank, .style = style};
    if (after - *column == 2) cells[*column + 1] = (struct cell){.style = style};
    *column = after;
    return fits;
}

static unsigned clip(const struct canvas *canvas, unsigned row, unsigned end) {
    if (row >= canvas->rows) return 0;
    return end < canvas->columns ? end : canvas->columns;
}

unsigned canvas_text(struct canvas *canvas, unsigned row, unsigned column, unsigned end, const char *text, size_t size,
                     struct style style) {
    end = clip(canvas, row, end);
    for (size_t at = 0; at < size;) {
        struct glyph glyph;
        unsigned times = 1;
        if (columns_glyph(text, size, &at, &glyph)) {
            if (text[at - 1] == '\t') times = COLUMNS_TAB;
        } else if (at < size) {
            glyph = (struct glyph){.base = NEWLINE_SIGN, .columns = 1};
            at++;
        } else {
            break;
        }
        while (times-- > 0)
            if (!put_glyph(canvas, row, &column, end, &glyph, style)) return column;
    }
    return column;
}

void canvas_link(struct canvas *canvas, unsigned row, unsigned from, unsigned end, const char *url, size_t size) {
    end = clip(canvas, row, end);
    if (from >= end) return;
    struct canvas_link *link = link_to(canvas, url, size);
    link->drawn = true;
    for (unsigned column = from; column < end; column++) row_of(canvas, row)[column].link = link->id;
}

unsigned canvas_fill(struct canvas *canvas, unsigned row, unsigned column, unsigned end, uint32_t character,
                     struct style style) {
    struct glyph glyph = {.base = character, .columns = wcwidth((wchar_t)character) == 2 ? 2 : 1};
    end = clip(canvas, row, end);
    while (put_glyph(canvas, row, &column, end, &glyph, style)) continue;
    return column;
}

static char *put_character(char *at, uint32_t character) {
    return at + utf8proc_encode_char((utf8proc_int32_t)character, (utf8proc_uint8_t *)at);
}

char *canvas_row_text(const struct canvas *canvas, unsigned row) {
    unsigned columns = row < canvas->rows ? canvas->columns : 0;
    char *text = malloc((size_t)columns * UTF8_MAX * (1 + COLUMNS_MARKS_MAX) + 1);
    if (!text) return NULL;
    char *at = text, *end = text;
    for (unsigned column = 0; column < columns; column++) {
        const struct glyph *glyph = &row_of(canvas, row)[column].glyph;
        if (glyph->base == 0) continue;
        at = put_character(at, glyph->base);
        for (size_t i = 0; i < glyph->mark_count; i++) at = put_character(at, glyph->marks[i]);
        if (glyph->base != ' ' || glyph->mark_count > 0) end = at;
    }
    *end = '\0';
    return text;
}

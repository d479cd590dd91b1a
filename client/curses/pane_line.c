#include "client/curses/pane_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/config.h"
#include "client/curses/delivery_mark.h"
#include "client/curses/found.h"
#include "client/curses/label.h"
#include "client/curses/links.h"
#include "client/curses/wrap.h"
#include "common/memory.h"

#define MARGIN "> "
#define MARGIN_PANE_MIN 8
#define SEPARATOR " │ "
#define NAME_MAX_IN_TEXT 21 /* columns: a longer name would leave the text none of the first row */

/* What leads and follows the author where it stands in the text. */
static const struct {
    const char *author, *before, *after; /* the author of lines that have none */
    uint8_t colour;
} kinds[] = {
    [LINE_MESSAGE] = {"", "", ": ", COLOUR_TEXT},    [LINE_ACTION] = {"*", "* ", " ", COLOUR_TEXT},
    [LINE_PRIVATE] = {"", "", ": ", COLOUR_PRIVATE}, [LINE_NOTICE] = {"—", "", " ", COLOUR_NOTICE},
    [LINE_ERROR] = {"!", "", " ", COLOUR_BAD},       [LINE_OLD] = {"", "", " ", COLOUR_TIME},
    [LINE_DAY] = {"", "", "", COLOUR_TIME},          [LINE_CODE] = {"", "", "", COLOUR_DEFAULT},
};

static unsigned time_columns(const struct pane_shape *shape) {
    return layout_time_columns(shape->rect.columns, shape->clock);
}

/* Where neither a time nor an author's column stands before the text, this does: else the further rows of one message
 * could pass for somebody else's. */
static unsigned margin_columns(const struct pane_shape *shape) {
    return shape->author == 0 && time_columns(shape) == 0 && shape->rect.columns >= MARGIN_PANE_MIN ? 2 : 0;
}

static unsigned lead_columns(const struct pane_shape *shape) {
    return time_columns(shape) + margin_columns(shape) + (shape->author > 0 ? shape->author + LAYOUT_SEPARATOR : 0);
}

static bool in_text(const struct pane_line *line) {
    return line->shape->author == 0 || line->line->header.kind == LINE_ACTION;
}

/* A piece of a long text, but not its first. */
static bool goes_on(const struct line *line) {
    return line->header.at_ms == 0 && line->author_size == 0;
}

static bool is_one_row(const struct line *line) {
    return line->header.kind == LINE_DAY || line->header.kind == LINE_CODE;
}

/* A private one in the wide form: the author in the column, whom it is for in the text. */
static bool addressed(const struct pane_line *line) {
    return line->line->header.kind == LINE_PRIVATE && line->shape->author > 0 &&
           line->line->author_size > strlen(LABEL_ARROW LABEL_YOU);
}

struct part {
    const char *text;
    size_t size;
};

/* Of "alice#1a2b → you", and of our own "you → alice#1a2b": a nick may have an arrow in it, "you" has none. */
static struct part private_from(const struct line *line) {
    size_t other = line->author_size - strlen(LABEL_ARROW LABEL_YOU);
    return (struct part){line_author(line), line->header.own ? strlen(LABEL_YOU) : other};
}

static struct part private_to(const struct line *line) {
    size_t at = private_from(line).size + strlen(LABEL_ARROW);
    return (struct part){line_author(line) + at, line->author_size - at};
}

/* --- Text --- */

static struct label label_in_text(const struct pane_line *line) {
    struct part whole = {line_author(line->line), line->line->author_size};
    unsigned arrow =
        line->line->header.kind == LINE_PRIVATE ? columns_of(LABEL_ARROW LABEL_YOU, strlen(LABEL_ARROW LABEL_YOU)) : 0;
    if (addressed(line)) whole = private_to(line->line);
    return label_of(whole.text, whole.size, NAME_MAX_IN_TEXT + arrow);
}

/* "alice#1a2b: text", or in the wide form of an action "alice#1a2b text", of a private one "you: text". */
static void compose(struct pane_line *out) {
    const struct line *line = out->line;
    if (goes_on(line)) return;
    bool narrow = out->shape->author == 0;
    const char *before = narrow ? kinds[line->header.kind].before : "", *after = kinds[line->header.kind].after;
    struct label label = label_in_text(out);
    if (label.size == 0) label = label_of(kinds[line->header.kind].author, strlen(kinds[line->header.kind].author), 1);
    if (label.size == 0) return;
    size_t start = strlen(before);
    out->digits = start + label.digits;
    out->body = start + label.size + strlen(after);
    out->size = out->body + line->text_size;
    out->composed = allocate(out->size);
    memcpy(out->composed, before, start);
    memcpy(out->composed + start, label.text, label.size);
    memcpy(out->composed + start + label.size, after, strlen(after));
    memcpy(out->composed + out->body, line_text(line), line->text_size);
    out->text = out->composed;
}

void pane_line_open(struct pane_line *out, const struct pane_shape *shape, const struct line *line, const char *words) {
    *out = (struct pane_line){.shape = shape, .line = line, .words = words};
    out->text = line_text(line);
    out->size = line->text_size;
    out->indent = lead_columns(shape);
    out->width = shape->rect.columns > out->indent ? shape->rect.columns - out->indent : 1;
    if ((in_text(out) || addressed(out)) && !is_one_row(line)) compose(out);
}

void pane_line_close(struct pane_line *line) {
    free(line->composed);
    line->composed = NULL;
}

/* --- Links --- */

static struct link before_links(const struct pane_line *line) {
    return (struct link){line->body, line->body};
}

/* From one to the first that ends behind `at`; of size 0 at the end: there is none. In the author's name nothing is
 * looked for. */
static void seek_link(const struct pane_line *line, size_t at, struct link *link) {
    while (link->end <= at && link->start < line->size)
        if (!links_next(line->text, line->size, link->end, link)) *link = (struct link){line->size, line->size};
}

/* --- Rows --- */

struct rows {
    const struct pane_line *line;
    struct wrap wrap;
    struct wrap_row row;
    struct link link; /* as seek_link has it */
    bool in_link;     /* the row goes on with one */
};

static struct rows rows_of(const struct pane_line *line) {
    return (struct rows){
        .line = line, .wrap = wrap_over(line->text, line->size, line->width), .link = before_links(line)};
}

/* Is what is at this byte neither the first of a link nor outside of one? Where it goes on only. */
static bool goes_on_with_link(struct rows *rows, size_t at) {
    if (!rows->line->shape->links) seek_link(rows->line, at, &rows->link);
    return rows->link.start < at && at < rows->link.end;
}

static bool rows_next(struct rows *rows) {
    rows->in_link = goes_on_with_link(rows, rows->wrap.at);
    rows->wrap.width = rows->in_link ? rows->line->shape->rect.columns : rows->line->width;
    return wrap_next_until(&rows->wrap, rows->in_link ? rows->link.end : rows->wrap.size, &rows->row);
}

/* Whether the delivery mark has to stand below the text, after the last row: its widest form decides, so that none
 * moves anything. */
static bool mark_below(const struct pane_line *line, const struct wrap_row *last, bool in_link) {
    unsigned mark = delivery_mark_columns(&line->line->header);
    return mark > 0 && last->columns + 1 + mark > (in_link ? line->shape->rect.columns : line->width);
}

size_t pane_line_rows(const struct pane_line *line) {
    if (is_one_row(line->line)) return 1;
    struct rows rows = rows_of(line), last = rows;
    size_t count = 0;
    for (; rows_next(&rows); last = rows) count++;
    return count + (mark_below(line, &last.row, last.in_link) ? 1 : 0);
}

/* --- Styles --- */

static struct style author_style(const struct pane_shape *shape, const struct line_header *header) {
    struct style style = {kinds[header->kind].colour, 0};
    if (header->kind == LINE_MESSAGE || header->kind == LINE_ACTION)
        style.colour = header->own && shape->own_nick ? COLOUR_OWN : (uint8_t)(COLOUR_NICK + header->colour);
    if (header->mention) style.attributes = STYLE_BOLD | STYLE_REVERSE;
    if (header->own) style.attributes |= STYLE_BOLD;
    return style;
}

/* The style at a byte of the text, and how far it goes. */
static struct style style_at(const struct pane_line *line, size_t at, size_t *end) {
    const struct line_header *header = &line->line->header;
    struct style style = {kinds[header->kind].colour, line->words ? STYLE_BOLD : 0};
    *end = line->size;
    if (at >= line->body) return style;
    *end = at < line->digits ? line->digits : line->body;
    if (at >= line->digits) return label_quiet(style);
    return addressed(line) ? style : author_style(line->shape, header);
}

static const struct found_place *place_after(const struct found *found, size_t at) {
    for (size_t i = 0; i < found->count; i++)
        if (found->places[i].end > at) return &found->places[i];
    return NULL;
}

/* --- Drawing --- */

static unsigned draw_text(const struct pane_line *line, struct canvas *canvas, unsigned row, unsigned column,
                          const struct wrap_row *part, const struct found *found, struct link *link) {
    unsigned end = line->shape->rect.column + line->shape->rect.columns;
    for (size_t at = part->start; at < part->start + part->size;) {
        size_t stop;
        struct style style = style_at(line, at, &stop);
        const struct found_place *place = place_after(found, at);
        if (place && place->start <= at) {
            style.attributes |= STYLE_UNDERLINE;
            if (place->end < stop) stop = place->end;
        } else if (place && place->start < stop)
            stop = place->start;
        if (line->shape->links) seek_link(line, at, link);
        bool is_link = link->start <= at && at < link->end;
        if (!is_link && link->start > at && link->start < stop) stop = link->start;
        if (is_link && link->end < stop) stop = link->end;
        if (is_link) style.colour = COLOUR_LINK;
        if (stop > part->start + part->size) stop = part->start + part->size;
        unsigned from = column;
        column = canvas_text(canvas, row, column, end, line->text + at, stop - at, style);
        if (is_link) canvas_link(canvas, row, from, column, line->text + link->start, link->end - link->start);
        at = stop;
    }
    return column;
}

static unsigned draw_time(const struct pane_line *line, struct canvas *canvas, unsigned row, unsigned column) {
    unsigned columns = time_columns(line->shape);
    time_t seconds = (time_t)(line->line->header.at_ms / 1000);
    struct tm local;
    char text[16];
    if (columns == 0 || goes_on(line->line) || !localtime_r(&seconds, &local)) return column + columns;
    size_t size = strftime(text, sizeof text, line->shape->clock == CLOCK_SECONDS ? "%H:%M:%S" : "%H:%M", &local);
    canvas_text(canvas, row, column, column + columns, text, size, (struct style){COLOUR_TIME, 0});
    return column + columns;
}

static void draw_author(const struct pane_line *line, struct canvas *canvas, unsigned row, unsigned column) {
    const struct line *of = line->line;
    struct part name = {line_author(of), of->author_size};
    if (addressed(line)) name = private_from(of);
    if (name.size == 0 || in_text(line))
        name = (struct part){kinds[of->header.kind].author, strlen(kinds[of->header.kind].author)};
    struct label label = label_of(name.text, name.size, line->shape->author);
    unsigned end = column + line->shape->author;
    label_draw(canvas, row, end - label.columns, end, &label, author_style(line->shape, &of->header));
}

/* Time, author and what separates them from the text; returns where that begins. */
static unsigned draw_lead(const struct pane_line *line, struct canvas *canvas, unsigned row, bool first) {
    unsigned column = line->shape->rect.column;
    unsigned author = first ? draw_time(line, canvas, row, column) : column + time_columns(line->shape);
    unsigned margin = margin_columns(line->shape);
    if (margin > 0 && first && !goes_on(line->line))
        canvas_text(canvas, row, author, author + margin, MARGIN, strlen(MARGIN), (struct style){COLOUR_TIME, 0});
    author += margin;
    if (line->shape->author == 0) return author;
    if (first && !goes_on(line->line)) draw_author(line, canvas, row, author);
    bool arrow = first && addressed(line);
    return canvas_text(canvas, row, author + line->shape->author, canvas->columns, arrow ? LABEL_ARROW : SEPARATOR,
                       arrow ? strlen(LABEL_ARROW) : strlen(SEPARATOR),
                       arrow ? (struct style){COLOUR_PRIVATE, 0} : (struct style){COLOUR_TIME, STYLE_DIM});
}

void pane_rule_draw(const struct pane_shape *shape, struct canvas *canvas, unsigned row, const char *text, size_t size,
                    struct style style) {
    unsigned columns = columns_of(text, size) + 6, end = shape->rect.column + shape->rect.columns;
    unsigned column = shape->rect.column + (columns < shape->rect.columns ? (shape->rect.columns - columns) / 2 : 0);
    column = canvas_text(canvas, row, column, end, "── ", strlen("── "), style);
    column = canvas_text(canvas, row, column, end, text, size, style);
    canvas_text(canvas, row, column, end, " ──", strlen(" ──"), style);
}

static struct found visible_words(const struct pane_line *line, struct rows rows, size_t count, size_t *start) {
    if (!line->words || !rows_next(&rows)) return (struct found){0};
    *start = rows.row.start;
    size_t end = *start + rows.row.size;
    while (--count > 0 && rows_next(&rows)) end = rows.row.start + rows.row.size;
    struct found found = found_in(line->text + *start, end - *start, line->words);
    for (size_t i = 0; i < found.count; i++) {
        found.places[i].start += *start;
        found.places[i].end += *start;
    }
    return found;
}

static void draw_rows(const struct pane_line *line, struct canvas *canvas, unsigned row, size_t first, size_t count) {
    unsigned end = line->shape->rect.column + line->shape->rect.columns, column = 0;
    struct rows rows = rows_of(line), last = rows;
    struct link link = before_links(line);
    size_t at = 0, start = 0;
    for (; at < first && rows_next(&rows); last = rows) at++;
    struct found found = visible_words(line, rows, count, &start);
    bool more = rows_next(&rows), drawn = false;
    for (; more && count > 0; at++, count--, row++) {
        last = rows;
        unsigned from = last.in_link ? line->shape->rect.column : draw_lead(line, canvas, row, at == 0);
        column = draw_text(line, canvas, row, from, &last.row, &found, &link);
        more = rows_next(&rows);
        drawn = true;
    }
    found_free(&found);
    if (more) return;
    bool below = mark_below(line, &last.row, last.in_link);
    if (below && count > 0)
        delivery_mark_draw(canvas, row, draw_lead(line, canvas, row, false), end, &line->line->header);
    else if (!below && drawn && delivery_mark_columns(&line->line->header) > 0)
        delivery_mark_draw(canvas, row - 1, column + 1, end, &line->line->header);
}

static void draw_code(const struct pane_line *line, struct canvas *canvas, unsigned row) {
    const struct rect *rect = &line->shape->rect;
    canvas_text(canvas, row, rect->column, rect->column + rect->columns, line->text, line->size,
                (struct style){COLOUR_DEFAULT, STYLE_CODE});
}

void pane_line_draw(const struct pane_line *line, struct canvas *canvas, unsigned row, size_t first, size_t count) {
    if (count == 0) return;
    if (line->line->header.kind == LINE_CODE)
        draw_code(line, canvas, row);
    else if (line->line->header.kind == LINE_DAY)
        pane_rule_draw(line->shape, canvas, row, line->text, line->size, (struct style){COLOUR_TIME, 0});
    else
        draw_rows(line, canvas, row, first, count);
}

#include "client/curses/screen.h"

#include <string.h>

#include "client/curses/bars.h"
#include "client/curses/members_list.h"
#include "client/curses/pane.h"

static struct window *window_shown(const struct screen_view *view) {
    const struct conversation *current = conversations_current(view->conversations);
    return current && window_of(current) ? window_of(current) : view->home;
}

/* Our own name is the first that has a place, as it will stand there. */
static unsigned names_columns(const struct screen_view *view) {
    unsigned own = columns_of(view->conversations->label, strlen(view->conversations->label));
    unsigned widest = window_shown(view)->names;
    return widest > own ? widest : own;
}

/* Nobody is there to list before the first room. */
static struct screen_layout layout_of(const struct canvas *canvas, const struct screen_view *view) {
    bool room = conversations_current(view->conversations) != NULL;
    struct layout_wishes wishes = {room ? view->settings->members : MEMBERS_OFF, view->settings->clock,
                                   names_columns(view)};
    return screen_layout(canvas->rows, canvas->columns, &wishes);
}

static struct pane_shape shape_of(const struct screen_layout *layout, const struct screen_view *view) {
    return (struct pane_shape){.rect = layout->pane,
                               .author = layout->author,
                               .clock = view->settings->clock,
                               .links = view->settings->links == LINKS_ON ||
                                        (view->settings->links == LINKS_AUTO && view->rich),
                               .own_nick = view->settings->own_colours.chosen[COLOUR_OWN]};
}

static void draw_members(struct canvas *canvas, const struct screen_layout *layout, const struct screen_view *view) {
    struct rect rect = layout->members;
    if (rect.columns == 0) return;
    for (unsigned row = rect.row; row < rect.row + rect.rows; row++)
        canvas_text(canvas, row, rect.column - 1, rect.column, "│", sizeof "│" - 1,
                    (struct style){COLOUR_TIME, STYLE_DIM});
    rect.column++; /* a blank beside it */
    rect.columns--;
    members_list_draw(canvas, rect, view->conversations, conversations_current(view->conversations));
}

void screen_draw(struct canvas *canvas, const struct screen_view *view) {
    struct screen_layout layout = layout_of(canvas, view);
    struct pane_shape shape = shape_of(&layout, view);
    struct window *window = window_shown(view);
    canvas->cursor_row = canvas->cursor_column = 0;
    bars_draw_title(canvas, layout.title, conversations_current(view->conversations), view->rich);
    pane_draw(&shape, canvas, window);
    draw_members(canvas, &layout, view);
    bars_draw_status(canvas, layout.status, view, window);
    bars_draw_input(canvas, layout.input, view);
}

void screen_scroll(const struct canvas *canvas, const struct screen_view *view, int pages) {
    struct screen_layout layout = layout_of(canvas, view);
    struct pane_shape shape = shape_of(&layout, view);
    if (pages <= -SCREEN_PAGES_ALL || pages >= SCREEN_PAGES_ALL) {
        pane_show(&shape, window_shown(view), pages < 0 ? 0 : PANE_BOTTOM);
        return;
    }
    long page = layout.pane.rows > 3 ? (long)layout.pane.rows - 2 : 1;
    pane_scroll(&shape, window_shown(view), page * pages);
}

void screen_scroll_rows(const struct canvas *canvas, const struct screen_view *view, long rows) {
    struct screen_layout layout = layout_of(canvas, view);
    struct pane_shape shape = shape_of(&layout, view);
    pane_scroll(&shape, window_shown(view), rows);
}

void screen_scroll_to(const struct canvas *canvas, const struct screen_view *view, uint64_t line) {
    struct screen_layout layout = layout_of(canvas, view);
    struct pane_shape shape = shape_of(&layout, view);
    pane_show(&shape, window_shown(view), line);
}

bool screen_sees(const struct canvas *canvas, const struct screen_view *view, uint64_t line) {
    struct screen_layout layout = layout_of(canvas, view);
    struct pane_shape shape = shape_of(&layout, view);
    return pane_sees(&shape, window_shown(view), line);
}

struct rect screen_pane(const struct canvas *canvas, const struct screen_view *view) {
    return layout_of(canvas, view).pane;
}

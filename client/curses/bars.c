#include "client/curses/bars.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "client/curses/editor_view.h"
#include "client/curses/members_list.h"
#include "client/curses/pane.h"
#include "client/look/keys.h"

#define DOT " · "
#define ELLIPSIS "…"
#define LOCK "🔒 "
#define LOCK_WORD "[secret] "

static const struct style bar = {COLOUR_BAR, STYLE_REVERSE};

/* --- Title --- */

/* In short, without the address, where that does not fit: half of it would be another one. */
static void bootnode_text(const struct conversation *conversation, unsigned columns, char *out, size_t size) {
    char address[ADDRESS_TEXT_SIZE];
    const char *searching = "looking for the bootnode";
    if (conversation->parting || conversation->bootnode_standing == BOOTNODE_SEARCHING) {
        bool fits = columns >= strlen(searching);
        snprintf(out, size, "%s", conversation->parting ? "leaving" : fits ? searching : "searching");
        return;
    }
    address_format(&conversation->bootnode, address);
    const char *place =
        conversation->bootnode.port > 0 ? address : conversation->bootnodes[0].name; /* no address yet */
    bool lost = conversation->bootnode_standing == BOOTNODE_LOST;
    size_t all = conversation->bootnode_count, registered = conversation_bootnodes(conversation, BOOTNODE_REGISTERED);
    if (conversation_is_clustered(conversation) && !lost)
        snprintf(out, size, "registered at %zu of %zu homes", registered, all);
    else if (all > 1 && !conversation_is_clustered(conversation))
        snprintf(out, size, "registered at %zu of %zu bootnodes", registered, all);
    else
        snprintf(out, size, "%s %s", lost ? "bootnode lost:" : "registered at", place);
    if (columns_of(out, strlen(out)) > columns) snprintf(out, size, "%s", lost ? "bootnode lost" : "registered");
}

/* No room can be named so that it seems to have one: a name is bold, and a lock is not. */
static unsigned draw_lock(struct canvas *canvas, unsigned row, unsigned column, unsigned end, bool rich) {
    bool sure = rich && columns_of(LOCK, strlen(LOCK)) == 3;
    const char *lock = sure ? LOCK : LOCK_WORD;
    return canvas_text(canvas, row, column, end, lock, strlen(lock), bar);
}

/* A third of the row at most, so that the others have room. */
static unsigned draw_topic(struct canvas *canvas, struct rect rect, unsigned column, const char *topic) {
    unsigned end = rect.column + rect.columns;
    size_t fits = columns_fit(topic, strlen(topic), rect.columns / 3);
    column = canvas_text(canvas, rect.row, column, end, DOT, strlen(DOT), bar);
    column = canvas_text(canvas, rect.row, column, end, topic, fits, bar);
    return topic[fits] ? canvas_text(canvas, rect.row, column, end, ELLIPSIS, strlen(ELLIPSIS), bar) : column;
}

void bars_draw_title(struct canvas *canvas, struct rect rect, const struct conversation *conversation, bool rich) {
    char count[32], bootnode[128];
    unsigned end = rect.column + rect.columns;
    if (rect.rows == 0) return;
    canvas_fill(canvas, rect.row, rect.column, end, ' ', bar);
    struct style name = {bar.colour, bar.attributes | STYLE_BOLD};
    const char *title = conversation ? conversation->title : "GoChat";
    /* A long name leaves the others half of the row. */
    size_t fits = columns_fit(title, strlen(title), rect.columns / 2);
    unsigned column = rect.column + 1;
    if (conversation && conversation->secret) column = draw_lock(canvas, rect.row, column, end, rich);
    column = canvas_text(canvas, rect.row, column, end, title, fits, name);
    if (title[fits]) column = canvas_text(canvas, rect.row, column, end, ELLIPSIS, strlen(ELLIPSIS), name);
    if (!conversation) return;
    if (*conversation->topic) column = draw_topic(canvas, rect, column, conversation->topic);
    members_list_count(conversation, count);
    struct style state = bar;
    if (conversation->bootnode_standing == BOOTNODE_LOST) state.colour = COLOUR_BAD;
    column = canvas_text(canvas, rect.row, column, end, DOT, strlen(DOT), bar);
    column = canvas_text(canvas, rect.row, column, end, count, strlen(count), bar);
    column = canvas_text(canvas, rect.row, column, end, DOT, strlen(DOT), bar);
    bootnode_text(conversation, end > column ? end - column : 0, bootnode, sizeof bootnode);
    canvas_text(canvas, rect.row, column, end, bootnode, strlen(bootnode), state);
}

/* --- Status --- */

struct room_item {
    char text[3 * ROOM_NAME_MAX + 48];
    struct style style;
    unsigned columns;
};

#define ROOM_COLUMNS 20 /* of a name */
#define ROOM_AROUND 10  /* "[15:", an ellipsis in the name, "]", and one on either side of the room */

/* A name shorter than usual where otherwise not even one room would fit. */
static unsigned name_columns(unsigned columns) {
    unsigned rest = columns > ROOM_AROUND ? columns - ROOM_AROUND : 1;
    return rest < ROOM_COLUMNS ? rest : ROOM_COLUMNS;
}

/* `columns`: that all rooms have together. */
static struct room_item room_item(const struct conversations *conversations, size_t number, unsigned columns) {
    const struct conversation *conversation = conversations->list[number];
    const struct window *window = window_of(conversation);
    bool current = number == conversations->current;
    struct room_item item = {.style = bar};
    const char *title = conversation->title;
    size_t size = columns_fit(title, strlen(title), name_columns(columns));
    const char *cut = title[size] ? ELLIPSIS : "";
    if (current)
        snprintf(item.text, sizeof item.text, "[%zu:%.*s%s]", number + 1, (int)size, title, cut);
    else if (window && window->mentions > 0)
        snprintf(item.text, sizeof item.text, "%zu:%.*s%s(!%u)", number + 1, (int)size, title, cut, window->mentions);
    else if (window && window->unread > 0)
        snprintf(item.text, sizeof item.text, "%zu:%.*s%s(%u)", number + 1, (int)size, title, cut, window->unread);
    else
        snprintf(item.text, sizeof item.text, "%zu:%.*s%s", number + 1, (int)size, title, cut);
    if (current || (window && window->mentions > 0)) item.style.attributes |= STYLE_BOLD;
    if (!current && window && window->unread > 0) item.style.colour = COLOUR_UNREAD;
    if (!current && window && window->mentions > 0) item.style.colour = COLOUR_MENTION;
    item.columns = columns_of(item.text, strlen(item.text));
    return item;
}

/* The first room that is shown, so that the current one is: as many before it as there is room for. */
static size_t first_room(const struct conversations *conversations, unsigned columns) {
    size_t first = conversations->current;
    unsigned used = room_item(conversations, first, columns).columns + 4; /* ellipses on both sides */
    while (first > 0) {
        used += room_item(conversations, first - 1, columns).columns + 1;
        if (used > columns) break;
        first--;
    }
    return first;
}

static void draw_rooms(struct canvas *canvas, unsigned row, unsigned column, unsigned end,
                       const struct conversations *conversations) {
    if (conversations->count == 0 || end <= column) return;
    unsigned columns = end - column;
    size_t at = first_room(conversations, columns);
    if (at > 0) column = canvas_text(canvas, row, column, end, ELLIPSIS " ", strlen(ELLIPSIS " "), bar);
    for (bool first = true; at < conversations->count; at++, first = false, column++) {
        struct room_item item = room_item(conversations, at, columns);
        unsigned rest = at + 1 < conversations->count ? 2 : 0;
        if (!first && column + item.columns + rest > end) {
            canvas_text(canvas, row, column, end, ELLIPSIS, strlen(ELLIPSIS), bar);
            return;
        }
        column = canvas_text(canvas, row, column, end, item.text, strlen(item.text), item.style);
    }
}

static const char *key_of(const struct keys_own *own, int action, char name[static 32]) {
    size_t at = 0;
    uint32_t key;
    return keys_of_action(own, action, &at, &key) ? keys_name(key, name) : "";
}

/* What lies below what one sees, from long to short: what came since, with mentions and the key that goes there; the
 * rest of a page; how many lines. */
static const struct place_form {
    const char *one, *more, *mention, *mentions, *page;
} place_forms[] = {
    {"%u new line below%s: %s", "%u new lines below%s: %s", ", %u mention", ", %u mentions",
     "%" PRIu64 " more below: %s; Enter: back"},
    {"%u new%s: %s", "%u new%s: %s", ", %u mention", ", %u mentions", "%" PRIu64 " more: %s"},
    {"%u new%s", "%u new%s", ", %u mention", ", %u mentions", "%" PRIu64 " more"},
    {"↓%u%s", "↓%u%s", "(!%u)", "(!%u)", "↑%" PRIu64},
};
#define PLACE_FORMS (sizeof place_forms / sizeof *place_forms)

/* Empty: nothing is below. */
static void place_text(const struct screen_view *view, const struct window *window, const struct place_form *form,
                       char *out, size_t size) {
    struct pane_news news = pane_news(window);
    uint64_t below = pane_lines_below(window);
    char key[32], mentions[32] = "";
    *out = '\0';
    if (below == 0) return;
    if (news.mentions > 0)
        snprintf(mentions, sizeof mentions, news.mentions == 1 ? form->mention : form->mentions, news.mentions);
    if (news.lines > 0)
        snprintf(out, size, news.lines == 1 ? form->one : form->more, news.lines, mentions,
                 key_of(&view->settings->keys, ACTION_SCROLL_BOTTOM, key));
    else if (window->page != WINDOW_NONE)
        snprintf(out, size, form->page, below, key_of(&view->settings->keys, ACTION_PAGE_DOWN, key));
    else
        snprintf(out, size, "↑%" PRIu64, below);
}

/* The longest form that leaves the current room its place. */
static unsigned place_for(const struct screen_view *view, const struct window *window, unsigned columns, char *out,
                          size_t size) {
    const struct conversations *conversations = view->conversations;
    unsigned room = 0;
    if (conversations->count > 0) room = room_item(conversations, conversations->current, columns).columns + 6;
    for (size_t form = 0; form < PLACE_FORMS; form++) {
        place_text(view, window, &place_forms[form], out, size);
        if (columns_of(out, strlen(out)) + room <= columns) break;
    }
    return columns_of(out, strlen(out));
}

static void always_text(const struct screen_view *view, const struct window *window, char *out, size_t size) {
    time_t seconds = (time_t)(view->wall_ms / 1000);
    struct tm local;
    size_t at = 0;
    *out = '\0';
    if (window->outbox.count > 0) at = (size_t)snprintf(out, size, "waiting %zu  ", window->outbox.count);
    if (view->settings->clock != CLOCK_OFF && localtime_r(&seconds, &local))
        strftime(out + at, size - at, view->settings->clock == CLOCK_SECONDS ? "%H:%M:%S" : "%H:%M", &local);
}

void bars_draw_status(struct canvas *canvas, struct rect rect, const struct screen_view *view,
                      const struct window *window) {
    unsigned end = rect.column + rect.columns;
    char always[64], place[96];
    if (rect.rows == 0) return;
    canvas_fill(canvas, rect.row, rect.column, end, ' ', bar);
    always_text(view, window, always, sizeof always);
    unsigned columns = columns_of(always, strlen(always));
    unsigned right = columns + 2 <= rect.columns ? end - columns - 1 : end;
    canvas_text(canvas, rect.row, right, end, always, strlen(always), bar);
    unsigned before = place_for(view, window, right - rect.column, place, sizeof place) + 2;
    if (place[0] && before < right - rect.column) {
        bool mention = pane_news(window).mentions > 0;
        struct style style = mention ? (struct style){COLOUR_MENTION, bar.attributes | STYLE_BOLD} : bar;
        canvas_text(canvas, rect.row, right - before, right, place, strlen(place), style);
        right -= before;
    }
    draw_rooms(canvas, rect.row, rect.column + 1, right, view->conversations);
}

/* --- Input --- */

/* "tea bob> ", each part cut to its half of the columns. */
static void prompt_text(const struct conversations *conversations, unsigned columns, char *out, size_t size) {
    const struct conversation *conversation = conversations_current(conversations);
    const char *room = conversation ? conversation->title : "", *nick = conversations->nick;
    unsigned rest = columns > 3 ? columns - 3 : 0, nick_columns = columns_of(nick, strlen(nick));
    size_t room_size = columns_fit(room, strlen(room), nick_columns < rest / 2 ? rest - nick_columns : rest - rest / 2);
    size_t nick_size = columns_fit(nick, strlen(nick), rest - columns_of(room, room_size));
    *out = '\0';
    if (columns >= 2)
        snprintf(out, size, "%.*s%s%.*s> ", (int)room_size, room, room_size > 0 && nick_size > 0 ? " " : "",
                 (int)nick_size, nick);
}

void bars_draw_input(struct canvas *canvas, struct rect rect, const struct screen_view *view) {
    unsigned end = rect.column + rect.columns;
    char prompt[3 * ROOM_NAME_MAX + TEXT_NICK_MAX + 8];
    const char *shown = prompt;
    if (rect.rows == 0) return;
    if (view->prompt)
        shown = view->prompt;
    else
        prompt_text(view->conversations, rect.columns / 3, prompt, sizeof prompt);
    size_t size = columns_fit(shown, strlen(shown), view->prompt ? rect.columns * 2 / 3 : rect.columns / 3);
    unsigned column = canvas_text(canvas, rect.row, rect.column, end, shown, size, (struct style){COLOUR_TIME, 0});
    bool fits =
        end > column && columns_fit(view->editor->text, view->editor->size, end - column - 1) == view->editor->size;
    struct editor_view part = editor_view(view->editor, end - column, fits ? 0 : *view->editor_scroll);
    *view->editor_scroll = part.start;
    canvas_text(canvas, rect.row, column, end, view->editor->text + part.start, part.size, (struct style){0});
    canvas->cursor_row = rect.row;
    canvas->cursor_column = column + part.cursor < end ? column + part.cursor : end - 1;
}

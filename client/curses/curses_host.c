#include "client/curses/curses_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/look/keys.h"
#include "common/clock.h"

/* --- What commands do --- */

static void on_tell(void *context, struct input *input) {
    struct curses *curses = context;
    if (input->type != INPUT_SAY) {
        curses_tell(curses, input);
        return;
    }
    struct conversation *conversation = conversations_find(&curses->models.conversations, input->room);
    if (conversation && curses_say_in(curses, conversation, input)) return;
    curses_say(curses, LINE_ERROR, "not sent: too many messages wait already");
    input_destroy(input);
}

static void on_show(void *context, const struct event *event) {
    struct curses *curses = context;
    if (event->type == EVENT_CODE) curses_show_code(curses, curses_window(curses), event->text);
    struct conversation *said_in = /* by whom can be told only among those who are there */
        event->type == EVENT_MESSAGE ? conversations_find(&curses->models.conversations, event->room) : NULL;
    window_take(curses_window(curses), &curses->models.conversations, said_in, event, NULL, clock_wall_ms());
    curses->dirty = true;
}

static void on_go(void *context, struct conversation *to) {
    struct curses *curses = context;
    size_t at = 0;
    while (at < curses->models.conversations.count && curses->models.conversations.list[at] != to) at++;
    if (at == curses->models.conversations.count) return;
    curses_leave_window(curses);
    curses->models.conversations.current = at;
    curses_enter_window(curses);
}

/* Not to be found by the next search for the same. */
static void say_not_found(struct curses *curses, const char *words) {
    const struct window *window = curses_window(curses);
    char text[256];
    snprintf(text, sizeof text, "/find: \"%.180s\" is not there, or not further up", words);
    curses_say(curses, LINE_ERROR, text);
    struct line *line = scrollback_line(&window->scrollback, scrollback_end(&window->scrollback) - 1);
    if (line) line->header.unsearched = true;
}

/* A search begins where one looks: above what was found last while that is seen, else with the lowest line that is.
 * `found` is forgotten when anything else is entered. */
static void on_find(void *context, const char *words) {
    struct curses *curses = context;
    struct window *window = curses_window(curses);
    struct screen_view view = curses_view(curses);
    bool again = !words[0] || strcmp(words, curses->looked_for) == 0;
    if (!words[0] && !curses->looked_for[0]) {
        curses_say(curses, LINE_ERROR, "/find: expected /find TEXT: nothing was looked for before");
        return;
    }
    if (words[0]) snprintf(curses->looked_for, sizeof curses->looked_for, "%s", words);
    uint64_t before = window->follows ? scrollback_end(&window->scrollback) : window->bottom + 1;
    if (again && screen_sees(&curses->canvas, &view, window->found)) before = window->found;
    curses->placed = window_find(window, curses->looked_for, before);
    if (curses->placed)
        screen_scroll_to(&curses->canvas, &view, window->found);
    else
        say_not_found(curses, curses->looked_for);
    curses->dirty = true;
}

static void on_clear(void *context) {
    struct curses *curses = context;
    struct window *window = curses_window(curses);
    scrollback_clear(&window->scrollback);
    window_follow(window);
    window->marker = window->found = window->late = window->coming = WINDOW_NONE;
    window->day = 0;
    window->names = 0;
    curses->dirty = true;
}

static void on_unfolded(void *context, struct flood *flood) {
    window_unfolded(curses_window(context), flood);
}

static void on_settings_changed(void *context) {
    struct curses *curses = context;
    curses_paint(curses);
    terminal_mouse(curses->terminal, curses->ui->settings->mouse);
    curses->title[0] = '\0';
    if (!curses->ui->settings->title) terminal_title(curses->terminal, NULL);
    curses->dirty = true;
}

/* "Left, Ctrl-B: one character to the left (left)"; of what no key does only the name by which one can. */
static void help_action(struct curses *curses, int action) {
    const struct keys_own *own = &curses->ui->settings->keys;
    char name[32], before[32] = "", text[256];
    size_t size = 0, at = 0;
    uint32_t key;
    while (keys_of_action(own, action, &at, &key)) {
        bool again = strcmp(keys_name(key, name), before) == 0; /* two codes of one key */
        if (!again && size < sizeof text / 2)
            size += (size_t)snprintf(text + size, sizeof text - size, "%s%s", size > 0 ? ", " : "", name);
        memcpy(before, name, sizeof before);
    }
    snprintf(text + size, sizeof text - size, "%s: %s (%s)", size > 0 ? "" : "no key", keys_help(action),
             keys_action_name(action));
    curses_say(curses, LINE_NOTICE, text);
}

/* In the order of the table. */
static void on_keys_help(void *context) {
    size_t count;
    const struct binding *bindings = keys_table(&count);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || bindings[i].action != bindings[i - 1].action) help_action(context, bindings[i].action);
}

static void on_quit(void *context) {
    curses_quit(context);
}

void curses_host_init(struct curses *curses) {
    curses->host = (struct command_host){.context = curses,
                                         .models = &curses->models,
                                         .settings = curses->ui->settings,
                                         .tell = on_tell,
                                         .show = on_show,
                                         .go = on_go,
                                         .find = on_find,
                                         .clear = on_clear,
                                         .unfolded = on_unfolded,
                                         .settings_changed = on_settings_changed,
                                         .keys_help = on_keys_help,
                                         .quit = on_quit};
}

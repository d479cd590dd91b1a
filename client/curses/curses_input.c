#include "client/curses/curses_input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "client/curses/curses_search.h"
#include "client/curses/screen_layout.h"
#include "client/look/keys.h"
#include "common/clock.h"
#include "common/memory.h"

#define INTERRUPT_TWICE_MS 3000
#define WHEEL_ROWS 3 /* as most programs have it */

/* --- The window that is looked at --- */

static void go_to(struct curses *curses, size_t room) {
    if (room >= curses->models.conversations.count || room == curses->models.conversations.current) return;
    curses_leave_window(curses);
    curses->models.conversations.current = room;
    curses_enter_window(curses);
}

static void go_by(struct curses *curses, size_t step) {
    if (curses->models.conversations.count > 0)
        go_to(curses, (curses->models.conversations.current + step) % curses->models.conversations.count);
}

static void go_unread(struct curses *curses) {
    size_t best = curses->models.conversations.current;
    unsigned best_mentions = 0, best_unread = 0;
    for (size_t i = 0; i < curses->models.conversations.count; i++) {
        const struct window *window = window_of(curses->models.conversations.list[i]);
        if (window->mentions < best_mentions) continue;
        if (window->mentions == best_mentions && window->unread <= best_unread) continue;
        best = i;
        best_mentions = window->mentions;
        best_unread = window->unread;
    }
    go_to(curses, best);
}

static void scroll(struct curses *curses, int pages) {
    struct screen_view view = curses_view(curses);
    screen_scroll(&curses->canvas, &view, pages);
}

static void wheel(struct curses *curses, long rows) {
    struct screen_view view = curses_view(curses);
    screen_scroll_rows(&curses->canvas, &view, rows);
}

static void explain_mouse(struct curses *curses) {
    if (curses->told_of_mouse) return;
    curses->told_of_mouse = true;
    curses_say(
        curses, LINE_NOTICE,
        "to select with the mouse hold Shift (in iTerm2 Option); /set mouse off leaves it to the terminal, and the "
        "wheel does not scroll then");
}

/* --- Sending --- */

static void line_is_done(struct curses *curses) {
    entered_add(&curses->entered, curses->editor.text);
    editor_reset(&curses->editor);
    curses->editor_scroll = 0;
    curses_window(curses)->marker = WINDOW_NONE;
}

static void look_at_newest(struct window *window) {
    window_follow(window);
    window->found = WINDOW_NONE;
}

/* NULL: it was said. */
static const char *say_text(struct curses *curses, const char *text, size_t size) {
    struct conversation *conversation = conversations_current(&curses->models.conversations);
    if (!conversation) return "not sent: you are in no room (/join ROOM)";
    if (curses->leaving) return "not sent: you are leaving, as you asked";
    if (conversation->parting) return "not sent: you are leaving this room (/join takes it back)";
    struct input *input = input_create(INPUT_SAY, conversation->name, text, size);
    if (curses_say_in(curses, conversation, input)) return NULL;
    input_destroy(input);
    return "not sent: too many messages wait already; the line is kept";
}

/* What is refused stays in the input line, and Up brings it back when that was cleared. */
static void send_text(struct curses *curses, const char *text, size_t size) {
    const char *refused = say_text(curses, text, size);
    look_at_newest(curses_window(curses));
    if (refused) {
        entered_add(&curses->entered, curses->editor.text);
        curses_say(curses, LINE_ERROR, refused);
    } else {
        line_is_done(curses);
    }
}

/* An answer longer than the pane is read from its beginning. */
static void run_command(struct curses *curses, const char *line) {
    struct window *window = curses_window(curses);
    uint64_t answer = scrollback_end(&window->scrollback);
    curses->placed = false;
    commands_run(&curses->host, line);
    if (curses->placed) return;
    look_at_newest(window);
    if (curses_window(curses) == window && scrollback_end(&window->scrollback) > answer) window_page(window, answer);
}

static void submit(struct curses *curses) {
    char *text = curses->editor.text;
    size_t size = curses->editor.size;
    while (size > 0 && text[size - 1] == '\n') size--;
    if (size == 0) {
        look_at_newest(curses_window(curses));
        return;
    }
    if (commands_is(text)) {
        char *line = copy_start(text, size);
        line_is_done(curses);
        run_command(curses, line);
        free(line);
        return;
    }
    const char *said = commands_text(text);
    send_text(curses, said, size - (size_t)(said - text));
}

static size_t lines_to_send(const struct curses *curses) {
    const char *text = curses->editor.text;
    size_t size = curses->editor.size, lines = 1;
    while (size > 0 && text[size - 1] == '\n') size--;
    for (size_t i = 0; i < size; i++) lines += text[i] == '\n';
    return lines;
}

static void enter(struct curses *curses) {
    size_t lines = lines_to_send(curses);
    if (lines <= PASTE_LINES_UNASKED) {
        submit(curses);
        return;
    }
    curses->mode = MODE_CONFIRM;
    snprintf(curses->prompt, sizeof curses->prompt, "send %zu lines? (y/n) ", lines);
}

static void confirm_key(struct curses *curses, uint32_t key) {
    bool yes = key == 'y' || key == 'Y', no = key == 'n' || key == 'N' || key == '\r' || key == KEYS_CANCEL;
    if (!yes && !no && keys_action(&curses->ui->settings->keys, key) != ACTION_INTERRUPT) return;
    curses_end_confirm(curses);
    if (yes) submit(curses);
}

/* --- Pasting --- */

static void paste_key(struct curses *curses, uint32_t key) {
    struct paste *paste = &curses->paste;
    if (key >= KEYS_FIRST) return;
    if (paste->size + 4 > sizeof paste->text) {
        paste->too_long = true;
        return;
    }
    utf8proc_ssize_t size = utf8proc_encode_char((utf8proc_int32_t)key, (utf8proc_uint8_t *)paste->text + paste->size);
    if (size > 0) paste->size += (size_t)size;
}

/* By itself it may fit, and of what is too long the beginning does. */
static void paste_refused(struct curses *curses) {
    struct paste *paste = &curses->paste;
    char *line = copy_start(paste->text, paste->size), text[128];
    for (char *at = line; (at = strchr(at, '\r'));) *at = '\n'; /* as terminals send it */
    entered_add(&curses->entered, line);
    free(line);
    snprintf(text, sizeof text, "not pasted: a message has at most %d bytes; Up has %s", MESSAGE_TEXT_MAX,
             paste->too_long ? "the beginning" : "what was pasted");
    look_at_newest(curses_window(curses));
    curses_say(curses, LINE_ERROR, text);
}

static void paste_end(struct curses *curses) {
    struct paste *paste = &curses->paste;
    paste->active = false;
    completion_end(&curses->completion);
    if (curses->mode == MODE_SEARCH) curses_end_search(curses);
    if (curses->mode == MODE_CONFIRM) curses_end_confirm(curses); /* it asked about fewer lines */
    if (paste->too_long || !editor_insert(&curses->editor, paste->text, paste->size)) paste_refused(curses);
}

/* --- Keys --- */

static void interrupt(struct curses *curses) {
    uint64_t now = clock_boot_ms();
    bool again = curses->interrupted && now - curses->interrupted < INTERRUPT_TWICE_MS;
    if (curses->leaving || (again && curses->editor.size == 0)) {
        curses_quit(curses);
    } else if (curses->editor.size > 0) {
        editor_do(&curses->editor, EDIT_CLEAR);
    } else {
        curses->interrupted = now;
        curses_say(curses, LINE_NOTICE, "Ctrl-C again leaves, as /quit does");
    }
}

static void insert(struct curses *curses, uint32_t key) {
    utf8proc_uint8_t encoded[4];
    utf8proc_ssize_t size = utf8proc_encode_char((utf8proc_int32_t)key, encoded);
    if (size > 0) editor_insert(&curses->editor, (const char *)encoded, (size_t)size);
}

static void walk_history(struct curses *curses, bool older) {
    const char *line = older ? entered_older(&curses->entered, curses->editor.text)
                             : entered_newer(&curses->entered, curses->editor.text);
    if (line) editor_set(&curses->editor, line, strlen(line), strlen(line));
}

static void complete(struct curses *curses, bool backwards) {
    struct window *window = curses_window(curses);
    completion_next(&curses->completion, &curses->editor, &curses->models.conversations,
                    (const uint8_t(*)[MEMBER_ID_SIZE])window->spoke, window->spoke_count, backwards);
}

static void toggle_members(struct curses *curses) {
    struct client_config *settings = curses->ui->settings;
    unsigned rows, columns;
    terminal_size(curses->terminal, &rows, &columns);
    bool shown =
        settings->members == MEMBERS_ON || (settings->members == MEMBERS_AUTO && columns >= LAYOUT_MEMBERS_FROM);
    settings->members = shown ? MEMBERS_OFF : MEMBERS_ON;
}

static void end_of_line(struct curses *curses) {
    if (curses->editor.size == 0)
        curses_quit(curses);
    else
        editor_do(&curses->editor, EDIT_DELETE_FORWARD);
}

static void act(struct curses *curses, int action, uint32_t key) {
    switch (action) {
    case ACTION_INSERT: insert(curses, key); break;
    case ACTION_ENTER: enter(curses); break;
    case ACTION_NEWLINE: editor_insert(&curses->editor, "\n", 1); break;
    case ACTION_HISTORY_OLDER: walk_history(curses, true); break;
    case ACTION_HISTORY_NEWER: walk_history(curses, false); break;
    case ACTION_HISTORY_SEARCH: curses_search_begin(curses); break;
    case ACTION_COMPLETE: complete(curses, false); break;
    case ACTION_COMPLETE_BACK: complete(curses, true); break;
    case ACTION_PAGE_UP: scroll(curses, -1); break;
    case ACTION_PAGE_DOWN: scroll(curses, 1); break;
    case ACTION_SCROLL_TOP: scroll(curses, -SCREEN_PAGES_ALL); break;
    case ACTION_SCROLL_BOTTOM: scroll(curses, SCREEN_PAGES_ALL); break;
    case ACTION_WHEEL_UP: wheel(curses, -WHEEL_ROWS); break;
    case ACTION_WHEEL_DOWN: wheel(curses, WHEEL_ROWS); break;
    case ACTION_ROOM_NEXT: go_by(curses, 1); break;
    case ACTION_ROOM_PREVIOUS: go_by(curses, curses->models.conversations.count - 1); break;
    case ACTION_ROOM_UNREAD: go_unread(curses); break;
    case ACTION_MEMBERS: toggle_members(curses); break;
    case ACTION_REDRAW: terminal_redraw(curses->terminal); break;
    case ACTION_SUSPEND: curses_suspend(curses, true); break;
    case ACTION_INTERRUPT: interrupt(curses); break;
    case ACTION_END: end_of_line(curses); break;
    case ACTION_HELP: run_command(curses, "/help"); break;
    case ACTION_NONE: break;
    default:
        if (action >= ACTION_ROOM_1 && action <= ACTION_ROOM_9)
            go_to(curses, (size_t)(action - ACTION_ROOM_1));
        else if (action < EDITS)
            editor_do(&curses->editor, (enum edit)action);
    }
}

static void focus(struct curses *curses, bool focused) {
    curses->focus_known = true;
    curses->focused = focused;
    if (!focused) window_seen(curses_window(curses));
}

/* What may be done while a question stands. */
static bool looks_around(int action) {
    return action >= ACTION_PAGE_UP && action <= ACTION_SUSPEND;
}

/* What the terminal reports unasked. */
static bool report(struct curses *curses, uint32_t key) {
    switch (key) {
    case KEYS_PASTE_BEGIN: curses->paste = (struct paste){.active = true}; return true;
    case KEYS_FOCUS_IN: focus(curses, true); return true;
    case KEYS_FOCUS_OUT: focus(curses, false); return true;
    case KEYS_MOUSE_DRAG: explain_mouse(curses); return true;
    case KEYS_RESIZE: terminal_resize(curses->terminal); return true;
    default: return false;
    }
}

void curses_input_key(struct curses *curses, uint32_t key) {
    int action = keys_action(&curses->ui->settings->keys, key);
    curses->dirty = true;
    if (curses->paste.active) {
        if (key == KEYS_PASTE_END)
            paste_end(curses);
        else
            paste_key(curses, key);
        return;
    }
    if (report(curses, key)) return;
    if (action != ACTION_COMPLETE && action != ACTION_COMPLETE_BACK) completion_end(&curses->completion);
    if (action != ACTION_INTERRUPT && action != ACTION_ENTER && action != ACTION_INSERT) curses->interrupted = 0;
    if (curses->mode == MODE_CONFIRM && !looks_around(action)) {
        confirm_key(curses, key);
        return;
    }
    if (curses->mode == MODE_SEARCH && curses_search_key(curses, key)) return;
    act(curses, action, key);
}

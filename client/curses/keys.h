/* Which key does what: one table, which also makes `/help keys` and the manual. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/curses/editor.h"

/* A key is a code point (control characters as they are), or one of these; with Alt, KEYS_ALT is added. */
enum {
    KEYS_FIRST = 0x110000,
    KEYS_UP = KEYS_FIRST,
    KEYS_DOWN,
    KEYS_LEFT,
    KEYS_RIGHT,
    KEYS_HOME,
    KEYS_END,
    KEYS_PAGE_UP,
    KEYS_PAGE_DOWN,
    KEYS_DELETE,
    KEYS_BACKSPACE,
    KEYS_BACK_TAB,
    KEYS_CTRL_LEFT,
    KEYS_CTRL_RIGHT,
    KEYS_F1,
    KEYS_WHEEL_UP, /* of the mouse */
    KEYS_WHEEL_DOWN,
    KEYS_PASTE_BEGIN,
    KEYS_PASTE_END,
    KEYS_FOCUS_IN,
    KEYS_FOCUS_OUT,
    KEYS_MOUSE_DRAG, /* somebody tried to select with it */
    KEYS_RESIZE,
    KEYS_NONE,   /* nothing more to read now */
    KEYS_CLOSED, /* the terminal went away */
};
#define KEYS_ALT 0x1000000
#define KEYS_CANCEL 7 /* Ctrl-G, as in readline: ends a search or a question, else nothing */

/* What is no edit (editor.h): these follow EDITS in the same space. */
enum action {
    ACTION_ENTER = EDITS,
    ACTION_NEWLINE, /* Alt-Enter */
    ACTION_HISTORY_OLDER,
    ACTION_HISTORY_NEWER,
    ACTION_HISTORY_SEARCH,
    ACTION_COMPLETE,
    ACTION_COMPLETE_BACK,
    ACTION_PAGE_UP,
    ACTION_PAGE_DOWN,
    ACTION_SCROLL_TOP,
    ACTION_SCROLL_BOTTOM,
    ACTION_WHEEL_UP,
    ACTION_WHEEL_DOWN,
    ACTION_ROOM_NEXT,
    ACTION_ROOM_PREVIOUS,
    ACTION_ROOM_1,
    ACTION_ROOM_9 = ACTION_ROOM_1 + 8,
    ACTION_ROOM_UNREAD, /* Alt-A: the next with something unread, mentions first */
    ACTION_MEMBERS,     /* Alt-M: shows or hides the list */
    ACTION_REDRAW,
    ACTION_SUSPEND,
    ACTION_INTERRUPT, /* Ctrl-L, Ctrl-Z, Ctrl-C */
    ACTION_END,       /* Ctrl-D on an empty line leaves; else deletes forward */
    ACTION_HELP,      /* F1 */
    ACTION_INSERT,    /* the key is text */
    ACTION_NONE,
};

struct binding {
    uint32_t key;
    int action; /* enum edit or enum action */
};

/* Alt with a capital letter is the same as with the small one. */
int keys_action(uint32_t key);
const struct binding *keys_table(size_t *count);
/* "Ctrl-A", "Alt-Enter", "PgUp", "é". */
const char *keys_name(uint32_t key, char out[static 32]);
/* One line of help; empty for what has no key of its own. */
const char *keys_help(int action);

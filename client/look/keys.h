/* Which key does what: one table, which also makes `/help keys` and the manual; and the keys of [keys] in the settings,
 * which go before it. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/why.h"

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

/* What is done to the input line (curses/editor.h). */
enum edit {
    EDIT_LEFT,
    EDIT_RIGHT,
    EDIT_WORD_LEFT,
    EDIT_WORD_RIGHT,
    EDIT_LINE_START, /* of the line between newlines; where the cursor is there already, over the newline */
    EDIT_LINE_END,
    EDIT_DELETE_BACKWARD,
    EDIT_DELETE_FORWARD,     /* one cluster */
    EDIT_KILL_WORD_BACKWARD, /* to white space, as Ctrl-W */
    EDIT_KILL_WORD_LEFT,
    EDIT_KILL_WORD_RIGHT, /* as Alt-Backspace, Alt-D */
    EDIT_KILL_TO_START,   /* as EDIT_LINE_START goes */
    EDIT_KILL_TO_END,
    EDIT_YANK,
    EDIT_YANK_OLDER, /* the latter only right after a yank */
    EDIT_TRANSPOSE,  /* the clusters around the cursor, as Ctrl-T */
    EDIT_UNDO,
    EDIT_REDO,
    EDIT_CLEAR,
    EDITS,
};

/* What is no edit: these follow EDITS in the same space. */
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

#define KEYS_OWN_MAX 64

/* Those of the settings, each key once; action ACTION_NONE: the key does nothing. */
struct keys_own {
    struct binding items[KEYS_OWN_MAX];
    size_t count;
};

/* Alt with a capital letter is the same as with the small one. */
int keys_action(const struct keys_own *own, uint32_t key);
/* As it is where nothing is set. */
const struct binding *keys_table(size_t *count);
/* The keys that do this now, the user's own ones first, one after the other; false behind the last. `*at` begins at 0.
 */
bool keys_of_action(const struct keys_own *own, int action, size_t *at, uint32_t *key);
/* One line of [keys]: a key as keys_name writes it, in any case, and the name of an action, or none. False with
 * "expected …", and nothing changed. What text, Enter, Escape and Ctrl-C do cannot be changed. */
MUST_USE bool keys_bind(struct keys_own *own, const char *key, const char *action, struct why *why);
/* "next-room"; empty for what is no action of a key. */
const char *keys_action_name(int action);
/* "Ctrl-A", "Alt-Enter", "PgUp", "é". */
const char *keys_name(uint32_t key, char out[static 32]);
/* One line of help; empty for what has no key of its own. */
const char *keys_help(int action);

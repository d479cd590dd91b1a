#include "client/look/keys.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <utf8proc.h>

#include "common/similar.h"

#define CTRL(letter) ((letter)&0x1f)
#define ALT(key) (KEYS_ALT | (key))
#define RUBOUT 0x7f

static const struct binding bindings[] = {
    {'\r', ACTION_ENTER},
    {'\n', ACTION_ENTER},
    {ALT('\r'), ACTION_NEWLINE},
    {ALT('\n'), ACTION_NEWLINE},
    {KEYS_LEFT, EDIT_LEFT},
    {CTRL('B'), EDIT_LEFT},
    {KEYS_RIGHT, EDIT_RIGHT},
    {CTRL('F'), EDIT_RIGHT},
    {KEYS_CTRL_LEFT, EDIT_WORD_LEFT},
    {ALT('b'), EDIT_WORD_LEFT},
    {KEYS_CTRL_RIGHT, EDIT_WORD_RIGHT},
    {ALT('f'), EDIT_WORD_RIGHT},
    {KEYS_HOME, EDIT_LINE_START},
    {CTRL('A'), EDIT_LINE_START},
    {KEYS_END, EDIT_LINE_END},
    {CTRL('E'), EDIT_LINE_END},
    {KEYS_BACKSPACE, EDIT_DELETE_BACKWARD},
    {RUBOUT, EDIT_DELETE_BACKWARD},
    {CTRL('H'), EDIT_DELETE_BACKWARD},
    {KEYS_DELETE, EDIT_DELETE_FORWARD},
    {CTRL('D'), ACTION_END},
    {CTRL('W'), EDIT_KILL_WORD_BACKWARD},
    {ALT(KEYS_BACKSPACE), EDIT_KILL_WORD_LEFT},
    {ALT(RUBOUT), EDIT_KILL_WORD_LEFT},
    {ALT(CTRL('H')), EDIT_KILL_WORD_LEFT},
    {ALT('d'), EDIT_KILL_WORD_RIGHT},
    {CTRL('U'), EDIT_KILL_TO_START},
    {CTRL('K'), EDIT_KILL_TO_END},
    {CTRL('Y'), EDIT_YANK},
    {ALT('y'), EDIT_YANK_OLDER},
    {CTRL('T'), EDIT_TRANSPOSE},
    {CTRL('_'), EDIT_UNDO},
    {ALT('_'), EDIT_REDO},
    {ALT('/'), EDIT_REDO},
    {ALT('r'), EDIT_CLEAR},
    {KEYS_UP, ACTION_HISTORY_OLDER},
    {KEYS_DOWN, ACTION_HISTORY_NEWER},
    {CTRL('R'), ACTION_HISTORY_SEARCH},
    {'\t', ACTION_COMPLETE},
    {KEYS_BACK_TAB, ACTION_COMPLETE_BACK},
    {KEYS_PAGE_UP, ACTION_PAGE_UP},
    {KEYS_PAGE_DOWN, ACTION_PAGE_DOWN},
    {ALT('<'), ACTION_SCROLL_TOP},
    {ALT(KEYS_PAGE_UP), ACTION_SCROLL_TOP},
    {ALT(KEYS_HOME), ACTION_SCROLL_TOP},
    {ALT('>'), ACTION_SCROLL_BOTTOM},
    {ALT(KEYS_PAGE_DOWN), ACTION_SCROLL_BOTTOM},
    {ALT(KEYS_END), ACTION_SCROLL_BOTTOM},
    {KEYS_WHEEL_UP, ACTION_WHEEL_UP},
    {KEYS_WHEEL_DOWN, ACTION_WHEEL_DOWN},
    {CTRL('N'), ACTION_ROOM_NEXT},
    {ALT(KEYS_RIGHT), ACTION_ROOM_NEXT},
    {CTRL('P'), ACTION_ROOM_PREVIOUS},
    {ALT(KEYS_LEFT), ACTION_ROOM_PREVIOUS},
    {ALT('1'), ACTION_ROOM_1},
    {ALT('2'), ACTION_ROOM_1 + 1},
    {ALT('3'), ACTION_ROOM_1 + 2},
    {ALT('4'), ACTION_ROOM_1 + 3},
    {ALT('5'), ACTION_ROOM_1 + 4},
    {ALT('6'), ACTION_ROOM_1 + 5},
    {ALT('7'), ACTION_ROOM_1 + 6},
    {ALT('8'), ACTION_ROOM_1 + 7},
    {ALT('9'), ACTION_ROOM_9},
    {ALT('a'), ACTION_ROOM_UNREAD},
    {ALT('m'), ACTION_MEMBERS},
    {CTRL('L'), ACTION_REDRAW},
    {CTRL('Z'), ACTION_SUSPEND},
    {CTRL('C'), ACTION_INTERRUPT},
    {KEYS_F1, ACTION_HELP},
};

static const char *const help[ACTION_NONE] = {
    [EDIT_LEFT] = "one character to the left",
    [EDIT_RIGHT] = "one character to the right",
    [EDIT_WORD_LEFT] = "to the beginning of the word",
    [EDIT_WORD_RIGHT] = "to the end of the word",
    [EDIT_LINE_START] = "to the beginning of the line",
    [EDIT_LINE_END] = "to the end of the line",
    [EDIT_DELETE_BACKWARD] = "deletes the character before the cursor",
    [EDIT_DELETE_FORWARD] = "deletes the character at the cursor",
    [EDIT_KILL_WORD_BACKWARD] = "kills back to white space",
    [EDIT_KILL_WORD_LEFT] = "kills back to the beginning of the word",
    [EDIT_KILL_WORD_RIGHT] = "kills to the end of the word",
    [EDIT_KILL_TO_START] = "kills back to the beginning of the line",
    [EDIT_KILL_TO_END] = "kills to the end of the line",
    [EDIT_YANK] = "inserts what was killed last",
    [EDIT_YANK_OLDER] = "right after that: what was killed before it instead",
    [EDIT_TRANSPOSE] = "swaps the characters around the cursor",
    [EDIT_UNDO] = "undoes the last change",
    [EDIT_REDO] = "does again what was undone",
    [EDIT_CLEAR] = "clears the input",
    [ACTION_ENTER] = "sends the message or runs the command",
    [ACTION_NEWLINE] = "a new line in the message",
    [ACTION_HISTORY_OLDER] = "what was entered before",
    [ACTION_HISTORY_NEWER] = "what was entered after that",
    [ACTION_HISTORY_SEARCH] = "searches what was entered; again: further back",
    [ACTION_COMPLETE] = "completes a command, a room or a nick; again: the next one",
    [ACTION_COMPLETE_BACK] = "the completion before",
    [ACTION_PAGE_UP] = "scrolls up by a page",
    [ACTION_PAGE_DOWN] = "scrolls down by a page",
    [ACTION_SCROLL_TOP] = "scrolls to the oldest line",
    [ACTION_SCROLL_BOTTOM] = "scrolls to the newest line",
    [ACTION_WHEEL_UP] = "scrolls up a little",
    [ACTION_WHEEL_DOWN] = "scrolls down a little",
    [ACTION_ROOM_NEXT] = "the next room",
    [ACTION_ROOM_PREVIOUS] = "the previous room",
    [ACTION_ROOM_1... ACTION_ROOM_9] = "the room of this number",
    [ACTION_ROOM_UNREAD] = "the next room with something unread, mentions first",
    [ACTION_MEMBERS] = "shows or hides the members",
    [ACTION_REDRAW] = "draws the screen anew",
    [ACTION_SUSPEND] = "suspends; the shell's fg comes back",
    [ACTION_INTERRUPT] = "clears the input; twice on an empty line: leaves",
    [ACTION_END] = "deletes the character at the cursor; on an empty line: leaves",
    [ACTION_HELP] = "shows the commands",
};

static const struct {
    uint32_t key;
    const char *name;
} names[] = {
    {'\r', "Enter"},
    {'\t', "Tab"},
    {0x1b, "Esc"},
    {' ', "Space"},
    {RUBOUT, "Backspace"},
    {KEYS_UP, "Up"},
    {KEYS_DOWN, "Down"},
    {KEYS_LEFT, "Left"},
    {KEYS_RIGHT, "Right"},
    {KEYS_HOME, "Home"},
    {KEYS_END, "End"},
    {KEYS_PAGE_UP, "PgUp"},
    {KEYS_PAGE_DOWN, "PgDn"},
    {KEYS_DELETE, "Delete"},
    {KEYS_BACKSPACE, "Backspace"},
    {KEYS_BACK_TAB, "Shift-Tab"},
    {KEYS_CTRL_LEFT, "Ctrl-Left"},
    {KEYS_CTRL_RIGHT, "Ctrl-Right"},
    {KEYS_F1, "F1"},
    {KEYS_PASTE_BEGIN, "(paste begins)"},
    {KEYS_PASTE_END, "(paste ends)"},
    {KEYS_FOCUS_IN, "(focus comes)"},
    {KEYS_FOCUS_OUT, "(focus goes)"},
    {KEYS_WHEEL_UP, "Wheel-Up"},
    {KEYS_WHEEL_DOWN, "Wheel-Down"},
    {KEYS_MOUSE_DRAG, "(drag)"},
    {KEYS_RESIZE, "(resize)"},
    {KEYS_NONE, "(none)"},
    {KEYS_CLOSED, "(closed)"},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static bool is_capital(uint32_t key) {
    return key >= 'A' && key <= 'Z';
}

static bool is_own(const struct keys_own *own, uint32_t key) {
    for (size_t i = 0; i < own->count; i++)
        if (own->items[i].key == key) return true;
    return false;
}

int keys_action(const struct keys_own *own, uint32_t key) {
    if ((key & KEYS_ALT) && is_capital(key & ~(uint32_t)KEYS_ALT)) key += 'a' - 'A';
    for (size_t i = 0; i < own->count; i++)
        if (own->items[i].key == key) return own->items[i].action;
    for (size_t i = 0; i < COUNT(bindings); i++)
        if (bindings[i].key == key) return bindings[i].action;
    return key >= ' ' && key != RUBOUT && key < KEYS_FIRST ? ACTION_INSERT : ACTION_NONE;
}

const struct binding *keys_table(size_t *count) {
    *count = COUNT(bindings);
    return bindings;
}

bool keys_of_action(const struct keys_own *own, int action, size_t *at, uint32_t *key) {
    while (*at < own->count + COUNT(bindings)) {
        size_t i = (*at)++;
        const struct binding *binding = i < own->count ? &own->items[i] : &bindings[i - own->count];
        if (binding->action != action || keys_action(own, binding->key) != action) continue;
        *key = binding->key;
        if (i < own->count || !is_own(own, binding->key)) return true;
    }
    return false;
}

static const char *special_name(uint32_t key) {
    for (size_t i = 0; i < COUNT(names); i++)
        if (names[i].key == key) return names[i].name;
    return NULL;
}

static void character_name(uint32_t key, char out[static 5]) {
    utf8proc_ssize_t size = utf8proc_encode_char((utf8proc_int32_t)key, (utf8proc_uint8_t *)out);
    out[size > 0 ? size : 0] = '\0';
}

const char *keys_name(uint32_t key, char out[static 32]) {
    const char *alt = key & KEYS_ALT ? "Alt-" : "";
    key &= ~(uint32_t)KEYS_ALT;
    if (*alt && key >= 'a' && key <= 'z') key -= 'a' - 'A'; /* as letters are written on keys */
    const char *special = special_name(key);
    char character[5];
    character_name(key < ' ' ? key + '@' : key, character);
    snprintf(out, 32, "%s%s%s", alt, key < ' ' && !special ? "Ctrl-" : "", special ? special : character);
    return out;
}

const char *keys_help(int action) {
    return action >= 0 && action < ACTION_NONE && help[action] ? help[action] : "";
}

/* --- The user's own --- */

static const char *const action_names[ACTION_NONE + 1] = {
    [EDIT_LEFT] = "left",
    [EDIT_RIGHT] = "right",
    [EDIT_WORD_LEFT] = "word-left",
    [EDIT_WORD_RIGHT] = "word-right",
    [EDIT_LINE_START] = "line-start",
    [EDIT_LINE_END] = "line-end",
    [EDIT_DELETE_BACKWARD] = "delete-before",
    [EDIT_DELETE_FORWARD] = "delete",
    [EDIT_KILL_WORD_BACKWARD] = "kill-to-blank",
    [EDIT_KILL_WORD_LEFT] = "kill-word-left",
    [EDIT_KILL_WORD_RIGHT] = "kill-word-right",
    [EDIT_KILL_TO_START] = "kill-to-start",
    [EDIT_KILL_TO_END] = "kill-to-end",
    [EDIT_YANK] = "yank",
    [EDIT_YANK_OLDER] = "yank-older",
    [EDIT_TRANSPOSE] = "transpose",
    [EDIT_UNDO] = "undo",
    [EDIT_REDO] = "redo",
    [EDIT_CLEAR] = "clear-input",
    [ACTION_ENTER] = "enter",
    [ACTION_NEWLINE] = "newline",
    [ACTION_HISTORY_OLDER] = "older",
    [ACTION_HISTORY_NEWER] = "newer",
    [ACTION_HISTORY_SEARCH] = "search",
    [ACTION_COMPLETE] = "complete",
    [ACTION_COMPLETE_BACK] = "complete-back",
    [ACTION_PAGE_UP] = "page-up",
    [ACTION_PAGE_DOWN] = "page-down",
    [ACTION_SCROLL_TOP] = "top",
    [ACTION_SCROLL_BOTTOM] = "bottom",
    [ACTION_WHEEL_UP] = "scroll-up",
    [ACTION_WHEEL_DOWN] = "scroll-down",
    [ACTION_ROOM_NEXT] = "next-room",
    [ACTION_ROOM_PREVIOUS] = "previous-room",
    [ACTION_ROOM_1] = "room-1",
    [ACTION_ROOM_1 + 1] = "room-2",
    [ACTION_ROOM_1 + 2] = "room-3",
    [ACTION_ROOM_1 + 3] = "room-4",
    [ACTION_ROOM_1 + 4] = "room-5",
    [ACTION_ROOM_1 + 5] = "room-6",
    [ACTION_ROOM_1 + 6] = "room-7",
    [ACTION_ROOM_1 + 7] = "room-8",
    [ACTION_ROOM_9] = "room-9",
    [ACTION_ROOM_UNREAD] = "unread-room",
    [ACTION_MEMBERS] = "members",
    [ACTION_REDRAW] = "redraw",
    [ACTION_SUSPEND] = "suspend",
    [ACTION_INTERRUPT] = "interrupt",
    [ACTION_END] = "end",
    [ACTION_HELP] = "help",
    [ACTION_NONE] = "none",
};

const char *keys_action_name(int action) {
    return action >= 0 && action < ACTION_NONE && action_names[action] ? action_names[action] : "";
}

static bool starts(const char **text, const char *with) {
    if (strncasecmp(*text, with, strlen(with)) != 0 || !(*text)[strlen(with)]) return false;
    *text += strlen(with);
    return true;
}

static bool special_key(const char *name, uint32_t *key) {
    for (size_t i = 0; i < COUNT(names); i++)
        if (*names[i].name != '(' && strcasecmp(names[i].name, name) == 0) {
            *key = names[i].key;
            return true;
        }
    return false;
}

static bool character_key(const char *name, bool ctrl, uint32_t *key) {
    utf8proc_int32_t code;
    utf8proc_ssize_t size = utf8proc_iterate((const utf8proc_uint8_t *)name, -1, &code);
    if (!*name || size <= 0 || name[size]) return false;
    if (code >= 'A' && code <= 'Z') code += 'a' - 'A';
    if (ctrl && !(code >= 'a' && code <= 'z') && !(code >= '[' && code <= '_')) return false;
    *key = ctrl ? CTRL((uint32_t)code) : (uint32_t)code;
    return true;
}

static bool parse_key(const char *name, uint32_t *key) {
    bool alt = starts(&name, "alt-");
    bool known = special_key(name, key);
    if (!known) {
        bool ctrl = starts(&name, "ctrl-");
        known = character_key(name, ctrl, key);
    }
    if (alt && known) *key |= KEYS_ALT;
    return known;
}

/* Nobody shall lock himself in, or lose a character of the keyboard. Ctrl-I is Tab to terminals, Ctrl-M and Ctrl-J are
 * Enter, and Ctrl-[ begins other keys. */
static bool may_bind(uint32_t key, struct why *why) {
    if (key == '\r' || key == '\n') return why_fail(why, "is Enter, which sends, expected another key");
    if (key == 0x1b) return why_fail(why, "begins other keys, expected another key");
    if (key == CTRL('C')) return why_fail(why, "leaves, whatever happens, expected another key");
    if (key >= ' ' && key != RUBOUT && key < KEYS_FIRST)
        return why_fail(why, "is text, expected it with Ctrl- or Alt-, or another key");
    return true;
}

static bool unknown_action(const char *action, struct why *why) {
    struct similar near = similar_to(action);
    for (size_t i = 0; i <= ACTION_NONE; i++)
        if (action_names[i]) similar_offer(&near, action_names[i]);
    why_fail(why, near.count > 0 ? "unknown action, did you mean "
                                 : "unknown action, expected a name that /help keys shows, "
                                   "as next-room, or none");
    similar_list(&near, "", " or ", why->text, sizeof why->text);
    if (near.count > 0) why_add(why, "?");
    return false;
}

bool keys_bind(struct keys_own *own, const char *key, const char *action, struct why *why) {
    uint32_t code;
    int named = 0;
    char name[32];
    if (!parse_key(key, &code))
        return why_fail(why, "unknown key, expected one as in ctrl-n, alt-x, alt-left, f1, home or pgdn");
    if (!may_bind(code, why)) return false;
    while (named <= ACTION_NONE && (!action_names[named] || strcmp(action_names[named], action) != 0)) named++;
    if (named > ACTION_NONE) return unknown_action(action, why);
    if (is_own(own, code)) return why_fail(why, "%s is given already, expected once", keys_name(code, name));
    if (own->count == KEYS_OWN_MAX) return why_fail(why, "expected at most %d keys", KEYS_OWN_MAX);
    own->items[own->count++] = (struct binding){code, named};
    return true;
}

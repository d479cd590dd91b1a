#include "client/curses/keys.h"

#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

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

int keys_action(uint32_t key) {
    if ((key & KEYS_ALT) && is_capital(key & ~(uint32_t)KEYS_ALT)) key += 'a' - 'A';
    for (size_t i = 0; i < COUNT(bindings); i++)
        if (bindings[i].key == key) return bindings[i].action;
    return key >= ' ' && key != RUBOUT && key < KEYS_FIRST ? ACTION_INSERT : ACTION_NONE;
}

const struct binding *keys_table(size_t *count) {
    *count = COUNT(bindings);
    return bindings;
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

/* The input line as pure data: text, cursor, kills, undo. No terminal, no keys. Text is always valid UTF-8 and passes
 * text_outgoing, no more, so that what is typed is what is said; columns.h draws it harmlessly. Cursor motions are by
 * clusters (columns.h). A newline in it comes from a paste or Alt-Enter.
 *
 * Words are runs of letters and digits (utf8proc categories L, M and N), as in readline. Kills in a row, without
 * another action between, join in one entry of the ring. Undo goes back over groups: characters inserted in a row up to
 * a blank, or one other change. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "client/message/message.h"

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

struct editor {
    char text[MESSAGE_TEXT_MAX + 1]; /* zero-terminated */
    size_t size, cursor;
    struct editor_past *past; /* kills and undo */
};

void editor_init(struct editor *editor); /* aborts without memory, as all of these do */
void editor_destroy(struct editor *editor);
/* Is the text UTF-8, zero-terminated, and the cursor between two clusters of it? */
bool editor_holds(const struct editor *editor);
/* False: nothing could be done (the caller may ring). */
bool editor_do(struct editor *editor, enum edit edit);
/* At the cursor; "\r\n" and "\r" become newlines. False, with nothing changed, when it does not fit. */
bool editor_insert(struct editor *editor, const char *text, size_t size);
/* Replaces everything (history, completion) as one change to undo; the cursor at `cursor`. */
bool editor_set(struct editor *editor, const char *text, size_t size, size_t cursor);
/* Forgets undo too: the line was sent. Kills stay. */
void editor_reset(struct editor *editor);
size_t editor_lines(const struct editor *editor); /* newlines + 1 */

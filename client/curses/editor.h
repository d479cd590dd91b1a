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

#include "client/look/keys.h"
#include "client/message/message.h"

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

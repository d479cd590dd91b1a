/* What an editor remembers: kills, and changes to undo. editor.c alone uses it. Pure; aborts without memory. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attributes.h"

#define EDITOR_KILLS 16
#define EDITOR_UNDOS 256
#define EDITOR_UNDO_BYTES (1024 * 1024) /* of texts kept for undo */

/* What was done last, where the next action asks for it. */
enum editor_last { LAST_OTHER, LAST_TYPED, LAST_KILL, LAST_YANK };

/* At `at` the bytes that were removed gave way to those inserted. */
struct editor_change {
    size_t at, removed, inserted;
    size_t cursor_before, cursor_after;
    char bytes[]; /* removed, then inserted */
};

struct editor_kill {
    char *text;
    size_t size;
};

struct editor_past {
    enum editor_last last;
    struct editor_kill kills[EDITOR_KILLS];
    size_t kill_count, kill_at;  /* kill_at: the newest, or where EDIT_YANK_OLDER went */
    size_t yank_start, yank_end; /* of the text, while a yank is the last action */
    struct editor_change *changes[EDITOR_UNDOS];
    size_t change_count, change_done; /* from change_done on they are undone */
    size_t change_bytes;
};

MUST_USE struct editor_past *editor_past_create(void);
void editor_past_destroy(struct editor_past *past);
/* Forgets the changes. */
void editor_past_forget(struct editor_past *past);

/* Notes a change, and forgets those undone and the oldest beyond the bounds. The caller sets cursor_after. */
struct editor_change *editor_past_add(struct editor_past *past, size_t at, const char *removed, size_t removed_size,
                                      const char *inserted, size_t inserted_size);
/* Lets the newest change grow by what is typed right behind it. NULL: it begins a group of its own. */
struct editor_change *editor_past_grow(struct editor_past *past, size_t at, const char *inserted, size_t inserted_size);
/* NULL: nothing to undo or redo. Valid until the next change. */
const struct editor_change *editor_past_undo(struct editor_past *past);
const struct editor_change *editor_past_redo(struct editor_past *past);

/* A kill; it joins the newest, before or behind it, when that was the last action. */
void editor_past_kill(struct editor_past *past, const char *text, size_t size, bool before);
/* What to yank; `older`: goes round to the one killed before. NULL: there is none, or no other. */
const struct editor_kill *editor_past_yank(struct editor_past *past, bool older);

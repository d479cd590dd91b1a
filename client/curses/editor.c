#include "client/curses/editor.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "client/curses/columns.h"
#include "client/curses/editor_past.h"
#include "common/holds.h"
#include "common/memory.h"
#include "common/text.h"

#define CHARACTER_MAX 4 /* text_outgoing cuts silently; with so much more room what is cut is known to be too long */

void editor_init(struct editor *editor) {
    editor->text[0] = '\0';
    editor->size = editor->cursor = 0;
    editor->past = editor_past_create();
}

void editor_destroy(struct editor *editor) {
    editor_past_destroy(editor->past);
    editor->past = NULL;
}

void editor_reset(struct editor *editor) {
    editor->text[0] = '\0';
    editor->size = editor->cursor = 0;
    editor->past->last = LAST_OTHER;
    editor_past_forget(editor->past);
}

size_t editor_lines(const struct editor *editor) {
    size_t lines = 1;
    for (const char *at = editor->text; (at = memchr(at, '\n', (size_t)(editor->text + editor->size - at))); at++)
        lines++;
    return lines;
}

static size_t after_cluster(const struct editor *editor, size_t at) {
    return at + columns_cluster(editor->text + at, editor->size - at).size;
}

/* A change may have made one cluster of what was on both sides of the cursor. */
static size_t cluster_boundary(const struct editor *editor, size_t at) {
    if (at == 0 || at >= editor->size) return at < editor->size ? at : editor->size;
    return after_cluster(editor, columns_cluster_before(editor->text, at));
}

bool editor_holds(const struct editor *editor) {
    if (editor->size > MESSAGE_TEXT_MAX || editor->cursor > editor->size) return false;
    return strlen(editor->text) == editor->size && text_is_utf8(editor->text, editor->size) &&
           cluster_boundary(editor, editor->cursor) == editor->cursor;
}

static utf8proc_int32_t character_at(const struct editor *editor, size_t at) {
    utf8proc_int32_t character;
    (void)utf8proc_iterate((const utf8proc_uint8_t *)editor->text + at, (utf8proc_ssize_t)(editor->size - at),
                           &character);
    return character;
}

/* --- Changing the text --- */

static void put(struct editor *editor, size_t at, size_t removed, const char *text, size_t size) {
    memmove(editor->text + at + size, editor->text + at + removed, editor->size - at - removed);
    if (size > 0) memcpy(editor->text + at, text, size);
    editor->size += size - removed;
    editor->text[editor->size] = '\0';
}

struct change {
    size_t at, removed;
    const char *text;
    size_t size;
    size_t cursor; /* afterwards */
    bool typed;
};

static void apply(struct editor *editor, const struct change *change) {
    struct editor_change *noted = NULL;
    size_t before = editor->cursor;
    bool same = change->removed == change->size && memcmp(editor->text + change->at, change->text, change->size) == 0;
    if (!same) {
        if (change->typed && change->removed == 0)
            noted = editor_past_grow(editor->past, change->at, change->text, change->size);
        if (!noted) {
            noted = editor_past_add(editor->past, change->at, editor->text + change->at, change->removed, change->text,
                                    change->size);
            noted->cursor_before = before;
        }
        put(editor, change->at, change->removed, change->text, change->size);
    }
    editor->cursor = cluster_boundary(editor, change->cursor);
    if (noted) noted->cursor_after = editor->cursor;
}

/* Replaces bytes from `start` to `end`; the cursor comes behind the first `cursor` bytes of the text. False, with
 * nothing changed, when it does not fit. */
static bool replace(struct editor *editor, size_t start, size_t end, const char *text, size_t size, size_t cursor,
                    bool typed) {
    size_t allowed = MESSAGE_TEXT_MAX - (editor->size - (end - start));
    size_t capacity = (size < allowed / TEXT_GROWTH ? size * TEXT_GROWTH : allowed) + CHARACTER_MAX + 1;
    char *cleaned = allocate(capacity);
    size_t before_cursor = text_outgoing(text, cursor, cleaned, capacity);
    size_t cleaned_size = text_outgoing(text, size, cleaned, capacity);
    bool fits = cleaned_size <= allowed;
    if (fits) {
        editor->past->yank_end = start + before_cursor;
        apply(editor, &(struct change){start, end - start, cleaned, cleaned_size, start + before_cursor, typed});
    }
    free(cleaned);
    return fits;
}

/* "\r\n" and "\r" become "\n". Returns the size; *cursor is a place in the text and goes with it. */
static size_t unify_newlines(const char *text, size_t size, char *out, size_t *cursor) {
    size_t written = 0, place = *cursor;
    for (size_t i = 0; i < size; i++) {
        if (i == *cursor) place = written;
        if (text[i] == '\n' && i > 0 && text[i - 1] == '\r') continue;
        out[written++] = text[i];
        if (text[i] == '\r') out[written - 1] = '\n';
    }
    *cursor = place < written && *cursor < size ? place : written;
    return written;
}

static bool is_one_character(const char *text, size_t size) {
    utf8proc_int32_t ignored;
    return utf8proc_iterate((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)size, &ignored) == (utf8proc_ssize_t)size;
}

bool editor_insert(struct editor *editor, const char *text, size_t size) {
    if (size == 0) return true;
    size_t end = size;
    char *given = allocate(size);
    size = unify_newlines(text, size, given, &end);
    bool typed = is_one_character(given, size);
    bool fits = size == 0 || replace(editor, editor->cursor, editor->cursor, given, size, size, typed);
    if (fits && size > 0) editor->past->last = typed ? LAST_TYPED : LAST_OTHER;
    free(given);
    HOLDS(editor_holds(editor));
    return fits;
}

bool editor_set(struct editor *editor, const char *text, size_t size, size_t cursor) {
    char *unified = allocate(size + 1);
    size = unify_newlines(text, size, unified, &cursor);
    bool fits = replace(editor, 0, editor->size, unified, size, cursor, false);
    if (fits) editor->past->last = LAST_OTHER;
    free(unified);
    HOLDS(editor_holds(editor));
    return fits;
}

static bool move(struct editor *editor, size_t to) {
    bool moves = to != editor->cursor;
    editor->cursor = to;
    return moves;
}

static bool erase(struct editor *editor, size_t start, size_t end) {
    return start < end && replace(editor, start, end, "", 0, 0, false);
}

/* One end of what is killed is the cursor. */
static bool kill_to(struct editor *editor, size_t to) {
    bool backward = to < editor->cursor;
    size_t start = backward ? to : editor->cursor, end = backward ? editor->cursor : to;
    char *killed = allocate(end - start + 1);
    memcpy(killed, editor->text + start, end - start);
    bool done = erase(editor, start, end);
    if (done) editor_past_kill(editor->past, killed, end - start, backward);
    free(killed);
    return done;
}

/* Where motions go. */

static size_t left_of(const struct editor *editor) {
    return columns_cluster_before(editor->text, editor->cursor);
}

static size_t right_of(const struct editor *editor) {
    return after_cluster(editor, editor->cursor);
}

static bool is_word(utf8proc_int32_t character) {
    utf8proc_propval_t category = utf8proc_get_property(character)->category;
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO; /* L, M and N stand together */
}

static bool is_no_blank(utf8proc_int32_t character) {
    return character != '\n' && character != '\t' && utf8proc_get_property(character)->category != UTF8PROC_CATEGORY_ZS;
}

/* Where the last run of such characters before the cursor begins. From the front: going back by clusters may cost the
 * whole text for each of them. */
static size_t run_before(const struct editor *editor, bool (*belongs)(utf8proc_int32_t)) {
    size_t start = 0;
    bool inside = false;
    for (size_t at = 0; at < editor->cursor; at = after_cluster(editor, at)) {
        bool now = belongs(character_at(editor, at));
        if (now && !inside) start = at;
        inside = now;
    }
    return start;
}

static size_t word_right(const struct editor *editor) {
    size_t at = editor->cursor;
    while (at < editor->size && !is_word(character_at(editor, at))) at = after_cluster(editor, at);
    while (at < editor->size && is_word(character_at(editor, at))) at = after_cluster(editor, at);
    return at;
}

/* At a line's start or end already: over the newline. */
static size_t line_start(const struct editor *editor) {
    const char *newline = memrchr(editor->text, '\n', editor->cursor);
    size_t start = newline ? (size_t)(newline - editor->text) + 1 : 0;
    return start == editor->cursor && start > 0 ? start - 1 : start;
}

static size_t line_end(const struct editor *editor) {
    const char *newline = memchr(editor->text + editor->cursor, '\n', editor->size - editor->cursor);
    size_t end = newline ? (size_t)(newline - editor->text) : editor->size;
    return end == editor->cursor && end < editor->size ? end + 1 : end;
}

/* One function per edit. */

static bool do_left(struct editor *editor) {
    return move(editor, left_of(editor));
}

static bool do_right(struct editor *editor) {
    return move(editor, right_of(editor));
}

static bool do_word_left(struct editor *editor) {
    return move(editor, run_before(editor, is_word));
}

static bool do_word_right(struct editor *editor) {
    return move(editor, word_right(editor));
}

static bool do_line_start(struct editor *editor) {
    return move(editor, line_start(editor));
}

static bool do_line_end(struct editor *editor) {
    return move(editor, line_end(editor));
}

static bool do_delete_backward(struct editor *editor) {
    return erase(editor, left_of(editor), editor->cursor);
}

static bool do_delete_forward(struct editor *editor) {
    return erase(editor, editor->cursor, right_of(editor));
}

static bool do_kill_word_backward(struct editor *editor) {
    return kill_to(editor, run_before(editor, is_no_blank));
}

static bool do_kill_word_left(struct editor *editor) {
    return kill_to(editor, run_before(editor, is_word));
}

static bool do_kill_word_right(struct editor *editor) {
    return kill_to(editor, word_right(editor));
}

static bool do_kill_to_start(struct editor *editor) {
    return kill_to(editor, line_start(editor));
}

static bool do_kill_to_end(struct editor *editor) {
    return kill_to(editor, line_end(editor));
}

static bool yank(struct editor *editor, size_t start, size_t end, bool older) {
    size_t kill_at = editor->past->kill_at;
    const struct editor_kill *kill = editor_past_yank(editor->past, older);
    if (!kill || !replace(editor, start, end, kill->text, kill->size, kill->size, false)) {
        editor->past->kill_at = kill_at;
        return false;
    }
    editor->past->yank_start = start;
    return true;
}

static bool do_yank(struct editor *editor) {
    return yank(editor, editor->cursor, editor->cursor, false);
}

static bool do_yank_older(struct editor *editor) {
    struct editor_past *past = editor->past;
    return past->last == LAST_YANK && yank(editor, past->yank_start, past->yank_end, true);
}

static bool do_transpose(struct editor *editor) {
    size_t end = right_of(editor), middle = editor->cursor;
    if (middle == editor->size) middle = left_of(editor);
    size_t start = columns_cluster_before(editor->text, middle);
    if (start == middle || middle == end) return false;
    char *swapped = allocate(end - start);
    memcpy(swapped, editor->text + middle, end - middle);
    memcpy(swapped + (end - middle), editor->text + start, middle - start);
    bool done = replace(editor, start, end, swapped, end - start, end - start, false);
    free(swapped);
    return done;
}

static bool do_undo(struct editor *editor) {
    const struct editor_change *change = editor_past_undo(editor->past);
    if (!change) return false;
    put(editor, change->at, change->inserted, change->bytes, change->removed);
    editor->cursor = change->cursor_before;
    return true;
}

static bool do_redo(struct editor *editor) {
    const struct editor_change *change = editor_past_redo(editor->past);
    if (!change) return false;
    put(editor, change->at, change->removed, change->bytes + change->removed, change->inserted);
    editor->cursor = change->cursor_after;
    return true;
}

static bool do_clear(struct editor *editor) {
    return erase(editor, 0, editor->size);
}

static const struct {
    bool (*run)(struct editor *editor);
    enum editor_last leaves;
} edits[EDITS] = {
    [EDIT_LEFT] = {do_left, LAST_OTHER},
    [EDIT_RIGHT] = {do_right, LAST_OTHER},
    [EDIT_WORD_LEFT] = {do_word_left, LAST_OTHER},
    [EDIT_WORD_RIGHT] = {do_word_right, LAST_OTHER},
    [EDIT_LINE_START] = {do_line_start, LAST_OTHER},
    [EDIT_LINE_END] = {do_line_end, LAST_OTHER},
    [EDIT_DELETE_BACKWARD] = {do_delete_backward, LAST_OTHER},
    [EDIT_DELETE_FORWARD] = {do_delete_forward, LAST_OTHER},
    [EDIT_KILL_WORD_BACKWARD] = {do_kill_word_backward, LAST_KILL},
    [EDIT_KILL_WORD_LEFT] = {do_kill_word_left, LAST_KILL},
    [EDIT_KILL_WORD_RIGHT] = {do_kill_word_right, LAST_KILL},
    [EDIT_KILL_TO_START] = {do_kill_to_start, LAST_KILL},
    [EDIT_KILL_TO_END] = {do_kill_to_end, LAST_KILL},
    [EDIT_YANK] = {do_yank, LAST_YANK},
    [EDIT_YANK_OLDER] = {do_yank_older, LAST_YANK},
    [EDIT_TRANSPOSE] = {do_transpose, LAST_OTHER},
    [EDIT_UNDO] = {do_undo, LAST_OTHER},
    [EDIT_REDO] = {do_redo, LAST_OTHER},
    [EDIT_CLEAR] = {do_clear, LAST_OTHER},
};

bool editor_do(struct editor *editor, enum edit edit) {
    struct editor_past *past = editor->past;
    bool done = edits[edit].run(editor);
    HOLDS(editor_holds(editor));
    /* A kill that found nothing does not part those before and after it; nor does a yank that failed. */
    if (!done && past->last == edits[edit].leaves) return false;
    past->last = done ? edits[edit].leaves : LAST_OTHER;
    return done;
}

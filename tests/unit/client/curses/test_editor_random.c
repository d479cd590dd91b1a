/* Random edits against a model that knows no shortcuts: it filters the whole text each time, finds clusters from the
 * front, and keeps whole texts for undo. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/curses/columns.h"
#include "client/curses/editor_view.h"
#include "common/text.h"

#define ROUNDS 60
#define STEPS 200 /* fewer than EDITOR_UNDOS: the model keeps everything */
#define TEXT_MAX 8192

struct state {
    char text[TEXT_MAX];
    size_t size, cursor;
};

struct model {
    struct state now, past[STEPS + 1];
    size_t done, count; /* past[0 … done): states to go back to; past[done … count): to go forth to */
    size_t before[STEPS + 1], after[STEPS + 1]; /* where the cursor was around each change */
    size_t starts[TEXT_MAX + 1], clusters;
    size_t at; /* the cursor, in clusters */
};

static uint32_t seed;

static uint32_t below(uint32_t bound) {
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % bound;
}

static void find_clusters(struct model *model) {
    size_t at = 0;
    model->clusters = model->at = 0;
    for (;;) {
        model->starts[model->clusters] = at;
        if (at < model->now.cursor) model->at = model->clusters + 1;
        if (at == model->now.size) break;
        at += columns_cluster(model->now.text + at, model->now.size - at).size;
        model->clusters++;
    }
    model->now.cursor = model->starts[model->at];
}

/* Replaces clusters from `first` to `last` with a text, and puts the cursor `cursor` bytes into it. */
static void replace(struct model *model, size_t first, size_t last, const char *text, size_t cursor) {
    char raw[TEXT_MAX], cleaned[TEXT_MAX];
    struct state before = model->now;
    size_t start = model->starts[first], end = model->starts[last], size = strlen(text);
    memcpy(raw, before.text, start);
    stpcpy(raw + start, text);
    memcpy(raw + start + size, before.text + end, before.size - end);
    model->now.size = text_outgoing(raw, before.size - end + start + size, model->now.text, TEXT_MAX);
    model->now.cursor = text_outgoing(raw, start + cursor, cleaned, TEXT_MAX);
    find_clusters(model);
    if (strcmp(before.text, model->now.text) == 0) return;
    model->before[model->done] = before.cursor;
    model->after[model->done] = model->now.cursor;
    model->past[model->done++] = before;
    model->count = model->done;
}

static void swap_states(struct state *a, struct state *b) {
    struct state kept = *a;
    *a = *b;
    *b = kept;
}

static void move_in_time(struct model *model, bool back) {
    if (back ? model->done == 0 : model->done == model->count) return;
    if (back) model->done--;
    swap_states(&model->now, &model->past[model->done]);
    model->now.cursor = back ? model->before[model->done] : model->after[model->done];
    if (!back) model->done++;
    find_clusters(model);
}

static void do_model(struct model *model, enum edit edit) {
    size_t at = model->at;
    switch (edit) {
    case EDIT_LEFT: model->at -= at > 0; break;
    case EDIT_RIGHT: model->at += at < model->clusters; break;
    case EDIT_DELETE_BACKWARD:
        if (at > 0) replace(model, at - 1, at, "", 0);
        break;
    case EDIT_DELETE_FORWARD:
        if (at < model->clusters) replace(model, at, at + 1, "", 0);
        break;
    case EDIT_TRANSPOSE: {
        size_t middle = at == model->clusters && at > 0 ? at - 1 : at;
        char swapped[TEXT_MAX];
        if (middle == 0 || middle == model->clusters) break;
        const size_t *starts = model->starts + middle - 1;
        size_t second = starts[2] - starts[1], first = starts[1] - starts[0];
        memcpy(swapped, model->now.text + starts[1], second);
        memcpy(swapped + second, model->now.text + starts[0], first);
        swapped[second + first] = '\0';
        replace(model, middle - 1, middle + 1, swapped, second + first);
        break;
    }
    case EDIT_UNDO: move_in_time(model, true); break;
    case EDIT_REDO: move_in_time(model, false); break;
    default: fail();
    }
    model->now.cursor = model->starts[model->at];
}

static const char *const pieces[] = {
    "ab",
    "two words ",
    "e\u0301x",
    "\u0301",             /* combines with what is there */
    "\u0301\u0302\u0303", /* until there are too many */
    "漢字",
    "\U0001f469\u200d",
    "\u200d\U0001f467",
    "\U0001f469",
    "\U0001f3fd", /* skin tone */
    "\ufe0f",
    "\u2764",
    "\U0001f1eb", /* half a flag */
    "\U0001f1eb\U0001f1ee",
    "\u1100",       /* Hangul: consonant */
    "\u1161",       /* and vowel */
    "\u1000\u102c", /* Burmese: a mark that is a cluster */
    "\u102c",
    "שלום",
    "\n",
    "\t",
    "\x1b[2J",
    "\u202e",
    "\xff\xc3",
    "1\ufe0f\u20e3",
};
#define PIECES (sizeof pieces / sizeof *pieces)

static void check_view(const struct editor *editor, unsigned columns, size_t scroll, const struct model *model) {
    struct editor_view view = editor_view(editor, columns, scroll);
    unsigned before = 0, all = 0, next = 0, distance = 0, at_cursor = 1;
    bool starts = false, kept = false;
    for (size_t i = 0; i <= model->clusters; i++) {
        size_t start = model->starts[i];
        unsigned width = i == model->clusters || model->now.text[start] == '\n'
                             ? 1
                             : columns_of(model->now.text + start, model->starts[i + 1] - start);
        starts |= start == view.start;
        kept |= start == scroll;
        if (start >= view.start && start < model->now.cursor) before += width;
        if (start >= view.start && start < view.start + view.size) all += width;
        if (start == view.start + view.size && i < model->clusters) next = width;
        if (start >= scroll && start < model->now.cursor) distance += width;
        if (start == model->now.cursor) at_cursor = width;
    }
    assert_true(starts);
    assert_int_equal(view.cursor, before);
    assert_true(view.cursor < columns);
    assert_true(view.cursor + at_cursor <= columns || view.cursor == 0);
    assert_true(all <= columns);
    assert_true(next == 0 || all + next > columns);
    assert_int_equal(editor_view(editor, columns, view.start).start, view.start);
    if (kept && scroll <= model->now.cursor && view.start != scroll) assert_true(distance + at_cursor > columns);
}

static void check_same(const struct editor *editor, const struct model *model) {
    assert_string_equal(editor->text, model->now.text);
    assert_int_equal(editor->size, model->now.size);
    assert_int_equal(editor->cursor, model->now.cursor);
    assert_true(editor_holds(editor));
}

static void step(struct editor *editor, struct model *model) {
    static const enum edit edits[] = {EDIT_LEFT,      EDIT_RIGHT, EDIT_LEFT, EDIT_RIGHT, EDIT_DELETE_BACKWARD,
                                      EDIT_TRANSPOSE, EDIT_UNDO,  EDIT_UNDO, EDIT_REDO,  EDIT_DELETE_FORWARD};
    if (below(3) > 0) {
        enum edit edit = edits[below(sizeof edits / sizeof *edits)];
        editor_do(editor, edit);
        do_model(model, edit);
        return;
    }
    /* Of two characters at least, so that each is a change of its own; and never with a joiner at its end. */
    char text[64];
    snprintf(text, sizeof text, "%s%s.", pieces[below(PIECES)], pieces[below(PIECES)]);
    assert_true(editor_insert(editor, text, strlen(text)));
    replace(model, model->at, model->at, text, strlen(text));
    if (below(2)) return;
    /* Without the end of the sentence, what was inserted meets what follows. */
    editor_do(editor, EDIT_DELETE_BACKWARD);
    do_model(model, EDIT_DELETE_BACKWARD);
}

static void is_what_a_simple_model_is(void **state) {
    (void)state;
    struct editor *editor = malloc(sizeof *editor);
    struct model *model = malloc(sizeof *model);
    assert_non_null(editor);
    assert_non_null(model);
    for (seed = 0; seed < ROUNDS;) {
        uint32_t round = seed;
        memset(model, 0, sizeof *model);
        editor_init(editor);
        for (size_t i = 0; i < STEPS / 2; i++) {
            step(editor, model);
            check_same(editor, model);
            check_view(editor, 1 + below(40), below((uint32_t)model->now.size + 3), model);
        }
        while (editor_do(editor, EDIT_UNDO)) {
            do_model(model, EDIT_UNDO);
            check_same(editor, model);
        }
        assert_int_equal(editor->size, 0);
        assert_int_equal(model->done, 0);
        while (editor_do(editor, EDIT_REDO)) {
            do_model(model, EDIT_REDO);
            check_same(editor, model);
        }
        assert_int_equal(model->done, model->count);
        editor_destroy(editor);
        seed = round + 1;
    }
    free(model);
    free(editor);
}

/* Whatever is typed, one character at a time: text and undo stay whole. */
static void stays_whole(void **state) {
    (void)state;
    struct editor *editor = malloc(sizeof *editor);
    char *again = malloc(MESSAGE_TEXT_MAX + 16);
    assert_non_null(editor);
    assert_non_null(again);
    editor_init(editor);
    seed = 7;
    for (int i = 0; i < 4000; i++) {
        const char *piece = pieces[below(PIECES)];
        if (below(2))
            editor_insert(editor, piece, strlen(piece));
        else
            editor_do(editor, (enum edit)below(EDITS));
        assert_int_equal(text_outgoing(editor->text, editor->size, again, MESSAGE_TEXT_MAX + 16), editor->size);
        assert_string_equal(again, editor->text);
        assert_true(editor_holds(editor));
    }
    editor_destroy(editor);
    free(editor);
    free(again);
}

static void view_moves_by_a_third(void **state) {
    (void)state;
    struct editor *editor = malloc(sizeof *editor);
    assert_non_null(editor);
    editor_init(editor);
    for (int i = 0; i < 30; i++) editor_insert(editor, "0123456789", 10);
    struct editor_view view = editor_view(editor, 30, 0);
    assert_int_equal(view.start, 280);
    assert_int_equal(view.cursor, 20);
    assert_int_equal(view.size, 20);
    for (int i = 0; i < 20; i++) editor_do(editor, EDIT_LEFT);
    assert_int_equal(editor_view(editor, 30, 280).start, 280);
    editor_do(editor, EDIT_LEFT);
    view = editor_view(editor, 30, 280);
    assert_int_equal(view.start, 269);
    assert_int_equal(view.cursor, 10);
    assert_int_equal(view.size, 30);
    editor_do(editor, EDIT_LINE_START);
    assert_int_equal(editor_view(editor, 30, 269).start, 0);
    editor_set(editor, "a\nb", 3, 3);
    view = editor_view(editor, 30, 269);
    assert_int_equal(view.start, 0);
    assert_int_equal(view.cursor, 3);
    assert_int_equal(view.size, 3);
    assert_int_equal(editor_view(editor, 0, 0).size, 0);
    editor_destroy(editor);
    free(editor);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_what_a_simple_model_is),
        cmocka_unit_test(stays_whole),
        cmocka_unit_test(view_moves_by_a_third),
    };
    if (!columns_init()) return 1;
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("editor_random", tests, NULL, NULL);
}

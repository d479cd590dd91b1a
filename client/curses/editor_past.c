#include "client/curses/editor_past.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

static void copy(char *to, const char *from, size_t size) {
    if (size > 0) memcpy(to, from, size);
}

struct editor_past *editor_past_create(void) {
    struct editor_past *past = allocate_zeroed(1, sizeof *past);
    return past;
}

void editor_past_destroy(struct editor_past *past) {
    if (!past) return;
    editor_past_forget(past);
    for (size_t i = 0; i < past->kill_count; i++) free(past->kills[i].text);
    free(past);
}

static size_t bytes_of(const struct editor_change *change) {
    return change->removed + change->inserted;
}

static void drop_undone(struct editor_past *past) {
    while (past->change_count > past->change_done) {
        struct editor_change *change = past->changes[--past->change_count];
        past->change_bytes -= bytes_of(change);
        free(change);
    }
}

void editor_past_forget(struct editor_past *past) {
    past->change_done = 0;
    drop_undone(past);
}

static void drop_oldest(struct editor_past *past) {
    past->change_bytes -= bytes_of(past->changes[0]);
    free(past->changes[0]);
    past->change_count--;
    past->change_done--;
    for (size_t i = 0; i < past->change_count; i++) past->changes[i] = past->changes[i + 1];
}

static void make_room(struct editor_past *past, size_t changes, size_t bytes) {
    while (past->change_count > 0 &&
           (past->change_count + changes > EDITOR_UNDOS || past->change_bytes + bytes > EDITOR_UNDO_BYTES))
        drop_oldest(past);
}

struct editor_change *editor_past_add(struct editor_past *past, size_t at, const char *removed, size_t removed_size,
                                      const char *inserted, size_t inserted_size) {
    drop_undone(past);
    make_room(past, 1, removed_size + inserted_size);
    struct editor_change *change = grow(NULL, sizeof *change + removed_size + inserted_size, 1);
    *change = (struct editor_change){.at = at, .removed = removed_size, .inserted = inserted_size};
    copy(change->bytes, removed, removed_size);
    copy(change->bytes + removed_size, inserted, inserted_size);
    past->changes[past->change_count++] = change;
    past->change_done = past->change_count;
    past->change_bytes += bytes_of(change);
    return change;
}

static bool is_blank(char byte) {
    return byte == ' ' || byte == '\t' || byte == '\n';
}

struct editor_change *editor_past_grow(struct editor_past *past, size_t at, const char *inserted,
                                       size_t inserted_size) {
    if (past->last != LAST_TYPED || past->change_done == 0) return NULL;
    struct editor_change *change = past->changes[past->change_done - 1];
    if (change->removed > 0 || change->inserted == 0 || change->at + change->inserted != at) return NULL;
    if (is_blank(change->bytes[change->inserted - 1]) && !is_blank(*inserted)) return NULL;
    change = grow(change, sizeof *change + change->inserted + inserted_size, 1);
    memcpy(change->bytes + change->inserted, inserted, inserted_size);
    change->inserted += inserted_size;
    past->changes[past->change_done - 1] = change;
    past->change_bytes += inserted_size;
    make_room(past, 0, 0);
    return change;
}

const struct editor_change *editor_past_undo(struct editor_past *past) {
    return past->change_done > 0 ? past->changes[--past->change_done] : NULL;
}

const struct editor_change *editor_past_redo(struct editor_past *past) {
    return past->change_done < past->change_count ? past->changes[past->change_done++] : NULL;
}

static void begin_kill(struct editor_past *past) {
    if (past->kill_count == EDITOR_KILLS) {
        free(past->kills[0].text);
        past->kill_count--;
        memmove(past->kills, past->kills + 1, past->kill_count * sizeof *past->kills);
    }
    past->kills[past->kill_count++] = (struct editor_kill){0};
}

void editor_past_kill(struct editor_past *past, const char *text, size_t size, bool before) {
    if (past->last != LAST_KILL || past->kill_count == 0) begin_kill(past);
    past->kill_at = past->kill_count - 1;
    struct editor_kill *kill = &past->kills[past->kill_at];
    kill->text = grow(kill->text, kill->size + size, 1);
    if (before) memmove(kill->text + size, kill->text, kill->size);
    memcpy(kill->text + (before ? 0 : kill->size), text, size);
    kill->size += size;
}

const struct editor_kill *editor_past_yank(struct editor_past *past, bool older) {
    if (past->kill_count <= (older ? 1 : 0)) return NULL;
    if (older) past->kill_at = (past->kill_at + past->kill_count - 1) % past->kill_count;
    return &past->kills[past->kill_at];
}

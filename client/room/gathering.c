#include "client/room/gathering.h"

#include <stdlib.h>

#include "common/clock.h"
#include "common/memory.h"

/* --- The heap --- */

static bool goes_before(const struct gathering_item *a, const struct gathering_item *b) {
    return a->time != b->time ? a->time < b->time : a->number < b->number;
}

static void swap(struct gathering *gathering, size_t a, size_t b) {
    struct gathering_item *item = gathering->heap[a];
    gathering->heap[a] = gathering->heap[b];
    gathering->heap[b] = item;
}

static void sift_up(struct gathering *gathering, size_t at) {
    for (; at > 0 && goes_before(gathering->heap[at], gathering->heap[(at - 1) / 2]); at = (at - 1) / 2)
        swap(gathering, at, (at - 1) / 2);
}

static void sift_down(struct gathering *gathering, size_t at) {
    for (;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < gathering->count; child++)
            if (goes_before(gathering->heap[child], gathering->heap[least])) least = child;
        if (least == at) return;
        swap(gathering, at, least);
        at = least;
    }
}

static struct gathering_item *take_first(struct gathering *gathering) {
    struct gathering_item *item = gathering->heap[0];
    gathering->heap[0] = gathering->heap[--gathering->count];
    sift_down(gathering, 0);
    *(item->before ? &item->before->behind : &gathering->first) = item->behind;
    *(item->behind ? &item->behind->before : &gathering->last) = item->before;
    gathering->bytes -= item->size;
    return item;
}

void gathering_clear(struct gathering *gathering, void (*drop)(void *what)) {
    while (gathering->count > 0) {
        struct gathering_item *item = take_first(gathering);
        drop(item->what);
        free(item);
    }
    free(gathering->heap);
    *gathering = (struct gathering){.heap = NULL};
}

static void insert(struct gathering *gathering, int64_t time, void *what, size_t size, uint64_t now) {
    if (gathering->count == gathering->capacity) {
        gathering->capacity = gathering->capacity ? 2 * gathering->capacity : 16;
        gathering->heap = grow(gathering->heap, gathering->capacity, sizeof(struct gathering_item *));
    }
    struct gathering_item *item = allocate(sizeof *item);
    *item = (struct gathering_item){.time = time,
                                    .number = gathering->added++,
                                    .added_at = now,
                                    .size = size,
                                    .what = what,
                                    .before = gathering->last};
    *(gathering->last ? &gathering->last->behind : &gathering->first) = item;
    gathering->last = item;
    gathering->bytes += size;
    gathering->heap[gathering->count++] = item;
    sift_up(gathering, gathering->count - 1);
}

/* --- Time --- */

static bool is_first_moment(const struct gathering *gathering, uint64_t now) {
    return gathering->any && now - gathering->began < GATHERING_MS;
}

void gathering_expect(struct gathering *gathering, uint64_t now) {
    if (!gathering->any || now - gathering->expected_at >= GATHERING_QUIET_MS) gathering->began = now;
    gathering->any = true;
    gathering->expected_at = now;
}

void gathering_add(struct gathering *gathering, int64_t time, void *what, size_t size, uint64_t now) {
    gathering_expect(gathering, now);
    insert(gathering, time, what, size, now);
}

void gathering_add_live(struct gathering *gathering, int64_t time, void *what, size_t size, uint64_t now) {
    insert(gathering, time, what, size, now);
    if (!is_first_moment(gathering, now)) gathering_end(gathering);
}

void gathering_shown(struct gathering *gathering, int64_t time) {
    if (gathering->any_shown && gathering->shown >= time) return;
    gathering->shown = time;
    gathering->any_shown = true;
}

void gathering_end(struct gathering *gathering) {
    gathering->over = gathering->count > 0;
}

static bool is_too_much(const struct gathering *gathering) {
    return gathering->count > GATHERING_ITEMS || gathering->bytes > GATHERING_BYTES;
}

/* What waited long enough takes with it all that was said before it: the heap's first ones, until it is among them. */
static bool may_leave(const struct gathering *gathering, uint64_t now) {
    return gathering->over || is_too_much(gathering) || now - gathering->first->added_at >= GATHERING_MS;
}

void *gathering_take(struct gathering *gathering, uint64_t now, int64_t *time, bool *late) {
    if (gathering->count == 0 || !may_leave(gathering, now)) return NULL;
    struct gathering_item *item = take_first(gathering);
    void *what = item->what;
    *time = item->time;
    *late = gathering->any_shown && item->time + GATHERING_LATE_MS < gathering->shown;
    gathering_shown(gathering, item->time);
    if (gathering->count == 0) gathering->over = false;
    free(item);
    return what;
}

static bool is_in_order(const struct gathering *gathering) {
    for (size_t i = 1; i < gathering->count; i++)
        if (goes_before(gathering->heap[i], gathering->heap[(i - 1) / 2])) return false;
    return true;
}

bool gathering_holds(const struct gathering *gathering) {
    const struct gathering_item *before = NULL;
    size_t count = 0, bytes = 0;
    for (const struct gathering_item *item = gathering->first; item; item = item->behind) {
        if (item->before != before || (before && before->number >= item->number)) return false;
        before = item;
        bytes += item->size;
        count++;
    }
    if (before != gathering->last || count != gathering->count || bytes != gathering->bytes) return false;
    return (count > 0 || !gathering->over) && is_in_order(gathering);
}

uint64_t gathering_due(const struct gathering *gathering) {
    if (gathering->count == 0) return NEVER;
    return gathering->over || is_too_much(gathering) ? 0 : gathering->first->added_at + GATHERING_MS;
}

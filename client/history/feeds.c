#include "client/history/feeds.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

static void release(struct feeds *feeds, struct feed *feed) {
    for (struct held *held = feed->held, *next; held; held = next) {
        next = held->next;
        blob_drop(held->blob);
        free(held);
    }
    feeds->bytes -= feed->held_bytes;
    free(feed);
}

void feeds_clear(struct feeds *feeds) {
    for (size_t i = 0; i < feeds->count; i++) release(feeds, feeds->list[i]);
    free(feeds->list);
    *feeds = (struct feeds){.list = NULL};
}

struct feed *feeds_find(const struct feeds *feeds, const struct feed_name *name) {
    for (size_t i = 0; i < feeds->count; i++)
        if (feed_name_equal(&feeds->list[i]->name, name)) return feeds->list[i];
    return NULL;
}

static bool goes_before(const struct feed *a, const struct feed *b) {
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): all places below `count` are taken */
    return a->standing != b->standing ? a->standing < b->standing : a->used < b->used;
}

/* NULL: all that are there stand higher. */
static struct feed **place(struct feeds *feeds, enum feed_standing standing) {
    if (feeds->count == FEEDS_MOST) {
        struct feed **first = feeds->list;
        for (size_t i = 1; i < feeds->count; i++)
            if (goes_before(feeds->list[i], *first)) first = &feeds->list[i];
        if ((*first)->standing > standing) return NULL;
        release(feeds, *first);
        return first;
    }
    if (feeds->count == feeds->capacity) {
        feeds->capacity = feeds->capacity ? 2 * feeds->capacity : 16;
        feeds->list = grow(feeds->list, feeds->capacity, sizeof(struct feed *));
    }
    return &feeds->list[feeds->count++];
}

struct feed *feeds_of(struct feeds *feeds, const struct feed_name *name, enum feed_standing standing, uint64_t now) {
    struct feed *feed = feeds_find(feeds, name);
    if (!feed) {
        struct feed **at = place(feeds, standing);
        if (!at) return NULL;
        feed = allocate_zeroed(1, sizeof *feed);
        feed->name = *name;
        feed->since = now;
        *at = feed;
    }
    if (standing > feed->standing) feed->standing = standing;
    feed->used = now;
    return feed;
}

bool feeds_hold(struct feeds *feeds, struct feed *feed, uint64_t sequence, bool passed_on, int64_t time,
                struct blob *blob, uint64_t now) {
    struct held **at = &feed->held;
    if (sequence <= feed->shown || feed->held_count == FEED_HELD_MOST) return false;
    while (*at && (*at)->sequence < sequence) at = &(*at)->next;
    if (*at && (*at)->sequence == sequence) return false;
    struct held *held = allocate(sizeof *held);
    *held =
        (struct held){.next = *at, .sequence = sequence, .passed_on = passed_on, .time = time, .blob = blob_hold(blob)};
    if (!feed->held) feed->since = now;
    *at = held;
    feed->held_count++;
    feed->held_bytes += blob->size;
    feeds->bytes += blob->size;
    return true;
}

/* What is held first was not said before what was shown last. */
static void keep_order(const struct feed *feed) {
    if (feed->begun && feed->held->time < feed->time) feed->held->time = feed->time;
}

bool feeds_take(struct feeds *feeds, struct feed *feed, struct held *out) {
    struct held *first = feed->held;
    if (!first || first->sequence != feed->shown + 1) return false;
    keep_order(feed);
    *out = *first;
    feed->time = out->time;
    feed->held = first->next;
    feed->held_count--;
    feed->held_bytes -= first->blob->size;
    feeds->bytes -= first->blob->size;
    feed->shown++;
    feed->begun = true;
    free(first);
    return true;
}

uint64_t feeds_skip(struct feed *feed) {
    if (!feed->held) return 0;
    uint64_t missing = feed->held->sequence - 1 - feed->shown;
    keep_order(feed);
    feed->shown += missing;
    return feed->begun ? missing : 0;
}

struct feed *feeds_too_much(const struct feeds *feeds) {
    if (feeds->bytes <= FEEDS_BYTES) return NULL;
    struct feed *most = feeds->list[0];
    for (size_t i = 1; i < feeds->count; i++)
        if (feeds->list[i]->held_bytes > most->held_bytes) most = feeds->list[i];
    return most;
}

static bool feed_holds(const struct feed *feed) {
    size_t count = 0, bytes = 0;
    uint64_t last = feed->shown;
    for (const struct held *held = feed->held; held; held = held->next) {
        if (held->sequence <= last) return false;
        last = held->sequence;
        bytes += held->blob->size;
        count++;
    }
    return count == feed->held_count && count <= FEED_HELD_MOST && bytes == feed->held_bytes;
}

bool feeds_holds(const struct feeds *feeds) {
    size_t bytes = 0;
    if (feeds->count > FEEDS_MOST) return false;
    for (size_t i = 0; i < feeds->count; i++) {
        if (!feed_holds(feeds->list[i]) || feeds_find(feeds, &feeds->list[i]->name) != feeds->list[i]) return false;
        bytes += feeds->list[i]->held_bytes;
    }
    return bytes == feeds->bytes;
}

bool feed_is_held(const struct feed *feed, uint64_t sequence) {
    const struct held *held = feed->held;
    while (held && held->sequence < sequence) held = held->next;
    return held && held->sequence == sequence;
}

bool feed_has_tried(const struct feed *feed, const uint8_t peer[static MEMBER_ID_SIZE]) {
    for (size_t i = 0; i < feed->tried_count; i++)
        if (memcmp(feed->tried[i], peer, MEMBER_ID_SIZE) == 0) return true;
    return false;
}

#include "client/history/feeds.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

struct feed_source {
    struct feed_source *next;
    uint8_t id[MEMBER_ID_SIZE];
    size_t standings[FEED_STANDINGS];
    size_t count, bytes; /* of feeds, and of what they hold */
};

/* --- Sources --- */

static struct feed_source *source_of(struct feeds *feeds, const uint8_t *id) {
    struct feed_source *source = feeds->sources;
    while (source && memcmp(source->id, id, MEMBER_ID_SIZE) != 0) source = source->next;
    if (source) return source;
    source = allocate_zeroed(1, sizeof *source);
    memcpy(source->id, id, MEMBER_ID_SIZE);
    source->next = feeds->sources;
    feeds->sources = source;
    return source;
}

static void join_source(struct feeds *feeds, struct feed *feed, struct feed_source *source) {
    feed->source = source;
    source->count++;
    source->bytes += feed->held_bytes;
    source->standings[feed->standing]++;
    feeds->standings[feed->standing]++;
}

static void leave_source(struct feeds *feeds, const struct feed *feed) {
    struct feed_source *source = feed->source, **at = &feeds->sources;
    feeds->standings[feed->standing]--;
    source->standings[feed->standing]--;
    source->bytes -= feed->held_bytes;
    if (--source->count > 0) return;
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): a feed's source is in the list */
    while (*at != source) at = &(*at)->next;
    *at = source->next;
    free(source);
}

/* It stands higher from now on, because of this one. */
static void rise(struct feeds *feeds, struct feed *feed, enum feed_standing standing, const uint8_t *by) {
    struct feed_source *source = source_of(feeds, by);
    source->count++; /* so that it stays while the feed is of none */
    leave_source(feeds, feed);
    feed->standing = standing;
    join_source(feeds, feed, source);
    source->count--;
}

static void add_bytes(struct feeds *feeds, struct feed *feed, size_t size) {
    feed->held_bytes += size;
    feed->source->bytes += size;
    feeds->bytes += size;
}

static void take_bytes(struct feeds *feeds, struct feed *feed, size_t size) {
    feed->held_bytes -= size;
    feed->source->bytes -= size;
    feeds->bytes -= size;
}

/* --- Feeds --- */

static void release(struct feeds *feeds, struct feed *feed) {
    for (struct held *held = feed->held, *next; held; held = next) {
        next = held->next;
        blob_drop(held->blob);
        free(held);
    }
    take_bytes(feeds, feed, feed->held_bytes);
    leave_source(feeds, feed);
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

static const struct feed_source *greediest(const struct feeds *feeds, enum feed_standing standing) {
    const struct feed_source *most = feeds->sources;
    for (const struct feed_source *source = most; source; source = source->next)
        if (source->standings[standing] > most->standings[standing]) most = source;
    return most;
}

/* The place of the one that makes room for one of this standing; NULL: all that are there stand higher. */
static struct feed **first_to_go(const struct feeds *feeds, enum feed_standing standing) {
    enum feed_standing lowest = FEED_PROMISED;
    while (feeds->standings[lowest] == 0) lowest++;
    if (lowest > standing) return NULL;
    const struct feed_source *source = greediest(feeds, lowest);
    struct feed **first = NULL;
    for (size_t i = 0; i < feeds->count; i++) {
        struct feed *feed = feeds->list[i];
        if (feed->source != source || feed->standing != lowest) continue;
        if (!first || feed->used < (*first)->used) first = &feeds->list[i];
    }
    return first;
}

/* NULL: all that are there stand higher. */
static struct feed **place(struct feeds *feeds, enum feed_standing standing) {
    if (feeds->count == FEEDS_MOST) {
        struct feed **first = first_to_go(feeds, standing);
        if (first) release(feeds, *first);
        return first;
    }
    if (feeds->count == feeds->capacity) {
        feeds->capacity = feeds->capacity ? 2 * feeds->capacity : 16;
        feeds->list = grow(feeds->list, feeds->capacity, sizeof(struct feed *));
    }
    return &feeds->list[feeds->count++];
}

static struct feed *add(struct feeds *feeds, const struct feed_name *name, enum feed_standing standing,
                        const uint8_t *by, uint64_t now) {
    struct feed **at = place(feeds, standing);
    if (!at) return NULL;
    struct feed *feed = allocate_zeroed(1, sizeof *feed);
    feed->name = *name;
    feed->standing = standing;
    feed->since = now;
    join_source(feeds, feed, source_of(feeds, by));
    *at = feed;
    return feed;
}

struct feed *feeds_of(struct feeds *feeds, const struct feed_name *name, enum feed_standing standing,
                      const uint8_t by[static MEMBER_ID_SIZE], uint64_t now) {
    struct feed *feed = feeds_find(feeds, name);
    if (!feed) feed = add(feeds, name, standing, by, now);
    if (!feed) return NULL;
    if (standing > feed->standing) rise(feeds, feed, standing, by);
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
    add_bytes(feeds, feed, blob->size);
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
    take_bytes(feeds, feed, first->blob->size);
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
    const struct feed_source *source = feeds->sources;
    for (const struct feed_source *other = source; other; other = other->next)
        if (other->bytes > source->bytes) source = other;
    struct feed *most = NULL;
    for (size_t i = 0; i < feeds->count; i++) {
        struct feed *feed = feeds->list[i];
        if (feed->source == source && (!most || feed->held_bytes > most->held_bytes)) most = feed;
    }
    return most;
}

/* --- The invariants --- */

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

static bool source_holds(const struct feeds *feeds, const struct feed_source *source) {
    size_t count = 0, bytes = 0, standings[FEED_STANDINGS] = {0};
    for (size_t i = 0; i < feeds->count; i++) {
        if (feeds->list[i]->source != source) continue;
        count++;
        bytes += feeds->list[i]->held_bytes;
        standings[feeds->list[i]->standing]++;
    }
    return count > 0 && count == source->count && bytes == source->bytes &&
           memcmp(standings, source->standings, sizeof standings) == 0;
}

static bool sources_hold(const struct feeds *feeds) {
    size_t count = 0;
    for (const struct feed_source *source = feeds->sources; source; source = source->next) {
        if (!source_holds(feeds, source)) return false;
        count += source->count;
    }
    return count == feeds->count;
}

bool feeds_holds(const struct feeds *feeds) {
    size_t bytes = 0;
    if (feeds->count > FEEDS_MOST || !sources_hold(feeds)) return false;
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

#include "bootnode/ops/prefix_tally.h"

#include <stdlib.h>
#include <string.h>

#include "common/holds.h"

#define FIRST_CAPACITY 64

bool prefix_tally_init(struct prefix_tally *tally, size_t most) {
    *tally = (struct prefix_tally){.most = most, .capacity = FIRST_CAPACITY};
    tally->places = calloc(tally->capacity, sizeof *tally->places);
    return tally->places != NULL;
}

void prefix_tally_clear(struct prefix_tally *tally) {
    free(tally->places);
    tally->places = NULL;
}

/* Nobody outside chooses many addresses so that they fall together, and gets much: an answer takes longer. */
static uint64_t hash_of(const struct prefix *prefix) {
    uint64_t halves[2];
    memcpy(halves, prefix->ip, sizeof halves);
    uint64_t hash = (halves[0] ^ prefix->bits) * UINT64_C(0x9e3779b97f4a7c15);
    hash = (hash ^ hash >> 29 ^ halves[1]) * UINT64_C(0xbf58476d1ce4e5b9);
    return hash ^ hash >> 32;
}

/* Where the prefix is, or the free place where it belongs. */
static struct prefix_count *place_of(const struct prefix_tally *tally, const struct prefix *prefix) {
    size_t i = (size_t)hash_of(prefix) & (tally->capacity - 1);
    while (tally->places[i].count > 0 && !prefix_equal(&tally->places[i].prefix, prefix))
        i = (i + 1) & (tally->capacity - 1);
    return &tally->places[i];
}

/* Into places of their own, those with more than `least`. */
static bool move_all(struct prefix_tally *tally, size_t capacity, uint32_t least) {
    struct prefix_tally moved = {.capacity = capacity, .most = tally->most, .missed = tally->missed + least};
    moved.places = calloc(capacity, sizeof *moved.places);
    if (!moved.places) return false;
    for (size_t i = 0; i < tally->capacity; i++) {
        if (tally->places[i].count <= least) continue;
        struct prefix_count *place = place_of(&moved, &tally->places[i].prefix);
        *place = tally->places[i];
        place->count -= least;
        moved.used++;
    }
    free(tally->places);
    *tally = moved;
    return true;
}

/* How many have at most so much. */
static size_t small_ones(const struct prefix_tally *tally, uint32_t least) {
    size_t count = 0;
    for (size_t i = 0; i < tally->capacity; i++) count += tally->places[i].count > 0 && tally->places[i].count <= least;
    return count;
}

/* A quarter of them at least, so that it is not done for every one that comes. */
static bool forget_small(struct prefix_tally *tally) {
    uint32_t least = 1;
    while (small_ones(tally, least) < (tally->used + 3) / 4) least *= 2;
    return move_all(tally, tally->capacity, least);
}

static bool make_place(struct prefix_tally *tally) {
    if (tally->used >= tally->most) return forget_small(tally);
    return 2 * (tally->used + 1) <= tally->capacity || move_all(tally, 2 * tally->capacity, 0);
}

bool prefix_tally_note(struct prefix_tally *tally, const struct prefix *prefix) {
    struct prefix_count *place = place_of(tally, prefix);
    if (place->count == 0) {
        if (!make_place(tally)) return false;
        place = place_of(tally, prefix);
        place->prefix = *prefix;
        tally->used++;
    }
    if (place->count < UINT32_MAX) place->count++;
    return true;
}

static int compare(const void *left, const void *right) {
    const struct prefix_count *a = left, *b = right;
    if (a->count != b->count) return a->count < b->count ? 1 : -1;
    int order = memcmp(a->prefix.ip, b->prefix.ip, sizeof a->prefix.ip);
    return order ? order : a->prefix.bits - b->prefix.bits;
}

const struct prefix_count *prefix_tally_sort(struct prefix_tally *tally, size_t *count) {
    size_t kept = 0;
    HOLDS(prefix_tally_holds(tally));
    for (size_t i = 0; i < tally->capacity; i++)
        if (tally->places[i].count > 0) tally->places[kept++] = tally->places[i];
    qsort(tally->places, kept, sizeof *tally->places, compare);
    *count = kept;
    return tally->places;
}

bool prefix_tally_holds(const struct prefix_tally *tally) {
    size_t used = 0;
    for (size_t i = 0; i < tally->capacity; i++) {
        const struct prefix_count *place = &tally->places[i];
        if (place->count == 0) continue;
        if (!prefix_holds(&place->prefix) || place_of(tally, &place->prefix) != place) return false;
        used++;
    }
    return used == tally->used && used <= tally->most && 2 * used <= tally->capacity;
}

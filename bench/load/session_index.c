#include "bench/load/session_index.h"

#include <stdlib.h>
#include <string.h>

bool session_index_create(struct session_index *index, const struct member *members, uint32_t count) {
    size_t size = 64;
    while (size < 2 * (size_t)count) size *= 2;
    *index = (struct session_index){.members = members, .places = malloc(size * sizeof(uint32_t)), .mask = size - 1};
    if (index->places) memset(index->places, 0xff, size * sizeof(uint32_t));
    return index->places != NULL;
}

void session_index_destroy(struct session_index *index) {
    free(index->places);
    index->places = NULL;
}

/* The generation is random, but small; slots alone are dense. Fibonacci hashing spreads both. */
static size_t home_of(const struct session_index *index, uint64_t session_id) {
    return (size_t)((session_id * 0x9e3779b97f4a7c15ULL) >> 32) & index->mask;
}

static size_t place_of(const struct session_index *index, uint64_t session_id) {
    size_t place = home_of(index, session_id);
    while (index->places[place] != SESSION_INDEX_NONE && index->members[index->places[place]].session_id != session_id)
        place = (place + 1) & index->mask;
    return place;
}

void session_index_add(struct session_index *index, uint32_t member) {
    index->places[place_of(index, index->members[member].session_id)] = member;
}

uint32_t session_index_find(const struct session_index *index, uint64_t session_id) {
    return index->places[place_of(index, session_id)];
}

/* Whoever stands behind the gap, and would not be found any more, moves into it (Knuth 6.4, algorithm R). */
void session_index_remove(struct session_index *index, uint32_t member) {
    size_t gap = place_of(index, index->members[member].session_id);
    if (index->places[gap] != member) return;
    for (size_t at = (gap + 1) & index->mask; index->places[at] != SESSION_INDEX_NONE; at = (at + 1) & index->mask) {
        size_t home = home_of(index, index->members[index->places[at]].session_id);
        if (((at - home) & index->mask) < ((at - gap) & index->mask)) continue;
        index->places[gap] = index->places[at];
        gap = at;
    }
    index->places[gap] = SESSION_INDEX_NONE;
}

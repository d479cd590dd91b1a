#include "bench/load/places.h"

#include <stdlib.h>
#include <string.h>

#include "bench/load/fleet_parts.h"

#define BESIDE 1 /* the place that asks the entry while others are in use */

/* The table with room for `count`; what is new is zero. False without memory, and it is as it was. */
static bool widen(void **table, size_t was, size_t count, size_t size) {
    void *wider = aligned_alloc(64, (count * size + 63) / 64 * 64);
    if (!wider) return false;
    memcpy(wider, *table, was * size);
    memset((uint8_t *)wider + was * size, 0, (count - was) * size);
    free(*table);
    *table = wider;
    return true;
}

static bool widen_all(struct fleet *fleet, uint32_t layers) {
    size_t was = (size_t)fleet->places + 1, count = (size_t)fleet->count * layers + 1;
    size_t row = (size_t)fleet->watched * fleet->room_size * oracle_words(fleet->oracle);
    void *members = fleet->members, *beaten = fleet->beaten_ms, *order = fleet->order.members, *arriving;
    arriving = fleet->arriving;
    bool done = widen(&members, was, count, sizeof *fleet->members) &&
                widen(&beaten, was, count, sizeof *fleet->beaten_ms) &&
                widen(&order, was, count, sizeof *fleet->order.members) &&
                widen(&arriving, row * fleet->layers + 1, row * layers + 1, sizeof *fleet->arriving);
    fleet->members = members;
    fleet->beaten_ms = beaten;
    fleet->order.members = order;
    fleet->arriving = arriving;
    return done && oracle_grow(fleet->oracle, layers);
}

static bool index_anew(struct fleet *fleet) {
    session_index_destroy(&fleet->index);
    if (!session_index_create(&fleet->index, fleet->members, fleet->places)) return false;
    for (uint32_t i = 0; i < fleet->places; i++)
        if (fleet->members[i].session_id != 0) session_index_add(&fleet->index, i);
    return true;
}

bool places_open(struct fleet *fleet, unsigned replicas) {
    uint32_t layers = 2 * replicas + BESIDE;
    if (layers <= fleet->layers) return true;
    if (!fleet->homes) fleet->homes = calloc(fleet->count, sizeof *fleet->homes);
    if (!fleet->homes || !widen_all(fleet, layers)) return false;
    for (uint32_t i = fleet->places; i < fleet->count * layers; i++)
        fleet->members[i].flags = fleet->members[i % fleet->count].flags & MEMBER_WATCHED;
    fleet->layers = layers;
    fleet->places = fleet->count * layers;
    return index_anew(fleet);
}

uint32_t places_of(const struct fleet *fleet, uint32_t place, uint32_t layer) {
    return fleet_member(fleet, place) + layer * fleet->count;
}

uint32_t places_count(const struct fleet *fleet, uint32_t place, enum member_state state) {
    uint32_t count = 0;
    for (uint32_t i = fleet_member(fleet, place); i < fleet->places; i += fleet->count)
        count += fleet->members[i].state == state;
    return count;
}

uint32_t places_at(const struct fleet *fleet, uint32_t place, uint8_t node) {
    for (uint32_t i = fleet_member(fleet, place); i < fleet->places; i += fleet->count)
        if (fleet->members[i].state != MEMBER_ABSENT && fleet->members[i].node == node) return i;
    return PLACES_NONE;
}

uint32_t places_vacant(const struct fleet *fleet, uint32_t place) {
    for (uint32_t i = fleet_member(fleet, place); i < fleet->places; i += fleet->count)
        if (fleet->members[i].state == MEMBER_ABSENT) return i;
    return PLACES_NONE;
}

bool places_all_active(const struct fleet *fleet, uint32_t place) {
    uint32_t active = places_count(fleet, place, MEMBER_ACTIVE);
    return active > 0 && active + places_count(fleet, place, MEMBER_ABSENT) == fleet->layers;
}

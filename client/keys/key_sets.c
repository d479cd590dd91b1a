#include "client/keys/key_sets.h"

#include <sodium.h>
#include <string.h>

#include "common/holds.h"

static size_t count_of(const struct key_sets *sets, enum key_set_role role) {
    size_t count = 0;
    for (size_t i = 0; i < KEY_SETS_MAX; i++) count += sets->roles[i] == role;
    return count;
}

static bool slot_holds(const struct key_sets *sets, size_t number) {
    if (!key_sets_has(sets, number)) return sodium_is_zero((const uint8_t *)&sets->list[number], sizeof *sets->list);
    return key_sets_find(sets, sets->list[number].tag) == number;
}

bool key_sets_hold(const struct key_sets *sets) {
    for (size_t i = 0; i < KEY_SETS_MAX; i++)
        if (!slot_holds(sets, i)) return false;
    return count_of(sets, KEY_SET_CURRENT) == 1 && count_of(sets, KEY_SET_FORMER) <= KEY_SETS_FORMER &&
           count_of(sets, KEY_SET_DOOR) <= KEY_SETS_DOORS;
}

bool key_sets_has(const struct key_sets *sets, size_t number) {
    return sets->roles[number] != KEY_SET_UNUSED;
}

uint32_t key_sets_used(const struct key_sets *sets) {
    uint32_t used = 0;
    for (size_t i = 0; i < KEY_SETS_MAX; i++) used |= (uint32_t)key_sets_has(sets, i) << i;
    return used;
}

size_t key_sets_current(const struct key_sets *sets) {
    size_t number = 0;
    while (sets->roles[number] != KEY_SET_CURRENT) number++;
    return number;
}

size_t key_sets_find(const struct key_sets *sets, const uint8_t tag[static ROOM_TAG_SIZE]) {
    for (size_t i = 0; i < KEY_SETS_MAX; i++)
        if (key_sets_has(sets, i) && memcmp(sets->list[i].tag, tag, ROOM_TAG_SIZE) == 0) return i;
    return KEY_SETS_NONE;
}

size_t key_sets_number(const struct key_sets *sets, const struct key_set *set) {
    return (size_t)(set - sets->list);
}

static bool is_better(const struct key_sets *sets, size_t number, size_t than) {
    if (sets->roles[number] != sets->roles[than]) return sets->roles[number] < sets->roles[than];
    return sets->since[number] > sets->since[than];
}

size_t key_sets_best(const struct key_sets *sets, uint32_t numbers) {
    size_t best = KEY_SETS_NONE;
    for (size_t i = 0; i < KEY_SETS_MAX; i++)
        if (numbers >> i & 1 && key_sets_has(sets, i) && (best == KEY_SETS_NONE || is_better(sets, i, best))) best = i;
    return best;
}

static size_t find_free(const struct key_sets *sets) {
    size_t number = 0;
    while (number < KEY_SETS_MAX && key_sets_has(sets, number)) number++;
    return number;
}

static void put(struct key_sets *sets, size_t number, enum key_set_role role) {
    sets->roles[number] = role;
    sets->since[number] = ++sets->changes;
}

void key_sets_init(struct key_sets *sets, const struct key_set *current) {
    memset(sets, 0, sizeof *sets);
    sets->list[0] = *current;
    put(sets, 0, KEY_SET_CURRENT);
    HOLDS(key_sets_hold(sets));
}

bool key_sets_add(struct key_sets *sets, const struct key_set *set, enum key_set_role role, size_t *number) {
    const size_t most = role == KEY_SET_DOOR ? KEY_SETS_DOORS : KEY_SETS_FORMER;
    const size_t at = find_free(sets);
    if (at == KEY_SETS_NONE || count_of(sets, role) == most || key_sets_find(sets, set->tag) != KEY_SETS_NONE)
        return false;
    sets->list[at] = *set;
    put(sets, at, role);
    *number = at;
    HOLDS(key_sets_hold(sets));
    return true;
}

static size_t find_oldest_former(const struct key_sets *sets, size_t but) {
    size_t oldest = KEY_SETS_NONE;
    for (size_t i = 0; i < KEY_SETS_MAX; i++)
        if (i != but && sets->roles[i] == KEY_SET_FORMER && (oldest == KEY_SETS_NONE || is_better(sets, oldest, i)))
            oldest = i;
    return oldest;
}

size_t key_sets_surplus(const struct key_sets *sets, const uint8_t tag[static ROOM_TAG_SIZE]) {
    const size_t known = key_sets_find(sets, tag);
    const bool is_former = known != KEY_SETS_NONE && sets->roles[known] == KEY_SET_FORMER;
    if (known == key_sets_current(sets)) return KEY_SETS_NONE;
    const bool full = known == KEY_SETS_NONE && find_free(sets) == KEY_SETS_NONE;
    const bool too_old = count_of(sets, KEY_SET_FORMER) - is_former == KEY_SETS_FORMER;
    return full || too_old ? find_oldest_former(sets, known) : KEY_SETS_NONE;
}

size_t key_sets_surplus_by_door(const struct key_sets *sets, const uint8_t tag[static ROOM_TAG_SIZE]) {
    const bool fits = key_sets_find(sets, tag) == KEY_SETS_NONE && count_of(sets, KEY_SET_DOOR) < KEY_SETS_DOORS;
    return fits && find_free(sets) == KEY_SETS_NONE ? find_oldest_former(sets, KEY_SETS_NONE) : KEY_SETS_NONE;
}

size_t key_sets_rekey(struct key_sets *sets, const struct key_set *set) {
    const size_t former = key_sets_current(sets);
    size_t number = key_sets_find(sets, set->tag);
    if (number == former) return number;
    if (number == KEY_SETS_NONE) number = find_free(sets);
    sets->list[number] = *set;
    put(sets, former, KEY_SET_FORMER);
    put(sets, number, KEY_SET_CURRENT);
    HOLDS(key_sets_hold(sets));
    return number;
}

void key_sets_drop(struct key_sets *sets, size_t number) {
    sodium_memzero(&sets->list[number], sizeof sets->list[number]);
    sets->roles[number] = KEY_SET_UNUSED;
    sets->since[number] = 0;
    HOLDS(key_sets_hold(sets));
}

/* The key sets of a room (PROTOCOL.md §1), each with what it is for. An open room and one with a secret have one; a
 * private room has its present one, those that members who were away may still have, and one for each invite of ours
 * that is a door. Pure.
 *
 * Invariants:
 * 1. One set is CURRENT, and no other one.
 * 2. A set keeps its number as long as it is used, whatever it becomes; what is not used is all zero.
 * 3. No two have one tag.
 * 4. There are KEY_SETS_FORMER at most, and KEY_SETS_DOORS: so there is always a number for another CURRENT one, once
 * the oldest FORMER one was dropped. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/names.h"

#define KEY_SETS_MAX 8
#define KEY_SETS_FORMER 4
#define KEY_SETS_DOORS 6
#define KEY_SETS_NONE KEY_SETS_MAX /* no number of a set */

/* Which one is better to meet under, the best first. */
enum key_set_role { KEY_SET_UNUSED, KEY_SET_CURRENT, KEY_SET_DOOR, KEY_SET_FORMER };

struct key_sets {
    struct key_set list[KEY_SETS_MAX];
    enum key_set_role roles[KEY_SETS_MAX];
    uint32_t since[KEY_SETS_MAX]; /* a count: of two of one role the higher one is the newer */
    uint32_t changes;
};

/* With one set, number 0. */
void key_sets_init(struct key_sets *sets, const struct key_set *current);
bool key_sets_has(const struct key_sets *sets, size_t number);
/* All numbers that are used, as a set. */
uint32_t key_sets_used(const struct key_sets *sets);
size_t key_sets_current(const struct key_sets *sets);
/* KEY_SETS_NONE: none has this tag. */
size_t key_sets_find(const struct key_sets *sets, const uint8_t tag[static ROOM_TAG_SIZE]);
/* The number of one of them. */
size_t key_sets_number(const struct key_sets *sets, const struct key_set *set);
/* The best one of these: CURRENT, then the newest DOOR, then the newest FORMER one; KEY_SETS_NONE: none is used. */
size_t key_sets_best(const struct key_sets *sets, uint32_t numbers);
/* Another set that is not the CURRENT one. False: there are too many of the kind, or it is there, whatever it is; then
 * nothing changes. */
MUST_USE bool key_sets_add(struct key_sets *sets, const struct key_set *set, enum key_set_role role, size_t *number);
/* The one that must be dropped before there can be another CURRENT one with this tag; KEY_SETS_NONE: none. */
size_t key_sets_surplus(const struct key_sets *sets, const uint8_t tag[static ROOM_TAG_SIZE]);
/* The same for another DOOR. */
size_t key_sets_surplus_by_door(const struct key_sets *sets, const uint8_t tag[static ROOM_TAG_SIZE]);
/* Makes this the CURRENT one, be it there or not, and what was that a FORMER one; returns its number. There is no
 * surplus. */
size_t key_sets_rekey(struct key_sets *sets, const struct key_set *set);
/* Any but the CURRENT one. */
void key_sets_drop(struct key_sets *sets, size_t number);
bool key_sets_hold(const struct key_sets *sets);

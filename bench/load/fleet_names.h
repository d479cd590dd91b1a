/* What the fleet's rooms and members are called: room tags, and key pairs of members with the ids that follow. Keys are
 * numbered, and made when they are first asked for: one costs a scalar multiplication. CHANGES that names an id is
 * mapped back to the key's number. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/names.h"

struct fleet_key {
    uint8_t secret[MEMBER_KEY_SIZE], public[MEMBER_KEY_SIZE];
    uint8_t id[MEMBER_ID_SIZE];
    bool made;
};

struct fleet_names {
    uint8_t seed[32];
    struct fleet_key *keys;
    uint32_t count;
    uint32_t *slots; /* by id, open addressing: a key's number and one; 0: free */
    uint32_t slot_mask;
};

/* `count` keys, 1 at least. Equal seeds give equal names; different ones different names. False without memory. */
MUST_USE bool fleet_names_create(struct fleet_names *names, const uint8_t seed[static 32], uint32_t count);
/* Also of one that is all zero, or was not made. */
void fleet_names_destroy(struct fleet_names *names);
void fleet_names_room_tag(const struct fleet_names *names, uint32_t room, uint8_t out[static ROOM_TAG_SIZE]);
const struct fleet_key *fleet_names_key(struct fleet_names *names, uint32_t number);
/* False when the id is of no key that was made. */
MUST_USE bool fleet_names_find(const struct fleet_names *names, const uint8_t id[static MEMBER_ID_SIZE],
                               uint32_t *number);

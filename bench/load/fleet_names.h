/* What the fleet's rooms and members are called: room tags, member ids, one owner token. Ids look random and are an
 * invertible keyed mix of the member's index, so that CHANGES that names an id is mapped back without a table. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/names.h"

struct fleet_names {
    uint64_t key[3];
    uint8_t owner[OWNER_TOKEN_SIZE];
};

/* Equal seeds give equal names; different ones different names. */
void fleet_names_init(struct fleet_names *names, const uint8_t seed[static 32]);
void fleet_names_room_tag(const struct fleet_names *names, uint32_t room, uint8_t out[static ROOM_TAG_SIZE]);
void fleet_names_member_id(const struct fleet_names *names, uint32_t index, uint8_t out[static MEMBER_ID_SIZE]);
/* False when the id is none of ours. */
MUST_USE bool fleet_names_member_index(const struct fleet_names *names, const uint8_t id[static MEMBER_ID_SIZE],
                                       uint32_t *index);

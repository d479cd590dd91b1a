#include "tests/scenario/support/private_bootnode.h"

#include <string.h>

#include "common/names.h"
#include "common/wire/bootnode_packets.h"
#include "common/wire/peer_packets.h"

struct hostile private_list_by_force(struct world *world, const uint8_t *tag, const struct person *person) {
    struct hostile listed = {.world = world, .at = person->nat.outside};
    memcpy(listed.keys.set.tag, tag, ROOM_TAG_SIZE);
    memcpy(listed.id, person->id, MEMBER_ID_SIZE);
    hostile_register(&listed, NULL);
    return listed;
}

static bool is_data_to(const struct wire *wire, const struct person *person) {
    if (address_same_ip(&wire->to, &person->nat.outside)) return wire->data[0] == PEER_DATA;
    return wire->data[0] == MESSAGE_RELAY && wire->size > RELAY_HEADER_SIZE &&
           memcmp(wire->data + SESSION_ID_OFFSET + 8, person->id, MEMBER_ID_SIZE) == 0 &&
           wire->data[RELAY_HEADER_SIZE] == PEER_DATA;
}

bool data_to_count(struct world *world, struct wire *wire) {
    struct data_to *seen = world->tampering;
    for (size_t i = 0; i < seen->count; i++) {
        if (!wire->sender || wire->sender == seen->to[i]) continue;
        seen->packets += address_same_ip(&wire->to, &seen->to[i]->nat.outside);
        seen->data += is_data_to(wire, seen->to[i]);
    }
    return true;
}

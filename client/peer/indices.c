#include "client/peer/indices.h"

#include <sodium.h>
#include <stddef.h>

#include "common/holds.h"

/* So many random places are tried; with a quarter of the table in use a miss is one in 4^32. */
#define TRIES 32

static bool slot_holds(const struct indices *indices, uint32_t slot) {
    uint32_t index = indices->slots[slot].index;
    if (index == 0) return indices->slots[slot].peer == NULL;
    return index % INDICES_SLOTS == slot && indices->slots[slot].peer != NULL;
}

bool indices_holds(const struct indices *indices) {
    for (uint32_t slot = 0; slot < INDICES_SLOTS; slot++)
        if (!slot_holds(indices, slot)) return false;
    return true;
}

uint32_t indices_take(struct indices *indices, struct peer *peer) {
    for (int i = 0; i < TRIES; i++) {
        uint32_t index = randombytes_random();
        if (index == 0 || indices->slots[index % INDICES_SLOTS].index != 0) continue;
        indices->slots[index % INDICES_SLOTS].index = index;
        indices->slots[index % INDICES_SLOTS].peer = peer;
        HOLDS(slot_holds(indices, index % INDICES_SLOTS));
        return index;
    }
    return 0;
}

struct peer *indices_find(const struct indices *indices, uint32_t index) {
    uint32_t slot = index % INDICES_SLOTS;
    return index != 0 && indices->slots[slot].index == index ? indices->slots[slot].peer : NULL;
}

void indices_release(struct indices *indices, uint32_t index) {
    uint32_t slot = index % INDICES_SLOTS;
    if (index == 0 || indices->slots[slot].index != index) return;
    indices->slots[slot].index = 0;
    indices->slots[slot].peer = NULL;
    HOLDS(slot_holds(indices, slot));
}

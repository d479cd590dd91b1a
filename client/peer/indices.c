#include "client/peer/indices.h"

#include <sodium.h>
#include <stddef.h>

/* So many random places are tried; with a quarter of the table in use a miss is one in 4^32. */
#define TRIES 32

uint32_t indices_take(struct indices *indices, struct peer *peer) {
    for (int i = 0; i < TRIES; i++) {
        uint32_t index = randombytes_random();
        if (index == 0 || indices->slots[index % INDICES_SLOTS].index != 0) continue;
        indices->slots[index % INDICES_SLOTS].index = index;
        indices->slots[index % INDICES_SLOTS].peer = peer;
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
}

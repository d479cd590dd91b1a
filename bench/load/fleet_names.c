#include "bench/load/fleet_names.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/bytes.h"

#define CONTEXT "gcfleet1"

enum subkey { SUBKEY_ROOMS, SUBKEY_MEMBERS };

bool fleet_names_create(struct fleet_names *names, const uint8_t seed[static 32], uint32_t count) {
    uint64_t slots = 1;
    while (slots < 2 * (uint64_t)count) slots *= 2;
    *names = (struct fleet_names){.count = count, .slot_mask = (uint32_t)(slots - 1)};
    memcpy(names->seed, seed, sizeof names->seed);
    names->keys = calloc(count, sizeof *names->keys);
    names->slots = calloc(slots, sizeof *names->slots);
    if (names->keys && names->slots) return true;
    fleet_names_destroy(names);
    return false;
}

void fleet_names_destroy(struct fleet_names *names) {
    free(names->keys);
    free(names->slots);
    *names = (struct fleet_names){0};
}

static void derive(const struct fleet_names *names, enum subkey kind, uint32_t number, uint8_t *out, size_t size) {
    crypto_kdf_derive_from_key(out, size, (uint64_t)kind << 32 | number, CONTEXT, names->seed);
}

void fleet_names_room_tag(const struct fleet_names *names, uint32_t room, uint8_t out[static ROOM_TAG_SIZE]) {
    derive(names, SUBKEY_ROOMS, room, out, ROOM_TAG_SIZE);
}

/* Where the id is, or a free slot where it would go: half of them are free at least. */
static uint32_t *slot_of(const struct fleet_names *names, const uint8_t id[static MEMBER_ID_SIZE]) {
    struct reader reader = reader_over(id, MEMBER_ID_SIZE);
    uint32_t at = read_u32(&reader) & names->slot_mask;
    while (names->slots[at] != 0 && memcmp(names->keys[names->slots[at] - 1].id, id, MEMBER_ID_SIZE) != 0)
        at = (at + 1) & names->slot_mask;
    return &names->slots[at];
}

const struct fleet_key *fleet_names_key(struct fleet_names *names, uint32_t number) {
    struct fleet_key *key = &names->keys[number];
    if (key->made) return key;
    derive(names, SUBKEY_MEMBERS, number, key->secret, sizeof key->secret);
    crypto_scalarmult_base(key->public, key->secret);
    member_id_of_key(key->public, key->id);
    key->made = true;
    *slot_of(names, key->id) = number + 1;
    return key;
}

bool fleet_names_find(const struct fleet_names *names, const uint8_t id[static MEMBER_ID_SIZE], uint32_t *number) {
    uint32_t slot = *slot_of(names, id);
    *number = slot - 1;
    return slot != 0;
}

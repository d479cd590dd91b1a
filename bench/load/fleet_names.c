#include "bench/load/fleet_names.h"

#include <sodium.h>

#include "common/bytes.h"

/* Odd, so that multiplying by them can be undone; from MurmurHash3's finalizer. */
#define FACTOR_1 0xff51afd7ed558ccdULL
#define FACTOR_2 0xc4ceb9fe1a85ec53ULL
#define INVERSE_1 0x4f74430c22a54005ULL
#define INVERSE_2 0x9cb4b2f8129337dbULL

static uint64_t mix(uint64_t value, uint64_t key) {
    value = (value ^ key) * FACTOR_1;
    value = (value ^ value >> 32) * FACTOR_2;
    return value ^ value >> 32;
}

static uint64_t unmix(uint64_t value, uint64_t key) {
    value = (value ^ value >> 32) * INVERSE_2;
    value = (value ^ value >> 32) * INVERSE_1;
    return value ^ key;
}

void fleet_names_init(struct fleet_names *names, const uint8_t seed[static 32]) {
    uint8_t derived[sizeof names->key + OWNER_TOKEN_SIZE];
    crypto_generichash(derived, sizeof derived, seed, 32, NULL, 0);
    struct reader reader = reader_over(derived, sizeof derived);
    for (size_t i = 0; i < sizeof names->key / sizeof *names->key; i++) names->key[i] = read_u64(&reader);
    read_bytes(&reader, names->owner, OWNER_TOKEN_SIZE);
}

static void write_halves(uint64_t first, uint64_t second, uint8_t out[static 16]) {
    struct writer writer = writer_over(out, 16);
    write_u64(&writer, first);
    write_u64(&writer, second);
}

void fleet_names_room_tag(const struct fleet_names *names, uint32_t room, uint8_t out[static ROOM_TAG_SIZE]) {
    write_halves(mix(room, names->key[2]), names->key[2], out);
}

/* The second half says whose id it is. */
void fleet_names_member_id(const struct fleet_names *names, uint32_t index, uint8_t out[static MEMBER_ID_SIZE]) {
    write_halves(mix(index, names->key[0]), names->key[1], out);
}

bool fleet_names_member_index(const struct fleet_names *names, const uint8_t id[static MEMBER_ID_SIZE],
                              uint32_t *index) {
    struct reader reader = reader_over(id, MEMBER_ID_SIZE);
    uint64_t value = unmix(read_u64(&reader), names->key[0]);
    *index = (uint32_t)value;
    return value <= UINT32_MAX && read_u64(&reader) == names->key[1];
}

#include "bootnode/cluster/beacon.h"

#include "common/wire/candidate.h"

static bool numbers_hold(const struct beacon *beacon) {
    return beacon->state < BEACON_STATES && beacon->replicas >= 1 && beacon->replicas <= HOMES_MAX &&
           beacon->boot != 0 && beacon->counter != 0 && beacon->address_count >= 1 &&
           beacon->address_count <= HOME_ADDRESSES_MAX;
}

static bool addresses_hold(const struct beacon *beacon) {
    const struct address *addresses = beacon->addresses;
    return beacon->address_count == 1 || address_is_ipv4(&addresses[0]) != address_is_ipv4(&addresses[1]);
}

static void read_head(struct reader *reader, struct beacon *out) {
    if (read_u8(reader) != BEACON_VERSION) reader_fail(reader);
    out->node = read_u8(reader);
    out->state = (enum beacon_state)read_u8(reader);
    out->replicas = read_u8(reader);
    out->weight = read_u16(reader);
    if (read_u8(reader) != 0) reader_fail(reader);
    out->address_count = read_u8(reader);
    out->boot = read_u64(reader);
    out->started_ms = read_u64(reader);
    out->counter = read_u64(reader);
    out->wall_ms = read_u64(reader);
    out->sessions = read_u32(reader);
    out->rooms = read_u32(reader);
    out->moving = read_u32(reader);
    out->registrations = read_u32(reader);
    out->view = read_u64(reader);
    if (!numbers_hold(out)) reader_fail(reader);
}

/* All that the MACs are over. */
static void read_content(struct reader *reader, struct beacon *out) {
    *out = (struct beacon){.node = 0};
    read_head(reader, out);
    for (unsigned i = 0; i < out->address_count && !reader->failed; i++) {
        bool seen;
        read_candidate(reader, &out->addresses[i], &seen);
        if (seen) reader_fail(reader);
    }
    if (!reader->failed && !addresses_hold(out)) reader_fail(reader);
}

bool beacon_read(const uint8_t *data, size_t size, struct beacon *out) {
    struct reader reader = reader_over(data, size);
    read_content(&reader, out);
    return !reader.failed;
}

enum beacon_verdict beacon_decode(const uint8_t *data, size_t size, const struct seal_keys *keys, struct beacon *out) {
    struct reader reader = reader_over(data, size);
    struct beacon beacon;
    read_content(&reader, &beacon);
    switch (seal_check(&reader, keys)) {
    case SEAL_MALFORMED: return BEACON_MALFORMED;
    case SEAL_FORGED: return BEACON_FORGED;
    case SEAL_HOLDS: break;
    }
    *out = beacon;
    return BEACON_TAKEN;
}

size_t beacon_encode(const struct beacon *beacon, const struct seal_keys *keys, uint8_t *out, size_t capacity) {
    struct writer writer = writer_over(out, capacity);
    if (!numbers_hold(beacon) || !addresses_hold(beacon) || keys->count == 0) return 0;
    write_u8(&writer, BEACON_VERSION);
    write_u8(&writer, beacon->node);
    write_u8(&writer, (uint8_t)beacon->state);
    write_u8(&writer, beacon->replicas);
    write_u16(&writer, beacon->weight);
    write_u8(&writer, 0);
    write_u8(&writer, beacon->address_count);
    write_u64(&writer, beacon->boot);
    write_u64(&writer, beacon->started_ms);
    write_u64(&writer, beacon->counter);
    write_u64(&writer, beacon->wall_ms);
    write_u32(&writer, beacon->sessions);
    write_u32(&writer, beacon->rooms);
    write_u32(&writer, beacon->moving);
    write_u32(&writer, beacon->registrations);
    write_u64(&writer, beacon->view);
    for (unsigned i = 0; i < beacon->address_count; i++) write_candidate(&writer, &beacon->addresses[i], false);
    seal_write(&writer, keys);
    return writer_size(&writer);
}

const char *beacon_state_name(enum beacon_state state) {
    static const char *const names[BEACON_STATES] = {"joining", "serves", "draining", "out"};
    return names[state];
}

#include "bootnode/limits.h"

#define PACKETS(key, counter)                                                                                          \
    { key, "packets", COUNTER_##counter, SHARD_LIMIT_NONE }
#define REGISTRATIONS(key, counter, limit)                                                                             \
    { key, "registrations", COUNTER_##counter, SHARD_LIMIT_##limit }

/* A REGISTER over its rate is refused, too, and is the rate's: so that comes first. */
const struct limit limits[] = {
    PACKETS("rate_hello", RATE_LIMITED_HELLO),
    PACKETS("rate_register", RATE_LIMITED_REGISTER),
    PACKETS("rate_stun", RATE_LIMITED_STUN),
    PACKETS("rate_reset", RATE_LIMITED_RESET),
    PACKETS("rate_update", RATE_LIMITED_UPDATE),
    PACKETS("rate_introduce", RATE_LIMITED_INTRODUCE),
    PACKETS("rate_move", RATE_LIMITED_MOVE),
    PACKETS("relay_rate", RELAY_LIMITED_SESSION),
    PACKETS("relay_rate, of who receives,", RELAY_LIMITED_RECEIVER),
    PACKETS("relay_source_rate", RELAY_LIMITED_SOURCE),
    PACKETS("relay_total_rate", RELAY_LIMITED_TOTAL),
    REGISTRATIONS("room_members", REFUSED_ROOM_FULL, ROOM_MEMBERS),
    REGISTRATIONS("room_source_share", REFUSED_SOURCE_LIMIT, ROOM_SHARE),
    REGISTRATIONS("sessions_per_source", REFUSED_SOURCE_LIMIT, SOURCE),
    REGISTRATIONS("sessions", REFUSED_BOOTNODE_FULL, SESSIONS),
};
const size_t limits_count = sizeof limits / sizeof *limits;

const char *limits_key(enum shard_limit which) {
    for (size_t i = 0; i < limits_count; i++)
        if (limits[i].shard == which) return limits[i].key;
    return "memory";
}

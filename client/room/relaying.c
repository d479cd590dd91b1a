#include "client/room/relaying.h"

#define SECOND_MS 1000
#define WHOLE 1000 /* thousandths of a packet, and of a byte: so many come in a millisecond for each a second */

static const struct bucket_kind all_packets = {
    .burst = RELAY_ALL_PACKETS * WHOLE, .amount = RELAY_ALL_PACKETS, .per_ms = 1};
static const struct bucket_kind all_bytes = {
    .burst = (uint64_t)RELAY_ALL_BYTES * WHOLE, .amount = RELAY_ALL_BYTES, .per_ms = 1};

void relaying_init(struct relaying *relaying, uint64_t now) {
    *relaying = (struct relaying){.began = now, .number = 1};
    bucket_fill(&relaying->packets, &all_packets, now);
    bucket_fill(&relaying->bytes, &all_bytes, now);
}

/* Who asked lately, this one among them. */
static unsigned count_asking(struct relaying *relaying, struct relaying_share *share, uint64_t now) {
    if (now - relaying->began >= SECOND_MS) {
        relaying->asked_before = now - relaying->began < 2 * SECOND_MS ? relaying->asking : 0;
        relaying->asking = 0;
        relaying->began = now;
        relaying->number++;
    }
    if (share->asked != relaying->number) relaying->asking++;
    share->asked = relaying->number;
    return relaying->asking > relaying->asked_before ? relaying->asking : relaying->asked_before;
}

static struct bucket_kind kind_of(uint64_t own, uint64_t all, unsigned asking) {
    uint64_t part = asking > 1 ? all / asking : all;
    return (struct bucket_kind){.burst = own * WHOLE, .amount = part < own ? part : own, .per_ms = 1};
}

_Static_assert(RELAY_ALL_PACKETS >= 1000 && RELAY_ALL_BYTES >= 1000, "a part that rounds to nothing fills no bucket");

/* Both, or none. */
static bool take(struct bucket *packets, struct bucket *bytes, const struct bucket_kind *kind_of_packets,
                 const struct bucket_kind *kind_of_bytes, uint64_t price, uint64_t now) {
    if (bucket_level(packets, kind_of_packets, now) < WHOLE) return false;
    return bucket_take(bytes, kind_of_bytes, price, now) && bucket_take(packets, kind_of_packets, WHOLE, now);
}

/* Its own part is spent even where nothing is left of what is there for all: so a flood has used up its own, and leaves
 * what comes to those who ask seldom. */
bool relaying_take(struct relaying *relaying, struct relaying_share *share, size_t size, uint64_t now) {
    unsigned asking = count_asking(relaying, share, now);
    if (asking > RELAY_ALL_PACKETS) return false;
    struct bucket_kind packets = kind_of(RELAY_PACKETS, RELAY_ALL_PACKETS, asking);
    struct bucket_kind bytes = kind_of(RELAY_BYTES, RELAY_ALL_BYTES, asking);
    uint64_t price = (uint64_t)size * WHOLE;
    if (!take(&share->packets, &share->bytes, &packets, &bytes, price, now)) return false;
    return take(&relaying->packets, &relaying->bytes, &all_packets, &all_bytes, price, now);
}

#include "bootnode/cluster/move_pace.h"

#include <stdatomic.h>

#include "common/clock.h"

#define US 1000
#define FALLEN_BACK_US (60 * UINT64_C(1000000)) /* at the least rate of a full cluster */

static uint64_t interval_us(const struct homes *homes, uint8_t id) {
    const uint64_t said = homes->registers[id] > 0 ? homes->registers[id] : MOVE_PACE_UNKNOWN;
    const uint64_t rate = later(said, MOVE_PACE_LEAST);
    const uint64_t senders = homes->node_count > 1 ? homes->node_count - 1 : 1;
    return 1000000 * senders / rate + 1;
}

/* How far the next one may be away: the burst, and one more of each thread. What is further was charged by a clock that
 * fell back since, by a pause of the process, and makes nobody wait for longer than the rate does. */
static uint64_t furthest_us(const struct homes *homes, uint8_t id) {
    return earlier(MOVE_PACE_BURST_MS * US + MOVE_PACE_THREADS * interval_us(homes, id), FALLEN_BACK_US);
}

/* How long until one more may be sent there: 0: now. */
static uint64_t wait_us(const struct move_pace *pace, const struct homes *homes, uint8_t id, uint64_t now_us) {
    const uint64_t next = atomic_load_explicit(&pace->next_us[id], memory_order_relaxed);
    if (next > now_us + furthest_us(homes, id)) return 0;
    return next > now_us + MOVE_PACE_BURST_MS * US ? next - now_us - MOVE_PACE_BURST_MS * US : 0;
}

static void charge(struct move_pace *pace, const struct homes *homes, uint8_t id, uint64_t now_us) {
    const uint64_t interval = interval_us(homes, id), furthest = now_us + furthest_us(homes, id);
    uint64_t next = atomic_load_explicit(&pace->next_us[id], memory_order_relaxed), after;
    do after = (next > now_us && next <= furthest ? next : now_us) + interval;
    while (!atomic_compare_exchange_weak_explicit(&pace->next_us[id], &next, after, memory_order_relaxed,
                                                  memory_order_relaxed));
}

bool move_pace_take(struct move_pace *pace, const struct homes *homes, uint16_t bucket, uint64_t now,
                    uint64_t *wait_ms) {
    uint64_t longest = 0;
    for (unsigned i = 0; i < homes_count(homes); i++) {
        const uint8_t id = homes->ranked[bucket][i];
        const uint64_t wait = id == homes->own_id ? 0 : wait_us(pace, homes, id, now * US);
        if (wait > longest) longest = wait;
    }
    *wait_ms = (longest + US - 1) / US;
    for (unsigned i = 0; longest == 0 && i < homes_count(homes); i++)
        if (homes->ranked[bucket][i] != homes->own_id) charge(pace, homes, homes->ranked[bucket][i], now * US);
    return longest == 0;
}

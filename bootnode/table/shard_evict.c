#include "bootnode/table/shard_evict.h"

static bool is_kept_out(const struct access *access, const struct session *session) {
    const struct address address = session_address(session);
    return access_ask(access, &address) != ACCESS_OPEN;
}

/* Ids of those that are to go, without the mutex: what is found may end or move meanwhile. */
static size_t find(const struct shard *shard, const struct access *access, uint32_t *slot,
                   uint64_t found[static SHARD_BATCH]) {
    const uint32_t end = *slot + SHARD_EVICT_LOOKS;
    size_t count = 0;
    const struct session *session;
    while (count < SHARD_BATCH && (session = slabs_next_below(&shard->slabs, slot, end)))
        if (is_kept_out(access, session)) found[count++] = slabs_id(&shard->slabs, session);
    return count;
}

static void evict(struct shard *shard, struct session *session, uint64_t now) {
    if (session_state(session) == SESSION_CONFIRMED)
        shard_remove_member(shard, session, LEAVE_SILENT, now);
    else
        shard_remove_provisional(shard, session);
    shard->counters.evicted++;
}

bool shard_evict(struct shard *shard, const struct access *access, uint32_t *slot, uint64_t now, uint64_t *ended) {
    uint64_t found[SHARD_BATCH];
    size_t count = find(shard, access, slot, found);
    if (count > 0) {
        shard_lock(shard);
        for (size_t i = 0; i < count; i++) {
            struct session *session = shard_session(shard, found[i]);
            if (!session || !is_kept_out(access, session)) continue;
            evict(shard, session, now);
            ++*ended;
        }
        shard_unlock(shard);
    }
    return *slot < SLABS_SLOTS_MAX;
}

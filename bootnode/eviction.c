#include "bootnode/eviction.h"

#include "bootnode/table/shard_evict.h"
#include "common/log.h"

void eviction_init(struct eviction *eviction, struct shard *const *shards, size_t shard_count,
                   const struct access *access) {
    *eviction = (struct eviction){.shards = shards, .shard_count = shard_count, .access = access};
}

/* The count is read before the rules are. */
static bool begin(struct eviction *eviction, uint64_t now) {
    uint64_t changes = access_changes(eviction->access);
    bool pauses = eviction->seen > 0 && now >= eviction->began && now < eviction->began + EVICTION_PAUSE_MS;
    if (changes == eviction->seen || pauses) return false;
    eviction->seen = changes;
    eviction->began = now;
    eviction->shard = 0;
    eviction->slot = 0;
    eviction->ended = 0;
    return true;
}

static void end(struct eviction *eviction) {
    eviction->walking = false;
    if (eviction->ended > 0)
        log_info("bootnode", "ended %llu sessions of addresses that are kept out", (unsigned long long)eviction->ended);
}

bool eviction_step(struct eviction *eviction, uint64_t now) {
    if (!eviction->walking && !(eviction->walking = begin(eviction, now))) return false;
    struct shard *shard = eviction->shards[eviction->shard];
    if (!access_is_open(eviction->access) &&
        shard_evict(shard, eviction->access, &eviction->slot, now, &eviction->ended))
        return true;
    eviction->slot = 0;
    if (++eviction->shard < eviction->shard_count) return true;
    end(eviction);
    return false;
}

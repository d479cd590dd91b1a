#include "bootnode/reaper.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bootnode/table/shard_expiry.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/rcu.h"

void reaper_init(struct reaper *reaper, struct shard *const *shards, size_t shard_count, _Atomic uint64_t *paused_ms,
                 uint64_t monotonic_ms) {
    *reaper = (struct reaper){
        .shards = shards,
        .shard_count = shard_count,
        .paused_ms = paused_ms,
        .stepped_ms = monotonic_ms,
        .stop = -1,
    };
}

/* Returns the server clock. */
static uint64_t account_for_pause(struct reaper *reaper, uint64_t monotonic_ms) {
    uint64_t gap = monotonic_ms - reaper->stepped_ms;
    uint64_t paused = atomic_load_explicit(reaper->paused_ms, memory_order_relaxed);
    reaper->stepped_ms = monotonic_ms;
    if (gap > REAPER_PAUSE_MS) {
        paused += gap;
        atomic_store_explicit(reaper->paused_ms, paused, memory_order_relaxed);
        log_warning("reaper", "paused for %u.%u s: all deadlines move", (unsigned)(gap / 1000),
                    (unsigned)(gap % 1000 / 100));
    }
    return monotonic_ms - paused;
}

bool reaper_step(struct reaper *reaper, uint64_t monotonic_ms) {
    uint64_t now = account_for_pause(reaper, monotonic_ms);
    bool more = false;
    for (size_t i = 0; i < reaper->shard_count; i++) {
        more |= shard_expire(reaper->shards[i], now);
        rcu_reader_quiescent();
    }
    return more;
}

static void run(void *argument) {
    struct reaper *reaper = argument;
    struct pollfd stop = {.fd = reaper->stop, .events = POLLIN};
    bool more = false;
    /* Where it shares a processor with workers, a mass expiry must not delay heartbeats. */
    thread_give_way(THREAD_BACKGROUND);
    for (;;) {
        rcu_reader_offline();
        int stopped = poll(&stop, 1, more ? 0 : REAPER_STEP_MS);
        rcu_reader_online();
        if (stopped > 0) return;
        more = reaper_step(reaper, clock_monotonic_ms());
    }
}

int reaper_start(struct reaper *reaper) {
    reaper->stop = eventfd(0, EFD_CLOEXEC);
    if (reaper->stop < 0) return -errno;
    return thread_start(&reaper->thread, "reaper", true, run, reaper);
}

void reaper_stop(struct reaper *reaper) {
    if (reaper->stop < 0) return;
    (void)eventfd_write(reaper->stop, 1);
    thread_join(&reaper->thread);
    close(reaper->stop);
    reaper->stop = -1;
}

#include "bootnode/reaper.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "bootnode/table/shard_expiry.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/rcu.h"

#define REST_LEAST_US 20 /* a shorter sleep is none */
#define BEHIND_SHARE 8   /* of the rest, when behind */

void reaper_init(struct reaper *reaper, struct shard *const *shards, size_t shard_count, bool steered,
                 struct pauses *pauses, uint64_t monotonic_ms) {
    *reaper = (struct reaper){
        .shards = shards,
        .shard_count = shard_count,
        .steered = steered,
        .pauses = pauses,
        .stepped_ms = monotonic_ms,
        .stop = -1,
    };
    atomic_store_explicit(&pauses->settled_ms, monotonic_ms, memory_order_relaxed);
}

/* For how long nobody ran since the last step. */
static uint64_t pause_since_step(const struct reaper *reaper, uint64_t monotonic_ms) {
    struct hearing_span nobody = {reaper->stepped_ms, monotonic_ms};
    if (nobody.to - nobody.from <= REAPER_PAUSE_MS) return 0;
    for (size_t i = 0; i < reaper->shard_count; i++) hearing_narrow_to_gap(&reaper->shards[i]->hearing, &nobody);
    return nobody.to > nobody.from ? nobody.to - nobody.from : 0;
}

/* Returns the server clock. */
static uint64_t account_for_pause(struct reaper *reaper, uint64_t monotonic_ms) {
    uint64_t gap = pause_since_step(reaper, monotonic_ms);
    uint64_t paused = atomic_load_explicit(&reaper->pauses->paused_ms, memory_order_relaxed);
    reaper->stepped_ms = monotonic_ms;
    if (gap > REAPER_PAUSE_MS) {
        paused += gap;
        for (size_t i = 0; i < reaper->shard_count; i++)
            hearing_note_pause(&reaper->shards[i]->hearing, gap, monotonic_ms - paused);
        atomic_store_explicit(&reaper->pauses->paused_ms, paused, memory_order_relaxed);
        for (size_t i = 0; i < reaper->shard_count; i++)
            shard_expiry_set_right(reaper->shards[i], monotonic_ms - paused);
        log_warning("reaper", "paused for %u.%u s: all deadlines move", (unsigned)(gap / 1000),
                    (unsigned)(gap % 1000 / 100));
    }
    /* Who sees that all is settled sees the pause. */
    atomic_store_explicit(&reaper->pauses->settled_ms, monotonic_ms, memory_order_release);
    return monotonic_ms - paused;
}

/* Up to when all that came for this shard was handled, monotonic. */
static uint64_t listened_for(const struct reaper *reaper, size_t shard) {
    if (reaper->steered) return hearing_listened(&reaper->shards[shard]->hearing);
    uint64_t least = NEVER;
    for (size_t i = 0; i < reaper->shard_count; i++)
        least = earlier(least, hearing_listened(&reaper->shards[i]->hearing));
    return least;
}

/* Calls a worker that has not listened for a while, unless it was called just now and has not listened since. A call
 * may come to nothing: one that is about to pass a mark that it set before has none to set yet. */
static void call(struct shard *shard, uint64_t monotonic_ms) {
    struct hearing *hearing = &shard->hearing;
    uint64_t listened = hearing_listened(hearing);
    bool called = hearing->asked_ms > listened && monotonic_ms < hearing->asked_ms + REAPER_CALL_MS;
    if (called || monotonic_ms < listened + HEARING_MARK_MS) return;
    hearing->asked_ms = monotonic_ms;
    if (shard->bell >= 0) (void)eventfd_write(shard->bell, 1);
}

static void call_those_of(const struct reaper *reaper, size_t shard) {
    if (reaper->steered) call(reaper->shards[shard], reaper->stepped_ms);
    for (size_t i = 0; !reaper->steered && i < reaper->shard_count; i++) call(reaper->shards[i], reaper->stepped_ms);
}

void reaper_keep_out(struct reaper *reaper, struct access *access) {
    reaper->access = access;
    eviction_init(&reaper->eviction, reaper->shards, reaper->shard_count, access);
}

/* True when there is more to do. */
static bool keep_out(struct reaper *reaper, uint64_t monotonic_ms, uint64_t now) {
    access_expire(reaper->access, monotonic_ms);
    bool more = eviction_step(&reaper->eviction, now);
    rcu_reader_quiescent();
    return more;
}

bool reaper_step(struct reaper *reaper, uint64_t monotonic_ms) {
    uint64_t now = account_for_pause(reaper, monotonic_ms), paused = monotonic_ms - now;
    bool more = false;
    for (size_t i = 0; i < reaper->shard_count; i++) {
        struct shard *shard = reaper->shards[i];
        uint64_t listened = earlier(listened_for(reaper, i), monotonic_ms);
        bool more_here = shard_expire(shard, now, later(listened, paused) - paused);
        if (!more_here && listened < monotonic_ms && shard_has_due(shard, now)) call_those_of(reaper, i);
        more |= more_here;
        rcu_reader_quiescent();
    }
    more |= keep_out(reaper, monotonic_ms, now);
    return more;
}

uint64_t reaper_rest_us(uint64_t worked_us, uint64_t behind_ms) {
    uint64_t us = behind_ms > REAPER_BEHIND_MS ? worked_us / BEHIND_SHARE : worked_us;
    return us < REST_LEAST_US ? REST_LEAST_US : us;
}

/* True when there may be more. Returns with the time that it took. */
static bool take_turn(struct reaper *reaper, uint64_t *took_us) {
    const uint64_t began = clock_monotonic_ns();
    bool more = true;
    for (*took_us = 0; more && *took_us < REAPER_TURN_US;) {
        more = reaper_step(reaper, clock_monotonic_ms());
        *took_us = (clock_monotonic_ns() - began) / 1000;
    }
    return more;
}

/* False when it is time to end. */
static bool rest(const struct reaper *reaper, uint64_t us) {
    const struct timespec time = {.tv_sec = (time_t)(us / 1000000), .tv_nsec = (long)(us % 1000000) * 1000};
    struct pollfd stop = {.fd = reaper->stop, .events = POLLIN};
    rcu_reader_offline();
    int stopped = ppoll(&stop, 1, &time, NULL);
    rcu_reader_online();
    return stopped <= 0;
}

static void run(void *argument) {
    struct reaper *reaper = argument;
    uint64_t rest_us = REAPER_STEP_MS * 1000, idle_ms = clock_monotonic_ms();
    thread_answer_soon();
    while (rest(reaper, rest_us)) {
        uint64_t took_us, now;
        bool more = take_turn(reaper, &took_us);
        now = clock_monotonic_ms();
        liveness_turn(&reaper->turned, now);
        if (!more) idle_ms = now;
        rest_us = more ? reaper_rest_us(took_us, now - idle_ms) : REAPER_STEP_MS * 1000;
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

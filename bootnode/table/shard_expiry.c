#include "bootnode/table/shard_expiry.h"

#include "common/log.h"

/* How far ahead of us a time heard may lie without a pause: a worker reads its clock once a batch, and so do we. */
#define HEARD_AHEAD_MS 1000

struct expired {
    uint64_t id;
    uint32_t silent_ms;
};

/* By the shard's clock. */
struct times {
    uint64_t now, listened;
};

/* What a worker noted before it knew of a pause that the reaper had noticed is ahead by the length of that; else 0. */
static uint32_t unknown_pause(const struct hearing *hearing, uint32_t heard) {
    for (size_t i = 0; i < HEARING_PAUSES; i++) {
        const uint32_t off = heard - hearing->past[i].ms - hearing->past[i].known;
        if (off <= HEARD_AHEAD_MS || -off <= HEARD_AHEAD_MS) return hearing->past[i].ms;
    }
    return 0;
}

/* When a member was heard last. A time far ahead was noted while a pause or a loss was not yet known: it is fresh, and
 * starts anew, or when the pause ended. Once the clock has come so far, it looks like any other: so after a pause all
 * are looked at. */
static uint32_t heard_of(struct session *session, const struct hearing *hearing, uint64_t now) {
    uint32_t heard = atomic_load_explicit(&session->heard_ms, memory_order_relaxed);
    uint32_t ahead = heard - (uint32_t)now;
    if (ahead <= HEARD_AHEAD_MS || ahead > INT32_MAX) return heard;
    uint32_t paused = unknown_pause(hearing, heard), right = paused ? heard - paused : (uint32_t)now;
    bool taken = atomic_compare_exchange_strong_explicit(&session->heard_ms, &heard, right, memory_order_relaxed,
                                                         memory_order_relaxed);
    return taken && paused ? right : heard;
}

void shard_expiry_set_right(struct shard *shard, uint64_t now) {
    const uint64_t clock = now - hearing_missed(&shard->hearing);
    struct session *session;
    for (uint32_t slot = 0; (session = slabs_next(&shard->slabs, &slot));)
        if (session_state(session) == SESSION_CONFIRMED) (void)heard_of(session, &shard->hearing, clock);
}

/* True when it was a member who fell silent. `now` is the server clock. */
static bool expire_session(struct shard *shard, struct session *session, const struct times *clock, uint64_t now,
                           struct expired *out) {
    if (session_state(session) == SESSION_PROVISIONAL) {
        shard_remove_provisional(shard, session);
        return false;
    }
    uint32_t heard = heard_of(session, &shard->hearing, clock->now), silent = session_elapsed(clock->listened, heard);
    if (silent < shard->limits.expiry_ms) {
        wheel_add(&shard->expiry, &session->wheel, clock->listened + shard->limits.expiry_ms - silent);
        return false;
    }
    silent = session_elapsed(clock->now, heard);
    *out = (struct expired){.id = slabs_id(&shard->slabs, session), .silent_ms = silent};
    shard_remove_member(shard, session, LEAVE_SILENT, now);
    shard->counters.expired++;
    lateness_note(&shard->counters.lateness, silent - shard->limits.expiry_ms);
    return true;
}

/* Ahead of need, since it takes long; who registers then finds it. */
static void add_slab(struct shard *shard) {
    struct slab *slab = slabs_prepare();
    if (!slab) return;
    shard_lock(shard);
    (void)slabs_add(&shard->slabs, slab);
    shard_unlock(shard);
}

bool shard_expire(struct shard *shard, uint64_t now, uint64_t listened) {
    struct expired expired[SHARD_BATCH];
    size_t count = 0, looks = 0;
    struct wheel_node *due;
    shard_lock(shard);
    /* Of one look: what is lost meanwhile must not bring the present before the time that was listened to. */
    const uint64_t missed = hearing_missed(&shard->hearing);
    const struct times clock = {now - missed, listened - missed};
    while (looks < SHARD_BATCH && (due = wheel_pop_due(&shard->expiry, clock.listened))) {
        count += expire_session(shard, caa_container_of(due, struct session, wheel), &clock, now, &expired[count]);
        looks++;
    }
    bool more = slabs_collect(&shard->slabs) || looks == SHARD_BATCH;
    bool is_short = slabs_are_short(&shard->slabs);
    shard_unlock(shard);
    if (is_short) add_slab(shard);
    static struct log_limit limit;
    for (size_t i = 0; i < count; i++)
        log_limited(&limit, SHARD_LOG_LINES, LOG_LEVEL_DEBUG, "bootnode", "expired session %08x silent %u.%02u s",
                    session_short_name(expired[i].id), expired[i].silent_ms / 1000, expired[i].silent_ms % 1000 / 10);
    return more;
}

bool shard_has_due(struct shard *shard, uint64_t now) {
    shard_lock(shard);
    bool has = wheel_next(&shard->expiry) <= shard_clock(shard, now);
    shard_unlock(shard);
    return has;
}

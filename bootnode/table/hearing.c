#include "bootnode/table/hearing.h"

#include <string.h>

#include "common/clock.h"
#include "common/log.h"

#define AREA "hearing"
#define LOG_EVERY_S 10 /* at most one line of each kind */
#define ADVICE "expected a larger receive_buffer or less load"

void hearing_init(struct hearing *hearing, uint64_t now_ms) {
    memset(hearing, 0, sizeof *hearing);
    hearing->awake_ms = hearing->listened_ms = now_ms;
    hearing->mark_ms = hearing->looked_ms = now_ms;
    pthread_mutex_init(&hearing->mutex, NULL);
}

void hearing_destroy(struct hearing *hearing) {
    pthread_mutex_destroy(&hearing->mutex);
}

static uint64_t length_of(struct hearing_span span) {
    return span.to > span.from ? span.to - span.from : 0;
}

static struct hearing_span common_part(struct hearing_span a, struct hearing_span b) {
    return (struct hearing_span){later(a.from, b.from), earlier(a.to, b.to)};
}

/* --- Signs of life --- */

/* The reaper reads `awake_ms` first: who sees the new one sees the gap before it, too. */
static void note_awake(struct hearing *hearing, const struct pauses *pauses, uint64_t now) {
    uint64_t last = atomic_load_explicit(&hearing->awake_ms, memory_order_relaxed);
    const struct hearing_span gap = {last, now};
    if (length_of(gap) > HEARING_PAUSE_MS) {
        pthread_mutex_lock(&hearing->mutex);
        if (hearing->gap.to <= atomic_load_explicit(&pauses->settled_ms, memory_order_relaxed) ||
            length_of(hearing->gap) < length_of(gap))
            hearing->gap = gap;
        pthread_mutex_unlock(&hearing->mutex);
    }
    atomic_store_explicit(&hearing->awake_ms, now, memory_order_release);
}

void hearing_note_pause(struct hearing *hearing, uint64_t pause_ms, uint64_t now) {
    const unsigned at = hearing->next_past++ % HEARING_PAUSES;
    hearing->past[at].ms = (uint32_t)pause_ms;
    hearing->past[at].known = (uint32_t)(now - hearing_missed(hearing));
}

void hearing_narrow_to_gap(struct hearing *hearing, struct hearing_span *span) {
    uint64_t awake = atomic_load_explicit(&hearing->awake_ms, memory_order_acquire);
    struct hearing_span present = common_part(*span, (struct hearing_span){awake, NEVER});
    pthread_mutex_lock(&hearing->mutex);
    struct hearing_span past = common_part(*span, hearing->gap);
    pthread_mutex_unlock(&hearing->mutex);
    *span = length_of(past) > length_of(present) ? past : present;
}

/* --- The clock --- */

/* One stretch is kept, which grows at both ends: workers tell of theirs in any order, all of about the present. */
void hearing_slow_down(struct hearing *hearing, struct hearing_span span) {
    uint64_t added = length_of(span);
    if (added == 0) return;
    pthread_mutex_lock(&hearing->mutex);
    struct hearing_span *slow = &hearing->slow;
    if (span.from > slow->to) {
        *slow = span;
    } else if (span.to >= slow->from) {
        uint64_t known = length_of(*slow);
        *slow = (struct hearing_span){earlier(slow->from, span.from), later(slow->to, span.to)};
        added = length_of(*slow) - known;
    }
    uint64_t sum = atomic_load_explicit(&hearing->slow_ms, memory_order_relaxed);
    atomic_store_explicit(&hearing->slow_ms, sum + added, memory_order_relaxed);
    pthread_mutex_unlock(&hearing->mutex);
}

/* --- Episodes, for people --- */

static void begin_episode(struct hearing *hearing, uint64_t began, uint64_t now, uint64_t lost) {
    static struct log_limit limit;
    hearing->episode.under_way = true;
    hearing->episode.began = began;
    hearing->episode.lost = hearing->episode.slow_ms = 0;
    uint64_t episodes = atomic_load_explicit(&hearing->episodes, memory_order_relaxed);
    atomic_store_explicit(&hearing->episodes, episodes + 1, memory_order_relaxed);
    log_seldom(&limit, LOG_EVERY_S, LOG_LEVEL_WARNING, AREA,
               "lost %llu datagrams of sessions within %llu ms: who is silent is believed later; " ADVICE,
               (unsigned long long)lost, (unsigned long long)(now - began));
}

static void end_episode(struct hearing *hearing, uint64_t now) {
    static struct log_limit limit;
    const uint64_t length = now - hearing->episode.began,
                   moved = hearing->episode.slow_ms - hearing->episode.slow_ms / HEARING_SLOWNESS;
    hearing->episode.under_way = false;
    log_seldom(&limit, LOG_EVERY_S, LOG_LEVEL_WARNING, AREA,
               "lost %llu datagrams of sessions within %llu.%llu s: their deadlines moved by %llu.%llu s; " ADVICE,
               (unsigned long long)hearing->episode.lost, (unsigned long long)length / 1000,
               (unsigned long long)length % 1000 / 100, (unsigned long long)moved / 1000,
               (unsigned long long)moved % 1000 / 100);
}

static void note_episode(struct hearing *hearing, struct hearing_span looked, uint64_t lost, bool doubted,
                         struct hearing_span slow) {
    if (doubted && !hearing->episode.under_way) begin_episode(hearing, looked.from, looked.to, lost);
    hearing->episode.lost += lost;
    hearing->episode.slow_ms += length_of(slow);
    if (hearing->episode.under_way && looked.to >= hearing->doubt_ends) end_episode(hearing, hearing->doubt_ends);
}

/* --- Marks --- */

void hearing_listen(struct hearing *hearing, size_t socket, uint32_t drops) {
    hearing->sockets[socket].drops = drops;
}

bool hearing_begin(struct hearing *hearing, const struct pauses *pauses, uint64_t monotonic_ms) {
    /* The pause itself, too, is seen by who marks. */
    uint64_t settled = atomic_load_explicit(&pauses->settled_ms, memory_order_acquire);
    note_awake(hearing, pauses, monotonic_ms);
    return !hearing->open && monotonic_ms >= hearing->mark_ms + HEARING_MARK_MS &&
           monotonic_ms <= settled + HEARING_PAUSE_MS;
}

/* Returns how many datagrams were lost since the last mark. */
static uint64_t set_sockets(struct hearing *hearing, const struct udp_memory *sockets, size_t count) {
    uint64_t lost = 0;
    hearing->socket_count = count;
    for (size_t i = 0; i < count; i++) {
        lost += (uint32_t)(sockets[i].drops - hearing->sockets[i].drops);
        hearing->sockets[i].drops = sockets[i].drops;
        hearing->sockets[i].awaited = ((uint64_t)sockets[i].used + HEARING_DATAGRAM_LEAST - 1) / HEARING_DATAGRAM_LEAST;
    }
    return lost;
}

struct hearing_span hearing_mark(struct hearing *hearing, const struct pauses *pauses, uint64_t monotonic_ms,
                                 const struct udp_memory *sockets, size_t count) {
    uint64_t now = monotonic_ms - atomic_load_explicit(&pauses->paused_ms, memory_order_relaxed);
    const struct hearing_span looked = {hearing->looked_ms, later(now, hearing->looked_ms)};
    uint64_t lost = set_sockets(hearing, sockets, count);
    bool doubted = lost > 0 || hearing->failed;
    if (doubted) hearing->doubt_ends = looked.to + HEARING_DOUBT_MS;
    if (doubted) atomic_store_explicit(&hearing->doubted_ms, monotonic_ms, memory_order_relaxed);
    const struct hearing_span slow = {looked.from, earlier(looked.to, hearing->doubt_ends)};
    note_episode(hearing, looked, lost, doubted, slow);
    hearing->mark_ms = monotonic_ms;
    hearing->looked_ms = looked.to;
    hearing->failed = false;
    hearing->open = true;
    return slow;
}

void hearing_received(struct hearing *hearing, size_t socket, size_t count, bool full) {
    uint64_t *awaited = &hearing->sockets[socket].awaited;
    *awaited = full && *awaited > count ? *awaited - count : 0;
}

void hearing_failed(struct hearing *hearing, size_t socket) {
    hearing->sockets[socket].awaited = 0;
    hearing->failed = true;
}

void hearing_end(struct hearing *hearing) {
    if (!hearing->open) return;
    for (size_t i = 0; i < hearing->socket_count; i++)
        if (hearing->sockets[i].awaited > 0) return;
    hearing->open = false;
    atomic_store_explicit(&hearing->listened_ms, hearing->mark_ms, memory_order_release);
}

/* Hearing: when the silence of a session may be believed (PROTOCOL.md §2.3 rule 4). Each worker hears for the shard
 * that it owns.
 *
 * Who is not heard may have spoken all the same: its beats wait in a socket's buffer while the worker has no processor,
 * or the buffer was full when they came. So:
 *
 * I1. A silence is judged at `listened`: a time such that all that had come to the worker's session sockets by then was
 *     handled. A *mark* is a look at all of them: its time, read first, and the most datagrams that may wait in each.
 *     That many have been handled once a receive, begun after the mark, brought no full batch, or as many came. Then
 *     `listened` is the mark's time, and the next mark may be set. A worker never sleeps while a mark is open, since it
 *     only does where no batch was full. One that does not run makes us late, never wrong; one that sleeps is called
 *     when somebody is due past what it listened to (reaper.h), so no timer wakes the idle.
 * I2. Where a socket lost datagrams between two marks, the time between them, and HEARING_DOUBT_MS after it, is in
 *     *doubt*: whoever was lost is heard again with its next beat at the earliest. The clock by which the sessions of a
 *     shard grow silent (shard_clock) runs at 1/HEARING_SLOWNESS of its speed then. So time runs at full speed only
 *     where every living session had the time for a beat that we did not lose; and a silence of 15 s takes 120 s at
 *     most, whatever happens, and what one mark took.
 * I3. A mark tells what was lost before anything says that it was listened to: so no silence is judged at a time whose
 *     losses are not yet known. Nor is a mark set while it is open whether the whole process was paused (struct
 * pauses): time that nobody had is no time in doubt.
 *
 * Where packets are not steered to their session's worker, a session's beats may lie with any of them: what one lost is
 * everybody's doubt, and `listened` is the least of all.
 *
 * Times: "server" is the server clock, which leaves pauses out; "monotonic" does not, so it says the same before and
 * after a pause is noticed. Milliseconds. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/udp.h"

#define HEARING_SOCKETS_MAX 32
#define HEARING_MARK_MS 20         /* between two marks, at least */
#define HEARING_DOUBT_MS 5000      /* a beat's interval of 4 s, and its way */
#define HEARING_SLOWNESS 8         /* 15 s become 120 */
#define HEARING_DATAGRAM_LEAST 256 /* bytes of a buffer: Linux counts 500 and more, headers and all */
#define HEARING_PAUSE_MS 1000      /* shorter ones are time as any other */

#define HEARING_PAUSES 8 /* that are remembered: more than there are in the life of a session that is not heard */

/* Pauses of the whole process (SIGSTOP, a suspended machine): server clock = monotonic - paused. Written by the reaper
 * alone. */
struct pauses {
    _Atomic uint64_t paused_ms;
    _Atomic uint64_t settled_ms; /* monotonic: all pauses up to here are in `paused_ms` */
};

struct hearing_span {
    uint64_t from, to; /* empty: `to` is not above `from` */
};

struct hearing {
    /* Published by the owner worker. */
    _Atomic uint64_t awake_ms;    /* monotonic: when its last round began */
    _Atomic uint64_t listened_ms; /* monotonic: I1 */
    _Atomic uint64_t episodes;    /* of doubt */
    _Atomic uint64_t doubted_ms;  /* monotonic: when a mark last found that datagrams were lost; 0: none did */
    /* The owner's alone. */
    struct {
        uint64_t awaited; /* datagrams, before the open mark is passed */
        uint32_t drops;
    } sockets[HEARING_SOCKETS_MAX];
    size_t socket_count;
    uint64_t mark_ms;    /* monotonic */
    uint64_t looked_ms;  /* the same, server */
    uint64_t doubt_ends; /* server */
    bool open, failed;
    struct {
        bool under_way;
        uint64_t began, lost, slow_ms;
    } episode;
    /* The reaper's alone. */
    uint64_t asked_ms; /* monotonic: when it rang last */
    struct {
        uint32_t ms;        /* how long it was; 0: there was none */
        uint32_t known;     /* when it was noticed, by the sessions' clock */
    } past[HEARING_PAUSES]; /* the last pauses, in a ring */
    unsigned next_past;
    /* Of whoever holds the mutex, for a few instructions. */
    pthread_mutex_t mutex;
    struct hearing_span slow; /* server: the last stretch in doubt */
    struct hearing_span gap;  /* monotonic: the longest without a round that ended since the reaper's last step */
    /* Written under the mutex, read by all. */
    _Atomic uint64_t slow_ms;
};

void hearing_init(struct hearing *hearing, uint64_t now_ms);
void hearing_destroy(struct hearing *hearing);

/* --- The owner worker --- */

/* Before the first round: what the socket lost before that was nobody's here. */
void hearing_listen(struct hearing *hearing, size_t socket, uint32_t drops);
/* A round begins, at a time that was read after any sleep. True when a mark is to be set: the caller looks at its
 * session sockets, and calls hearing_mark. */
MUST_USE bool hearing_begin(struct hearing *hearing, const struct pauses *pauses, uint64_t monotonic_ms);
/* Sets a mark at the time that hearing_begin was told, with what the kernel said after it. Returns the stretch of time
 * (server) that is in doubt, which the caller hands to hearing_slow_down of all that it may have heard for, before
 * hearing_end. */
MUST_USE struct hearing_span hearing_mark(struct hearing *hearing, const struct pauses *pauses, uint64_t monotonic_ms,
                                          const struct udp_memory *sockets, size_t count);
/* A receive from this socket brought so many; `full`: there may be more. To be told once they are handled. */
void hearing_received(struct hearing *hearing, size_t socket, size_t count, bool full);
/* A receive failed: what waits there may never be handled, so that is doubt, too. */
void hearing_failed(struct hearing *hearing, size_t socket);
/* The round ends: all that was received is handled. */
void hearing_end(struct hearing *hearing);

/* Any worker; a stretch that is known counts once. */
void hearing_slow_down(struct hearing *hearing, struct hearing_span span);

/* --- Everybody --- */

/* How much of the server clock the sessions' clock leaves out. */
static inline uint64_t hearing_missed(const struct hearing *hearing) {
    uint64_t slow = atomic_load_explicit(&hearing->slow_ms, memory_order_relaxed);
    return slow - slow / HEARING_SLOWNESS;
}
/* All that was heard before is seen by whoever asks. */
static inline uint64_t hearing_listened(const struct hearing *hearing) {
    return atomic_load_explicit(&hearing->listened_ms, memory_order_acquire);
}
/* A pause ended: `now` is the server clock without it. */
void hearing_note_pause(struct hearing *hearing, uint64_t pause_ms, uint64_t now);
/* Narrows `span` (monotonic) to its longest part in which this worker began no round. A worker that sleeps begins none,
 * either: whether it could have is not known. */
void hearing_narrow_to_gap(struct hearing *hearing, struct hearing_span *span);

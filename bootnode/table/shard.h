/* A shard: the sessions and rooms that one worker owns, their timing wheel, and the mutex for membership changes.
 *
 * Invariants:
 * 1. A room and all its sessions live in one shard: the first byte of SipHash(room tag) under the server's random key,
 * modulo shards.
 * 2. The mutex guards membership, rooms, wheels and cold session fields. Under it: no public-key work, no send, no
 *    synchronize_rcu, no rcu_barrier, no logging. It is held for at most SHARD_BATCH sessions at a time.
 * 3. Any thread may change membership under the mutex; only the owner worker announces. A change puts the room on the
 *    announce wheel and brings `bell_at` forward when it became due earlier than the owner knew; then others than the
 *    owner ring its bell (eventfd). The owner looks at `bell_at` before it sleeps, and sleeps no longer than that. So
 *    it wakes in time for every change: its own came before that look, another's after it has rung.
 * 4. A session is in the expiry wheel from its birth until its removal. Heartbeats do not touch the wheel: a due
 * session that was heard since moves on to heard + expiry. The wheel and `heard_ms` go by shard_clock.
 * 5. A confirmed session is a member of its room; a provisional one is in no room, but in `provisional`, by room tag,
 * member id. A room without members is taken out of the table and both wheels, and reclaimed.
 * 6. A session of either kind counts in `limits.sources` with its registered address, from its birth until its removal.
 * Only a member that has a place already comes in where there is none, to follow itself: so no source has more members
 * than its cap.
 *
 * Whoever calls is a registered RCU reader, online (rculfhash asks for it). */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "bootnode/guard/source_count.h"
#include "bootnode/table/hearing.h"
#include "bootnode/table/kicked.h"
#include "bootnode/table/lateness.h"
#include "bootnode/table/room.h"
#include "bootnode/table/room_places.h"
#include "bootnode/table/slabs.h"
#include "common/attributes.h"
#include "common/wire/bootnode_bodies.h"

#define SHARD_BATCH 64
#define SHARD_PROVISIONAL_BUCKETS 4096
#define SHARD_ANSWER_MS 200
#define SHARD_LOG_LINES 20 /* a second, of each kind */

struct shard_limits {
    uint32_t expiry_ms;        /* 15000 */
    struct room_places places; /* of each room */
    uint64_t sessions; /* most sessions, provisional ones included: of all shards that share `live`, else of this */
    /* How many live in all shards together; borrowed. Two shards that ask at the same time may let in one too many.
     * NULL: this shard stands alone. */
    _Atomic uint64_t *live;
    /* Most at a source, of all shards together; borrowed. NULL: no cap. */
    struct source_count *sources;
    /* How this network appears outside; borrowed. NULL: as it is. */
    const struct public_addresses *outside;
};

/* What registrations were turned away for, and moves. */
enum shard_limit {
    SHARD_LIMIT_ROOM_MEMBERS,
    SHARD_LIMIT_ROOM_SHARE,
    SHARD_LIMIT_SOURCE,
    SHARD_LIMIT_SESSIONS,
    SHARD_LIMIT_MEMORY, /* nobody's setting */
    SHARD_LIMIT_COUNT,
    SHARD_LIMIT_NONE = SHARD_LIMIT_COUNT
};

struct shard_counters { /* under the mutex; read by anyone who holds it */
    uint64_t registered, confirmed, replaced, expired, left, moved, provisional_dropped, crowded_out, evicted, kicked;
    uint64_t sessions, provisional, rooms; /* present numbers; `sessions` are the confirmed ones */
    struct lateness lateness;              /* of the expired: how long after heard + expiry they were found */
};

/* Of rooms that get other homes (moving.h); written by the owner worker, read by any. */
struct shard_moving {
    _Atomic uint64_t seen;    /* the number of the homes that all its members were looked at for */
    _Atomic uint64_t waiting; /* members that are still to be told */
    _Atomic uint64_t told;    /* that were, and have not left, or not heard */
    /* Under the mutex, but for looking whether there are any: members that came with a cookie of former homes. */
    _Atomic uint32_t late_count; /* more than there is room for: another look at all finds the others */
    uint64_t late[SHARD_BATCH];
};

struct shard {
    /* Whoever wants the mutex holds this one until he has it. So who waits is next: the reaper, which comes back at
     * once while there is more to do, would else overtake a worker time and again. */
    pthread_mutex_t turn;
    pthread_mutex_t mutex;
    uint8_t index;
    struct shard_limits limits;
    struct slabs slabs;
    struct cds_lfht *rooms;
    struct cds_hlist_head *provisional; /* SHARD_PROVISIONAL_BUCKETS */
    struct tokens tokens;
    struct hearing hearing; /* of the owner worker */
    struct wheel expiry;    /* by shard_clock */
    struct wheel announce;
    uint32_t pause_ms;        /* between two announcements to a room; the announcer's to say */
    _Atomic uint64_t bell_at; /* earliest announce deadline the owner knows of */
    int bell;                 /* eventfd of the owner worker, -1 in tests */
    uint8_t hash_key[16];
    struct shard_counters counters;
    _Atomic uint64_t limited[SHARD_LIMIT_COUNT]; /* how often; counted under the mutex, read by anyone */
    struct shard_moving moving;
    struct kicked kicked; /* who may not register for a while, though its source may */
    uint64_t unchecked;   /* locks given back since it was looked whether all holds; sanitized builds alone */
};

/* False without memory. */
MUST_USE bool shard_init(struct shard *shard, uint8_t node, uint8_t index, const struct shard_limits *limits,
                         const uint8_t hash_key[static 16], int bell, uint64_t now);
/* Frees every session and room; drains RCU. No other reader may be left, and no shard may be used by another thread. */
void shard_destroy(struct shard *shard);

/* Counts who was turned away. Under the mutex. */
static inline void shard_limited(struct shard *shard, enum shard_limit which) {
    uint64_t value = atomic_load_explicit(&shard->limited[which], memory_order_relaxed);
    atomic_store_explicit(&shard->limited[which], value + 1, memory_order_relaxed);
}

/* Which of `count` shards a room belongs to. */
uint8_t shard_of_room(const uint8_t hash_key[static 16], const uint8_t tag[static ROOM_TAG_SIZE], size_t count);

/* The clock by which this shard's sessions grow silent, for a time of the server clock: it leaves out most of the time
 * in which we may not have heard (hearing.h, I2), and falls back when that becomes known. */
static inline uint64_t shard_clock(const struct shard *shard, uint64_t now) {
    return now - hearing_missed(&shard->hearing);
}

/* The calling thread is the shard's owner from now on, and that of no other; NULL: of none. */
void shard_own(const struct shard *shard);

/* Other limits from now on; who is there stays. Takes the mutex. Any thread. */
void shard_change_limits(struct shard *shard, const struct room_places *places, uint64_t sessions);

/* Takes the mutex, in turn. */
void shard_lock(struct shard *shard);
/* The same, until a time of CLOCK_MONOTONIC: for those who look at what may hang. False, without the mutex, where
 * whoever has it did not give it back by then. */
MUST_USE bool shard_lock_until(struct shard *shard, const struct timespec *deadline);
/* Rings the owner's bell when it would sleep past what was planned meanwhile; not where the owner itself calls. */
void shard_unlock(struct shard *shard);
/* The owner's: it knows of all that is planned now. Returns the earliest deadline of an announcement. */
uint64_t shard_unlock_as_owner(struct shard *shard);

/* All below need the mutex. */

/* The live session with this id, the member, the room; NULL when there is none. */
struct session *shard_session(const struct shard *shard, uint64_t id);
struct session *shard_member(const struct shard *shard, uint64_t id);
struct room *shard_room(const struct shard *shard, const uint8_t tag[static ROOM_TAG_SIZE]);
/* Makes the room where there is none. NULL without memory. */
struct room *shard_room_or_new(struct shard *shard, const uint8_t tag[static ROOM_TAG_SIZE]);
/* The list in which the provisional sessions of this member are, newest first, among others'. */
struct cds_hlist_head *shard_provisionals(const struct shard *shard, const uint8_t tag[static ROOM_TAG_SIZE],
                                          const uint8_t member_id[static MEMBER_ID_SIZE]);

/* The announcer shall look at the room at `deadline`, or earlier if that was planned. */
void shard_plan_announce(struct shard *shard, struct room *room, uint64_t deadline);
/* The same, of a room that changed at `now`. */
void shard_room_changed(struct shard *shard, struct room *room, uint64_t now);

void shard_remove_provisional(struct shard *shard, struct session *session);
/* Takes it out of its room, which is told, or removed with its last member. */
void shard_remove_member(struct shard *shard, struct session *session, enum leave_reason reason, uint64_t now);
void shard_remove_if_empty(struct shard *shard, struct room *room);
/* Gives back what every session has; the caller has taken it out of `provisional` or its room, and counted. */
void shard_end_session(struct shard *shard, struct session *session);

/* Whether the invariants hold, this header's and those of all that the shard has. Walks over everything. */
bool shard_holds(const struct shard *shard);

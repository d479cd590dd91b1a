/* A shard: the sessions and rooms that one worker owns, their timing wheel, and the mutex for membership changes.
 *
 * Invariants:
 * 1. A room and all its sessions live in one shard: the first byte of SipHash(room tag) under the server's random key,
 * modulo shards.
 * 2. The mutex guards membership, rooms, wheels and cold session fields. Under it: no public-key work, no send, no
 *    synchronize_rcu, no rcu_barrier, no logging. It is held for at most SHARD_BATCH sessions at a time.
 * 3. Any thread may change membership under the mutex; only the owner worker announces. A change puts the room on the
 *    announce wheel and, when it became due earlier than the owner knows, rings the owner's bell (eventfd).
 * 4. A session is in the expiry wheel from its birth until its removal. Heartbeats do not touch the wheel: a due
 * session that was heard since moves on to heard + expiry.
 * 5. A confirmed session is a member of its room; a provisional one is in no room, but in `provisional`, by room tag,
 * member id and owner token. A room without members is taken out of the table and both wheels, and reclaimed.
 * 6. A session of either kind counts in `limits.sources` with its registered address, from its birth until its removal.
 * Only a member that has a place already comes in where there is none, to follow itself: so no source has more members
 * than its cap.
 *
 * Whoever calls is a registered RCU reader, online (rculfhash asks for it). */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "bootnode/guard/source_count.h"
#include "bootnode/table/lateness.h"
#include "bootnode/table/room.h"
#include "bootnode/table/slabs.h"
#include "common/messages.h"

#define SHARD_BATCH 64
#define SHARD_PROVISIONAL_MS 5000
#define SHARD_PROVISIONAL_PER_MEMBER 3 /* and owner token */
#define SHARD_PROVISIONAL_BUCKETS 4096
#define SHARD_ANSWER_MS 200

struct shard_limits {
    uint32_t expiry_ms;    /* 15000 */
    uint32_t room_members; /* 128 */
    uint64_t sessions;     /* most sessions, provisional ones included: of all shards that share `live`, else of this */
    /* How many live in all shards together; borrowed. Two shards that ask at the same time may let in one too many.
     * NULL: this shard stands alone. */
    _Atomic uint64_t *live;
    /* Most at a source, of all shards together; borrowed. NULL: no cap. */
    struct source_count *sources;
};

struct shard_counters { /* under the mutex; read by anyone who holds it */
    uint64_t registered, confirmed, replaced, expired, left, moved, provisional_dropped;
    uint64_t sessions, provisional, rooms; /* present numbers; `sessions` are the confirmed ones */
    struct lateness lateness;              /* of the expired: how long after heard + expiry they were found */
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
    struct wheel expiry;
    struct wheel announce;
    _Atomic uint64_t bell_at; /* earliest announce deadline the owner knows of */
    int bell;                 /* eventfd of the owner worker, -1 in tests */
    uint8_t hash_key[16];
    struct shard_counters counters;
};

/* False without memory. */
bool shard_init(struct shard *shard, uint8_t node, uint8_t index, const struct shard_limits *limits,
                const uint8_t hash_key[static 16], int bell, uint64_t now);
/* Frees every session and room; drains RCU. No other reader may be left, and no shard may be used by another thread. */
void shard_destroy(struct shard *shard);

/* Which of `count` shards a room belongs to. */
uint8_t shard_of_room(const uint8_t hash_key[static 16], const uint8_t tag[static ROOM_TAG_SIZE], size_t count);

/* All below take the mutex themselves, and the server clock in milliseconds. Addresses and endpoint are those of the
 * packet. */

struct registration {
    const struct register_body *body;
    uint64_t attempt;
    struct address address;
    uint8_t endpoint;
    uint8_t secret[LINK_SECRET_SIZE];
};
struct registered {
    uint64_t session_id;
    struct room_version version; /* none when the room does not exist yet */
    bool complete;               /* all members fitted */
};
/* Makes a provisional session and writes the first members into `members` (WELCOME's rest). 0, the enum refusal that
 * applies, or -EALREADY: a session of this attempt waits for its first beat. */
int shard_register(struct shard *shard, const struct registration *registration, uint64_t now, struct registered *out,
                   struct writer *members);

/* All of these find the session by its id under the mutex; nothing happens, and the answer is false, when it is gone.
 */

/* First valid beat of a provisional session: joins the room (made when needed), replaces a predecessor. 0, also when
 * there is nothing to confirm, or a refusal; the session is gone then. */
int shard_confirm(struct shard *shard, uint64_t id, uint64_t now);
/* A sealed counter was seen on an authentic packet: true when it is above the highest, which it then is. */
bool shard_accept_sealed(struct shard *shard, uint64_t id, uint64_t counter);
/* False also when the new source has no place: the session stays where it was. */
bool shard_move(struct shard *shard, uint64_t id, const struct address *address, uint8_t endpoint, uint64_t now);
/* True when the session lives; candidates change only with a higher revision. */
bool shard_update(struct shard *shard, uint64_t id, const struct update_body *update, uint64_t now);
bool shard_leave(struct shard *shard, uint64_t id, uint64_t now);

/* A beat came with a version other than the room's (epoch 0: none). Has CHANGES sent to this member: at once when the
 * client is stuck, else when what was sent last should have arrived, and at most once in SHARD_ANSWER_MS. */
void shard_client_behind(struct shard *shard, uint64_t id, struct room_version has, uint64_t now);

/* For INTRODUCE: both records as the other may see them, and where to send. False when the target is not another member
 * of the same room. */
struct introduction {
    uint64_t target_id;
    struct member_record for_requester, for_target;
};
bool shard_introduce(struct shard *shard, uint64_t id, const uint8_t target[static MEMBER_ID_SIZE],
                     struct introduction *out);

/* For RELAY: whom a packet of this session goes to. False when the session is no member, or no other member of its room
 * has this id and listens. `session` may be used as long as the caller stays in its read-side section. */
struct relay_target {
    struct session *session;
    uint64_t session_id;
    uint8_t sender[MEMBER_ID_SIZE];
};
bool shard_relay_target(struct shard *shard, uint64_t id, const uint8_t target[static MEMBER_ID_SIZE], uint64_t now,
                        struct relay_target *out);

/* The reaper: looks at up to SHARD_BATCH sessions that are due, removes those that fell silent, and takes back the
 * slots of up to as many that were removed earlier. Returns true when there may be more to do. */
bool shard_expire(struct shard *shard, uint64_t now);

/* Takes the mutex, in turn. */
void shard_lock(struct shard *shard);

/* For the announcer, under the mutex. NULL when there is no such room. */
struct room *shard_room(const struct shard *shard, const uint8_t tag[static ROOM_TAG_SIZE]);
/* The announcer shall look at the room at `deadline`, or earlier if that was planned. */
void shard_plan_announce(struct shard *shard, struct room *room, uint64_t deadline);

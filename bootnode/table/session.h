/* A session: one client's place in one room. Four cache lines in a slab; found by its id without a hash.
 *
 * Who may touch what:
 * - The hot line (first 64 bytes) is read and written by any worker, inside an RCU read-side section, through atomics.
 * The key is plain: it is written before `state` is published (release) and changes only after a grace period.
 * - Everything else belongs to the holder of the owner shard's mutex, except `seal_counter` (atomic) and
 *   `secret`/`ack_key`, which are constant while the session lives, so any worker may seal.
 * - A slot is freed only through rcu_reclaim, so inside a read-side section a session found by its id stays that
 *   session. */
#pragma once

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <urcu/hlist.h>

#include "bootnode/table/packed_candidates.h"
#include "bootnode/table/wheel.h"
#include "common/link.h"
#include "common/rcu.h"
#include "common/wire/bootnode_bodies.h"

enum session_state { SESSION_FREE = 0, SESSION_PROVISIONAL, SESSION_CONFIRMED };

struct room;

struct session {
    /* The hot line: all that a heartbeat needs. */
    alignas(64) _Atomic uint32_t generation_state; /* generation << 8 | enum session_state */
    union {
        _Atomic uint32_t last_counter; /* highest beat accepted; advanced by compare-and-swap */
        uint32_t next_free;            /* of a free slot: see slabs.c */
    };
    /* epoch << 32 | count: a copy of the room's, see room.h; provisional: what WELCOME told in full */
    _Atomic uint64_t room_version;
    uint8_t beat_key[LINK_TAG_KEY_SIZE];
    _Atomic uint64_t address_ip[2]; /* with address_port: a sequence lock, see session_address */
    _Atomic uint32_t address_port;  /* port << 16 | sequence, odd while being changed */
    _Atomic uint32_t heard_ms;      /* server clock, low 32 bits */
    _Atomic uint32_t acked_count;   /* of the version that the client last said it has, in the room's epoch; else 0 */
    _Atomic uint8_t endpoint;       /* local address it was registered at: index into the server's endpoints */
    _Atomic bool astray;            /* the last beat came another way: nothing unasked goes to the registered address */
    uint8_t shard, padding;

    /* For what is sent to this client. */
    uint8_t ack_key[LINK_TAG_KEY_SIZE]; /* tags of BEAT_ACK and PATH */
    uint8_t secret[LINK_SECRET_SIZE];
    _Atomic uint64_t seal_counter;
    uint64_t open_counter; /* highest sealed counter accepted; under the mutex */

    /* Its place in the tables. */
    union {
        struct wheel_node wheel; /* expiry */
        struct rcu_head reclaim; /* once it is in no wheel any more */
    };
    union {
        struct { /* provisional: the room may not exist yet */
            uint8_t room_tag[ROOM_TAG_SIZE];
            struct cds_hlist_node provisional; /* with those whose members hash alike, newest first */
            uint64_t attempt;                  /* of the REGISTER that made it */
        };
        struct { /* confirmed */
            struct room *room;
            uint32_t told_count;  /* what the last CHANGES brings the client to, when all arrived; 0: nothing sent */
            uint32_t asked_count; /* acked_count at its last beat with a stale version */
            /* Times of the server clock, low 32 bits. */
            uint32_t pushed_ms;    /* last CHANGES sent */
            uint32_t answered_ms;  /* last CHANGES sent for its asking */
            uint32_t answer_ms;    /* with wants_changes: not before */
            uint32_t joined_count; /* of the room's version: what its member, whatever its session, came with */
            bool wants_changes;
        };
    };

    /* What it says of itself. */
    uint8_t member_id[MEMBER_ID_SIZE];
    uint32_t revision;
    uint8_t suite_mask;
    struct packed_candidates candidates; /* and its second address; filtered at use (viewer.h) */
};

#define SESSION_GENERATION_MASK 0xffffffU
#define SESSION_SLOT_MASK 0xffffffU

/* The parts of a session id. */
struct session_name {
    uint32_t generation; /* 24 bits, never 0 */
    uint32_t slot;       /* 24 bits */
    uint8_t node, shard;
};
static inline struct session_name session_name_of(uint64_t id) {
    return (struct session_name){
        .generation = (uint32_t)(id >> 40),
        .slot = (uint32_t)(id >> 16) & SESSION_SLOT_MASK,
        .node = (uint8_t)(id >> 8),
        .shard = (uint8_t)id,
    };
}
uint64_t session_id_of(struct session_name name);
/* The first half of an id, which names a session to a reader of the log and opens nothing. */
static inline unsigned session_short_name(uint64_t id) {
    return (unsigned)(id >> 32);
}

/* The registered address, read consistently while another thread may change it. Waits for a writer in the middle of its
 * four stores. */
struct address session_address(const struct session *session);
/* Whether that is this address. */
bool session_is_at(const struct session *session, const struct address *address);
/* Under the owner's mutex. Whether its parts can be so: a generation, a state, an address that nobody is changing. */
bool session_holds(const struct session *session);
/* Under the owner's mutex. */
void session_set_address(struct session *session, const struct address *address, uint8_t endpoint);
static inline enum session_state session_state(const struct session *session) {
    return (enum session_state)(atomic_load_explicit(&session->generation_state, memory_order_acquire) & 0xff);
}
/* Was it heard within SESSION_SILENT_MS, and last from its registered address? Else nothing unasked goes there. Reads
 * the hot line alone. */
#define SESSION_SILENT_MS 8000
bool session_listens(const struct session *session, uint64_t now);
/* How long ago `then`, low 32 bits of the server clock, was at `now`. A time to come, which a pause of the process can
 * leave behind, is no time ago. */
uint32_t session_elapsed(uint64_t now, uint32_t then);

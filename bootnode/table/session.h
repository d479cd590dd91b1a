/* A session: one client's place in one room. Four cache lines in a slab; found by its id without a hash.
 *
 * Who may touch what:
 * - The hot line (first 64 bytes) is read and written by any worker, inside an RCU read-side section, through atomics.
 * The key is plain: it is written before `state` is published (release) and changes only after a grace period.
 * - `signs` has single bits set and cleared, by whoever learns of them.
 * - Everything else belongs to the holder of the owner shard's mutex, except `seal_counter` (atomic) and
 *   `secret`/`ack_key`, which are constant while the session lives, so any worker may seal.
 * - A slot is freed only through rcu_reclaim, so inside a read-side section a session found by its id stays that
 *   session.
 *
 * Hearing (PROTOCOL.md §2.3 rules 4 and 5):
 * 1. `token` goes out with BEAT_ACK and CHANGES. A beat that came the session's own way and echoes it shows that its
 *    sender receives at the registered address; nothing else but MOVE does, and nothing else is life.
 * 2. A token that was echoed pays for what goes out next, which brings another one. So nobody is told anything twice
 *    for having heard once, and what was on its way at the same time shares a token.
 * 3. What is sent for one echo, repeats included, is bounded: once SESSION_UNECHOED_MAX bytes have gone out with a
 *    token, nothing more does. A beat that does not echo draws one BEAT_ACK, as long as itself, and nothing new; what
 *    was sent before may still be repeated, since that is what an honest client missed. */
#pragma once

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <urcu/hlist.h>

#include "bootnode/table/packed_candidates.h"
#include "bootnode/table/tokens.h"
#include "bootnode/table/wheel.h"
#include "common/link.h"
#include "common/rcu.h"
#include "common/wire/bootnode_bodies.h"

/* What the last beats said of where the client is, and what REGISTER said of it. */
enum session_sign {
    SESSION_ASTRAY = 1,          /* the last beat came another way: it says nothing of the registered address */
    SESSION_DEAF = 2,            /* the last that came its own way did not echo the token */
    SESSION_ECHOED = 4,          /* a beat echoed the token: what goes out next brings another one */
    SESSION_BY_PREVIOUS_KEY = 8, /* for life: it registered with a previous key of the bootnode (PROTOCOL.md §2.2) */
    SESSION_LENT = 16,           /* for life: in a cluster, at a node that was no home of its room (§2.6) */
    SESSION_MISSED = 32, /* a beat did not echo the token, since the client was told last of other homes (moving.h) */
};

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
    _Atomic uint32_t heard_ms;      /* when it last showed that it hears: shard_clock, low 32 bits */
    /* Of the version that the client last said it has, in the room's epoch; else 0. Provisional: `homes_known`. */
    _Atomic uint32_t acked_count;
    _Atomic uint8_t endpoint; /* local address it was registered at: index into the server's endpoints */
    _Atomic uint8_t signs;    /* enum session_sign */
    _Atomic uint16_t token;   /* what a beat must echo */

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
            bool awaits_homes;     /* it is to be told of other homes, and the worker knows (shard_homes.h) */
            uint16_t unechoed;     /* bytes sent unasked since `pushed_token` went out first */
            uint16_t pushed_token; /* went out with what was sent last */
            uint16_t homes_known;  /* the stamp of the homes that it was told (cluster/homes.h) */
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
static inline bool session_has_sign(const struct session *session, unsigned signs) {
    return atomic_load_explicit(&session->signs, memory_order_relaxed) & signs;
}
/* Seldom changes, so that the line is not locked for every beat. */
static inline void session_sign(struct session *session, unsigned set, unsigned cleared) {
    unsigned signs = atomic_load_explicit(&session->signs, memory_order_relaxed);
    if (set & ~signs) atomic_fetch_or_explicit(&session->signs, (uint8_t)set, memory_order_relaxed);
    if (cleared & signs) atomic_fetch_and_explicit(&session->signs, (uint8_t)~cleared, memory_order_relaxed);
}
static inline bool session_echoes(const struct session *session, uint16_t token) {
    return atomic_load_explicit(&session->token, memory_order_relaxed) == token;
}
/* The token was echoed: the one that follows it. Where two threads do this at once, one of both tokens is good for
 * nothing, and BEAT_ACK heals that. */
static inline uint16_t session_renew_token(struct session *session, struct tokens *tokens) {
    uint16_t token = tokens_next(tokens);
    atomic_store_explicit(&session->token, token, memory_order_relaxed);
    session_sign(session, 0, SESSION_ECHOED);
    return token;
}
/* The token for what goes out now: another one if the last was echoed. */
static inline uint16_t session_next_token(struct session *session, struct tokens *tokens) {
    if (session_has_sign(session, SESSION_ECHOED)) return session_renew_token(session, tokens);
    return atomic_load_explicit(&session->token, memory_order_relaxed);
}
/* Did it show within SESSION_SILENT_MS that it hears, and did its last beat come its own way? Else nothing unasked goes
 * there. `clock` is its shard's (shard_clock). Reads the hot line alone. */
#define SESSION_SILENT_MS 8000
bool session_listens(const struct session *session, uint64_t clock);
/* The same, and its last beat echoed the token. */
bool session_hears(const struct session *session, uint64_t clock);
/* Under the owner's mutex, of a confirmed one: may something be sent that no echo has paid for, where less than `most`
 * bytes were? Then what was sent, a datagram with this token, is counted; as SESSION_UNECHOED_LEAST bytes at least. */
#define SESSION_UNECHOED_MAX 4096
#define SESSION_UNECHOED_LEAST 256
#define SESSION_UPDATE_COST 2048 /* of new candidates: others look for it there */
bool session_has_credit(const struct session *session, unsigned most);
void session_charge(struct session *session, uint16_t token, size_t size);
/* How long ago `then`, low 32 bits of a clock, was when that clock says `now`. A time to come, which a clock that fell
 * back can leave behind, is no time ago. */
uint32_t session_elapsed(uint64_t now, uint32_t then);

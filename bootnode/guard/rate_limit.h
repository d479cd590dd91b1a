/* Token buckets per source prefix (source_prefix.h), the wider ones with larger allowances, per session, and for the
 * whole node. No lock, no allocation after creation, constant work per question.
 *
 * A bucket is one 64-bit word: 16 bits of a keyed hash of its owner, and 48 bits that say when it will be full again
 * (microseconds; the generic cell rate algorithm, ITU-T I.371, which is a token bucket with one number). The
 * table has sets of one cache line. A newcomer to a full set takes the fullest bucket over as it is: so a flood of
 * addresses gains nothing by pushing others out, and a crowded table errs on the strict side. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/address.h"
#include "common/attributes.h"

enum rate_kind {
    RATE_HELLO,
    RATE_REGISTER,
    RATE_STUN,
    RATE_RESET,
    /* per session */
    RATE_UPDATE,
    RATE_INTRODUCE,
    RATE_MOVE,
    /* in bytes: of the session that sends, of its source, of the session that receives, of all */
    RATE_RELAY,
    RATE_RELAY_SOURCE,
    RATE_RELAYED,
    RATE_RELAY_TOTAL,
    /* while REGISTERs wait: those of a source that are served, answers to what is not served, of a source and in all */
    RATE_REGISTER_BUSY,
    RATE_REFUSAL,
    RATE_REFUSAL_TOTAL,
    /* STUN of a cluster's nodes (cluster/probe_mark.h) */
    RATE_PROBE,
    /* while packets of sessions wait: RESETs to what names none, of a worker */
    RATE_RESET_BUSY,
    RATE_KIND_COUNT
};

/* A second, while REGISTERs wait. A source's share is modest, so that a worker, which does some thousands, has place
 * for hundreds of sources. An answer to what is turned away costs a send, up to 10 us: all of them together at most a
 * hundredth of a core. */
#define BUSY_REGISTERS 10
#define BUSY_REFUSALS 10
#define BUSY_REFUSALS_TOTAL 1000
/* A second, of a worker, while packets of sessions wait: whoever forges sources would else have it send ten times as
 * long as it takes to see that there is no such session. After a restart it is as many as can register again. */
#define BUSY_RESETS 10000
#define BUSY_RESETS_BURST 1000

/* A second, of a source: all other nodes of a cluster may be behind one address, and each asks once. */
#define NODES_PROBES 256

/* What the buckets of a /48 can still count in whole microseconds. */
#define RATE_MAX 10000
#define RATE_BYTES_MAX 100000000

struct rate {
    uint32_t per_second; /* at most RATE_MAX, of bytes RATE_BYTES_MAX; 0: no limit */
    uint32_t burst;      /* what a full bucket holds, at least 1, of bytes as many as a packet has */
};

struct rate_limiter;

/* NULL without memory. With `limit_loopback` false, sources on loopback are never limited. */
MUST_USE struct rate_limiter *rate_limiter_create(const struct rate rates[static RATE_KIND_COUNT], bool limit_loopback);
void rate_limiter_destroy(struct rate_limiter *limiter);
/* Other rates from now on; what was taken before counts by the new ones. Any thread. */
void rate_limiter_change(struct rate_limiter *limiter, const struct rate rates[static RATE_KIND_COUNT]);

/* Takes one token of every prefix of the source; false when one has none. `now` is in milliseconds, on a clock that
 * may also step back (a pause that was taken out): buckets then begin anew. */
MUST_USE bool rate_limit_source(struct rate_limiter *limiter, enum rate_kind kind, const struct address *source,
                                uint64_t now);
/* The same for one session. */
MUST_USE bool rate_limit_session(struct rate_limiter *limiter, enum rate_kind kind, uint64_t session_id, uint64_t now);
/* The same with `amount` tokens, all or none of each bucket: for the kinds that count bytes. */
MUST_USE bool rate_limit_source_by(struct rate_limiter *limiter, enum rate_kind kind, const struct address *source,
                                   uint32_t amount, uint64_t now);
MUST_USE bool rate_limit_session_by(struct rate_limiter *limiter, enum rate_kind kind, uint64_t session_id,
                                    uint32_t amount, uint64_t now);
/* One bucket for everybody. */
MUST_USE bool rate_limit_total_by(struct rate_limiter *limiter, enum rate_kind kind, uint32_t amount, uint64_t now);

/* One STUN Binding as its client lives it: asks, asks again, takes the answer. Pure: times in, packets in and out.
 *
 * An answer is one by its transaction, whoever it comes from: that a server answers from another address is what some
 * questions are about. Whoever does not see the question cannot guess its 96 random bits. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/address.h"
#include "common/attributes.h"
#include "common/stun.h"

#define STUN_QUERY_WAIT_MS 500 /* RFC 8489 §6.2.1 */
#define STUN_QUERY_TRIES 4     /* one in 10,000 is lost where a packet in ten is */

enum stun_query_state {
    STUN_QUERY_UNUSED,
    STUN_QUERY_WAITING,
    STUN_QUERY_ANSWERED,
    STUN_QUERY_REFUSED, /* with an error */
    STUN_QUERY_SILENT,
};

struct stun_query {
    enum stun_query_state state;
    struct address to;
    struct stun_request request;
    unsigned tries_left;
    unsigned sent;
    uint64_t wait_ms;  /* for each try; STUN_QUERY_WAIT_MS unless the caller changes it */
    uint64_t due;      /* the next try, or the end of patience */
    uint64_t asked_at; /* first */
    uint64_t answered_at;
    struct address from; /* who answered */
    struct stun_response response;
};

/* What `ask` asks for, under a new transaction; the first packet is due at once. `tries` is 1 or more. */
void stun_query_start(struct stun_query *query, const struct address *to, const struct stun_request *ask,
                      unsigned tries, uint64_t now);
/* When tick has something to do; NEVER once it is over. */
uint64_t stun_query_due(const struct stun_query *query);
/* The size of the packet to send to `to` now, or 0; then it may have become silent. */
MUST_USE size_t stun_query_tick(struct stun_query *query, uint64_t now, uint8_t out[static STUN_REQUEST_MAX]);
/* True for the answer to it, that ends it. */
bool stun_query_receive(struct stun_query *query, const struct address *from, const uint8_t *data, size_t size,
                        uint64_t now);
/* Is the packet this query's own request, come back to us (hairpinning)? */
bool stun_query_is_own(const struct stun_query *query, const uint8_t *data, size_t size);
static inline bool stun_query_over(const struct stun_query *query) {
    return query->state > STUN_QUERY_WAITING;
}

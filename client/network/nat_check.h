/* How our NAT maps (RFC 5780 §4.3, as far as probing wants to know): asks two addresses what they see us as. The second
 * one is the first one's OTHER-ADDRESS, or another bootnode. Pure; a handful of packets each time.
 *
 * A bootnode chooses where a packet goes by what it says is its other address: one request, at most STUN_QUERY_TRIES
 * times, to an address of the same family and class as its own. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/network/stun_query.h"
#include "common/attributes.h"
#include "common/wire/frames.h"

#define NAT_CHECK_SERVERS 16
#define NAT_CHECK_EVERY_MS 10000 /* at most */

struct nat_check {
    enum nat_mapping mapping; /* the last result; UNKNOWN at first, and where there is no second address */
    struct address mapped;    /* as the first server sees us; port 0: nobody has told yet */
    struct address servers[NAT_CHECK_SERVERS];
    size_t server_count;
    size_t next;        /* the server that was asked last */
    bool wanted;        /* as soon as the last check is long enough ago */
    uint64_t not_again; /* before */
    struct stun_query first, second;
};

/* Nobody is known, and nothing asked yet. */
void nat_check_init(struct nat_check *check);
/* From the next check on, which is wanted at once where a second address was lacking. IPv4 servers come first, since
 * that is where NATs are. */
void nat_check_set_servers(struct nat_check *check, const struct address *servers, size_t count);
/* A server has seen us at this address: wants a check where nothing is known, or was seen at another IP, or where the
 * second server did not answer last time. Another port alone may be another mapping of the same NAT. */
void nat_check_seen(struct nat_check *check, const struct address *mapped);
/* Our own addresses changed, or the one that we are seen at: what is known is of another network. */
void nat_check_moved(struct nat_check *check);
/* At or before now: at once. NEVER: nothing to do. */
uint64_t nat_check_due(const struct nat_check *check);
/* The size of the next packet to send now, and where to; 0: nothing more. */
MUST_USE size_t nat_check_tick(struct nat_check *check, uint64_t now, struct address *to,
                               uint8_t out[static STUN_REQUEST_MAX]);
/* True when the packet was an answer to it. */
bool nat_check_receive(struct nat_check *check, const struct address *from, const uint8_t *data, size_t size,
                       uint64_t now);

/* May a server at `server` send us on to `other`, which it says is its own? */
bool nat_check_other_usable(const struct address *server, const struct address *other);

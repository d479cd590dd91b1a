/* How long a NAT keeps a mapping that nothing passes through (RFC 5780 §4.6). Not by searching, which would take one
 * lifetime a step: many sockets make a mapping each at the same time, and each is looked at once, after a time of its
 * own. So it takes as long as a mapping lives, and a minute's lifetime is known to 5 s.
 *
 * Whether a mapping lives is asked from another socket with RESPONSE-PORT: asking through the mapping itself would make
 * it anew, and many NATs give the same port again. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/network/stun_query.h"
#include "common/attributes.h"

#define LIFETIME_RUNGS 34
#define LIFETIME_ASKS_FROM 1    /* the socket */
#define LIFETIME_SOCKETS_FROM 2 /* one for each rung */
#define LIFETIME_MOST_S 600

struct lifetime_rung {
    struct stun_query opening, check;
};

struct lifetime {
    struct address server;
    bool started, refused; /* refused: the bootnode answers to no other port */
    struct lifetime_rung rungs[LIFETIME_RUNGS];
    uint64_t alive_s; /* it lived this long, */
    uint64_t dead_s;  /* and no longer than this; 0: longer than was looked */
};

void lifetime_start(struct lifetime *lifetime, const struct address *server, uint64_t now);
/* The size of the next packet to send now, from which socket and where to; 0: nothing more for now. */
MUST_USE size_t lifetime_tick(struct lifetime *lifetime, uint64_t now, uint16_t *socket, struct address *to,
                              uint8_t out[static STUN_REQUEST_MAX]);
/* NEVER: it is over, or was not started. */
uint64_t lifetime_due(const struct lifetime *lifetime);
/* Did any mapping tell something? */
static inline bool lifetime_known(const struct lifetime *lifetime) {
    return !lifetime->refused && (lifetime->alive_s > 0 || lifetime->dead_s > 0);
}
bool lifetime_receive(struct lifetime *lifetime, uint16_t socket, const struct address *from, const uint8_t *data,
                      size_t size, uint64_t now);

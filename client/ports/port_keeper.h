/* Keeps one port mapped: whom to ask, when to renew, when to try again. Pure but for what the protocols do.
 *
 * The first protocol that grants is asked first from then on. A mapping is renewed at half its life; where that fails,
 * after half of what is left, and it counts until its lease ends. Where nothing is mapped, tries are further and
 * further apart: gateways rarely learn. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/helper/protocol.h"

#define PORT_LEASE_S 3600            /* asked for; what is granted for longer is renewed as if it were this */
#define PORT_LEASE_LEAST_S 10        /* shorter ones are no use */
#define PORT_NUMBERS_TRIED 4         /* external ports, where they are taken */
#define PORT_AGAIN_LEAST_MS 5000     /* between two tries, whatever happens */
#define PORT_BACKOFF_FIRST_MS 60000  /* then twice as much each time, up to */
#define PORT_BACKOFF_MOST_MS 3600000 /* an hour */

struct port_keeper {
    const struct port_protocol *protocols;
    size_t protocol_count;
    uint16_t port;           /* ours */
    size_t used;             /* the protocol to ask first: the one that granted */
    struct address external; /* where others reach it; port 0: nothing is mapped */
    uint64_t expires;        /* then it is not mapped any more */
    uint64_t asked, due;     /* the last try, the next one */
    unsigned failures;       /* in a row */
};

/* Due at once; the protocols outlive it. */
void port_keeper_init(struct port_keeper *keeper, const struct port_protocol *protocols, size_t count, uint16_t port);
/* We may be behind another gateway: what is mapped is asked for again soon, and gone if that fails. */
void port_keeper_again(struct port_keeper *keeper, uint64_t now);
/* Asks, if that is due; `now` is the time before. True when `external` changed. */
bool port_keeper_tick(struct port_keeper *keeper, uint64_t now);
/* Gives back what is mapped. */
void port_keeper_end(struct port_keeper *keeper);

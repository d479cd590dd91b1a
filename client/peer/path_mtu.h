/* How large a DATA packet may be on one path: RFC 8899 (DPLPMTUD). Pure; time and tokens are handed in.
 *
 * Every path is taken to pass PATH_MTU_BASE, which fits into an IPv4 packet of 576 bytes whatever a relay puts around
 * it. What is larger is sent only when a probe as large was answered: the largest is asked first, since most paths pass
 * it, and one round trip is all that it takes; then halves of what is between. Who has nothing large to say asks
 * nothing. When what was large stays away though the rest arrives, all begins anew at PATH_MTU_BASE, and the size that
 * was good until then is asked first.
 *
 * A probe that was lost says nothing of the size unless the path was heard since. Chance may take three in a row, and
 * paths become wider: what is thought too large is asked again after two minutes, when there is something to send.
 *
 * Invariants: PATH_MTU_BASE <= size <= most <= PATH_MTU_MOST; size < probe <= most while one is asked; all are what
 * DATA can be long. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/wire/peer_packets.h"

#define PATH_MTU_BASE 480
#define PATH_MTU_MOST (PEER_FRAMES_OWN_MAX + PEER_DATA_OVERHEAD)
#define PATH_MTU_TRIES 3
#define PATH_MTU_RAISE_MS 120000

/* Sizes of DATA, without what a relay puts around it. */
struct path_mtu {
    uint16_t size;  /* known to arrive */
    uint16_t most;  /* larger ones are thought not to; at `size` the search is over */
    uint16_t probe; /* asked now; 0: none */
    uint8_t tries;  /* of it */
    bool raising; /* the search is a later one: where the largest does not pass, a little more is asked, and no half */
    uint64_t token;    /* of all tries of this size */
    uint64_t sent;     /* the last of them */
    uint64_t due;      /* the next */
    uint64_t raise_at; /* when the search may begin again */
};

void path_mtu_init(struct path_mtu *mtu);
/* Something larger than `size` is to be sent: a search begins, if there is anything to find. */
void path_mtu_wanted(struct path_mtu *mtu, uint64_t now);
/* When path_mtu_ask has something to do; NEVER: there is no search. */
uint64_t path_mtu_due(const struct path_mtu *mtu);
/* The size of the probe that is to be sent now, with `mtu->token`; 0: the search is over. `heard`: when something last
 * came on the path. The next one is due after `wait` ms. */
MUST_USE size_t path_mtu_ask(struct path_mtu *mtu, uint64_t heard, uint64_t token, uint64_t wait, uint64_t now);
/* True if that is the token of the probe: its size is known to arrive. */
MUST_USE bool path_mtu_answered(struct path_mtu *mtu, uint64_t token, uint64_t now);
/* What is large does not arrive any more. */
void path_mtu_doubt(struct path_mtu *mtu, uint64_t now);
bool path_mtu_holds(const struct path_mtu *mtu);

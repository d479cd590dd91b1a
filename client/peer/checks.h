/* PINGs to where a peer may be reached as well: at most PEER_CHECKS places are remembered. */
#pragma once

#include "client/peer/parts.h"
#include "client/peer/sending.h"

/* Asks whether the peer receives there; the PONG makes it the path if it is better. */
void checks_ping(struct peer *peer, const struct path *path, enum sending_grounds grounds, uint64_t now);

/* Finding a way to a peer and the secure session with it: rounds of punching, relays of a round, handshakes, the
 * renewal of keys and their end. PROTOCOL.md §3.1, §3.2. */
#pragma once

#include "client/peer/parts.h"

void linking_init(struct peer *peer, uint64_t now);
/* May one more PROBE, INITIATION or unasked PING go out? If so, it is counted; else `punch_blocked` says until when. */
bool linking_punch_allowed(struct peer *peer, uint64_t now);
/* A round of punching, with a new handshake if we initiate. */
void linking_start(struct peer *peer, uint64_t now);
/* A working session: no more punching. */
void linking_done(struct peer *peer);
void linking_tick(struct peer *peer, uint64_t now);
uint64_t linking_due(const struct peer *peer, uint64_t now);
void linking_drop_previous(struct peer *peer);
/* Handshakes and transports: wiped, indices released. */
void linking_forget(struct peer *peer);
/* The initiator heard an introduction on `next`: it becomes current. */
void linking_promote_next(struct peer *peer, uint64_t now);
bool linking_usable(const struct peer *peer, uint64_t now);

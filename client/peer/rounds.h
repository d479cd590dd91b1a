/* Rounds of finding a way to a peer: packets to all its candidates, and through those who may relay, until one is
 * answered or all were in vain; then again later. PROTOCOL.md §3.2 rules 1 and 2, §3.4 rule 1. */
#pragma once

#include "client/peer/parts.h"
#include "common/attributes.h"

void rounds_init(struct peer *peer);
/* Begins one, with a handshake if we initiate; that waits for its turn where many are under way. */
void rounds_start(struct peer *peer, uint64_t now);
/* Is one under way, or does it wait? */
bool rounds_active(const struct peer *peer);
/* RESPONSE came: no more packets; the turn is over when CONFIRMATION is answered, or was in vain. */
void rounds_answered(struct peer *peer);
/* INITIATION came, and was answered: what it came through needs no PROBE. */
void rounds_asked(struct peer *peer, uint64_t now);
/* A working session, or no wish for one: nothing more is tried. */
void rounds_done(struct peer *peer);
/* It was in vain. The next one begins after 2, 4, 8 … 60 s, and the bootnode tells the other side to punch as well. */
void rounds_end(struct peer *peer, uint64_t now);
/* The responder's PROBE reached us, the initiator: one INITIATION for it, to where it came from. */
void rounds_probed(struct peer *peer, const struct path *from, uint64_t now);
/* Asks a bootnode that both sides punch. */
void rounds_introduce(struct peer *peer, uint64_t now);
/* A bootnode told us to: unless that is but the echo of our own wish, the other side is there and tries. */
void rounds_introduced(struct peer *peer, uint64_t now);
/* The other side is there, and one packet more may go to where bootnodes saw it, in that schedule's round if it is
 * under way. False: there were such signs too often. */
MUST_USE bool rounds_sign(struct peer *peer, struct punch *punch, uint64_t now);
/* The next address of one of the peer's schedules that a packet may go to now; it is counted everywhere. */
MUST_USE bool rounds_next(struct peer *peer, struct punch *punch, uint64_t now, struct address *out);
/* Is that where the peer may be, as far as we were told? */
bool rounds_knows(struct peer *peer, const struct path *from);
void rounds_tick(struct peer *peer, uint64_t now);
void rounds_alarms(const struct peer *peer, uint64_t alarms[static PEER_ALARMS]);

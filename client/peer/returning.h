/* A member that is gone, and is here again. A bootnode that hears of it later than others tells of its coming when it
 * has left already: what one says so soon after its last packet brings nobody back. It is looked at again when the
 * member asks for us. PROTOCOL.md §3.6.
 *
 * Invariants:
 * 1. `unheeded` has none but sessions that list the member.
 * 2. Whom we turned away its own wish brings back only if a bootnode told of it since its last packet, as of who has
 * restarted: else it is called. */
#pragma once

#include "client/peer/parts.h"
#include "common/attributes.h"

/* This session lists it (again). True: it is here, if it was gone. */
MUST_USE bool returning_listed(struct peer *peer, unsigned session, uint64_t now);
/* This session says that it asks for us, while it is gone. */
void returning_asked_for(struct peer *peer, unsigned session);
/* Whom we turned away, or are about to, may come again. */
void returning_call(struct peer *peer);
/* Nothing of the old conversation holds; it is known by its keys. */
void returning_revive(struct peer *peer, uint64_t now);
/* From when on it is believed to be here again; NEVER: there is nothing to believe. */
uint64_t returning_at(const struct peer *peer);
void returning_alarms(const struct peer *peer, uint64_t alarms[static PEER_ALARMS]);
bool returning_holds(const struct peer *peer);

/* How large our packets may be on the path with a peer: probes of path_mtu.h, and their answers. PROTOCOL.md §3.3. */
#pragma once

#include "client/peer/parts.h"
#include "common/attributes.h"

/* Bytes of frames that a packet on the path may have. */
size_t sizing_room(const struct peer *peer);
/* On a new path nothing is known. */
void sizing_path_changed(struct peer *peer);
/* There is something larger to send. */
void sizing_wanted(struct peer *peer, uint64_t now);
/* What is larger than the least size does not arrive any more. */
void sizing_doubt(struct peer *peer, uint64_t now);
/* True if that was the answer to a probe. */
MUST_USE bool sizing_pong(struct peer *peer, uint64_t token, const struct path *from, uint64_t now);
void sizing_tick(struct peer *peer, uint64_t now);
void sizing_alarms(const struct peer *peer, uint64_t alarms[static PEER_ALARMS]);

/* Probing of a pair that has no direct path: probing.h's machine in the peer. PROTOCOL.md §3.4 rule 5. */
#pragma once

#include "client/peer/parts.h"

void probes_told(struct peer *peer, const struct frame_probing *told, uint64_t now);
void probes_heard(struct peer *peer, const struct path *from, uint64_t now);
void probes_path_changed(struct peer *peer, uint64_t now);
/* The other side begins anew: stops, and closes all sockets but the path's. */
void probes_forget(struct peer *peer);
void probes_tick(struct peer *peer, uint64_t now);
void probes_alarms(const struct peer *peer, uint64_t alarms[static PEER_ALARMS]);

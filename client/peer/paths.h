/* Which way packets to a peer go: checks of other paths, seeking a better one, giving up a dead one. PROTOCOL.md §3.2
 * rules 8 and 9, §3.4. */
#pragma once

#include "client/peer/parts.h"

void paths_init(struct peer *peer);
/* `proven`: the peer showed that it receives there. */
void paths_set(struct peer *peer, const struct path *path, bool proven, uint64_t now);
/* A PONG that answers the path's own PING. */
void paths_proven(struct peer *peer);
/* An authentic packet came from there. */
void paths_heard(struct peer *peer, const struct path *from, uint64_t now);
/* A PONG that does not answer the path's own PING. */
void paths_pong(struct peer *peer, uint64_t token, const struct path *from, uint64_t now);
/* The other side's CANDIDATES. */
void paths_offered(struct peer *peer, const struct frame_candidates *offer, uint64_t now);
/* The other's candidates, or ours, may have become more: looks for something better. */
void paths_seek(struct peer *peer, uint64_t now);
/* A bootnode told an address of the other's that was not known before, as when a router has mapped a port: that is
 * looked at, even where nothing answered behind the same router until now. */
void paths_told(struct peer *peer, const struct address *address, uint64_t now);
void paths_tick(struct peer *peer, uint64_t now);
void paths_alarms(const struct peer *peer, uint64_t alarms[static PEER_ALARMS]);

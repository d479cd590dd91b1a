/* How packets to peers travel: directly, through members, through bootnodes; and what we pass on for others.
 * PROTOCOL.md §3.4. */
#pragma once

#include "client/room/host.h"
#include "client/room/meeting.h"
#include "client/room/members.h"

struct routes {
    const struct chatroom_host *host;
    const struct members *members;
    struct meeting *meeting;
};

/* Sends a packet to the peer, along this path. */
void routes_send(const struct routes *routes, const struct peer *peer, const struct path *to, const uint8_t *packet,
                 size_t size, uint64_t now);
/* Who may relay to this peer now, best first; returns how many. */
size_t routes_ways_through(const struct routes *routes, const struct peer *peer, struct path out[static PEER_RELAYS]);
/* This member asks us to pass a packet on to another one: done as far as its share goes (relaying.h). */
void routes_pass_on(const struct routes *routes, struct member *from, const struct frame_relay *relay, uint64_t now);

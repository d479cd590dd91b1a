/* EVENT_PEER_STATUS: where a member stands and how long a round trip takes, told once a second at most, when it has
 * changed. Nothing is told before a member has joined, nor after it has left. */
#pragma once

#include "client/room/members.h"
#include "client/room/room_events.h"

/* Tells of somebody who is here and let in, if that was not told yet. */
void status_welcome(struct member *member, const struct room_events *events);
void status_left(struct member *member);
/* Tells what is due. */
void status_check(struct member *member, const struct room_events *events, uint64_t now);
/* When status_check has something to tell, if nothing changes; 0: at once. */
uint64_t status_due(const struct member *member);

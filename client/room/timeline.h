/* What was tried to reach a member, told in words. */
#pragma once

#include "client/room/members.h"
#include "client/room/room_events.h"

/* EVENT_PATH_NOTE for each step on the way to this member, oldest first. */
void timeline_tell(const struct room_events *events, const uint8_t id[static MEMBER_ID_SIZE], uint64_t now);

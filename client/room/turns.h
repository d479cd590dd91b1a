/* When which member of a room is to be seen to, without asking each of them: a member's times are looked at when
 * something was done to it, and kept. So a room wakes for those alone who are due, and ticks no others.
 *
 * `tells`: the members' status is told, too (status.h). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "client/room/members.h"

/* Looks at those to whom something was done. From then on, until something is done, no tick of a member does anything
 * before the time in `ready`. */
void turns_settle(struct members *members, bool tells);
/* When to wake for a member if nothing arrives; NEVER: for none. */
uint64_t turns_due(struct members *members, bool tells, uint64_t now);
/* Asking everybody gives the same answer. Where nothing was done since they were settled. */
bool turns_holds(const struct members *members, bool tells, uint64_t now);

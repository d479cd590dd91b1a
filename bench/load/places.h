/* The records of a fleet's members. Where there is one bootnode each member has one place, of the same number; in a
 * cluster it has one for each of `layers` sessions that it may have at once: place p is of member p % count, in layer
 * p / count. Which node a place is at is written in it; a place without a session is MEMBER_ABSENT. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bench/load/member.h"
#include "common/attributes.h"

struct fleet;

#define PLACES_NONE UINT32_MAX

/* For a cluster whose members have so many homes: those that they leave, and one more to ask with, have places beside
 * them. Each record stays where it is, by number. False without memory. */
MUST_USE bool places_open(struct fleet *fleet, unsigned replicas);
/* The n-th place of the member that has this one. */
uint32_t places_of(const struct fleet *fleet, uint32_t place, uint32_t layer);
/* How many places of its member are in that state. */
uint32_t places_count(const struct fleet *fleet, uint32_t place, enum member_state state);
/* The member's place at that node, or a free one; PLACES_NONE when there is none. */
uint32_t places_at(const struct fleet *fleet, uint32_t place, uint8_t node);
uint32_t places_vacant(const struct fleet *fleet, uint32_t place);
/* Every session that the member has, or is about to have, is an active one, and it has one. */
bool places_all_active(const struct fleet *fleet, uint32_t place);

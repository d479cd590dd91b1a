/* What time it is in a room. By that a member dates what it signs, and judges what others pass on (PROTOCOL.md §3.5
 * rule 5). What is shown to people goes by our own clock alone.
 *
 * Invariant: it is our own clock's time, unless every bootnode that told its time and more than half of the connected
 * members that told theirs agree upon another one: each is within CLOCKS_APART_MS of the first bootnode, and ours is
 * not. So neither a bootnode alone nor members alone can move it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "client/outside.h"
#include "client/room/members.h"
#include "client/room/sessions.h"

/* Clocks are wrong by so much, or by whole hours where somebody took the wrong zone for ours. */
#define CLOCKS_APART_MS UINT64_C(3600000)

struct room_clock {
    const struct outside *outside;
    const struct members *members;
    const struct sessions *sessions;
};

/* Ms since 1970. */
uint64_t room_clock_ms(const struct room_clock *clock, uint64_t now);
/* Can something that bears this time have been said lately, as far as what is passed on is kept? `author` is the clock
 * of its author, when ours began (peer/parts.h); 0: not known. */
bool room_clock_is_recent(const struct room_clock *clock, uint64_t time_ms, uint64_t author, uint64_t now);

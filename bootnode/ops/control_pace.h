/* How much of a processor the control thread may take, whatever is asked of it and however often: CONTROL_PACE_SHARE of
 * the time at most, seen over some turns, so that workers on the same processor have the rest.
 *
 * Invariant: what it has worked and not rested for is at most a turn, and the batch or request that ended it. Each unit
 * of work wants CONTROL_PACE_SHARE - 1 units of rest; waiting for somebody to ask is rest, too, but is not saved up.
 * What takes long for once, as reading a million networks from a file, is not rested for longer than
 * CONTROL_PACE_OWED_NS asks for: the next command is not to wait for seconds. */
#pragma once

#include <stdint.h>

#define CONTROL_PACE_TURN_NS 500000
#define CONTROL_PACE_OWED_NS 50000000 /* at most */
#define CONTROL_PACE_SHARE 4          /* a quarter */

/* All zero: rested. */
struct control_pace {
    uint64_t owed_ns; /* work that has not been rested for */
};

void control_pace_worked(struct control_pace *pace, uint64_t ns);
void control_pace_rested(struct control_pace *pace, uint64_t ns);
/* How long to rest before going on, in nanoseconds; 0: a turn is not over. */
uint64_t control_pace_due(const struct control_pace *pace);

/* Whose clock is right: cookies of one node are good at the others, by the time on the wall. Pure.
 *
 * The median of the clocks of all witnesses, ours among them, is right; a witness is heard by beacon, and is a member
 * or answered STUN within 30 s. Of two clocks alone nobody can say which one is: then whoever is in the view has the
 * right one, and of two who are not the lower id; two who both are stay. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "bootnode/cluster/view_parts.h"

/* The middle one of the offsets, of an even number the lower of both; they are sorted. `count` is 1 or more. */
int64_t view_clocks_median(int64_t *offsets, size_t count);
/* Judges all who are heard by beacon, and us. */
void view_clocks_step(struct view *view, uint64_t now);

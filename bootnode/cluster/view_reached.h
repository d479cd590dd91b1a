/* The part of a view that sees who is heard on the board and not by STUN: its rooms have a home where no client may
 * get, since its addresses are wrong, or something is in between. It stays in the view, which the board decides;
 * somebody has to be told. Pure. */
#pragma once

#include <stdint.h>

#include "bootnode/cluster/view_parts.h"

/* Once a step: adds VIEW_UNREACHED and VIEW_REACHED. */
void view_reached_step(struct view *view, uint64_t now);

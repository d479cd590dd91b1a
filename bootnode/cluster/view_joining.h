/* Our own state in a view: whether we may serve. Pure. The rules: PROTOCOL.md §2.7. */
#pragma once

#include <stdint.h>

#include "bootnode/cluster/view_parts.h"

/* Once it is known who lives, and whether we are cut off. */
void view_joining_step(struct view *view, uint64_t now);

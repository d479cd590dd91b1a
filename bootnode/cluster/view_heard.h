/* Who is heard: by beacon or by STUN, whichever is later. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bootnode/cluster/view_parts.h"

/* Less than VIEW_ALIVE_MS ago. */
bool view_heard_by_beacon(const struct view_node *node, uint64_t now);
bool view_heard_by_stun(const struct view_node *node, uint64_t now);
/* By its own word: a beacon, or its time of grace is not over. STUN says that somebody is there, not who. */
bool view_heard_itself(const struct view_node *node, uint64_t now);
/* By either of both, or its time of grace is not over. */
bool view_heard_lives(const struct view_node *node, uint64_t now);

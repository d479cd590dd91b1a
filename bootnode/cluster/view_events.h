/* What a step of a view has to say. Pure. */
#pragma once

#include "bootnode/cluster/view_parts.h"

/* What there is no room for is counted. */
void view_events_add(struct view *view, struct view_event event);

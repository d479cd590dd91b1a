/* RELAYs of the fleet's sessions: each sends a packet to a random other member of its room, who is in the fleet, too.
 * So the request's number travels inside, and the bootnode's answer is the packet at the other end. */
#pragma once

#include <stdbool.h>

#include "common/attributes.h"

struct fleet;
struct traffic;

/* For pump_run on fleet_wire; the sessions are kept alive meanwhile. Forged ones have a wrong tag, and nothing is
 * expected. NULL without memory. */
MUST_USE struct traffic *relays_traffic(struct fleet *fleet, bool forged);

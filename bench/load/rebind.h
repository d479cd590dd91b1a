/* The fleet moves to other ports, as clients do behind a NAT that forgot them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attributes.h"
#include "common/why.h"

struct fleet;

/* Blocks until everyone moved to the new ports, or nobody does any more. False with `why` when there are none. */
MUST_USE bool rebind_sessions(struct fleet *fleet, struct why *why);

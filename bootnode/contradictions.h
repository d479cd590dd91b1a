/* Values that are well written, but not together, or not for this key: what `stun_alternate` is beside `listen`, limits
 * that a narrower one leaves without effect, addresses that nobody can have. Pure: what the machine says of them is
 * start_check.h's. */
#pragma once

#include "bootnode/faults.h"

void contradictions_find(struct faults *faults);

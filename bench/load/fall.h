/* The moment at which the chosen fall silent. */
#pragma once

#include <stdint.h>

struct fleet;

/* Those of watched rooms beat once more. Blocks until that was answered. */
void fall_silent(struct fleet *fleet);
/* When the first of the sessions that fell silent is due to expire, and when the last one has: only then do answers
 * tell how the others bear it. 0 and 0 where none fell silent. */
void fall_expiring(const struct fleet *fleet, uint64_t *from_us, uint64_t *until_us);

/* Which public addresses this machine has itself, where the settings name none. */
#pragma once

#include "bootnode/public_address.h"

/* From its interfaces; in a sandbox that forbids to look at them, those that packets to the Internet would leave from.
 */
void outside_learn(struct public_addresses *out);

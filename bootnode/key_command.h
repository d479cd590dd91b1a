/* What an operator does with the key besides running the bootnode: gochat --mode bootnode --print-key and --rotate-key.
 * Root may do both for another user's key, whose file stays that user's. Both say what they did on standard output, and
 * what went wrong on standard error; they return the exit status. */
#pragma once

#include <stdbool.h>
#include <time.h>

#include "bootnode/config.h"
#include "common/attributes.h"
#include "common/why.h"

/* The public key, alone in its line, then the previous ones. Makes none. */
MUST_USE int key_command_print(const struct bootnode_config *config);
/* A new key takes the place of the one in the file, which moves to a name with the date of `now`
 * (bootnode/previous_keys.h). At no time is there no key file, or half of one: whatever fails, the old one stays. The
 * bootnode that runs goes on with the old key until it is started again. */
MUST_USE int key_command_rotate(const struct bootnode_config *config, time_t now);

/* What an operator asks of the key without running the bootnode: gochat --mode bootnode --print-key. Root may ask for
 * another user's. */
#pragma once

#include "bootnode/config.h"
#include "common/attributes.h"

/* Prints the public key, alone in its line. Makes none. Returns the exit status; what went wrong is on
 * standard error. */
MUST_USE int key_command_print(const struct bootnode_config *config);

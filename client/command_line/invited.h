/* The command line has an invite, or an answer at the terminal is one: bootnodes and room are those of it. */
#pragma once

#include <stdbool.h>

#include "client/command_line/given.h"
#include "client/config.h"
#include "client/invite/invite.h"
#include "common/attributes.h"

/* Reads the invite that was given, wherever it is, and wipes it from the command line. What the settings say of
 * another room is left out, but for its bootnodes' keys. */
void invited_apply(struct given *given, struct client_config *config);
/* The bootnodes of an invite, as the setting has them. False: they are longer than it can be. */
MUST_USE bool invited_hosts(const struct invite *invite, char out[static INI_TEXT_SIZE]);

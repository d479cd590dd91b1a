/* Whether a bootnode could use its keys, present and previous, or make the present one: for --check-config, as the user
 * that it would become, in a process of its own. Nothing is made. Before other threads start; sodium_init is due. */
#pragma once

#include <stdio.h>

#include "bootnode/faults.h"

/* Where we may not become that user, that goes to `notes`. */
void key_check(struct faults *faults, FILE *notes);

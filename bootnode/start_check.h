/* What the machine says of a configuration, for --check-config: whether a bootnode could start here with it.
 *
 * Nothing is changed and nobody is disturbed, a bootnode that runs here with the same addresses included: sockets are
 * tried together, with the options of the real ones, but on ports that nobody uses; no key is made. So a port that
 * somebody else has, or that only root may have, is not found out. Before other threads start; sodium_init is due. */
#pragma once

#include <stdio.h>

#include "bootnode/faults.h"

/* What is no fault, but worth knowing, goes to `notes`, a line each: an address may come later, as addresses do
 * while a machine starts. */
void start_check(struct faults *faults, FILE *notes);

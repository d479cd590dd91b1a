/* The sockets of a configuration, opened together in the order and with the options of the real ones, and closed again:
 * which of them the kernel refuses. They have ports that nobody uses, the same one where the configuration has the same
 * one, so that a bootnode which runs here with these addresses loses no packet to them. */
#pragma once

#include <stdio.h>

#include "bootnode/faults.h"

/* Those of `listen` and `stun_alternate`. An address that this machine does not have now is no fault: it goes to
 * `notes`. */
void rehearsal_listen(struct faults *faults, FILE *notes);
/* That of `metrics`, whose address must be there at the start. */
void rehearsal_metrics(struct faults *faults);

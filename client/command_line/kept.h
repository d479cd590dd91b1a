/* The command line has a word that is no invite: the name of a private room that this client was in before, and whose
 * file it keeps, or the first digits of the room's id. Whoever was in it comes back without the invite. */
#pragma once

#include "client/command_line/given.h"
#include "client/config.h"

/* Behind the flags, since one of them may say where such files are: makes bootnodes and room those of the file. */
void kept_apply(struct given *given, struct client_config *config);

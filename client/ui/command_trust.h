/* The commands about whether somebody is who we take them for: each runs what it is named after. What becomes of it the
 * engine tells. */
#pragma once

#include "client/ui/command.h"

/* "PEER" shows the number to compare, "PEER yes" says that it was the same. */
void trust_verify(const struct command_host *host, const struct command *self, char *arguments);
void trust_unverify(const struct command_host *host, const struct command *self, char *arguments);
/* A new key has the place of the one that the nick had before. */
void trust_peer(const struct command_host *host, const struct command *self, char *arguments);

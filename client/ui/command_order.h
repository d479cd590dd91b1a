/* The commands by which owner and ops of a private room decide who belongs to it: each runs what it is named after.
 * What becomes of it the engine tells. */
#pragma once

#include "client/ui/command.h"

/* "PEER": out of the room, and may come back by a new invite; */
void order_kick(const struct command_host *host, const struct command *self, char *arguments);
/* or not. */
void order_ban(const struct command_host *host, const struct command *self, char *arguments);
/* "DIGITS": the beginning of the fingerprint of somebody who was removed or banned. */
void order_unban(const struct command_host *host, const struct command *self, char *arguments);
void order_op(const struct command_host *host, const struct command *self, char *arguments);
void order_deop(const struct command_host *host, const struct command *self, char *arguments);
/* "TEXT"; "-" takes it away. */
void order_topic(const struct command_host *host, const struct command *self, char *arguments);
/* "on": only who is on the list is let in; "off": whoever has the secret. */
void order_lock(const struct command_host *host, const struct command *self, char *arguments);
/* "[once] [for TIME]" */
void order_invite(const struct command_host *host, const struct command *self, char *arguments);

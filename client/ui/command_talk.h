/* The commands that say something, or change where and as whom: each runs what it is named after. */
#pragma once

#include "client/ui/command.h"

void talk_join(const struct command_host *host, const struct command *self, char *arguments);
void talk_part(const struct command_host *host, const struct command *self, char *arguments);
void talk_nick(const struct command_host *host, const struct command *self, char *arguments);
void talk_me(const struct command_host *host, const struct command *self, char *arguments);
void talk_msg(const struct command_host *host, const struct command *self, char *arguments);
/* Says it to one member alone, named as arguments_peer takes names; or says why not. */
void talk_private(const struct command_host *host, const struct command *self, const struct conversation *room,
                  const char *name, const char *literal, const char *text, size_t size);

/* The commands that answer with what is known, and change what only we see: each runs what it is named after. */
#pragma once

#include "client/ui/command.h"

void answer_who(const struct command_host *host, const struct command *self, char *arguments);
void answer_info(const struct command_host *host, const struct command *self, char *arguments);
void answer_ignore(const struct command_host *host, const struct command *self, char *arguments);
void answer_unfold(const struct command_host *host, const struct command *self, char *arguments);
void answer_log(const struct command_host *host, const struct command *self, char *arguments);
void answer_set(const struct command_host *host, const struct command *self, char *arguments);

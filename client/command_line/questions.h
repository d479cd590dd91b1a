/* Nothing was given, and there are no settings: what is needed is asked for at the terminal (client/first_start). */
#pragma once

#include "client/command_line/given.h"
#include "client/config.h"

/* The answers go into `config`, and into `file` where somebody wants to keep them. */
void questions_ask(struct given *given, const char *file, struct client_config *config);

/* What the control socket answers: one request in, one line out. doc/control.md has the members of every answer. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "bootnode/ops/operations.h"
#include "bootnode/ops/session_walk.h"
#include "bootnode/ops/snapshot.h"

/* What is looked at, and what can be had done. Borrowed. */
struct control_host {
    struct watched watched;
    const struct operations *operations;
    const char *config_file; /* NULL: none was given */
    struct session_walk_rest rest;
};

/* The answer to a line (without its newline) of that user, with a newline, malloc'd; NULL without memory. On the
 * control thread: a registered reader, online, which passes quiescent states meanwhile. What changes something is in
 * the log, with the user; networks are only with log_addresses. */
char *control_answers_to(const struct control_host *host, uid_t user, const char *line, size_t size);
/* The answer to what is no request. */
char *control_answers_refusal(const char *why);

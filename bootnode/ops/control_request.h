/* What is asked of the control socket: one JSON object, one line. doc/control.md has the whole.
 *
 * Invariant: a request that came out of here has every needed argument of its command, at most one field for each
 * argument, and nothing that the command does not take; so answering looks at no syntax. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bootnode/ops/control_commands.h"
#include "common/attributes.h"
#include "common/log.h"
#include "common/prefix.h"
#include "common/why.h"

#define CONTROL_VERSION 1
#define CONTROL_REQUEST_MAX 4096 /* bytes of a line, its newline included */
#define CONTROL_LIMIT_DEFAULT 20
#define CONTROL_LIMIT_MAX 10000
#define CONTROL_FOREVER UINT32_MAX /* of seconds */
#define CONTROL_BAN_SECONDS 3600   /* where none are given */
#define CONTROL_KICK_SECONDS 10
#define CONTROL_TRACE_SECONDS 300
#define CONTROL_SECONDS_MAX (10 * 366 * 86400) /* of any other time */

struct control_request {
    enum control_command command;
    unsigned fields; /* of enum control_field: which of those below count */
    struct prefix prefix;
    uint64_t session; /* an id, or its first half, as logs have it: session_short_name */
    bool session_is_short;
    uint32_t seconds;
    enum log_level level;
    uint8_t node;
    uint32_t limit; /* CONTROL_LIMIT_DEFAULT where none was given */
};

/* Reads a line, without its newline. False with one line in `why`. */
MUST_USE bool control_request_read(const char *line, size_t size, struct control_request *out, struct why *why);
/* Reads the words of a command line, the command first, and the value of --limit, or NULL. False with one line in
 * `why`, which says what was meant, where that can be told. */
MUST_USE bool control_request_parse(const char *const *words, size_t count, const char *limit,
                                    struct control_request *out, struct why *why);
/* The line, without a newline, malloc'd; NULL without memory. */
char *control_request_write(const struct control_request *request);

/* "90s", "15m", "2h", "7d", or "forever". False: it is none, or longer than CONTROL_SECONDS_MAX. */
bool control_request_time(const char *text, uint32_t *out);
/* As settings and requests have it. */
const char *control_request_level(enum log_level level);
/* Whether the invariant holds. */
bool control_request_holds(const struct control_request *request);

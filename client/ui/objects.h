/* Objects in the input of --ui json: put together from the pieces of their lines (lines.h), and carried out. Pure but
 * for the host's calls. What is wrong with one is an ERROR that says in which line, and has its ref; nothing of it is
 * done then. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/ui/commands.h"
#include "client/ui/lines.h"
#include "client/ui/request.h"

struct objects {
    char *text; /* of the line so far */
    size_t size, capacity;
    bool open;               /* the line's end is still to come */
    bool too_long, repaired; /* something of it is missing, or was no UTF-8 */
    uint64_t number;         /* of the line */
    struct request request;  /* what it said */
};

void objects_clear(struct objects *objects);
/* Is the piece one of an object's? */
bool objects_take(const struct objects *objects, const struct line *piece);
/* Adds such a piece. True when an object is complete, and objects_run is due; a wrong one was told. */
bool objects_add(struct objects *objects, const struct command_host *host, const struct line *piece);
/* May it be carried out now, or has it to wait for members and credit? */
bool objects_may_run(const struct objects *objects, const struct command_host *host);
void objects_run(struct objects *objects, const struct command_host *host);

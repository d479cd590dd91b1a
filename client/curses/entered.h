/* Lines that were entered, to be had again: up and down, and incremental search (Ctrl-R). Pure; in memory only. What
 * was being typed when the walk began is kept and comes back at its end. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define ENTERED_LINES 500
#define ENTERED_BYTES (1024 * 1024)

struct entered {
    char *lines[ENTERED_LINES]; /* a ring */
    size_t first, count, bytes;
    size_t at;   /* 0 … count; count: not walking */
    char *draft; /* what was typed before the walk */
};

void entered_clear(struct entered *entered);
/* Not what is empty or the same as the last; ends the walk. */
void entered_add(struct entered *entered, const char *line);
/* The next older or newer line; NULL: none there. `typed` is what the editor holds: a line that was refused stands
 * there and is the newest here, so it is passed over. Valid until the next call. */
const char *entered_older(struct entered *entered, const char *typed);
const char *entered_newer(struct entered *entered, const char *typed);
/* What was being typed is let go: another room's line is being typed now. */
void entered_end_walk(struct entered *entered);
/* Ctrl-R: the newest line at or before `from` (count: begin) that contains `words`; its place in *found. NULL: none. */
const char *entered_search(const struct entered *entered, const char *words, size_t from, size_t *found);

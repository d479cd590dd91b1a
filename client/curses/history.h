/* Lines that were entered, to be had again: up and down, and incremental search (Ctrl-R). Pure; in memory only. What
 * was being typed when the walk began is kept and comes back at its end. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define HISTORY_LINES 500
#define HISTORY_BYTES (1024 * 1024)

struct history {
    char *lines[HISTORY_LINES]; /* a ring */
    size_t first, count, bytes;
    size_t at;   /* 0 … count; count: not walking */
    char *draft; /* what was typed before the walk */
};

void history_clear(struct history *history);
/* Not what is empty or the same as the last; ends the walk. */
void history_add(struct history *history, const char *line);
/* The next older or newer line; NULL: none there. `typed` is what the editor holds: a line that was refused stands
 * there and is the newest here, so it is passed over. Valid until the next call. */
const char *history_older(struct history *history, const char *typed);
const char *history_newer(struct history *history, const char *typed);
/* What was being typed is let go: another room's line is being typed now. */
void history_end_walk(struct history *history);
/* Ctrl-R: the newest line at or before `from` (count: begin) that contains `words`; its place in *found. NULL: none. */
const char *history_search(const struct history *history, const char *words, size_t from, size_t *found);

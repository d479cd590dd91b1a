/* Whether the bootnode answers anybody. Time counts only while we run, and not before it said that it would be back, so
 * what is missing is no fault of ours; and somebody asks while nothing comes, so that a fleet whose beats want no
 * answer finds out as clients do. */
#pragma once

#include <stdint.h>

struct fleet;

/* Asks where it is time to, and has all register again where nothing came for 15.5 s (PROTOCOL.md §2.3 rule 4). */
void lifesign_step(struct fleet *fleet, uint64_t now_us);
/* What was missing until now is forgotten. */
void lifesign_forget(struct fleet *fleet, uint64_t now_us);

/* Sliding replay window over 64-bit packet counters (RFC 6479's idea): each counter is accepted once, those older than
 * the window never. Not thread-safe: one owner. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attributes.h"

#define REPLAY_WINDOW_BITS 1024 /* how far behind the newest a packet may arrive */

struct replay_window {
    uint64_t next; /* one past the highest accepted, whose own bit is set; no bit stands for a higher one */
    uint64_t seen[REPLAY_WINDOW_BITS / 64 + 1];
};

void replay_window_init(struct replay_window *window);
/* Would `counter` be accepted? Ask before the public work, */
MUST_USE bool replay_window_check(const struct replay_window *window, uint64_t counter);
/* and mark only after the packet proved authentic. False when it was not acceptable (then nothing changes). Counters
 * from 2^64 - 2^13 on are never accepted (WireGuard's REJECT_AFTER_MESSAGES). */
MUST_USE bool replay_window_accept(struct replay_window *window, uint64_t counter);
MUST_USE bool replay_window_holds(const struct replay_window *window);

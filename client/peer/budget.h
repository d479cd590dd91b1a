/* What all peers of all rooms share: how many unasked packets go out, how many pairs probe at a time, and how busy the
 * client is with rounds of punching (rush.h). One for a client, the engine's.
 *
 * Invariant: no second sees more than BUDGET_PACKETS unasked packets (PROTOCOL.md §3.2 rule 1), and no moment more than
 * BUDGET_PROBINGS pairs that probe. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "client/peer/rush.h"
#include "common/attributes.h"
#include "common/bucket.h"

#define BUDGET_PACKETS 200
#define BUDGET_PROBINGS 2 /* pairs: their packets share the budget, and they take 512 sockets */

struct punch_budget {
    struct bucket packets; /* thousandths */
    unsigned probings;
    struct rush rush;
};

void budget_init(struct punch_budget *budget, uint64_t now);
/* May one more PROBE, INITIATION or unasked PING go out? 0: yes, counted; else milliseconds until one may. */
uint64_t budget_wait(struct punch_budget *budget, uint64_t now);
/* May one more pair probe? True: counted, until budget_probe_end. */
MUST_USE bool budget_probe_begin(struct punch_budget *budget);
void budget_probe_end(struct punch_budget *budget);
bool budget_holds(const struct punch_budget *budget);

#include "client/peer/budget.h"

#include <stddef.h>

#include "common/holds.h"

#define PACKET 1000 /* thousandths */
#define BURST 50

/* With a full bucket, too, no second sees more. A millisecond brings thousandths of what a second brings. */
static const struct bucket_kind packets_kind = {.burst = BURST * PACKET, .amount = BUDGET_PACKETS - BURST, .per_ms = 1};

bool budget_holds(const struct punch_budget *budget) {
    return budget->packets.tokens <= packets_kind.burst && budget->probings <= BUDGET_PROBINGS &&
           rush_holds(&budget->rush);
}

void budget_init(struct punch_budget *budget, uint64_t now) {
    bucket_fill(&budget->packets, &packets_kind, now);
    budget->probings = 0;
    budget->rush = (struct rush){.first = NULL};
}

uint64_t budget_wait(struct punch_budget *budget, uint64_t now) {
    uint64_t wait = bucket_wait(&budget->packets, &packets_kind, PACKET, now);
    if (wait == 0) budget->packets.tokens -= PACKET;
    HOLDS(budget_holds(budget));
    return wait;
}

bool budget_probe_begin(struct punch_budget *budget) {
    if (budget->probings >= BUDGET_PROBINGS) return false;
    budget->probings++;
    return true;
}

void budget_probe_end(struct punch_budget *budget) {
    budget->probings--;
    HOLDS(budget_holds(budget));
}

/* What one peer's addresses are sent although nobody has answered there: the peer's share of what budget.h counts for
 * all. Pure. PROTOCOL.md §3.2 rule 14.
 *
 * Invariants: between two renewals, or two proofs that it receives there, no host (all its ports together) gets more
 * than TRIALS_PACKETS packets because a bootnode told of it, but for one more for each sign of life of the peer; and no
 * more than TRIALS_HOSTS hosts get any. Hosts that the peer alone named get TRIALS_NAMED_BURST packets together, and
 * then one every TRIALS_NAMED_EVERY_MS. Guesses have probing's own bounds, and the network's (budget.h). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/peer/budget.h"
#include "common/address.h"
#include "common/attributes.h"
#include "common/bucket.h"

#define TRIALS_PACKETS 10
#define TRIALS_HOSTS 16
#define TRIALS_NAMED_BURST 20
#define TRIALS_NAMED_EVERY_MS 6000
#define TRIALS_SIGN_EVERY_MS 30000    /* four at once */
#define TRIALS_RENEWAL_EVERY_MS 60000 /* three at once */

struct trials {
    struct trials_host {
        uint8_t ip[16];
        uint16_t packets; /* unanswered, and told */
        uint16_t guesses; /* unanswered */
        uint16_t named;   /* unanswered; not known of all */
        bool answered;    /* once */
    } hosts[TRIALS_HOSTS];
    size_t count;
    struct bucket named, signs, renewals, probes;
};

void trials_init(struct trials *trials, uint64_t now);
/* May one more packet of that kind go there? */
bool trials_may(struct trials *trials, struct punch_budget *budget, enum budget_kind kind, const struct address *to,
                uint64_t now);
/* The same, and it is counted. */
MUST_USE bool trials_take(struct trials *trials, struct punch_budget *budget, enum budget_kind kind,
                          const struct address *to, uint64_t now);
/* The peer receives there: a PONG with a fresh token came from there. What went there was no loss. */
void trials_answered(struct trials *trials, struct punch_budget *budget, const struct address *there);
/* The peer, or we, may be somewhere else than before: begins anew. False: that was too often of late. */
bool trials_renew(struct trials *trials, uint64_t now);
/* The peer has shown to somebody whom we believe that it lives. False: that was too often of late. */
MUST_USE bool trials_sign(struct trials *trials, uint64_t now);
/* One packet more for a host that has had all. */
void trials_allow_one(struct trials *trials, const struct address *to);
/* The same for each host where the peer has answered once. */
void trials_allow_answered(struct trials *trials);
/* May a PROBE be answered? One packet for one, but not too many: that may be forged. */
MUST_USE bool trials_probed(struct trials *trials, uint64_t now);
bool trials_holds(const struct trials *trials);

/* How much of the history members may still be answered: each a share, and all together. Pure; PROTOCOL.md §3.5 rule 6.
 *
 * Invariants:
 * 1. A share is a member id's, whoever comes back under it within SHARE_MS: by then it is whole again, and forgotten.
 * 2. In any SHARE_MS nobody is answered more than twice SHARE_BYTES, nor all together more than twice SHARES_BYTES. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/history/backlog.h"
#include "common/attributes.h"
#include "common/bucket.h"
#include "common/names.h"

#define SHARE_BYTES (2 * BACKLOG_BYTES)  /* that a member may have at once, and again in each SHARE_MS */
#define SHARES_BYTES (8 * BACKLOG_BYTES) /* that all of them may */
#define SHARE_MS 60000
#define SHARES_MOST 1024 /* not whole, at a time */
#define PRICE_LEAST (BACKLOG_BYTES / BACKLOG_MESSAGES)

struct share {
    uint8_t id[MEMBER_ID_SIZE];
    struct bucket left;
};

struct shares {
    struct share *list;
    size_t count;
    struct bucket all;
};

/* Zeroed is empty. */
void shares_clear(struct shares *shares);
/* May this member have a message of so many bytes? Then it is counted: as PRICE_LEAST at least in its own share. Aborts
 * without memory. */
MUST_USE bool shares_take(struct shares *shares, const uint8_t id[static MEMBER_ID_SIZE], size_t size, uint64_t now);
bool shares_holds(const struct shares *shares);
/* What a message counts as. */
uint64_t shares_price(size_t size);

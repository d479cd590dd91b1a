/* Ends the sessions of addresses that are kept out (guard/access.h): a look at every slot of the shard, in small parts.
 */
#pragma once

#include "bootnode/guard/access.h"
#include "bootnode/table/shard.h"
#include "common/attributes.h"

#define SHARD_EVICT_LOOKS 1024 /* slots, at most; some 30 to 100 µs */

/* Looks from slot `*slot` on, which is then the one to go on from, and ends what is kept out, members and provisional
 * ones: at most SHARD_BATCH sessions. A member is announced as gone, as one that fell silent is. Adds to `*ended`.
 * Returns false when there is no slot left. The caller is a reader of RCU, online, and holds no lock; `now` is the
 * server clock. */
MUST_USE bool shard_evict(struct shard *shard, const struct access *access, uint32_t *slot, uint64_t now,
                          uint64_t *ended);

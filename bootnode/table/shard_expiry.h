/* The reaper's part: whoever fell silent is found and removed. */
#pragma once

#include "bootnode/table/shard.h"
#include "common/attributes.h"

/* The reaper: looks at up to SHARD_BATCH sessions that are due, removes those that fell silent, and takes back the
 * slots of up to as many that were removed earlier. Returns true when there may be more to do. */
MUST_USE bool shard_expire(struct shard *shard, uint64_t now);

/* The settings that turn people and packets away, by the names of their keys, and where what they turned away is
 * counted: by the workers, or by the shards (SHARD_LIMIT_…). */
#pragma once

#include <stddef.h>

#include "bootnode/counters.h"
#include "bootnode/table/shard.h"

struct limit {
    const char *key;
    const char *what; /* was turned away */
    /* Where shards count (`shard` is none of SHARD_LIMIT_NONE), this says at least for most of them who they were. */
    enum counter counter;
    enum shard_limit shard;
};

extern const struct limit limits[];
extern const size_t limits_count;

/* The key that sets what shards count, or "memory". */
const char *limits_key(enum shard_limit which);

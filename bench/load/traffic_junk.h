/* What no client sends, 40 bytes as a heartbeat has them. Nothing is expected to come back. */
#pragma once

#include "bench/load/load_options.h"
#include "bench/load/traffic.h"
#include "common/attributes.h"

/* JUNK_BYTES: of no type that there is. JUNK_BEATS: heartbeats of random session ids. JUNK_AIMED: the same, with ids
 * that the first worker of a bootnode with node_id 0 could have given out, which the kernel steers to where its
 * sessions are served. NULL without memory. */
MUST_USE struct traffic *traffic_junk(enum junk kind);

/* Whose packets an operator wants to see in the log for a time (packet_log.h), beside those that the key `trace` names:
 * while that time lasts, instead.
 *
 * Invariant: what readers of RCU find is constant, and theirs until their next quiescent state. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/prefix.h"

struct trace_target;

struct trace {
    _Atomic(struct trace_target *) target; /* NULL: nobody's */
};

void trace_init(struct trace *trace);
/* No reader may be left. */
void trace_destroy(struct trace *trace);
/* Until a time of the server clock (node_time), in milliseconds; NULL: that is over. Any reader of RCU that is online.
 * False without memory, and then all is as it was. */
MUST_USE bool trace_set(struct trace *trace, const struct prefix *prefix, uint64_t until);
/* The same readers: whose packets are wanted now; NULL: nobody's. */
const struct prefix *trace_now(struct trace *trace, uint64_t now);

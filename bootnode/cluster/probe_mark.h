/* The mark of a STUN request that a node of the cluster sends (probe.h): part of its transaction, which nobody without
 * the cluster's key can make. Bootnodes answer a source so many requests a second, and anybody can forge the source: 20
 * packets a second would keep a node from its answers, and where NATS is away, it would take the other one for dead. So
 * marked ones are counted by themselves. A mark that is copied on its way is good for a while, at that node alone.
 * PROTOCOL.md §2.7. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/stun.h"

#define PROBE_MARK_KEY_SIZE 16
#define PROBE_MARK_RANDOM 4
#define PROBE_MARK_SIZE (PROBE_MARK_RANDOM + 8)
/* A mark is good in the present period, the one before and the next: clocks are so far apart. */
#define PROBE_MARK_PERIOD_MS 60000

/* Behind PROBE_MARK_RANDOM random bytes, for a request to the node `asked`: what stun_make_transaction takes. */
void probe_mark_make(const uint8_t key[static PROBE_MARK_KEY_SIZE], uint8_t asked, uint64_t wall_ms,
                     uint8_t bytes[static PROBE_MARK_SIZE]);
/* At the node `asked`. */
MUST_USE bool probe_mark_holds(const uint8_t key[static PROBE_MARK_KEY_SIZE], uint8_t asked, uint64_t wall_ms,
                               const uint8_t transaction[static STUN_TRANSACTION_SIZE]);

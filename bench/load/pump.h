/* Drives one row: sends requests when they are due, takes answers, measures.
 *
 * Open loop: with a rate, request k is due at start + k / rate, whatever became of those before; its latency counts
 * from then, so a server that stalls is charged for everything that would have been sent meanwhile (no coordinated
 * omission). As fast as possible means: at most PUMP_WINDOW answers outstanding, and no due times; latency counts from
 * the send.
 *
 * Several pumps, each in a thread of its own, may drive a row together: each has a share of the requests, and they come
 * in turn. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bench/load/pump_result.h"
#include "bench/load/share.h"
#include "bench/load/traffic.h"
#include "bench/load/wire.h"
#include "common/attributes.h"

#define PUMP_WINDOW 4096
/* Answers later than this after the last request are lost. An interrupt ends the sending, not this wait: what was not
 * answered by then was not answered. */
#define PUMP_LINGER_US 1000000

/* `rate` 0: as fast as possible. `end`, NULL or asked between bursts, may end the row early or (by returning false
 * beyond the duration while `duration_us` is PACING_ENDLESS) decide alone. `progress`, NULL or called about 10 times a
 * second, finds `lost` as it is by then. Sends no more, too, when interrupted (interrupt.h). False without memory. */
struct pump_options {
    double rate;
    struct share share; /* of the row's requests: `rate` is its own, PUMP_WINDOW what all have together */
    uint64_t start_us;  /* when the row's first request is due; 0: now */
    uint64_t duration_us;
    uint64_t rtt_from_us, rtt_until_us; /* 0 and 0: always */
    bool (*end)(void *context, uint64_t now_us);
    void (*progress)(void *context, const struct pump_result *so_far, uint64_t now_us);
    void *context;
};
MUST_USE bool pump_run(struct wire *wire, struct traffic *traffic, const struct pump_options *options,
                       struct pump_result *out);

/* Who reached a limit most often: for each counter of packets that were turned away the sources with the largest
 * numbers, where the operator wants addresses in the log (log_addresses).
 *
 * A worker counts, in a few places for each counter (Metwally, Agrawal, El Abbadi 2005: "space-saving"): a source that
 * has none takes over that of the least number, with the number. So a source that is behind more than one in
 * OFFENDERS_PLACES of the packets is found, whatever others do, and its number is never too small. The worker never
 * waits: what comes while another thread reads is left out. */
#pragma once

#include <pthread.h>
#include <stdint.h>

#include "bootnode/counters.h"
#include "common/prefix.h"

#define OFFENDERS_PLACES 4

struct offender {
    struct prefix source;
    uint64_t count;
};

struct offenders {
    pthread_mutex_t reading; /* tried by the worker, taken by who reads */
    struct offender places[COUNTER_COUNT][OFFENDERS_PLACES];
};

void offenders_init(struct offenders *offenders);
void offenders_destroy(struct offenders *offenders);
/* The worker: an IPv6 source counts as its /64. */
void offenders_note(struct offenders *offenders, enum counter which, const struct address *source);
/* Any other thread: the worst since it was asked last, added to those of other workers in `sum` (zeroes at first). */
void offenders_take(struct offenders *offenders, enum counter which, struct offender sum[static OFFENDERS_PLACES]);
/* The worst of them; NULL: there is none. */
const struct offender *offenders_worst(const struct offender places[static OFFENDERS_PLACES]);

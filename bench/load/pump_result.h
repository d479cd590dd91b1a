/* What one row's requests came to. Results of several threads, runs or machines add up: the same requests, told from
 * the same histogram, whoever sent them. Pure. */
#pragma once

#include <stdint.h>

#include "bench/load/histogram.h"

struct pump_result {
    uint64_t sent; /* requests that the kernel took */
    uint64_t send_failed;
    uint64_t due;      /* requests that the schedule had come to by the end; as fast as possible: those tried */
    uint64_t passed;   /* of those due, how many were passed over: who would have sent them was away */
    uint64_t expected; /* of those sent, how many want an answer */
    uint64_t answered;
    uint64_t lost; /* expected and not answered within PUMP_LINGER_US: these are the silent */
    uint64_t late; /* requests sent over 10 ms after they were due: the generator could not keep the rate */
    uint64_t
        first_us; /* when the first request went out, or was due, by this machine's clock; 0: unknown, or none did */
    uint64_t elapsed_us;     /* from the first request to the last; paced, to when one more would have been due, so
                                that requests by time are the rate */
    struct histogram rtt_us; /* of the requests that were due within the options' span */
};

/* Adds `from`, of requests that went out beside those of `into`: counts add up. The time is that from
 * the first request of all to the last one; where a first one is unknown, the longer time stays. */
void pump_result_merge(struct pump_result *into, const struct pump_result *from);
/* Requests that the schedule came to and the generator never wrote: it could not keep the rate. */
uint64_t pump_result_unsent(const struct pump_result *result);

/* What a row sends: a stream of requests, each of which may have one answer. The pump decides when and on which socket;
 * the traffic decides what. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/load/load_options.h"

/* In request numbers: a request that wants no answer, a datagram that is none. */
#define TRAFFIC_NO_ANSWER UINT64_MAX
/* Of a request that is not written: who would send it is away, so it is passed over, and never made up for. */
#define TRAFFIC_PASSED (UINT64_MAX - 1)

struct traffic {
    /* Writes the next request for this socket into `out` (PACKET_MAX bytes) and returns its size, 0 when there is
     * nothing to send on it now (`number` TRAFFIC_PASSED: nor will there be). `number` is the row's running number of
     * the request, which the traffic finds again in the answer; it sets it to TRAFFIC_NO_ANSWER when none is to come.
     * `now_us`: when it goes out. */
    size_t (*request)(void *context, size_t socket, uint64_t *number, uint64_t now_us, uint8_t *out);
    /* The number of the request that this datagram answers; TRAFFIC_NO_ANSWER when it is no answer. */
    uint64_t (*answer)(void *context, size_t socket, const uint8_t *data, size_t size, uint64_t now_us);
    /* Called between bursts, for what else is due; NULL: nothing. */
    void (*idle)(void *context, uint64_t now_us);
    void (*destroy)(void *context);
    void *context;
};

/* Harmless with NULL. */
void traffic_destroy(struct traffic *traffic);

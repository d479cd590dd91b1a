/* What the log says of single packets: all of a network that the operator traces (trace.h, and the key `trace`), with
 * what became of each; and at debug those that were turned away or are unusual, with the reason. Both are what the
 * worker's counters say that the packet caused: so whatever is counted can be followed, and handlers say it once.
 *
 * A worker asks once a batch whether anybody wants to know; where nobody does, nothing else of this costs anything.
 * What is told is bounded, so that it may be asked for on a busy node: PACKET_LOG_TRACED lines a second of what is
 * traced, and PACKET_LOG_DEBUG of each reason at debug. Addresses are told where the operator asked for them: by
 * tracing a network, or by log_addresses. */
#pragma once

#include "bootnode/dispatch.h"
#include "bootnode/offenders.h"

#define PACKET_LOG_TRACED 200
#define PACKET_LOG_DEBUG 10

/* A worker's. */
struct packet_log {
    struct offenders offenders; /* of limits (limits.h), with log_addresses */
    /* Of this batch. */
    bool addresses, debug, traces;
    struct prefix traced;
};

void packet_log_init(struct packet_log *log);
void packet_log_destroy(struct packet_log *log);
/* Before a batch: whether its packets should go through packet_log_dispatch. A reader of RCU, online. */
bool packet_log_begin(struct packet_log *log, const struct context *context);
/* dispatch, and tells. */
void packet_log_dispatch(struct packet_log *log, struct context *context, const struct packet *packet);

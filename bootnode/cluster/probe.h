/* Which nodes are asked by STUN when, at the addresses that clients use: whether the path of the clients works,
 * whatever the board says. Pure: times and random bytes come in.
 *
 * Rules:
 * 1. A node is asked each PROBE_HURRY_MS while its beacon is late by half a second or the board is away, and else each
 *    PROBE_REST_MS, so that a broken path is known before it is needed; as seldom where it is in no view and was not
 *    heard for PROBE_MISSED_MS. All its addresses are asked.
 * 2. What counts as an answer came from the address that was asked, to one of the last PROBE_OPEN requests to it, whose
 *    transactions nobody else foresees (probe_mark.h), within PROBE_WAIT_MS, and to each request once. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bootnode/cluster/view_parts.h"
#include "common/attributes.h"
#include "common/stun.h"

#define PROBE_HURRY_MS 1000
#define PROBE_REST_MS 10000
#define PROBE_BEACON_LATE_MS 1500 /* after the last beacon: the next one is late */
#define PROBE_WAIT_MS 4000
#define PROBE_MISSED_MS 60000
#define PROBE_OPEN 4

struct probe_request {
    uint64_t sent_ms; /* 0: none, or answered */
    uint8_t transaction[STUN_TRANSACTION_SIZE];
};

struct probe_node {
    uint64_t asked_ms; /* 0: never */
    unsigned next;     /* which of `open` is used next, of each address */
    struct probe_request open[HOME_ADDRESSES_MAX][PROBE_OPEN];
};

/* Zeroed has asked nobody. */
struct probe {
    struct probe_node nodes[CLUSTER_NODES_MAX];
};

/* A request that is to be sent. */
struct probe_packet {
    struct address to;
    size_t size;
    uint8_t data[STUN_REQUEST_MAX];
};

/* Is this one to be asked now? */
MUST_USE bool probe_is_due(const struct probe *probe, const struct view *view, uint8_t id, uint64_t now);
/* Asks it: makes one request for each of its addresses, each with 12 of the random bytes, and returns how many. */
MUST_USE size_t probe_ask(struct probe *probe, const struct view *view, uint8_t id, uint64_t now,
                          const uint8_t random[static 12 * HOME_ADDRESSES_MAX],
                          struct probe_packet out[static HOME_ADDRESSES_MAX]);
/* A datagram that came. True where it is an answer that counts: of the node `*id`. */
MUST_USE bool probe_take(struct probe *probe, const struct view *view, const struct address *from, const uint8_t *data,
                         size_t size, uint64_t now, uint8_t *id);

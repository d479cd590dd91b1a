/* What a handler works with, and the packet that it handles.
 *
 * A handler may read any shard under RCU and change one under its mutex; it sends through the outbox and never blocks.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bootnode/counters.h"
#include "bootnode/node.h"
#include "common/attributes.h"

/* One per worker, or per test. */
struct context {
    struct node *node;
    struct outbox outbox;
    struct worker_counters *counters;
    struct tokens tokens;
    uint64_t now;                  /* server clock, ms */
    uint64_t (*nanoseconds)(void); /* a clock that measures what work takes; NULL: it is not measured */
    uint32_t second;               /* seconds since the server started; for cookies: context_cookie_second */
    uint8_t shard_index;           /* the worker's own shard, for counting how well steering works */
    enum shard_limit limited;      /* for what the packet's registration was refused last; for the log */
    bool register_behind;          /* more REGISTERs come than the worker can serve */
    bool sessions_behind;          /* and more packets of sessions */
};

/* One received packet. `local` is asked for only by handlers that answer or store it. */
struct packet {
    const uint8_t *data;
    size_t size;
    struct address from;
    uint8_t listener;
    struct address (*local)(const void *batch, size_t index); /* NULL: unknown */
    const void *batch;
    size_t index;
};

/* By which second cookies are made and checked: since the server started; in a cluster, since 1970. */
uint64_t context_cookie_second(const struct context *context);
/* Whether its source is kept out (access.h): then it is counted, and nothing comes of it. */
MUST_USE bool packet_is_kept_out(struct context *context, const struct packet *packet);
/* The endpoint that answers to this packet leave from. */
uint8_t packet_endpoint(struct context *context, const struct packet *packet);
/* Whether it came to this endpoint: to its listener, and to its local address, where it has one. */
bool packet_came_to(const struct context *context, const struct packet *packet, uint8_t endpoint);
/* Whether it came the session's own way: from its address, to the endpoint that it was registered at. */
bool packet_came_home(const struct context *context, const struct packet *packet, const struct session *session);
/* Answers to where the packet came from, which nobody has proven: nothing that is larger than the packet, nothing to an
 * address that cannot be a client's. False when that was the case. */
MUST_USE bool packet_answer(struct context *context, const struct packet *packet, const uint8_t *data, size_t size);

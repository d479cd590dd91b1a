/* The operators' page, over HTTP: GET and HEAD of /metrics (Prometheus), /health (200 or 503, see health.h) and /ready,
 * which is 503 also where a newcomer is better off elsewhere.
 *
 * One thread of low priority, no part of RCU. Who connects gets one answer; how long, and beside how many others, is
 * said in visitors.h. Who asks a host that we are not (metrics_host.h) gets 421. There is no way in from here: nothing
 * is changed, and nothing is logged about those who ask. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bootnode/ops/snapshot.h"
#include "bootnode/ops/visitors.h"
#include "common/address.h"
#include "common/attributes.h"
#include "common/thread.h"
#include "common/why.h"

#define HTTP_PATIENCE_MS 10000

struct MHD_Daemon;

struct http {
    struct watched watched;
    struct snapshot snapshot;
    uint64_t patience_ms;
    struct address bound;      /* the port that came of port 0 */
    struct MHD_Daemon *daemon; /* NULL: not open */
    bool has_place;            /* somebody left in this run */
    int stop;                  /* eventfd that ends the thread */
    bool short_of_files;       /* somebody came for whom there was none */
    struct visitors visitors;
    struct thread thread;
};

/* Listens on TCP; `http`, zeroed before, stays in place. 0 or a negative errno with one line in `why` that names the
 * address; http_stop is due either way. */
MUST_USE int http_open(struct http *http, const struct address *listen, uint64_t patience_ms, struct why *why);
/* Starts the thread, once it is open; what `watched` points to must outlive it. 0 or a negative errno. */
MUST_USE int http_start(struct http *http, const struct watched *watched);
/* Ends and joins it, and closes what is open; nothing when it was not opened. */
void http_stop(struct http *http);

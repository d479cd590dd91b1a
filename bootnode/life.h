/* Life: what the main thread does from when all run until they are to end. It looks whether all have their turns
 * (liveness.h), tells the service manager, and waits for who ends it; then the bootnode is a lame duck (lame_duck.h),
 * and at last all sessions are told (draining.h).
 *
 * Whoever ends it by word (a signal, life_drain) says what comes after: a restart, or nothing. A second word during the
 * lame duck ends that, one more ends the telling. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bootnode/lame_duck.h"
#include "bootnode/liveness.h"
#include "bootnode/node.h"
#include "bootnode/ops/service_manager.h"
#include "bootnode/reaper.h"
#include "bootnode/worker.h"
#include "common/attributes.h"

/* What the owner does for it, in the main thread. */
struct life_host {
    void *context;
    /* Does what a signal that waits asks for; NODE_SERVES: nothing that ends it, or there is none. Does not block. */
    enum node_fate (*take_signal)(void *context);
    /* Whatever else is due, some times a second. */
    void (*step)(void *context, uint64_t monotonic_ms);
    /* What people read of us. */
    void (*write_status)(void *context, char out[static SERVICE_MANAGER_STATUS_SIZE]);
};

struct life {
    struct life_host host;
    struct node *node;      /* the owner's, as are the next three */
    struct worker *workers; /* node->shard_count of them */
    struct service_manager *manager;
    int signals;   /* readable when take_signal has something to do */
    bool has_page; /* somebody may ask /health */
    struct page_visits visits;
    struct liveness_watch liveness;
    const char *stuck;  /* as liveness_stuck said last */
    uint64_t status_ms; /* monotonic, when the status was told */
    int drained;        /* eventfd: workers that told every session */
    int called;         /* eventfd: somebody asks for what the next two say, or the host's step has something to do */
    atomic_bool drain_asked;
    _Atomic uint64_t drain_ms; /* for so long, or LAME_DUCK_AUTO */
};

/* Opens its descriptors: 0 or a negative errno; life_close is due either way. */
MUST_USE int life_open(struct life *life);
void life_close(struct life *life);
/* Once all threads are started and the rest is filled in, before anybody may ask who is stuck. */
void life_watch(struct life *life, const struct reaper *reaper);
/* Returns when all are told. */
void life_run(struct life *life);
/* Ends it as SIGTERM does, after so long a lame duck, counted from now also where it is one already. Any thread;
 * returns at once. */
void life_drain(struct life *life, uint64_t ms);

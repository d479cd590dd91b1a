/* The crypto thread: the engine with real packets, lines and time. It alone owns sessions; the other threads reach it
 * through two queues, and it reaches them through two others. Joining a room with a secret takes a tenth of a second of
 * it. */
#pragma once

#include "client/engine.h"
#include "client/helper/helper.h"
#include "client/network/nat64_search.h"
#include "client/ports/port_mapping.h"
#include "client/setup.h"
#include "client/threads/receiver.h"
#include "client/threads/resolver.h"
#include "client/ui/ui.h"
#include "common/attributes.h"
#include "common/queue.h"
#include "common/thread.h"
#include "common/udp.h"

struct crypto_thread {
    struct thread thread;
    struct setup *setup;
    struct engine *engine;
    struct sockets *sockets;
    struct receiver *receiver;
    struct resolver *resolver;
    struct port_mapping *ports; /* NULL: not wanted */
    struct queue inputs;        /* from the UI, the resolver, the port mapping: struct input */
    struct queue filled;        /* from the receiver: struct received */
    struct queue *events;       /* to the UI */
    struct udp_batch *outgoing; /* all from one socket */
    uint16_t outgoing_socket;
    int network;             /* see network_watch.h; -1: none */
    bool network_told;       /* it has something to read */
    uint64_t interfaces_due; /* look at them then */
    bool route_changed;      /* since the last look */
    struct nat64_search nat64_search;
    struct nat64 nat64;               /* all that we send and receive passes it */
    uint64_t unread_since;            /* packets have waited from one turn to the next; 0: none do */
    uint64_t expected;                /* when we want to run next, at the latest */
    struct interfaces interfaces;     /* as they were when looked at last */
    struct candidate_list candidates; /* theirs */
    struct address seen;              /* our public IPv4 address, as a bootnode told last */
    struct address mapped;            /* where a gateway maps our port; port 0: nowhere */
};

/* Makes engine and queues; the thread is started apart, once the receiver and the UI stand. One line on standard error
 * and false when it cannot. */
MUST_USE bool crypto_thread_open(struct crypto_thread *crypto, struct setup *setup, struct helper *helper,
                                 struct sockets *sockets, struct receiver *receiver, struct queue *events);
MUST_USE int crypto_thread_start(struct crypto_thread *crypto);
/* Joins; it ends by itself after EVENT_FINISHED. */
void crypto_thread_join(struct crypto_thread *crypto);
void crypto_thread_close(struct crypto_thread *crypto);

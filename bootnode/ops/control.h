/* The control socket: an operator's way in. A line is a request, and brings a line as its answer (doc/control.md).
 *
 * One thread. Who connects must be root or who the bootnode is. Nobody waits for somebody else's connection: each has
 * a buffer for one request and one answer, `patience` for the rest of a request and for taking an answer, and longer
 * between two; of more than CONTROL_CONNECTIONS_MAX the one that is idle longest makes room. Requests are answered one
 * after the other, one of each connection in turn, and between them, as between the batches of a walk over all
 * sessions, the thread rests as control_pace.h has it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bootnode/config.h"
#include "bootnode/ops/control_answers.h"
#include "bootnode/ops/control_pace.h"
#include "bootnode/ops/control_request.h"
#include "bootnode/ops/control_socket.h"
#include "bootnode/ops/process.h"
#include "common/attributes.h"
#include "common/thread.h"

#define CONTROL_CONNECTIONS_MAX 16
#define CONTROL_PATIENCE_MS 10000
#define CONTROL_IDLE_MS 600000 /* between two requests */
#define CONTROL_AGAIN_MS 100   /* until it is tried again to take in who waits, where that failed */

struct control_connection {
    int socket; /* -1: a free place */
    uid_t user;
    uint64_t deadline; /* monotonic */
    uint64_t since;    /* monotonic: of the last thing that it did */
    bool ended;        /* it says no more; what it said is answered */
    char line[CONTROL_REQUEST_MAX];
    size_t filled;
    char *answer; /* malloc'd; NULL: none is under way */
    size_t size, sent;
};

struct control {
    struct control_host host;
    struct control_socket socket;
    struct process_view process; /* of our own: one thread looks at one */
    uint64_t patience_ms;
    uid_t owner; /* besides root */
    int stop;    /* eventfd */
    struct control_pace pace;
    uint64_t began_ns;   /* monotonic: of the work that pace does not know of yet */
    uint64_t accepts_at; /* monotonic: not before, since there was no descriptor left for whoever waits */
    struct control_connection connections[CONTROL_CONNECTIONS_MAX];
    struct thread thread;
};

/* Nothing is open. */
void control_init(struct control *control);
/* Opens the socket that the settings want, before the bootnode becomes another user and shuts itself off. True also
 * where none is wanted, and where "auto" has a place that another bootnode of the same user has already: the log says
 * so. False, as the log says, where the setting names a path that is not to be had. */
MUST_USE bool control_open(struct control *control, const struct bootnode_config *config);
/* Starts the thread where `control->socket` is open; `host` is copied, but for its rest
 * and the view of the process, and what it points to must
 * outlive the thread. 0 or a negative errno. */
MUST_USE int control_start(struct control *control, const struct control_host *host, uint64_t patience_ms);
/* Ends and joins it, closes what is open and removes the socket; nothing where it was not opened. The caller, if it
 * uses RCU, must be offline. */
void control_stop(struct control *control);

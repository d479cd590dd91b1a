/* The service manager that started the bootnode, where one did: systemd, or whoever speaks its protocol. It is told
 * what the bootnode does, keeps its sockets over a restart, and expects a sign of life.
 *
 * Rules:
 * 1. The environment is read once, and the socket made, before the process shuts itself off: afterwards neither the
 *    user nor the sandbox may reach it anew. Connected is it where somebody listens by then.
 * 2. No word waits for the manager for longer than SERVICE_MANAGER_PATIENCE_MS. What it does not take by then is lost,
 *    but for READY, which is said again with the signs of life until it is taken: without it, a start has failed.
 * 3. A sign of life goes out twice as often as it is expected, and only while the caller says so.
 * 4. A name under which sockets are kept is printable, has no colon and less than 256 bytes.
 *
 * The protocol: sd_notify(3), sd_watchdog_enabled(3), systemd.service(5). It is spoken without systemd's library, as
 * sd_notify(3) recommends. All functions are the main thread's. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/attributes.h"

#define SERVICE_MANAGER_PATIENCE_MS 100
#define SERVICE_MANAGER_KEEP_MOST 4096 /* each is a message: more would be a burden for the machine's first process */
#define SERVICE_MANAGER_BARRIER_MS 1000
#define SERVICE_MANAGER_STATUS_SIZE 256

struct service_manager {
    int socket;              /* -1: nobody is told */
    struct sockaddr_un name; /* whom each word is sent to, where name_size is not 0 */
    socklen_t name_size;
    bool owes_ready;
    uint64_t watchdog_ms;   /* expects a sign of life within; 0: none */
    uint64_t told_alive_ms; /* monotonic */
    uint64_t keeps;         /* so many sockets at most; UINT64_MAX: it does not say */
    char status[SERVICE_MANAGER_STATUS_SIZE];
};

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, and says in the log what it cannot make sense of. */
void service_manager_open(struct service_manager *manager);
void service_manager_close(struct service_manager *manager);

/* Serves: after the start, and again when new settings hold or were refused. `status` is what people read of it. */
void service_manager_ready(struct service_manager *manager, const char *status);
/* Reads its settings anew, which service_manager_ready ends. */
void service_manager_reloading(struct service_manager *manager, uint64_t monotonic_ms);
/* Is about to end, which takes as long at most. */
void service_manager_stopping(struct service_manager *manager, uint64_t most_ms, const char *status);
/* What people read of it, if it is another text than before. */
void service_manager_status(struct service_manager *manager, const char *status);
/* Gives a sign of life where one is due. Some times a second. */
void service_manager_alive(struct service_manager *manager, uint64_t monotonic_ms);
/* How long the caller may sleep between two of those; NEVER where nobody expects one. */
uint64_t service_manager_rest_ms(const struct service_manager *manager);

/* Will it keep so many sockets? Where it says how many it would (FDSTORE) and they are too few, the log says so. */
MUST_USE bool service_manager_may_keep(const struct service_manager *manager, size_t count);
/* Has the manager keep a socket for the next process, under that name; one that it has already stays. False when nobody
 * is there who might. */
bool service_manager_keep(struct service_manager *manager, const char *name, int descriptor);
/* Has it close all that it keeps under that name. */
void service_manager_forget(struct service_manager *manager, const char *name);
/* Waits until it has done all that it was told before, for SERVICE_MANAGER_BARRIER_MS at most. False: it has not. */
bool service_manager_wait(struct service_manager *manager);

/* The client's UDP sockets: the main one, and those that probing opens and a path may keep (PROTOCOL.md §3.4 rule 5).
 * The crypto thread opens, closes and sends; the receiver waits for all of them in epoll, and reads.
 *
 * Invariants:
 * 1. A socket is known by a running number, the main one by PATH_SOCKET_MAIN. A number comes back only after some
 * 65,000 others: what still waits of a closed socket is never taken for a newer one's.
 * 2. The receiver closes descriptors, between two waits. So it never reads from one that has become something else.
 * 3. The main socket is the caller's, and stays open. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

#include "common/attributes.h"
#include "common/queue.h"
#include "common/udp.h"

#define SOCKETS_MAX 1024 /* by number modulo this, the main one among them */

struct udp_socket {
    struct queue_node node; /* first */
    int descriptor;
    uint16_t number;
};

struct sockets {
    int epoll;
    struct udp_socket main;
    struct address any;                    /* what further ones are bound to: the main one's family, any port */
    struct udp_socket *items[SOCKETS_MAX]; /* the crypto thread's */
    uint16_t last;                         /* number given out */
    rlim_t most_descriptors;
    struct queue closing; /* to the receiver */
};

/* Raises the soft limit of descriptors where it is low, but not over what select(2), in libraries, can count to. 0 or a
 * negative errno; then there is nothing to clear. */
MUST_USE int sockets_init(struct sockets *sockets, int main, const struct address *bound);
/* After both threads have ended. */
void sockets_clear(struct sockets *sockets);

/* The crypto thread: up to `count` more, their numbers into `out`. Fewer, with a line in the log, where descriptors are
 * scarce. */
MUST_USE size_t sockets_open(struct sockets *sockets, size_t count, uint16_t *out);
/* Nothing for the main one, and for one that is not open. */
void sockets_close(struct sockets *sockets, uint16_t number);
/* Sends and clears the batch; drops it when the socket is not open. */
void sockets_send(struct sockets *sockets, uint16_t number, struct udp_batch *batch);

/* The receiver: waits for datagrams. Returns how many sockets have some, 0 when `stop`, an eventfd given to
 * sockets_watch, rang. */
bool sockets_watch(struct sockets *sockets, int stop);
size_t sockets_wait(struct sockets *sockets, const struct udp_socket *out[], size_t capacity);
/* Wakes no more for this one, until it is closed. */
void sockets_ignore(struct sockets *sockets, const struct udp_socket *socket);

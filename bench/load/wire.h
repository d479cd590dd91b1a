/* The generator's sockets: connected to one target each, the same number to each target, nonblocking, many sessions
 * behind each of them. Datagrams of a burst go out by one call (equal sizes as one segmented send, UDP_SEGMENT, where
 * `segment` allows it), and sockets with something to read are found by epoll, so that a thousand idle ones cost
 * nothing. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/address.h"
#include "common/attributes.h"
#include "common/why.h"

#define WIRE_BURST 64

struct wire;

struct wire_options {
    struct address target;
    struct address sources; /* network to bind to, with sources_bits */
    unsigned sources_bits;  /* 0: unbound */
    size_t sockets;
    size_t before, all; /* of the sockets of several wires that serve one purpose: among these `all`, which are spread
                           over the sources, ours come after so many */
    bool segment;       /* given up where the network device cannot */
};

/* NULL with one line in `why` that names the address. Raises the soft limit of files when needed. */
MUST_USE struct wire *wire_open(const struct wire_options *options, struct why *why);
void wire_close(struct wire *wire);
size_t wire_sockets(const struct wire *wire);
/* As many sockets more, behind those that there are, to another target. False with `why`, and nothing has changed. */
MUST_USE bool wire_add_target(struct wire *wire, const struct address *target, struct why *why);
/* Where the next datagram on this socket is written: PACKET_MAX bytes, NULL when the burst is full. */
MUST_USE uint8_t *wire_reserve(struct wire *wire, size_t socket);
/* `size` bytes of what wire_reserve gave will be sent with the burst. */
void wire_commit(struct wire *wire, size_t socket, size_t size);
/* Sends the burst. Returns how many the kernel took, the first ones; EAGAIN and ENOBUFS are waited for at most 10 ms,
 * the rest dropped and counted. */
size_t wire_flush(struct wire *wire, size_t socket);
/* Reads what waits on all sockets, at most `limit` datagrams, waiting at most `timeout_us` for the first. `take` must
 * not keep `data`. Returns how many. */
size_t wire_receive(struct wire *wire, uint64_t timeout_us, size_t limit,
                    void (*take)(void *context, size_t socket, const uint8_t *data, size_t size), void *context);
/* New sockets with other ports in the place of all. False with `why`. */
MUST_USE bool wire_rebind(struct wire *wire, struct why *why);
/* The socket's own address, as the target sees it without a NAT. */
struct address wire_local(const struct wire *wire, size_t socket);
/* Datagrams that the kernel took, that it did not, and errors that came back for earlier ones (ECONNREFUSED …). */
struct wire_counts {
    uint64_t sent, failed, refused;
};
struct wire_counts wire_counts(const struct wire *wire);

/* UDP sockets and batches of datagrams (recvmmsg, sendmmsg). Buffers are made once.
 *
 * A socket bound to a wildcard address learns through IP_PKTINFO which of the machine's addresses a datagram was sent
 * to, and answers leave from that address: with several addresses, anything else dies at a port-restricted NAT. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "common/address.h"
#include "common/attributes.h"
#include "common/why.h"

/* No GoChat datagram is larger (it fits any path's MTU); received ones may be, and are cut and dropped. */
#define UDP_DATAGRAM_MAX 1200
/* Receive buffer: one byte more than the largest that is accepted would do; 2048 keeps buffers on their own lines.
 * A larger datagram is cut and reported with exactly this size, so "drop what is over UDP_DATAGRAM_MAX" covers it. */
#define UDP_RECEIVE_MAX 2048

struct datagram {
    struct address peer;  /* where from, or where to */
    struct address local; /* our address; port is not used. All zero: the kernel chooses */
    const uint8_t *data;  /* into the batch's buffer */
    size_t size;
};

struct udp_batch; /* opaque: `capacity` buffers, addresses, control buffers, mmsghdrs */

MUST_USE struct udp_batch *udp_batch_create(size_t capacity);
void udp_batch_destroy(struct udp_batch *batch);
size_t udp_batch_count(const struct udp_batch *batch);
bool udp_batch_full(const struct udp_batch *batch);
void udp_batch_clear(struct udp_batch *batch);

/* Datagram `index`, received or added: its bytes, its peer, or both. `local` only by udp_batch_local, because few
 * packets need it: it is all zero where the socket does not learn it (packet_info), and its port always is. */
const uint8_t *udp_batch_data(const struct udp_batch *batch, size_t index, size_t *size);
struct address udp_batch_peer(const struct udp_batch *batch, size_t index);
struct datagram udp_batch_get(const struct udp_batch *batch, size_t index);
struct address udp_batch_local(const struct udp_batch *batch, size_t index);

/* Copies a datagram into a batch to send. False when the batch is full or the datagram over UDP_DATAGRAM_MAX. */
MUST_USE bool udp_batch_add(struct udp_batch *batch, const struct datagram *datagram);

struct udp_options {
    bool reuse_port;
    bool packet_info;   /* learn and set local addresses */
    bool whole;         /* no datagram is ever cut on its way: what is too large somewhere is lost */
    bool ipv6_alone;    /* [::] leaves IPv4 to another socket */
    bool not_here_yet;  /* also an address that this machine does not have: it may come later */
    int receive_buffer; /* SO_RCVBUF in bytes, 0: leave; asks SO_RCVBUFFORCE first */
    int send_buffer;
};

/* A nonblocking UDP socket bound to `listen`. The unspecified IPv6 address opens dual stack, unless `ipv6_alone`.
 * Returns the descriptor, or a negative errno with one line in `why` that names the address. */
MUST_USE int udp_open(const struct address *listen, const struct udp_options *options, struct why *why);
/* The same for one that somebody else bound and handed over: it stays bound, and what can only be chosen before that
 * (reuse_port, ipv6_alone, not_here_yet) as it is. 0 or a negative errno. */
MUST_USE int udp_adopt(int socket, const struct udp_options *options);
/* Is it a UDP socket of IPv4 or IPv6, bound to a port and to no peer? */
MUST_USE bool udp_is_listening(int socket);
/* What the socket is bound to. */
MUST_USE bool udp_bound(int socket, struct address *out);

/* Receives what is there, up to the batch's capacity, replacing its content. Returns the count; 0 when nothing waits;
 * negative errno on a fault. Errors that an earlier send caused (ECONNREFUSED and its like) are swallowed. */
MUST_USE int udp_receive(int socket, struct udp_batch *batch);
/* The same, at most so many. */
MUST_USE int udp_receive_some(int socket, struct udp_batch *batch, size_t most);

struct udp_send_result {
    size_t sent;
    size_t dropped; /* the kernel refused these for good (ENOBUFS, EPERM, unreachable …): counted, never spun on */
};
/* All that the batch is sent with has this socket's family: then it is not asked for at each send. */
void udp_batch_fit(struct udp_batch *batch, int socket);
/* Sends the whole batch, resuming after partial sends, and clears it. EAGAIN waits at most once for 5 ms. */
struct udp_send_result udp_send(int socket, struct udp_batch *batch);
/* The same without a wait: what the socket has no room for is dropped. */
struct udp_send_result udp_send_at_once(int socket, struct udp_batch *batch);

/* How full the receive buffer is, in bytes as the kernel counts them (a datagram counts for several hundred more than
 * it has), and how many datagrams it had no room for since the socket was made, modulo 2^32. */
struct udp_memory {
    uint32_t used, limit, drops;
};
/* False, and all zero, where the kernel does not tell. Source: SO_MEMINFO, linux/sock_diag.h. */
MUST_USE bool udp_memory(int socket, struct udp_memory *out);

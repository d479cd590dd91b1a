/* Steering: a classic BPF program by which the kernel sorts what comes to a listen address into lanes (lanes.h), and
 * hands a session's packets to the session's own worker, whatever address they come from. It reads the first byte, and
 * node and shard from the session id (PROTOCOL.md §2.1). What names no session goes to any worker, by chance.
 *
 * Rules:
 * 1. Only a packet of a type that belongs to sessions, with our node's number and a shard that there is, comes to the
 *    lanes of sessions. All else is for lanes that may lose it.
 * 2. Of those, only what the kernel has checked before it chooses a socket comes to LANE_SESSION: the checksum of a
 * short datagram. That of a longer one is checked when it is received; where it is wrong, the socket's drops count one,
 * as if a datagram had overflowed. So a forger would have all silences doubted (hearing.h) for a packet in 5 s. What
 * comes by the loopback device is nobody's forgery, and may be many beats that were sent as one (UDP_SEGMENT).
 * 3. Every worker can serve every packet, whichever lane it comes by: where the program cannot be attached, one lane
 *    holds all, and the kernel spreads it by its own hash.
 *
 * Source: CHECKSUM_BREAK in linux/skbuff.h; SO_ATTACH_REUSEPORT_CBPF in socket(7); the answer is the index of a socket
 * in the order of binding. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "bootnode/lanes.h"
#include "common/attributes.h"

/* The longest packet of LANE_SESSION: 76 bytes less the header of UDP. */
#define STEERING_SESSION_MAX 68

/* Where in the order of binding a worker's socket for this lane is: lane by lane, in each the workers in their order.
 */
static inline size_t steering_index(enum lane lane, size_t worker, size_t workers) {
    return (size_t)lane * workers + worker;
}
/* For the group that `socket` belongs to, which will have workers * LANE_COUNT sockets; `node` as in session ids. 0 or
 * a negative errno. */
MUST_USE int steering_attach(int socket, size_t workers, uint8_t node);

/* Steering: a classic BPF program that has the kernel hand a session's packets to the session's own worker, whatever
 * address they come from. It reads the shard from the session id (PROTOCOL.md §2.1) and leaves everything else to the
 * kernel's own spreading.
 *
 * An optimisation only: every worker can serve every packet. Source: SO_ATTACH_REUSEPORT_CBPF in socket(7); the
 * answer is the index of a socket in the order of binding, and one out of range falls back to the hash of the
 * addresses. */
#pragma once

#include <stddef.h>

#include "common/attributes.h"

/* For the group that `socket` belongs to, whose `workers` sockets were bound in the workers' order. 0 or a negative
 * errno. */
MUST_USE int steering_attach(int socket, size_t workers);

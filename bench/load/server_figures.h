/* What the kernel knows of a server, before and after a row: processor time of all its threads (clock_getcpuclockid),
 * resident memory (/proc/PID/statm), datagrams that its sockets dropped or still hold (/proc/net/udp and udp6, by port;
 * nothing, where it runs on another machine). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/attributes.h"
#include "common/why.h"

struct server_figures {
    uint64_t cpu_ns; /* user and system, all threads */
    uint64_t rss_bytes;
    uint64_t drops;        /* of all UDP sockets with the target's port */
    uint64_t queued_bytes; /* receive queues of the same sockets */
};
/* False with `why` when there is no such process. pid 0: only drops and queued. */
MUST_USE bool server_figures_read(pid_t pid, uint16_t port, struct server_figures *out, struct why *why);
/* Waits until the sockets' receive queues are empty, at most `timeout_us`, so that every packet taken is counted. */
MUST_USE bool server_figures_settle(uint16_t port, uint64_t timeout_us);

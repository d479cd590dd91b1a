/* What the kernel knows of a server, before and after a row: processor time of all its threads
 * (/proc/PID/task/TID/schedstat, nanoseconds), resident memory (/proc/PID/smaps_rollup or statm), datagrams that its
 * sockets dropped or still hold (/proc/net/udp and udp6, by port). And its own counters, where it tells them over
 * HTTP. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/address.h"

struct server_figures {
    uint64_t cpu_ns; /* user and system, all threads that live; threads that ended are lost */
    uint64_t rss_bytes;
    uint64_t drops;        /* of all UDP sockets with the target's port */
    uint64_t queued_bytes; /* receive queues of the same sockets */
};
/* False with `why` when there is no such process. pid 0: only drops and queued. */
bool server_figures_read(pid_t pid, uint16_t port, struct server_figures *out, char *why, size_t why_size);
/* Waits until the sockets' receive queues are empty, at most `timeout_us`, so that every packet taken is counted. */
bool server_figures_settle(uint16_t port, uint64_t timeout_us);

/* A scrape of Prometheus text, samples without labels or summed over labels; sorted by name. */
struct scrape;
struct scrape *scrape_fetch(const struct address *from, char *why, size_t why_size);
/* Pure: parses a body. NULL with `why` naming the line. */
struct scrape *scrape_parse(const char *text, char *why, size_t why_size);
/* False when there is no such sample. */
bool scrape_value(const struct scrape *scrape, const char *name, double *out);
void scrape_destroy(struct scrape *scrape);

/* The result of a row, as JSON (one object, jansson) or as text, and the progress line on a terminal. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "bench/load/histogram.h"
#include "bench/load/pump.h"
#include "common/attributes.h"

struct row_result {
    const char *name;
    uint32_t sessions;
    uint64_t registered;     /* during fill and row */
    double registered_per_s; /* of the fill, or of the row's churn */
    struct pump_result pump;
    struct histogram announce_us; /* from the joiner's first beat to each watcher's CHANGES */
    struct histogram
        expiry_late_ms; /* from last beat + expiry to each watcher's CHANGES; early ones are `expired_wrong` */
    uint64_t expired_expected, expired_seen, expired_wrong, announce_missing;
    bool has_server;
    struct {
        double cpu_ns_per_packet;       /* per request that the server took: sent, less what its sockets dropped */
        double cpu_ns_per_registration; /* of the fill; 0 when this row had none */
        uint64_t cpu_ns, packets, dropped;
        uint64_t rss_bytes;
        double rss_bytes_per_session; /* growth since before the fill, by live session */
    } server;
    /* Lines about what does not agree; any makes the exit status 1. */
    const char *const *disagreements;
    size_t disagreement_count;
};

/* JSON keys: name, sessions, registered, registered_per_s, elapsed_s, sent, sent_per_s, send_failed, late, expected,
 * answered, answered_per_s, lost, rtt_us{p50,p99,p999,max}, announce_us{…}, announce_missing, expiry_late_ms{…},
 * expired_expected, expired_seen, expired_wrong, server{cpu_ns_per_packet, cpu_ns_per_registration, cpu_ns, rss_bytes,
 * rss_bytes_per_session, packets, dropped}, disagreements[]. One line, flushed. False with errno when it could not be
 * written; so report_text. */
MUST_USE bool report_json(FILE *to, const struct row_result *result);
MUST_USE bool report_text(FILE *to, const struct row_result *result);

/* What a reason of REFUSED means, for people. */
const char *report_refusal(unsigned reason);

struct progress {
    uint64_t registered, sent, answered, lost;
};
/* Rewrites one line on standard error when that is a terminal; nothing elsewhere. */
void report_progress(const char *phase, const struct progress *progress);
/* Ends the line. */
void report_progress_end(void);

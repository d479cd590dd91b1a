/* The result of a row, as JSON (one object, jansson), which stands for itself, or as text. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "bench/load/comeback_result.h"
#include "bench/load/histogram.h"
#include "bench/load/load_options.h"
#include "bench/load/node_facts.h"
#include "bench/load/pump.h"
#include "common/attributes.h"

/* A row that a signal ended. Who did not answer is told from what the schedule had not come to. */
struct cut {
    bool interrupted;
    bool filling;             /* in the fill: nothing was measured */
    uint64_t after_us;        /* of the row's duration, or of the fill */
    uint64_t never_due;       /* requests that were to come */
    uint64_t fill_unanswered; /* registrations that were begun, and not through */
    uint64_t fill_never_due;  /* that were to begin */
};

struct row_result {
    const char *name;
    const struct load_options *options; /* what was asked; NULL: that is not told */
    const struct row_options *row;
    uint64_t started_ms, measured_ms, ended_ms; /* wall clock: the row began, its first request was due, it ended */
    double rate;                                /* requests a second that were to go; 0: as fast as possible */
    struct cut cut;
    uint32_t sessions;
    uint64_t registered;     /* during fill and row */
    double registered_per_s; /* of the fill, or of the row's churn */
    struct pump_result pump;
    struct histogram announce_us; /* from the joiner's first beat to each watcher's CHANGES */
    struct histogram
        expiry_late_ms; /* from last beat + expiry to each watcher's CHANGES; early ones are `expired_wrong` */
    uint64_t expired_expected, expired_seen, expired_wrong, announce_missing;
    uint64_t expired_never_due;      /* of those expected: the row was cut before they could be missing */
    struct comeback_result comeback; /* sessions that lost their bootnode in the fill or the row */
    const struct node_facts *nodes;  /* of a cluster; NULL or empty: there is none */
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

/* JSON keys, all of them in gochat-load(1): name, version, start, measured, end (each ISO 8601 UTC, and with _ms in
 * milliseconds), machine{}, target, traffic, rate, options{}, interrupted, interrupted_filling, interrupted_after_s,
 * never_due, fill_unanswered, fill_never_due, sessions, registered, registered_per_s, elapsed_s, sent, sent_per_s,
 * send_failed, unsent, late, expected, answered, answered_per_s, lost, rtt_us{…}, announce_us{…}, announce_missing,
 * expiry_late_ms{…} (distribution.h), expired_expected, expired_seen, expired_never_due, expired_wrong,
 * comeback{lost, told, back, never, all_ms, busy, back_ms{…}},
 * nodes[{id, address, sessions, registered, left, lost, silent_ms}] (of a cluster),
 * server{cpu_ns_per_packet, cpu_ns_per_registration, cpu_ns, rss_bytes, rss_bytes_per_session, packets, dropped},
 * disagreements[]. One line, flushed. False with errno when it could not be written; so report_text. */
MUST_USE bool report_json(FILE *to, const struct row_result *result);
/* The same, and whatever the caller adds to it; NULL without memory. */
MUST_USE json_t *report_object(const struct row_result *result);
/* One line, flushed; takes the object over. */
MUST_USE bool report_line(FILE *to, json_t *object);
MUST_USE bool report_text(FILE *to, const struct row_result *result);

/* What a reason of REFUSED means, for people. */
const char *report_refusal(unsigned reason);

/* For "start_ms" and its like: adds KEY and KEY_ms. */
void report_time(json_t *object, const char *key, uint64_t wall_ms);

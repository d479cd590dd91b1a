/* The sessions of the load generator: real ones, each with its own handshake, keys and beats, many behind each socket
 * of a wire. A million of them fit one thread and some 150 bytes each.
 *
 * The order of calls: fleet_create; then for each row fleet_fill (which also brings back what the row before had
 * expire), fleet_row_begin, pump_run with fleet_beats on fleet_wire or with fleet_beside on another wire,
 * fleet_row_end; fleet_destroy. Nothing waits on the side: who leaves a fleet alone for longer than a second calls
 * fleet_keep_alive.
 *
 * A fleet sends from fleet_fill, fleet_row_begin, fleet_keep_alive and from its traffics' `request` and `idle`, never
 * from `answer`. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/load/options.h"
#include "bench/load/report.h"
#include "bench/load/traffic.h"
#include "bench/load/wire.h"

struct fleet;

/* What a fleet did since fleet_create, to compare with the bootnode's counters. */
struct fleet_counts {
    uint64_t beats;       /* HEARTBEATs sent, whatever for */
    uint64_t beats_reset; /* of these, how many met no session, as RESET said */
    uint64_t registered;  /* sessions that were confirmed */
    uint64_t left;        /* LEAVEs that were answered */
    uint64_t moved;       /* sessions that answer at a new port */
    uint64_t fell_silent; /* sessions, of all rooms, that must have expired or will: exact once a row is over */
    uint64_t resets;      /* members that the bootnode had forgotten though they beat */
    uint64_t living;      /* sessions that live at the bootnode, if it does what it must */
};

/* `wire` is borrowed: it is connected to the bootnode. NULL without memory. */
struct fleet *fleet_create(const struct load_options *options, struct wire *wire);
void fleet_destroy(struct fleet *fleet);
struct wire *fleet_wire(const struct fleet *fleet);

struct fill_result {
    uint64_t registered; /* by this fill; 0 when all sessions lived */
    uint64_t elapsed_us;
};
/* Registers every session that has none, room by room, as fast as the bootnode answers: the spread that COOKIE asks for
 * is not waited. Returns when all are confirmed and know their rooms. False with one line in `why` when the bootnode
 * does not answer, refuses (the line says the reason and how many), or is draining, and when interrupted. `progress`,
 * or NULL, is called about 10 times a second. */
bool fleet_fill(struct fleet *fleet, void (*progress)(void *context, uint64_t registered), void *context,
                struct fill_result *out, char *why, size_t why_size);

/* Makes the fleet ready for a row: new ports and MOVEs first when `row->rebind`; chooses who falls silent, and has
 * those of watched rooms beat once more, answered, so that their last sign of life is known. Blocks for that. False
 * with `why` when the sockets cannot be had again. */
bool fleet_row_begin(struct fleet *fleet, const struct row_options *row, char *why, size_t why_size);
/* The beats of the row begun; for TRAFFIC_NONE nothing but what keeps the sessions alive. For pump_run on fleet_wire.
 * The fleet's own: traffic_destroy does nothing to it. */
struct traffic *fleet_beats(struct fleet *fleet, const struct row_options *row);
/* `other`'s requests and answers, and in between the fleet lives on over its own wire. For pump_run on any other wire.
 * Takes `other` over. NULL without memory (`other` is destroyed). */
struct traffic *fleet_beside(struct fleet *fleet, struct traffic *other);
/* Requests a second that the row's pace means, 0: as fast as possible. Sessions that fell silent do not count. */
double fleet_rate(const struct fleet *fleet, const struct row_options *row);
/* When the first of the sessions that fell silent is due to expire, and when the last one has: only then do answers
 * tell how the others bear it. 0 and 0 where none fell silent. */
void fleet_expiring(const struct fleet *fleet, uint64_t *from_us, uint64_t *until_us);
/* Whether the row is over: after its duration; with churn once those that left are back and
 * their joins judged; with silent sessions once every one must have expired; early when the bootnode is draining or the
 * beats' counters are used up. For pump_options.end, with duration_us UINT64_MAX. */
bool fleet_row_over(struct fleet *fleet, uint64_t now_us);
/* Fills in what the fleet knows of the row: sessions, registered, registered_per_s (of the churn; a fill's figure stays
 * when there was none), announce_us, expiry_late_ms, expired_*, announce_missing and disagreements. The lines live
 * until the next fleet_row_begin. */
void fleet_row_end(struct fleet *fleet, struct row_result *out);
/* One more line among the row's disagreements, for what others find: between fleet_row_begin and fleet_row_end. */
void fleet_disagree(struct fleet *fleet, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Sends what is due and takes what came, without waiting. */
void fleet_keep_alive(struct fleet *fleet);
struct fleet_counts fleet_counts(const struct fleet *fleet);

/* A crew: one thread's share of a run. It has rooms of its own with the sessions in them, sockets, and in each row a
 * share of the requests. It is touched by its own thread within a phase, and by the main thread between phases
 * (team.h); what crosses that line stands in struct crew_orders, with its rule. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench/load/fill.h"
#include "bench/load/load_options.h"
#include "bench/load/pump_result.h"
#include "bench/load/run_status.h"
#include "bench/load/share.h"
#include "common/attributes.h"
#include "common/why.h"

struct fleet;
struct progress;
struct traffic;
struct wire;

/* What all crews of a run see. The main thread writes the first fields, between phases only. */
struct crew_orders {
    const struct load_options *options;
    const struct row_options *row;
    uint64_t start_us; /* when the row's first request is due */
    uint32_t count;
    struct progress *progress; /* of which each crew is a part; has a lock of its own */
    atomic_bool halted;        /* raised by any crew whose phase must end for all */
    atomic_uint culprit; /* index and one of the crew that failed first, which is why others did; 0: none failed */
    atomic_uint over;    /* crews that found the row over */
};

struct crew {
    struct crew_orders *orders;
    struct share share;
    struct wire *fleet_wire;
    struct fleet *fleet; /* NULL: no sessions */
    struct wire *beside; /* the row's own wire; NULL: the row is the fleet's */
    struct traffic *traffic;
    bool over; /* is the row, for this crew */
    bool busy; /* when it was kept alive last, registrations were on their way */
    /* What the last phases came to; `why` belongs to RUN_USAGE and RUN_UNANSWERED. */
    enum run_status status;
    struct why why;
    struct fill_result fill;
    struct pump_result pump;
};

/* Number `index`, with its fleet where there are to be sessions. False with `why`. By the main thread, one after the
 * other. */
MUST_USE bool crew_open(struct crew *crew, struct crew_orders *orders, uint32_t index, struct why *why);
/* Also of one that did not open. */
void crew_close(struct crew *crew);

/* The phases of a row, in their order. Each sets `status`, and one that fails raises `halted`. */
void crew_fill(struct crew *crew);
void crew_begin(struct crew *crew);   /* the fleet is made ready for the row */
void crew_prepare(struct crew *crew); /* its requests are, on a wire beside where crew_open_beside came first */
void crew_drive(struct crew *crew);   /* they are sent, and answered */
/* By the main thread, between phases: the row's own wire, for what is not the fleet's; and all that a row had goes. */
MUST_USE bool crew_open_beside(struct crew *crew, struct why *why);
void crew_end_row(struct crew *crew);

/* Requests a second that it is to send; 0: as fast as possible. */
double crew_rate(const struct crew *crew);
/* For a crew that has nothing to do: its sessions live on. */
void crew_keep_alive(struct crew *crew);

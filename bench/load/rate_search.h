/* The highest rate that a server holds: doubled until one does not hold, then bisected until what holds and what does
 * not are within SEARCH_PRECISION. Pure: rates to try out, verdicts in.
 *
 * Machines are noisy, and servers are: a step that fails is done once more, and fails only when both do; before the
 * search ends, the lowest rate that failed is tried again, and if it holds after all the search goes on above it. A
 * step that holds is believed. So a disturbance costs time, and no rate is found that did not hold. */
#pragma once

#include <stdbool.h>

#include "common/attributes.h"

#define SEARCH_PRECISION 0.02
#define SEARCH_STEPS_MAX 100

enum step_verdict {
    STEP_HELD,
    STEP_LOST,      /* more answers than may be */
    STEP_DISAGREED, /* something else did not go as it must */
    STEP_GENERATOR, /* the generator did not keep the rate: nothing is known of the server */
};

struct rate_search {
    double rate;             /* to try now */
    double least, most;      /* nothing is tried beyond these */
    double holds;            /* the highest that held; 0: none did */
    double fails;            /* the lowest that did not, above `holds`; 0: none did */
    enum step_verdict limit; /* why `fails` does; STEP_HELD: even `most` held */
    bool again, last_look;   /* `rate` failed once; it is `fails`, before the end */
    unsigned steps;
};

void rate_search_begin(struct rate_search *search, double first, double least, double most);
/* What became of `rate`. True when there is another one to try. */
MUST_USE bool rate_search_note(struct rate_search *search, enum step_verdict verdict);

/* When requests are due at a rate: request k at start + k / rate, whatever became of those before. Pure. */
#pragma once

#include <stdint.h>

#include "bench/load/share.h"

#define PACING_ENDLESS UINT64_MAX

struct pacing {
    double rate;       /* a second; 0: all are due at once */
    uint64_t start_us; /* when request 0 is due */
    uint64_t total;    /* requests in all, or PACING_ENDLESS */
};

/* Those due within `duration_us`, or PACING_ENDLESS; without a rate there is no total. */
struct pacing pacing_start(double rate, uint64_t start_us, uint64_t duration_us);
/* The same for one of several that begin together, `rate` being its own: its requests fall between those of the others,
 * and where all have the same rate they are together what one pacing at all their rates would be, to the last one. */
struct pacing pacing_start_share(double rate, struct share share, uint64_t start_us, uint64_t duration_us);
uint64_t pacing_due_us(const struct pacing *pacing, uint64_t number);
/* How many of the requests from `next` on are due, at most `most`. */
uint64_t pacing_due(const struct pacing *pacing, uint64_t next, uint64_t now_us, uint64_t most);
/* How many requests the schedule has come to by `now_us`, sent or not; 0 without a rate. */
uint64_t pacing_come_to(const struct pacing *pacing, uint64_t now_us);

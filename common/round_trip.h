/* The round trip of a path, and how long an answer is waited for before what asked for it counts as lost, as RFC 6298
 * has it (§2, with alpha = 1/8, beta = 1/4 and a clock of 1 ms). All zero at first. Karn's rule is the caller's: of
 * what was sent more than once only an answer that says which copy it is for is a sample. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define ROUND_TRIP_FIRST_MS 1000 /* the timeout until something was measured: RFC 6298 §2.1 */
#define ROUND_TRIP_EXCESS_MOST_MS 10000
#define ROUND_TRIP_MOST_US 20000000 /* so much counts at most */

struct round_trip {
    bool measured;
    uint32_t smoothed_us, variation_us;
};

void round_trip_sample(struct round_trip *trip, uint64_t us);
/* The smoothed round trip and four times its variation. */
uint64_t round_trip_timeout_ms(const struct round_trip *trip);
/* By how much longer than ROUND_TRIP_FIRST_MS an answer may take, ROUND_TRIP_EXCESS_MOST_MS at most. A time that is
 * right for paths whose answers come within a second is right for a longer one when it is longer by this. */
uint64_t round_trip_excess_ms(uint64_t timeout_ms);

#include "common/round_trip.h"

static uint32_t difference(uint32_t a, uint32_t b) {
    return a > b ? a - b : b - a;
}

void round_trip_sample(struct round_trip *trip, uint64_t sample_us) {
    uint32_t us = sample_us < ROUND_TRIP_MOST_US ? (uint32_t)sample_us : ROUND_TRIP_MOST_US;
    if (trip->measured) {
        trip->variation_us = (3 * trip->variation_us + difference(trip->smoothed_us, us)) / 4;
        trip->smoothed_us = (7 * trip->smoothed_us + us) / 8;
    } else {
        trip->smoothed_us = us;
        trip->variation_us = us / 2;
        trip->measured = true;
    }
}

uint64_t round_trip_timeout_ms(const struct round_trip *trip) {
    if (!trip->measured) return ROUND_TRIP_FIRST_MS;
    return (trip->smoothed_us + UINT64_C(4) * trip->variation_us) / 1000 + 1;
}

uint64_t round_trip_excess_ms(uint64_t timeout_ms) {
    uint64_t excess = timeout_ms > ROUND_TRIP_FIRST_MS ? timeout_ms - ROUND_TRIP_FIRST_MS : 0;
    return excess < ROUND_TRIP_EXCESS_MOST_MS ? excess : ROUND_TRIP_EXCESS_MOST_MS;
}

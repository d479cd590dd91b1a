/* The clocks. Pure modules never call these: they are handed the time, so that tests own it. */
#pragma once

#include <stdint.h>

/* A time that does not come: nothing is due. */
#define NEVER UINT64_MAX

static inline uint64_t later(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}
static inline uint64_t earlier(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

/* CLOCK_MONOTONIC in nanoseconds and milliseconds: for the bootnode, unmoved by the wall clock. */
uint64_t clock_monotonic_ns(void);
uint64_t clock_monotonic_ms(void);
/* CLOCK_BOOTTIME in milliseconds: for the client, counts time spent suspended. */
uint64_t clock_boot_ms(void);
/* Milliseconds since 1970-01-01 UTC: only for what people see. */
uint64_t clock_wall_ms(void);

#define CLOCK_PAUSE_LEAST_MS 5000
/* We wanted to run again at `expected`, in ms, and it is `now`: for how long were we stopped or suspended? 0 when that
 * is no more than a busy machine may bring. */
uint64_t clock_pause(uint64_t expected, uint64_t now);

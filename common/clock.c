#include "common/clock.h"

#include <time.h>

static uint64_t now_ns(clockid_t clock) {
    struct timespec now;
    /* Cannot fail: these clocks exist on every Linux that runs us. */
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

uint64_t clock_monotonic_ns(void) {
    return now_ns(CLOCK_MONOTONIC);
}

uint64_t clock_monotonic_ms(void) {
    return now_ns(CLOCK_MONOTONIC) / 1000000;
}

uint64_t clock_boot_ms(void) {
    return now_ns(CLOCK_BOOTTIME) / 1000000;
}

uint64_t clock_wall_ms(void) {
    return now_ns(CLOCK_REALTIME) / 1000000;
}

uint64_t clock_pause(uint64_t expected, uint64_t now) {
    return now > expected && now - expected >= CLOCK_PAUSE_LEAST_MS ? now - expected : 0;
}

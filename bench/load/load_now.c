#include "bench/load/load_now.h"

#include "common/clock.h"

uint64_t load_now_us(void) {
    return clock_monotonic_ns() / 1000;
}

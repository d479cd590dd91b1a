#include "bootnode/clock_watch.h"

static int64_t notable(int64_t ms) {
    return ms >= CLOCK_WATCH_LEAST_MS || ms <= -CLOCK_WATCH_LEAST_MS ? ms : 0;
}

/* While the machine sleeps, the clock on the wall goes on as the one since the boot does. */
struct clock_steps clock_watch_look(struct clock_watch *watch, uint64_t monotonic_ms, uint64_t boot_ms,
                                    uint64_t wall_ms) {
    const struct clock_watch before = *watch;
    *watch = (struct clock_watch){
        .started = true, .wall = (int64_t)(wall_ms - monotonic_ms), .boot = (int64_t)(boot_ms - monotonic_ms)};
    if (!before.started) return (struct clock_steps){.slept = 0};
    int64_t slept = notable(watch->boot - before.boot);
    return (struct clock_steps){.stepped = notable(watch->wall - before.wall - slept), .slept = slept};
}

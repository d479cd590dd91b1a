/* The machine's clocks, watched: whoever reads the log has to know when its times jumped, and why clients were told
 * another time. Sessions are timed by the monotonic clock, so nobody is gone for it. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define CLOCK_WATCH_LEAST_MS 2000 /* less is how clocks are kept right */

struct clock_watch {
    bool started;
    int64_t wall, boot; /* ms, less the monotonic clock's, when it was looked at last */
};

/* What happened since the last look, in ms; 0: nothing. */
struct clock_steps {
    int64_t stepped; /* the clock was set: forward, or (negative) back */
    int64_t slept;   /* the machine was suspended */
};

/* Takes the three clocks (clock.h) at one moment. The first look finds nothing. */
struct clock_steps clock_watch_look(struct clock_watch *watch, uint64_t monotonic_ms, uint64_t boot_ms,
                                    uint64_t wall_ms);

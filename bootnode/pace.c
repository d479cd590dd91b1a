#include "bootnode/pace.h"

/* What the pause is multiplied with, in parts of this. */
#define ONE 1024u
#define MOST (2 * ONE)
#define LEAST (ONE * 4 / 5)
#define WINDOWS_MOST 32 /* so many without anything to do bring the most to the least */

void pace_spent(struct pace *pace, uint64_t spent_ns) {
    pace->spent_ns += spent_ns;
}

static uint32_t clamp(uint64_t value, uint32_t least, uint32_t most) {
    return value < least ? least : value > most ? most : (uint32_t)value;
}

static uint32_t change(uint32_t pause_ms, uint64_t spent_ns, uint64_t took_ms) {
    uint64_t windows = took_ms / PACE_WINDOW_MS;
    uint32_t factor = clamp(spent_ns * ONE * PACE_SHARE / (took_ms * 1000000), LEAST, MOST);
    if (windows > WINDOWS_MOST) windows = WINDOWS_MOST;
    if (factor >= ONE) windows = 1;
    for (; windows > 0; windows--) pause_ms = clamp((uint64_t)pause_ms * factor / ONE, PACE_LEAST_MS, PACE_MOST_MS);
    return pause_ms;
}

uint32_t pace_pause(struct pace *pace, uint64_t now) {
    uint64_t took_ms = now - pace->since;
    if (pace->pause_ms == 0) pace->pause_ms = PACE_LEAST_MS;
    if (now >= pace->since && took_ms < PACE_WINDOW_MS) return pace->pause_ms;
    /* The first window, and one in which the clock fell back, say nothing. */
    if (now > pace->since && pace->since > 0) pace->pause_ms = change(pace->pause_ms, pace->spent_ns, took_ms);
    pace->since = now;
    pace->spent_ns = 0;
    return pace->pause_ms;
}

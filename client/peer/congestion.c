#include "client/peer/congestion.h"

#include <string.h>

#include "common/clock.h"
#include "common/holds.h"

#define ROUND_TRIP_LIFE_MS 10000
#define PROBE_ROUND_TRIP_MS 200
#define BURST_MS 2
#define FULL_ROUNDS 3 /* without a quarter more: the pipe is full */
#define GAIN_UNIT 100
#define STARTUP_GAIN 289 /* 2/ln 2: doubles each round trip */
#define WINDOW_GAIN 200

/* A cycle sends a quarter more for one round trip, drains what that queued, then cruises. */
static const unsigned cycle_gains[] = {125, 75, 100, 100, 100, 100, 100, 100};

#define CYCLE_PARTS (sizeof cycle_gains / sizeof *cycle_gains)

void congestion_init(struct congestion *congestion) {
    memset(congestion, 0, sizeof *congestion);
}

uint64_t congestion_bandwidth(const struct congestion *congestion) {
    uint64_t highest = 0;
    for (size_t i = 0; i < CONGESTION_ROUNDS; i++)
        if (congestion->rates[i] > highest) highest = congestion->rates[i];
    return highest;
}

static uint64_t product(const struct congestion *congestion) {
    return congestion_bandwidth(congestion) * congestion->round_trip / 1000;
}

size_t congestion_window(const struct congestion *congestion) {
    if (congestion_bandwidth(congestion) == 0 || congestion->round_trip == 0) return CONGESTION_WINDOW_FIRST;
    if (congestion->phase == CONGESTION_PROBE_ROUND_TRIP) return CONGESTION_WINDOW_MIN;
    unsigned gain = congestion->phase == CONGESTION_PROBE_BANDWIDTH ? WINDOW_GAIN : STARTUP_GAIN;
    uint64_t window = product(congestion) * gain / GAIN_UNIT + CONGESTION_PACKET;
    return window > CONGESTION_WINDOW_MIN ? (size_t)window : CONGESTION_WINDOW_MIN;
}

static bool is_measured(const struct congestion *congestion) {
    return congestion_bandwidth(congestion) > 0 && congestion->round_trip > 0;
}

bool congestion_holds(const struct congestion *congestion) {
    size_t window = congestion_window(congestion);
    return window >= CONGESTION_WINDOW_MIN && (is_measured(congestion) || window == CONGESTION_WINDOW_FIRST) &&
           congestion_due(congestion, CONGESTION_PACKET, 0, 1) == 1 && congestion->cycle < CYCLE_PARTS;
}

/* Bytes a second; 0: not paced yet. */
static uint64_t pacing_rate(const struct congestion *congestion) {
    unsigned gain = GAIN_UNIT;
    switch (congestion->phase) {
    case CONGESTION_STARTUP: gain = STARTUP_GAIN; break;
    case CONGESTION_DRAIN: gain = GAIN_UNIT * GAIN_UNIT / STARTUP_GAIN; break;
    case CONGESTION_PROBE_BANDWIDTH: gain = cycle_gains[congestion->cycle]; break;
    case CONGESTION_PROBE_ROUND_TRIP: break;
    }
    return congestion_bandwidth(congestion) * gain / GAIN_UNIT;
}

static uint64_t burst(uint64_t rate) {
    uint64_t bytes = rate * BURST_MS / 1000;
    return 1000 * (bytes > CONGESTION_WINDOW_MIN ? bytes : CONGESTION_WINDOW_MIN);
}

/* What may go out by pacing at `now`, in thousandths of bytes. */
static uint64_t tokens_at(const struct congestion *congestion, uint64_t rate, uint64_t now) {
    uint64_t most = burst(rate), passed = now > congestion->filled ? now - congestion->filled : 0;
    if (congestion->tokens >= most || passed > (most - congestion->tokens) / rate) return most;
    return congestion->tokens + rate * passed;
}

bool congestion_allows(struct congestion *congestion, size_t bytes, size_t in_flight, uint64_t now) {
    return congestion_due(congestion, bytes, in_flight, now) <= now;
}

uint64_t congestion_due(const struct congestion *congestion, size_t bytes, size_t in_flight, uint64_t now) {
    if (in_flight == 0) return now; /* else who said little on a far path, and so measured little, would wait */
    if (in_flight + bytes > congestion_window(congestion)) return NEVER;
    uint64_t rate = pacing_rate(congestion);
    if (rate == 0) return now;
    uint64_t tokens = tokens_at(congestion, rate, now), wanted = 1000 * (uint64_t)bytes;
    return tokens >= wanted ? now : now + (wanted - tokens + rate - 1) / rate;
}

void congestion_sent(struct congestion *congestion, size_t bytes, size_t in_flight, uint64_t now,
                     struct congestion_mark *mark) {
    uint64_t rate = pacing_rate(congestion), tokens = rate ? tokens_at(congestion, rate, now) : 0;
    congestion->tokens = tokens > 1000 * (uint64_t)bytes ? tokens - 1000 * (uint64_t)bytes : 0;
    congestion->filled = now;
    if (in_flight == 0) congestion->first_sent_at = congestion->delivered_at = now;
    *mark = (struct congestion_mark){.delivered = congestion->delivered,
                                     .delivered_at = congestion->delivered_at,
                                     .first_sent_at = congestion->first_sent_at,
                                     .sent_at = now,
                                     .limited = congestion->limited_until &&
                                                congestion->limited_until >= congestion->delivered};
    HOLDS(congestion_holds(congestion));
}

void congestion_idle(struct congestion *congestion, size_t in_flight) {
    congestion->limited_until = congestion->delivered + (in_flight > 0 ? in_flight : 1);
}

static void enter(struct congestion *congestion, enum congestion_phase phase, uint64_t now) {
    congestion->phase = phase;
    congestion->phase_at = now;
    congestion->cycle = 2; /* cruising: nothing is known to be lacking */
}

static void next_round(struct congestion *congestion, bool limited) {
    congestion->round_end = congestion->delivered;
    if (congestion->phase == CONGESTION_STARTUP && !limited) {
        uint64_t rate = congestion_bandwidth(congestion);
        bool grown = rate * 4 >= congestion->full_rate * 5;
        congestion->full_rounds = grown ? 0 : congestion->full_rounds + 1;
        if (grown) congestion->full_rate = rate;
    }
    congestion->round++;
    /* A sender with little to say learns nothing new: what is known stays. */
    if (!limited) congestion->rates[congestion->round % CONGESTION_ROUNDS] = 0;
}

static void take_rate(struct congestion *congestion, const struct congestion_mark *mark, uint64_t now) {
    uint64_t sent = mark->sent_at - mark->first_sent_at, acknowledged = now - mark->delivered_at;
    uint64_t interval = sent > acknowledged ? sent : acknowledged;
    if (interval < congestion->round_trip) return; /* it answers an earlier copy: nothing comes back as soon as that */
    uint64_t rate = (congestion->delivered - mark->delivered) * 1000 / (interval ? interval : 1);
    uint64_t *highest = &congestion->rates[congestion->round % CONGESTION_ROUNDS];
    if (mark->limited && rate <= congestion_bandwidth(congestion)) return;
    if (rate > *highest) *highest = rate;
}

/* Whole milliseconds, so at least one. */
static void take_round_trip(struct congestion *congestion, uint64_t sent_at, uint64_t now) {
    uint64_t round_trip = now > sent_at ? now - sent_at : 1;
    bool old = now - congestion->round_trip_at >= ROUND_TRIP_LIFE_MS;
    if (congestion->round_trip && round_trip > congestion->round_trip && !old) return;
    if (old && congestion->round_trip && congestion->phase == CONGESTION_PROBE_BANDWIDTH &&
        congestion->limited_until <= congestion->delivered && round_trip > congestion->round_trip) {
        enter(congestion, CONGESTION_PROBE_ROUND_TRIP, now);
        return;
    }
    congestion->round_trip = round_trip;
    congestion->round_trip_at = now;
}

static void end_round_trip_probe(struct congestion *congestion, uint64_t sent_at, uint64_t now) {
    if (now - congestion->phase_at < PROBE_ROUND_TRIP_MS) return;
    congestion->round_trip = now > sent_at ? now - sent_at : 1;
    congestion->round_trip_at = now;
    enter(congestion, CONGESTION_PROBE_BANDWIDTH, now);
}

static void advance(struct congestion *congestion, size_t in_flight, uint64_t now) {
    if (congestion->phase == CONGESTION_STARTUP && congestion->full_rounds >= FULL_ROUNDS)
        enter(congestion, CONGESTION_DRAIN, now);
    if (congestion->phase == CONGESTION_DRAIN && in_flight <= product(congestion) + CONGESTION_PACKET)
        enter(congestion, CONGESTION_PROBE_BANDWIDTH, now);
    if (congestion->phase != CONGESTION_PROBE_BANDWIDTH || now - congestion->phase_at < congestion->round_trip) return;
    congestion->cycle = (congestion->cycle + 1) % CYCLE_PARTS;
    congestion->phase_at = now;
}

void congestion_acknowledged(struct congestion *congestion, size_t bytes, const struct congestion_mark *mark,
                             bool fresh, size_t in_flight, uint64_t now) {
    congestion->delivered += bytes;
    congestion->delivered_at = now;
    if (mark->delivered >= congestion->round_end) next_round(congestion, mark->limited);
    take_rate(congestion, mark, now);
    if (mark->sent_at > congestion->first_sent_at) congestion->first_sent_at = mark->sent_at;
    if (congestion->phase == CONGESTION_PROBE_ROUND_TRIP) {
        if (fresh) end_round_trip_probe(congestion, mark->sent_at, now);
    } else {
        if (fresh) take_round_trip(congestion, mark->sent_at, now);
        advance(congestion, in_flight, now);
    }
    HOLDS(congestion_holds(congestion));
}

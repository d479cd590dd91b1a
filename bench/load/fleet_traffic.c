#include "bench/load/fleet_traffic.h"

#include <stdlib.h>

#include "bench/load/beats.h"
#include "bench/load/fleet.h"
#include "bench/load/fleet_parts.h"
#include "bench/load/inbox.h"
#include "bench/load/load_now.h"
#include "bench/load/traffic.h"

#define COMEBACK_TURN_US 1000

/* --- The row's beats --- */

static void remember_asked(struct fleet *fleet, uint32_t member, uint64_t number, uint64_t now_us) {
    fleet->asked[fleet->counter % ASKED_RING] =
        (struct asked){.counter = fleet->counter, .member = member, .number = number};
    fleet->row.asked++;
    fleet->row.asked_at_us = now_us;
}

static size_t next_beat(void *context, size_t socket, uint64_t *number, uint64_t now_us, uint8_t *out) {
    struct fleet *fleet = context;
    uint32_t member;
    if (fleet->at_rest) return 0;
    if (!beats_next_turn(fleet, socket, now_us, &member)) {
        if (fleet_missing(fleet) > 0 && fleet->row.options.pace != PACE_MAX) *number = TRAFFIC_PASSED;
        return 0;
    }
    bool ask = fleet->row.options.answers == ANSWERS_EVERY || fleet->counter % RARE_ANSWERS == 0;
    size_t size = beats_write(fleet, member, ask, now_us, out);
    if (ask)
        remember_asked(fleet, member, *number, now_us);
    else
        *number = TRAFFIC_NO_ANSWER;
    return size;
}

static uint64_t take_answer(void *context, size_t socket, const uint8_t *data, size_t size, uint64_t now_us) {
    (void)socket;
    return inbox_receive(context, data, size, now_us);
}

/* One registration at a time: its public-key work holds up everything else. Where many come back it may hold it up for
 * a little longer, since that is what is measured then. */
static void live_on(void *context, uint64_t now_us) {
    struct fleet *fleet = context;
    uint64_t end_us = now_us + (fleet_missing(fleet) > 0 ? COMEBACK_TURN_US : 0);
    while (fleet_step(fleet, 1, now_us) && now_us < end_us) now_us = load_now_us();
}

static void keep(void *context) {
    (void)context;
}

struct traffic *fleet_traffic_beats(struct fleet *fleet, const struct row_options *row) {
    fleet->at_rest = row->traffic == TRAFFIC_NONE;
    fleet->beats = (struct traffic){
        .request = next_beat, .answer = take_answer, .idle = live_on, .destroy = keep, .context = fleet};
    return &fleet->beats;
}

double fleet_traffic_rate(const struct fleet *fleet, const struct row_options *row) {
    uint64_t living = 0;
    if (row->pace == PACE_RATE) return row->rate * fleet->count / fleet->all;
    if (row->pace == PACE_MAX) return 0;
    for (size_t i = 0; i < fleet->sockets; i++) living += fleet->order.turns[i].count;
    return (double)living / row->interval_s;
}

/* --- Beside another traffic --- */

struct beside {
    struct traffic traffic;
    struct fleet *fleet;
    struct traffic *other;
};

static size_t others_request(void *context, size_t socket, uint64_t *number, uint64_t now_us, uint8_t *out) {
    struct traffic *other = ((struct beside *)context)->other;
    return other->request(other->context, socket, number, now_us, out);
}

static uint64_t others_answer(void *context, size_t socket, const uint8_t *data, size_t size, uint64_t now_us) {
    struct traffic *other = ((struct beside *)context)->other;
    return other->answer(other->context, socket, data, size, now_us);
}

static void live_beside(void *context, uint64_t now_us) {
    const struct beside *beside = context;
    if (beside->other->idle) beside->other->idle(beside->other->context, now_us);
    (void)fleet_keep_alive(beside->fleet);
}

static void destroy_beside(void *context) {
    traffic_destroy(((struct beside *)context)->other);
    free(context);
}

struct traffic *fleet_traffic_beside(struct fleet *fleet, struct traffic *other) {
    struct beside *beside = calloc(1, sizeof *beside);
    if (!beside) {
        traffic_destroy(other);
        return NULL;
    }
    *beside = (struct beside){.traffic = {.request = others_request,
                                          .answer = others_answer,
                                          .idle = live_beside,
                                          .destroy = destroy_beside,
                                          .context = beside},
                              .fleet = fleet,
                              .other = other};
    return &beside->traffic;
}

#include "bench/load/pump.h"

#include <string.h>
#include <sys/prctl.h>

#include "bench/load/flight.h"
#include "bench/load/interrupt.h"
#include "bench/load/load_now.h"
#include "bench/load/pacing.h"

#define LATE_US 10000
#define PROGRESS_US 100000
/* A lost answer's place in the window is free again after that long. */
#define HELD_US 250000
/* A wait shorter than this may well oversleep: the remainder is spun. */
#define SPIN_US 50
#define WAIT_MOST_US 1000 /* whatever we wait for, the traffic's own work goes on */
#define SLICE_US 10000    /* more than this between two looks was not ours: the machine ran others, or stood still */
#define RECEIVE_LIMIT 1024
/* As fast as possible, a second of requests at a million a second. */
#define FLIGHT_MAX_PACE 1048576
#define FLIGHT_MIN 8192
#define FLIGHT_MAX 4194304

struct pump {
    struct wire *wire;
    struct traffic *traffic;
    const struct pump_options *options;
    struct pump_result *result;
    struct pacing pacing;
    struct flight flight;
    uint64_t window;
    size_t socket;        /* whose turn it is */
    uint64_t next;        /* number of the next request */
    uint64_t progress_us; /* when progress was told last */
    bool dry;             /* no socket had anything to send */
};

/* Requests that the burst in hand consists of. */
struct handful {
    size_t count, passed;
    uint64_t numbers[WIRE_BURST]; /* TRAFFIC_NO_ANSWER, or the request's */
    uint64_t due_us[WIRE_BURST];
};

static uint64_t due_us(const struct pump *pump, uint64_t number, uint64_t now_us) {
    return pump->pacing.rate > 0 ? pacing_due_us(&pump->pacing, number) : now_us;
}

static void fill_burst(struct pump *pump, size_t socket, size_t most, uint64_t now_us, struct handful *out) {
    out->count = out->passed = 0;
    while (out->count + out->passed < most) {
        uint8_t *place = wire_reserve(pump->wire, socket);
        uint64_t number = pump->next + out->count + out->passed;
        out->due_us[out->count] = due_us(pump, number, now_us);
        size_t size = place ? pump->traffic->request(pump->traffic->context, socket, &number, now_us, place) : 0;
        bool passed = place && size == 0 && number == TRAFFIC_PASSED;
        out->passed += passed;
        if (passed) continue;
        if (size == 0) return;
        wire_commit(pump->wire, socket, size);
        out->numbers[out->count++] = number;
    }
}

static void note_sent(struct pump *pump, const struct handful *sent, size_t taken, uint64_t now_us) {
    struct pump_result *result = pump->result;
    pump->next += sent->count + sent->passed;
    result->passed += sent->passed;
    if (sent->count == 0) return;
    for (size_t i = 0; i < taken; i++) {
        if (now_us > sent->due_us[i] + LATE_US) result->late++;
        if (sent->numbers[i] == TRAFFIC_NO_ANSWER) continue;
        flight_add(&pump->flight, sent->numbers[i], sent->due_us[i]);
        result->expected++;
    }
    result->sent += taken;
    result->send_failed += sent->count - taken;
    if (result->first_us == 0) result->first_us = sent->due_us[0]; /* a late start is no higher rate */
    result->elapsed_us = now_us - result->first_us;
}

/* One burst, from the first socket that has something to send. */
static void send_burst(struct pump *pump, size_t most, uint64_t now_us) {
    struct handful handful = {.count = 0};
    size_t sockets = wire_sockets(pump->wire);
    for (size_t tried = 0; tried < sockets && handful.count + handful.passed == 0; tried++) {
        size_t socket = pump->socket;
        pump->socket = socket + 1 < sockets ? socket + 1 : 0;
        wire_flush(pump->wire, socket); /* what the traffic's idle work may have left there */
        fill_burst(pump, socket, most, now_us, &handful);
        note_sent(pump, &handful, wire_flush(pump->wire, socket), now_us);
    }
    pump->dry = handful.count + handful.passed == 0;
}

static size_t due_now(struct pump *pump, uint64_t now_us) {
    if (pump->pacing.rate > 0) return (size_t)pacing_due(&pump->pacing, pump->next, now_us, WIRE_BURST);
    flight_age(&pump->flight, now_us > HELD_US ? now_us - HELD_US : 0);
    uint64_t places = pump->flight.held < pump->window ? pump->window - pump->flight.held : 0;
    return places < WIRE_BURST ? (size_t)places : WIRE_BURST;
}

static uint64_t wait_us(const struct pump *pump, bool sent, uint64_t now_us) {
    if (pump->dry) return WAIT_MOST_US;
    if (pump->pacing.rate <= 0) return sent ? 0 : WAIT_MOST_US;
    uint64_t due = pacing_due_us(&pump->pacing, pump->next);
    if (due <= now_us + SPIN_US) return 0;
    return due - now_us < WAIT_MOST_US ? due - now_us : WAIT_MOST_US;
}

static bool is_timed(const struct pump_options *options, uint64_t due_us) {
    return due_us >= options->rtt_from_us && (options->rtt_until_us == 0 || due_us < options->rtt_until_us);
}

static void take_answer(void *context, size_t socket, const uint8_t *data, size_t size) {
    struct pump *pump = context;
    uint64_t now_us = load_now_us(), since_us;
    uint64_t number = pump->traffic->answer(pump->traffic->context, socket, data, size, now_us);
    if (number == TRAFFIC_NO_ANSWER || !flight_land(&pump->flight, number, &since_us)) return;
    pump->result->answered++;
    if (is_timed(pump->options, since_us))
        histogram_add(&pump->result->rtt_us, now_us > since_us ? now_us - since_us : 0);
}

/* So far: of those that wait no longer than an answer may take nobody knows yet. */
static void note_lost(struct pump *pump, uint64_t now_us) {
    struct pump_result *result = pump->result;
    flight_age(&pump->flight, now_us > PUMP_LINGER_US ? now_us - PUMP_LINGER_US : 0);
    uint64_t settled = result->answered + pump->flight.held;
    result->lost = result->expected > settled ? result->expected - settled : 0;
}

static void attend(struct pump *pump, uint64_t timeout_us) {
    wire_receive(pump->wire, timeout_us, RECEIVE_LIMIT, take_answer, pump);
    uint64_t now_us = load_now_us();
    if (pump->traffic->idle) pump->traffic->idle(pump->traffic->context, now_us);
    if (!pump->options->progress || now_us < pump->progress_us + PROGRESS_US) return;
    pump->progress_us = now_us;
    note_lost(pump, now_us);
    pump->options->progress(pump->options->context, pump->result, now_us);
}

/* Who falls behind its rate may catch up for a while, but not for ever. */
static bool is_over(const struct pump *pump, uint64_t now_us) {
    const struct pump_options *options = pump->options;
    if (interrupted() || (options->end && options->end(options->context, now_us))) return true;
    if (options->duration_us == PACING_ENDLESS) return false;
    uint64_t end_us = pump->pacing.start_us + options->duration_us;
    return pump->pacing.rate > 0 ? pump->next == pump->pacing.total || now_us >= end_us + PUMP_LINGER_US
                                 : now_us >= end_us;
}

static void send_all(struct pump *pump) {
    for (uint64_t now_us = load_now_us(); !is_over(pump, now_us); now_us = load_now_us()) {
        size_t due = due_now(pump, now_us);
        if (due > 0) send_burst(pump, due, now_us);
        attend(pump, wait_us(pump, due > 0, now_us));
    }
}

/* What was answered while we did not run lies in the sockets: of such a time a slice counts, and what lies there is
 * read at the end, too. */
static void linger(struct pump *pump) {
    uint64_t waited_us = 0;
    for (uint64_t now_us = load_now_us(); waited_us < PUMP_LINGER_US; now_us = load_now_us()) {
        if (pump->result->answered >= pump->result->expected) return;
        attend(pump, WAIT_MOST_US);
        uint64_t passed_us = load_now_us() - now_us;
        waited_us += passed_us < SLICE_US ? passed_us : SLICE_US;
    }
    attend(pump, 0);
}

static size_t flight_capacity(double rate) {
    if (rate <= 0) return FLIGHT_MAX_PACE;
    double wanted = rate * 1.25 * PUMP_LINGER_US / 1e6;
    if (wanted < FLIGHT_MIN) return FLIGHT_MIN;
    return wanted < FLIGHT_MAX ? (size_t)wanted : FLIGHT_MAX;
}

bool pump_run(struct wire *wire, struct traffic *traffic, const struct pump_options *options, struct pump_result *out) {
    struct pump pump = {.wire = wire, .traffic = traffic, .options = options, .result = out};
    pump.window = share_of(PUMP_WINDOW, options->share);
    memset(out, 0, sizeof *out);
    if (!flight_open(&pump.flight, flight_capacity(options->rate))) return false;
    (void)prctl(PR_SET_TIMERSLACK, 1UL);
    uint64_t start_us = options->start_us ? options->start_us : load_now_us();
    pump.pacing = pacing_start_share(options->rate, options->share, start_us, options->duration_us);
    send_all(&pump);
    out->due = pacing_come_to(&pump.pacing, load_now_us());
    if (out->due < pump.next) out->due = pump.next;
    if (options->rate > 0 && out->sent > 0) out->elapsed_us += (uint64_t)(1e6 / options->rate / options->share.count);
    linger(&pump);
    out->lost = out->expected - out->answered;
    flight_close(&pump.flight);
    return true;
}

#include "bench/load/crew.h"

#include <string.h>

#include "bench/load/fall.h"
#include "bench/load/fleet.h"
#include "bench/load/fleet_traffic.h"
#include "bench/load/load_now.h"
#include "bench/load/pacing.h"
#include "bench/load/progress.h"
#include "bench/load/pump.h"
#include "bench/load/relays.h"
#include "bench/load/row.h"
#include "bench/load/traffic.h"
#include "bench/load/traffic_dns.h"
#include "bench/load/traffic_hello.h"
#include "bench/load/traffic_junk.h"
#include "bench/load/traffic_raw.h"
#include "bench/load/traffic_register.h"
#include "bench/load/traffic_stun.h"
#include "bench/load/traffic_tracker.h"
#include "bench/load/wire.h"

#define SESSIONS_PER_SOCKET 1024
#define FLEET_SOCKETS_MIN 16
#define FLEET_SOCKETS_MAX 1024
#define BESIDE_SOCKETS 16 /* for what is not the fleet's, where there is none */

/* --- Its sockets and its fleet --- */

/* Of all crews together, one each at least. */
static uint64_t all_sockets(const struct crew_orders *orders) {
    uint64_t wanted = orders->options->sessions / SESSIONS_PER_SOCKET;
    if (wanted < FLEET_SOCKETS_MIN) wanted = FLEET_SOCKETS_MIN;
    if (wanted > FLEET_SOCKETS_MAX) wanted = FLEET_SOCKETS_MAX;
    if (orders->options->sessions == 0) wanted = BESIDE_SOCKETS;
    return wanted < orders->count ? orders->count : wanted;
}

/* Wires beside have as many as the fleet's: what a server pays for an answer depends on how many sockets take turns
 * with it. */
static struct wire *open_wire(const struct crew *crew, const struct address *target, struct why *why) {
    const struct load_options *options = crew->orders->options;
    uint64_t all = all_sockets(crew->orders);
    const struct wire_options wire = {.target = *target,
                                      .sources = options->sources,
                                      .sources_bits = options->sources_bits,
                                      .sockets = (size_t)share_of(all, crew->share),
                                      .before = (size_t)share_before(all, crew->share),
                                      .all = (size_t)all,
                                      .segment = !options->apart};
    return wire_open(&wire, why);
}

bool crew_open(struct crew *crew, struct crew_orders *orders, uint32_t index, struct why *why) {
    const struct load_options *options = orders->options;
    crew->orders = orders;
    crew->share = (struct share){.index = index, .count = orders->count};
    if (options->sessions == 0) return true;
    crew->fleet_wire = open_wire(crew, &options->bootnode, why);
    if (!crew->fleet_wire) return false;
    crew->fleet = fleet_create(options, crew->share, crew->fleet_wire, &orders->halted);
    why_fail(why, "out of memory");
    return crew->fleet != NULL;
}

void crew_close(struct crew *crew) {
    if (!crew->orders) return;
    crew_end_row(crew);
    fleet_destroy(crew->fleet);
    wire_close(crew->fleet_wire);
}

void crew_keep_alive(struct crew *crew) {
    crew->busy = crew->fleet && fleet_keep_alive(crew->fleet);
}

static void end_phase(struct crew *crew, enum run_status status) {
    struct crew_orders *orders = crew->orders;
    unsigned none = 0;
    crew->status = status;
    if (status == RUN_OK) return;
    (void)atomic_compare_exchange_strong(&orders->culprit, &none, crew->share.index + 1);
    atomic_store(&orders->halted, true);
}

/* --- Progress --- */

static void note(const struct crew *crew, const struct pump_result *so_far, uint64_t now_us) {
    struct sample sample = {.at_us = now_us};
    if (crew->fleet) {
        struct fleet_counts counts = fleet_counts(crew->fleet);
        sample.registered = counts.registered;
        sample.registering = counts.registering;
        sample.absent = counts.absent;
        sample.living = counts.living;
        sample.silent = counts.fell_silent;
        fleet_nodes(crew->fleet, &sample.nodes);
    }
    if (so_far) sample.pump = *so_far;
    progress_note(crew->orders->progress, crew->share.index, &sample);
}

static void note_fill(void *context, uint64_t registered) {
    (void)registered;
    note(context, NULL, load_now_us());
}

static void note_pump(void *context, const struct pump_result *so_far, uint64_t now_us) {
    note(context, so_far, now_us);
}

/* --- The phases of a row --- */

void crew_fill(struct crew *crew) {
    crew->fill = (struct fill_result){.registered = 0};
    bool filled = !crew->fleet || fill_fleet(crew->fleet, note_fill, crew, &crew->fill, &crew->why);
    end_phase(crew, filled ? RUN_OK : RUN_UNANSWERED);
}

void crew_begin(struct crew *crew) {
    bool begun = !crew->fleet || row_begin(crew->fleet, crew->orders->row, &crew->why);
    end_phase(crew, begun ? RUN_OK : RUN_UNANSWERED);
}

bool crew_open_beside(struct crew *crew, struct why *why) {
    crew->beside = open_wire(crew, &crew->orders->row->target, why);
    return crew->beside != NULL;
}

static struct traffic *make_traffic(struct crew *crew) {
    const struct row_options *row = crew->orders->row;
    why_fail(&crew->why, "out of memory");
    switch (row->traffic) {
    case TRAFFIC_STUN: return traffic_stun();
    case TRAFFIC_RAW: return traffic_raw(row->raw_size, row->echoed);
    case TRAFFIC_DNS: return traffic_dns(row->dns_name, &crew->why);
    case TRAFFIC_TRACKER: return traffic_tracker(wire_sockets(crew->beside));
    case TRAFFIC_HELLO: return traffic_hello();
    case TRAFFIC_REGISTER:
        return traffic_register(wire_sockets(crew->beside), (size_t)share_of(row->stock, crew->share), row->forged);
    case TRAFFIC_RELAY: return relays_traffic(crew->fleet, row->forged);
    case TRAFFIC_JUNK: return traffic_junk(row->junk);
    case TRAFFIC_BEATS:
    case TRAFFIC_NONE: break;
    }
    return fleet_traffic_beats(crew->fleet, row);
}

static void live_on(void *context) {
    crew_keep_alive(context);
}

/* What some requests need before the first one. */
static bool ask_before(struct crew *crew) {
    switch (crew->orders->row->traffic) {
    case TRAFFIC_TRACKER: return traffic_tracker_connect(crew->traffic, crew->beside, &crew->why);
    case TRAFFIC_REGISTER: return traffic_register_prepare(crew->traffic, crew->beside, live_on, crew, &crew->why);
    default: return true;
    }
}

static enum run_status prepare(struct crew *crew) {
    crew->traffic = make_traffic(crew);
    if (!crew->traffic) return RUN_USAGE;
    if (!ask_before(crew)) return RUN_UNANSWERED;
    if (crew->fleet && crew->beside) crew->traffic = fleet_traffic_beside(crew->fleet, crew->traffic);
    why_fail(&crew->why, "out of memory");
    return crew->traffic ? RUN_OK : RUN_UNANSWERED;
}

void crew_prepare(struct crew *crew) {
    end_phase(crew, prepare(crew));
}

double crew_rate(const struct crew *crew) {
    const struct row_options *row = crew->orders->row;
    if (load_options_of_fleet(row)) return fleet_traffic_rate(crew->fleet, row);
    return row->pace == PACE_RATE ? row->rate / crew->share.count : 0;
}

/* Rows that wait for what must come end at another time for each crew; all send until the last one is done. */
static bool ends_together(const struct row_options *row) {
    return row->churn_percent > 0 || row->silent_percent > 0;
}

static bool is_over(void *context, uint64_t now_us) {
    struct crew *crew = context;
    struct crew_orders *orders = crew->orders;
    if (atomic_load_explicit(&orders->halted, memory_order_relaxed)) return true;
    if (!crew->fleet) return false;
    if (!crew->over && row_over(crew->fleet, now_us)) {
        crew->over = true;
        if (row_is_cut(crew->fleet)) atomic_store(&orders->halted, true);
        atomic_fetch_add(&orders->over, 1);
    }
    if (!crew->over || !ends_together(orders->row)) return crew->over;
    return atomic_load_explicit(&orders->over, memory_order_relaxed) == orders->count;
}

void crew_drive(struct crew *crew) {
    const struct crew_orders *orders = crew->orders;
    struct pump_options options = {
        .rate = crew_rate(crew),
        .share = crew->share,
        .start_us = orders->start_us,
        .duration_us = crew->fleet ? PACING_ENDLESS : (uint64_t)(orders->row->duration_s * 1e6),
        .end = is_over,
        .progress = note_pump,
        .context = crew,
    };
    crew->over = false;
    if (crew->fleet) {
        fall_expiring(crew->fleet, &options.rtt_from_us, &options.rtt_until_us);
        row_start(crew->fleet, orders->start_us);
    }
    why_fail(&crew->why, "out of memory");
    bool done = pump_run(crew->beside ? crew->beside : crew->fleet_wire, crew->traffic, &options, &crew->pump);
    end_phase(crew, done ? RUN_OK : RUN_UNANSWERED);
}

void crew_end_row(struct crew *crew) {
    traffic_destroy(crew->traffic);
    wire_close(crew->beside);
    crew->traffic = NULL;
    crew->beside = NULL;
}

#include "bench/load/run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/load/fall.h"
#include "bench/load/fill.h"
#include "bench/load/fleet.h"
#include "bench/load/fleet_traffic.h"
#include "bench/load/interrupt.h"
#include "bench/load/load_now.h"
#include "bench/load/pacing.h"
#include "bench/load/pump.h"
#include "bench/load/relays.h"
#include "bench/load/report.h"
#include "bench/load/row.h"
#include "bench/load/server_figures.h"
#include "bench/load/tally.h"
#include "bench/load/traffic.h"
#include "bench/load/traffic_dns.h"
#include "bench/load/traffic_hello.h"
#include "bench/load/traffic_junk.h"
#include "bench/load/traffic_raw.h"
#include "bench/load/traffic_register.h"
#include "bench/load/traffic_stun.h"
#include "bench/load/traffic_tracker.h"
#include "bench/load/verdict.h"
#include "bench/load/wire.h"
#include "common/clock.h"
#include "common/output.h"
#include "common/why.h"

#define SESSIONS_PER_SOCKET 1024
#define FLEET_SOCKETS_MIN 16
#define FLEET_SOCKETS_MAX 1024
#define BESIDE_SOCKETS 16 /* for what is not the fleet's, where there is none */
#define SETTLE_US 2000000
/* A worker may still be at its last batch when its socket is empty. */
#define AGREE_US 1000000
#define AGREE_STEP_NS 20000000

struct run {
    const struct load_options *options;
    struct wire *fleet_wire;
    struct fleet *fleet;       /* NULL: no sessions */
    struct wire *beside;       /* the row's own wire, NULL: the row is the fleet's */
    struct wire_counts others; /* what wires beside sent to the bootnode, in rows that are over */
    uint64_t stun, stun_answered, beats_answered, hellos_answered, handshakes_forged, junk;
    pid_t pid;                              /* whose memory before the first fill is known */
    uint64_t rss_before, registered_before; /* by the row */
    FILE *json;
    char json_path[LOAD_TEXT_SIZE];
    struct fill_result fill;
    struct row_result result;
    struct tally tally; /* at the end of the row before; without `theirs`: there was none */
    struct disagreements disagreements;
    bool told_others;
    const char *lines[DISAGREEMENTS_MAX];
    const struct row_options *row;
};

static size_t fleet_sockets(uint32_t sessions) {
    size_t wanted = sessions / SESSIONS_PER_SOCKET;
    if (wanted < FLEET_SOCKETS_MIN) wanted = FLEET_SOCKETS_MIN;
    return wanted < FLEET_SOCKETS_MAX ? wanted : FLEET_SOCKETS_MAX;
}

static struct wire *open_wire(const struct load_options *options, const struct address *target, size_t sockets,
                              struct why *why) {
    const struct wire_options wire = {.target = *target,
                                      .sources = options->sources,
                                      .sources_bits = options->sources_bits,
                                      .sockets = sockets,
                                      .segment = !options->apart};
    return wire_open(&wire, why);
}

/* As many as the fleet has: what a server pays for an answer depends on how many sockets take turns with it. */
static size_t beside_sockets(const struct run *run) {
    return run->fleet_wire ? wire_sockets(run->fleet_wire) : BESIDE_SOCKETS;
}

static bool open_fleet(struct run *run, struct why *why) {
    const struct load_options *options = run->options;
    if (options->sessions == 0) return true;
    run->fleet_wire = open_wire(options, &options->bootnode, fleet_sockets(options->sessions), why);
    if (!run->fleet_wire) return false;
    run->fleet = fleet_create(options, run->fleet_wire);
    why_fail(why, "out of memory");
    return run->fleet != NULL;
}

static bool note_memory(struct run *run, struct why *why) {
    struct server_figures figures;
    run->pid = run->options->row.pid;
    if (run->pid == 0) return true;
    bool known = server_figures_read(run->pid, 0, &figures, why);
    run->rss_before = figures.rss_bytes;
    return known;
}

struct run *run_open(const struct load_options *options, struct why *why) {
    struct run *run = calloc(1, sizeof *run);
    why_fail(why, "out of memory");
    if (!run) return NULL;
    run->options = options;
    if (note_memory(run, why) && open_fleet(run, why)) return run;
    run_close(run);
    return NULL;
}

void run_close(struct run *run) {
    if (!run) return;
    fleet_destroy(run->fleet);
    wire_close(run->fleet_wire);
    scrape_destroy(run->tally.theirs);
    if (run->json && run->json != stdout) (void)fclose(run->json);
    free(run);
}

bool run_has_fleet(const struct run *run) {
    return run->fleet != NULL;
}

void run_keep_alive(struct run *run) {
    if (run->fleet) fleet_keep_alive(run->fleet);
}

static bool is_to_bootnode(const struct run *run) {
    return run->options->has_bootnode && address_equal(&run->row->target, &run->options->bootnode);
}

/* --- Progress --- */

static void show_fill(void *context, uint64_t registered) {
    (void)context;
    report_progress("filling", &(struct progress){.registered = registered});
}

static void show_row(void *context, const struct pump_result *so_far, uint64_t now_us) {
    const struct run *run = context;
    struct progress progress = {.registered = run->fleet ? fleet_counts(run->fleet).registered : 0,
                                .sent = so_far->sent,
                                .answered = so_far->answered,
                                .lost = so_far->expected - so_far->answered};
    (void)now_us;
    report_progress(run->row->name, &progress);
}

/* --- Our counts and the bootnode's --- */

static struct wire_counts beside_counts(const struct run *run) {
    return run->beside ? wire_counts(run->beside) : (struct wire_counts){.sent = 0};
}

static bool wants_tally(const struct run *run) {
    return run->options->has_metrics && run->options->has_bootnode;
}

/* Only what does not move any more can be compared. */
static bool take_tally(const struct run *run, struct tally *out, struct why *why) {
    *out = (struct tally){.theirs = NULL};
    if (!wants_tally(run)) return true;
    (void)server_figures_settle(run->options->bootnode.port, SETTLE_US);
    struct wire_counts sent = run->others;
    if (run->fleet) {
        struct wire_counts own = wire_counts(run->fleet_wire);
        struct fleet_counts counts = fleet_counts(run->fleet);
        sent.sent += own.sent;
        sent.failed += own.failed;
        out->beats = counts.beats - counts.beats_reset;
        out->hellos = counts.hellos;
        out->registers = counts.registers;
        out->unsure = counts.unsure;
        out->registered = counts.registered;
        out->left = counts.left;
        out->moved = counts.moved;
        out->fell_silent = counts.fell_silent;
        out->living = counts.living;
    }
    out->hellos += run->others.sent;
    out->registers += run->others.sent;
    out->datagrams = sent.sent;
    out->failed = sent.failed;
    out->stun = run->stun;
    out->stun_answered = run->stun_answered;
    out->beats_answered = run->beats_answered;
    out->hellos_answered = run->hellos_answered;
    out->handshakes_forged = run->handshakes_forged;
    out->junk = run->junk;
    out->theirs = scrape_fetch(&run->options->metrics, why);
    return out->theirs != NULL;
}

/* A row begins where the one before ended: what was sent since may not be worked off yet, and is this row's. */
static bool begin_tally(struct run *run, struct why *why) {
    run->disagreements.count = 0;
    return run->tally.theirs || take_tally(run, &run->tally, why);
}

static void keep_tally(struct run *run, const struct tally *tally) {
    scrape_destroy(run->tally.theirs);
    run->tally = *tally;
}

/* Once a run: neither is anybody's fault. */
static void tell_company(struct run *run) {
    if (run->disagreements.others && !run->told_others)
        fprintf(stderr, "gochat-load: others use this bootnode, too: only what must hold all the same is compared\n");
    if (run->disagreements.restarted)
        fprintf(stderr, "gochat-load: %s: the bootnode was restarted, and counts anew: its counters are not compared\n",
                run->row->name);
    run->told_others |= run->disagreements.others;
}

static bool compare(struct run *run, struct why *why) {
    const struct timespec step = {.tv_nsec = AGREE_STEP_NS};
    if (!wants_tally(run)) return true;
    for (uint64_t end_us = load_now_us() + AGREE_US;;) {
        struct tally after;
        if (!take_tally(run, &after, why)) return false;
        tally_compare(&run->tally, &after, &run->disagreements);
        if (run->disagreements.count == 0 || load_now_us() >= end_us) {
            keep_tally(run, &after);
            tell_company(run);
            return true;
        }
        scrape_destroy(after.theirs);
        (void)nanosleep(&step, NULL);
    }
}

/* --- One row --- */

static struct traffic *make_traffic(struct run *run, struct why *why) {
    const struct row_options *row = run->row;
    why_fail(why, "out of memory");
    switch (row->traffic) {
    case TRAFFIC_STUN: return traffic_stun();
    case TRAFFIC_RAW: return traffic_raw(row->raw_size, row->echoed);
    case TRAFFIC_DNS: return traffic_dns(row->dns_name, why);
    case TRAFFIC_TRACKER: return traffic_tracker(wire_sockets(run->beside));
    case TRAFFIC_HELLO: return traffic_hello();
    case TRAFFIC_REGISTER: return traffic_register(wire_sockets(run->beside), row->stock, row->forged);
    case TRAFFIC_RELAY: return relays_traffic(run->fleet, row->forged);
    case TRAFFIC_JUNK: return traffic_junk(row->junk);
    case TRAFFIC_BEATS:
    case TRAFFIC_NONE: break;
    }
    return fleet_traffic_beats(run->fleet, row);
}

static double rate_of(const struct run *run) {
    if (load_options_of_fleet(run->row)) return fleet_traffic_rate(run->fleet, run->row);
    return run->row->pace == PACE_RATE ? run->row->rate : 0;
}

static bool fleet_is_over(void *context, uint64_t now_us) {
    const struct run *run = context;
    return row_over(run->fleet, now_us);
}

static bool pump(struct run *run, struct traffic *traffic, struct why *why) {
    struct pump_options options = {
        .rate = rate_of(run),
        .duration_us = run->fleet ? PACING_ENDLESS : (uint64_t)(run->row->duration_s * 1e6),
        .end = run->fleet ? fleet_is_over : NULL,
        .progress = show_row,
        .context = run,
    };
    if (run->fleet) fall_expiring(run->fleet, &options.rtt_from_us, &options.rtt_until_us);
    bool done = pump_run(run->beside ? run->beside : run->fleet_wire, traffic, &options, &run->result.pump);
    report_progress_end();
    if (!done) why_fail(why, "out of memory");
    return done;
}

static void live_on(void *context) {
    run_keep_alive(context);
}

/* What some requests need before the first one. */
static bool prepare(struct run *run, struct traffic *traffic, struct why *why) {
    switch (run->row->traffic) {
    case TRAFFIC_TRACKER: return traffic_tracker_connect(traffic, run->beside, why);
    case TRAFFIC_REGISTER: return traffic_register_prepare(traffic, run->beside, live_on, run, why);
    default: return true;
    }
}

/* The row's traffic on its wire; what goes beside the fleet has a wire of its own. */
static enum run_status drive(struct run *run, struct why *why) {
    enum run_status status = RUN_UNANSWERED;
    struct traffic *traffic = make_traffic(run, why);
    if (!traffic) return RUN_USAGE;
    if (!prepare(run, traffic, why)) goto out;
    if (run->fleet && run->beside) traffic = fleet_traffic_beside(run->fleet, traffic);
    why_fail(why, "out of memory");
    if (traffic && pump(run, traffic, why)) status = RUN_OK;
out:
    traffic_destroy(traffic);
    return status;
}

static bool fill(struct run *run, struct why *why) {
    run->fill = (struct fill_result){.registered = 0};
    if (!run->fleet) return true;
    bool filled = fill_fleet(run->fleet, show_fill, run, &run->fill, why);
    report_progress_end();
    return filled;
}

/* The processor time of the fill is the bootnode's, which the row's process need not be. */
static void judge_fill(struct run *run, const struct server_figures *before, const struct server_figures *after) {
    struct row_result *result = &run->result;
    if (run->fill.registered == 0) return;
    result->registered = run->fill.registered;
    if (run->fill.elapsed_us > 0)
        result->registered_per_s = (double)run->fill.registered * 1e6 / (double)run->fill.elapsed_us;
    if (is_to_bootnode(run))
        result->server.cpu_ns_per_registration =
            (double)(after->cpu_ns - before->cpu_ns) / (double)run->fill.registered;
}

static uint64_t packets_to_target(const struct run *run) {
    uint64_t sent = beside_counts(run).sent;
    return run->fleet && is_to_bootnode(run) ? sent + wire_counts(run->fleet_wire).sent : sent;
}

static void judge_server(struct run *run, const struct server_figures *before, const struct server_figures *after,
                         uint64_t sent) {
    struct row_result *result = &run->result;
    uint64_t dropped = after->drops > before->drops ? after->drops - before->drops : 0;
    result->has_server = run->row->pid != 0;
    result->server.dropped = dropped;
    result->server.packets = sent > dropped ? sent - dropped : 0;
    result->server.cpu_ns = after->cpu_ns > before->cpu_ns ? after->cpu_ns - before->cpu_ns : 0;
    result->server.rss_bytes = after->rss_bytes;
    if (result->server.packets > 0)
        result->server.cpu_ns_per_packet = (double)result->server.cpu_ns / (double)result->server.packets;
    if (run->fleet && run->pid == run->row->pid && after->rss_bytes > run->rss_before)
        result->server.rss_bytes_per_session =
            (double)(after->rss_bytes - run->rss_before) / (double)run->options->sessions;
}

static bool settled_figures(const struct run *run, struct server_figures *out, struct why *why) {
    (void)server_figures_settle(run->row->target.port, SETTLE_US);
    return server_figures_read(run->row->pid, run->row->target.port, out, why);
}

/* What there is to report of it; no row was begun. */
static enum run_status cut_fill(struct run *run) {
    struct row_result *result = &run->result;
    struct fleet_counts counts = fleet_counts(run->fleet);
    result->cut = (struct cut){.interrupted = true,
                               .filling = true,
                               .after_us = (clock_wall_ms() - result->started_ms) * 1000,
                               .fill_unanswered = counts.registering,
                               .fill_never_due = counts.absent};
    result->sessions = run->options->sessions;
    result->registered = counts.registered - run->registered_before;
    return RUN_OK;
}

/* A row that was cut after its beginning. */
static void note_cut(struct run *run) {
    struct row_result *result = &run->result;
    double planned = result->rate * run->row->duration_s;
    if (!interrupted() || result->cut.filling) return;
    result->cut = (struct cut){.interrupted = true, .after_us = result->pump.elapsed_us};
    if (planned > (double)result->pump.due) result->cut.never_due = (uint64_t)planned - result->pump.due;
}

/* Filled, begun, driven; `run->result` and what wires beside sent are noted. */
static enum run_status measure(struct run *run, struct why *why) {
    const struct row_options *row = run->row;
    struct server_figures first, before, after;
    if (!settled_figures(run, &first, why)) return RUN_USAGE;
    if (!fill(run, why)) return interrupted() ? cut_fill(run) : RUN_UNANSWERED;
    if (run->fleet && !row_begin(run->fleet, row, why)) return RUN_UNANSWERED;
    if (!load_options_of_fleet(row)) {
        run->beside = open_wire(run->options, &row->target, beside_sockets(run), why);
        if (!run->beside) return RUN_USAGE;
    }
    if (!settled_figures(run, &before, why)) return RUN_USAGE;
    uint64_t sent = packets_to_target(run);
    run->result.rate = rate_of(run);
    run->result.measured_ms = clock_wall_ms();
    enum run_status status = drive(run, why);
    if (status != RUN_OK) return status;
    if (!settled_figures(run, &after, why)) return RUN_UNANSWERED;
    judge_fill(run, &first, &before);
    judge_server(run, &before, &after, packets_to_target(run) - sent);
    return RUN_OK;
}

static void count_beside(struct run *run, const struct pump_result *pumped) {
    switch (run->row->traffic) {
    case TRAFFIC_STUN:
        run->stun += pumped->sent;
        run->stun_answered += pumped->answered;
        break;
    case TRAFFIC_HELLO: run->hellos_answered += pumped->answered; break;
    case TRAFFIC_REGISTER: run->handshakes_forged += run->row->forged ? pumped->sent : 0; break;
    case TRAFFIC_JUNK: run->junk += pumped->sent; break;
    default: break;
    }
}

/* What the row's own wire sent counts on, and the wire goes. */
static void end_beside(struct run *run) {
    const struct pump_result *pumped = &run->result.pump;
    struct wire_counts counts = beside_counts(run);
    if (is_to_bootnode(run)) {
        run->others.sent += counts.sent;
        run->others.failed += counts.failed;
        count_beside(run, pumped);
    }
    if (run->row->traffic == TRAFFIC_BEATS) run->beats_answered += pumped->answered;
    wire_close(run->beside);
    run->beside = NULL;
}

/* Before the row is measured: a file that cannot be had is worth knowing before a million sessions are. */
static bool open_json(struct run *run, struct why *why) {
    const char *path = run->row->json;
    if (path[0] == '\0' || strcmp(path, "-") == 0 || (run->json && strcmp(path, run->json_path) == 0)) return true;
    if (run->json) (void)fclose(run->json);
    run->json = fopen(path, "we");
    memcpy(run->json_path, path, sizeof run->json_path);
    if (!run->json) why_fail(why, "--json '%s': %s", path, strerror(errno));
    return run->json != NULL;
}

static bool report(struct run *run, struct why *why) {
    const struct row_result *result = &run->result;
    const char *path = run->row->json;
    bool text = path[0] == '\0', to_file = !text && strcmp(path, "-") != 0;
    bool written = text ? report_text(stdout, result) : report_json(to_file ? run->json : stdout, result);
    why->text[0] = '\0';
    if (!written && to_file) why_fail(why, "--json '%s': %s", path, strerror(errno));
    if (!written && !to_file) output_failed("gochat-load", errno);
    for (size_t i = 0; !text && i < result->disagreement_count; i++)
        fprintf(stderr, "gochat-load: %s: %s\n", result->name, result->disagreements[i]);
    return written;
}

/* Lines of ours join those of the fleet, where there is one. */
static void conclude(struct run *run) {
    struct row_result *result = &run->result;
    for (size_t i = 0; i < run->disagreements.count; i++) {
        run->lines[i] = run->disagreements.lines[i];
        if (run->fleet) verdict_add(run->fleet, "%s", run->lines[i]);
    }
    result->disagreements = run->lines;
    result->disagreement_count = run->disagreements.count;
    if (run->fleet && !result->cut.filling) row_end(run->fleet, result);
    note_cut(run);
    result->ended_ms = clock_wall_ms();
}

static bool never_answered(const struct run *run, struct why *why) {
    char text[ADDRESS_TEXT_SIZE];
    why_fail(why, "%s: nothing came back from %s", run->row->name, address_format(&run->row->target, text));
    return run->result.pump.expected > 0 && run->result.pump.answered == 0 && !interrupted();
}

enum run_status run_row(struct run *run, const struct row_options *row, struct why *why) {
    memset(&run->result, 0, sizeof run->result);
    run->row = row;
    run->result.name = row->name;
    run->result.options = run->options;
    run->result.row = row;
    run->result.started_ms = clock_wall_ms();
    run->registered_before = run->fleet ? fleet_counts(run->fleet).registered : 0;
    if (!open_json(run, why)) return RUN_USAGE;
    if (!begin_tally(run, why)) return RUN_UNANSWERED;
    enum run_status status = measure(run, why);
    end_beside(run);
    if (status == RUN_OK && !interrupted() && !compare(run, why)) status = RUN_UNANSWERED;
    if (status != RUN_OK) return status;
    conclude(run);
    if (!report(run, why)) return RUN_USAGE;
    if (never_answered(run, why)) return RUN_UNANSWERED;
    return run->result.disagreement_count > 0 ? RUN_DISAGREED : RUN_OK;
}

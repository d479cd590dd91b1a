#include "bench/load/run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/load/crews.h"
#include "bench/load/disagreements.h"
#include "bench/load/interrupt.h"
#include "bench/load/load_now.h"
#include "bench/load/progress.h"
#include "bench/load/report.h"
#include "bench/load/row_facts.h"
#include "bench/load/server_figures.h"
#include "bench/load/tally.h"
#include "bench/load/verdict.h"
#include "common/clock.h"
#include "common/output.h"
#include "common/why.h"

#define SETTLE_US 2000000
/* A worker may still be at its last batch when its socket is empty. */
#define AGREE_US 1000000
#define AGREE_STEP_NS 20000000

struct run {
    const struct load_options *options;
    struct progress *progress; /* a part is a crew */
    struct crews *crews;
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
    struct row_facts facts;
    const struct row_options *row;
};

static bool note_memory(struct run *run, struct why *why) {
    struct server_figures figures;
    run->pid = run->options->row.pid;
    if (run->pid == 0) return true;
    bool known = server_figures_read(run->pid, 0, &figures, why);
    run->rss_before = figures.rss_bytes;
    return known;
}

static bool open_crews(struct run *run, struct why *why) {
    run->progress = progress_open(run->options, crews_wanted(run->options), why);
    if (run->progress) run->crews = crews_open(run->options, run->progress, why);
    return run->crews != NULL;
}

struct run *run_open(const struct load_options *options, struct why *why) {
    struct run *run = calloc(1, sizeof *run);
    why_fail(why, "out of memory");
    if (!run) return NULL;
    run->options = options;
    if (note_memory(run, why) && open_crews(run, why)) return run;
    struct why unwritten; /* no line was */
    (void)run_close(run, &unwritten);
    return NULL;
}

bool run_close(struct run *run, struct why *why) {
    crews_close(run->crews);
    bool told = progress_close(run->progress, why);
    scrape_destroy(run->tally.theirs);
    if (run->json && run->json != stdout) (void)fclose(run->json);
    free(run);
    return told;
}

bool run_has_fleet(const struct run *run) {
    return run->options->sessions > 0;
}

bool run_keep_alive(struct run *run) {
    return crews_keep_alive(run->crews);
}

static bool is_to_bootnode(const struct run *run) {
    return run->options->has_bootnode && address_equal(&run->row->target, &run->options->bootnode);
}

/* --- Our counts and the bootnode's --- */

static bool wants_tally(const struct run *run) {
    return run->options->metrics_count > 0 && run->options->has_bootnode;
}

/* Of all nodes together. NULL with `why`. */
static struct scrape *fetch_all(const struct load_options *options, struct why *why) {
    struct scrape *all = scrape_fetch(&options->metrics[0], why);
    for (size_t i = 1; all && i < options->metrics_count; i++) {
        struct scrape *more = scrape_fetch(&options->metrics[i], why);
        if (more && scrape_add(all, more)) continue;
        scrape_destroy(all);
        return NULL;
    }
    return all;
}

/* Nodes of a cluster ask each other whether they live: that is nobody else. */
static void note_probes(struct tally *tally) {
    double probes;
    if (!scrape_value(tally->theirs, "gochat_cluster_probes_answered_total", &probes)) return;
    tally->datagrams += (uint64_t)probes;
    tally->stun += (uint64_t)probes;
}

/* Only what does not move any more can be compared. */
static bool take_tally(const struct run *run, struct tally *out, struct why *why) {
    *out = (struct tally){.theirs = NULL};
    if (!wants_tally(run)) return true;
    (void)server_figures_settle(run->options->bootnode.port, SETTLE_US);
    struct wire_counts own = crews_fleet_sent(run->crews);
    struct fleet_counts counts = crews_counts(run->crews);
    out->datagrams = run->others.sent + own.sent;
    out->failed = run->others.failed + own.failed;
    out->beats = counts.beats - counts.beats_reset;
    out->hellos = counts.hellos + run->others.sent;
    out->registers = counts.registers + run->others.sent;
    out->unsure = counts.unsure;
    out->registered = counts.registered;
    out->left = counts.left;
    out->moved = counts.moved;
    out->fell_silent = counts.fell_silent;
    out->living = counts.living;
    out->stun = run->stun;
    out->stun_answered = run->stun_answered;
    out->beats_answered = run->beats_answered;
    out->hellos_answered = run->hellos_answered;
    out->handshakes_forged = run->handshakes_forged;
    out->junk = run->junk;
    out->asked_us = load_now_us();
    out->theirs = fetch_all(run->options, why);
    out->told_us = load_now_us();
    if (out->theirs) note_probes(out);
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

static enum run_status fill(struct run *run, struct why *why) {
    run->fill = (struct fill_result){.registered = 0};
    if (!run_has_fleet(run)) return RUN_OK;
    progress_begin(run->progress, "filling", true, run->options->bootnode.port);
    enum run_status status = crews_fill(run->crews, &run->fill, why);
    progress_end(run->progress);
    return status;
}

static enum run_status drive(struct run *run, struct why *why) {
    enum run_status status = crews_prepare(run->crews, why);
    if (status != RUN_OK) return status;
    progress_begin(run->progress, run->row->name, false, run->row->target.port);
    status = crews_drive(run->crews, &run->result.pump, why);
    progress_end(run->progress);
    return status;
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
    uint64_t sent = crews_beside_sent(run->crews).sent;
    return is_to_bootnode(run) ? sent + crews_fleet_sent(run->crews).sent : sent;
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
    if (run_has_fleet(run) && run->pid == run->row->pid && after->rss_bytes > run->rss_before)
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
    struct fleet_counts counts = crews_counts(run->crews);
    result->cut = (struct cut){.interrupted = true,
                               .filling = true,
                               .after_us = (clock_wall_ms() - result->started_ms) * 1000,
                               .fill_unanswered = counts.registering,
                               .fill_never_due = counts.absent};
    result->sessions = run->options->sessions;
    result->registered = counts.registered - run->registered_before;
    if (result->cut.after_us > 0)
        result->registered_per_s = (double)result->registered * 1e6 / (double)result->cut.after_us;
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
    struct server_figures first, before, after;
    if (!settled_figures(run, &first, why)) return RUN_USAGE;
    enum run_status status = fill(run, why);
    if (status != RUN_OK && interrupted()) return cut_fill(run);
    if (status == RUN_OK) status = crews_begin(run->crews, run->row, why);
    if (status != RUN_OK) return status;
    if (!settled_figures(run, &before, why)) return RUN_USAGE;
    uint64_t sent = packets_to_target(run);
    run->result.rate = crews_rate(run->crews);
    run->result.measured_ms = clock_wall_ms();
    status = drive(run, why);
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

/* What the row's own wires sent counts on, and the wires go. */
static void end_beside(struct run *run) {
    const struct pump_result *pumped = &run->result.pump;
    struct wire_counts counts = crews_beside_sent(run->crews);
    if (is_to_bootnode(run)) {
        run->others.sent += counts.sent;
        run->others.failed += counts.failed;
        count_beside(run, pumped);
    }
    if (run->row->traffic == TRAFFIC_BEATS) run->beats_answered += pumped->answered;
    crews_end_row(run->crews);
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

static bool write_json(FILE *to, const struct row_result *result, json_t *more) {
    json_t *object = report_object(result);
    if (more) json_object_set_new(object, "find_rate", more);
    return report_line(to, object);
}

bool run_report(struct run *run, const struct row_result *result, json_t *more, struct why *why) {
    const char *path = run->row->json;
    bool text = path[0] == '\0', to_file = !text && strcmp(path, "-") != 0;
    if (text) json_decref(more);
    bool written = text ? report_text(stdout, result) : write_json(to_file ? run->json : stdout, result, more);
    why->text[0] = '\0';
    if (!written && to_file) why_fail(why, "--json '%s': %s", path, strerror(errno));
    if (!written && !to_file) output_failed("gochat-load", errno);
    for (size_t i = 0; !text && i < result->disagreement_count; i++)
        fprintf(stderr, "gochat-load: %s: %s\n", result->name, result->disagreements[i]);
    return written;
}

/* What the fleets saw, all together. */
static void take_facts(struct run *run) {
    struct row_result *result = &run->result;
    struct row_facts *facts = &run->facts;
    crews_take_facts(run->crews, facts);
    result->sessions = facts->sessions;
    result->registered += facts->registered;
    if (facts->registered > 0) result->registered_per_s = (double)facts->registered * 1e6 / (double)facts->elapsed_us;
    result->announce_us = facts->announced.announce_us;
    result->expiry_late_ms = facts->announced.expiry_late_ms;
    result->expired_expected = facts->announced.expired_expected;
    result->expired_seen = facts->announced.expired_seen;
    result->expired_never_due = facts->expired_never_due;
    result->expired_wrong = facts->announced.expired_wrong;
    result->announce_missing = facts->announced.join_missing;
    result->comeback = facts->comeback;
    result->nodes = &facts->nodes;
    verdict_lines(facts, &run->disagreements);
}

static void conclude(struct run *run) {
    struct row_result *result = &run->result;
    if (run_has_fleet(run) && !result->cut.filling) take_facts(run);
    for (size_t i = 0; i < run->disagreements.count; i++) run->lines[i] = run->disagreements.lines[i];
    result->disagreements = run->lines;
    result->disagreement_count = run->disagreements.count;
    note_cut(run);
    result->ended_ms = clock_wall_ms();
}

bool run_answered(const struct run *run, struct why *why) {
    const struct pump_result *pump = &run->result.pump;
    char text[ADDRESS_TEXT_SIZE];
    if (pump->expected == 0 || pump->answered > 0 || interrupted()) return true;
    return why_fail(why, "%s: nothing came back from %s", run->row->name, address_format(&run->row->target, text));
}

const struct row_result *run_result(const struct run *run) {
    return &run->result;
}

enum run_status run_measure(struct run *run, const struct row_options *row, struct why *why) {
    memset(&run->result, 0, sizeof run->result);
    run->row = row;
    run->result.name = row->name;
    run->result.options = run->options;
    run->result.row = row;
    run->result.started_ms = clock_wall_ms();
    run->registered_before = crews_counts(run->crews).registered;
    if (!open_json(run, why)) return RUN_USAGE;
    if (!begin_tally(run, why)) return RUN_UNANSWERED;
    enum run_status status = measure(run, why);
    end_beside(run);
    if (status == RUN_OK && !interrupted() && !compare(run, why)) status = RUN_UNANSWERED;
    if (status == RUN_OK) conclude(run);
    return status;
}

enum run_status run_row(struct run *run, const struct row_options *row, struct why *why) {
    enum run_status status = run_measure(run, row, why);
    if (status != RUN_OK) return status;
    if (!run_report(run, &run->result, NULL, why)) return RUN_USAGE;
    if (!run_answered(run, why)) return RUN_UNANSWERED;
    return run->result.disagreement_count > 0 ? RUN_DISAGREED : RUN_OK;
}

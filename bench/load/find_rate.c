#include "bench/load/find_rate.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/load/disagreements.h"
#include "bench/load/interrupt.h"
#include "bench/load/load_now.h"
#include "bench/load/rate_search.h"
#include "bench/load/report.h"

#define FIRST_RATE 1000
#define MOST_RATE 1e8
#define REQUESTS_MIN 10 /* in a step of the least rate */
/* The generator kept a rate when at most so many of its requests were not sent at all, and so many over 10 ms late:
 * their burst is a load of its own. */
#define UNSENT_SHARE 0.01
#define LATE_SHARE 0.05
/* Between two steps, so that what one left behind is no part of the next: longer after one that was too much. */
#define REST_US 500000
#define REST_FAILED_US 2000000
#define REST_STEP_NS 10000000

struct finding {
    struct run *run;
    const struct row_options *row;
    struct row_options step; /* the row at the step's rate */
    struct rate_search search;
    struct row_result best; /* the highest that held, or else the last one; with `row` of the whole */
    bool has_best;
    char *lines[DISAGREEMENTS_MAX]; /* of `best`, ours */
    json_t *steps;
    FILE *to; /* where steps are told */
};

static const char *const verdict_texts[] = {
    [STEP_HELD] = "holds",
    [STEP_LOST] = "too much is lost",
    [STEP_DISAGREED] = "something disagrees",
    [STEP_GENERATOR] = "the generator did not keep it",
};
static const char *const verdict_keys[] = {
    [STEP_HELD] = "none", [STEP_LOST] = "lost", [STEP_DISAGREED] = "disagreed", [STEP_GENERATOR] = "generator"};

/* --- A step --- */

static double lost_percent(const struct pump_result *pump) {
    return pump->expected > 0 ? 100 * (double)pump->lost / (double)pump->expected : 0;
}

static enum step_verdict judge(const struct row_options *row, const struct row_result *result) {
    const struct pump_result *pump = &result->pump;
    double due = (double)pump->due, unsent = (double)(pump->send_failed + pump_result_unsent(pump));
    if (lost_percent(pump) > row->find_percent) return STEP_LOST;
    if (unsent > UNSENT_SHARE * due || (double)pump->late > LATE_SHARE * due) return STEP_GENERATOR;
    return result->disagreement_count > 0 ? STEP_DISAGREED : STEP_HELD;
}

static void tell_step(struct finding *finding, const struct row_result *result, enum step_verdict verdict) {
    const struct pump_result *pump = &result->pump;
    uint64_t p99_us = histogram_quantile(&pump->rtt_us, 0.99);
    fprintf(finding->to,
            "%s: step %u: %.6g a second: %" PRIu64 " of %" PRIu64 " lost (%.3g %%), p99 %" PRIu64 " us: %s\n",
            result->name, finding->search.steps + 1, result->rate, pump->lost, pump->expected, lost_percent(pump),
            p99_us, verdict_texts[verdict]);
    (void)fflush(finding->to);
    json_array_append_new(finding->steps,
                          json_pack("{s:f, s:I, s:I, s:I, s:f, s:I, s:I, s:I, s:I, s:b, s:s}", "rate", result->rate,
                                    "sent", (json_int_t)pump->sent, "expected", (json_int_t)pump->expected, "lost",
                                    (json_int_t)pump->lost, "lost_percent", lost_percent(pump), "late",
                                    (json_int_t)pump->late, "unsent", (json_int_t)pump_result_unsent(pump), "p50_us",
                                    (json_int_t)histogram_quantile(&pump->rtt_us, 0.5), "p99_us", (json_int_t)p99_us,
                                    "held", (int)(verdict == STEP_HELD), "limit", verdict_keys[verdict]));
}

/* The lines of a result live until the next one. */
static void keep_best(struct finding *finding, const struct row_result *result) {
    for (size_t i = 0; i < DISAGREEMENTS_MAX; i++) {
        free(finding->lines[i]);
        finding->lines[i] = i < result->disagreement_count ? strdup(result->disagreements[i]) : NULL;
    }
    finding->best = *result;
    finding->best.row = finding->row;
    finding->best.disagreements = (const char *const *)finding->lines;
    finding->has_best = true;
}

static void rest(struct run *run, uint64_t rest_us) {
    const struct timespec step = {.tv_nsec = REST_STEP_NS};
    for (uint64_t end_us = load_now_us() + rest_us; load_now_us() < end_us && !interrupted();) {
        run_keep_alive(run);
        (void)nanosleep(&step, NULL);
    }
}

/* True when there is another one. */
static bool do_step(struct finding *finding, enum run_status *status, struct why *why) {
    finding->step = *finding->row;
    finding->step.pace = PACE_RATE;
    finding->step.rate = finding->search.rate;
    *status = run_measure(finding->run, &finding->step, why);
    if (*status == RUN_OK && finding->search.steps == 0 && !run_answered(finding->run, why)) *status = RUN_UNANSWERED;
    if (*status != RUN_OK) return false;
    const struct row_result *result = run_result(finding->run);
    if (interrupted()) {
        if (!finding->has_best) keep_best(finding, result);
        return false;
    }
    enum step_verdict verdict = judge(finding->row, result);
    tell_step(finding, result, verdict);
    if (verdict == STEP_HELD || finding->search.holds == 0) keep_best(finding, result);
    bool more = rate_search_note(&finding->search, verdict);
    if (more) rest(finding->run, verdict == STEP_HELD ? REST_US : REST_FAILED_US);
    return more && !interrupted();
}

/* --- The result --- */

static json_t *found_object(const struct finding *finding) {
    const struct rate_search *search = &finding->search;
    return json_pack("{s:f, s:f, s:f, s:s, s:O}", "loss_percent", finding->row->find_percent, "rate", search->holds,
                     "fails", search->fails, "limit", interrupted() ? "interrupted" : verdict_keys[search->limit],
                     "steps", finding->steps);
}

static void tell_found(const struct finding *finding) {
    const struct rate_search *search = &finding->search;
    fprintf(finding->to, "%s: ", finding->row->name);
    if (search->holds > 0)
        fprintf(finding->to, "%.6g a second is the highest rate found at which at most %.6g %% is lost", search->holds,
                finding->row->find_percent);
    else
        fprintf(finding->to, "no rate was found at which at most %.6g %% is lost", finding->row->find_percent);
    if (search->fails > 0) fprintf(finding->to, "; at %.6g %s", search->fails, verdict_texts[search->limit]);
    fprintf(finding->to, "%s\n", interrupted() ? "; the search was interrupted" : "");
}

static enum run_status report(struct finding *finding, struct why *why) {
    struct row_result *best = &finding->best;
    why->text[0] = '\0';
    if (!finding->has_best) return RUN_OK;
    tell_found(finding);
    /* The search was cut, and not the step: as text that is told already. */
    if (interrupted() && finding->to != stdout)
        best->cut = (struct cut){.interrupted = true, .after_us = best->pump.elapsed_us};
    if (!run_report(finding->run, best, found_object(finding), why)) return RUN_USAGE;
    return finding->search.holds > 0 && best->disagreement_count == 0 ? RUN_OK : RUN_DISAGREED;
}

enum run_status find_rate(struct run *run, const struct row_options *row, struct why *why) {
    struct finding *finding = calloc(1, sizeof *finding);
    enum run_status status = RUN_OK;
    struct why unreported;
    why_fail(why, "out of memory");
    if (!finding) return RUN_USAGE;
    double least = REQUESTS_MIN / row->duration_s;
    finding->run = run;
    finding->row = row;
    finding->steps = json_array();
    finding->to = row->json[0] == '\0' ? stdout : stderr;
    rate_search_begin(&finding->search, least > FIRST_RATE ? least : FIRST_RATE, least, MOST_RATE);
    while (do_step(finding, &status, why)) continue;
    enum run_status reported = report(finding, status == RUN_OK ? why : &unreported);
    for (size_t i = 0; i < DISAGREEMENTS_MAX; i++) free(finding->lines[i]);
    json_decref(finding->steps);
    free(finding);
    return status == RUN_OK ? reported : status;
}

#include "bench/load/moment.h"

#include <inttypes.h>
#include <stdio.h>

#include "bench/load/report.h"

static double per_second(uint64_t before, uint64_t now, uint64_t passed_us) {
    return passed_us > 0 && now > before ? (double)(now - before) * 1e6 / (double)passed_us : 0;
}

void moment_add(struct moment *moment, const struct sample *before, const struct sample *now, uint64_t began_us) {
    static const struct sample nothing;
    static struct histogram since;
    if (now->at_us == 0) return;
    bool is_first = before->at_us == 0;
    uint64_t since_us = is_first ? began_us : before->at_us;
    uint64_t passed_us = now->at_us > since_us ? now->at_us - since_us : 0;
    const struct pump_result *was = is_first ? &nothing.pump : &before->pump;
    moment->registered += now->registered;
    moment->registering += now->registering;
    moment->absent += now->absent;
    moment->living += now->living;
    moment->silent += now->silent;
    moment->sent += now->pump.sent;
    moment->answered += now->pump.answered;
    moment->lost += now->pump.lost;
    moment->registered_per_s += per_second(before->registered, now->registered, passed_us);
    moment->sent_per_s += per_second(was->sent, now->pump.sent, passed_us);
    moment->answered_per_s += per_second(was->answered, now->pump.answered, passed_us);
    histogram_since(&now->pump.rtt_us, &was->rtt_us, &since);
    histogram_merge(&moment->rtt_us, &since);
}

static void fill_text(const struct moment *moment, char *out, size_t size) {
    uint64_t all = moment->registered + moment->registering + moment->absent;
    snprintf(out, size,
             "%7.1f s %s: %" PRIu64 " of %" PRIu64 " registered, %.0f/s; %" PRIu64 " wait for an answer, %" PRIu64
             " to come; %" PRIu64 " dropped",
             moment->since_start_s, moment->phase, moment->registered, all, moment->registered_per_s,
             moment->registering, moment->absent, moment->dropped);
}

void moment_text(const struct moment *moment, char out[static MOMENT_TEXT_SIZE]) {
    char answers[MOMENT_TEXT_SIZE / 4] = "";
    if (moment->filling) {
        fill_text(moment, out, MOMENT_TEXT_SIZE);
        return;
    }
    if (moment->rtt_us.count > 0)
        snprintf(answers, sizeof answers, "; p50 %" PRIu64 ", p99 %" PRIu64 ", max %" PRIu64 " us",
                 histogram_quantile(&moment->rtt_us, 0.5), histogram_quantile(&moment->rtt_us, 0.99),
                 histogram_quantile(&moment->rtt_us, 1));
    snprintf(out, MOMENT_TEXT_SIZE,
             "%7.1f s %.60s: %.0f/s sent, %.0f/s answered, %" PRIu64 " lost%s; %" PRIu64 " registered, %" PRIu64
             " live, %" PRIu64 " silent, %" PRIu64 " dropped",
             moment->since_start_s, moment->phase, moment->sent_per_s, moment->answered_per_s, moment->lost, answers,
             moment->registered, moment->living, moment->silent, moment->dropped);
}

json_t *moment_object(const struct moment *moment) {
    const struct histogram *rtt = &moment->rtt_us;
    json_t *object = json_pack("{s:s, s:b, s:f}", "progress", moment->phase, "filling", (int)moment->filling,
                               "since_start_s", moment->since_start_s);
    const struct {
        const char *key;
        uint64_t value;
    } counts[] = {
        {"registered", moment->registered}, {"registering", moment->registering},
        {"absent", moment->absent},         {"living", moment->living},
        {"silent", moment->silent},         {"sent", moment->sent},
        {"answered", moment->answered},     {"lost", moment->lost},
        {"dropped", moment->dropped},
    };
    report_time(object, "time", moment->wall_ms);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        json_object_set_new(object, counts[i].key, json_integer((json_int_t)counts[i].value));
    json_object_set_new(object, "registered_per_s", json_real(moment->registered_per_s));
    json_object_set_new(object, "sent_per_s", json_real(moment->sent_per_s));
    json_object_set_new(object, "answered_per_s", json_real(moment->answered_per_s));
    json_object_set_new(object, "rtt_us",
                        json_pack("{s:I, s:I, s:I, s:I}", "count", (json_int_t)rtt->count, "p50",
                                  (json_int_t)histogram_quantile(rtt, 0.5), "p99",
                                  (json_int_t)histogram_quantile(rtt, 0.99), "max",
                                  (json_int_t)histogram_quantile(rtt, 1)));
    return object;
}

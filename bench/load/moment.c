#include "bench/load/moment.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bench/load/report.h"

#define NODE_TEXT_SIZE 40

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
    node_facts_merge(&moment->nodes, &now->nodes);
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

/* " at node 1: 70, 2: 60"; as many as there is room for. */
static void nodes_text(const struct node_facts *nodes, char *out, size_t size) {
    size_t used = 0;
    for (size_t i = 0; i < nodes->count && used + NODE_TEXT_SIZE < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s %u: %" PRIu64, i > 0 ? "," : "; at node",
                                 nodes->list[i].id, nodes->list[i].sessions);
}

void moment_text(const struct moment *moment, char out[static MOMENT_TEXT_SIZE]) {
    char answers[MOMENT_TEXT_SIZE / 4] = "";
    if (moment->filling) {
        fill_text(moment, out, MOMENT_TEXT_SIZE);
        nodes_text(&moment->nodes, out + strlen(out), MOMENT_TEXT_SIZE - strlen(out));
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
    nodes_text(&moment->nodes, out + strlen(out), MOMENT_TEXT_SIZE - strlen(out));
}

static json_t *node_list(const struct node_facts *nodes) {
    json_t *list = json_array();
    for (size_t i = 0; i < nodes->count; i++)
        json_array_append_new(
            list, json_pack("{s:i, s:I}", "id", nodes->list[i].id, "living", (json_int_t)nodes->list[i].sessions));
    return list;
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
    if (moment->nodes.count > 0) json_object_set_new(object, "nodes", node_list(&moment->nodes));
    return object;
}

#include "bench/load/report.h"

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "bench/load/distribution.h"
#include "common/address.h"
#include "common/wire/bootnode_packets.h"

#define TIME_SIZE 64
#define KEY_SIZE 32

static double per_second(uint64_t count, uint64_t elapsed_us) {
    return elapsed_us > 0 ? (double)count * 1e6 / (double)elapsed_us : 0;
}

/* Whole ones without a point. */
static json_t *number(double value) {
    return value == floor(value) && fabs(value) < 1e15 ? json_integer((json_int_t)value) : json_real(value);
}

static void set_count(json_t *object, const char *key, uint64_t value) {
    json_object_set_new(object, key, json_integer((json_int_t)value));
}

void report_time(json_t *object, const char *key, uint64_t wall_ms) {
    char text[TIME_SIZE], whole[TIME_SIZE], name[KEY_SIZE];
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm parts;
    if (wall_ms == 0 || !gmtime_r(&seconds, &parts)) return;
    (void)strftime(whole, sizeof whole, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(text, sizeof text, "%.20s.%03uZ", whole, (unsigned)(wall_ms % 1000));
    snprintf(name, sizeof name, "%s_ms", key);
    json_object_set_new(object, key, json_string(text));
    set_count(object, name, wall_ms);
}

/* What a figure depends on beside the options. */
static json_t *machine(void) {
    struct utsname names;
    json_t *object = json_object();
    if (uname(&names) == 0) {
        json_object_set_new(object, "host", json_string(names.nodename));
        json_object_set_new(object, "kernel", json_sprintf("%s %s %s", names.sysname, names.release, names.machine));
    }
    json_object_set_new(object, "cores", json_integer(sysconf(_SC_NPROCESSORS_ONLN)));
    return object;
}

static json_t *options_object(const struct load_options *options, const struct row_options *row) {
    struct load_setting setting;
    json_t *object = json_object();
    for (size_t i = 0; load_setting_at(options, row, i, &setting); i++) {
        if (setting.kind == SETTING_TEXT && setting.text[0] != '\0')
            json_object_set_new(object, setting.name, json_string(setting.text));
        if (setting.kind == SETTING_NUMBER) json_object_set_new(object, setting.name, number(setting.number));
        if (setting.kind == SETTING_SWITCH) json_object_set_new(object, setting.name, json_boolean(setting.on));
    }
    return object;
}

/* When, where, against whom and how. */
static void set_origin(json_t *object, const struct row_result *result) {
    char text[ADDRESS_TEXT_SIZE];
    json_object_set_new(object, "version", json_string(load_version()));
    report_time(object, "start", result->started_ms);
    report_time(object, "measured", result->measured_ms);
    report_time(object, "end", result->ended_ms);
    json_object_set_new(object, "machine", machine());
    json_object_set_new(object, "rate", number(result->rate));
    if (!result->row) return;
    json_object_set_new(object, "target", json_string(address_format(&result->row->target, text)));
    json_object_set_new(object, "traffic", json_string(load_traffic_name(result->row->traffic)));
    json_object_set_new(object, "options", options_object(result->options, result->row));
}

static void set_cut(json_t *object, const struct cut *cut) {
    json_object_set_new(object, "interrupted", json_boolean(cut->interrupted));
    if (!cut->interrupted) return;
    json_object_set_new(object, "interrupted_filling", json_boolean(cut->filling));
    json_object_set_new(object, "interrupted_after_s", json_real((double)cut->after_us / 1e6));
    set_count(object, "never_due", cut->never_due);
    set_count(object, "fill_unanswered", cut->fill_unanswered);
    set_count(object, "fill_never_due", cut->fill_never_due);
}

static json_t *server_object(const struct row_result *result) {
    json_t *server = json_object();
    json_object_set_new(server, "cpu_ns_per_packet", json_real(result->server.cpu_ns_per_packet));
    json_object_set_new(server, "cpu_ns_per_registration", json_real(result->server.cpu_ns_per_registration));
    set_count(server, "cpu_ns", result->server.cpu_ns);
    set_count(server, "rss_bytes", result->server.rss_bytes);
    json_object_set_new(server, "rss_bytes_per_session", json_real(result->server.rss_bytes_per_session));
    set_count(server, "packets", result->server.packets);
    set_count(server, "dropped", result->server.dropped);
    return server;
}

static json_t *comeback_object(const struct comeback_result *comeback) {
    json_t *object = json_object();
    set_count(object, "lost", comeback->lost);
    set_count(object, "told", comeback->told);
    set_count(object, "back", comeback->back);
    set_count(object, "never", comeback->lost - comeback->back);
    set_count(object, "all_ms", comeback->all_ms);
    set_count(object, "busy", comeback->busy);
    json_object_set_new(object, "back_ms", distribution_write(&comeback->back_ms, "ms"));
    return object;
}

static json_t *node_list(const struct node_facts *nodes) {
    json_t *list = json_array();
    char text[ADDRESS_TEXT_SIZE];
    for (size_t i = 0; i < nodes->count; i++) {
        const struct node_fact *node = &nodes->list[i];
        json_t *object = json_object();
        set_count(object, "id", node->id);
        json_object_set_new(object, "address", json_string(address_format(&node->address, text)));
        set_count(object, "sessions", node->sessions);
        set_count(object, "registered", node->registered);
        set_count(object, "left", node->left);
        set_count(object, "lost", node->lost);
        set_count(object, "silent_ms", node->silent_ms);
        json_array_append_new(list, object);
    }
    return list;
}

static json_t *disagreement_list(const struct row_result *result) {
    json_t *list = json_array();
    for (size_t i = 0; i < result->disagreement_count; i++)
        json_array_append_new(list, json_string(result->disagreements[i]));
    return list;
}

/* What was written before may have failed, too. */
static bool flushed(FILE *to) {
    return fflush(to) == 0 && !ferror(to);
}

bool report_line(FILE *to, json_t *object) {
    char *text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(9));
    bool written = text && fprintf(to, "%s\n", text) >= 0; /* in one call: another thread may write lines, too */
    free(text);
    json_decref(object);
    return written && flushed(to);
}

json_t *report_object(const struct row_result *result) {
    const struct pump_result *pump = &result->pump;
    json_t *object = json_object();
    json_object_set_new(object, "name", json_string(result->name));
    set_origin(object, result);
    set_cut(object, &result->cut);
    set_count(object, "sessions", result->sessions);
    set_count(object, "registered", result->registered);
    json_object_set_new(object, "registered_per_s", json_real(result->registered_per_s));
    json_object_set_new(object, "elapsed_s", json_real((double)pump->elapsed_us / 1e6));
    set_count(object, "sent", pump->sent);
    json_object_set_new(object, "sent_per_s", json_real(per_second(pump->sent, pump->elapsed_us)));
    set_count(object, "send_failed", pump->send_failed);
    set_count(object, "unsent", pump_result_unsent(pump));
    set_count(object, "late", pump->late);
    set_count(object, "expected", pump->expected);
    set_count(object, "answered", pump->answered);
    json_object_set_new(object, "answered_per_s", json_real(per_second(pump->answered, pump->elapsed_us)));
    set_count(object, "lost", pump->lost);
    json_object_set_new(object, "rtt_us", distribution_write(&pump->rtt_us, "us"));
    json_object_set_new(object, "announce_us", distribution_write(&result->announce_us, "us"));
    set_count(object, "announce_missing", result->announce_missing);
    json_object_set_new(object, "expiry_late_ms", distribution_write(&result->expiry_late_ms, "ms"));
    set_count(object, "expired_expected", result->expired_expected);
    set_count(object, "expired_seen", result->expired_seen);
    set_count(object, "expired_never_due", result->expired_never_due);
    set_count(object, "expired_wrong", result->expired_wrong);
    json_object_set_new(object, "comeback", comeback_object(&result->comeback));
    if (result->nodes && result->nodes->count > 0) json_object_set_new(object, "nodes", node_list(result->nodes));
    if (result->has_server) json_object_set_new(object, "server", server_object(result));
    json_object_set_new(object, "disagreements", disagreement_list(result));
    return object;
}

bool report_json(FILE *to, const struct row_result *result) {
    return report_line(to, report_object(result));
}

static void print_distribution(FILE *to, const char *title, const char *unit, const struct histogram *histogram) {
    if (histogram->count == 0) return;
    fprintf(to, "  %-14s", title);
    for (size_t i = 0; i < QUANTILE_COUNT; i++)
        fprintf(to, "%s %s %" PRIu64 " %s", i > 0 ? "," : "", quantiles[i].title,
                histogram_quantile(histogram, quantiles[i].share), unit);
    fputc('\n', to);
}

static void print_server(FILE *to, const struct row_result *result) {
    fprintf(to, "  %-14s %.0f ns a packet, %" PRIu64 " packets, %" PRIu64 " dropped\n", "server",
            result->server.cpu_ns_per_packet, result->server.packets, result->server.dropped);
    if (result->server.cpu_ns_per_registration > 0)
        fprintf(to, "  %-14s %.0f ns a registration\n", "", result->server.cpu_ns_per_registration);
    fprintf(to, "  %-14s %.1f MiB resident", "", (double)result->server.rss_bytes / 1048576);
    if (result->server.rss_bytes_per_session > 0)
        fprintf(to, ", %.0f bytes a session", result->server.rss_bytes_per_session);
    fputc('\n', to);
}

static void print_comeback(FILE *to, const struct comeback_result *comeback) {
    if (comeback->lost > 0)
        fprintf(to,
                "  %-14s %" PRIu64 " lost their bootnode (%" PRIu64 " were told), %" PRIu64 " back, %" PRIu64 " not\n",
                "restart", comeback->lost, comeback->told, comeback->back, comeback->lost - comeback->back);
    print_distribution(to, "back after", "ms", &comeback->back_ms);
    if (comeback->busy > 0)
        fprintf(to, "  %-14s %" PRIu64 " times a registration was told to come later\n", "busy", comeback->busy);
}

static void print_nodes(FILE *to, const struct node_facts *nodes) {
    char text[ADDRESS_TEXT_SIZE], title[16];
    for (size_t i = 0; i < nodes->count; i++) {
        const struct node_fact *node = &nodes->list[i];
        snprintf(title, sizeof title, "node %u", node->id);
        fprintf(to,
                "  %-14s %" PRIu64 " sessions, %" PRIu64 " registered, %" PRIu64 " left, %" PRIu64
                " lost, silent for %" PRIu64 " ms at most (%s)\n",
                title, node->sessions, node->registered, node->left, node->lost, node->silent_ms,
                address_format(&node->address, text));
    }
}

/* The silent, and what was never due. */
static void print_cut(FILE *to, const struct row_result *result) {
    const struct cut *cut = &result->cut;
    double after_s = (double)cut->after_us / 1e6;
    if (cut->filling) {
        fprintf(to,
                "  %-14s while filling, after %.1f s: %" PRIu64 " registered, %" PRIu64
                " begun without an answer, %" PRIu64 " never due\n",
                "interrupted", after_s, result->registered, cut->fill_unanswered, cut->fill_never_due);
        return;
    }
    fprintf(to, "  %-14s after %.1f s", "interrupted", after_s);
    if (result->row) fprintf(to, " of %.6g s", result->row->duration_s);
    fprintf(to, ": %" PRIu64 " without an answer, %" PRIu64 " never due\n", result->pump.lost, cut->never_due);
}

bool report_text(FILE *to, const struct row_result *result) {
    const struct pump_result *pump = &result->pump;
    fprintf(to, "%s: %" PRIu64 " sent in %.2f s, %.0f a second", result->name, pump->sent,
            (double)pump->elapsed_us / 1e6, per_second(pump->sent, pump->elapsed_us));
    if (pump->expected > 0) fprintf(to, ", %" PRIu64 " answered, %" PRIu64 " lost", pump->answered, pump->lost);
    fputc('\n', to);
    if (result->cut.interrupted) print_cut(to, result);
    if (result->sessions > 0)
        fprintf(to, "  %-14s %" PRIu32 ", %" PRIu64 " registered, %.0f a second\n", "sessions", result->sessions,
                result->registered, result->registered_per_s);
    uint64_t not_sent = pump->send_failed + pump_result_unsent(pump);
    if (not_sent + pump->late > 0)
        fprintf(to, "  %-14s %" PRIu64 " not sent, %" PRIu64 " over 10 ms late\n", "generator", not_sent, pump->late);
    print_distribution(to, "round trip", "us", &pump->rtt_us);
    print_distribution(to, "announced", "us", &result->announce_us);
    print_distribution(to, "expired late", "ms", &result->expiry_late_ms);
    if (result->expired_expected + result->expired_wrong > 0)
        fprintf(to, "  %-14s %" PRIu64 " expected, %" PRIu64 " seen, %" PRIu64 " wrong\n", "expired",
                result->expired_expected, result->expired_seen, result->expired_wrong);
    if (result->expired_never_due > 0)
        fprintf(to, "  %-14s %" PRIu64 " silent sessions had time left when the row was cut\n", "",
                result->expired_never_due);
    if (result->announce_missing > 0)
        fprintf(to, "  %-14s %" PRIu64 " announcements\n", "missing", result->announce_missing);
    print_comeback(to, &result->comeback);
    if (result->nodes) print_nodes(to, result->nodes);
    if (result->has_server) print_server(to, result);
    for (size_t i = 0; i < result->disagreement_count; i++)
        fprintf(to, "  %-14s %s\n", "DISAGREEMENT", result->disagreements[i]);
    return flushed(to);
}

static const char *const refusal_texts[] = {
    [0] = "an unknown reason",
    [REFUSAL_VERSION] = "it speaks another version",
    [REFUSAL_ROOM_FULL] = "the room is full (room_members)",
    [REFUSAL_SOURCE_LIMIT] =
        "too many from our network (sessions_per_source, room_source_share, rate_register, limit_loopback)",
    [REFUSAL_BOOTNODE_FULL] = "it is full (sessions)",
    [REFUSAL_DRAINING] = "it is shutting down",
    [REFUSAL_BUSY] = "it is busy",
    [REFUSAL_ELSEWHERE] = "it is no home of the room",
};

const char *report_refusal(unsigned reason) {
    return refusal_texts[reason < sizeof refusal_texts / sizeof *refusal_texts ? reason : 0];
}

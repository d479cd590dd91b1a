#include "bench/load/report.h"

#include <inttypes.h>
#include <jansson.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "common/wire/bootnode_packets.h"

static const struct quantile {
    const char *key, *title;
    double share;
} quantiles[] = {{"p50", "p50", 0.5}, {"p99", "p99", 0.99}, {"p999", "p99.9", 0.999}, {"max", "max", 1}};

#define COUNT(table) (sizeof(table) / sizeof *(table))

static double per_second(uint64_t count, uint64_t elapsed_us) {
    return elapsed_us > 0 ? (double)count * 1e6 / (double)elapsed_us : 0;
}

static json_t *distribution(const struct histogram *histogram) {
    json_t *object = json_object();
    for (size_t i = 0; i < COUNT(quantiles); i++) {
        uint64_t value = histogram_quantile(histogram, quantiles[i].share);
        json_object_set_new(object, quantiles[i].key, json_integer((json_int_t)value));
    }
    return object;
}

static void set_count(json_t *object, const char *key, uint64_t value) {
    json_object_set_new(object, key, json_integer((json_int_t)value));
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

bool report_json(FILE *to, const struct row_result *result) {
    const struct pump_result *pump = &result->pump;
    json_t *object = json_object();
    json_object_set_new(object, "name", json_string(result->name));
    set_count(object, "sessions", result->sessions);
    set_count(object, "registered", result->registered);
    json_object_set_new(object, "registered_per_s", json_real(result->registered_per_s));
    json_object_set_new(object, "elapsed_s", json_real((double)pump->elapsed_us / 1e6));
    set_count(object, "sent", pump->sent);
    json_object_set_new(object, "sent_per_s", json_real(per_second(pump->sent, pump->elapsed_us)));
    set_count(object, "send_failed", pump->send_failed);
    set_count(object, "late", pump->late);
    set_count(object, "expected", pump->expected);
    set_count(object, "answered", pump->answered);
    json_object_set_new(object, "answered_per_s", json_real(per_second(pump->answered, pump->elapsed_us)));
    set_count(object, "lost", pump->lost);
    json_object_set_new(object, "rtt_us", distribution(&pump->rtt_us));
    json_object_set_new(object, "announce_us", distribution(&result->announce_us));
    set_count(object, "announce_missing", result->announce_missing);
    json_object_set_new(object, "expiry_late_ms", distribution(&result->expiry_late_ms));
    set_count(object, "expired_expected", result->expired_expected);
    set_count(object, "expired_seen", result->expired_seen);
    set_count(object, "expired_wrong", result->expired_wrong);
    if (result->has_server) json_object_set_new(object, "server", server_object(result));
    json_object_set_new(object, "disagreements", disagreement_list(result));
    bool dumped = json_dumpf(object, to, JSON_COMPACT | JSON_REAL_PRECISION(9)) == 0 && fputc('\n', to) != EOF;
    json_decref(object);
    return dumped && flushed(to);
}

static void print_distribution(FILE *to, const char *title, const char *unit, const struct histogram *histogram) {
    if (histogram->count == 0) return;
    fprintf(to, "  %-14s", title);
    for (size_t i = 0; i < COUNT(quantiles); i++)
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

bool report_text(FILE *to, const struct row_result *result) {
    const struct pump_result *pump = &result->pump;
    fprintf(to, "%s: %" PRIu64 " sent in %.2f s, %.0f a second", result->name, pump->sent,
            (double)pump->elapsed_us / 1e6, per_second(pump->sent, pump->elapsed_us));
    if (pump->expected > 0) fprintf(to, ", %" PRIu64 " answered, %" PRIu64 " lost", pump->answered, pump->lost);
    fputc('\n', to);
    if (result->sessions > 0)
        fprintf(to, "  %-14s %" PRIu32 ", %" PRIu64 " registered, %.0f a second\n", "sessions", result->sessions,
                result->registered, result->registered_per_s);
    if (pump->send_failed + pump->late > 0)
        fprintf(to, "  %-14s %" PRIu64 " not sent, %" PRIu64 " over 10 ms late\n", "generator", pump->send_failed,
                pump->late);
    print_distribution(to, "round trip", "us", &pump->rtt_us);
    print_distribution(to, "announced", "us", &result->announce_us);
    print_distribution(to, "expired late", "ms", &result->expiry_late_ms);
    if (result->expired_expected + result->expired_wrong > 0)
        fprintf(to, "  %-14s %" PRIu64 " expected, %" PRIu64 " seen, %" PRIu64 " wrong\n", "expired",
                result->expired_expected, result->expired_seen, result->expired_wrong);
    if (result->announce_missing > 0)
        fprintf(to, "  %-14s %" PRIu64 " announcements\n", "missing", result->announce_missing);
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
};

const char *report_refusal(unsigned reason) {
    return refusal_texts[reason < sizeof refusal_texts / sizeof *refusal_texts ? reason : 0];
}

static bool line_begun;

void report_progress(const char *phase, const struct progress *progress) {
    if (!isatty(STDERR_FILENO)) return;
    line_begun = true;
    fprintf(stderr, "\r%s: %" PRIu64 " registered, %" PRIu64 " sent, %" PRIu64 " answered, %" PRIu64 " lost\033[K",
            phase, progress->registered, progress->sent, progress->answered, progress->lost);
}

void report_progress_end(void) {
    if (line_begun) fputc('\n', stderr);
    line_begun = false;
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "bench/load/report.h"

static const char *const complaints[] = {"heartbeats: we count 3, the bootnode 2", "a \"quoted\" line"};

static const struct load_options options = {
    .bootnode = {.ip = {[10] = 0xff, 0xff, 127, 0, 0, 1}, .port = 9595},
    .sessions = 1000,
    .sources = {.ip = {[10] = 0xff, 0xff, 127, 1, 0, 0}},
    .sources_bits = 16,
    .progress_s = 1,
    .row = {.name = "one-way",
            .target = {.ip = {[10] = 0xff, 0xff, 127, 0, 0, 1}, .port = 9595},
            .pace = PACE_RATE,
            .rate = 2000.5,
            .duration_s = 60,
            .interval_s = 4},
};

static struct row_result *sample(void) {
    static struct row_result result;
    result = (struct row_result){
        .name = "one-way",
        .sessions = 1000,
        .registered = 900,
        .registered_per_s = 450.5,
        .options = &options,
        .row = &options.row,
        .started_ms = UINT64_C(1000000000123),
        .measured_ms = UINT64_C(1000000001000),
        .ended_ms = UINT64_C(1000000061001),
        .rate = 2000.5,
        .pump = {.sent = 4000,
                 .due = 4100,
                 .send_failed = 1,
                 .expected = 300,
                 .answered = 290,
                 .lost = 10,
                 .late = 2,
                 .elapsed_us = 2000000},
        .expired_expected = 7,
        .expired_seen = 6,
        .expired_wrong = 1,
        .announce_missing = 5,
        .comeback = {.lost = 9, .told = 8, .back = 7, .all_ms = 1500, .busy = 3},
        .has_server = true,
        .server = {.cpu_ns_per_packet = 1234.5, .cpu_ns = 4000, .packets = 3990, .dropped = 10, .rss_bytes = 1 << 20},
        .disagreements = complaints,
        .disagreement_count = 2,
    };
    for (uint64_t i = 1; i <= 100; i++) histogram_add(&result.pump.rtt_us, i);
    histogram_add(&result.expiry_late_ms, 20);
    histogram_add(&result.comeback.back_ms, 1400);
    return &result;
}

/* What a report writes; the caller's to free. */
static char *written(bool (*report)(FILE *to, const struct row_result *result), const struct row_result *result) {
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    assert_non_null(to);
    assert_true(report(to, result));
    fclose(to);
    return text;
}

static double number(const json_t *object, const char *path) {
    char key[64];
    size_t length = strcspn(path, ".");
    snprintf(key, sizeof key, "%.*s", (int)length, path);
    const json_t *value = json_object_get(object, key);
    assert_non_null(value);
    if (path[length] == '.') return number(value, path + length + 1);
    assert_true(json_is_number(value));
    return json_number_value(value);
}

/* Of what sample() makes. */
static const struct {
    const char *path;
    double value;
} figures[] = {
    {"sessions", 1000},
    {"registered", 900},
    {"registered_per_s", 450.5},
    {"elapsed_s", 2},
    {"sent", 4000},
    {"sent_per_s", 2000},
    {"send_failed", 1},
    {"late", 2},
    {"expected", 300},
    {"answered", 290},
    {"answered_per_s", 145},
    {"lost", 10},
    {"rtt_us.p50", 50},
    {"rtt_us.p99", 99},
    {"rtt_us.p999", 100},
    {"rtt_us.max", 100},
    {"rtt_us.min", 1},
    {"rtt_us.count", 100},
    {"rtt_us.mean", 50.5},
    {"unsent", 99},
    {"expired_never_due", 0},
    {"start_ms", 1000000000123},
    {"measured_ms", 1000000001000},
    {"end_ms", 1000000061001},
    {"rate", 2000.5},
    {"options.sessions", 1000},
    {"options.duration", 60},
    {"options.rate", 2000.5},
    {"announce_us.p50", 0},
    {"announce_us.max", 0},
    {"announce_missing", 5},
    {"expiry_late_ms.p99", 20},
    {"expired_expected", 7},
    {"expired_seen", 6},
    {"expired_wrong", 1},
    {"comeback.lost", 9},
    {"comeback.told", 8},
    {"comeback.back", 7},
    {"comeback.never", 2},
    {"comeback.all_ms", 1500},
    {"comeback.busy", 3},
    {"comeback.back_ms.max", 1400},
    {"server.cpu_ns_per_packet", 1234.5},
    {"server.cpu_ns_per_registration", 0},
    {"server.cpu_ns", 4000},
    {"server.rss_bytes", 1 << 20},
    {"server.rss_bytes_per_session", 0},
    {"server.packets", 3990},
    {"server.dropped", 10},
};

static void json_is_one_line_with_all_figures(void **state) {
    (void)state;
    char *text = written(report_json, sample());
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(object);
    assert_string_equal(json_string_value(json_object_get(object, "name")), "one-way");
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        double value = number(object, figures[i].path);
        if (value != figures[i].value) fail_msg("%s is %g", figures[i].path, value);
    }
    const json_t *list = json_object_get(object, "disagreements");
    assert_int_equal(json_array_size(list), 2);
    assert_string_equal(json_string_value(json_array_get(list, 1)), complaints[1]);
    json_decref(object);
    free(text);
}

static const char *text_at(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    if (!text) fail_msg("no %s", key);
    return text;
}

static void json_stands_for_itself(void **state) {
    (void)state;
    char *text = written(report_json, sample());
    json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_string_equal(text_at(object, "start"), "2001-09-09T01:46:40.123Z");
    assert_string_equal(text_at(object, "end"), "2001-09-09T01:47:41.001Z");
    assert_string_equal(text_at(object, "target"), "127.0.0.1:9595");
    assert_string_equal(text_at(object, "traffic"), "beats");
    assert_string_equal(text_at(object, "version"), load_version());
    assert_true(number(object, "machine.cores") >= 1);
    text_at(json_object_get(object, "machine"), "kernel");
    const json_t *asked = json_object_get(object, "options");
    assert_string_equal(text_at(asked, "bootnode"), "127.0.0.1:9595");
    assert_string_equal(text_at(asked, "sources"), "127.1.0.0/16");
    assert_string_equal(text_at(asked, "answers"), "rare");
    assert_true(json_is_false(json_object_get(asked, "rebind")));
    static const char *const others[] = {"stun", "raw", "interval", "max", "echoed", "metrics", "json"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (json_object_get(asked, others[i])) fail_msg("%s is not in force", others[i]);
    assert_true(json_is_false(json_object_get(object, "interrupted")));
    assert_null(json_object_get(object, "never_due"));
    json_decref(object);
    free(text);
}

/* In some row each flag is in force: one whose value no report could tell would not be. */
static void every_option_is_told(void **state) {
    (void)state;
    struct load_setting setting;
    struct load_options all = options;
    bool told[64] = {false};
    size_t count = 0;
    all.metrics[0] = all.bootnode;
    all.metrics_count = 1;
    all.row.pid = 5;
    for (int traffic = 0; traffic <= TRAFFIC_JUNK; traffic++) {
        for (int pace = PACE_INTERVAL; pace <= PACE_FIND; pace++) {
            all.row.traffic = (enum traffic_kind)traffic;
            all.row.pace = (enum pace)pace;
            for (count = 0; load_setting_at(&all, &all.row, count, &setting); count++)
                told[count] = told[count] || setting.kind != SETTING_NONE;
        }
    }
    assert_true(count > 25);
    for (size_t i = 0; load_setting_at(&all, &all.row, i, &setting); i++)
        if (!told[i]) fail_msg("--%s is never told", setting.name);
}

static void a_cut_row_tells_the_silent_from_the_never_due(void **state) {
    (void)state;
    struct row_result *result = sample();
    result->cut = (struct cut){.interrupted = true, .after_us = 4000000, .never_due = 115900};
    result->expired_never_due = 1;
    char *text = written(report_text, result);
    assert_non_null(strstr(text, "interrupted    after 4.0 s of 60 s: 10 without an answer, 115900 never due"));
    assert_non_null(strstr(text, "1 silent sessions had time left"));
    free(text);
    text = written(report_json, result);
    json_t *object = json_loads(text, 0, NULL);
    assert_true(json_is_true(json_object_get(object, "interrupted")));
    assert_true(number(object, "interrupted_after_s") == 4);
    assert_true(number(object, "never_due") == 115900);
    assert_true(number(object, "lost") == 10);
    json_decref(object);
    free(text);
}

static void a_cut_fill_does_so_too(void **state) {
    (void)state;
    struct row_result *result = sample();
    memset(&result->pump, 0, sizeof result->pump);
    result->cut = (struct cut){
        .interrupted = true, .filling = true, .after_us = 3250000, .fill_unanswered = 256, .fill_never_due = 700};
    char *text = written(report_text, result);
    assert_non_null(
        strstr(text, "while filling, after 3.2 s: 900 registered, 256 begun without an answer, 700 never due"));
    free(text);
    text = written(report_json, result);
    json_t *object = json_loads(text, 0, NULL);
    assert_true(json_is_true(json_object_get(object, "interrupted_filling")));
    assert_true(number(object, "fill_unanswered") == 256);
    assert_true(number(object, "fill_never_due") == 700);
    json_decref(object);
    free(text);
}

static void without_a_process_there_is_no_server(void **state) {
    (void)state;
    struct row_result *result = sample();
    result->has_server = false;
    result->disagreement_count = 0;
    char *text = written(report_json, result);
    json_t *object = json_loads(text, 0, NULL);
    assert_non_null(object);
    assert_null(json_object_get(object, "server"));
    assert_int_equal(json_array_size(json_object_get(object, "disagreements")), 0);
    json_decref(object);
    free(text);
}

static void a_row_that_sent_nothing_is_well_formed(void **state) {
    (void)state;
    struct row_result *result = sample();
    memset(&result->pump, 0, sizeof result->pump);
    char *text = written(report_json, result);
    json_t *object = json_loads(text, 0, NULL);
    assert_non_null(object);
    assert_true(number(object, "sent_per_s") == 0);
    json_decref(object);
    free(text);
}

static void text_says_what_matters(void **state) {
    (void)state;
    static const char *const parts[] = {"one-way",
                                        "4000 sent",
                                        "290 answered",
                                        "10 lost",
                                        "1000, 900 registered",
                                        "p99.9 100 us",
                                        "7 expected, 6 seen, 1 wrong",
                                        "9 lost their bootnode (8 were told), 7 back, 2 not",
                                        "3 times a registration was told to come later",
                                        "3990 packets",
                                        "we count 3"};
    char *text = written(report_text, sample());
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!strstr(text, parts[i])) fail_msg("'%s' is not in:\n%s", parts[i], text);
    assert_null(strstr(text, "announced"));
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_one_line_with_all_figures),
        cmocka_unit_test(json_stands_for_itself),
        cmocka_unit_test(every_option_is_told),
        cmocka_unit_test(a_cut_row_tells_the_silent_from_the_never_due),
        cmocka_unit_test(a_cut_fill_does_so_too),
        cmocka_unit_test(without_a_process_there_is_no_server),
        cmocka_unit_test(a_row_that_sent_nothing_is_well_formed),
        cmocka_unit_test(text_says_what_matters),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}

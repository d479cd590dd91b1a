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

static struct row_result *sample(void) {
    static struct row_result result;
    result = (struct row_result){
        .name = "one-way",
        .sessions = 1000,
        .registered = 900,
        .registered_per_s = 450.5,
        .pump = {.sent = 4000,
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
        .has_server = true,
        .server = {.cpu_ns_per_packet = 1234.5, .cpu_ns = 4000, .packets = 3990, .dropped = 10, .rss_bytes = 1 << 20},
        .disagreements = complaints,
        .disagreement_count = 2,
    };
    for (uint64_t i = 1; i <= 100; i++) histogram_add(&result.pump.rtt_us, i);
    histogram_add(&result.expiry_late_ms, 20);
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

static void json_is_one_line_with_all_figures(void **state) {
    (void)state;
    static const struct {
        const char *path;
        double value;
    } expected[] = {
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
        {"announce_us.p50", 0},
        {"announce_us.max", 0},
        {"announce_missing", 5},
        {"expiry_late_ms.p99", 20},
        {"expired_expected", 7},
        {"expired_seen", 6},
        {"expired_wrong", 1},
        {"server.cpu_ns_per_packet", 1234.5},
        {"server.cpu_ns_per_registration", 0},
        {"server.cpu_ns", 4000},
        {"server.rss_bytes", 1 << 20},
        {"server.rss_bytes_per_session", 0},
        {"server.packets", 3990},
        {"server.dropped", 10},
    };
    char *text = written(report_json, sample());
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(object);
    assert_string_equal(json_string_value(json_object_get(object, "name")), "one-way");
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        double value = number(object, expected[i].path);
        if (value != expected[i].value) fail_msg("%s is %g", expected[i].path, value);
    }
    const json_t *list = json_object_get(object, "disagreements");
    assert_int_equal(json_array_size(list), 2);
    assert_string_equal(json_string_value(json_array_get(list, 1)), complaints[1]);
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
        cmocka_unit_test(without_a_process_there_is_no_server),
        cmocka_unit_test(a_row_that_sent_nothing_is_well_formed),
        cmocka_unit_test(text_says_what_matters),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}

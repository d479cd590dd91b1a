/* Results of several generators, added up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "bench/load/cover.h"
#include "bench/load/merge.h"
#include "bench/load/report.h"

#define START UINT64_C(1000000000000)

static const char *const complaint[] = {"heartbeats: we count 3, the bootnode 2"};
static const struct load_options options = {.row = {.name = "beats", .duration_s = 10}};

/* `first_s` after START, so many a second for 10 s, half of them lost, answered after `first_rtt` and up. */
static char *result_of(const char *name, double first_s, uint64_t per_s, uint64_t first_rtt, size_t complaints) {
    static struct row_result result;
    result = (struct row_result){.name = name,
                                 .options = &options,
                                 .row = &options.row,
                                 .started_ms = START + (uint64_t)(first_s * 1000) - 500,
                                 .measured_ms = START + (uint64_t)(first_s * 1000),
                                 .ended_ms = START + (uint64_t)(first_s * 1000) + 11000,
                                 .rate = (double)per_s,
                                 .sessions = 100,
                                 .registered = 50,
                                 .registered_per_s = 100,
                                 .pump = {.sent = 10 * per_s,
                                          .due = 10 * per_s + 1,
                                          .expected = 10 * per_s,
                                          .answered = 5 * per_s,
                                          .lost = 5 * per_s,
                                          .elapsed_us = 10000000},
                                 .disagreements = complaint,
                                 .disagreement_count = complaints};
    for (uint64_t i = 0; i < 5 * per_s; i++) histogram_add(&result.pump.rtt_us, first_rtt + i);
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    assert_non_null(to);
    assert_true(report_json(to, &result));
    fclose(to);
    return text;
}

static bool add(struct merge *merge, const char *text, struct why *why) {
    char *copy = strdup(text);
    FILE *from = fmemopen(copy, strlen(copy), "r");
    assert_non_null(from);
    bool taken = merge_read(merge, from, "file", why);
    fclose(from);
    free(copy);
    return taken;
}

static void add_result(struct merge *merge, const char *name, double first_s, uint64_t per_s, uint64_t first_rtt,
                       size_t complaints) {
    struct why why;
    char *text = result_of(name, first_s, per_s, first_rtt, complaints);
    if (!add(merge, text, &why)) fail_msg("%s", why.text);
    free(text);
}

static char *written(struct merge *merge, bool as_json, uint64_t *disagreements) {
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    assert_non_null(to);
    assert_true(merge_write(merge, to, as_json, disagreements));
    fclose(to);
    return text;
}

static double number(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    if (!json_is_number(value)) fail_msg("%s is no number", key);
    return json_number_value(value);
}

static json_t *merged(struct merge *merge) {
    uint64_t disagreements;
    char *text = written(merge, true, &disagreements);
    json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(object);
    free(text);
    merge_destroy(merge);
    return object;
}

static void beside_each_other_the_rates_add_up(void **state) {
    (void)state;
    struct merge *merge = merge_create();
    add_result(merge, "beats", 0, 100, 1000, 0);
    add_result(merge, "beats", 0, 300, 1000, 0);
    json_t *object = merged(merge);
    assert_true(number(object, "sent") == 4000);
    assert_true(number(object, "elapsed_s") == 10);
    assert_true(number(object, "sent_per_s") == 400);
    assert_true(number(object, "rate") == 400);
    assert_true(number(object, "lost") == 2000);
    assert_true(number(object, "unsent") == 2);
    assert_true(number(object, "sessions") == 200);
    assert_true(number(object, "registered") == 100);
    assert_true(number(object, "registered_per_s") == 200);
    assert_int_equal(json_array_size(json_object_get(object, "runs")), 2);
    assert_null(json_object_get(object, "machine"));
    json_decref(object);
}

static void one_after_the_other_the_times_add_up(void **state) {
    (void)state;
    struct merge *merge = merge_create();
    add_result(merge, "beats", 1000, 300, 1000, 0);
    add_result(merge, "beats", 0, 100, 1000, 0);
    json_t *object = merged(merge);
    assert_true(number(object, "elapsed_s") == 20);
    assert_true(number(object, "sent_per_s") == 200);
    assert_true(number(object, "start_ms") == START - 500);
    assert_true(number(object, "end_ms") == START + 1011000);
    json_decref(object);
}

/* Quantiles of all values, not means of quantiles. */
static void quantiles_are_those_of_all(void **state) {
    (void)state;
    struct merge *merge = merge_create();
    add_result(merge, "beats", 0, 10, 1, 0);   /* 1 to 50 */
    add_result(merge, "beats", 0, 20, 101, 0); /* 101 to 200 */
    json_t *object = merged(merge);
    const json_t *rtt = json_object_get(object, "rtt_us");
    assert_true(number(rtt, "count") == 150);
    assert_true(number(rtt, "p50") == 125);
    assert_true(number(rtt, "min") == 1);
    assert_true(number(rtt, "max") == 200);
    assert_int_equal((int)(number(rtt, "mean") * 1000), 108833); /* (50 * 25.5 + 100 * 150.5) / 150 */
    json_decref(object);
}

static void a_merged_result_merges_again(void **state) {
    (void)state;
    uint64_t disagreements;
    struct merge *first = merge_create(), *second = merge_create();
    add_result(first, "beats", 0, 10, 1, 0);
    add_result(first, "beats", 0, 20, 101, 0);
    char *text = written(first, true, &disagreements);
    struct why why;
    assert_true(add(second, text, &why));
    free(text);
    merge_destroy(first);
    add_result(second, "beats", 0, 30, 1000, 0);
    json_t *object = merged(second);
    assert_true(number(object, "sent_per_s") == 60);
    assert_true(number(json_object_get(object, "rtt_us"), "count") == 300);
    json_decref(object);
}

static void names_stay_apart(void **state) {
    (void)state;
    uint64_t disagreements;
    struct merge *merge = merge_create();
    add_result(merge, "one", 0, 10, 1, 0);
    add_result(merge, "two", 0, 20, 1, 1);
    add_result(merge, "one", 5, 10, 1, 1);
    char *text = written(merge, false, &disagreements);
    assert_int_equal(disagreements, 2);
    assert_non_null(strstr(text, "2 runs of one: 200 sent in 15.00 s"));
    assert_non_null(strstr(text, "1 runs of two: 200 sent in 10.00 s"));
    assert_non_null(strstr(text, complaint[0]));
    free(text);
    merge_destroy(merge);
}

static void what_is_no_result_is_refused(void **state) {
    (void)state;
    struct why why;
    struct merge *merge = merge_create();
    char *text = result_of("beats", 0, 10, 1, 0);
    assert_true(add(merge, text, &why));
    assert_false(add(merge, text, &why));
    assert_non_null(strstr(why.text, "file:1: expected each result once"));
    assert_true(add(merge, "\n{\"progress\":\"filling\"}\n", &why));
    assert_false(add(merge, "\n{\"event\":\"joined\"}\n", &why));
    assert_non_null(strstr(why.text, "file:2: expected a result"));
    assert_false(add(merge, "{", &why));
    assert_non_null(strstr(why.text, "JSON"));
    assert_false(add(merge, "{\"name\":\"x\",\"registered\":-1}", &why));
    assert_non_null(strstr(why.text, "registered: expected a count"));
    char *other = strstr(text, "\"traffic\":\"beats\"");
    assert_non_null(other);
    other[strlen("\"traffic\":\"")] = 'B';
    assert_false(add(merge, text, &why));
    assert_non_null(strstr(why.text, "expected the traffic 'beats'"));
    free(text);
    merge_destroy(merge);
}

static void what_spans_share_counts_once(void **state) {
    (void)state;
    struct cover cover = {.spans = NULL};
    assert_true(cover_seconds(&cover) == 0);
    assert_true(cover_add(&cover, 100, 10));
    assert_true(cover_seconds(&cover) == 10);
    assert_true(cover_add(&cover, 105, 10));
    assert_true(cover_add(&cover, 101, 2));
    assert_true(cover_seconds(&cover) == 15);
    assert_true(cover_add(&cover, 50, 1));
    assert_true(cover_add(&cover, 115, 5));
    assert_true(cover_add(&cover, 30, 0));
    assert_true(cover_seconds(&cover) == 21);
    for (int i = 0; i < 100; i++) assert_true(cover_add(&cover, 1000 + i, 0.5));
    assert_true(cover_seconds(&cover) == 71);
    cover_free(&cover);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(beside_each_other_the_rates_add_up),
        cmocka_unit_test(one_after_the_other_the_times_add_up),
        cmocka_unit_test(quantiles_are_those_of_all),
        cmocka_unit_test(a_merged_result_merges_again),
        cmocka_unit_test(names_stay_apart),
        cmocka_unit_test(what_is_no_result_is_refused),
        cmocka_unit_test(what_spans_share_counts_once),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("merge", tests, NULL, NULL);
}

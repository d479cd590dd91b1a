/* A line of progress is about the time since the one before, and adds up what the parts of a run did. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "bench/load/moment.h"

#define BEGAN 5000000

static struct sample before, now, other;
static struct moment moment;

static int setup(void **state) {
    (void)state;
    memset(&before, 0, sizeof before);
    memset(&other, 0, sizeof other);
    memset(&moment, 0, sizeof moment);
    moment.phase = "beats";
    moment.since_start_s = 7.25;
    moment.wall_ms = UINT64_C(1000000000123);
    moment.dropped = 9;
    before = (struct sample){.at_us = BEGAN + 1000000,
                             .registered = 100,
                             .living = 100,
                             .pump = {.sent = 1000, .expected = 1000, .answered = 990, .lost = 4}};
    histogram_add(&before.pump.rtt_us, 90000);
    now = before;
    now.at_us = BEGAN + 3000000;
    now.registered = 110;
    now.living = 95;
    now.silent = 15;
    now.pump.sent = 1500;
    now.pump.answered = 1390;
    now.pump.lost = 7;
    for (uint64_t i = 1; i <= 100; i++) histogram_add(&now.pump.rtt_us, i);
    return 0;
}

static void a_line_is_about_the_time_since_the_last(void **state) {
    (void)state;
    moment_add(&moment, &before, &now, BEGAN);
    assert_true(moment.sent_per_s == 250);
    assert_true(moment.answered_per_s == 200);
    assert_true(moment.registered_per_s == 5);
    assert_int_equal(moment.lost, 7);
    assert_int_equal(moment.rtt_us.count, 100);
    assert_int_equal(histogram_quantile(&moment.rtt_us, 0.5), 50);
    assert_int_equal(histogram_quantile(&moment.rtt_us, 1), 100);
}

static void the_first_is_about_the_time_since_the_phase_began(void **state) {
    (void)state;
    static const struct sample nothing = {.registered = 80}; /* in the phase before */
    moment_add(&moment, &nothing, &now, BEGAN);
    assert_true(moment.sent_per_s == 500);
    assert_true(moment.registered_per_s == 10);
    assert_int_equal(moment.rtt_us.count, 101);
}

static void parts_add_up(void **state) {
    (void)state;
    other = now;
    other.at_us = BEGAN + 1250000; /* it told last a while ago, and its rate is over its own time */
    other.pump.sent = 1100;
    other.pump.answered = 1000;
    moment_add(&moment, &before, &now, BEGAN);
    moment_add(&moment, &before, &other, BEGAN);
    assert_true(moment.sent_per_s == 250 + 400);
    assert_true(moment.answered_per_s == 200 + 40);
    assert_int_equal(moment.living, 190);
    assert_int_equal(moment.silent, 30);
    assert_int_equal(moment.rtt_us.count, 200);
}

static void a_part_that_told_nothing_new_has_no_rate(void **state) {
    (void)state;
    static const struct sample nothing;
    moment_add(&moment, &now, &now, BEGAN);
    moment_add(&moment, &nothing, &nothing, BEGAN);
    assert_true(moment.sent_per_s == 0);
    assert_int_equal(moment.sent, 1500);
    assert_int_equal(moment.rtt_us.count, 0);
}

static void text_says_all(void **state) {
    (void)state;
    char text[MOMENT_TEXT_SIZE];
    moment_add(&moment, &before, &now, BEGAN);
    moment_text(&moment, text);
    assert_string_equal(text, "    7.2 s beats: 250/s sent, 200/s answered, 7 lost; p50 50, p99 99, max 100 us; "
                              "110 registered, 95 live, 15 silent, 9 dropped");
    moment_add(&moment, &now, &now, BEGAN);
    memset(&moment.rtt_us, 0, sizeof moment.rtt_us);
    moment_text(&moment, text);
    assert_null(strstr(text, "p50"));
}

static void a_fill_says_how_far_it_is(void **state) {
    (void)state;
    char text[MOMENT_TEXT_SIZE];
    moment.phase = "filling";
    moment.filling = true;
    now.registering = 256;
    now.absent = 634;
    moment_add(&moment, &before, &now, BEGAN);
    moment_text(&moment, text);
    assert_string_equal(text, "    7.2 s filling: 110 of 1000 registered, 5/s; 256 wait for an answer, 634 to come; "
                              "9 dropped");
}

static void json_has_the_same(void **state) {
    (void)state;
    static const struct {
        const char *key;
        double value;
    } expected[] = {
        {"since_start_s", 7.25}, {"time_ms", 1000000000123}, {"registered", 110}, {"living", 95}, {"silent", 15},
        {"sent", 1500},          {"answered", 1390},         {"lost", 7},         {"dropped", 9}, {"sent_per_s", 250},
        {"answered_per_s", 200}};
    moment_add(&moment, &before, &now, BEGAN);
    json_t *object = moment_object(&moment);
    assert_string_equal(json_string_value(json_object_get(object, "progress")), "beats");
    assert_true(json_is_false(json_object_get(object, "filling")));
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        double value = json_number_value(json_object_get(object, expected[i].key));
        if (value != expected[i].value) fail_msg("%s is %f", expected[i].key, value);
    }
    assert_int_equal(json_integer_value(json_object_get(json_object_get(object, "rtt_us"), "p99")), 99);
    json_decref(object);
}

static void a_cluster_tells_of_its_nodes(void **state) {
    (void)state;
    char text[MOMENT_TEXT_SIZE];
    now.nodes = (struct node_facts){.count = 2, .list = {{.id = 1, .sessions = 30}, {.id = 7, .sessions = 20}}};
    other = now;
    other.nodes = (struct node_facts){.count = 2, .list = {{.id = 3, .sessions = 5}, {.id = 7, .sessions = 2}}};
    moment_add(&moment, &before, &now, BEGAN);
    moment_add(&moment, &before, &other, BEGAN);
    moment_text(&moment, text);
    assert_non_null(strstr(text, "; at node 1: 30, 3: 5, 7: 22"));
    json_t *object = moment_object(&moment);
    assert_int_equal(json_array_size(json_object_get(object, "nodes")), 3);
    json_t *last = json_array_get(json_object_get(object, "nodes"), 2);
    assert_int_equal(json_integer_value(json_object_get(last, "id")), 7);
    assert_int_equal(json_integer_value(json_object_get(last, "living")), 22);
    json_decref(object);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_line_is_about_the_time_since_the_last, setup),
        cmocka_unit_test_setup(the_first_is_about_the_time_since_the_phase_began, setup),
        cmocka_unit_test_setup(parts_add_up, setup),
        cmocka_unit_test_setup(a_part_that_told_nothing_new_has_no_rate, setup),
        cmocka_unit_test_setup(text_says_all, setup),
        cmocka_unit_test_setup(a_fill_says_how_far_it_is, setup),
        cmocka_unit_test_setup(json_has_the_same, setup),
        cmocka_unit_test_setup(a_cluster_tells_of_its_nodes, setup),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("moment", tests, NULL, NULL);
}

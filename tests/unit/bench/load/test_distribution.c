/* What is written of a histogram is enough to add it up elsewhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "bench/load/distribution.h"

static struct histogram one, two, both;

static int setup(void **state) {
    (void)state;
    uint64_t value = 7;
    histogram_clear(&one);
    histogram_clear(&two);
    histogram_clear(&both);
    for (int i = 0; i < 2000; i++) {
        value = value * 6364136223846793005u + 1442695040888963407u;
        uint64_t sample = value >> (30 + i % 30);
        histogram_add(i % 2 ? &one : &two, sample);
        histogram_add(&both, sample);
    }
    return 0;
}

/* Through the text, as it goes into a file. */
static json_t *through_text(const struct histogram *histogram) {
    json_t *object = distribution_write(histogram, "us");
    char *text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(9));
    json_t *read = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(read);
    free(text);
    json_decref(object);
    return read;
}

static void halves_add_up_to_the_whole(void **state) {
    (void)state;
    static struct histogram sum;
    struct why why;
    json_t *first = through_text(&one), *second = through_text(&two);
    histogram_clear(&sum);
    assert_true(distribution_merge(first, "us", &sum, &why));
    assert_true(distribution_merge(second, "us", &sum, &why));
    assert_memory_equal(sum.buckets, both.buckets, sizeof sum.buckets);
    assert_int_equal(sum.count, both.count);
    assert_int_equal(sum.minimum, both.minimum);
    assert_int_equal(sum.maximum, both.maximum);
    for (size_t i = 0; i < QUANTILE_COUNT; i++)
        assert_int_equal(histogram_quantile(&sum, quantiles[i].share), histogram_quantile(&both, quantiles[i].share));
    double ratio = histogram_mean(&sum) / histogram_mean(&both);
    assert_true(ratio > 0.9999999 && ratio < 1.0000001);
    json_decref(first);
    json_decref(second);
}

static void nothing_adds_nothing(void **state) {
    (void)state;
    static struct histogram empty;
    struct why why;
    json_t *object = through_text(&empty);
    assert_int_equal(json_array_size(json_object_get(object, "buckets")), 0);
    uint64_t minimum = one.minimum, count = one.count;
    assert_true(distribution_merge(object, "us", &one, &why));
    assert_int_equal(one.minimum, minimum);
    assert_int_equal(one.count, count);
    json_decref(object);
}

static void what_is_no_histogram_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *said;
    } wrong[] = {
        {"[]", "object"},
        {"{\"count\":0}", "unit"},
        {"{\"unit\":\"ms\",\"count\":0,\"min\":0,\"max\":0,\"buckets\":[]}", "ms"},
        {"{\"unit\":\"us\",\"count\":0,\"min\":0,\"max\":0}", "buckets"},
        {"{\"unit\":\"us\",\"count\":1,\"min\":5,\"max\":5,\"buckets\":[[5]]}", "buckets"},
        {"{\"unit\":\"us\",\"count\":1,\"min\":5,\"max\":5,\"buckets\":[[5,-1]]}", "buckets"},
        {"{\"unit\":\"us\",\"count\":1,\"min\":5,\"max\":5,\"buckets\":[[1001,1]]}", "bounds"},
        {"{\"unit\":\"us\",\"count\":2,\"min\":5,\"max\":5,\"buckets\":[[5,1]]}", "count"},
        {"{\"unit\":\"us\",\"count\":1,\"max\":5,\"buckets\":[[5,1]]}", "min"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct why why;
        json_t *object = json_loads(wrong[i].text, 0, NULL);
        assert_non_null(object);
        if (distribution_merge(object, "us", &one, &why)) fail_msg("taken: %s", wrong[i].text);
        if (!strstr(why.text, wrong[i].said)) fail_msg("%s: said %s", wrong[i].text, why.text);
        json_decref(object);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(halves_add_up_to_the_whole, setup),
        cmocka_unit_test_setup(nothing_adds_nothing, setup),
        cmocka_unit_test_setup(what_is_no_histogram_is_refused, setup),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("distribution", tests, NULL, NULL);
}

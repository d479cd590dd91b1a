#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bootnode/buckets.h"

static uint64_t count_of(const struct buckets *buckets, size_t bucket) {
    return atomic_load(&buckets->counts[bucket]);
}

static void a_bucket_ends_at_its_power(void **state) {
    (void)state;
    assert_int_equal(buckets_of(0, 1), 0);
    assert_int_equal(buckets_of(1, 1), 0);
    assert_int_equal(buckets_of(2, 1), 1);
    assert_int_equal(buckets_of(3, 1), 2);
    assert_int_equal(buckets_of(4, 1), 2);
    assert_int_equal(buckets_of(5, 1), 3);
    for (size_t i = 1; i + 1 < BUCKETS_COUNT; i++) {
        assert_int_equal(buckets_of(UINT64_C(1000) << i, 1000), i);
        assert_int_equal(buckets_of((UINT64_C(1000) << i) + 1, 1000), i + 1);
    }
}

static void the_last_one_has_no_end(void **state) {
    (void)state;
    assert_int_equal(buckets_of(UINT64_C(1) << BUCKETS_COUNT, 1), BUCKETS_COUNT - 1);
    assert_int_equal(buckets_of(UINT64_MAX, 1), BUCKETS_COUNT - 1);
    assert_int_equal(buckets_of(UINT64_MAX, 1000), BUCKETS_COUNT - 1);
}

static void values_are_counted_and_summed(void **state) {
    (void)state;
    struct buckets buckets = {.sum = 0};
    buckets_add(&buckets, 1500, 1000, 3);
    buckets_add(&buckets, 2000, 1000, 1);
    buckets_add(&buckets, 999, 1000, 2);
    assert_int_equal(count_of(&buckets, 0), 2);
    assert_int_equal(count_of(&buckets, 1), 4);
    assert_int_equal(count_of(&buckets, 2), 0);
    assert_int_equal(atomic_load(&buckets.sum), 3 * 1500 + 2000 + 2 * 999);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bucket_ends_at_its_power),
        cmocka_unit_test(the_last_one_has_no_end),
        cmocka_unit_test(values_are_counted_and_summed),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("buckets", tests, NULL, NULL);
}

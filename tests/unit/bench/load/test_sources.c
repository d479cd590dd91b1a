/* The addresses that sockets send from. */
#include "bench/load/sources.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/why.h"

static struct address pick(const char *network, size_t index, size_t all) {
    struct address base;
    unsigned bits;
    assert_true(sources_parse(network, &base, &bits));
    return sources_pick(&base, bits, index, all);
}

static void picks(const char *network, size_t index, size_t all, const char *expected) {
    char text[ADDRESS_TEXT_SIZE];
    struct address picked = pick(network, index, all);
    assert_string_equal(address_format(&picked, text), expected);
}

static void small_networks_are_used_from_end_to_end(void **state) {
    (void)state;
    picks("127.1.2.3/24", 0, 254, "127.1.2.1:0");
    picks("127.1.2.3/24", 253, 254, "127.1.2.254:0");
    picks("127.1.2.3/24", 0, 2, "127.1.2.1:0");
    picks("127.1.2.3/24", 1, 2, "127.1.2.128:0");
    picks("127.1.2.3/29", 5, 6, "127.1.2.6:0");
    picks("127.1.2.3/29", 6, 16, "127.1.2.1:0");
    picks("10.0.0.8/31", 0, 2, "10.0.0.8:0");
    picks("10.0.0.8/31", 1, 2, "10.0.0.9:0");
    picks("10.0.0.8/32", 5, 16, "10.0.0.8:0");
    picks("2001:db8::/127", 1, 2, "[2001:db8::1]:0");
}

static void large_ones_are_spread_over(void **state) {
    (void)state;
    picks("127.0.0.0/8", 0, 4, "127.0.0.1:0");
    picks("127.0.0.0/8", 1, 4, "127.64.0.2:0");
    picks("127.0.0.0/8", 3, 4, "127.192.0.4:0");
    picks("127.0.0.0/8", 1023, 1024, "127.255.192.8:0");
    picks("10.1.0.0/22", 5, 10, "10.1.1.2:0"); /* more senders than pieces */
    picks("10.1.0.0/22", 9, 10, "10.1.1.3:0");
    picks("2001:db8::/32", 1, 2, "[2001:db8:8000::2]:0");
    picks("2001:db8::/64", 3, 4, "[2001:db8::c000:0:0:4]:0");
}

static int by_value(const void *a, const void *b) {
    return memcmp(a, b, sizeof(struct address));
}

/* How many differ in their first `bytes`. */
static size_t distinct(const char *network, size_t all, size_t bytes) {
    struct address *picked = calloc(all, sizeof *picked);
    size_t count = 1;
    assert_non_null(picked);
    for (size_t i = 0; i < all; i++) {
        struct address one = pick(network, i, all);
        memcpy(picked[i].ip, one.ip, bytes);
    }
    qsort(picked, all, sizeof *picked, by_value);
    for (size_t i = 1; i < all; i++) count += by_value(&picked[i - 1], &picked[i]) != 0;
    free(picked);
    return count;
}

static void as_many_subnets_as_can_be(void **state) {
    (void)state;
    assert_int_equal(distinct("127.0.0.0/8", 1024, 15), 1024);
    assert_int_equal(distinct("127.0.0.0/8", 1024, 14), 256);
    assert_int_equal(distinct("127.0.0.0/8", 300, 14), 256);
    assert_int_equal(distinct("127.0.0.0/8", 200, 14), 200);
    assert_int_equal(distinct("127.9.0.0/16", 1024, 15), 256);
    assert_int_equal(distinct("127.9.0.0/16", 1024, 16), 1024);
    assert_int_equal(distinct("127.9.0.0/20", 16 * 254, 16), 16 * 254);
    assert_int_equal(distinct("2001:db8::/32", 1000, 8), 1000);
    assert_int_equal(distinct("2001:db8::/32", 1000, 6), 1000);
    assert_int_equal(distinct("2001:db8::/48", 1000, 7), 256);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_networks_are_used_from_end_to_end),
        cmocka_unit_test(large_ones_are_spread_over),
        cmocka_unit_test(as_many_subnets_as_can_be),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("sources", tests, NULL, NULL);
}

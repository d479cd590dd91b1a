#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdatomic.h>

#include "bootnode/config.h"
#include "bootnode/outbox.h"

static struct endpoints endpoints;

static int start(void **state) {
    (void)state;
    endpoints_init(&endpoints);
    return 0;
}

static int stop(void **state) {
    (void)state;
    assert_true(endpoints_holds(&endpoints));
    endpoints_destroy(&endpoints);
    return 0;
}

static struct address local_address(uint8_t last) {
    struct address address;
    assert_true(address_parse("192.0.2.0:9595", 0, &address));
    address.ip[15] = last;
    return address;
}

static void an_index_names_one_endpoint_for_good(void **state) {
    (void)state;
    const struct address none = {.port = 0};
    for (uint8_t listener = 0; listener < BOOTNODE_LISTENERS_MAX; listener++)
        assert_int_equal(endpoints_index(&endpoints, listener, &none), listener);
    struct address local = local_address(1), other = local_address(2);
    uint8_t index = endpoints_index(&endpoints, 3, &local);
    assert_true(index >= BOOTNODE_LISTENERS_MAX);
    assert_int_not_equal(endpoints_index(&endpoints, 3, &other), index);
    assert_int_not_equal(endpoints_index(&endpoints, 2, &local), index);
    assert_int_equal(endpoints_index(&endpoints, 3, &local), index);
    assert_int_equal(endpoints.items[index].listener, 3);
    assert_true(address_same_ip(&endpoints.items[index].local, &local));
}

static void a_full_table_leaves_the_choice_to_the_kernel(void **state) {
    (void)state;
    for (unsigned i = BOOTNODE_LISTENERS_MAX; i < ENDPOINTS_MAX; i++) {
        struct address local = local_address((uint8_t)i);
        assert_int_equal(endpoints_index(&endpoints, 0, &local), i);
    }
    struct address one_more = local_address(0);
    assert_int_equal(endpoints_index(&endpoints, 2, &one_more), 2);
}

static void two_of_one_name_are_seen(void **state) {
    (void)state;
    struct address local = local_address(1), other = local_address(2);
    uint8_t first = endpoints_index(&endpoints, 3, &local), second = endpoints_index(&endpoints, 3, &other);
    endpoints.items[second].local = endpoints.items[first].local;
    assert_false(endpoints_holds(&endpoints));
    endpoints.items[second].listener = 4;
    assert_true(endpoints_holds(&endpoints));
    atomic_store(&endpoints.count, 1);
    assert_false(endpoints_holds(&endpoints));
    atomic_store(&endpoints.count, second + 1);
}

#define outbox_test(function) cmocka_unit_test_setup_teardown(function, start, stop)

int main(void) {
    const struct CMUnitTest tests[] = {
        outbox_test(an_index_names_one_endpoint_for_good),
        outbox_test(a_full_table_leaves_the_choice_to_the_kernel),
        outbox_test(two_of_one_name_are_seen),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("outbox", tests, NULL, NULL);
}

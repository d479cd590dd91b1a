/* What may go to an address that proved nothing: never more than three times what came from there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/peer/credit.h"

static struct address at(uint16_t port) {
    return (struct address){.ip = {[10] = 0xff, 0xff, 192, 0, 2, 1}, .port = port};
}

static void nothing_goes_where_nothing_came_from(void **state) {
    struct credit credit = {.uses = 0};
    struct address here = at(1), there = at(2);
    (void)state;
    assert_int_equal(credit_left(&credit, &here), 0);
    assert_false(credit_take(&credit, &here, 1));
    credit_came(&credit, &here, 100, NULL);
    assert_int_equal(credit_left(&credit, &here), 300);
    assert_int_equal(credit_left(&credit, &there), 0);
    assert_false(credit_take(&credit, &here, 301));
    assert_true(credit_take(&credit, &here, 300));
    assert_false(credit_take(&credit, &here, 1));
}

static void packets_count_as_well(void **state) {
    struct credit credit = {.uses = 0};
    struct address here = at(1);
    (void)state;
    credit_came(&credit, &here, 1000, NULL);
    for (int i = 0; i < CREDIT_FACTOR; i++) assert_true(credit_take(&credit, &here, 1));
    assert_int_equal(credit_left(&credit, &here), 0);
}

static void what_goes_anyway_is_subtracted(void **state) {
    struct credit credit = {.uses = 0};
    struct address here = at(1), there = at(2);
    (void)state;
    credit_charge(&credit, &there, 10);
    credit_came(&credit, &here, 100, NULL);
    credit_charge(&credit, &here, 250);
    assert_int_equal(credit_left(&credit, &here), 50);
    credit_charge(&credit, &here, 51);
    assert_int_equal(credit_left(&credit, &here), 0);
}

static void one_alone_is_worth_itself(void **state) {
    struct credit credit = {.uses = 0};
    struct address here = at(1);
    (void)state;
    for (int i = 0; i < 100; i++) credit_came_alone(&credit, &here, 50, NULL);
    assert_int_equal(credit_left(&credit, &here), 150);
}

/* However many sources are forged, the one that counts stays; what is forgotten has nothing. */
static void many_sources_push_out_each_other(void **state) {
    struct credit credit = {.uses = 0};
    struct address here = at(1);
    (void)state;
    credit_came(&credit, &here, 100, NULL);
    for (uint16_t port = 2; port < 1000; port++) {
        struct address there = at(port);
        credit_came(&credit, &there, 10, &here);
    }
    struct address first = at(2), last = at(999);
    assert_int_equal(credit_left(&credit, &here), 300);
    assert_int_equal(credit_left(&credit, &first), 0);
    assert_int_equal(credit_left(&credit, &last), 30);
}

/* Whatever comes and goes, in whatever order: what went is at most three times what came. */
static void it_holds_in_any_order(void **state) {
    enum { PORTS = 2 * CREDIT_PLACES };
    struct credit credit = {.uses = 0};
    uint64_t came[PORTS] = {0}, went[PORTS] = {0}, packets_came[PORTS] = {0}, packets_went[PORTS] = {0}, all = 0;
    (void)state;
    for (int i = 0; i < 200000; i++) {
        uint32_t place = randombytes_uniform(PORTS), size = 1 + randombytes_uniform(1200);
        struct address there = at((uint16_t)place);
        if (randombytes_uniform(3) == 0) {
            credit_came(&credit, &there, size, NULL);
            came[place] += size;
            packets_came[place]++;
        } else if (credit_take(&credit, &there, size)) {
            went[place] += size;
            packets_went[place]++;
            all++;
        }
        assert_true(went[place] <= 3 * came[place] && packets_went[place] <= 3 * packets_came[place]);
        assert_true(credit_holds(&credit));
    }
    assert_true(all > 10000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_goes_where_nothing_came_from), cmocka_unit_test(packets_count_as_well),
        cmocka_unit_test(what_goes_anyway_is_subtracted),       cmocka_unit_test(one_alone_is_worth_itself),
        cmocka_unit_test(many_sources_push_out_each_other),     cmocka_unit_test(it_holds_in_any_order),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("credit", tests, NULL, NULL);
}

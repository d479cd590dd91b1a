#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "bootnode/offenders.h"
#include "common/thread.h"

#define LIMIT COUNTER_RATE_LIMITED_HELLO
#define NOTES 100000

static struct offenders offenders;

static struct address source(const char *text) {
    struct address address;
    assert_true(address_parse(text, 1, &address));
    return address;
}

static void note(const char *text, unsigned times) {
    const struct address from = source(text);
    while (times-- > 0) offenders_note(&offenders, LIMIT, &from);
}

static void assert_worst(const char *expected, uint64_t least, uint64_t most) {
    struct offender places[OFFENDERS_PLACES] = {{.count = 0}};
    char text[PREFIX_TEXT_SIZE];
    offenders_take(&offenders, LIMIT, places);
    const struct offender *worst = offenders_worst(places);
    assert_non_null(worst);
    assert_string_equal(prefix_format(&worst->source, text), expected);
    assert_in_range(worst->count, least, most);
}

static void nobody_is_accused_without_a_reason(void **state) {
    (void)state;
    struct offender places[OFFENDERS_PLACES] = {{.count = 0}};
    offenders_init(&offenders);
    offenders_take(&offenders, LIMIT, places);
    assert_null(offenders_worst(places));
    note("192.0.2.1", 3);
    offenders_take(&offenders, COUNTER_RATE_LIMITED_STUN, places);
    assert_null(offenders_worst(places));
    assert_worst("192.0.2.1/32", 3, 3);
    offenders_take(&offenders, LIMIT, places); /* they were taken */
    assert_null(offenders_worst(places));
    offenders_destroy(&offenders);
}

static void one_among_thousands_is_found(void **state) {
    (void)state;
    offenders_init(&offenders);
    for (unsigned i = 0; i < 3000; i++) {
        char other[32];
        snprintf(other, sizeof other, "10.%u.%u.1", i / 250, i % 250);
        note(other, 1);
        note("192.0.2.1", 1);
    }
    assert_worst("192.0.2.1/32", 3000, 4000);
    offenders_destroy(&offenders);
}

static void a_network_of_ipv6_is_one_source(void **state) {
    (void)state;
    offenders_init(&offenders);
    note("192.0.2.1", 3);
    for (unsigned i = 0; i < 10; i++) {
        char other[32];
        snprintf(other, sizeof other, "2001:db8:1:2::%x", i + 1);
        note(other, 1);
    }
    assert_worst("2001:db8:1:2::/64", 10, 10);
    offenders_destroy(&offenders);
}

static void workers_are_added_up(void **state) {
    (void)state;
    static struct offenders other;
    struct offender places[OFFENDERS_PLACES] = {{.count = 0}};
    const struct address from = source("192.0.2.1");
    offenders_init(&offenders);
    offenders_init(&other);
    note("198.51.100.1", 5);
    note("192.0.2.1", 3);
    for (int i = 0; i < 4; i++) offenders_note(&other, LIMIT, &from);
    offenders_take(&offenders, LIMIT, places);
    offenders_take(&other, LIMIT, places);
    const struct offender *worst = offenders_worst(places);
    assert_non_null(worst);
    assert_int_equal(worst->count, 7);
    offenders_destroy(&offenders);
    offenders_destroy(&other);
}

/* The worker leaves out what comes while we read, and waits for nobody. */
static void note_many(void *argument) {
    for (int i = 0; i < NOTES; i++) offenders_note(&offenders, LIMIT, argument);
}

static void a_worker_notes_while_another_thread_reads(void **state) {
    (void)state;
    struct address from = source("192.0.2.1");
    struct offender places[OFFENDERS_PLACES] = {{.count = 0}};
    struct thread thread;
    offenders_init(&offenders);
    assert_int_equal(thread_start(&thread, "worker", false, note_many, &from), 0);
    for (int i = 0; i < 1000; i++) offenders_take(&offenders, LIMIT, places);
    thread_join(&thread);
    offenders_take(&offenders, LIMIT, places);
    assert_in_range(offenders_worst(places)->count, 1, NOTES);
    offenders_destroy(&offenders);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_accused_without_a_reason),        cmocka_unit_test(one_among_thousands_is_found),
        cmocka_unit_test(a_network_of_ipv6_is_one_source),           cmocka_unit_test(workers_are_added_up),
        cmocka_unit_test(a_worker_notes_while_another_thread_reads),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("offenders", tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bootnode/ops/visitors.h"
#include "common/clock.h"

#define NOW UINT64_C(1000000)
#define PATIENCE 10000
#define SOCKETS 1000

static struct visitors visitors;
static bool speaking[SOCKETS];
static unsigned ended[SOCKETS];

static bool speaks(int socket) {
    return speaking[socket];
}

static void end(int socket) {
    ended[socket]++;
}

static int set_up(void **state) {
    (void)state;
    visitors = (struct visitors){.speaks = speaks, .end = end};
    memset(speaking, 0, sizeof speaking);
    memset(ended, 0, sizeof ended);
    return 0;
}

/* From 192.0 and the two bytes of `source`; a /32 each. */
static struct visitor *come(int number, uint16_t source, uint64_t now) {
    const struct address from = {.ip = {[10] = 0xff, 0xff, 192, 0, (uint8_t)(source >> 8), (uint8_t)source}};
    return visitors_come(&visitors, number, &from, now, PATIENCE);
}

static void come_all(int first, int count, uint16_t source, uint64_t now) {
    for (int i = first; i < first + count; i++) (void)come(i, source, now);
}

static int how_many_ended(int first, int count) {
    int sum = 0;
    for (int i = first; i < first + count; i++) sum += ended[i] > 0;
    return sum;
}

static void patience_ends(void **state) {
    (void)state;
    (void)come(1, 1, NOW);
    assert_int_equal(visitors_due(&visitors, NOW), NOW + PATIENCE);
    visitors_sort_out(&visitors, NOW + PATIENCE - 1);
    assert_int_equal(ended[1], 0);
    visitors_sort_out(&visitors, NOW + PATIENCE);
    visitors_sort_out(&visitors, NOW + PATIENCE + 1);
    assert_int_equal(ended[1], 1);
    assert_int_equal(visitors_due(&visitors, NOW), NEVER);
}

static void patience_ends_for_who_is_heard_as_well(void **state) {
    (void)state;
    (void)come(1, 1, NOW);
    come(2, 1, NOW)->asked = true;
    speaking[1] = true;
    visitors_sort_out(&visitors, NOW + PATIENCE);
    assert_int_equal(how_many_ended(1, 2), 2);
}

static void the_oldest_of_a_source_makes_room(void **state) {
    (void)state;
    come_all(0, VISITORS_PER_SOURCE, 1, NOW);
    (void)come(500, 2, NOW);
    visitors_sort_out(&visitors, NOW + VISITORS_GRACE_MS);
    assert_int_equal(how_many_ended(0, SOCKETS), 0);
    (void)come(100, 1, NOW + VISITORS_GRACE_MS);
    visitors_sort_out(&visitors, NOW + VISITORS_GRACE_MS);
    assert_int_equal(ended[0], 1);
    assert_int_equal(how_many_ended(0, SOCKETS), 1);
}

static void who_came_just_now_stays_for_a_moment(void **state) {
    (void)state;
    come_all(0, 3 * VISITORS_PER_SOURCE, 1, NOW);
    assert_int_equal(visitors_due(&visitors, NOW), NOW + VISITORS_GRACE_MS);
    visitors_sort_out(&visitors, NOW + VISITORS_GRACE_MS - 1);
    assert_int_equal(how_many_ended(0, SOCKETS), 0);
    visitors_sort_out(&visitors, NOW + VISITORS_GRACE_MS);
    assert_int_equal(how_many_ended(0, 2 * VISITORS_PER_SOURCE), 2 * VISITORS_PER_SOURCE);
    assert_int_equal(how_many_ended(0, SOCKETS), 2 * VISITORS_PER_SOURCE);
    assert_int_equal(visitors_due(&visitors, NOW), NOW + PATIENCE);
}

static void who_is_not_read_yet_stays(void **state) {
    (void)state;
    come_all(0, 2 * VISITORS_PER_SOURCE, 1, NOW);
    speaking[0] = true;
    visitors_sort_out(&visitors, NOW + VISITORS_GRACE_MS);
    assert_int_equal(ended[0], 0);
    assert_int_equal(how_many_ended(1, SOCKETS - 1), VISITORS_PER_SOURCE - 1);
    assert_int_equal(visitors_due(&visitors, NOW + VISITORS_GRACE_MS), NOW + VISITORS_GRACE_MS + 1);
    speaking[0] = false;
    visitors_sort_out(&visitors, NOW + VISITORS_GRACE_MS + 1);
    assert_int_equal(ended[0], 1);
}

static void who_has_asked_comes_first(void **state) {
    (void)state;
    come(0, 1, NOW)->asked = true;
    come_all(1, 4 * VISITORS_PER_SOURCE, 1, NOW);
    visitors_sort_out(&visitors, NOW + VISITORS_GRACE_MS);
    assert_int_equal(ended[0], 0);
    assert_int_equal(how_many_ended(1, SOCKETS - 1), 3 * VISITORS_PER_SOURCE + 1);
}

/* They ask and do not listen. What they say besides is nobody's to read. */
static void those_who_have_asked_have_no_more_places(void **state) {
    (void)state;
    for (int i = 0; i < VISITORS_PER_SOURCE + 3; i++) {
        come(i, 1, NOW)->asked = true;
        speaking[i] = true;
    }
    visitors_sort_out(&visitors, NOW + VISITORS_GRACE_MS);
    assert_int_equal(how_many_ended(0, 3), 3);
    assert_int_equal(how_many_ended(0, SOCKETS), 3);
}

static void some_places_are_kept_free_of_all(void **state) {
    (void)state;
    for (int i = 0; i < VISITORS_MAX; i++) (void)come(i, (uint16_t)i, NOW);
    visitors_sort_out(&visitors, NOW + VISITORS_GRACE_MS - 1);
    assert_int_equal(how_many_ended(0, SOCKETS), 0);
    visitors_sort_out(&visitors, NOW + VISITORS_GRACE_MS);
    assert_int_equal(how_many_ended(0, VISITORS_MAX - VISITORS_KEPT), VISITORS_MAX - VISITORS_KEPT);
    assert_int_equal(how_many_ended(0, SOCKETS), VISITORS_MAX - VISITORS_KEPT);
}

static void who_left_takes_no_place(void **state) {
    (void)state;
    struct visitor *first = come(0, 1, NOW);
    come_all(1, VISITORS_PER_SOURCE, 1, NOW);
    visitors_leave(first);
    visitors_sort_out(&visitors, NOW + VISITORS_GRACE_MS);
    assert_int_equal(how_many_ended(0, SOCKETS), 0);
    for (int i = 0; i < VISITORS_MAX; i++) visitors_leave(&visitors.places[i]);
    come_all(100, VISITORS_MAX, 2, NOW);
}

#define visitors_test(function) cmocka_unit_test_setup(function, set_up)

int main(void) {
    const struct CMUnitTest tests[] = {
        visitors_test(patience_ends),
        visitors_test(patience_ends_for_who_is_heard_as_well),
        visitors_test(the_oldest_of_a_source_makes_room),
        visitors_test(who_came_just_now_stays_for_a_moment),
        visitors_test(who_is_not_read_yet_stays),
        visitors_test(who_has_asked_comes_first),
        visitors_test(those_who_have_asked_have_no_more_places),
        visitors_test(some_places_are_kept_free_of_all),
        visitors_test(who_left_takes_no_place),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("visitors", tests, NULL, NULL);
}

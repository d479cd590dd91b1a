/* What is kept of what was said, and of whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/history/backlog.h"

static const struct feed_name anna = {.author = "anna", .run = 1}, bert = {.author = "bert", .run = 1};
static const struct feed_name anna_again = {.author = "anna", .run = 2};

static void add(struct backlog *backlog, const struct feed_name *feed, uint64_t sequence, size_t size, uint64_t age,
                uint64_t now) {
    uint8_t *data = calloc(1, size);
    struct blob *blob = blob_create(data, size);

    assert_non_null(blob);
    backlog_add(backlog, feed, sequence, blob, age, now);
    blob_drop(blob);
    free(data);
}

static bool has(const struct backlog *backlog, const struct feed_name *feed, uint64_t sequence) {
    return backlog_next(backlog, feed, sequence, sequence) != NULL;
}

static void each_is_kept_once(void **state) {
    struct backlog backlog = {.count = 0};

    (void)state;
    add(&backlog, &anna, 3, 10, 0, 1);
    add(&backlog, &anna, 3, 10, 0, 2);
    add(&backlog, &anna_again, 3, 10, 0, 2);
    assert_int_equal(backlog.count, 2);
    assert_int_equal(backlog.bytes, 20);
    backlog_clear(&backlog);
    assert_int_equal(backlog.count + backlog.bytes, 0);
    assert_null(backlog.authors);
}

static void a_range_is_found_in_order(void **state) {
    struct backlog backlog = {.count = 0};

    (void)state;
    add(&backlog, &anna, 5, 10, 0, 1);
    add(&backlog, &anna, 2, 10, 0, 1);
    add(&backlog, &bert, 3, 10, 0, 1);
    assert_int_equal(backlog_next(&backlog, &anna, 1, UINT64_MAX)->sequence, 2);
    assert_int_equal(backlog_next(&backlog, &anna, 3, UINT64_MAX)->sequence, 5);
    assert_null(backlog_next(&backlog, &anna, 3, 4));
    assert_null(backlog_next(&backlog, &anna, 6, UINT64_MAX));
    backlog_clear(&backlog);
}

static void rows_say_what_there_is(void **state) {
    struct backlog backlog = {.count = 0};
    struct backlog_row rows[3];

    (void)state;
    assert_int_equal(backlog_rows(&backlog, rows, 3), 0);
    add(&backlog, &anna, 5, 10, 0, 1);
    add(&backlog, &bert, 3, 10, 0, 2);
    add(&backlog, &anna, 2, 10, 0, 3);
    assert_int_equal(backlog_rows(&backlog, rows, 3), 2);
    assert_true(feed_name_equal(&rows[0].feed, &anna)); /* heard last */
    assert_int_equal(rows[0].lowest, 2);
    assert_int_equal(rows[0].highest, 5);
    assert_true(feed_name_equal(&rows[1].feed, &bert));
    assert_int_equal(backlog_rows(&backlog, rows, 1), 1);
    backlog_clear(&backlog);
}

static void nothing_grows_older_than_ten_minutes(void **state) {
    struct backlog backlog = {.count = 0};

    (void)state;
    add(&backlog, &anna, 1, 10, 0, 1000000);
    add(&backlog, &anna, 2, 10, BACKLOG_AGE_MS - 1000, 1000000); /* passed on */
    add(&backlog, &anna, 3, 10, BACKLOG_AGE_MS, 1000000);
    assert_int_equal(backlog.count, 2);
    backlog_expire(&backlog, 1000999);
    assert_int_equal(backlog.count, 2);
    backlog_expire(&backlog, 1001000);
    assert_false(has(&backlog, &anna, 2));
    backlog_expire(&backlog, 1000000 + BACKLOG_AGE_MS - 1);
    assert_true(has(&backlog, &anna, 1));
    backlog_expire(&backlog, 1000000 + BACKLOG_AGE_MS);
    assert_int_equal(backlog.count, 0);
}

/* Also with a new run for each message. */
static void a_flooder_pushes_out_nobody_else(void **state) {
    struct backlog backlog = {.count = 0};
    struct feed_name flooder = {.author = "emil"};

    (void)state;
    for (uint64_t i = 1; i <= 300; i++) add(&backlog, &anna, i, 10, 0, i);
    for (uint64_t i = 1; i <= 5000; i++) {
        flooder.run = i;
        add(&backlog, &flooder, 1, 10, 0, 300 + i);
        assert_in_range(backlog.count, 1, BACKLOG_MESSAGES);
    }
    for (uint64_t i = 1; i <= 300; i++) assert_true(has(&backlog, &anna, i));
    assert_true(has(&backlog, &flooder, 1));
    flooder.run = 5000 - 700;
    assert_false(has(&backlog, &flooder, 1));
    flooder.run++;
    assert_true(has(&backlog, &flooder, 1));
    backlog_clear(&backlog);
}

static void bytes_are_bounded(void **state) {
    struct backlog backlog = {.count = 0};

    (void)state;
    add(&backlog, &anna, 1, 100, 0, 1);
    for (uint64_t i = 1; i <= 300; i++) {
        add(&backlog, &bert, i, 65536, 0, i);
        assert_in_range(backlog.bytes, 1, BACKLOG_BYTES);
    }
    assert_true(has(&backlog, &anna, 1));
    assert_int_equal(backlog.count, 1 + (BACKLOG_BYTES - 100) / 65536);
    backlog_clear(&backlog);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_kept_once),
        cmocka_unit_test(a_range_is_found_in_order),
        cmocka_unit_test(rows_say_what_there_is),
        cmocka_unit_test(nothing_grows_older_than_ten_minutes),
        cmocka_unit_test(a_flooder_pushes_out_nobody_else),
        cmocka_unit_test(bytes_are_bounded),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("backlog", tests, NULL, NULL);
}

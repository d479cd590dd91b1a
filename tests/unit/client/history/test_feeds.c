/* Messages of an author in the order of their sequence, and who is forgotten first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/history/feeds.h"

static const uint8_t someone[MEMBER_ID_SIZE] = "someone", other[MEMBER_ID_SIZE] = "other";

static struct feed_name numbered(uint64_t number) {
    return (struct feed_name){.author = "anna", .run = number};
}

static struct feed *feed_of(struct feeds *feeds, uint64_t number, enum feed_standing standing, uint64_t now) {
    struct feed_name name = numbered(number);
    return feeds_of(feeds, &name, standing, someone, now);
}

static bool hold_of(struct feeds *feeds, struct feed *feed, uint64_t sequence, size_t size, int64_t time) {
    uint8_t *data = calloc(1, size);
    struct blob *blob = blob_create(data, size);
    assert_non_null(blob);
    bool held = feeds_hold(feeds, feed, sequence, false, time, blob, 5);
    blob_drop(blob);
    free(data);
    assert_true(feeds_holds(feeds));
    return held;
}

static bool hold(struct feeds *feeds, struct feed *feed, uint64_t sequence, size_t size) {
    return hold_of(feeds, feed, sequence, size, 0);
}

static uint64_t take(struct feeds *feeds, struct feed *feed) {
    struct held held;
    if (!feeds_take(feeds, feed, &held)) return 0;
    blob_drop(held.blob);
    assert_true(feeds_holds(feeds));
    return held.sequence;
}

static void what_comes_in_any_order_is_taken_in_one(void **state) {
    struct feeds feeds = {.count = 0};
    struct feed *feed = feed_of(&feeds, 1, FEED_MET, 1);
    (void)state;
    assert_true(hold(&feeds, feed, 3, 10));
    assert_true(hold(&feeds, feed, 1, 10));
    assert_false(hold(&feeds, feed, 3, 10));
    assert_int_equal(take(&feeds, feed), 1);
    assert_int_equal(take(&feeds, feed), 0);
    assert_false(hold(&feeds, feed, 1, 10));
    assert_true(hold(&feeds, feed, 2, 10));
    assert_int_equal(take(&feeds, feed), 2);
    assert_int_equal(take(&feeds, feed), 3);
    assert_int_equal(feeds.bytes, 0);
    feeds_clear(&feeds);
}

static void what_is_skipped_is_counted_once_something_was_shown(void **state) {
    struct feeds feeds = {.count = 0};
    struct feed *feed = feed_of(&feeds, 1, FEED_MET, 1);
    (void)state;
    assert_int_equal(feeds_skip(feed), 0);
    assert_true(hold(&feeds, feed, 40, 10));
    assert_int_equal(feeds_skip(feed), 0);
    assert_int_equal(take(&feeds, feed), 40);
    assert_true(hold(&feeds, feed, 50, 10));
    assert_int_equal(feeds_skip(feed), 9);
    assert_int_equal(take(&feeds, feed), 50);
    feeds_clear(&feeds);
}

/* By the ages that travelled along the second was said before the first, and so would be what got lost in between. */
static void no_time_is_before_that_of_the_last_one(void **state) {
    struct feeds feeds = {.count = 0};
    struct feed *feed = feed_of(&feeds, 1, FEED_MET, 1);
    struct held held;
    (void)state;
    assert_true(hold_of(&feeds, feed, 1, 10, -70));
    assert_true(hold_of(&feeds, feed, 2, 10, -90));
    for (uint64_t sequence = 1; sequence <= 2; sequence++) {
        assert_true(feeds_take(&feeds, feed, &held));
        assert_int_equal(held.sequence, sequence);
        assert_int_equal(held.time, -70);
        blob_drop(held.blob);
    }
    assert_true(hold_of(&feeds, feed, 9, 10, INT64_MIN));
    assert_int_equal(feeds_skip(feed), 6);
    assert_int_equal(feed->held->time, -70); /* the gap is told with it */
    assert_true(hold_of(&feeds, feed, 10, 10, 5));
    assert_int_equal(take(&feeds, feed), 9);
    assert_true(feeds_take(&feeds, feed, &held));
    assert_int_equal(held.time, 5);
    blob_drop(held.blob);
    feeds_clear(&feeds);
}

static void who_holds_most_is_named(void **state) {
    struct feeds feeds = {.count = 0};
    struct feed *anna = feed_of(&feeds, 1, FEED_MET, 1), *bert = feed_of(&feeds, 2, FEED_MET, 1);
    (void)state;
    assert_true(hold(&feeds, anna, 2, 65536));
    for (uint64_t i = 2; feeds.bytes <= FEEDS_BYTES; i++) {
        assert_null(feeds_too_much(&feeds));
        assert_true(hold(&feeds, bert, i, 65536));
    }
    assert_ptr_equal(feeds_too_much(&feeds), bert);
    for (uint64_t i = 3; anna->held_count < FEED_HELD_MOST; i++) assert_true(hold(&feeds, anna, i, 1));
    assert_false(hold(&feeds, anna, 1, 1));
    feeds_clear(&feeds);
}

static void who_was_met_is_forgotten_last(void **state) {
    struct feeds feeds = {.count = 0};
    struct feed_name name;
    (void)state;
    feed_of(&feeds, 1, FEED_MET, 1);
    feed_of(&feeds, 2, FEED_PASSED_ON, 2);
    for (uint64_t i = 3; i <= FEEDS_MOST + 10; i++) assert_non_null(feed_of(&feeds, i, FEED_PROMISED, i));
    assert_int_equal(feeds.count, FEEDS_MOST);
    name = numbered(1);
    assert_non_null(feeds_find(&feeds, &name));
    name = numbered(2);
    assert_non_null(feeds_find(&feeds, &name));
    name = numbered(12); /* the tenth that was only promised */
    assert_null(feeds_find(&feeds, &name));
    name = numbered(13);
    assert_non_null(feeds_find(&feeds, &name));
    for (uint64_t i = 1; i < FEEDS_MOST; i++) assert_non_null(feed_of(&feeds, 100000 + i, FEED_MET, 100000 + i));
    name = numbered(1);
    assert_non_null(feeds_find(&feeds, &name));
    assert_null(feed_of(&feeds, 5, FEED_PROMISED, 300000)); /* only people we met are left */
    assert_null(feed_of(&feeds, 5, FEED_PASSED_ON, 300000));
    assert_non_null(feed_of(&feeds, 5, FEED_MET, 300000));
    assert_null(feeds_find(&feeds, &name));
    feeds_clear(&feeds);
}

static struct feed *brought_by(struct feeds *feeds, const uint8_t *by, uint64_t number, enum feed_standing standing,
                               uint64_t now) {
    struct feed_name name = numbered(number);
    struct feed *feed = feeds_of(feeds, &name, standing, by, now);
    assert_non_null(feed);
    return feed;
}

static unsigned remembered(const struct feeds *feeds, uint64_t from, uint64_t to) {
    unsigned count = 0;
    for (uint64_t i = from; i < to; i++) {
        struct feed_name name = numbered(i);
        count += feeds_find(feeds, &name) != NULL;
    }
    return count;
}

/* Whatever one member brings, and however lately: it pushes out its own. */
static void nobody_pushes_out_what_others_brought(void **state) {
    (void)state;
    for (enum feed_standing standing = FEED_PROMISED; standing < FEED_STANDINGS; standing++) {
        struct feeds feeds = {.count = 0};
        for (uint64_t i = 0; i < 900; i++) brought_by(&feeds, someone, i, standing, i);
        for (uint64_t i = 1000; i < 20000; i++) brought_by(&feeds, other, i, standing, i);
        assert_int_equal(feeds.count, FEEDS_MOST);
        assert_int_equal(remembered(&feeds, 0, 900), 900);
        assert_int_equal(remembered(&feeds, 20000 - (FEEDS_MOST - 900), 20000), FEEDS_MOST - 900);
        assert_true(feeds_holds(&feeds));
        feeds_clear(&feeds);
    }
}

/* Who promised what another is the author of has no say in it once that was met. */
static void a_feed_is_its_authors_in_the_end(void **state) {
    struct feeds feeds = {.count = 0};
    (void)state;
    struct feed *feed = brought_by(&feeds, other, 1, FEED_PROMISED, 1);
    assert_true(hold(&feeds, feed, 2, 1000));
    assert_ptr_equal(brought_by(&feeds, someone, 1, FEED_MET, 2), feed);
    assert_true(feeds_holds(&feeds));
    for (uint64_t i = 2; i < 5000; i++) brought_by(&feeds, other, i, FEED_MET, i);
    assert_int_equal(remembered(&feeds, 1, 2), 1);
    assert_true(feeds_holds(&feeds));
    feeds_clear(&feeds);
}

/* Much in many feeds is as much as in one. */
static void who_holds_most_in_many_feeds_is_named(void **state) {
    struct feeds feeds = {.count = 0};
    (void)state;
    struct feed *large = brought_by(&feeds, someone, 1, FEED_MET, 1);
    assert_true(hold(&feeds, large, 2, 100000));
    for (uint64_t i = 2; !feeds_too_much(&feeds); i++)
        assert_true(hold(&feeds, brought_by(&feeds, other, i, FEED_PASSED_ON, 1), 2, 10000));
    assert_ptr_not_equal(feeds_too_much(&feeds), large);
    feeds_clear(&feeds);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_comes_in_any_order_is_taken_in_one),
        cmocka_unit_test(what_is_skipped_is_counted_once_something_was_shown),
        cmocka_unit_test(no_time_is_before_that_of_the_last_one),
        cmocka_unit_test(who_holds_most_is_named),
        cmocka_unit_test(who_was_met_is_forgotten_last),
        cmocka_unit_test(nobody_pushes_out_what_others_brought),
        cmocka_unit_test(a_feed_is_its_authors_in_the_end),
        cmocka_unit_test(who_holds_most_in_many_feeds_is_named),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("feeds", tests, NULL, NULL);
}

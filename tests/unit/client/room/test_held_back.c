/* What somebody says who is barred: kept in order, each one's apart, and only so much of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/room/held_back.h"

static void add(struct held_back *held_back, uint8_t peer, const char *text, int64_t time) {
    struct event *event = event_create(EVENT_MESSAGE, text, strlen(text));
    memset(event->peer, peer, sizeof event->peer);
    held_back_add(held_back, event, time);
}

static void expect_next(struct held_back *held_back, uint8_t peer, const char *text, int64_t time) {
    uint8_t id[MEMBER_ID_SIZE];
    int64_t at = 0;
    memset(id, peer, sizeof id);
    struct event *event = held_back_take(held_back, id, &at);
    if (!text) {
        assert_null(event);
        return;
    }
    assert_non_null(event);
    assert_string_equal(event->text, text);
    assert_int_equal(at, time);
    event_destroy(event);
}

static void each_one_has_its_own_in_order(void **state) {
    struct held_back held_back = {.first = NULL};
    (void)state;
    expect_next(&held_back, 1, NULL, 0);
    add(&held_back, 1, "one", 10);
    add(&held_back, 2, "another", 11);
    add(&held_back, 1, "two", 12);
    expect_next(&held_back, 1, "one", 10);
    expect_next(&held_back, 1, "two", 12);
    expect_next(&held_back, 1, NULL, 0);
    add(&held_back, 1, "three", 13); /* behind what is left, the last of which was taken */
    expect_next(&held_back, 2, "another", 11);
    add(&held_back, 2, "more", 14);
    expect_next(&held_back, 1, "three", 13);
    expect_next(&held_back, 2, "more", 14);
    assert_int_equal(held_back.bytes, 0);
    held_back_clear(&held_back);
}

static void what_came_first_goes_first(void **state) {
    struct held_back held_back = {.first = NULL};
    char text[16];
    unsigned left = 0;
    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(text, sizeof text, "%u", i);
        add(&held_back, 1, text, i);
        assert_true(held_back.bytes <= HELD_BACK_BYTES);
    }
    const uint8_t id[MEMBER_ID_SIZE] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    int64_t time = 0;
    for (struct event *event; (event = held_back_take(&held_back, id, &time)); left++) event_destroy(event);
    assert_in_range(left, 100, 500);
    assert_int_equal(time, 999); /* the newest was among them */
    char *huge = malloc(HELD_BACK_BYTES + 1);
    assert_non_null(huge);
    memset(huge, 'x', HELD_BACK_BYTES);
    huge[HELD_BACK_BYTES] = '\0';
    add(&held_back, 1, huge, 1);
    free(huge);
    assert_null(held_back.first);
    add(&held_back, 1, "small", 2);
    expect_next(&held_back, 1, "small", 2);
    held_back_clear(&held_back);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_one_has_its_own_in_order),
        cmocka_unit_test(what_came_first_goes_first),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("held_back", tests, NULL, NULL);
}

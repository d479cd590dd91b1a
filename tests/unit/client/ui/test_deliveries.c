#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/ui/deliveries.h"

#define STRANGER 200 /* no member has this id */

struct stage {
    struct deliveries deliveries;
    struct roster roster;
};

static struct event event_of(enum event_type type, uint8_t peer, const char *id) {
    struct event event = {.type = type};
    memset(event.peer, peer, sizeof event.peer);
    snprintf(event.id, sizeof event.id, "%s", id);
    return event;
}

static void come(struct stage *stage, uint8_t id) {
    struct event event = event_of(EVENT_PEER_CONNECTED, id, "");
    snprintf(event.nick, sizeof event.nick, "peer%u", id);
    snprintf(event.fingerprint, sizeof event.fingerprint, "%032x", id);
    roster_apply(&stage->roster, &event);
}

/* Members 1, 2 and 3. */
static int set_up(void **state) {
    struct stage *stage = calloc(1, sizeof *stage);
    if (!stage) return -1;
    for (uint8_t id = 1; id <= 3; id++) come(stage, id);
    *state = stage;
    return 0;
}

static int tear_down(void **state) {
    struct stage *stage = *state;
    deliveries_clear(&stage->deliveries);
    roster_clear(&stage->roster);
    free(stage);
    return 0;
}

static struct delivery *say(struct stage *stage, const char *id, unsigned recipients) {
    struct event event = event_of(EVENT_SENT, 0, id);
    event.recipients = recipients;
    struct delivery *delivery = deliveries_sent(&stage->deliveries, &event, &stage->roster);
    assert_true(deliveries_holds(&stage->deliveries));
    return delivery;
}

static struct delivery *whisper(struct stage *stage, const char *id, uint8_t peer) {
    struct event event = event_of(EVENT_SENT, peer, id);
    event.recipients = 1;
    event.kind = CHAT_PRIVATE;
    return deliveries_sent(&stage->deliveries, &event, &stage->roster);
}

static struct delivery *answer(struct stage *stage, enum event_type type, uint8_t peer, const char *id) {
    struct event event = event_of(type, peer, id);
    struct delivery *delivery = deliveries_answered(&stage->deliveries, &event, &stage->roster);
    assert_true(deliveries_holds(&stage->deliveries));
    return delivery;
}

static void expect_waiting(const struct stage *stage, unsigned first, unsigned second, unsigned third) {
    const unsigned expected[] = {first, second, third};
    for (uint8_t id = 1; id <= 3; id++) {
        uint8_t bytes[MEMBER_ID_SIZE];
        memset(bytes, id, sizeof bytes);
        const struct member *member = roster_find(&stage->roster, bytes);
        assert_int_equal(member ? member->waiting : 0, expected[id - 1]);
    }
}

static void expect_count(const struct delivery *delivery, unsigned delivered, unsigned undelivered, size_t open) {
    assert_non_null(delivery);
    assert_int_equal(delivery->delivered, delivered);
    assert_int_equal(delivery->undelivered, undelivered);
    assert_int_equal(delivery->open_count, open);
}

static void each_answer_closes_one(void **state) {
    struct stage *stage = *state;
    expect_count(say(stage, "1-1", 3), 0, 0, 3);
    expect_waiting(stage, 1, 1, 1);
    expect_count(answer(stage, EVENT_DELIVERED, 2, "1-1"), 1, 0, 2);
    expect_waiting(stage, 1, 0, 1);
    expect_count(answer(stage, EVENT_UNDELIVERED, 1, "1-1"), 1, 1, 1);
    expect_waiting(stage, 0, 0, 1);
    expect_count(answer(stage, EVENT_DELIVERED, 3, "1-1"), 2, 1, 0);
    expect_waiting(stage, 0, 0, 0);
    assert_null(deliveries_find(&stage->deliveries, "1-1")->open);
}

static void several_messages_wait_together(void **state) {
    struct stage *stage = *state;
    say(stage, "1-1", 3);
    say(stage, "1-2", 3);
    expect_waiting(stage, 2, 2, 2);
    expect_count(answer(stage, EVENT_DELIVERED, 1, "1-2"), 1, 0, 2);
    expect_waiting(stage, 1, 2, 2);
    expect_count(deliveries_find(&stage->deliveries, "1-1"), 0, 0, 3);
    assert_string_equal(deliveries_last(&stage->deliveries)->id, "1-2");
}

static void an_unknown_message_is_no_answer(void **state) {
    struct stage *stage = *state;
    assert_null(deliveries_last(&stage->deliveries));
    assert_null(answer(stage, EVENT_DELIVERED, 1, "1-1"));
    say(stage, "1-1", 3);
    assert_null(answer(stage, EVENT_DELIVERED, 1, "1-2"));
    assert_null(deliveries_find(&stage->deliveries, "1-"));
    assert_null(deliveries_find(&stage->deliveries, "1-11"));
    expect_waiting(stage, 1, 1, 1);
}

static void a_second_answer_of_a_peer_does_not_count(void **state) {
    struct stage *stage = *state;
    say(stage, "1-1", 3);
    answer(stage, EVENT_DELIVERED, 1, "1-1");
    expect_count(answer(stage, EVENT_DELIVERED, 1, "1-1"), 1, 0, 2);
    expect_count(answer(stage, EVENT_UNDELIVERED, 1, "1-1"), 1, 0, 2);
    expect_waiting(stage, 0, 1, 1);
    say(stage, "1-2", 3);
    answer(stage, EVENT_DELIVERED, 1, "1-1"); /* must not close what is open in the other */
    expect_waiting(stage, 1, 2, 2);
    answer(stage, EVENT_DELIVERED, 2, "1-1");
    expect_count(answer(stage, EVENT_DELIVERED, 3, "1-1"), 3, 0, 0);
    expect_count(answer(stage, EVENT_DELIVERED, 3, "1-1"), 3, 0, 0);
    expect_count(answer(stage, EVENT_UNDELIVERED, 3, "1-1"), 3, 0, 0);
    expect_waiting(stage, 1, 1, 1);
}

/* The engine may wait for somebody whom the roster does not show yet. */
static void recipients_whom_nobody_knows_count_too(void **state) {
    struct stage *stage = *state;
    expect_count(say(stage, "1-1", 5), 0, 0, 3);
    expect_count(answer(stage, EVENT_DELIVERED, STRANGER, "1-1"), 1, 0, 3);
    expect_count(answer(stage, EVENT_UNDELIVERED, STRANGER + 1, "1-1"), 1, 1, 3);
    for (uint8_t id = 1; id <= 3; id++) answer(stage, EVENT_DELIVERED, id, "1-1");
    expect_count(deliveries_find(&stage->deliveries, "1-1"), 4, 1, 0);
    expect_count(answer(stage, EVENT_DELIVERED, STRANGER, "1-1"), 4, 1, 0);
    expect_waiting(stage, 0, 0, 0);
}

static void answers_are_never_more_than_recipients(void **state) {
    struct stage *stage = *state;
    say(stage, "1-1", 4);
    for (uint8_t i = 0; i < 10; i++) answer(stage, EVENT_DELIVERED, (uint8_t)(STRANGER + i), "1-1");
    for (uint8_t id = 1; id <= 3; id++) answer(stage, EVENT_UNDELIVERED, id, "1-1");
    const struct delivery *delivery = deliveries_find(&stage->deliveries, "1-1");
    assert_int_equal(delivery->delivered + delivery->undelivered, 4);
    assert_int_equal(delivery->open_count, 0);
    expect_waiting(stage, 0, 0, 0);
}

/* Strangers take no more places than nobody of the roster has. */
static void strangers_do_not_answer_for_members(void **state) {
    struct stage *stage = *state;
    say(stage, "1-1", 4);
    for (uint8_t i = 0; i < 4; i++)
        expect_count(answer(stage, EVENT_DELIVERED, (uint8_t)(STRANGER + i), "1-1"), 1, 0, 3);
    expect_waiting(stage, 1, 1, 1);
    for (uint8_t id = 1; id <= 3; id++) answer(stage, EVENT_DELIVERED, id, "1-1");
    expect_count(deliveries_find(&stage->deliveries, "1-1"), 4, 0, 0);
    expect_waiting(stage, 0, 0, 0);
}

static void without_recipients_nobody_waits(void **state) {
    struct stage *stage = *state;
    expect_count(say(stage, "1-1", 0), 0, 0, 0);
    expect_waiting(stage, 0, 0, 0);
    expect_count(answer(stage, EVENT_DELIVERED, 1, "1-1"), 0, 0, 0);
    expect_waiting(stage, 0, 0, 0);
}

static void a_private_message_waits_for_one(void **state) {
    struct stage *stage = *state;
    expect_count(whisper(stage, "1-@1", 2), 0, 0, 1);
    expect_waiting(stage, 0, 1, 0);
    expect_count(answer(stage, EVENT_DELIVERED, 1, "1-@1"), 0, 0, 1); /* not from whom it waits for */
    expect_count(answer(stage, EVENT_DELIVERED, 2, "1-@1"), 1, 0, 0);
    expect_waiting(stage, 0, 0, 0);
    expect_count(whisper(stage, "1-@2", STRANGER), 0, 0, 0);
    expect_count(answer(stage, EVENT_DELIVERED, STRANGER, "1-@2"), 1, 0, 0);
    expect_waiting(stage, 0, 0, 0);
}

static void the_blocked_are_not_waited_for(void **state) {
    struct stage *stage = *state;
    struct event blocked = event_of(EVENT_PEER_STATUS, 2, "");
    blocked.standing = STANDING_BLOCKED;
    roster_apply(&stage->roster, &blocked);
    expect_count(say(stage, "1-1", 2), 0, 0, 2);
    expect_waiting(stage, 1, 0, 1);
    expect_count(answer(stage, EVENT_DELIVERED, 2, "1-1"), 0, 0, 2);
}

static void who_left_is_answered_for_without_harm(void **state) {
    struct stage *stage = *state;
    struct event left = event_of(EVENT_PEER_LEFT, 2, "");
    say(stage, "1-1", 3);
    roster_apply(&stage->roster, &left);
    expect_count(answer(stage, EVENT_UNDELIVERED, 2, "1-1"), 0, 1, 2);
    expect_waiting(stage, 1, 0, 1);
    come(stage, 2);
    expect_waiting(stage, 1, 0, 1);
    expect_count(answer(stage, EVENT_DELIVERED, 2, "1-1"), 0, 1, 2);
}

static void the_oldest_are_forgotten(void **state) {
    struct stage *stage = *state;
    char id[40];
    for (unsigned i = 0; i < DELIVERIES_MAX + 6; i++) {
        snprintf(id, sizeof id, "1-%u", i);
        struct delivery *delivery = say(stage, id, 3);
        delivery->line = i;
        assert_ptr_equal(deliveries_last(&stage->deliveries), delivery);
    }
    for (unsigned i = 0; i < DELIVERIES_MAX + 6; i++) {
        snprintf(id, sizeof id, "1-%u", i);
        const struct delivery *delivery = deliveries_find(&stage->deliveries, id);
        assert_true((delivery == NULL) == (i < 6));
        if (delivery) assert_int_equal(delivery->line, i);
    }
    assert_null(answer(stage, EVENT_DELIVERED, 1, "1-5"));
    expect_waiting(stage, DELIVERIES_MAX, DELIVERIES_MAX, DELIVERIES_MAX);
    expect_count(answer(stage, EVENT_DELIVERED, 1, "1-6"), 1, 0, 2);
    expect_waiting(stage, DELIVERIES_MAX - 1, DELIVERIES_MAX, DELIVERIES_MAX);
}

static void nobody_waits_for_what_is_forgotten(void **state) {
    struct stage *stage = *state;
    say(stage, "1-old", 3);
    answer(stage, EVENT_DELIVERED, 3, "1-old");
    for (unsigned i = 0; i < DELIVERIES_MAX - 1; i++) say(stage, "1-new", 0);
    expect_waiting(stage, 1, 1, 0);
    say(stage, "1-new", 0);
    expect_waiting(stage, 0, 0, 0);
    assert_null(deliveries_find(&stage->deliveries, "1-old"));
}

static void cleared_it_can_be_used_again(void **state) {
    struct stage *stage = *state;
    say(stage, "1-1", 3);
    say(stage, "1-2", 3);
    deliveries_clear(&stage->deliveries);
    assert_null(deliveries_last(&stage->deliveries));
    assert_null(deliveries_find(&stage->deliveries, "1-1"));
    expect_count(say(stage, "1-3", 3), 0, 0, 3);
    assert_int_equal(stage->deliveries.count, 1);
}

int main(void) {
#define STAGED(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        STAGED(each_answer_closes_one),
        STAGED(several_messages_wait_together),
        STAGED(an_unknown_message_is_no_answer),
        STAGED(a_second_answer_of_a_peer_does_not_count),
        STAGED(recipients_whom_nobody_knows_count_too),
        STAGED(answers_are_never_more_than_recipients),
        STAGED(strangers_do_not_answer_for_members),
        STAGED(without_recipients_nobody_waits),
        STAGED(a_private_message_waits_for_one),
        STAGED(the_blocked_are_not_waited_for),
        STAGED(who_left_is_answered_for_without_harm),
        STAGED(the_oldest_are_forgotten),
        STAGED(nobody_waits_for_what_is_forgotten),
        STAGED(cleared_it_can_be_used_again),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("deliveries", tests, NULL, NULL);
}

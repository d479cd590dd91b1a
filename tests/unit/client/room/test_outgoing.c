/* Whom our messages wait for, and how many more may be said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/room/outgoing.h"
#include "common/clock.h"
#include "tests/support/room_parts.h"

#define NOW 1000
#define STALLED_MS 30000

struct fixture {
    struct room_parts parts;
    struct outgoing *outgoing;
    struct member *anna, *bert;
    unsigned credit; /* given so far */
};

static void count_credit(void *test, const struct event *event) {
    struct fixture *fixture = test;
    fixture->credit += event->type == EVENT_CREDIT ? event->credit : 0;
}

static int setup(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    struct room_parts *parts = &fixture->parts;
    room_parts_init(parts, NOW);
    parts->test = fixture;
    parts->emitted = count_credit;
    fixture->outgoing = &parts->room.outgoing;
    fixture->anna = room_parts_member(parts, &parts->anna, "anna");
    fixture->bert = room_parts_member(parts, &parts->bert, "bert");
    *state = fixture;
    return 0;
}

static int teardown(void **state) {
    struct fixture *fixture = *state;
    room_parts_clear(&fixture->parts);
    free(fixture);
    return 0;
}

static void say_to(struct fixture *fixture, struct member *to, enum chat_kind kind, const char *text, size_t size) {
    struct chat_message chat = {.kind = kind, .text = text, .text_size = size};
    struct blob *blob = outgoing_compose(fixture->outgoing, &chat, fixture->parts.now);
    assert_non_null(blob);
    outgoing_say(fixture->outgoing, &fixture->parts.room.members, &chat, to, blob, fixture->parts.now);
    blob_drop(blob);
    assert_true(outgoing_holds(fixture->outgoing));
}

static void say(struct fixture *fixture, const char *text) {
    say_to(fixture, NULL, CHAT_TEXT, text, strlen(text));
}

/* Tags count up from 1. */
static void acknowledge(struct fixture *fixture, struct member *member, uint64_t tag) {
    outgoing_acknowledged(fixture->outgoing, member, tag);
    assert_true(outgoing_holds(fixture->outgoing));
}

static void a_message_waits_for_all_who_are_present(void **state) {
    struct fixture *fixture = *state;
    say(fixture, "hello");
    assert_int_equal(fixture->parts.last->type, EVENT_SENT);
    assert_int_equal(fixture->parts.last->recipients, 2);
    acknowledge(fixture, fixture->anna, 1);
    acknowledge(fixture, fixture->anna, 1); /* once is enough */
    acknowledge(fixture, fixture->bert, 2); /* nothing was said with that */
    assert_int_equal(fixture->parts.shown[EVENT_DELIVERED], 1);
    assert_true(outgoing_any(fixture->outgoing));
    assert_int_equal(fixture->credit, 0);
    acknowledge(fixture, fixture->bert, 1);
    assert_int_equal(fixture->parts.shown[EVENT_DELIVERED], 2);
    assert_false(outgoing_any(fixture->outgoing));
    assert_int_equal(fixture->credit, 1);
    assert_false(fixture->outgoing->any_alone || fixture->outgoing->any_undelivered);
}

static void a_private_one_waits_for_its_recipient_alone(void **state) {
    struct fixture *fixture = *state;
    say_to(fixture, fixture->bert, CHAT_PRIVATE, "hush", 4);
    assert_int_equal(fixture->parts.last->recipients, 1);
    assert_memory_equal(fixture->parts.last->peer, fixture->bert->peer->pair.other_id, MEMBER_ID_SIZE);
    acknowledge(fixture, fixture->anna, 1);
    assert_true(outgoing_any(fixture->outgoing));
    acknowledge(fixture, fixture->bert, 1);
    assert_false(outgoing_any(fixture->outgoing));
}

static void nobody_hears_what_is_said_alone(void **state) {
    struct fixture *fixture = *state;
    fixture->anna->peer->state = fixture->bert->peer->state = PEER_GONE;
    say(fixture, "hello?");
    assert_false(outgoing_any(fixture->outgoing));
    assert_true(fixture->outgoing->any_alone);
    assert_int_equal(fixture->credit, 1);
}

/* Public ones and private ones are counted apart, and what cannot be said takes no number. */
static void each_kind_has_a_sequence_of_its_own(void **state) {
    struct fixture *fixture = *state;
    struct chat_message empty = {.kind = CHAT_TEXT, .text = "", .text_size = 0};
    say(fixture, "one");
    assert_null(outgoing_compose(fixture->outgoing, &empty, fixture->parts.now));
    say(fixture, "two");
    say_to(fixture, fixture->anna, CHAT_PRIVATE, "one", 3);
    assert_int_equal(fixture->outgoing->sequence, 2);
    assert_int_equal(fixture->outgoing->private_sequence, 1);
}

static void who_left_missed_it(void **state) {
    struct fixture *fixture = *state;
    say(fixture, "hello");
    acknowledge(fixture, fixture->anna, 1);
    outgoing_give_up(fixture->outgoing, fixture->bert, true);
    assert_int_equal(fixture->parts.shown[EVENT_UNDELIVERED], 1);
    assert_true(fixture->outgoing->any_undelivered);
    assert_false(outgoing_any(fixture->outgoing));
    assert_int_equal(fixture->credit, 1);
}

/* A bootnode listed it, and it was never there: whatever becomes of it is nobody's fault. */
static void who_never_answered_missed_nothing(void **state) {
    struct fixture *fixture = *state;
    fixture->bert->peer->connected = false;
    say(fixture, "hello");
    assert_true(outgoing_undelivered(fixture->outgoing)); /* to Anna */
    acknowledge(fixture, fixture->anna, 1);
    assert_true(outgoing_any(fixture->outgoing));
    assert_false(outgoing_undelivered(fixture->outgoing) || outgoing_alone(fixture->outgoing));
    outgoing_give_up(fixture->outgoing, fixture->bert, true);
    assert_int_equal(fixture->parts.shown[EVENT_UNDELIVERED], 1);
    assert_false(outgoing_undelivered(fixture->outgoing) || outgoing_alone(fixture->outgoing));
    fixture->anna->peer->state = PEER_GONE;
    say(fixture, "hello?");
    assert_true(outgoing_alone(fixture->outgoing));
    outgoing_give_up(fixture->outgoing, fixture->bert, true);
    assert_false(outgoing_undelivered(fixture->outgoing));
    assert_true(outgoing_alone(fixture->outgoing));
}

static void who_never_answered_holds_up_the_room_for_a_shorter_time(void **state) {
    struct fixture *fixture = *state;
    fixture->bert->peer->connected = false;
    for (unsigned i = 0; i < OUTGOING_INPUTS; i++) say(fixture, "line");
    assert_int_equal(outgoing_due(fixture->outgoing), NOW + OUTGOING_UNANSWERED_MS);
    assert_null(outgoing_stalled(fixture->outgoing, NOW + OUTGOING_UNANSWERED_MS - 1));
    assert_ptr_equal(outgoing_stalled(fixture->outgoing, NOW + OUTGOING_UNANSWERED_MS), fixture->bert);
}

/* Whom we blocked should not have it; but then nobody has. */
static void who_is_blocked_missed_nothing(void **state) {
    struct fixture *fixture = *state;
    say(fixture, "hello");
    outgoing_give_up(fixture->outgoing, fixture->bert, false);
    assert_false(fixture->outgoing->any_undelivered || fixture->outgoing->any_alone);
    outgoing_give_up(fixture->outgoing, fixture->anna, false);
    assert_false(fixture->outgoing->any_undelivered);
    assert_true(fixture->outgoing->any_alone);
}

/* While more bytes wait than there is room for, nothing comes back. */
static void credit_waits_for_room(void **state) {
    struct fixture *fixture = *state;
    char *text = calloc(1, MESSAGE_TEXT_MAX);
    assert_non_null(text);
    memset(text, 'x', MESSAGE_TEXT_MAX);
    unsigned said = 0;
    for (; fixture->outgoing->bytes <= OUTGOING_BYTES; said++) say_to(fixture, NULL, CHAT_TEXT, text, MESSAGE_TEXT_MAX);
    say_to(fixture, NULL, CHAT_TEXT, text, MESSAGE_TEXT_MAX);
    free(text);
    acknowledge(fixture, fixture->anna, 1);
    acknowledge(fixture, fixture->bert, 1);
    assert_int_equal(fixture->credit, 0);
    acknowledge(fixture, fixture->anna, 2);
    acknowledge(fixture, fixture->bert, 2);
    assert_int_equal(fixture->credit, 2);
    outgoing_refuse(fixture->outgoing);
    assert_int_equal(fixture->credit, 3);
    assert_int_equal(fixture->outgoing->count, said - 1);
}

/* Only where nothing more can be said, and after half a minute without news from them; told once. */
static void who_holds_up_the_others_is_found(void **state) {
    struct fixture *fixture = *state;
    for (unsigned i = 0; i + 1 < OUTGOING_INPUTS; i++) say(fixture, "hello");
    assert_true(outgoing_due(fixture->outgoing) == NEVER);
    say(fixture, "and one more");
    fixture->anna->peer->sender.news_at = NOW + 5;
    assert_true(outgoing_due(fixture->outgoing) == NOW + STALLED_MS);
    assert_null(outgoing_stalled(fixture->outgoing, NOW + STALLED_MS - 1));
    assert_ptr_equal(outgoing_stalled(fixture->outgoing, NOW + STALLED_MS), fixture->bert);
    assert_int_equal(fixture->parts.shown[EVENT_ERROR], 1);
    assert_ptr_equal(outgoing_stalled(fixture->outgoing, NOW + STALLED_MS), fixture->bert);
    assert_int_equal(fixture->parts.shown[EVENT_ERROR], 1);
    outgoing_give_up(fixture->outgoing, fixture->bert, true);
    assert_null(outgoing_stalled(fixture->outgoing, NOW + STALLED_MS));
    assert_ptr_equal(outgoing_stalled(fixture->outgoing, NOW + STALLED_MS + 5), fixture->anna);
    acknowledge(fixture, fixture->anna, 1); /* in the end */
    assert_false(fixture->anna->stalled);
    assert_true(outgoing_due(fixture->outgoing) == NEVER);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_message_waits_for_all_who_are_present),
        TEST(a_private_one_waits_for_its_recipient_alone),
        TEST(nobody_hears_what_is_said_alone),
        TEST(each_kind_has_a_sequence_of_its_own),
        TEST(who_left_missed_it),
        TEST(who_never_answered_missed_nothing),
        TEST(who_never_answered_holds_up_the_room_for_a_shorter_time),
        TEST(who_is_blocked_missed_nothing),
        TEST(credit_waits_for_room),
        TEST(who_holds_up_the_others_is_found),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("outgoing", tests, NULL, NULL);
}

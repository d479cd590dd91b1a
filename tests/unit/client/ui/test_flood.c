#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/ui/flood.h"
#include "client/ui/flood_lines.h"

#define NOW 1000000
#define MINUTE 60000

struct stage {
    struct floods floods;
    uint64_t now;
    bool mentions;      /* what is said does */
    bool first_mention; /* of what was said last */
};

static int set_up(void **state) {
    struct stage *stage = calloc(1, sizeof *stage);
    if (!stage) return -1;
    stage->now = NOW;
    *state = stage;
    return 0;
}

static int tear_down(void **state) {
    struct stage *stage = *state;
    floods_clear(&stage->floods);
    free(stage);
    return 0;
}

static struct flood *says_as(struct stage *stage, int number, const char *label, const char *text) {
    struct event *event = event_create(EVENT_MESSAGE, text, strlen(text));
    char fingerprint[FINGERPRINT_TEXT_SIZE];
    memset(event->peer, number, sizeof event->peer);
    snprintf(event->nick, sizeof event->nick, "%.*s", (int)strcspn(label, "#"), label);
    snprintf(fingerprint, sizeof fingerprint, "%04x", (unsigned)number);
    const struct flood_said said = {event, fingerprint, label, stage->mentions};
    struct flood *flood = floods_take(&stage->floods, &said, stage->now, &stage->first_mention);
    assert_true(floods_holds(&stage->floods));
    event_destroy(event);
    return flood;
}

static struct flood *says(struct stage *stage, int number, const char *text) {
    return says_as(stage, number, number == 1 ? "alice#0001" : "bob#0002", text);
}

/* So many that are shown. */
static void chats(struct stage *stage, int number, int count) {
    while (count-- > 0) assert_null(says(stage, number, "hello"));
}

static void expect_text(const struct flood *flood, const char *wanted) {
    assert_non_null(flood);
    char *text = flood_text(flood);
    assert_string_equal(text, wanted);
    free(text);
}

static void expect_next(struct stage *stage, struct flood *flood, const char *wanted) {
    struct event *event = floods_next(&stage->floods, flood);
    assert_non_null(event);
    assert_string_equal(event->text, wanted);
    assert_true(event->history);
    event_destroy(event);
}

static struct flood *calm(struct stage *stage, int number) {
    struct member member = {.nick = "alice", .label = "alice#0001"};
    memset(member.id, number, sizeof member.id);
    snprintf(member.fingerprint, sizeof member.fingerprint, "%04x", (unsigned)number);
    return floods_calm(&stage->floods, &member, stage->now);
}

static void the_line_after_so_many_is_folded(void **state) {
    struct stage *stage = *state;
    chats(stage, 1, FLOOD_LINES);
    expect_text(says(stage, 1, "too much"), "1 more line of alice#0001: /unfold alice#0001 shows them");
    expect_text(says(stage, 1, "more"), "2 more lines of alice#0001: /unfold alice#0001 shows them");
    chats(stage, 2, FLOOD_LINES); /* bob is none of it */
    assert_non_null(says(stage, 2, "too much"));
}

static void the_time_slides(void **state) {
    struct stage *stage = *state;
    chats(stage, 1, 1);
    stage->now += FLOOD_WITHIN_MS - 1;
    chats(stage, 1, FLOOD_LINES - 1);
    assert_non_null(says(stage, 1, "the first is not 10 s ago"));
    chats(stage, 2, 1);
    stage->now += FLOOD_WITHIN_MS;
    chats(stage, 2, FLOOD_LINES); /* the first is */
    assert_non_null(says(stage, 2, "too much"));
}

static void who_speaks_slowly_is_never_folded(void **state) {
    struct stage *stage = *state;
    for (int i = 0; i < 200; i++, stage->now += FLOOD_WITHIN_MS / FLOOD_LINES + 1) chats(stage, 1, 1);
}

static void each_line_of_a_message_counts(void **state) {
    struct stage *stage = *state;
    chats(stage, 1, FLOOD_LINES - 3);
    assert_null(says(stage, 1, "a\nb\n\n\n")); /* two: newlines at the end are not shown */
    chats(stage, 1, 1);
    struct flood *flood = says(stage, 1, "a\nb\nc");
    assert_int_equal(flood->told, 3);
}

/* Something that was pasted is seen whole, and is all that is seen. */
static void one_long_message_is_shown(void **state) {
    struct stage *stage = *state;
    char text[2 * FLOOD_LINES + 1];
    for (size_t i = 0; i < sizeof text - 1; i += 2) memcpy(text + i, "x\n", 3);
    assert_null(says(stage, 1, text));
    assert_non_null(says(stage, 1, "hello"));
}

static void quiet_ends_a_flood(void **state) {
    struct stage *stage = *state;
    chats(stage, 1, FLOOD_LINES);
    for (int i = 0; i < 5; i++, stage->now += FLOOD_QUIET_MS - 1) assert_non_null(says(stage, 1, "slow, but no quiet"));
    assert_int_equal(floods_wait(&stage->floods, stage->now), 1);
    assert_null(floods_over(&stage->floods, stage->now));
    stage->now++;
    struct flood *flood = floods_over(&stage->floods, stage->now);
    expect_text(flood, "5 more lines of alice#0001: /unfold alice#0001 shows them");
    assert_null(floods_over(&stage->floods, stage->now));
    assert_int_equal(floods_wait(&stage->floods, stage->now), UINT64_MAX);
    chats(stage, 1, FLOOD_LINES);
    flood->place = 7;
    assert_int_equal(says(stage, 1, "again")->told, 1); /* a line of its own */
    assert_int_equal(flood->place, FLOOD_NOWHERE);
}

/* Also where nobody asked whether it was over. */
static void who_speaks_after_a_quiet_time_is_shown(void **state) {
    struct stage *stage = *state;
    chats(stage, 1, FLOOD_LINES);
    assert_non_null(says(stage, 1, "too much"));
    stage->now += FLOOD_QUIET_MS;
    chats(stage, 1, FLOOD_LINES);
}

static void another_nick_is_the_same_member(void **state) {
    struct stage *stage = *state;
    chats(stage, 1, FLOOD_LINES - 1);
    assert_null(says_as(stage, 1, "eve#0001", "hello"));
    assert_non_null(says_as(stage, 1, "alice#0001", "hello"));
    expect_text(says_as(stage, 1, "my nick#0001", "hello"),
                "2 more lines of my nick#0001: /unfold \"my nick#0001\" shows them");
}

static void a_mention_counts_once_in_a_line(void **state) {
    struct stage *stage = *state;
    stage->mentions = true;
    chats(stage, 1, FLOOD_LINES);
    assert_false(stage->first_mention);
    expect_text(says(stage, 1, "carol"), "1 more line of alice#0001, with your nick: /unfold alice#0001 shows them");
    assert_true(stage->first_mention);
    assert_non_null(says(stage, 1, "carol"));
    assert_false(stage->first_mention);
    stage->now += FLOOD_QUIET_MS;
    chats(stage, 1, FLOOD_LINES);
    assert_non_null(says(stage, 1, "carol"));
    assert_true(stage->first_mention);
}

static void what_was_folded_is_kept_in_order(void **state) {
    struct stage *stage = *state;
    chats(stage, 1, FLOOD_LINES);
    (void)says(stage, 1, "one");
    (void)says(stage, 1, "two");
    struct flood *flood = calm(stage, 1);
    expect_next(stage, flood, "one");
    expect_next(stage, flood, "two");
    assert_null(floods_next(&stage->floods, flood));
}

static void whom_one_unfolded_is_shown_for_a_while(void **state) {
    struct stage *stage = *state;
    chats(stage, 1, FLOOD_LINES);
    assert_non_null(says(stage, 1, "too much"));
    (void)calm(stage, 1);
    assert_int_equal(floods_wait(&stage->floods, stage->now), UINT64_MAX);
    chats(stage, 1, 3 * FLOOD_LINES);
    stage->now += FLOOD_CALM_MS - 1;
    chats(stage, 1, 3 * FLOOD_LINES);
    stage->now++;
    assert_non_null(says(stage, 1, "too much"));
    (void)calm(stage, 3); /* who said nothing yet */
    chats(stage, 3, 3 * FLOOD_LINES);
}

static void a_clock_that_is_set_back_changes_nothing(void **state) {
    struct stage *stage = *state;
    stage->now = 100 * MINUTE;
    chats(stage, 1, FLOOD_LINES);
    stage->now -= 60 * MINUTE;
    assert_non_null(says(stage, 1, "too much"));
    stage->now += FLOOD_QUIET_MS - 1;
    assert_null(floods_over(&stage->floods, stage->now));
    stage->now -= 30 * MINUTE;
    assert_int_equal(floods_wait(&stage->floods, stage->now), 1);
    stage->now++;
    assert_non_null(floods_over(&stage->floods, stage->now));
    chats(stage, 1, FLOOD_LINES);
}

static void the_oldest_goes_and_is_counted(void **state) {
    struct stage *stage = *state;
    char text[4096] = "first\nof two lines", number[16];
    chats(stage, 1, FLOOD_LINES);
    struct flood *flood = says(stage, 1, text);
    memset(text, 'x', sizeof text - 1);
    for (int i = 0; flood->gone == 0; i++) {
        snprintf(number, sizeof number, "%06d", i);
        memcpy(text, number, 6);
        assert_ptr_equal(says(stage, 1, text), flood);
    }
    assert_int_equal(flood->gone, 3); /* it made too little room */
    assert_true(flood->bytes <= FLOOD_KEPT && flood->bytes > FLOOD_KEPT - 2 * sizeof text);
    struct event *event = floods_next(&stage->floods, flood);
    assert_memory_equal(event->text, "000001", 6);
    event_destroy(event);
}

/* However many fill it; and whoever fills nothing loses nothing. */
static void a_room_has_its_bound(void **state) {
    struct stage *stage = *state;
    char text[8192] = "", label[16];
    memset(text, 'x', sizeof text - 1);
    chats(stage, 1, FLOOD_LINES);
    struct flood *small = says(stage, 1, "small");
    for (int i = 0; i < 1000; i++, stage->now++) {
        snprintf(label, sizeof label, "x#%04x", 2 + (unsigned)i % 8);
        (void)says_as(stage, 2 + i % 8, label, text);
    }
    assert_true(stage->floods.bytes > FLOOD_KEPT_ALL - 2 * sizeof text);
    expect_next(stage, small, "small");
}

static void whoever_spoke_longest_ago_is_forgotten(void **state) {
    struct stage *stage = *state;
    for (int i = 1; i <= FLOOD_MEMBERS; i++, stage->now++) chats(stage, i, 1);
    stage->now++;
    chats(stage, 1, 1);
    chats(stage, FLOOD_MEMBERS + 1, 1);
    assert_int_equal(stage->floods.count, FLOOD_MEMBERS);
    assert_non_null(floods_find(&stage->floods, "0001"));
    assert_null(floods_find(&stage->floods, "0002"));
}

static void history_and_the_unknown_are_not_folded(void **state) {
    struct stage *stage = *state;
    struct event *event = event_create(EVENT_MESSAGE, "x", 1);
    const struct flood_said unknown = {event, "", "?", false}, known = {event, "0001", "x#0001", false};
    bool ignored;
    for (int i = 0; i < 2 * FLOOD_LINES; i++) assert_null(floods_take(&stage->floods, &unknown, stage->now, &ignored));
    event->history = true;
    for (int i = 0; i < 2 * FLOOD_LINES; i++) assert_null(floods_take(&stage->floods, &known, stage->now, &ignored));
    event_destroy(event);
}

/* --- Lines that do not grow --- */

static bool line_says(struct models *models, bool terminal, uint64_t now, char **text) {
    struct event *event = event_create(EVENT_MESSAGE, "hello", 5);
    event->room = "tea";
    strcpy(event->nick, "alice");
    strcpy(event->fingerprint, "0001");
    const struct taken taken = {
        .conversation = conversations_find(&models->conversations, "tea"), .label = "alice#0001", .heard = true};
    bool folded = flood_lines_take(models, event, &taken, terminal, now, text);
    event_destroy(event);
    return folded;
}

static void a_flood_is_told_when_it_begins_and_when_it_is_over(void **state) {
    struct client_config settings = {.flood = FLOOD_AUTO};
    struct models models = {.conversations = {.settings = &settings}};
    struct event *joined = event_create(EVENT_JOINED, NULL, 0);
    const struct conversation *room;
    char *text;
    (void)state;
    joined->room = "tea";
    struct conversation *tea = conversations_apply(&models.conversations, joined);
    event_destroy(joined);
    for (int i = 0; i < 3 * FLOOD_LINES; i++) assert_false(line_says(&models, false, NOW, &text)); /* a pipe */
    for (int i = 0; i < FLOOD_LINES; i++) assert_false(line_says(&models, true, NOW, &text));
    assert_true(line_says(&models, true, NOW, &text));
    assert_string_equal(text, "alice#0001 says too much: further lines are folded into one");
    free(text);
    assert_true(line_says(&models, true, NOW, &text));
    assert_null(text);
    assert_int_equal(flood_lines_wait(&models, NOW + 1), FLOOD_QUIET_MS - 1);
    assert_null(flood_lines_over(&models, NOW + FLOOD_QUIET_MS - 1, &room));
    text = flood_lines_over(&models, NOW + FLOOD_QUIET_MS, &room);
    assert_string_equal(text, "2 more lines of alice#0001: /unfold alice#0001 shows them");
    assert_ptr_equal(room, tea);
    free(text);
    settings.flood = FLOOD_OFF;
    for (int i = 0; i < 2 * FLOOD_LINES; i++) assert_false(line_says(&models, true, NOW, &text));
    settings.flood = FLOOD_ON;
    for (int i = 0; i < FLOOD_LINES; i++) assert_false(line_says(&models, false, NOW + FLOOD_QUIET_MS, &text));
    assert_true(line_says(&models, false, NOW + FLOOD_QUIET_MS, &text));
    free(text);
    conversations_clear(&models.conversations);
}

#define test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        test(the_line_after_so_many_is_folded),
        test(the_time_slides),
        test(who_speaks_slowly_is_never_folded),
        test(each_line_of_a_message_counts),
        test(one_long_message_is_shown),
        test(quiet_ends_a_flood),
        test(who_speaks_after_a_quiet_time_is_shown),
        test(another_nick_is_the_same_member),
        test(a_mention_counts_once_in_a_line),
        test(what_was_folded_is_kept_in_order),
        test(whom_one_unfolded_is_shown_for_a_while),
        test(a_clock_that_is_set_back_changes_nothing),
        test(the_oldest_goes_and_is_counted),
        test(a_room_has_its_bound),
        test(whoever_spoke_longest_ago_is_forgotten),
        test(history_and_the_unknown_are_not_folded),
        cmocka_unit_test(a_flood_is_told_when_it_begins_and_when_it_is_over),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("flood", tests, NULL, NULL);
}

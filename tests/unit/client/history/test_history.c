/* The history by itself: what members ask each other for and pass on, when some of them are not honest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/history/history.h"
#include "client/message/message.h"

#define NOW 10000
#define MEMBERS 2
#define PASSED_ON_AGE 1000

enum { ANNA, BERT }; /* who are here; */

struct fixture {
    struct identity own, anna, bert, carl; /* Carl has left */
    uint8_t room_tag[ROOM_TAG_SIZE];
    struct history history;
    struct exchange with[MEMBERS];
    enum history_presence presence[MEMBERS];
    uint64_t excess[MEMBERS];
    bool full; /* nothing can be queued */
    uint64_t now;
    unsigned shown, asked;
    uint64_t lost, last; /* the sequence shown last */
    bool in_order;       /* these only rose */
    int64_t time;        /* of what was shown last */
};

/* --- The host --- */

static struct exchange *on_member(void *context, size_t index) {
    struct fixture *fixture = context;
    return index < MEMBERS ? &fixture->with[index] : NULL;
}

static struct feed_name feed_of(const struct identity *author, uint64_t run) {
    return feed_name_of(author->public, run);
}

static struct exchange *on_author(void *context, const struct feed_name *feed) {
    struct fixture *fixture = context;
    const struct feed_name names[MEMBERS] = {feed_of(&fixture->anna, 1), feed_of(&fixture->bert, 1)};
    for (size_t i = 0; i < MEMBERS; i++)
        if (feed_name_equal(&names[i], feed)) return &fixture->with[i];
    return NULL;
}

static enum history_presence on_presence(void *context, const struct exchange *with) {
    const struct fixture *fixture = context;
    return fixture->presence[with - fixture->with];
}

static uint64_t on_excess(void *context, const struct exchange *with) {
    const struct fixture *fixture = context;
    return fixture->excess[with - fixture->with];
}

static bool on_queue(void *context, struct exchange *with, struct blob *blob, uint64_t tag, uint64_t now) {
    const struct fixture *fixture = context;
    assert_true(with->owner == fixture && now == fixture->now);
    assert_true(tag == (HISTORY_TAG | blob->size));
    return !fixture->full;
}

static void on_asked(void *context, uint64_t now) {
    struct fixture *fixture = context;
    (void)now;
    fixture->asked++;
}

static void on_show(void *context, const struct held *held, uint64_t now) {
    struct fixture *fixture = context;
    (void)now;
    fixture->in_order &= held->sequence > fixture->last && held->time >= fixture->time;
    fixture->last = held->sequence;
    fixture->time = held->time;
    fixture->shown++;
}

static void on_lost(void *context, const struct held *next, uint64_t count, uint64_t now) {
    struct fixture *fixture = context;
    (void)next, (void)now;
    fixture->lost += count;
}

static void identity_named(const char *name, struct identity *out) {
    uint8_t seed[32];
    crypto_generichash(seed, sizeof seed, (const uint8_t *)name, strlen(name), NULL, 0);
    identity_from_seed(seed, out);
}

static void begin(struct fixture *fixture, bool enabled) {
    const struct history_host host = {.context = fixture,
                                      .enabled = enabled,
                                      .member = on_member,
                                      .author = on_author,
                                      .presence = on_presence,
                                      .excess = on_excess,
                                      .queue = on_queue,
                                      .asked = on_asked,
                                      .show = on_show,
                                      .lost = on_lost};
    const struct feed_name own = feed_of(&fixture->own, 7);
    history_init(&fixture->history, &host, &own);
    fixture->now = NOW;
    fixture->in_order = true;
    fixture->time = INT64_MIN;
    for (uint8_t i = 0; i < MEMBERS; i++) {
        const uint8_t id[MEMBER_ID_SIZE] = {i};
        struct exchange *with = &fixture->with[i];
        exchange_init(with, fixture, id, NOW);
        history_greet(&fixture->history, with, NOW);
        history_acknowledged(&fixture->history, with, HISTORY_TAG | with->under_way, NOW);
        fixture->presence[i] = HISTORY_REACHABLE;
    }
}

static void end(struct fixture *fixture) {
    assert_true(history_holds(&fixture->history));
    history_clear(&fixture->history);
    for (size_t i = 0; i < MEMBERS; i++) exchange_clear(&fixture->with[i]);
}

static int setup(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    assert_true(sodium_init() >= 0);
    identity_named("own", &fixture->own);
    identity_named("anna", &fixture->anna);
    identity_named("bert", &fixture->bert);
    identity_named("carl", &fixture->carl);
    begin(fixture, true);
    *state = fixture;
    return 0;
}

static int teardown(void **state) {
    struct fixture *fixture = *state;
    end(fixture);
    free(fixture);
    return 0;
}

/* --- What others send --- */

static size_t sign(const struct fixture *fixture, const struct identity *author, uint64_t run, uint64_t sequence,
                   uint8_t *out, size_t capacity) {
    const struct chat_message chat = {
        .run = run, .sequence = sequence, .nick = "somebody", .nick_size = 8, .text = "text", .text_size = 4};
    size_t size = message_encode(author, fixture->room_tag, &chat, out, capacity);
    assert_int_not_equal(size, 0);
    return size;
}

static void sends(struct fixture *fixture, size_t member, const uint8_t *packet, size_t size) {
    struct exchange_received received;
    assert_false(history_received(&fixture->history, &fixture->with[member], packet, size, 0, fixture->now, &received));
}

/* False: it was not asked for. */
static bool passes_on_aged(struct fixture *fixture, size_t member, const struct identity *author, uint64_t run,
                           uint64_t sequence, uint32_t age) {
    uint8_t message[512], packet[600];
    struct exchange_received received;
    size_t size = sign(fixture, author, run, sequence, message, sizeof message);
    size_t whole = codec_passed_on_encode(age, message, size, packet, sizeof packet);
    struct exchange *from = &fixture->with[member];
    if (!history_received(&fixture->history, from, packet, whole, 5, fixture->now, &received)) return false;
    assert_int_equal(received.size, size);
    assert_memory_equal(received.message, message, size);
    assert_int_equal(received.age, (uint64_t)age + 5);
    struct backlog_source source = {.itself = false};
    memcpy(source.id, from->id, sizeof source.id);
    history_heard(&fixture->history, &received.feed, sequence, &source, message, size, received.age, fixture->now);
    return true;
}

static bool passes_on(struct fixture *fixture, size_t member, const struct identity *author, uint64_t run,
                      uint64_t sequence) {
    return passes_on_aged(fixture, member, author, run, sequence, PASSED_ON_AGE);
}

static void says(struct fixture *fixture, size_t member, uint64_t run, uint64_t sequence) {
    uint8_t message[512];
    const struct identity *author = member == ANNA ? &fixture->anna : &fixture->bert;
    const struct feed_name feed = feed_of(author, run);
    size_t size = sign(fixture, author, run, sequence, message, sizeof message);
    const struct backlog_source itself = {.id = {1}, .itself = true};
    history_heard(&fixture->history, &feed, sequence, &itself, message, size, 0, fixture->now);
}

static void offers(struct fixture *fixture, size_t member, const struct identity *author, uint64_t run, uint64_t lowest,
                   uint64_t highest) {
    uint8_t packet[HISTORY_SUMMARY_MAX];
    const struct backlog_row row = {.feed = feed_of(author, run), .lowest = lowest, .highest = highest};
    sends(fixture, member, packet, codec_summary_encode(&row, 1, packet, sizeof packet));
}

static void offers_nothing(struct fixture *fixture, size_t member) {
    static const uint8_t empty[] = {HISTORY_SUMMARY, 0, 0};
    sends(fixture, member, empty, sizeof empty);
}

static void sends_range(struct fixture *fixture, size_t member, uint8_t type, const struct history_range *range) {
    uint8_t packet[HISTORY_RANGE_SIZE];
    sends(fixture, member, packet, codec_range_encode(type, range, packet, sizeof packet));
}

static void later(struct fixture *fixture, uint64_t ms) {
    fixture->now += ms;
    history_tick(&fixture->history, fixture->now);
}

/* To all that was asked: there is no more. */
static void answers(struct fixture *fixture, size_t member) {
    struct exchange *with = &fixture->with[member];
    while (with->ask_count > 0) {
        const struct history_range range = with->asks[0].range;
        sends_range(fixture, member, HISTORY_ANSWERED, &range);
    }
    later(fixture, 0);
}

/* Bert was asked for 1 to 9 of Carl's. */
static void expect_nine_of_carl(struct fixture *fixture) {
    offers_nothing(fixture, ANNA);
    offers(fixture, BERT, &fixture->carl, 1, 1, 9);
    later(fixture, 0);
    assert_int_equal(fixture->with[BERT].ask_count, 1);
    assert_int_equal(fixture->with[BERT].asks[0].range.from, 1);
    assert_int_equal(fixture->with[BERT].asks[0].range.to, 9);
}

/* --- What is passed on --- */

static void what_was_asked_for_is_shown_once(void **state) {
    struct fixture *fixture = *state;
    expect_nine_of_carl(fixture);
    assert_true(history_expects(&fixture->history));
    for (uint64_t i = 1; i <= 9; i++) {
        assert_true(passes_on(fixture, BERT, &fixture->carl, 1, i));
        assert_true(passes_on(fixture, BERT, &fixture->carl, 1, i));
        assert_int_equal(fixture->shown, i);
        assert_int_equal(fixture->last, i);
    }
    answers(fixture, BERT);
    assert_false(history_expects(&fixture->history));
    assert_int_equal(fixture->history.backlog.count, 9);
    assert_false(passes_on(fixture, BERT, &fixture->carl, 1, 10));
    assert_int_equal(fixture->shown, 9);
    assert_int_equal(fixture->lost, 0);
}

static void nothing_else_is_taken(void **state) {
    struct fixture *fixture = *state;
    assert_false(passes_on(fixture, BERT, &fixture->carl, 1, 1)); /* asked nobody */
    expect_nine_of_carl(fixture);
    assert_false(passes_on(fixture, ANNA, &fixture->carl, 1, 1));  /* another was asked */
    assert_false(passes_on(fixture, BERT, &fixture->carl, 1, 10)); /* another range, */
    assert_false(passes_on(fixture, BERT, &fixture->carl, 2, 1));  /* run, */
    assert_false(passes_on(fixture, BERT, &fixture->bert, 1, 1));  /* author */
    assert_int_equal(fixture->shown, 0);
}

static void our_own_words_are_not_told_to_us(void **state) {
    struct fixture *fixture = *state;
    offers_nothing(fixture, ANNA);
    offers(fixture, BERT, &fixture->own, 7, 1, 9);
    later(fixture, 0);
    assert_int_equal(fixture->with[BERT].ask_count, 0);
    assert_int_equal(fixture->asked, 0);
}

/* Whatever ages somebody makes up: Carl's are in Carl's order, and nothing is older than what is kept. */
static void who_lies_about_ages_reorders_nobody(void **state) {
    static const uint32_t ages[] = {500, 0, UINT32_MAX, 90, BACKLOG_AGE_MS + 1, 7, BACKLOG_AGE_MS, 1, 30};
    struct fixture *fixture = *state;
    expect_nine_of_carl(fixture);
    for (uint64_t i = 1; i <= 9; i++) assert_true(passes_on_aged(fixture, BERT, &fixture->carl, 1, i, ages[i - 1]));
    assert_int_equal(fixture->shown, 9);
    assert_true(fixture->in_order);
    assert_true(history_time(UINT64_MAX, NOW) == NOW - BACKLOG_AGE_MS);
}

/* --- Gaps --- */

static void a_gap_is_asked_of_the_author(void **state) {
    struct fixture *fixture = *state;
    says(fixture, ANNA, 1, 1);
    says(fixture, ANNA, 1, 5);
    says(fixture, ANNA, 1, 6);
    assert_int_equal(fixture->shown, 1);
    assert_int_equal(fixture->with[ANNA].ask_count, 1);
    assert_int_equal(fixture->with[BERT].ask_count, 0);
    for (uint64_t i = 2; i <= 4; i++) passes_on(fixture, ANNA, &fixture->anna, 1, i);
    assert_int_equal(fixture->shown, 6);
    assert_int_equal(fixture->last, 6);
    assert_int_equal(fixture->lost, 0);
}

/* In a run before, or where it is not reached, it is asked no more than others. */
static void an_author_that_cannot_answer_is_not_asked(void **state) {
    struct fixture *fixture = *state;
    fixture->presence[ANNA] = HISTORY_PRESENT;
    says(fixture, ANNA, 1, 1);
    says(fixture, ANNA, 1, 3);
    assert_int_equal(fixture->with[ANNA].ask_count, 0);
    assert_int_equal(fixture->with[BERT].ask_count, 1);
}

static void who_does_not_answer_is_not_waited_for(void **state) {
    struct fixture *fixture = *state;
    says(fixture, ANNA, 1, 1);
    says(fixture, ANNA, 1, 3);
    later(fixture, HISTORY_PATIENCE_MS - 1);
    assert_int_equal(fixture->with[BERT].ask_count, 0);
    later(fixture, 1);
    assert_int_equal(fixture->with[BERT].ask_count, 1);
    passes_on(fixture, BERT, &fixture->anna, 1, 2);
    assert_int_equal(fixture->shown, 3);
}

static void who_is_far_away_is_waited_for_longer(void **state) {
    struct fixture *fixture = *state;
    fixture->excess[ANNA] = 3000;
    says(fixture, ANNA, 1, 1);
    says(fixture, ANNA, 1, 3);
    later(fixture, HISTORY_PATIENCE_MS + 2999);
    assert_int_equal(fixture->with[BERT].ask_count, 0);
    passes_on(fixture, ANNA, &fixture->anna, 1, 2);
    assert_int_equal(fixture->shown, 3);
    says(fixture, ANNA, 1, 5);
    later(fixture, HISTORY_PATIENCE_MS + 3000);
    assert_int_equal(fixture->with[BERT].ask_count, 1);
}

/* Nor is the summary of somebody who is away. */
static void who_is_new_may_have_more(void **state) {
    struct fixture *fixture = *state;
    offers(fixture, BERT, &fixture->carl, 1, 1, 9);
    later(fixture, 0);
    assert_int_equal(fixture->with[BERT].ask_count, 0); /* Anna may offer the same */
    assert_true(history_expects(&fixture->history));
    assert_true(history_due(&fixture->history) <= NOW + HISTORY_PATIENCE_MS);
    fixture->presence[ANNA] = HISTORY_AWAY;
    fixture->history.gaps_due = fixture->now;
    later(fixture, 0);
    assert_int_equal(fixture->with[BERT].ask_count, 1);
}

static void a_hole_of_one_is_filled_by_another(void **state) {
    struct fixture *fixture = *state;
    offers(fixture, ANNA, &fixture->carl, 1, 1, 6);
    offers(fixture, BERT, &fixture->carl, 1, 2, 9);
    later(fixture, 0);
    for (uint64_t i = 1; i <= 6; i++)
        if (i != 3) passes_on(fixture, ANNA, &fixture->carl, 1, i);
    answers(fixture, ANNA);
    assert_int_equal(fixture->shown, 2);
    passes_on(fixture, BERT, &fixture->carl, 1, 3);
    assert_int_equal(fixture->shown, 6);
    answers(fixture, BERT);
    for (uint64_t i = 7; i <= 9; i++) passes_on(fixture, BERT, &fixture->carl, 1, i);
    assert_int_equal(fixture->shown, 9);
    assert_int_equal(fixture->last, 9);
    assert_int_equal(fixture->lost, 0);
}

static void what_nobody_has_is_told_as_lost(void **state) {
    struct fixture *fixture = *state;
    says(fixture, ANNA, 1, 1);
    says(fixture, ANNA, 1, 5);
    answers(fixture, ANNA);
    answers(fixture, BERT);
    assert_int_equal(fixture->lost, 0);
    later(fixture, HISTORY_PATIENCE_MS);
    assert_int_equal(fixture->lost, 3);
    assert_int_equal(fixture->shown, 2);
}

/* A promise proves nothing: neither is anything lost, nor does anybody wait for long. */
static void absurd_offers_come_to_nothing(void **state) {
    struct fixture *fixture = *state;
    offers_nothing(fixture, ANNA);
    says(fixture, ANNA, 1, 1);
    offers(fixture, BERT, &fixture->anna, 1, 1, UINT64_MAX);
    later(fixture, 0);
    assert_int_equal(fixture->with[BERT].ask_count, 1);
    later(fixture, HISTORY_PATIENCE_MS);
    later(fixture, HISTORY_PATIENCE_MS);
    says(fixture, ANNA, 1, 2);
    assert_int_equal(fixture->shown, 2);
    assert_int_equal(fixture->lost, 0);
    assert_int_equal(fixture->with[BERT].row_count, 0);
    assert_true(history_due(&fixture->history) > fixture->now + 60000);
}

/* One author holds back most, and gives up its own gap alone. */
static void what_is_held_is_bounded(void **state) {
    struct fixture *fixture = *state;
    const struct feed_name bert = feed_of(&fixture->bert, 1);
    says(fixture, BERT, 1, 1);
    says(fixture, BERT, 1, 3);
    says(fixture, ANNA, 1, 1);
    for (uint64_t i = 3; i < 3 + FEED_HELD_MOST + 10; i++) says(fixture, ANNA, 1, i);
    assert_int_equal(fixture->lost, 1);
    assert_int_equal(feeds_find(&fixture->history.feeds, &bert)->held_count, 1);
    assert_int_equal(fixture->shown, 1 + 1 + FEED_HELD_MOST + 10);
}

/* --- Answers --- */

static void keep(struct fixture *fixture, uint64_t count) {
    for (uint64_t i = 1; i <= count; i++) {
        uint8_t message[512];
        struct blob *blob = blob_create(message, sign(fixture, &fixture->own, 7, i, message, sizeof message));
        history_said(&fixture->history, i, blob, fixture->now);
        blob_drop(blob);
    }
}

static void a_storm_of_requests_is_bounded(void **state) {
    struct fixture *fixture = *state;
    struct exchange *with = &fixture->with[ANNA];
    const struct history_range all = {.feed = feed_of(&fixture->own, 7), .from = 1, .to = UINT64_MAX};
    keep(fixture, BACKLOG_MESSAGES);
    for (unsigned i = 0; i < 10000; i++) sends_range(fixture, ANNA, HISTORY_REQUEST, &all);
    assert_in_range(with->under_way, 64 * 1024, 64 * 1024 + 512); /* nothing of it was acknowledged */
    assert_int_equal(with->request_count, EXCHANGE_REQUESTS);
    uint64_t sent = with->under_way;
    while (with->under_way > 0) { /* as fast as can be, within a moment */
        size_t before = with->under_way;
        history_acknowledged(&fixture->history, with, HISTORY_TAG | 1000, fixture->now);
        sent += with->under_way + 1000 > before ? with->under_way + 1000 - before : 0;
    }
    assert_in_range(sent, 200 * BACKLOG_MESSAGES, 2 * 300 * BACKLOG_MESSAGES);
    assert_int_equal(with->request_count, 0);
}

/* Requests until nothing is answered any more; how many bytes came of them. */
static uint64_t exhaust(struct fixture *fixture, struct exchange *with) {
    const struct history_range all = {.feed = feed_of(&fixture->own, 7), .from = 1, .to = UINT64_MAX};
    uint64_t sent = 0;
    for (unsigned i = 0; i < 100; i++) {
        sends_range(fixture, ANNA, HISTORY_REQUEST, &all);
        while (with->under_way > 0) {
            sent += with->under_way;
            history_acknowledged(&fixture->history, with, HISTORY_TAG | with->under_way, fixture->now);
        }
    }
    return sent;
}

/* Leaving and coming back under the same id brings no other share. */
static void who_comes_back_has_what_is_left_of_its_share(void **state) {
    struct fixture *fixture = *state;
    struct exchange *with = &fixture->with[ANNA];
    const uint8_t id[MEMBER_ID_SIZE] = {ANNA};
    keep(fixture, BACKLOG_MESSAGES);
    assert_true(exhaust(fixture, with) > 2 * 100 * BACKLOG_MESSAGES);
    for (unsigned i = 0; i < 5; i++) {
        exchange_clear(with);
        exchange_init(with, fixture, id, fixture->now);
        history_greet(&fixture->history, with, fixture->now);
        exchange_dropped(with);
        assert_int_equal(exhaust(fixture, with), 100 * HISTORY_RANGE_SIZE); /* that it has all there is */
    }
}

/* What cannot be queued is not under way, and what is dropped is no longer. */
static void only_what_was_queued_is_under_way(void **state) {
    struct fixture *fixture = *state;
    struct exchange *with = &fixture->with[ANNA];
    const struct history_range all = {.feed = feed_of(&fixture->own, 7), .from = 1, .to = UINT64_MAX};
    keep(fixture, 10);
    fixture->full = true;
    sends_range(fixture, ANNA, HISTORY_REQUEST, &all);
    assert_int_equal(with->under_way, 0);
    assert_int_equal(with->request_count, 0);
    fixture->full = false;
    sends_range(fixture, ANNA, HISTORY_REQUEST, &all);
    assert_true(with->under_way > 1000);
    exchange_dropped(with);
    assert_int_equal(with->under_way, 0);
}

static void who_leaves_answers_nothing(void **state) {
    struct fixture *fixture = *state;
    const struct history_range all = {.feed = feed_of(&fixture->own, 7), .from = 1, .to = UINT64_MAX};
    keep(fixture, 10);
    history_end(&fixture->history);
    sends_range(fixture, ANNA, HISTORY_REQUEST, &all);
    assert_int_equal(fixture->with[ANNA].under_way, 0);
}

static void off_holds_and_asks_nothing(void **state) {
    struct fixture *fixture = *state;
    end(fixture);
    begin(fixture, false);
    says(fixture, ANNA, 1, 1);
    says(fixture, ANNA, 1, 4);
    assert_int_equal(fixture->shown, 2);
    assert_int_equal(fixture->lost, 2);
    offers(fixture, BERT, &fixture->carl, 1, 1, 9);
    later(fixture, 0);
    assert_int_equal(fixture->with[ANNA].ask_count + fixture->with[BERT].ask_count, 0);
    assert_int_equal(fixture->history.backlog.count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_was_asked_for_is_shown_once),
        TEST(nothing_else_is_taken),
        TEST(our_own_words_are_not_told_to_us),
        TEST(who_lies_about_ages_reorders_nobody),
        TEST(a_gap_is_asked_of_the_author),
        TEST(an_author_that_cannot_answer_is_not_asked),
        TEST(who_does_not_answer_is_not_waited_for),
        TEST(who_is_far_away_is_waited_for_longer),
        TEST(who_is_new_may_have_more),
        TEST(a_hole_of_one_is_filled_by_another),
        TEST(what_nobody_has_is_told_as_lost),
        TEST(absurd_offers_come_to_nothing),
        TEST(what_is_held_is_bounded),
        TEST(a_storm_of_requests_is_bounded),
        TEST(who_comes_back_has_what_is_left_of_its_share),
        TEST(only_what_was_queued_is_under_way),
        TEST(who_leaves_answers_nothing),
        TEST(off_holds_and_asks_nothing),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("history", tests, NULL, NULL);
}

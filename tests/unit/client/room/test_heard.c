/* What a room makes of what members pass on, when some of them are not honest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/room/parts.h"

#define NOW 10000
#define WALL UINT64_C(1700000000000)
#define HOUR UINT64_C(3600000)
#define OLDEST (BACKLOG_AGE_MS + HOUR) /* what is kept, and an hour that clocks may be wrong */

struct fixture {
    struct identity own, anna, bert, carl;
    struct known_keys known_peers; /* remembers nothing */
    struct indices indices;
    struct punch_budget budget;
    struct outside outside;
    struct chatroom_host host;
    struct room_keys keys, other_keys;
    struct chatroom *room;
    struct member *members[2]; /* Anna, Bert; Carl has left */
    unsigned shown, lost;
    uint64_t last;   /* number in the text shown last */
    bool in_order;   /* these numbers only rose */
    uint64_t oldest; /* ms: the oldest of them was said so long ago */
};

static void on_emit(void *context, struct event *event) {
    struct fixture *fixture = context;
    if (event->type == EVENT_MESSAGE) {
        uint64_t age = event->shown_ms - event->said_ms;
        if (age > fixture->oldest) fixture->oldest = age;
        fixture->shown++;
        fixture->in_order =
            (fixture->shown == 1 || fixture->in_order) && strtoul(event->text, NULL, 10) > fixture->last;
        fixture->last = strtoul(event->text, NULL, 10);
    }
    if (event->type == EVENT_LOST) fixture->lost += (unsigned)event->lost;
    event_destroy(event);
}

static bool on_busy(void *context) {
    (void)context;
    return false;
}

static uint64_t on_wall_ms(void *context) {
    (void)context;
    return WALL;
}

static void identity_named(const char *name, struct identity *out) {
    uint8_t seed[32];
    crypto_generichash(seed, sizeof seed, (const uint8_t *)name, strlen(name), NULL, 0);
    identity_from_seed(seed, out);
}

static struct member *member_of(struct fixture *fixture, const struct identity *identity) {
    struct member_record record = {.suite_mask = 1};
    member_id_derive(&fixture->keys, identity->public, record.id);
    struct member *member = members_add(&fixture->room->members, &fixture->room->peer_host, &record, 0, 1, 1);
    struct peer *peer = member->peer;
    memcpy(peer->introduction.identity, identity->public, 32);
    peer->introduction.run = 1;
    peer->connected = peer->has_path = true;
    history_greet(&fixture->room->history, &member->exchange, 1);
    history_acknowledged(&fixture->room->history, &member->exchange, HISTORY_TAG | member->exchange.under_way, 1);
    peer_drop_queue(peer);
    return member;
}

static int setup(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    assert_true(sodium_init() >= 0);
    identity_named("own", &fixture->own);
    identity_named("anna", &fixture->anna);
    identity_named("bert", &fixture->bert);
    identity_named("carl", &fixture->carl);
    fixture->outside = (struct outside){.context = fixture, .emit = on_emit, .busy = on_busy, .wall_ms = on_wall_ms};
    fixture->host = (struct chatroom_host){.context = fixture,
                                           .outside = &fixture->outside,
                                           .identity = &fixture->own,
                                           .indices = &fixture->indices,
                                           .known_peers = &fixture->known_peers,
                                           .nick = "own",
                                           .suite_mask = 1,
                                           .history = true,
                                           .budget = &fixture->budget};
    assert_true(room_keys_derive("tea", NULL, 0, &fixture->keys));
    assert_true(room_keys_derive("coffee", NULL, 0, &fixture->other_keys));
    fixture->room = chatroom_create(&fixture->host, "tea", &fixture->keys, 1);
    fixture->members[0] = member_of(fixture, &fixture->anna);
    fixture->members[1] = member_of(fixture, &fixture->bert);
    fixture->room->now = NOW;
    *state = fixture;
    return 0;
}

static int teardown(void **state) {
    struct fixture *fixture = *state;
    chatroom_destroy(fixture->room);
    free(fixture);
    return 0;
}

/* --- What others send --- */

struct said {
    const struct identity *author;
    enum chat_kind kind;
    const struct room_keys *keys; /* NULL: of this room */
    uint64_t run, sequence, sent_ms;
};

static size_t sign(const struct fixture *fixture, const struct said *said, uint8_t *out, size_t capacity) {
    char text[32];
    snprintf(text, sizeof text, "%u", (unsigned)said->sequence);
    struct chat_message chat = {.kind = said->kind,
                                .run = said->run,
                                .sequence = said->sequence,
                                .sent_ms = said->sent_ms ? said->sent_ms : WALL,
                                .nick = "somebody",
                                .nick_size = 8,
                                .text = text,
                                .text_size = strlen(text)};
    member_id_derive(&fixture->keys, fixture->own.public, chat.recipient);
    const struct room_keys *keys = said->keys ? said->keys : &fixture->keys;
    size_t size = message_encode(said->author, keys->tag, &chat, out, capacity);
    assert_int_not_equal(size, 0);
    return size;
}

static void passes_on(struct fixture *fixture, size_t peer, struct said said) {
    uint8_t message[512], packet[600];
    size_t size = sign(fixture, &said, message, sizeof message);
    size = codec_passed_on_encode(1000, message, size, packet, sizeof packet);
    heard_receive(fixture->room, fixture->members[peer]->peer, packet, size, 0);
}

static struct feed_name feed_of(const struct identity *author, uint64_t run) {
    struct feed_name feed = {.run = run};
    memcpy(feed.author, author->public, sizeof feed.author);
    return feed;
}

static void offers(struct fixture *fixture, size_t peer, const struct identity *author, uint64_t run, uint64_t lowest,
                   uint64_t highest) {
    uint8_t packet[HISTORY_SUMMARY_MAX];
    struct backlog_row row = {.feed = feed_of(author, run), .lowest = lowest, .highest = highest};
    size_t size = codec_summary_encode(&row, author ? 1 : 0, packet, sizeof packet);
    heard_receive(fixture->room, fixture->members[peer]->peer, packet, size, 0);
}

static void offers_nothing(struct fixture *fixture, size_t peer) {
    static const uint8_t empty[] = {HISTORY_SUMMARY, 0, 0};
    heard_receive(fixture->room, fixture->members[peer]->peer, empty, sizeof empty, 0);
}

static void sends_range(struct fixture *fixture, size_t peer, uint8_t type, const struct history_range *range) {
    uint8_t packet[HISTORY_RANGE_SIZE];
    size_t size = codec_range_encode(type, range, packet, sizeof packet);
    heard_receive(fixture->room, fixture->members[peer]->peer, packet, size, 0);
}

/* To all that was asked: there is no more. */
static void answers(struct fixture *fixture, size_t peer) {
    struct exchange *exchange = &fixture->members[peer]->exchange;
    while (exchange->ask_count > 0) {
        struct history_range range = exchange->asks[0].range;
        sends_range(fixture, peer, HISTORY_ANSWERED, &range);
    }
    history_tick(&fixture->room->history, fixture->room->now);
}

/* So many, when nothing is waited for any more. */
static unsigned shown(struct fixture *fixture) {
    gathered_show_all(fixture->room);
    return fixture->shown;
}

/* Bert was asked for 1 to 9 of Carl's. */
static void expect_nine_of_carl(struct fixture *fixture) {
    offers_nothing(fixture, 0);
    offers(fixture, 1, &fixture->carl, 1, 1, 9);
    history_tick(&fixture->room->history, fixture->room->now);
    assert_int_equal(fixture->members[1]->exchange.ask_count, 1);
    assert_int_equal(fixture->members[1]->exchange.asks[0].range.from, 1);
    assert_int_equal(fixture->members[1]->exchange.asks[0].range.to, 9);
}

/* --- What is passed on --- */

static void what_was_asked_for_is_shown_once(void **state) {
    struct fixture *fixture = *state;
    expect_nine_of_carl(fixture);
    for (uint64_t i = 1; i <= 9; i++) {
        passes_on(fixture, 1, (struct said){.author = &fixture->carl, .run = 1, .sequence = i});
        passes_on(fixture, 1, (struct said){.author = &fixture->carl, .run = 1, .sequence = i});
        assert_int_equal(shown(fixture), i);
        assert_int_equal(fixture->last, i);
    }
    answers(fixture, 1);
    assert_int_equal(fixture->room->history.backlog.count, 9);
    passes_on(fixture, 1, (struct said){.author = &fixture->carl, .run = 1, .sequence = 10});
    assert_int_equal(shown(fixture), 9);
    assert_int_equal(fixture->lost, 0);
}

static void nothing_else_is_taken(void **state) {
    struct fixture *fixture = *state;
    passes_on(fixture, 1, (struct said){.author = &fixture->carl, .run = 1, .sequence = 1}); /* asked nobody */
    expect_nine_of_carl(fixture);
    passes_on(fixture, 0, (struct said){.author = &fixture->carl, .run = 1, .sequence = 1});  /* another was asked */
    passes_on(fixture, 1, (struct said){.author = &fixture->carl, .run = 1, .sequence = 10}); /* another range, */
    passes_on(fixture, 1, (struct said){.author = &fixture->carl, .run = 2, .sequence = 1});  /* run, */
    passes_on(fixture, 1, (struct said){.author = &fixture->bert, .run = 1, .sequence = 1});  /* author, */
    passes_on(fixture, 1, (struct said){&fixture->carl, CHAT_TEXT, &fixture->other_keys, 1, 1, 0}); /* room */
    passes_on(fixture, 1, (struct said){&fixture->carl, CHAT_PRIVATE, NULL, 1, 1, 0});
    passes_on(fixture, 1, (struct said){&fixture->carl, CHAT_TEXT, NULL, 1, 1, WALL - OLDEST - 1});
    passes_on(fixture, 1, (struct said){&fixture->carl, CHAT_TEXT, NULL, 1, 1, WALL - 23 * HOUR});
    passes_on(fixture, 1, (struct said){&fixture->carl, CHAT_TEXT, NULL, 1, 1, WALL + HOUR + 1});
    assert_int_equal(shown(fixture), 0);
    passes_on(fixture, 1, (struct said){&fixture->carl, CHAT_TEXT, NULL, 1, 1, WALL - OLDEST});
    assert_int_equal(shown(fixture), 1);
    passes_on(fixture, 1, (struct said){&fixture->carl, CHAT_NICK, NULL, 1, 2, 0}); /* renames nobody, and counts */
    passes_on(fixture, 1, (struct said){&fixture->carl, CHAT_TEXT, NULL, 1, 3, 0});
    assert_int_equal(shown(fixture), 2);
}

/* Anna's clock is a day off; she has said this, for it comes from her. */
static void an_author_needs_no_right_clock(void **state) {
    struct fixture *fixture = *state;
    struct said said = {&fixture->anna, CHAT_TEXT, NULL, 1, 1, WALL - 24 * HOUR};
    offers(fixture, 0, &fixture->anna, 1, 1, 1);
    offers(fixture, 1, &fixture->anna, 1, 1, 1);
    history_tick(&fixture->room->history, fixture->room->now);
    size_t asked = fixture->members[0]->exchange.ask_count > 0 ? 0 : 1;
    passes_on(fixture, asked, said);
    assert_int_equal(shown(fixture), asked == 0 ? 1 : 0);
    answers(fixture, asked);
    if (asked == 1) passes_on(fixture, 0, said);
    assert_int_equal(shown(fixture), 1);
}

static void no_bit_can_be_changed(void **state) {
    struct fixture *fixture = *state;
    uint8_t message[512], packet[600];
    struct said said = {.author = &fixture->carl, .run = 1, .sequence = 1};
    expect_nine_of_carl(fixture);
    size_t size = sign(fixture, &said, message, sizeof message);
    for (size_t bit = 0; bit < size * 8; bit++) {
        message[bit / 8] ^= (uint8_t)(1u << bit % 8);
        size_t whole = codec_passed_on_encode(0, message, size, packet, sizeof packet);
        heard_receive(fixture->room, fixture->members[1]->peer, packet, whole, 0);
        message[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(shown(fixture), 0);
}

/* --- How old it is said to be --- */

static void passes_on_aged(struct fixture *fixture, const struct identity *author, uint64_t sequence, uint32_t age) {
    uint8_t message[512], packet[600];
    struct said said = {.author = author, .run = 1, .sequence = sequence};
    size_t size = sign(fixture, &said, message, sizeof message);
    size = codec_passed_on_encode(age, message, size, packet, sizeof packet);
    heard_receive(fixture->room, fixture->members[1]->peer, packet, size, 0);
}

/* Whatever ages somebody makes up: Carl's are in Carl's order, and nothing is older than what is kept. */
static void who_lies_about_ages_reorders_nobody(void **state) {
    static const uint32_t ages[] = {500, 0, OLDEST, 90, BACKLOG_AGE_MS + 1, 7, BACKLOG_AGE_MS, 1, 30};
    struct fixture *fixture = *state;
    expect_nine_of_carl(fixture);
    passes_on_aged(fixture, &fixture->carl, 1, OLDEST + 1); /* nobody keeps that for so long */
    passes_on_aged(fixture, &fixture->carl, 1, UINT32_MAX);
    assert_int_equal(shown(fixture), 0);
    for (uint64_t i = 1; i <= 9; i++) passes_on_aged(fixture, &fixture->carl, i, ages[i - 1]);
    assert_int_equal(shown(fixture), 9);
    assert_true(fixture->in_order);
    assert_int_equal(fixture->oldest, 500); /* what follows cannot have been said before it */
}

static void nothing_is_older_than_what_is_kept(void **state) {
    struct fixture *fixture = *state;
    expect_nine_of_carl(fixture);
    passes_on_aged(fixture, &fixture->carl, 1, OLDEST);
    assert_int_equal(shown(fixture), 1);
    assert_int_equal(fixture->oldest, BACKLOG_AGE_MS);
    assert_int_equal(fixture->room->history.backlog.count, 0); /* nor passed on again */
}

/* Our own clock began later than that was said. */
static void a_machine_that_was_just_started_sorts_too(void **state) {
    struct fixture *fixture = *state;
    expect_nine_of_carl(fixture);
    for (uint64_t i = 1; i <= 3; i++) passes_on_aged(fixture, &fixture->carl, i, (uint32_t)(400000 - i));
    assert_int_equal(shown(fixture), 3);
    assert_int_equal(fixture->oldest, 399999);
    assert_int_equal(fixture->room->now - fixture->room->history.backlog.oldest->since, 399999);
    fixture->room->now += BACKLOG_AGE_MS - 399999;
    backlog_expire(&fixture->room->history.backlog, fixture->room->now);
    assert_int_equal(fixture->room->history.backlog.count, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_was_asked_for_is_shown_once),
        TEST(nothing_else_is_taken),
        TEST(an_author_needs_no_right_clock),
        TEST(no_bit_can_be_changed),
        TEST(who_lies_about_ages_reorders_nobody),
        TEST(nothing_is_older_than_what_is_kept),
        TEST(a_machine_that_was_just_started_sorts_too),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("heard", tests, NULL, NULL);
}

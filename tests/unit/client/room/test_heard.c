/* What a room makes of messages that no honest client sends, and of what members pass on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <sodium.h>

#include "client/room/heard.h"
#include "tests/support/room_parts.h"
#include "tests/support/rounds.h"

#define NOW 10000
#define WALL ROOM_PARTS_WALL
#define HOUR UINT64_C(3600000)
#define OLDEST (BACKLOG_AGE_MS + HOUR) /* what is kept, and an hour that clocks may be wrong */

static unsigned verified; /* so many signatures were looked at */

/* The library's, but counted. */
int crypto_sign_verify_detached(const unsigned char *signature, const unsigned char *message,
                                unsigned long long message_size, const unsigned char *key) {
    static int (*real)(const unsigned char *, const unsigned char *, unsigned long long, const unsigned char *);
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, "crypto_sign_verify_detached");
    assert_non_null(real);
    verified++;
    return real(signature, message, message_size, key);
}

struct fixture {
    struct room_parts parts;
    struct room_keys other_keys;
    struct member *members[2]; /* Anna, Bert; Carl has left */
    uint64_t last;             /* the number shown last */
    bool in_order;             /* these only rose */
    uint64_t oldest;           /* ms: the oldest of them was said so long ago */
};

static void look(void *test, const struct event *event) {
    struct fixture *fixture = test;
    if (event->type != EVENT_MESSAGE) return;
    uint64_t age = event->shown_ms - event->said_ms, number = strtoul(event->text, NULL, 10);
    if (age > fixture->oldest) fixture->oldest = age;
    fixture->in_order &= number > fixture->last;
    fixture->last = number;
}

static int setup(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    struct room_parts *parts = &fixture->parts;
    room_parts_init(parts, NOW);
    parts->test = fixture;
    parts->emitted = look;
    fixture->in_order = true;
    verified = 0;
    assert_true(room_keys_derive("coffee", NULL, 0, &fixture->other_keys));
    fixture->members[0] = room_parts_member(parts, &parts->anna, "anna");
    fixture->members[1] = room_parts_member(parts, &parts->bert, "bert");
    *state = fixture;
    return 0;
}

static int teardown(void **state) {
    struct fixture *fixture = *state;
    room_parts_clear(&fixture->parts);
    free(fixture);
    return 0;
}

/* --- What a member says itself --- */

/* `author` signs, Anna sends it. Only a private one tells its recipient. */
static void hear(struct fixture *fixture, const struct identity *author, enum chat_kind kind,
                 const struct identity *recipient, uint64_t run, uint64_t sequence, const char *text) {
    uint8_t packet[512];
    struct chat_message chat = {.kind = kind,
                                .run = run,
                                .sequence = sequence,
                                .sent_ms = 1,
                                .nick = "anna",
                                .nick_size = 4,
                                .text = text,
                                .text_size = strlen(text)};
    member_id_derive(&fixture->parts.room.self.keys, recipient->public, chat.recipient);
    size_t size = message_encode(author, fixture->parts.room.self.keys.id, &chat, packet, sizeof packet);
    assert_int_not_equal(size, 0);
    heard_receive(&fixture->parts.room.heard, fixture->members[0], packet, size, 0, fixture->parts.now);
}

static void only_the_recipient_shows_a_private_message(void **state) {
    struct fixture *fixture = *state;
    hear(fixture, &fixture->parts.anna, CHAT_PRIVATE, &fixture->parts.bert, 1, 1, "for Bert");
    assert_int_equal(fixture->parts.shown[EVENT_MESSAGE], 0);
    hear(fixture, &fixture->parts.anna, CHAT_PRIVATE, &fixture->parts.anna, 1, 1, "for herself");
    assert_int_equal(fixture->parts.shown[EVENT_MESSAGE], 0);
    hear(fixture, &fixture->parts.anna, CHAT_PRIVATE, &fixture->parts.own, 1, 1, "for us");
    assert_int_equal(fixture->parts.shown[EVENT_MESSAGE], 1);
    assert_int_equal(fixture->parts.last->kind, CHAT_PRIVATE);
    assert_string_equal(fixture->parts.last->text, "for us");
}

/* What somebody got in private from another is not theirs to say. */
static void nobody_passes_on_what_others_said(void **state) {
    struct fixture *fixture = *state;
    hear(fixture, &fixture->parts.bert, CHAT_TEXT, &fixture->parts.own, 1, 1, "said Bert");
    hear(fixture, &fixture->parts.bert, CHAT_PRIVATE, &fixture->parts.own, 1, 1, "whispered Bert");
    hear(fixture, &fixture->parts.bert, CHAT_NICK, &fixture->parts.own, 1, 2, "anne");
    assert_int_equal(fixture->parts.shown[EVENT_MESSAGE], 0);
    assert_int_equal(fixture->parts.shown[EVENT_PEER_NICK], 0);
}

static void each_is_shown_once(void **state) {
    struct fixture *fixture = *state;
    fixture->parts.room.history.host.enabled = false; /* so that nobody waits for what others may have */
    fixture->members[0]->peer->introduction.run = 7;
    hear(fixture, &fixture->parts.anna, CHAT_TEXT, &fixture->parts.own, 7, 2, "two");
    hear(fixture, &fixture->parts.anna, CHAT_TEXT, &fixture->parts.own, 7, 2, "two");
    hear(fixture, &fixture->parts.anna, CHAT_ACTION, &fixture->parts.own, 7, 2, "two"); /* of the same sequence */
    hear(fixture, &fixture->parts.anna, CHAT_TEXT, &fixture->parts.own, 7, 1, "one, too late");
    assert_int_equal(fixture->parts.shown[EVENT_MESSAGE], 1);
    hear(fixture, &fixture->parts.anna, CHAT_PRIVATE, &fixture->parts.own, 7, 1, "of another");
    hear(fixture, &fixture->parts.anna, CHAT_PRIVATE, &fixture->parts.own, 7, 1, "of another");
    assert_int_equal(fixture->parts.shown[EVENT_MESSAGE], 2);
    hear(fixture, &fixture->parts.anna, CHAT_TEXT, &fixture->parts.own, 7, 3, "three");
    hear(fixture, &fixture->parts.anna, CHAT_PRIVATE, &fixture->parts.own, 7, 2, "the next");
    assert_int_equal(fixture->parts.shown[EVENT_MESSAGE], 4);
    fixture->members[0]->peer->introduction.run = 8;
    hear(fixture, &fixture->parts.anna, CHAT_TEXT, &fixture->parts.own, 8, 1, "in a new run");
    hear(fixture, &fixture->parts.anna, CHAT_PRIVATE, &fixture->parts.own, 8, 1, "both begin anew");
    assert_int_equal(fixture->parts.shown[EVENT_MESSAGE], 6);
}

/* What a copy, another's or another run's says is not looked at: it would push out what is remembered of others. */
static void only_of_the_run_that_it_introduced_itself_with(void **state) {
    struct fixture *fixture = *state;
    for (uint64_t run = 2; run < 2 + rounds_of(2100); run++)
        hear(fixture, &fixture->parts.anna, CHAT_NICK, &fixture->parts.own, run, 1, "anna");
    hear(fixture, &fixture->parts.anna, CHAT_PRIVATE, &fixture->parts.own, 2, 1, "psst");
    assert_int_equal(fixture->parts.shown[EVENT_MESSAGE], 0);
    assert_int_equal(fixture->parts.room.history.feeds.count, 0);
    assert_int_equal(verified, 0);
}

static void no_copy_is_verified(void **state) {
    struct fixture *fixture = *state;
    for (unsigned i = 0; i < rounds_of(1000); i++) {
        hear(fixture, &fixture->parts.anna, CHAT_TEXT, &fixture->parts.own, 1, 1, "shown");
        hear(fixture, &fixture->parts.anna, CHAT_TEXT, &fixture->parts.own, 1, 3, "held");
        hear(fixture, &fixture->parts.anna, CHAT_PRIVATE, &fixture->parts.own, 1, 1, "for us");
        hear(fixture, &fixture->parts.anna, CHAT_PRIVATE, &fixture->parts.bert, 1, 2 + i, "for Bert");
        hear(fixture, &fixture->parts.bert, CHAT_TEXT, &fixture->parts.own, 1, 1 + i, "another's");
    }
    assert_int_equal(verified, 3);
    assert_int_equal(fixture->parts.shown[EVENT_MESSAGE], 2);
}

/* As fast as they come: what is not taken in now comes again. */
static void of_one_member_only_so_many_are_looked_at(void **state) {
    struct fixture *fixture = *state;
    const unsigned ms = rounds_of(3000);
    uint64_t sequence = 0;
    for (; fixture->parts.now < NOW + ms; fixture->parts.now++)
        for (unsigned i = 0; i < 10 && !heard_is_sated(fixture->members[0], fixture->parts.now); i++)
            hear(fixture, &fixture->parts.anna, CHAT_TEXT, &fixture->parts.own, 1, ++sequence, "line");
    assert_in_range(verified, HEARD_CHECKS + ms - 10, HEARD_CHECKS + ms);
    assert_false(heard_is_sated(fixture->members[1], fixture->parts.now));
    assert_true(
        fixture->parts.room.peer_host.sated(&fixture->parts.room, fixture->members[0]->peer, fixture->parts.now - 1));
}

/* Anna sends what nobody signed. */
static void forge(struct fixture *fixture, uint64_t sequence) {
    uint8_t packet[512];
    struct chat_message chat = {
        .run = 1, .sequence = sequence, .sent_ms = 1, .nick = "anna", .nick_size = 4, .text = "x", .text_size = 1};
    size_t size = message_encode(&fixture->parts.anna, fixture->parts.room.self.keys.id, &chat, packet, sizeof packet);
    packet[size - 1] ^= 0x10;
    heard_receive(&fixture->parts.room.heard, fixture->members[0], packet, size, 0, fixture->parts.now);
}

static void who_forges_is_not_looked_at_any_more(void **state) {
    struct fixture *fixture = *state;
    for (unsigned i = 1; i <= 1000; i++) forge(fixture, i);
    assert_int_equal(verified, HEARD_FORGERIES);
    hear(fixture, &fixture->parts.anna, CHAT_TEXT, &fixture->parts.own, 1, 1, "not even this");
    assert_int_equal(fixture->parts.shown[EVENT_MESSAGE], 0);
    fixture->parts.now += HEARD_FORGERY_MS - 1;
    forge(fixture, 1);
    assert_int_equal(verified, HEARD_FORGERIES);
    fixture->parts.now++;
    for (unsigned i = 1; i <= 1000; i++) forge(fixture, i);
    assert_int_equal(verified, HEARD_FORGERIES + 1);
    fixture->parts.now += HEARD_FORGERY_MS;
    hear(fixture, &fixture->parts.anna, CHAT_TEXT, &fixture->parts.own, 1, 1, "it is signed");
    assert_int_equal(fixture->parts.shown[EVENT_MESSAGE], 1);
}

static void nicks_are_made_fit(void **state) {
    struct fixture *fixture = *state;
    hear(fixture, &fixture->parts.anna, CHAT_NICK, &fixture->parts.own, 1, 1, "\x1b[2J/an:na");
    assert_int_equal(fixture->parts.shown[EVENT_PEER_NICK], 1);
    assert_string_equal(fixture->parts.last->text, "anna");
    assert_null(strpbrk(fixture->parts.last->nick, "\x1b:"));
    hear(fixture, &fixture->parts.anna, CHAT_NICK, &fixture->parts.own, 1, 2,
         "a nick of far more bytes than the thirty-two there are");
    assert_int_equal(fixture->parts.shown[EVENT_PEER_NICK], 2);
    assert_in_range(strlen(fixture->parts.last->nick), 1, TEXT_NICK_MAX);
    hear(fixture, &fixture->parts.anna, CHAT_NICK, &fixture->parts.own, 1, 3, " \t ");
    assert_int_equal(fixture->parts.shown[EVENT_PEER_NICK], 2);
    assert_int_equal(fixture->parts.shown[EVENT_MESSAGE], 0);
}

/* Five at once, then one every 20 s; the same nick again costs nothing. */
static void nicks_are_rationed(void **state) {
    struct fixture *fixture = *state;
    char nick[16];
    uint64_t sequence = 0;
    hear(fixture, &fixture->parts.anna, CHAT_NICK, &fixture->parts.own, 1, ++sequence, "anna");
    for (unsigned i = 0; i < 100; i++) {
        snprintf(nick, sizeof nick, "anna %u", i);
        hear(fixture, &fixture->parts.anna, CHAT_NICK, &fixture->parts.own, 1, ++sequence, nick);
    }
    assert_int_equal(fixture->parts.shown[EVENT_PEER_NICK], 5);
    assert_string_equal(fixture->members[0]->peer->introduction.nick, "anna 4");
    fixture->parts.now = NOW + 19999;
    hear(fixture, &fixture->parts.anna, CHAT_NICK, &fixture->parts.own, 1, ++sequence, "too soon");
    fixture->parts.now = NOW + 20000;
    hear(fixture, &fixture->parts.anna, CHAT_NICK, &fixture->parts.own, 1, ++sequence, "in time");
    assert_int_equal(fixture->parts.shown[EVENT_PEER_NICK], 6);
    assert_string_equal(fixture->members[0]->peer->introduction.nick, "in time");
    fixture->parts.now = NOW + 100000000;
    for (unsigned i = 0; i < 100; i++) {
        snprintf(nick, sizeof nick, "late %u", i);
        hear(fixture, &fixture->parts.anna, CHAT_NICK, &fixture->parts.own, 1, ++sequence, nick);
    }
    assert_int_equal(fixture->parts.shown[EVENT_PEER_NICK], 11);
}

/* --- What members pass on --- */

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
    member_id_derive(&fixture->parts.room.self.keys, fixture->parts.own.public, chat.recipient);
    const struct room_keys *keys = said->keys ? said->keys : &fixture->parts.room.self.keys;
    size_t size = message_encode(said->author, keys->id, &chat, out, capacity);
    assert_int_not_equal(size, 0);
    return size;
}

static void passes_on(struct fixture *fixture, size_t peer, struct said said) {
    uint8_t message[512], packet[600];
    size_t size = sign(fixture, &said, message, sizeof message);
    size = codec_passed_on_encode(1000, message, size, packet, sizeof packet);
    heard_receive(&fixture->parts.room.heard, fixture->members[peer], packet, size, 0, fixture->parts.now);
}

static void offers(struct fixture *fixture, size_t peer, const struct identity *author, uint64_t run, uint64_t lowest,
                   uint64_t highest) {
    uint8_t packet[HISTORY_SUMMARY_MAX];
    struct backlog_row row = {.feed = feed_name_of(author->public, run), .lowest = lowest, .highest = highest};
    size_t size = codec_summary_encode(&row, author ? 1 : 0, packet, sizeof packet);
    heard_receive(&fixture->parts.room.heard, fixture->members[peer], packet, size, 0, fixture->parts.now);
}

static void offers_nothing(struct fixture *fixture, size_t peer) {
    static const uint8_t empty[] = {HISTORY_SUMMARY, 0, 0};
    heard_receive(&fixture->parts.room.heard, fixture->members[peer], empty, sizeof empty, 0, fixture->parts.now);
}

static void sends_range(struct fixture *fixture, size_t peer, uint8_t type, const struct history_range *range) {
    uint8_t packet[HISTORY_RANGE_SIZE];
    size_t size = codec_range_encode(type, range, packet, sizeof packet);
    heard_receive(&fixture->parts.room.heard, fixture->members[peer], packet, size, 0, fixture->parts.now);
}

/* To all that was asked: there is no more. */
static void answers(struct fixture *fixture, size_t peer) {
    struct exchange *exchange = &fixture->members[peer]->exchange;
    while (exchange->ask_count > 0) {
        struct history_range range = exchange->asks[0].range;
        sends_range(fixture, peer, HISTORY_ANSWERED, &range);
    }
    history_tick(&fixture->parts.room.history, fixture->parts.now);
}

/* So many, when nothing is waited for any more. */
static unsigned shown(struct fixture *fixture) {
    gathered_show_all(&fixture->parts.room.gathered, fixture->parts.now);
    return fixture->parts.shown[EVENT_MESSAGE];
}

/* Bert was asked for 1 to 9 of Carl's. */
static void expect_nine_of_carl(struct fixture *fixture) {
    offers_nothing(fixture, 0);
    offers(fixture, 1, &fixture->parts.carl, 1, 1, 9);
    history_tick(&fixture->parts.room.history, fixture->parts.now);
    assert_int_equal(fixture->members[1]->exchange.ask_count, 1);
    assert_int_equal(fixture->members[1]->exchange.asks[0].range.from, 1);
    assert_int_equal(fixture->members[1]->exchange.asks[0].range.to, 9);
}

/* --- What is passed on --- */

static void what_was_asked_for_is_shown_once(void **state) {
    struct fixture *fixture = *state;
    expect_nine_of_carl(fixture);
    for (uint64_t i = 1; i <= 9; i++) {
        passes_on(fixture, 1, (struct said){.author = &fixture->parts.carl, .run = 1, .sequence = i});
        passes_on(fixture, 1, (struct said){.author = &fixture->parts.carl, .run = 1, .sequence = i});
        assert_int_equal(shown(fixture), i);
        assert_int_equal(fixture->last, i);
    }
    answers(fixture, 1);
    assert_int_equal(fixture->parts.room.history.backlog.count, 9);
    passes_on(fixture, 1, (struct said){.author = &fixture->parts.carl, .run = 1, .sequence = 10});
    assert_int_equal(shown(fixture), 9);
    assert_int_equal(fixture->parts.lost, 0);
}

static void nothing_else_is_taken(void **state) {
    struct fixture *fixture = *state;
    passes_on(fixture, 1, (struct said){.author = &fixture->parts.carl, .run = 1, .sequence = 1}); /* asked nobody */
    expect_nine_of_carl(fixture);
    passes_on(fixture, 0,
              (struct said){.author = &fixture->parts.carl, .run = 1, .sequence = 1}); /* another was asked */
    passes_on(fixture, 1, (struct said){.author = &fixture->parts.carl, .run = 1, .sequence = 10}); /* another range, */
    passes_on(fixture, 1, (struct said){.author = &fixture->parts.carl, .run = 2, .sequence = 1});  /* run, */
    passes_on(fixture, 1, (struct said){.author = &fixture->parts.bert, .run = 1, .sequence = 1});  /* author, */
    passes_on(fixture, 1, (struct said){&fixture->parts.carl, CHAT_TEXT, &fixture->other_keys, 1, 1, 0}); /* room */
    passes_on(fixture, 1, (struct said){&fixture->parts.carl, CHAT_PRIVATE, NULL, 1, 1, 0});
    passes_on(fixture, 1, (struct said){&fixture->parts.carl, CHAT_TEXT, NULL, 1, 1, WALL - OLDEST - 1});
    passes_on(fixture, 1, (struct said){&fixture->parts.carl, CHAT_TEXT, NULL, 1, 1, WALL - 23 * HOUR});
    passes_on(fixture, 1, (struct said){&fixture->parts.carl, CHAT_TEXT, NULL, 1, 1, WALL + HOUR + 1});
    assert_int_equal(shown(fixture), 0);
    passes_on(fixture, 1, (struct said){&fixture->parts.carl, CHAT_TEXT, NULL, 1, 1, WALL - OLDEST});
    assert_int_equal(shown(fixture), 1);
    passes_on(fixture, 1,
              (struct said){&fixture->parts.carl, CHAT_NICK, NULL, 1, 2, 0}); /* renames nobody, and counts */
    passes_on(fixture, 1, (struct said){&fixture->parts.carl, CHAT_TEXT, NULL, 1, 3, 0});
    assert_int_equal(shown(fixture), 2);
}

/* Anna's clock is a day off; she has said this, for it comes from her. */
static void an_author_needs_no_right_clock(void **state) {
    struct fixture *fixture = *state;
    struct said said = {&fixture->parts.anna, CHAT_TEXT, NULL, 1, 1, WALL - 24 * HOUR};
    offers(fixture, 0, &fixture->parts.anna, 1, 1, 1);
    offers(fixture, 1, &fixture->parts.anna, 1, 1, 1);
    history_tick(&fixture->parts.room.history, fixture->parts.now);
    size_t asked = fixture->members[0]->exchange.ask_count > 0 ? 0 : 1;
    passes_on(fixture, asked, said);
    assert_int_equal(shown(fixture), asked == 0 ? 1 : 0);
    answers(fixture, asked);
    if (asked == 1) passes_on(fixture, 0, said);
    assert_int_equal(shown(fixture), 1);
}

/* Bert has something of Carl's from three days ago, and brings it up as said a second ago; `run` is its. */
static unsigned brought_up(struct fixture *fixture, const struct identity *author, uint64_t run) {
    offers_nothing(fixture, 0);
    offers(fixture, 1, author, run, 1, 1);
    history_tick(&fixture->parts.room.history, fixture->parts.now);
    assert_int_equal(fixture->members[1]->exchange.ask_count, 1);
    passes_on(fixture, 1, (struct said){author, CHAT_TEXT, NULL, run, 1, WALL - 72 * HOUR});
    answers(fixture, 1);
    return shown(fixture);
}

static void tell_clocks(struct fixture *fixture, uint64_t bootnode, uint64_t anna, uint64_t bert) {
    struct sessions *sessions = &fixture->parts.room.meeting.sessions;
    size_t number = 0;
    if (!sessions_has(sessions, number)) assert_true(sessions_take_entry(sessions, 0, 0, &number));
    sessions->list[number].presence.clock_began_ms = bootnode - NOW;
    fixture->members[0]->peer->clock_began_ms = anna - NOW;
    fixture->members[1]->peer->clock_began_ms = bert - NOW;
}

static void old_ones_are_not_brought_up_under_a_false_age(void **state) {
    struct fixture *fixture = *state;
    assert_int_equal(brought_up(fixture, &fixture->parts.carl, 1), 0);
    heard_tell_misdated(&fixture->parts.room.heard, NOW);
    assert_int_equal(fixture->parts.lost, 1);
    assert_true(fixture->parts.last->misdated);
    assert_string_equal(fixture->parts.last->nick, "somebody");
}

static void nor_with_a_false_clock(void **state) {
    struct fixture *fixture = *state;
    tell_clocks(fixture, WALL, WALL, WALL - 72 * HOUR);
    assert_int_equal(brought_up(fixture, &fixture->parts.carl, 1), 0);
}

static void nor_with_a_bootnodes_help(void **state) {
    struct fixture *fixture = *state;
    tell_clocks(fixture, WALL - 72 * HOUR, WALL, WALL - 72 * HOUR);
    assert_int_equal(brought_up(fixture, &fixture->parts.carl, 1), 0);
}

/* Anna's clock is behind now; when it was right, she said something in another run. */
static void nor_by_the_clock_of_another_run(void **state) {
    struct fixture *fixture = *state;
    tell_clocks(fixture, WALL, WALL - 72 * HOUR, WALL);
    assert_int_equal(brought_up(fixture, &fixture->parts.anna, 9), 0);
}

/* In this run she dates by that clock. */
static void an_author_is_judged_by_its_own_clock(void **state) {
    struct fixture *fixture = *state;
    tell_clocks(fixture, WALL, WALL - 72 * HOUR, WALL);
    assert_int_equal(brought_up(fixture, &fixture->parts.anna, 1), 1);
}

static void what_the_author_brings_after_all_is_not_missed(void **state) {
    struct fixture *fixture = *state;
    assert_int_equal(brought_up(fixture, &fixture->parts.anna, 1), 0);
    hear(fixture, &fixture->parts.anna, CHAT_TEXT, &fixture->parts.own, 1, 1, "1");
    assert_int_equal(shown(fixture), 1);
    heard_tell_misdated(&fixture->parts.room.heard, NOW);
    assert_int_equal(fixture->parts.lost, 0);
}

static void no_bit_can_be_changed(void **state) {
    struct fixture *fixture = *state;
    uint8_t message[512], packet[600];
    struct said said = {.author = &fixture->parts.carl, .run = 1, .sequence = 1};
    expect_nine_of_carl(fixture);
    size_t size = sign(fixture, &said, message, sizeof message);
    for (size_t bit = 0; bit < size * 8; bit++) {
        message[bit / 8] ^= (uint8_t)(1u << bit % 8);
        size_t whole = codec_passed_on_encode(0, message, size, packet, sizeof packet);
        heard_receive(&fixture->parts.room.heard, fixture->members[1], packet, whole, 0, fixture->parts.now);
        fixture->members[1]->forged = 0; /* so that the next one is looked at, too */
        message[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(shown(fixture), 0);
    assert_in_range(verified, size * 8 / 2, size * 8); /* most are wrong by nothing else */
}

/* A copy, or what is too old, costs nothing. */
static void little_that_is_passed_on_is_verified(void **state) {
    struct fixture *fixture = *state;
    expect_nine_of_carl(fixture);
    for (unsigned i = 0; i < 100; i++) {
        passes_on(fixture, 1, (struct said){.author = &fixture->parts.carl, .run = 1, .sequence = 1});
        passes_on(fixture, 1, (struct said){.author = &fixture->parts.carl, .run = 1, .sequence = 3});
        passes_on(fixture, 1, (struct said){&fixture->parts.carl, CHAT_TEXT, NULL, 1, 9, WALL - 72 * HOUR});
        passes_on(fixture, 1, (struct said){&fixture->parts.carl, CHAT_PRIVATE, NULL, 1, 4, 0});
        passes_on(fixture, 1, (struct said){&fixture->parts.bert, CHAT_TEXT, NULL, 1, 1 + i, 0});
    }
    assert_int_equal(verified, 3);
}

/* Nobody is answered more at once than twice what is kept; who was asked and goes on for ever is not looked at. */
static void endless_answers_are_not_verified(void **state) {
    struct fixture *fixture = *state;
    if (rounds_of(8) < 8) skip(); /* it needs all of them, and they go where those of the test above went */
    offers_nothing(fixture, 0);
    offers(fixture, 1, &fixture->parts.carl, 1, 1, 100000);
    history_tick(&fixture->parts.room.history, fixture->parts.now);
    for (uint64_t i = 1; i <= 6000; i++)
        passes_on(fixture, 1, (struct said){.author = &fixture->parts.carl, .run = 1, .sequence = i});
    assert_in_range(verified, 2 * BACKLOG_MESSAGES, 4 * BACKLOG_MESSAGES + 20);
    assert_int_equal(shown(fixture), verified);
}

/* --- How old it is said to be --- */

static void passes_on_aged(struct fixture *fixture, const struct identity *author, uint64_t sequence, uint32_t age) {
    uint8_t message[512], packet[600];
    struct said said = {.author = author, .run = 1, .sequence = sequence};
    size_t size = sign(fixture, &said, message, sizeof message);
    size = codec_passed_on_encode(age, message, size, packet, sizeof packet);
    heard_receive(&fixture->parts.room.heard, fixture->members[1], packet, size, 0, fixture->parts.now);
}

/* Whatever ages somebody makes up: Carl's are in Carl's order, and nothing is older than what is kept. */
static void who_lies_about_ages_reorders_nobody(void **state) {
    static const uint32_t ages[] = {500, 0, OLDEST, 90, BACKLOG_AGE_MS + 1, 7, BACKLOG_AGE_MS, 1, 30};
    struct fixture *fixture = *state;
    expect_nine_of_carl(fixture);
    passes_on_aged(fixture, &fixture->parts.carl, 1, OLDEST + 1); /* nobody keeps that for so long */
    passes_on_aged(fixture, &fixture->parts.carl, 1, UINT32_MAX);
    assert_int_equal(shown(fixture), 0);
    for (uint64_t i = 1; i <= 9; i++) passes_on_aged(fixture, &fixture->parts.carl, i, ages[i - 1]);
    assert_int_equal(shown(fixture), 9);
    assert_true(fixture->in_order);
    assert_int_equal(fixture->oldest, 500); /* what follows cannot have been said before it */
}

static void nothing_is_older_than_what_is_kept(void **state) {
    struct fixture *fixture = *state;
    expect_nine_of_carl(fixture);
    passes_on_aged(fixture, &fixture->parts.carl, 1, OLDEST);
    assert_int_equal(shown(fixture), 1);
    assert_int_equal(fixture->oldest, BACKLOG_AGE_MS);
    assert_int_equal(fixture->parts.room.history.backlog.count, 0); /* nor passed on again */
}

/* Our own clock began later than that was said. */
static void a_machine_that_was_just_started_sorts_too(void **state) {
    struct fixture *fixture = *state;
    expect_nine_of_carl(fixture);
    for (uint64_t i = 1; i <= 3; i++) passes_on_aged(fixture, &fixture->parts.carl, i, (uint32_t)(400000 - i));
    assert_int_equal(shown(fixture), 3);
    assert_int_equal(fixture->oldest, 399999);
    assert_int_equal(fixture->parts.now - fixture->parts.room.history.backlog.oldest->since, 399999);
    fixture->parts.now += BACKLOG_AGE_MS - 399999;
    backlog_expire(&fixture->parts.room.history.backlog, fixture->parts.now);
    assert_int_equal(fixture->parts.room.history.backlog.count, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(only_the_recipient_shows_a_private_message),
        TEST(nobody_passes_on_what_others_said),
        TEST(each_is_shown_once),
        TEST(only_of_the_run_that_it_introduced_itself_with),
        TEST(no_copy_is_verified),
        TEST(of_one_member_only_so_many_are_looked_at),
        TEST(who_forges_is_not_looked_at_any_more),
        TEST(nicks_are_made_fit),
        TEST(nicks_are_rationed),
        TEST(what_was_asked_for_is_shown_once),
        TEST(nothing_else_is_taken),
        TEST(an_author_needs_no_right_clock),
        TEST(old_ones_are_not_brought_up_under_a_false_age),
        TEST(nor_with_a_false_clock),
        TEST(nor_with_a_bootnodes_help),
        TEST(nor_by_the_clock_of_another_run),
        TEST(an_author_is_judged_by_its_own_clock),
        TEST(what_the_author_brings_after_all_is_not_missed),
        TEST(no_bit_can_be_changed),
        TEST(little_that_is_passed_on_is_verified),
        TEST(endless_answers_are_not_verified),
        TEST(who_lies_about_ages_reorders_nobody),
        TEST(nothing_is_older_than_what_is_kept),
        TEST(a_machine_that_was_just_started_sorts_too),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("heard", tests, NULL, NULL);
}

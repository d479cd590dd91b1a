/* What a room does with messages that no honest client sends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/message/message.h"
#include "client/room/parts.h"

#define NOW 1000

struct fixture {
    struct identity own, anna, bert;
    struct bootnode bootnode;
    struct known_keys known_peers; /* remembers nothing */
    struct indices indices;
    struct punch_budget budget;
    struct outside outside;
    struct chatroom_host host;
    struct room_keys keys;
    struct chatroom *room;
    struct peer *peer; /* Anna */
    unsigned shown[EVENT_TYPES];
    struct event *last; /* shown */
};

static void on_send(void *context, uint16_t socket, const struct address *to, const uint8_t *data, size_t size) {
    (void)context, (void)socket, (void)to, (void)data, (void)size;
}

static void on_emit(void *context, struct event *event) {
    struct fixture *fixture = context;
    fixture->shown[event->type]++;
    event_destroy(fixture->last);
    fixture->last = event;
}

static bool on_busy(void *context) {
    (void)context;
    return false;
}

static uint64_t on_wall_ms(void *context) {
    (void)context;
    return 1700000000000;
}

static void identity_named(const char *name, struct identity *out) {
    uint8_t seed[32];
    crypto_generichash(seed, sizeof seed, (const uint8_t *)name, strlen(name), NULL, 0);
    identity_from_seed(seed, out);
}

static int setup(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct member_record record = {.suite_mask = 1};
    assert_non_null(fixture);
    assert_true(sodium_init() >= 0);
    identity_named("own", &fixture->own);
    identity_named("anna", &fixture->anna);
    identity_named("bert", &fixture->bert);
    fixture->bootnode = (struct bootnode){.name = "192.0.2.1:9595",
                                          .addresses = {{.ip = {[10] = 0xff, 0xff, 192, 0, 2, 1}, .port = 9595}},
                                          .address_count = 1};
    fixture->outside =
        (struct outside){.context = fixture, .send = on_send, .emit = on_emit, .busy = on_busy, .wall_ms = on_wall_ms};
    fixture->host = (struct chatroom_host){.context = fixture,
                                           .outside = &fixture->outside,
                                           .identity = &fixture->own,
                                           .bootnodes = &fixture->bootnode,
                                           .bootnode_count = 1,
                                           .indices = &fixture->indices,
                                           .known_peers = &fixture->known_peers,
                                           .nick = "own",
                                           .suite_mask = 1,
                                           .budget = &fixture->budget};
    assert_true(room_keys_derive("tea", NULL, 0, &fixture->keys));
    fixture->room = chatroom_create(&fixture->host, "tea", &fixture->keys, NOW);
    member_id_derive(&fixture->keys, fixture->anna.public, record.id);
    fixture->peer = members_add(&fixture->room->members, &fixture->room->peer_host, &record, 0, 1, NOW)->peer;
    memcpy(fixture->peer->introduction.identity, fixture->anna.public, 32);
    peer_set_nick(fixture->peer, "anna");
    fixture->peer->connected = true;
    *state = fixture;
    return 0;
}

static int teardown(void **state) {
    struct fixture *fixture = *state;
    chatroom_destroy(fixture->room);
    event_destroy(fixture->last);
    free(fixture);
    return 0;
}

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
    member_id_derive(&fixture->keys, recipient->public, chat.recipient);
    size_t size = message_encode(author, fixture->keys.tag, &chat, packet, sizeof packet);
    assert_int_not_equal(size, 0);
    heard_receive(fixture->room, fixture->peer, packet, size, 0);
}

static void only_the_recipient_shows_a_private_message(void **state) {
    struct fixture *fixture = *state;
    hear(fixture, &fixture->anna, CHAT_PRIVATE, &fixture->bert, 1, 1, "for Bert");
    assert_int_equal(fixture->shown[EVENT_MESSAGE], 0);
    hear(fixture, &fixture->anna, CHAT_PRIVATE, &fixture->anna, 1, 1, "for herself");
    assert_int_equal(fixture->shown[EVENT_MESSAGE], 0);
    hear(fixture, &fixture->anna, CHAT_PRIVATE, &fixture->own, 1, 1, "for us");
    assert_int_equal(fixture->shown[EVENT_MESSAGE], 1);
    assert_int_equal(fixture->last->kind, CHAT_PRIVATE);
    assert_string_equal(fixture->last->text, "for us");
}

/* What somebody got in private from another is not theirs to say. */
static void nobody_passes_on_what_others_said(void **state) {
    struct fixture *fixture = *state;
    hear(fixture, &fixture->bert, CHAT_TEXT, &fixture->own, 1, 1, "said Bert");
    hear(fixture, &fixture->bert, CHAT_PRIVATE, &fixture->own, 1, 1, "whispered Bert");
    hear(fixture, &fixture->bert, CHAT_NICK, &fixture->own, 1, 2, "anne");
    assert_int_equal(fixture->shown[EVENT_MESSAGE], 0);
    assert_int_equal(fixture->shown[EVENT_PEER_NICK], 0);
}

static void each_is_shown_once(void **state) {
    struct fixture *fixture = *state;
    hear(fixture, &fixture->anna, CHAT_TEXT, &fixture->own, 7, 2, "two");
    hear(fixture, &fixture->anna, CHAT_TEXT, &fixture->own, 7, 2, "two");
    hear(fixture, &fixture->anna, CHAT_ACTION, &fixture->own, 7, 2, "two"); /* of the same sequence */
    hear(fixture, &fixture->anna, CHAT_TEXT, &fixture->own, 7, 1, "one, too late");
    assert_int_equal(fixture->shown[EVENT_MESSAGE], 1);
    hear(fixture, &fixture->anna, CHAT_PRIVATE, &fixture->own, 7, 1, "of another");
    hear(fixture, &fixture->anna, CHAT_PRIVATE, &fixture->own, 7, 1, "of another");
    assert_int_equal(fixture->shown[EVENT_MESSAGE], 2);
    hear(fixture, &fixture->anna, CHAT_TEXT, &fixture->own, 7, 3, "three");
    hear(fixture, &fixture->anna, CHAT_PRIVATE, &fixture->own, 7, 2, "the next");
    assert_int_equal(fixture->shown[EVENT_MESSAGE], 4);
    hear(fixture, &fixture->anna, CHAT_TEXT, &fixture->own, 8, 1, "in a new run");
    hear(fixture, &fixture->anna, CHAT_PRIVATE, &fixture->own, 8, 1, "both begin anew");
    assert_int_equal(fixture->shown[EVENT_MESSAGE], 6);
}

static void nicks_are_made_fit(void **state) {
    struct fixture *fixture = *state;
    hear(fixture, &fixture->anna, CHAT_NICK, &fixture->own, 1, 1, "\x1b[2J/an:na");
    assert_int_equal(fixture->shown[EVENT_PEER_NICK], 1);
    assert_string_equal(fixture->last->text, "anna");
    assert_null(strpbrk(fixture->last->nick, "\x1b:"));
    hear(fixture, &fixture->anna, CHAT_NICK, &fixture->own, 1, 2,
         "a nick of far more bytes than the thirty-two there are");
    assert_int_equal(fixture->shown[EVENT_PEER_NICK], 2);
    assert_in_range(strlen(fixture->last->nick), 1, TEXT_NICK_MAX);
    hear(fixture, &fixture->anna, CHAT_NICK, &fixture->own, 1, 3, " \t ");
    assert_int_equal(fixture->shown[EVENT_PEER_NICK], 2);
    assert_int_equal(fixture->shown[EVENT_MESSAGE], 0);
}

/* Five at once, then one every 20 s; the same nick again costs nothing. */
static void nicks_are_rationed(void **state) {
    struct fixture *fixture = *state;
    char nick[16];
    uint64_t sequence = 0;
    hear(fixture, &fixture->anna, CHAT_NICK, &fixture->own, 1, ++sequence, "anna");
    for (unsigned i = 0; i < 100; i++) {
        snprintf(nick, sizeof nick, "anna %u", i);
        hear(fixture, &fixture->anna, CHAT_NICK, &fixture->own, 1, ++sequence, nick);
    }
    assert_int_equal(fixture->shown[EVENT_PEER_NICK], 5);
    assert_string_equal(fixture->peer->introduction.nick, "anna 4");
    fixture->room->now = NOW + 19999;
    hear(fixture, &fixture->anna, CHAT_NICK, &fixture->own, 1, ++sequence, "too soon");
    fixture->room->now = NOW + 20000;
    hear(fixture, &fixture->anna, CHAT_NICK, &fixture->own, 1, ++sequence, "in time");
    assert_int_equal(fixture->shown[EVENT_PEER_NICK], 6);
    assert_string_equal(fixture->peer->introduction.nick, "in time");
    fixture->room->now = NOW + 100000000;
    for (unsigned i = 0; i < 100; i++) {
        snprintf(nick, sizeof nick, "late %u", i);
        hear(fixture, &fixture->anna, CHAT_NICK, &fixture->own, 1, ++sequence, nick);
    }
    assert_int_equal(fixture->shown[EVENT_PEER_NICK], 11);
}

/* More authors than are remembered: the one heard least recently makes room. */
static void authors_are_bounded(void **state) {
    struct fixture *fixture = *state;
    for (uint64_t i = 0; i < AUTHORS_MAX + 10; i++) {
        fixture->room->now = NOW + i;
        memcpy(fixture->peer->pair.other_id, &i, sizeof i);
        assert_true(author_whispers(
            authors_of(&fixture->room->authors, fixture->peer->pair.other_id, fixture->room->now), 1, 1));
    }
    assert_int_equal(fixture->room->authors.count, AUTHORS_MAX);
    uint64_t first = 0, last = AUTHORS_MAX + 9;
    memcpy(fixture->peer->pair.other_id, &last, sizeof last);
    assert_false(
        author_whispers(authors_of(&fixture->room->authors, fixture->peer->pair.other_id, fixture->room->now), 1, 1));
    memcpy(fixture->peer->pair.other_id, &first, sizeof first);
    assert_true(
        author_whispers(authors_of(&fixture->room->authors, fixture->peer->pair.other_id, fixture->room->now), 1, 1));
}

static void assert_told(struct fixture *fixture, uint64_t now, uint32_t rtt_us, bool told) {
    unsigned before = fixture->shown[EVENT_PEER_STATUS];
    fixture->room->now = now;
    fixture->peer->sender.srtt_us = rtt_us;
    assert_int_equal(status_due(fixture->peer->owner) <= now, told);
    status_check(fixture->peer->owner, &fixture->room->events, now);
    assert_int_equal(fixture->shown[EVENT_PEER_STATUS] - before, told);
}

/* By a tenth and half a millisecond, once a second; where the peer stands, at once. */
static void a_round_trip_is_told_when_it_changed(void **state) {
    struct fixture *fixture = *state;
    struct peer *peer = fixture->peer;
    peer->connected = peer->has_path = peer->sender.has_rtt = true;
    assert_told(fixture, NOW, 100000, false); /* it has not joined */
    status_joined(peer->owner);
    assert_told(fixture, NOW, 100000, true);
    assert_told(fixture, NOW + 1000, 109999, false);
    assert_told(fixture, NOW + 1000, 90001, false);
    assert_told(fixture, NOW + 999, 110000, false);
    assert_true(status_due(peer->owner) == NOW + 1000);
    assert_told(fixture, NOW + 1000, 110000, true);
    assert_true(fixture->last->rtt_ms > 109.9 && fixture->last->rtt_ms < 110.1);
    assert_told(fixture, NOW + 2000, 1000, true);
    assert_told(fixture, NOW + 3000, 1499, false);
    assert_told(fixture, NOW + 3000, 500, true);
    peer->demoted = true;
    assert_told(fixture, NOW + 3000, 500, true);
    assert_int_equal(fixture->last->standing, STANDING_CONNECTING);
    assert_told(fixture, NOW + 9000, 100000, false); /* of whom nothing is heard there is none to tell */
    status_left(peer->owner);
    peer->demoted = false;
    assert_told(fixture, NOW + 9000, 500, false);
}

/* Bootnode `which` lists somebody; true when we then have one more peer. */
static bool lists(struct chatroom *room, unsigned which, uint32_t number) {
    struct member_record record = {.suite_mask = 1};
    const struct membership_observer *observer = &room->rendezvous[which].owner.presence.members;
    size_t before = room->members.count;
    memcpy(record.id, &number, sizeof number);
    observer->listed(observer->context, &record, CHANGE_JOINED);
    return room->members.count > before;
}

static void no_bootnode_takes_the_others_share(void **state) {
    struct fixture *fixture = *state;
    struct bootnode bootnodes[BOOTNODES_MAX];
    struct chatroom_host host = fixture->host;
    host.bootnodes = bootnodes;
    for (unsigned count = 1; count <= BOOTNODES_MAX; count++) {
        uint32_t number = 1;
        unsigned liar = count - 1;
        for (unsigned i = 0; i < count; i++) bootnodes[i] = fixture->bootnode;
        host.bootnode_count = count;
        struct chatroom *room = chatroom_create(&host, "tea", &fixture->keys, NOW);
        while (lists(room, liar, number)) number++;
        assert_in_range(room->members.count, 512, MEMBERS_OF_ONE);
        for (unsigned honest = 0; honest < liar; honest++)
            for (unsigned i = 0; i < 512; i++) assert_true(lists(room, honest, ++number)); /* the largest room */
        assert_false(lists(room, liar, ++number));
        chatroom_destroy(room);
    }
}

int main(void) {
#define ROOM_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        ROOM_TEST(only_the_recipient_shows_a_private_message),
        ROOM_TEST(nobody_passes_on_what_others_said),
        ROOM_TEST(each_is_shown_once),
        ROOM_TEST(nicks_are_made_fit),
        ROOM_TEST(nicks_are_rationed),
        ROOM_TEST(authors_are_bounded),
        ROOM_TEST(a_round_trip_is_told_when_it_changed),
        ROOM_TEST(no_bootnode_takes_the_others_share),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("chatroom", tests, NULL, NULL);
}

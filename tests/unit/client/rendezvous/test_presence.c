/* A session with a bootnode by itself: what becomes of it, how it leaves, and how it tells of new addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/rendezvous/presence.h"
#include "common/clock.h"

#define NOW 1000000
#define SESSION 0x1122334455667788

static const uint8_t member[MEMBER_ID_SIZE] = {7};
static const struct address door = {.ip = {[10] = 0xff, 0xff, 192, 0, 2, 1}, .port = 9595};

struct fixture {
    struct presence presence;
    struct presence_owner owner;
    struct update_body own;
    unsigned sent[256]; /* by type */
    unsigned heard, elsewhere;
    uint64_t took_ms; /* the last answer */
    uint64_t counter; /* of what the bootnode sealed */
};

static void on_send(void *context, const struct address *to, const uint8_t *data, size_t size) {
    struct fixture *fixture = context;
    if (to) fixture->elsewhere++;
    assert_int_not_equal(size, 0);
    fixture->sent[data[0]]++;
}

static void on_heard(void *context, const struct address *from, uint64_t now) {
    struct fixture *fixture = context;
    assert_true(address_equal(from, &door));
    assert_in_range(now, NOW, NOW + 1000000);
    fixture->heard++;
}

static void on_measured(void *context, uint64_t took_ms) {
    struct fixture *fixture = context;
    fixture->took_ms = took_ms;
}

static int setup(void **state) {
    static const struct noise_keys keys;
    const struct welcome_body body = {.session_id = SESSION, .reset_token = {9}, .beat_ms = 4000, .answer_every = 3};
    if (sodium_init() < 0) return -1;
    struct fixture *fixture = calloc(1, sizeof *fixture);
    if (!fixture) return -1;
    const struct presence_link link = {.context = fixture, .send = on_send, .heard = on_heard, .measured = on_measured};
    presence_init(&fixture->presence, &link, &fixture->owner, member, &fixture->own);
    presence_start(&fixture->presence, &keys, &body, 0, NOW);
    presence_confirm(&fixture->presence, &body, NULL, NOW);
    *state = fixture;
    return 0;
}

static int teardown(void **state) {
    struct fixture *fixture = *state;
    presence_clear(&fixture->presence);
    free(fixture);
    return 0;
}

static enum presence_news resets(struct fixture *fixture, uint64_t id, uint8_t token) {
    const struct reset reset = {.session_id = id, .token = {token}};
    uint8_t packet[PACKET_MAX];
    size_t size = reset_encode(&reset, packet, sizeof packet);
    return presence_receive(&fixture->presence, &door, packet, size, NOW + 1);
}

/* A message that the bootnode sealed. */
static enum presence_news says(struct fixture *fixture, enum message_type type, const uint8_t *body, size_t size) {
    struct sealed_header header = {.type = (uint8_t)type, .session_id = SESSION, .counter = ++fixture->counter};
    uint8_t packet[PACKET_MAX];
    size_t packet_size = link_seal(fixture->presence.open_key, &header, body, size, packet, sizeof packet);
    return presence_receive(&fixture->presence, &door, packet, packet_size, NOW + 1);
}

static enum presence_news drains(struct fixture *fixture, uint16_t retry_ms) {
    uint8_t body[PACKET_MAX];
    struct writer writer = writer_over(body, sizeof body);
    write_notice_body(&writer, &(struct notice_body){.kind = NOTICE_ENDING, .retry_ms = retry_ms});
    return says(fixture, MESSAGE_NOTICE, body, writer_size(&writer));
}

static void it_begins_with_a_beat(void **state) {
    struct fixture *fixture = *state;
    assert_int_equal(fixture->sent[MESSAGE_HEARTBEAT], 1);
    assert_true(fixture->presence.answer_due);
    assert_false(fixture->presence.listed);
    assert_int_equal(presence_due(&fixture->presence), NOW + 500); /* the answer to it is missing */
}

static void only_its_own_reset_ends_it(void **state) {
    struct fixture *fixture = *state;
    assert_int_equal(resets(fixture, SESSION + 1, 9), PRESENCE_FOREIGN);
    assert_int_equal(resets(fixture, SESSION, 8), PRESENCE_ON);
    assert_int_equal(resets(fixture, SESSION, 9), PRESENCE_RESET);
    presence_end(&fixture->presence);
    assert_int_equal(resets(fixture, SESSION, 9), PRESENCE_FOREIGN);
}

static void a_bootnode_that_drains_says_when_to_come_back(void **state) {
    struct fixture *fixture = *state;
    assert_int_equal(drains(fixture, 700), PRESENCE_DRAINING);
    assert_int_equal(fixture->presence.wait_ms, 700);
    assert_int_equal(drains(fixture, 60001), PRESENCE_DRAINING);
    assert_int_equal(fixture->presence.wait_ms, 60000);
    assert_int_equal(fixture->heard, 2);
    fixture->counter = 0;
    assert_int_equal(drains(fixture, 700), PRESENCE_ON); /* a copy */
    assert_int_equal(fixture->heard, 2);
    presence_leave(&fixture->presence, LEAVE_SAID, NOW + 1);
    fixture->counter = 2;
    assert_int_equal(drains(fixture, 700), PRESENCE_ON); /* whoever leaves does not come back */
}

/* Silence is expected until then; from then on it is asked, and is not lost meanwhile. */
static void a_bootnode_that_restarts_is_asked_when_it_should_be_back(void **state) {
    struct fixture *fixture = *state;
    struct presence *presence = &fixture->presence;
    uint8_t body[PACKET_MAX];
    struct writer writer = writer_over(body, sizeof body);
    write_notice_body(&writer, &(struct notice_body){.kind = NOTICE_RESTARTING, .retry_ms = 1000});
    presence->answer_due = false;
    assert_int_equal(says(fixture, MESSAGE_NOTICE, body, writer_size(&writer)), PRESENCE_RESTARTING);
    unsigned beats = fixture->sent[MESSAGE_HEARTBEAT];
    uint64_t due = presence_due(presence);
    assert_int_equal(due, NOW + 1001);
    assert_int_equal(presence->asked, NOW + 1001);
    assert_int_equal(presence_tick(presence, due - 1), PRESENCE_ON);
    assert_int_equal(fixture->sent[MESSAGE_HEARTBEAT], beats);
    assert_int_equal(presence_tick(presence, due), PRESENCE_ON);
    assert_int_equal(fixture->sent[MESSAGE_HEARTBEAT], beats + 1);
    assert_int_equal(presence_due(presence), due + 500);
}

static void acknowledges(struct fixture *fixture, uint32_t counter, uint64_t now) {
    const struct beat beat = {.session_id = SESSION, .counter = counter};
    uint8_t packet[PACKET_MAX];
    size_t size = beat_encode(MESSAGE_BEAT_ACK, &beat, packet, sizeof packet);
    link_tag_beat(fixture->presence.ack_key, packet);
    assert_int_equal(presence_receive(&fixture->presence, &door, packet, size, now), PRESENCE_ON);
}

static void answers(struct fixture *fixture, uint16_t token, bool unheard) {
    const struct beat beat = {
        .flag = unheard, .token = token, .session_id = SESSION, .counter = fixture->presence.beat_counter};
    uint8_t packet[PACKET_MAX];
    size_t size = beat_encode(MESSAGE_BEAT_ACK, &beat, packet, sizeof packet);
    link_tag_beat(fixture->presence.ack_key, packet);
    assert_int_equal(presence_receive(&fixture->presence, &door, packet, size, NOW), PRESENCE_ON);
}

/* It missed what went out last: the token that BEAT_ACK brings is echoed at once, and once. */
static void a_token_that_was_missed_is_echoed_at_once(void **state) {
    struct fixture *fixture = *state;
    struct presence *presence = &fixture->presence;
    answers(fixture, 7, false); /* the usual one waits for the next beat */
    assert_int_equal(fixture->sent[MESSAGE_HEARTBEAT], 1);
    assert_int_equal(presence->token, 7);
    assert_int_equal(presence_tick(presence, NOW + 4000), PRESENCE_ON);
    answers(fixture, 8, true);
    assert_int_equal(fixture->sent[MESSAGE_HEARTBEAT], 3);
    answers(fixture, 8, true);
    assert_int_equal(fixture->sent[MESSAGE_HEARTBEAT], 3);
    presence_leave(presence, LEAVE_SAID, NOW + 4001);
    fixture->presence.beat_counter++;
    answers(fixture, 9, true);
    assert_int_equal(fixture->sent[MESSAGE_HEARTBEAT], 3);
}

/* The rest of a full list does not come unasked. */
static void missing_parts_are_asked_for(void **state) {
    struct fixture *fixture = *state;
    struct presence *presence = &fixture->presence;
    uint8_t body[PACKET_MAX];
    struct writer writer = writer_over(body, sizeof body);
    write_changes_header(&writer, &(struct changes_header){.kind = CHANGES_FULL, .to = {1, 2}, .high = {0x80}});
    answers(fixture, 7, false);
    assert_int_equal(says(fixture, MESSAGE_CHANGES, body, writer_size(&writer)), PRESENCE_ON);
    assert_int_equal(fixture->sent[MESSAGE_HEARTBEAT], 1);
    for (unsigned i = 1; i < 4; i++) {
        assert_int_equal(presence_due(presence), NOW + 1 + i * 500);
        assert_int_equal(presence_tick(presence, NOW + i * 500), PRESENCE_ON);
        assert_int_equal(fixture->sent[MESSAGE_HEARTBEAT], i);
        assert_int_equal(presence_tick(presence, NOW + 1 + i * 500), PRESENCE_ON);
        assert_int_equal(fixture->sent[MESSAGE_HEARTBEAT], i + 1);
    }
}

/* What it said before it went arrives late: that is no answer of the one that comes back. */
static void a_late_answer_does_not_end_the_wait_for_a_restart(void **state) {
    struct fixture *fixture = *state;
    struct presence *presence = &fixture->presence;
    uint8_t body[PACKET_MAX];
    struct writer writer = writer_over(body, sizeof body);
    write_notice_body(&writer, &(struct notice_body){.kind = NOTICE_RESTARTING, .retry_ms = 1000});
    assert_int_equal(says(fixture, MESSAGE_NOTICE, body, writer_size(&writer)), PRESENCE_RESTARTING);
    unsigned beats = fixture->sent[MESSAGE_HEARTBEAT];
    acknowledges(fixture, 1, NOW + 2);
    assert_int_equal(presence_due(presence), NOW + 1001);
    assert_int_equal(presence_tick(presence, NOW + 1001), PRESENCE_ON);
    assert_int_equal(fixture->sent[MESSAGE_HEARTBEAT], beats + 1);
    acknowledges(fixture, 2, NOW + 1020); /* it came back with all that it knew, or never went */
    assert_false(presence->answer_due);
}

/* A late answer is measured by its own beat, not by a repeat of it; where it was asked at other addresses, by those. */
static void an_answer_tells_how_long_it_took(void **state) {
    struct fixture *fixture = *state;
    assert_int_equal(presence_tick(&fixture->presence, NOW + 500), PRESENCE_ON);
    presence_ask_at(&fixture->presence, &door, NOW + 900);
    assert_int_equal(fixture->elsewhere, 1);
    acknowledges(fixture, 1, NOW + 1300);
    assert_int_equal(fixture->took_ms, 1300);
    acknowledges(fixture, 3, NOW + 1400);
    assert_int_equal(fixture->took_ms, 500);
    fixture->took_ms = 0;
    acknowledges(fixture, 2, NOW + 1500); /* an old one is none */
    presence_ask(&fixture->presence, NOW + 2000);
    presence_resumed(&fixture->presence, NOW + 60000); /* we slept */
    assert_int_equal(fixture->presence.asked, NOW + 60000);
    acknowledges(fixture, 4, NOW + 60020);
    assert_int_equal(fixture->took_ms, 0);
}

static void leaving_is_said_five_times(void **state) {
    struct fixture *fixture = *state;
    uint64_t now = NOW + 10;
    presence_leave(&fixture->presence, LEAVE_SAID, now);
    for (unsigned tries = 1; tries <= 5; tries++) {
        assert_int_equal(fixture->sent[MESSAGE_LEAVE], tries);
        assert_int_equal(presence_due(&fixture->presence), now + (50u << tries));
        assert_int_equal(presence_tick(&fixture->presence, now + (50u << tries) - 1), PRESENCE_ON);
        now += 50u << tries;
        assert_int_equal(presence_tick(&fixture->presence, now), tries < 5 ? PRESENCE_ON : PRESENCE_LEFT);
    }
    assert_int_equal(fixture->sent[MESSAGE_LEAVE], 5);
}

static void a_reset_answers_that_we_leave(void **state) {
    struct fixture *fixture = *state;
    presence_leave(&fixture->presence, LEAVE_SAID, NOW + 10);
    assert_int_equal(resets(fixture, SESSION, 9), PRESENCE_LEFT);
}

static void new_addresses_are_told_until_the_list_has_them(void **state) {
    struct fixture *fixture = *state;
    fixture->own.revision = 1;
    presence_update(&fixture->presence, NOW);
    assert_int_equal(presence_tick(&fixture->presence, NOW), PRESENCE_ON);
    assert_int_equal(fixture->sent[MESSAGE_UPDATE], 1);
    assert_int_equal(presence_tick(&fixture->presence, NOW + 499), PRESENCE_ON);
    assert_int_equal(fixture->sent[MESSAGE_UPDATE], 1);
    assert_int_equal(presence_tick(&fixture->presence, NOW + 500), PRESENCE_ON);
    assert_int_equal(presence_tick(&fixture->presence, NOW + 1500), PRESENCE_ON);
    assert_int_equal(fixture->sent[MESSAGE_UPDATE], 3);
}

/* What REGISTER brought need not be told again, what came since must. */
static void a_session_begins_with_what_register_told(void **state) {
    struct fixture *fixture = *state;
    static const struct noise_keys keys;
    const struct welcome_body body = {.session_id = SESSION};
    assert_int_equal(fixture->presence.update_due, NEVER);
    fixture->own.revision = 2;
    presence_start(&fixture->presence, &keys, &body, 1, NOW + 5);
    assert_int_equal(fixture->presence.update_due, NOW + 5);
    presence_start(&fixture->presence, &keys, &body, 2, NOW + 5);
    assert_int_equal(fixture->presence.update_due, NEVER);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(it_begins_with_a_beat),
        TEST(only_its_own_reset_ends_it),
        TEST(a_bootnode_that_drains_says_when_to_come_back),
        TEST(a_bootnode_that_restarts_is_asked_when_it_should_be_back),
        TEST(a_late_answer_does_not_end_the_wait_for_a_restart),
        TEST(a_token_that_was_missed_is_echoed_at_once),
        TEST(missing_parts_are_asked_for),
        TEST(an_answer_tells_how_long_it_took),
        TEST(leaving_is_said_five_times),
        TEST(a_reset_answers_that_we_leave),
        TEST(new_addresses_are_told_until_the_list_has_them),
        TEST(a_session_begins_with_what_register_told),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("presence", tests, NULL, NULL);
}

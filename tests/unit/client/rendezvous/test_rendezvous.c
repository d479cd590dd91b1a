/* A rendezvous with a session does more than beat: it relays, and asks whether it is still heard. What becomes of the
 * session: test_presence.c; looking for the bootnode and registering: scenario/test_rendezvous.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/rendezvous/rendezvous.h"
#include "common/wire/bootnode_packets.h"
#include "common/wire/packet.h"
#include "common/wire/peer_packets.h"

#define NOW 1000000
#define SESSION UINT64_C(0x1234567800000001)

struct fixture {
    uint8_t known; /* first byte of the key that we know; 0: none */
    unsigned barred;
    struct identity identity;
    struct room_keys keys;
    struct rendezvous rendezvous;
    struct address bootnode;
    unsigned sent, relayed, lost, refused, busy;
    uint64_t busy_ms;
    uint8_t packet[PACKET_MAX]; /* sent last, or relayed last */
    size_t size;
    uint8_t from[MEMBER_ID_SIZE];
};

static const uint8_t member[MEMBER_ID_SIZE] = {7, 7, 7};

static void on_send(void *context, const struct address *to, const uint8_t *data, size_t size) {
    struct fixture *fixture = context;
    assert_true(address_equal(to, &fixture->bootnode));
    fixture->sent++;
    fixture->size = size;
    memcpy(fixture->packet, data, size);
}

static void on_relayed(void *context, const uint8_t id[static MEMBER_ID_SIZE], const uint8_t *packet, size_t size,
                       uint64_t now) {
    struct fixture *fixture = context;
    (void)now;
    fixture->relayed++;
    fixture->size = size;
    memcpy(fixture->from, id, MEMBER_ID_SIZE);
    memcpy(fixture->packet, packet, size);
}

static void on_lost(void *context, const char *why, uint64_t now) {
    struct fixture *fixture = context;
    (void)now;
    assert_non_null(why);
    fixture->lost++;
}

static void on_refused(void *context, const char *why) {
    struct fixture *fixture = context;
    assert_non_null(why);
    fixture->refused++;
}

static void on_busy(void *context, uint64_t wait_ms) {
    struct fixture *fixture = context;
    fixture->busy++;
    fixture->busy_ms = wait_ms;
}

static bool on_trusted(void *context, const uint8_t key[static 32], struct why *why) {
    (void)context, (void)why;
    return key[0] == 1;
}

static bool on_barred(void *context, const char *why) {
    struct fixture *fixture = context;
    (void)why;
    fixture->barred++;
    return false;
}

static bool on_known(void *context, uint8_t key[static 32]) {
    const struct fixture *fixture = context;
    memset(key, 0, 32);
    key[0] = fixture->known;
    key[1] = 9;
    return fixture->known != 0;
}

/* As after a WELCOME, whose making test_rendezvous.c has. */
static void make_active(struct fixture *fixture) {
    struct presence *presence = &fixture->rendezvous.presence;
    fixture->rendezvous.state = RENDEZVOUS_ACTIVE;
    fixture->rendezvous.ever_active = true;
    presence->id = SESSION;
    presence->relays = presence->listed = true;
    presence->beat_ms = 4000;
    presence->answer_every = 3;
    presence->next_beat = NOW + 4000;
    memset(presence->beat_key, 1, sizeof presence->beat_key);
    memset(presence->ack_key, 2, sizeof presence->ack_key);
}

static bool on_may_greet(void *context, const struct address *to, uint64_t now) {
    (void)context;
    (void)to;
    (void)now;
    return true;
}

static void on_answered(void *context, const struct address *from) {
    (void)context;
    (void)from;
}

static int setup(void **state) {
    static const uint8_t seed[32] = {5};
    if (sodium_init() < 0) return -1;
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    identity_from_seed(seed, &fixture->identity);
    assert_true(room_keys_derive("tea", NULL, 0, &fixture->keys));
    assert_true(address_parse("192.0.2.1:9595", 0, &fixture->bootnode));
    struct rendezvous_owner owner = {.context = fixture,
                                     .send = on_send,
                                     .lost = on_lost,
                                     .refused = on_refused,
                                     .busy = on_busy,
                                     .may_greet = on_may_greet,
                                     .answered = on_answered,
                                     .trusted = on_trusted,
                                     .barred = on_barred,
                                     .known = on_known,
                                     .presence = {.context = fixture, .relayed = on_relayed}};
    rendezvous_init(&fixture->rendezvous, &owner, &fixture->keys, fixture->keys.set.tag, &fixture->identity, 1, NOW);
    rendezvous_set_addresses(&fixture->rendezvous, &fixture->bootnode, 1, NOW);
    make_active(fixture);
    *state = fixture;
    return 0;
}

static int teardown(void **state) {
    struct fixture *fixture = *state;
    rendezvous_clear(&fixture->rendezvous);
    free(fixture);
    return 0;
}

/* --- Answers to HELLO --- */

static uint64_t greeted(struct fixture *fixture) {
    struct hello hello;
    fixture->rendezvous.state = RENDEZVOUS_HELLO;
    fixture->rendezvous.ever_active = false;
    fixture->rendezvous.due = NOW;
    rendezvous_tick(&fixture->rendezvous, NOW);
    assert_true(hello_decode(fixture->packet, fixture->size, &hello));
    return hello.nonce;
}

static void take_refusal(struct fixture *fixture, enum refusal reason, uint64_t nonce, uint64_t now) {
    uint8_t packet[REFUSED_SIZE];
    const struct refused refused = {.reason = reason, .retry_s = 30, .nonce = nonce};
    size_t size = refused_encode(&refused, packet, sizeof packet);
    assert_true(rendezvous_receive(&fixture->rendezvous, &fixture->bootnode, packet, size, now));
}

static void take_cookie(struct fixture *fixture, uint64_t nonce, uint8_t key, uint64_t now) {
    uint8_t packet[COOKIE_MESSAGE_SIZE];
    const struct cookie_message message = {.nonce = nonce, .bootnode_public = {key, 9}, .seen = fixture->bootnode};
    size_t size = cookie_message_encode(&message, packet, sizeof packet);
    (void)rendezvous_receive(&fixture->rendezvous, &fixture->bootnode, packet, size, now);
}

static void a_late_cookie_ends_no_wait(void **state) {
    struct fixture *fixture = *state;
    uint64_t nonce = greeted(fixture);
    take_refusal(fixture, REFUSAL_DRAINING, nonce, NOW + 20);
    take_cookie(fixture, nonce, 1, NOW + 40);
    assert_int_equal(fixture->rendezvous.state, RENDEZVOUS_HELLO);
    assert_true(fixture->rendezvous.due >= NOW + 30000);
}

static void a_forged_cookie_does_not_keep_us_out(void **state) {
    struct fixture *fixture = *state;
    uint64_t nonce = greeted(fixture);
    take_cookie(fixture, nonce, 2, NOW + 20);
    assert_int_equal(fixture->rendezvous.state, RENDEZVOUS_HELLO);
    take_cookie(fixture, nonce, 1, NOW + 40);
    assert_int_equal(fixture->rendezvous.state, RENDEZVOUS_WAITING);
}

/* --- A key that is not the one we know --- */

/* The key that the last HELLO asks for; 0: none. */
static uint8_t asked(const struct fixture *fixture, uint64_t *nonce) {
    struct hello hello;
    assert_true(hello_decode(fixture->packet, fixture->size, &hello));
    *nonce = hello.nonce;
    return hello.asks ? hello.key[0] : 0;
}

static void the_known_key_is_asked_for(void **state) {
    struct fixture *fixture = *state;
    uint64_t nonce = greeted(fixture);
    fixture->known = 1;
    assert_int_equal(asked(fixture, &nonce), 0);
    take_cookie(fixture, nonce, 2, NOW + 20);
    assert_int_equal(rendezvous_due(&fixture->rendezvous), NOW + 20);
    rendezvous_tick(&fixture->rendezvous, NOW + 20);
    assert_int_equal(asked(fixture, &nonce), 1);
    assert_int_equal(fixture->barred, 0);
    take_cookie(fixture, nonce, 1, NOW + 40);
    assert_int_equal(fixture->rendezvous.state, RENDEZVOUS_WAITING);
}

/* It does not have that, and says so at once; or says nothing, as who does not understand the question. */
static void who_does_not_have_it_is_refused(void **state) {
    struct fixture *fixture = *state;
    for (unsigned answers = 0; answers < 2; answers++) {
        uint64_t nonce = greeted(fixture), at = NOW + 20;
        fixture->known = 1;
        fixture->barred = 0;
        take_cookie(fixture, nonce, 2, at);
        rendezvous_tick(&fixture->rendezvous, at);
        assert_int_equal(asked(fixture, &nonce), 1);
        if (answers)
            take_cookie(fixture, nonce, 2, at + 20);
        else
            while (fixture->barred == 0 && at < NOW + 60000)
                rendezvous_tick(&fixture->rendezvous, at = rendezvous_due(&fixture->rendezvous));
        assert_int_equal(fixture->barred, 1);
        assert_int_equal(at - NOW, answers ? 20 : 20 + ASKING_MS);
        rendezvous_tick(&fixture->rendezvous, rendezvous_due(&fixture->rendezvous));
        rendezvous_tick(&fixture->rendezvous, NOW + 20000);
        assert_int_equal(asked(fixture, &nonce), 0); /* the next time it is not asked before it shows another one */
    }
}

/* --- Answers to REGISTER --- */

/* The attempt of the REGISTER that a COOKIE draws. */
static uint64_t registers(struct fixture *fixture, uint64_t now) {
    struct hello hello;
    struct register_message message;
    rendezvous_tick(&fixture->rendezvous, now);
    assert_true(hello_decode(fixture->packet, fixture->size, &hello));
    take_cookie(fixture, hello.nonce, 1, now);
    rendezvous_tick(&fixture->rendezvous, now + 50);
    assert_true(register_decode(fixture->packet, fixture->size, &message));
    return message.attempt;
}

static uint64_t registers_first(struct fixture *fixture) {
    fixture->rendezvous.state = RENDEZVOUS_HELLO;
    fixture->rendezvous.ever_active = false;
    fixture->rendezvous.heard = fixture->rendezvous.due = NOW;
    return registers(fixture, NOW);
}

/* It is told once, as no fault; and who was told when to come misses no answer until then. */
static void a_busy_bootnode_is_waited_for_calmly(void **state) {
    struct fixture *fixture = *state;
    uint64_t now = NOW;
    take_refusal(fixture, REFUSAL_BUSY, registers_first(fixture), now + 60);
    for (int i = 0; i < 5; i++) {
        uint64_t due = fixture->rendezvous.due;
        assert_in_range(due - now, 30000, 60000 + 60);
        if (i == 0) assert_int_equal(fixture->busy_ms, due - now - 60);
        unsigned sent = fixture->sent;
        rendezvous_tick(&fixture->rendezvous, due - 1);
        assert_int_equal(fixture->sent, sent);
        now = due;
        take_refusal(fixture, REFUSAL_BUSY, registers(fixture, now), now + 60);
    }
    assert_int_equal(fixture->busy, 1);
    assert_int_equal(fixture->lost + fixture->refused, 0);
}

/* Once it is silent after all, that is told as ever. */
static void who_was_busy_and_is_silent_is_lost(void **state) {
    struct fixture *fixture = *state;
    take_refusal(fixture, REFUSAL_BUSY, registers_first(fixture), NOW + 60);
    uint64_t due = fixture->rendezvous.due;
    rendezvous_tick(&fixture->rendezvous, due);
    assert_int_equal(fixture->lost, 0);
    rendezvous_tick(&fixture->rendezvous, due + 7000);
    assert_int_equal(fixture->lost, 1);
}

/* --- The session --- */

static size_t relay_packet(uint64_t session, uint8_t key_byte, uint8_t type, uint8_t out[static PACKET_MAX]) {
    uint8_t inner[64] = {type, 1, 2, 3}, key[LINK_TAG_KEY_SIZE];
    struct relay_message relay = {.session_id = session, .packet = inner, .packet_size = sizeof inner};
    memcpy(relay.member_id, member, MEMBER_ID_SIZE);
    memset(key, key_byte, sizeof key);
    size_t size = relay_encode(&relay, out, PACKET_MAX);
    if (size) link_tag_relay(key, out, size);
    return size;
}

static void what_is_relayed_is_tagged(void **state) {
    struct fixture *fixture = *state;
    uint8_t inner[RELAY_PACKET_MAX + 1] = {PEER_DATA};
    struct relay_message relay;
    assert_true(rendezvous_can_relay(&fixture->rendezvous));
    assert_true(rendezvous_relay(&fixture->rendezvous, member, inner, 100));
    assert_int_equal(fixture->sent, 1);
    assert_int_equal(fixture->size, 100 + RELAY_OVERHEAD);
    assert_true(relay_decode(fixture->packet, fixture->size, &relay));
    assert_true(link_check_relay(fixture->rendezvous.presence.beat_key, fixture->packet, fixture->size));
    assert_int_equal(relay.session_id, SESSION);
    assert_memory_equal(relay.member_id, member, MEMBER_ID_SIZE);
    assert_memory_equal(relay.packet, inner, 100);
    assert_true(rendezvous_relay(&fixture->rendezvous, member, inner, RELAY_PACKET_MAX));
    assert_false(rendezvous_relay(&fixture->rendezvous, member, inner, RELAY_PACKET_MAX + 1));
    assert_false(rendezvous_relay(&fixture->rendezvous, member, inner, RELAY_PACKET_MIN - 1));
    inner[0] = MESSAGE_HELLO;
    assert_false(rendezvous_relay(&fixture->rendezvous, member, inner, 100));
    assert_int_equal(fixture->sent, 2);
}

static void nothing_is_relayed_without_leave(void **state) {
    struct fixture *fixture = *state;
    uint8_t inner[100] = {PEER_DATA};
    fixture->rendezvous.presence.relays = false;
    assert_false(rendezvous_can_relay(&fixture->rendezvous));
    assert_false(rendezvous_relay(&fixture->rendezvous, member, inner, sizeof inner));
    fixture->rendezvous.presence.relays = true;
    fixture->rendezvous.state = RENDEZVOUS_HELLO;
    assert_false(rendezvous_relay(&fixture->rendezvous, member, inner, sizeof inner));
    assert_int_equal(fixture->sent, 0);
}

static void only_the_bootnodes_own_relay_is_taken(void **state) {
    struct fixture *fixture = *state;
    uint8_t packet[PACKET_MAX];
    struct address stranger = fixture->bootnode;
    size_t size = relay_packet(SESSION, 2, PEER_DATA, packet);
    assert_true(rendezvous_receive(&fixture->rendezvous, &fixture->bootnode, packet, size, NOW + 1));
    assert_int_equal(fixture->relayed, 1);
    assert_memory_equal(fixture->from, member, MEMBER_ID_SIZE);
    assert_int_equal(fixture->packet[0], PEER_DATA);
    assert_int_equal(fixture->size, 64);
    assert_int_equal(fixture->rendezvous.heard, NOW); /* a copy of it would not be life either */
    stranger.port++;
    assert_false(rendezvous_receive(&fixture->rendezvous, &stranger, packet, size, NOW + 1));
    packet[40] ^= 1;
    rendezvous_receive(&fixture->rendezvous, &fixture->bootnode, packet, size, NOW + 1);
    packet[40] ^= 1;
    rendezvous_receive(&fixture->rendezvous, &fixture->bootnode, packet, size - 1, NOW + 1);
    size = relay_packet(SESSION, 1, PEER_DATA, packet); /* our own, come back */
    rendezvous_receive(&fixture->rendezvous, &fixture->bootnode, packet, size, NOW + 1);
    size = relay_packet(SESSION + 1, 2, PEER_DATA, packet);
    assert_false(rendezvous_receive(&fixture->rendezvous, &fixture->bootnode, packet, size, NOW + 1));
    rendezvous_leave(&fixture->rendezvous, NOW + 1);
    size = relay_packet(SESSION, 2, PEER_DATA, packet);
    rendezvous_receive(&fixture->rendezvous, &fixture->bootnode, packet, size, NOW + 1);
    assert_int_equal(fixture->relayed, 1);
}

static void a_check_asks_at_once_and_not_too_often(void **state) {
    struct fixture *fixture = *state;
    struct beat beat;
    rendezvous_check(&fixture->rendezvous, NOW + 10);
    assert_int_equal(fixture->sent, 1);
    assert_true(beat_decode(fixture->packet, fixture->size, &beat));
    assert_true(beat.flag);
    for (uint64_t i = 0; i < 1000; i += 100) rendezvous_check(&fixture->rendezvous, NOW + 10 + i);
    assert_int_equal(fixture->sent, 1);
    assert_int_equal(rendezvous_due(&fixture->rendezvous), NOW + 510); /* and again until it is answered */
    fixture->rendezvous.presence.answer_due = false;
    rendezvous_check(&fixture->rendezvous, NOW + 1010);
    assert_int_equal(fixture->sent, 2);
}

static void a_check_hurries_the_search_but_no_wait(void **state) {
    struct fixture *fixture = *state;
    fixture->rendezvous.state = RENDEZVOUS_HELLO;
    fixture->rendezvous.lost = true;
    fixture->rendezvous.due = NOW + 60000; /* as the bootnode told us */
    rendezvous_check(&fixture->rendezvous, NOW);
    assert_int_equal(rendezvous_due(&fixture->rendezvous), NOW + 60000);
    uint64_t now = NOW + 60000;
    for (unsigned i = 0; i < 8; i++, now = rendezvous_due(&fixture->rendezvous)) /* nobody answers */
        rendezvous_tick(&fixture->rendezvous, now);
    unsigned sent = fixture->sent;
    assert_true(sent > 5);
    rendezvous_check(&fixture->rendezvous, now - 3000);
    assert_int_equal(rendezvous_due(&fixture->rendezvous), now - 3000);
    rendezvous_tick(&fixture->rendezvous, now - 3000);
    assert_int_equal(fixture->sent, sent + 1);
    rendezvous_check(&fixture->rendezvous, now - 2500);
    assert_true(rendezvous_due(&fixture->rendezvous) >= now - 3000 + 4000);
}

/* Stopped for a minute: the bootnode is asked, and has its time to answer. */
static void our_own_standstill_is_nobodys_silence(void **state) {
    struct fixture *fixture = *state;
    uint64_t now = NOW + 60000;
    fixture->rendezvous.heard = NOW - 2000;
    rendezvous_resumed(&fixture->rendezvous, 60000, now);
    rendezvous_tick(&fixture->rendezvous, now);
    assert_int_equal(fixture->lost, 0);
    assert_true(fixture->sent > 0);
    rendezvous_tick(&fixture->rendezvous, now + 13499);
    assert_int_equal(fixture->lost, 0);
    rendezvous_tick(&fixture->rendezvous, now + 13500);
    assert_int_equal(fixture->lost, 1);
    rendezvous_resumed(&fixture->rendezvous, UINT64_MAX, now + 14000); /* nothing lies in the future */
    assert_int_equal(fixture->rendezvous.heard, now + 14000);
}

static void restarts_in(struct fixture *fixture, uint32_t ms, uint64_t now) {
    const struct sealed_header header = {.type = MESSAGE_NOTICE, .session_id = SESSION, .counter = 1};
    uint8_t body[NOTICE_BODY_SIZE], packet[PACKET_MAX];
    struct writer writer = writer_over(body, sizeof body);
    write_notice_body(&writer, &(struct notice_body){.kind = NOTICE_RESTARTING, .retry_ms = ms});
    size_t size = link_seal(fixture->rendezvous.presence.open_key, &header, body, sizeof body, packet, sizeof packet);
    assert_true(rendezvous_receive(&fixture->rendezvous, &fixture->bootnode, packet, size, now));
}

static void is_answered(struct fixture *fixture, uint64_t now) {
    const struct presence *presence = &fixture->rendezvous.presence;
    const struct beat beat = {.session_id = SESSION, .counter = presence->beat_counter};
    uint8_t packet[PACKET_MAX];
    size_t size = beat_encode(MESSAGE_BEAT_ACK, &beat, packet, sizeof packet);
    link_tag_beat(presence->ack_key, packet);
    assert_true(rendezvous_receive(&fixture->rendezvous, &fixture->bootnode, packet, size, now));
}

/* It said that it needs a minute, and what it answered before that came later. */
static void a_late_answer_makes_no_restart_a_silence(void **state) {
    struct fixture *fixture = *state;
    rendezvous_check(&fixture->rendezvous, NOW);
    restarts_in(fixture, 60000, NOW + 10);
    is_answered(fixture, NOW + 20);
    unsigned sent = fixture->sent;
    rendezvous_tick(&fixture->rendezvous, NOW + 60009);
    assert_int_equal(fixture->lost, 0);
    assert_int_equal(fixture->sent, sent);
    rendezvous_tick(&fixture->rendezvous, NOW + 60010);
    assert_int_equal(fixture->sent, sent + 1);
    rendezvous_tick(&fixture->rendezvous, NOW + 60010 + 15499);
    assert_int_equal(fixture->lost, 0);
    rendezvous_tick(&fixture->rendezvous, NOW + 60010 + 15500); /* it never came back */
    assert_int_equal(fixture->lost, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        TEST(a_late_cookie_ends_no_wait),
        TEST(a_forged_cookie_does_not_keep_us_out),
        TEST(the_known_key_is_asked_for),
        TEST(who_does_not_have_it_is_refused),
        TEST(a_busy_bootnode_is_waited_for_calmly),
        TEST(who_was_busy_and_is_silent_is_lost),
        TEST(what_is_relayed_is_tagged),
        TEST(nothing_is_relayed_without_leave),
        TEST(only_the_bootnodes_own_relay_is_taken),
        TEST(a_check_asks_at_once_and_not_too_often),
        TEST(a_check_hurries_the_search_but_no_wait),
        TEST(our_own_standstill_is_nobodys_silence),
        TEST(a_late_answer_makes_no_restart_a_silence),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("rendezvous", tests, NULL, NULL);
}

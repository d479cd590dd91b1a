#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/peer/handshake.h"

/* Two members, the lower id first, and where their handshake stands. */
struct meeting {
    struct room_keys room;
    struct identity identity[2];
    struct handshake_pair pair[2];
    struct handshake_attempt attempt;
    struct handshake_pending pending;
    uint8_t confirmation[PEER_CONFIRMATION_MAX];
    size_t confirmation_size;
    struct frame_introduction claims;
    struct handshake_result result[2];
};

static void introduce(struct meeting *meeting, size_t who) {
    meeting->claims = (struct frame_introduction){.run = 7, .epoch = 1, .nick = "nick", .nick_size = 4};
    memcpy(meeting->claims.identity, meeting->identity[who].public, 32);
}

static struct meeting *meet(const char *secret) {
    struct meeting *meeting = calloc(1, sizeof *meeting);
    uint8_t id[2][MEMBER_ID_SIZE];
    assert_non_null(meeting);
    assert_true(room_keys_derive("tea", secret, secret ? strlen(secret) : 0, &meeting->room));
    do {
        for (size_t i = 0; i < 2; i++) {
            uint8_t seed[32];
            randombytes_buf(seed, sizeof seed);
            identity_from_seed(seed, &meeting->identity[i]);
            member_id_derive(&meeting->room, meeting->identity[i].public, id[i]);
        }
    } while (!handshake_is_initiator(id[0], id[1]));
    for (size_t i = 0; i < 2; i++) {
        meeting->pair[i] = (struct handshake_pair){.room = &meeting->room,
                                                   .identity = &meeting->identity[i],
                                                   .initiator = i == 0,
                                                   .own_mask = suite_mask_available(),
                                                   .other_mask = suite_mask_available()};
        memcpy(meeting->pair[i].own_id, id[i], MEMBER_ID_SIZE);
        memcpy(meeting->pair[i].other_id, id[1 - i], MEMBER_ID_SIZE);
    }
    introduce(meeting, 0);
    return meeting;
}

static bool initiates(struct meeting *meeting, const struct transport *bound_to) {
    return handshake_initiate(&meeting->pair[0], &meeting->pair[0].room->set, 100, bound_to, 0, &meeting->attempt);
}

static bool responds(struct meeting *meeting, const struct transport *bound_to) {
    struct peer_initiation initiation = {.noise_size = handshake_initiation_noise_size(&meeting->room)};
    const uint8_t *packet = meeting->attempt.packet;
    return peer_mac_check(meeting->room.set.mac_key, packet, PEER_HANDSHAKE_SIZE) &&
           peer_initiation_decode(packet, PEER_HANDSHAKE_SIZE, &initiation) &&
           handshake_respond(&meeting->pair[1], &meeting->pair[1].room->set, packet, &initiation, 200, bound_to, 0,
                             &meeting->pending);
}

static bool confirms(struct meeting *meeting) {
    struct peer_answer response;
    const uint8_t *packet = meeting->pending.response;
    if (!peer_mac_check(meeting->room.set.mac_key, packet, PEER_HANDSHAKE_SIZE)) return false;
    if (!peer_response_decode(packet, PEER_HANDSHAKE_SIZE, &response)) return false;
    meeting->confirmation_size =
        handshake_confirm(&meeting->attempt, &response, &meeting->claims, meeting->confirmation,
                          sizeof meeting->confirmation, &meeting->result[0]);
    return meeting->confirmation_size > 0;
}

static bool accepts(struct meeting *meeting) {
    struct peer_answer confirmation;
    return peer_mac_check(meeting->room.set.mac_key, meeting->confirmation, meeting->confirmation_size) &&
           peer_confirmation_decode(meeting->confirmation, meeting->confirmation_size, &confirmation) &&
           handshake_accept(&meeting->pair[1], &meeting->pending, &confirmation, &meeting->result[1]);
}

static bool shakes(struct meeting *meeting, const struct transport *bound[2]) {
    return initiates(meeting, bound[0]) && responds(meeting, bound[1]) && confirms(meeting) && accepts(meeting);
}

static const struct transport *unbound[2];

static void assert_agreed(const struct meeting *meeting) {
    const struct handshake_result *result = meeting->result;
    assert_memory_equal(result[0].keys.send, result[1].keys.receive, 32);
    assert_memory_equal(result[0].keys.receive, result[1].keys.send, 32);
    assert_memory_equal(result[0].keys.hash, result[1].keys.hash, NOISE_HASH_SIZE);
    assert_memory_not_equal(result[0].keys.send, result[0].keys.receive, 32);
    for (size_t i = 0; i < 2; i++)
        assert_memory_equal(result[i].remote_static, meeting->identity[1 - i].noise_public, 32);
    assert_memory_equal(result[1].introduction.identity, meeting->identity[0].public, 32);
    assert_string_equal(result[1].introduction.nick, "nick");
}

static void two_members_agree(void **state) {
    static const char *const secrets[] = {NULL, "earl grey"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct meeting *meeting = meet(secrets[i]);
        assert_true(shakes(meeting, unbound));
        assert_agreed(meeting);
        free(meeting);
    }
}

static void the_masks_choose_the_suite(void **state) {
    struct handshake_pair pair = {.own_mask = 3, .other_mask = 3};
    (void)state;
    assert_int_equal(handshake_suite(&pair), SUITE_AES256_GCM);
    pair.other_mask = 1;
    assert_int_equal(handshake_suite(&pair), SUITE_CHACHA20_POLY1305);
}

/* What one side believes of the other's mask, each bit of it. */
static void another_view_of_a_mask_fails(void **state) {
    (void)state;
    for (unsigned bit = 0; bit < 32; bit++) {
        struct meeting *meeting = meet(NULL);
        struct handshake_pair *pair = &meeting->pair[bit / 16];
        uint8_t *mask = bit / 8 % 2 ? &pair->own_mask : &pair->other_mask;
        *mask ^= (uint8_t)(1u << bit % 8);
        assert_false(shakes(meeting, unbound));
        free(meeting);
    }
}

static void another_room_or_secret_fails(void **state) {
    struct room_keys other;
    (void)state;
    struct meeting *meeting = meet("earl grey");
    assert_true(room_keys_derive("tea", "earl gray", 9, &other));
    memcpy(other.set.mac_key, meeting->room.set.mac_key, sizeof other.set.mac_key); /* even who has the MAC key */
    memcpy(other.id, meeting->room.id, sizeof other.id);
    meeting->pair[1].room = &other;
    assert_false(shakes(meeting, unbound));
    free(meeting);
}

/* Each bit of each packet, its MAC made good again where that is asked. */
static void flip_each(size_t packet_index, bool fix_mac) {
    struct meeting *meeting = meet(NULL);
    assert_true(shakes(meeting, unbound));
    uint8_t *packets[] = {meeting->attempt.packet, meeting->pending.response, meeting->confirmation};
    size_t sizes[] = {PEER_HANDSHAKE_SIZE, PEER_HANDSHAKE_SIZE, meeting->confirmation_size};
    uint8_t *packet = packets[packet_index];
    size_t size = sizes[packet_index], covered = fix_mac ? size - TAG_SIZE : size;
    for (size_t bit = 0; bit < 8 * covered; bit++) {
        struct meeting before = *meeting;
        packet[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (fix_mac) peer_mac_write(meeting->room.set.mac_key, packet, size);
        bool passed = (packet_index > 0 || responds(meeting, NULL)) && (packet_index > 1 || confirms(meeting)) &&
                      accepts(meeting);
        /* Indices, pair tag and second MAC are the caller's: the handshake alone may not notice, but then nothing
         * differs. */
        bool second_mac = packet_index == 0 && bit / 8 >= PEER_INITIATION_HEAD;
        if (passed) assert_true(fix_mac && (bit / 8 < 20 || second_mac));
        *meeting = before;
    }
    free(meeting);
}

static void changed_packets_fail(void **state) {
    (void)state;
    for (size_t i = 0; i < 3; i++) flip_each(i, false);
}

static void changed_packets_fail_with_a_good_mac(void **state) {
    (void)state;
    for (size_t i = 0; i < 3; i++) flip_each(i, true);
}

/* A forged answer leaves the state as it was. */
static void a_forgery_does_not_spoil_the_real_one(void **state) {
    struct meeting *meeting = meet(NULL);
    (void)state;
    assert_true(initiates(meeting, NULL) && responds(meeting, NULL));
    meeting->pending.response[50] ^= 1;
    peer_mac_write(meeting->room.set.mac_key, meeting->pending.response, PEER_HANDSHAKE_SIZE);
    assert_false(confirms(meeting));
    meeting->pending.response[50] ^= 1;
    peer_mac_write(meeting->room.set.mac_key, meeting->pending.response, PEER_HANDSHAKE_SIZE);
    assert_true(confirms(meeting));
    meeting->confirmation[40] ^= 1;
    peer_mac_write(meeting->room.set.mac_key, meeting->confirmation, meeting->confirmation_size);
    assert_false(accepts(meeting));
    meeting->confirmation[40] ^= 1;
    peer_mac_write(meeting->room.set.mac_key, meeting->confirmation, meeting->confirmation_size);
    assert_true(accepts(meeting));
    assert_agreed(meeting);
    free(meeting);
}

static void an_identity_cannot_be_borrowed(void **state) {
    struct meeting *meeting = meet(NULL);
    struct identity mallory;
    uint8_t seed[32] = {66};
    (void)state;
    identity_from_seed(seed, &mallory);
    meeting->pair[0].identity = &mallory;
    assert_false(shakes(meeting, unbound)); /* the member's key beside another handshake */
    memcpy(meeting->claims.identity, mallory.public, 32);
    assert_false(shakes(meeting, unbound)); /* a key of one's own that is not the member's */
    meeting->pair[0].identity = &meeting->identity[0];
    introduce(meeting, 0);
    assert_true(shakes(meeting, unbound));
    free(meeting);
}

/* A renewal takes place between those only who share the previous session. */
static void a_renewal_is_bound_to_its_session(void **state) {
    struct meeting *meeting = meet(NULL);
    struct transport session = {.live = true, .remote_index = 5}, other = session;
    const struct transport *same[] = {&session, &session}, *different[] = {&session, &other},
                           *half[] = {&session, NULL}, *other_half[] = {NULL, &session};
    (void)state;
    randombytes_buf(session.keys.hash, sizeof session.keys.hash);
    randombytes_buf(other.keys.hash, sizeof other.keys.hash);
    assert_true(shakes(meeting, same));
    assert_true(meeting->attempt.bound && meeting->pending.bound);
    assert_agreed(meeting);
    assert_false(shakes(meeting, different));
    assert_false(shakes(meeting, half));
    assert_false(shakes(meeting, other_half));
    free(meeting);
}

static int start(void **state) {
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

/* Who does not have both keys of the session cannot ask for its renewal, nor change what was asked. */
static void a_renewal_shows_the_keys(void **state) {
    struct meeting *meeting = meet(NULL);
    uint8_t *packet = meeting->attempt.packet;
    (void)state;
    assert_true(shakes(meeting, unbound));
    struct transport sessions[2] = {{.remote_index = 5}, {.remote_index = 6}}, other;
    for (size_t i = 0; i < 2; i++) sessions[i].keys = meeting->result[i].keys;
    assert_true(initiates(meeting, &sessions[0]));
    assert_true(handshake_renewal_valid(&meeting->pair[1], packet, &sessions[1]));
    assert_true(peer_mac_check(meeting->room.set.mac_key, packet, PEER_HANDSHAKE_SIZE));
    for (size_t bit = 0; bit < 8 * (PEER_INITIATION_HEAD + TAG_SIZE); bit++) {
        packet[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(handshake_renewal_valid(&meeting->pair[1], packet, &sessions[1]));
        packet[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t key = 0; key < 2; key++) {
        other = sessions[1];
        (key ? other.keys.send : other.keys.receive)[7] ^= 1;
        assert_false(handshake_renewal_valid(&meeting->pair[1], packet, &other));
    }
    /* The other way round the tag is another one: what a responder's keys make is none of the initiator's. */
    assert_false(handshake_renewal_valid(&meeting->pair[0], packet, &sessions[1]));
    free(meeting);
}

/* Any copy of an INITIATION is one, whatever cookie it has; only who saw it can ask for another. */
static void a_cookie_changes_the_second_mac_alone(void **state) {
    struct meeting *meeting = meet(NULL);
    struct peer_initiation initiation = {.noise_size = handshake_initiation_noise_size(&meeting->room)};
    struct peer_cookie_reply reply;
    uint8_t cookie[PEER_COOKIE_SIZE] = "some cookie", packet[PEER_COOKIE_REPLY_SIZE], again[PEER_HANDSHAKE_SIZE];
    (void)state;
    assert_true(initiates(meeting, NULL) && responds(meeting, NULL));
    assert_true(peer_initiation_decode(meeting->attempt.packet, PEER_HANDSHAKE_SIZE, &initiation));
    handshake_ask_for_cookie(&meeting->room.set, &initiation, cookie, packet);
    assert_true(peer_mac_check(meeting->room.set.mac_key, packet, sizeof packet));
    assert_true(peer_cookie_reply_decode(packet, sizeof packet, &reply));
    assert_true(handshake_cookie_fits(&meeting->attempt, &reply));
    handshake_use_cookie(&meeting->attempt, reply.cookie, again);
    assert_true(peer_mac_check(meeting->room.set.mac_key, again, sizeof again));
    assert_true(peer_second_mac_check(cookie, again));
    assert_true(handshake_is_copy(&meeting->pending, again));
    assert_memory_equal(again, meeting->attempt.packet, PEER_INITIATION_HEAD);
    again[PEER_INITIATION_HEAD - 1] ^= 1;
    assert_false(peer_second_mac_check(cookie, again) || handshake_is_copy(&meeting->pending, again));
    for (size_t i = 0; i < PEER_ECHO_SIZE; i++) {
        struct peer_cookie_reply guess = reply;
        guess.echo[i] ^= 1;
        assert_false(handshake_cookie_fits(&meeting->attempt, &guess));
    }
    reply.receiver_index++;
    assert_false(handshake_cookie_fits(&meeting->attempt, &reply));
    free(meeting);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_members_agree),
        cmocka_unit_test(the_masks_choose_the_suite),
        cmocka_unit_test(another_view_of_a_mask_fails),
        cmocka_unit_test(another_room_or_secret_fails),
        cmocka_unit_test(changed_packets_fail),
        cmocka_unit_test(changed_packets_fail_with_a_good_mac),
        cmocka_unit_test(a_forgery_does_not_spoil_the_real_one),
        cmocka_unit_test(an_identity_cannot_be_borrowed),
        cmocka_unit_test(a_renewal_is_bound_to_its_session),
        cmocka_unit_test(a_renewal_shows_the_keys),
        cmocka_unit_test(a_cookie_changes_the_second_mac_alone),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("handshake", tests, start, NULL);
}

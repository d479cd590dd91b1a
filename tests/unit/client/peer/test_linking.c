/* A handshake between two peers that know of no path, no round and no bootnode: packets are carried by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/peer/linking.h"
#include "client/peer/peer.h"
#include "common/clock.h"

#define NOW UINT64_C(1000000)

struct side {
    struct key_sets sets;
    struct peer_host host;
    struct identity identity;
    struct indices indices;
    struct punch_budget budget;
    uint32_t streams, epochs;
    struct peer *peer; /* the other */
    uint8_t packet[PACKET_MAX];
    size_t size;
    unsigned sent;
    unsigned of[PEER_TYPE_END]; /* these, by type */
};

struct pair {
    struct room_keys keys;
    struct side a, b; /* a initiates */
};

static const struct path somewhere = {.kind = PATH_BOOTNODE};

static void on_send(void *context, const struct peer *peer, const struct path *to, const uint8_t *data, size_t size,
                    uint64_t now) {
    struct side *side = context;
    (void)peer, (void)to, (void)now;
    memcpy(side->packet, data, size);
    side->size = size;
    side->sent++;
    side->of[data[0]]++;
}

static uint64_t on_wall_ms(void *context) {
    (void)context;
    return 1;
}
static const struct outside outside = {.wall_ms = on_wall_ms};

static void side_init(struct side *side, const struct room_keys *keys, const struct identity *identity) {
    side->identity = *identity;
    budget_init(&side->budget, NOW);
    key_sets_init(&side->sets, &keys->set);
    side->host = (struct peer_host){.context = side,
                                    .room = keys,
                                    .sets = &side->sets,
                                    .identity = &side->identity,
                                    .indices = &side->indices,
                                    .budget = &side->budget,
                                    .own_mask = SUITE_CHACHA20_POLY1305,
                                    .run = 1,
                                    .nick = "somebody",
                                    .streams = &side->streams,
                                    .epochs = &side->epochs,
                                    .outside = &outside,
                                    .send = on_send};
    member_id_derive(keys, identity->public, side->host.own_id);
}

static void side_meet(struct side *side, const struct side *other) {
    struct member_record record = {.suite_mask = SUITE_CHACHA20_POLY1305};
    memcpy(record.id, other->host.own_id, sizeof record.id);
    side->peer = peer_create(&side->host, &record, NOW);
}

static int setup(void **state) {
    struct pair *pair = calloc(1, sizeof *pair);
    struct identity identities[2];
    uint8_t ids[2][MEMBER_ID_SIZE];
    assert_non_null(pair);
    assert_true(room_keys_derive("tea", NULL, 0, &pair->keys));
    for (uint8_t i = 0; i < 2; i++) {
        identity_from_seed((const uint8_t[32]){i}, &identities[i]);
        member_id_derive(&pair->keys, identities[i].public, ids[i]);
    }
    bool first = handshake_is_initiator(ids[0], ids[1]);
    side_init(&pair->a, &pair->keys, &identities[first ? 0 : 1]);
    side_init(&pair->b, &pair->keys, &identities[first ? 1 : 0]);
    side_meet(&pair->a, &pair->b);
    side_meet(&pair->b, &pair->a);
    assert_true(pair->a.peer->pair.initiator && !pair->b.peer->pair.initiator);
    *state = pair;
    return 0;
}

static int teardown(void **state) {
    struct pair *pair = *state;
    peer_destroy(pair->a.peer);
    peer_destroy(pair->b.peer);
    assert_true(indices_holds(&pair->a.indices) && indices_holds(&pair->b.indices));
    free(pair);
    return 0;
}

static void initiate(struct pair *pair, uint64_t now) {
    assert_true(linking_begin(pair->a.peer, now));
    linking_initiate(pair->a.peer, &somewhere, SENDING_CANDIDATE, now);
}

static void respond(struct pair *pair, uint64_t now) {
    struct peer_initiation initiation = {.noise_size = handshake_initiation_noise_size(&pair->keys)};
    assert_true(peer_initiation_decode(pair->a.packet, pair->a.size, &initiation));
    sending_came(pair->b.peer, &somewhere, PEER_HANDSHAKE_SIZE);
    linking_respond(pair->b.peer, pair->b.sets.list, pair->a.packet, &initiation, &somewhere, true, now);
}

static bool confirm(struct pair *pair, uint64_t now) {
    struct peer_answer response;
    assert_true(peer_response_decode(pair->b.packet, pair->b.size, &response));
    return linking_confirm(pair->a.peer, &response, &somewhere, now);
}

static enum linked accept_confirmation(struct pair *pair, uint64_t now, bool *bound) {
    struct peer_answer confirmation;
    struct frame_introduction introduction;
    assert_true(peer_confirmation_decode(pair->a.packet, pair->a.size, &confirmation));
    enum linked linked = linking_accept(pair->b.peer, &confirmation, now, &introduction, bound);
    if (linked == LINKED_NEW) assert_memory_equal(introduction.identity, pair->a.identity.public, 32);
    return linked;
}

static void four_steps_link_both_sides(void **state) {
    struct pair *pair = *state;
    bool bound = true;
    initiate(pair, NOW);
    respond(pair, NOW);
    assert_true(confirm(pair, NOW));
    assert_true(pair->a.peer->next.live && !linking_usable(pair->a.peer, NOW));
    assert_int_equal(accept_confirmation(pair, NOW, &bound), LINKED_NEW);
    assert_false(bound);
    assert_true(linking_usable(pair->b.peer, NOW));
    linking_promote_next(pair->a.peer, NOW);
    assert_true(linking_usable(pair->a.peer, NOW));
    assert_memory_equal(pair->a.peer->current.keys.send, pair->b.peer->current.keys.receive, 32);
}

static void copies_are_told_from_news(void **state) {
    struct pair *pair = *state;
    bool bound;
    initiate(pair, NOW);
    respond(pair, NOW);
    respond(pair, NOW); /* the same answer again */
    assert_int_equal(pair->b.sent, 2);
    assert_true(confirm(pair, NOW));
    assert_false(confirm(pair, NOW));
    assert_int_equal(accept_confirmation(pair, NOW, &bound), LINKED_NEW);
    assert_int_equal(accept_confirmation(pair, NOW + 1, &bound), LINKED_AGAIN);
}

static void probe_arrives(struct pair *pair, const struct path *from, uint64_t now) {
    peer_receive_probe(pair->a.peer, from, now);
}

/* The responder has no CONFIRMATION, whose copies do not count as tries. */
static void a_probe_draws_one_more_confirmation(void **state) {
    struct pair *pair = *state;
    initiate(pair, NOW);
    respond(pair, NOW);
    assert_true(confirm(pair, NOW));
    probe_arrives(pair, &somewhere, NOW + 99); /* it may have left before */
    assert_int_equal(pair->a.of[PEER_CONFIRMATION], 1);
    probe_arrives(pair, &somewhere, NOW + 100);
    assert_int_equal(pair->a.of[PEER_CONFIRMATION], 2);
    assert_false(pair->a.peer->next_is_beside);
    for (unsigned i = 0; i < 20; i++) probe_arrives(pair, &somewhere, NOW + 200 + 100 * i);
    assert_in_range(pair->a.of[PEER_CONFIRMATION], 12, 16); /* ten at once, then two a second */
    assert_int_equal(pair->a.peer->confirmation_tries, 1);
}

/* From elsewhere it draws as much, and who answers is not known to receive at either place. */
static void a_probe_from_elsewhere_proves_nothing(void **state) {
    struct pair *pair = *state;
    struct path elsewhere = {.kind = PATH_DIRECT, .address = {.ip = {[10] = 0xff, 0xff, 192, 0, 2, 1}, .port = 4000}};
    initiate(pair, NOW);
    respond(pair, NOW);
    assert_true(confirm(pair, NOW));
    probe_arrives(pair, &elsewhere, NOW + 100);
    assert_int_equal(pair->a.of[PEER_CONFIRMATION], 2);
    assert_true(pair->a.peer->next_is_beside && path_equal(&pair->a.peer->next_beside, &elsewhere));
    assert_true(path_equal(&pair->a.peer->next_path, &somewhere));
}

static void what_fits_nothing_is_nothing(void **state) {
    struct pair *pair = *state;
    bool bound;
    initiate(pair, NOW);
    respond(pair, NOW);
    pair->b.packet[pair->b.size - 20] ^= 1;
    assert_false(confirm(pair, NOW));
    pair->b.packet[pair->b.size - 20] ^= 1;
    assert_true(confirm(pair, NOW));
    pair->a.packet[pair->a.size - 20] ^= 1;
    assert_int_equal(accept_confirmation(pair, NOW, &bound), LINKED_NOTHING);
    pair->a.packet[pair->a.size - 20] ^= 1;
    assert_int_equal(accept_confirmation(pair, NOW, &bound), LINKED_NEW);
}

static uint64_t first_alarm(const struct peer *peer) {
    uint64_t alarms[PEER_ALARMS], first = NEVER;
    for (size_t i = 0; i < PEER_ALARMS; i++) alarms[i] = NEVER;
    linking_alarms(peer, alarms);
    for (size_t i = 0; i < PEER_ALARMS; i++) first = earlier(first, alarms[i]);
    return first;
}

/* CONFIRMATION after 100, 200, … 1,600 ms again; then the handshake is given up. */
static void a_mute_responder_is_given_up(void **state) {
    struct pair *pair = *state;
    uint64_t now = NOW;
    unsigned ticks = 0;
    initiate(pair, now);
    respond(pair, now);
    assert_true(confirm(pair, now));
    for (;; ticks++) {
        now = first_alarm(pair->a.peer);
        if (linking_tick(pair->a.peer, now)) break;
    }
    assert_int_equal(now, NOW + 100 * ((1 << 6) - 1));
    assert_int_equal(ticks, 5);
    assert_int_equal(pair->a.sent, 1 + 6);
    assert_false(pair->a.peer->next.live);
    assert_true(first_alarm(pair->a.peer) == NEVER);
}

/* The answer to CONFIRMATION takes as long as that to INITIATION. */
static void a_far_responder_has_more_time(void **state) {
    struct pair *pair = *state;
    unsigned repeats = 0;
    initiate(pair, NOW);
    respond(pair, NOW + 3000);
    assert_true(confirm(pair, NOW + 6000));
    uint64_t now = first_alarm(pair->a.peer);
    assert_int_equal(now, NOW + 6000 + 6000);
    for (; !linking_tick(pair->a.peer, now); repeats++) now = first_alarm(pair->a.peer);
    assert_int_equal(repeats, 1);
    assert_int_equal(now, NOW + 6000 + 18000);
}

/* A round is over, the next one begins: the same packet goes out, so that what answers the first is an answer. */
static void what_is_under_way_counts_in_the_next_round(void **state) {
    struct pair *pair = *state;
    initiate(pair, NOW);
    respond(pair, NOW);
    initiate(pair, NOW + 5000);
    assert_true(confirm(pair, NOW + 5001));
    assert_int_equal(pair->b.sent, 1);
}

static void not_for_ever(void **state) {
    struct pair *pair = *state;
    initiate(pair, NOW);
    respond(pair, NOW);
    initiate(pair, NOW + 30000);
    assert_false(confirm(pair, NOW + 30001));
}

static void what_is_old_is_wiped(void **state) {
    struct pair *pair = *state;
    bool bound;
    initiate(pair, NOW);
    respond(pair, NOW);
    assert_true(confirm(pair, NOW));
    assert_int_equal(accept_confirmation(pair, NOW, &bound), LINKED_NEW);
    assert_int_equal(first_alarm(pair->b.peer), NOW + 30000);
    linking_tick(pair->b.peer, NOW + 30000);
    assert_int_equal(accept_confirmation(pair, NOW + 30000, &bound), LINKED_NOTHING);
    assert_int_equal(first_alarm(pair->b.peer), NOW + TRANSPORT_REJECT_MS);
    linking_tick(pair->b.peer, NOW + TRANSPORT_REJECT_MS);
    assert_true(first_alarm(pair->b.peer) == NEVER);
    assert_false(pair->b.peer->current.live);
}

/* --- Floods --- */

static const struct path elsewhere = {.kind = PATH_DIRECT,
                                      .address = {.ip = {[10] = 0xff, 0xff, 192, 0, 2, 1}, .port = 9}};

static void initiation_arrives(struct pair *pair, const struct path *from, bool known, uint64_t now) {
    struct peer_initiation initiation = {.noise_size = handshake_initiation_noise_size(&pair->keys)};
    assert_true(peer_initiation_decode(pair->a.packet, pair->a.size, &initiation));
    sending_came(pair->b.peer, from, PEER_HANDSHAKE_SIZE);
    linking_respond(pair->b.peer, pair->b.sets.list, pair->a.packet, &initiation, from, known, now);
}

/* Another one each time, as anybody may make it who knows the room. */
static void forge(struct pair *pair, const struct path *from, bool known, uint64_t now) {
    struct handshake_attempt attempt = {.active = false};
    assert_true(handshake_initiate(&pair->a.peer->pair, pair->a.sets.list, 1, NULL, now, &attempt));
    memcpy(pair->a.packet, attempt.packet, sizeof attempt.packet);
    pair->a.size = sizeof attempt.packet;
    initiation_arrives(pair, from, known, now);
}

static void take_cookie(struct pair *pair, const struct path *from, uint64_t now) {
    struct peer_cookie_reply reply;
    assert_true(peer_cookie_reply_decode(pair->b.packet, pair->b.size, &reply));
    sending_came(pair->a.peer, from, PEER_COOKIE_REPLY_SIZE);
    linking_take_cookie(pair->a.peer, &reply, from, now);
}

/* A thousand a second for ten seconds: work for one a second, since each may be the one that goes on; all others draw
 * one packet, which is no longer. */
static void a_flood_of_handshakes_is_not_worked_off(void **state) {
    struct pair *pair = *state;
    for (uint64_t i = 0; i < 10000; i++) {
        forge(pair, &somewhere, true, NOW + i);
        assert_true(pair->b.size <= pair->a.size);
    }
    assert_int_equal(pair->b.of[PEER_RESPONSE], 10);
    assert_int_equal(pair->b.of[PEER_COOKIE_REPLY], 10000 - 10);
}

static void links(struct pair *pair, const struct path *from, bool known, uint64_t now) {
    bool bound;
    assert_true(linking_begin(pair->a.peer, now));
    linking_initiate(pair->a.peer, from, SENDING_CANDIDATE, now);
    initiation_arrives(pair, from, known, now);
    assert_int_equal(pair->b.packet[0], PEER_COOKIE_REPLY);
    take_cookie(pair, from, now);
    initiation_arrives(pair, from, known, now);
    assert_int_equal(pair->b.packet[0], PEER_RESPONSE);
    forge(pair, from, known, now); /* who comes behind it does not take its place */
    initiation_arrives(pair, from, known, now);
    struct handshake_pending *pending = NULL;
    for (size_t i = PEER_PENDING_PROVEN; i < PEER_PENDING; i++)
        if (pair->b.peer->pending[i].active) pending = &pair->b.peer->pending[i];
    assert_non_null(pending);
    memcpy(pair->b.packet, pending->response, sizeof pending->response);
    pair->b.size = sizeof pending->response;
    assert_true(confirm(pair, now));
    assert_int_equal(accept_confirmation(pair, now, &bound), LINKED_NEW);
}

static void who_receives_there_is_let_in(void **state) {
    for (unsigned i = 0; i < 1990; i++) forge(*state, &somewhere, true, NOW + i);
    links(*state, &somewhere, true, NOW + 1990);
}

static void who_receives_elsewhere_is_let_in(void **state) {
    for (unsigned i = 0; i < 1990; i++) forge(*state, &elsewhere, false, NOW + i);
    links(*state, &elsewhere, false, NOW + 1990);
}

/* A cookie is good where it was sent to, for two minutes. */
static void a_cookie_is_for_one_place_and_time(void **state) {
    struct pair *pair = *state;
    struct path other = elsewhere;
    uint8_t proven[PEER_HANDSHAKE_SIZE];
    other.address.port++;
    for (unsigned i = 0; i < 10; i++) forge(pair, &elsewhere, true, NOW);
    assert_true(linking_begin(pair->a.peer, NOW));
    linking_initiate(pair->a.peer, &elsewhere, SENDING_CANDIDATE, NOW);
    initiation_arrives(pair, &elsewhere, true, NOW);
    take_cookie(pair, &elsewhere, NOW);
    memcpy(proven, pair->a.packet, sizeof proven);
    initiation_arrives(pair, &other, true, NOW);
    assert_int_equal(pair->b.packet[0], PEER_COOKIE_REPLY);
    forge(pair, &elsewhere, true, NOW + COOKIES_MS); /* the common place is taken */
    memcpy(pair->a.packet, proven, sizeof proven);
    initiation_arrives(pair, &elsewhere, true, NOW + COOKIES_MS);
    assert_int_equal(pair->b.packet[0], PEER_COOKIE_REPLY);
    take_cookie(pair, &elsewhere, NOW + COOKIES_MS);
    assert_memory_equal(pair->a.packet, proven, sizeof proven); /* that was no more than it had asked */
}

/* Whoever says how often: no more copies go out because of it than without. */
static void each_copy_draws_one_more(void **state) {
    struct pair *pair = *state;
    for (unsigned i = 0; i < 10; i++) forge(pair, &somewhere, true, NOW);
    assert_true(linking_begin(pair->a.peer, NOW));
    pair->a.sent = 0;
    linking_initiate(pair->a.peer, &somewhere, SENDING_CANDIDATE, NOW);
    linking_initiate(pair->a.peer, &elsewhere, SENDING_CANDIDATE, NOW);
    initiation_arrives(pair, &elsewhere, true, NOW);
    for (unsigned i = 0; i < 1000; i++) take_cookie(pair, i % 2 ? &elsewhere : &somewhere, NOW);
    assert_int_equal(pair->a.sent, 2 + 2);
    pair->b.packet[8] ^= 1; /* it saw no INITIATION */
    linking_initiate(pair->a.peer, &somewhere, SENDING_CANDIDATE, NOW);
    for (unsigned i = 0; i < 1000; i++) take_cookie(pair, &somewhere, NOW);
    assert_int_equal(pair->a.sent, 2 + 2 + 1);
}

static void link_both(struct pair *pair, uint64_t now) {
    bool bound;
    initiate(pair, now);
    respond(pair, now);
    assert_true(confirm(pair, now));
    assert_int_equal(accept_confirmation(pair, now, &bound), LINKED_NEW);
    linking_promote_next(pair->a.peer, now);
}

/* A pair that lives does not compete with anybody. */
static void a_renewal_has_its_own_place(void **state) {
    struct pair *pair = *state;
    struct handshake_attempt renewal = {.active = false};
    link_both(pair, NOW);
    for (unsigned i = 0; i < 2000; i++) {
        forge(pair, &somewhere, true, NOW + 10000 + i);
        forge(pair, &elsewhere, false, NOW + 10000 + i);
    }
    pair->b.of[PEER_RESPONSE] = 0;
    assert_true(
        handshake_initiate(&pair->a.peer->pair, pair->a.sets.list, 5, &pair->a.peer->current, NOW + 12000, &renewal));
    memcpy(pair->a.packet, renewal.packet, sizeof renewal.packet);
    pair->a.packet[PEER_INITIATION_HEAD] ^= 1;
    pair->b.sent = 0;
    initiation_arrives(pair, &somewhere, true, NOW + 12000);
    assert_int_equal(pair->b.sent, 0);
    pair->a.packet[PEER_INITIATION_HEAD] ^= 1;
    initiation_arrives(pair, &somewhere, true, NOW + 12000);
    assert_int_equal(pair->b.of[PEER_RESPONSE], 1);
    assert_true(pair->b.peer->pending[PEER_PENDING_BOUND].active);
}

/* Public-key work for what does not fit is done four times, then twice a second: afterwards the right one has to wait
 * its turn. */
static void false_answers_cost_little(void **state) {
    struct pair *pair = *state;
    bool bound;
    initiate(pair, NOW);
    respond(pair, NOW);
    pair->b.packet[pair->b.size - 20] ^= 1;
    for (unsigned i = 0; i < 1000; i++) assert_false(confirm(pair, NOW));
    pair->b.packet[pair->b.size - 20] ^= 1;
    assert_false(confirm(pair, NOW));
    assert_true(confirm(pair, NOW + 500));
    pair->a.packet[pair->a.size - 20] ^= 1;
    for (unsigned i = 0; i < 1000; i++) assert_int_equal(accept_confirmation(pair, NOW, &bound), LINKED_NOTHING);
    pair->a.packet[pair->a.size - 20] ^= 1;
    assert_int_equal(accept_confirmation(pair, NOW, &bound), LINKED_NOTHING);
    assert_int_equal(accept_confirmation(pair, NOW + 500, &bound), LINKED_NEW);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(four_steps_link_both_sides),
        TEST(copies_are_told_from_news),
        TEST(a_probe_draws_one_more_confirmation),
        TEST(a_probe_from_elsewhere_proves_nothing),
        TEST(what_fits_nothing_is_nothing),
        TEST(a_mute_responder_is_given_up),
        TEST(a_far_responder_has_more_time),
        TEST(what_is_under_way_counts_in_the_next_round),
        TEST(not_for_ever),
        TEST(what_is_old_is_wiped),
        TEST(a_flood_of_handshakes_is_not_worked_off),
        TEST(who_receives_there_is_let_in),
        TEST(who_receives_elsewhere_is_let_in),
        TEST(a_cookie_is_for_one_place_and_time),
        TEST(each_copy_draws_one_more),
        TEST(a_renewal_has_its_own_place),
        TEST(false_answers_cost_little),
    };
    if (sodium_init() < 0) return 1;
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("linking", tests, NULL, NULL);
}

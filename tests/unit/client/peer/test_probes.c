/* What the other side's PROBING can make us do: a peer with a relayed session, and frames as it likes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/peer/paths.h"
#include "client/peer/peer.h"
#include "client/peer/probes.h"
#include "common/clock.h"

#define NOW UINT64_C(1000000)
#define STEP_MS 5

static const struct address told = {.ip = {[10] = 0xff, 0xff, 198, 51, 100, 7}, .port = 4000};
static const struct address stranger = {.ip = {[10] = 0xff, 0xff, 192, 0, 2, 99}, .port = 53};

struct fixture {
    struct outside outside;
    struct peer_host host;
    struct room_keys room;
    struct key_sets sets;
    struct identity identity;
    struct indices indices;
    uint32_t streams, epochs;
    enum nat_mapping mapping;
    bool relays;
    struct peer *peer;
    unsigned direct, relayed, to_stranger; /* packets */
    size_t sockets, most_sockets;
    uint16_t last_socket;
    struct punch_budget budget;
    bool budgeted; /* there is something in it at every step */
};

static void on_send(void *context, const struct peer *peer, const struct path *to, const uint8_t *data, size_t size,
                    uint64_t now) {
    struct fixture *fixture = context;
    (void)peer, (void)data, (void)size, (void)now;
    if (to->kind != PATH_DIRECT)
        fixture->relayed++;
    else if (address_same_ip(&to->address, &told))
        fixture->direct++;
    else
        fixture->to_stranger++;
}

static size_t on_open_sockets(void *context, size_t count, uint16_t *out) {
    struct fixture *fixture = context;
    size_t opened = 0;
    for (; opened < count && fixture->sockets < fixture->most_sockets; opened++, fixture->sockets++)
        out[opened] = ++fixture->last_socket;
    return opened;
}

static void on_close_socket(void *context, uint16_t socket) {
    struct fixture *fixture = context;
    assert_int_not_equal(socket, PATH_SOCKET_MAIN);
    assert_true(fixture->sockets > 0);
    fixture->sockets--;
}

static size_t on_usable(void *context, const struct candidate_list *candidates,
                        struct address out[static RECORD_CANDIDATES_MAX]) {
    (void)context;
    for (uint8_t i = 0; i < candidates->count; i++) out[i] = candidates->items[i];
    return candidates->count;
}

static void on_own_candidates(void *context, const struct peer *peer, struct candidate_list *out) {
    (void)context, (void)peer;
    out->count = 0;
}

static size_t on_relays(void *context, const struct peer *peer, struct path out[static PEER_RELAYS]) {
    (void)context, (void)peer, (void)out;
    return 0;
}

static void on_something(void *context, struct peer *peer) {
    (void)context, (void)peer;
}

static void on_something_now(void *context, struct peer *peer, uint64_t now) {
    (void)context, (void)peer, (void)now;
}

/* A session that nobody answers, but that seals. */
static void connect_through_bootnode(struct fixture *fixture) {
    static const struct noise_keys keys;
    struct path path = path_through_bootnode(0);
    struct peer *peer = fixture->peer;
    transport_start(&peer->current, SUITE_CHACHA20_POLY1305, &keys, indices_take(&fixture->indices, peer), 1, NOW);
    peer->connected = true;
    paths_set(peer, &path, true, NOW);
}

static int open_fixture(void **state, bool initiator) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct member_record record = {.suite_mask = SUITE_CHACHA20_POLY1305};
    assert_non_null(fixture);
    fixture->relays = fixture->budgeted = true;
    fixture->most_sockets = 1024;
    budget_init(&fixture->budget, NOW);
    fixture->outside =
        (struct outside){.context = fixture, .open_sockets = on_open_sockets, .close_socket = on_close_socket};
    key_sets_init(&fixture->sets, &fixture->room.set);
    fixture->host = (struct peer_host){.context = fixture,
                                       .outside = &fixture->outside,
                                       .room = &fixture->room,
                                       .sets = &fixture->sets,
                                       .identity = &fixture->identity,
                                       .indices = &fixture->indices,
                                       .budget = &fixture->budget,
                                       .own_mask = SUITE_CHACHA20_POLY1305,
                                       .nick = "us",
                                       .streams = &fixture->streams,
                                       .epochs = &fixture->epochs,
                                       .reachable = 1,
                                       .relaying_allowed = &fixture->relays,
                                       .mapping = &fixture->mapping,
                                       .send = on_send,
                                       .ways_through = on_relays,
                                       .own_candidates = on_own_candidates,
                                       .usable = on_usable,
                                       .connected = on_something_now,
                                       .path_changed = on_something,
                                       .path_lost = on_something_now,
                                       .introduce = on_something};
    fixture->host.own_id[0] = initiator ? 1 : 9;
    record.id[0] = 5;
    fixture->peer = peer_create(&fixture->host, &record, NOW);
    punch_set_candidates(&fixture->peer->punch, &told, 1, NOW);
    connect_through_bootnode(fixture);
    *state = fixture;
    return 0;
}

static int open_responder(void **state) {
    return open_fixture(state, false);
}

static int open_initiator(void **state) {
    return open_fixture(state, true);
}

static int close_fixture(void **state) {
    struct fixture *fixture = *state;
    peer_destroy(fixture->peer);
    assert_int_equal(fixture->sockets, 0);
    assert_int_equal(fixture->budget.probings, 0);
    free(fixture);
    return 0;
}

static void tell(struct fixture *fixture, enum probing_step step, bool hard, uint32_t attempt, uint64_t now) {
    const struct frame_probing frame = {.step = step, .hard = hard, .attempt = attempt};
    probes_told(fixture->peer, &frame, now);
}

static uint64_t probes_due(const struct peer *peer) {
    uint64_t alarms[PEER_ALARMS];
    probes_alarms(peer, alarms);
    return earlier(alarms[ALARM_OFFER], alarms[ALARM_PROBING]);
}

static uint64_t paths_due(const struct peer *peer) {
    uint64_t alarms[PEER_ALARMS];
    paths_alarms(peer, alarms);
    return earlier(alarms[ALARM_DEMOTE], earlier(alarms[ALARM_SEEK], alarms[ALARM_SEEKING]));
}

/* The session stays young, or nothing could be sent. */
static uint64_t pass(struct fixture *fixture, uint64_t now, uint64_t ms) {
    for (uint64_t until = now + ms; now < until; now += STEP_MS) {
        fixture->peer->current.created = now;
        fixture->budget.packets = (struct bucket){.tokens = fixture->budgeted ? 1000 * 50 : 0, .filled = now};
        if (probes_due(fixture->peer) <= now) probes_tick(fixture->peer, now);
    }
    return now;
}

static void offers_without_end_gain_two_attempts_a_side(void **state) {
    struct fixture *fixture = *state;
    unsigned before, offers = 0;
    uint64_t now = NOW;
    for (; now < NOW + 3 * PROBING_AGAIN_MS; now = pass(fixture, now, 500))
        tell(fixture, PROBING_OFFER, offers % 2, offers / 3, now), offers++;
    assert_in_range(fixture->direct, PROBING_PACKETS, 4 * PROBING_PACKETS);
    before = fixture->direct;
    for (uint64_t until = now + 3 * PROBING_AGAIN_MS; now < until; now = pass(fixture, now, 500))
        tell(fixture, PROBING_OFFER, true, offers++, now);
    assert_int_equal(fixture->direct, before);
    assert_true(fixture->relayed <= offers + 2); /* each is answered once; an attempt ends */
}

/* Leaving and coming back brings other attempts, but not sooner. */
static void a_new_run_does_not_hurry(void **state) {
    struct fixture *fixture = *state;
    uint64_t now = NOW;
    for (uint32_t i = 0; now < NOW + PROBING_AGAIN_MS - 1000; now = pass(fixture, now, 100), i++) {
        tell(fixture, PROBING_OFFER, true, i, now);
        if (i % 7 == 0) probes_forget(fixture->peer);
    }
    assert_true(fixture->direct <= PROBING_PACKETS);
}

static void a_stranger_named_by_the_peer_gets_nothing(void **state) {
    struct fixture *fixture = *state;
    struct frame_candidates candidates = {.answer = true, .candidates = {.items = {stranger}, .count = 1}};
    punch_set_candidates(&fixture->peer->punch, NULL, 0, NOW);
    paths_offered(fixture->peer, &candidates, NOW);
    punch_learn(&fixture->peer->punch, &stranger, NOW);
    punch_keep(&fixture->peer->punch, &stranger, NOW);
    tell(fixture, PROBING_OFFER, true, 1, NOW);
    (void)pass(fixture, NOW, 20000);
    assert_int_equal(fixture->direct + fixture->to_stranger, 0);
    assert_int_equal(fixture->relayed, 1);
}

/* Five packets to each of the five addresses of one answer a round of seeking, however many are named. */
static void strangers_named_without_end_get_little(void **state) {
    struct fixture *fixture = *state;
    struct frame_candidates candidates = {.candidates.count = RECORD_CANDIDATES_MAX};
    uint64_t now = NOW;
    for (unsigned named = 0; now < NOW + 60000; now += STEP_MS) {
        for (unsigned i = 0; i < RECORD_CANDIDATES_MAX; i++) {
            candidates.candidates.items[i] = stranger;
            candidates.candidates.items[i].port = (uint16_t)(1024 + named++ % 60000);
        }
        candidates.answer = !candidates.answer;
        paths_offered(fixture->peer, &candidates, now);
        fixture->peer->current.created = fixture->peer->heard = now;
        fixture->peer->asked = 0;
        if (paths_due(fixture->peer) <= now) paths_tick(fixture->peer, now);
    }
    assert_in_range(fixture->to_stranger, 5, 60 * 10);
}

static void a_private_address_is_not_probed(void **state) {
    struct fixture *fixture = *state;
    const struct address private = {.ip = {[10] = 0xff, 0xff, 192, 168, 1, 1}, .port = 4000};
    punch_set_candidates(&fixture->peer->punch, &private, 1, NOW);
    tell(fixture, PROBING_OFFER, true, 1, NOW);
    (void)pass(fixture, NOW, 20000);
    assert_int_equal(fixture->direct + fixture->to_stranger, 0);
}

static void roles_that_do_not_fit_are_declined(void **state) {
    struct fixture *fixture = *state;
    fixture->mapping = NAT_MAPPING_DEPENDENT;
    tell(fixture, PROBING_OFFER, true, 1, NOW); /* two hard ones */
    fixture->mapping = NAT_MAPPING_INDEPENDENT;
    tell(fixture, PROBING_OFFER, false, 2, NOW); /* we are not the hard one */
    fixture->peer->other_mapping = NAT_MAPPING_INDEPENDENT;
    tell(fixture, PROBING_OFFER, true, 3, NOW); /* it told otherwise */
    assert_int_equal(fixture->budget.probings, 0);
    assert_int_equal(fixture->relayed, 3);
    fixture->peer->other_mapping = NAT_MAPPING_DEPENDENT;
    tell(fixture, PROBING_OFFER, true, 4, NOW);
    assert_int_equal(fixture->budget.probings, 1);
}

static void over_ends_it(void **state) {
    struct fixture *fixture = *state;
    unsigned sent;
    uint64_t now;
    tell(fixture, PROBING_OFFER, false, 1, NOW);
    assert_int_equal(fixture->sockets, PROBING_SOCKETS);
    now = pass(fixture, NOW, 1000);
    assert_true(fixture->direct > 100);
    tell(fixture, PROBING_OVER, false, 2, now); /* of another attempt */
    sent = fixture->direct;
    now = pass(fixture, now, 100);
    assert_true(fixture->direct > sent);
    tell(fixture, PROBING_OVER, false, 1, now);
    sent = fixture->direct;
    (void)pass(fixture, now, PROBING_LINGER_MS + 100);
    assert_int_equal(fixture->direct, sent);
    assert_int_equal(fixture->sockets, 0);
    assert_int_equal(fixture->budget.probings, 0);
}

/* Nothing said for the attempt that is not ours to answer. */
static void answers_without_an_offer_are_nothing(void **state) {
    struct fixture *fixture = *state;
    tell(fixture, PROBING_ACCEPT, true, 1, NOW);
    tell(fixture, PROBING_OVER, true, 1, NOW);
    tell(fixture, PROBING_OFFER, false, 1, NOW);
    tell(fixture, PROBING_ACCEPT, false, 1, NOW);
    assert_int_equal(fixture->budget.probings, 1);
    assert_int_equal(fixture->sockets, PROBING_SOCKETS);
}

static void a_full_house_waits(void **state) {
    struct fixture *fixture = *state;
    fixture->budget.probings = BUDGET_PROBINGS;
    tell(fixture, PROBING_OFFER, true, 1, NOW);
    assert_int_equal(fixture->relayed, 1);
    fixture->budget.probings = BUDGET_PROBINGS - 1;
    fixture->most_sockets = PROBING_SOCKETS_LEAST - 1;
    tell(fixture, PROBING_OFFER, false, 2, NOW);
    assert_int_equal(fixture->budget.probings, BUDGET_PROBINGS - 1);
    assert_int_equal(fixture->sockets, 0);
    tell(fixture, PROBING_OFFER, true, 3, NOW); /* the easy side needs none */
    assert_int_equal(fixture->budget.probings, BUDGET_PROBINGS);
    fixture->budget.probings = 1; /* the others' end */
}

static void the_budget_comes_first(void **state) {
    struct fixture *fixture = *state;
    fixture->budgeted = false;
    tell(fixture, PROBING_OFFER, true, 1, NOW);
    (void)pass(fixture, NOW, 20000);
    assert_int_equal(fixture->direct, 0);
    assert_int_equal(fixture->budget.probings, 0);
}

/* The path takes one socket, which is closed with it and not before. */
static void the_path_keeps_its_socket(void **state) {
    struct fixture *fixture = *state;
    struct path path = path_direct(&told), relay = path_through_bootnode(0);
    uint64_t now;
    tell(fixture, PROBING_OFFER, false, 1, NOW);
    now = pass(fixture, NOW, 3000);
    path.socket = 100;
    paths_set(fixture->peer, &path, true, now);
    now = pass(fixture, now, PROBING_LINGER_MS + 100);
    assert_int_equal(fixture->sockets, 1);
    assert_int_equal(fixture->budget.probings, 0);
    paths_set(fixture->peer, &relay, true, now);
    assert_int_equal(fixture->sockets, 0);
}

static void a_session_that_ends_closes_all(void **state) {
    struct fixture *fixture = *state;
    tell(fixture, PROBING_OFFER, false, 1, NOW);
    fixture->peer->state = PEER_GONE;
    probes_tick(fixture->peer, NOW + 10);
    assert_int_equal(fixture->sockets, 0);
    assert_int_equal(fixture->budget.probings, 0);
}

/* --- The initiator --- */

static void it_offers_after_ten_seconds_of_relaying(void **state) {
    struct fixture *fixture = *state;
    uint64_t now = pass(fixture, NOW, 9900);
    assert_int_equal(fixture->relayed, 0);
    now = pass(fixture, now, 400);
    assert_int_equal(fixture->relayed, 1);
    assert_int_equal(fixture->direct, 0);
    tell(fixture, PROBING_ACCEPT, false, fixture->peer->probing->number + 1, now);
    assert_int_equal(fixture->sockets, 0);
    tell(fixture, PROBING_ACCEPT, true, fixture->peer->probing->number, now); /* both hard? */
    assert_int_equal(fixture->sockets, 0);
    tell(fixture, PROBING_ACCEPT, false, fixture->peer->probing->number, now);
    assert_int_equal(fixture->sockets, PROBING_SOCKETS);
    (void)pass(fixture, now, 20000);
    assert_int_equal(fixture->direct, 3 * PROBING_SOCKETS);
    assert_int_equal(fixture->sockets, 0);
}

static void it_takes_no_offers(void **state) {
    struct fixture *fixture = *state;
    tell(fixture, PROBING_OFFER, false, 1, NOW);
    assert_int_equal(fixture->budget.probings, 0);
    assert_int_equal(fixture->relayed, 1);
}

/* Nobody answers, or it is always over: five offers a minute are what it costs. */
static void a_mute_peer_is_asked_now_and_then(void **state) {
    struct fixture *fixture = *state;
    uint64_t now = pass(fixture, NOW, PROBING_AGAIN_MS);
    assert_in_range(fixture->relayed, 5 * 9, 5 * 10);
    assert_int_equal(fixture->direct, 0);
    fixture->relayed = 0;
    for (uint64_t until = now + PROBING_AGAIN_MS; now < until; now = pass(fixture, now, 100))
        tell(fixture, PROBING_OVER, false, fixture->peer->probing->number, now);
    assert_in_range(fixture->relayed, 8, 20);
}

static void it_stays_quiet_where_it_would_be_in_vain(void **state) {
    struct fixture *fixture = *state;
    fixture->mapping = fixture->peer->other_mapping = NAT_MAPPING_DEPENDENT;
    (void)pass(fixture, NOW, PROBING_AGAIN_MS);
    assert_int_equal(fixture->relayed + fixture->direct, 0);
    fixture->mapping = fixture->peer->other_mapping = NAT_MAPPING_INDEPENDENT;
    (void)pass(fixture, NOW + PROBING_AGAIN_MS, PROBING_AGAIN_MS);
    assert_int_equal(fixture->relayed + fixture->direct, 0);
}

static void a_path_found_otherwise_ends_the_offer(void **state) {
    struct fixture *fixture = *state;
    struct path path = path_direct(&told);
    uint64_t now = pass(fixture, NOW, 10100);
    assert_int_equal(fixture->budget.probings, 1);
    paths_set(fixture->peer, &path, true, now);
    assert_int_equal(fixture->budget.probings, 0);
    fixture->direct = 0;
    (void)pass(fixture, now, 100000);
    assert_int_equal(fixture->direct, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(offers_without_end_gain_two_attempts_a_side, open_responder, close_fixture),
        cmocka_unit_test_setup_teardown(a_new_run_does_not_hurry, open_responder, close_fixture),
        cmocka_unit_test_setup_teardown(a_stranger_named_by_the_peer_gets_nothing, open_responder, close_fixture),
        cmocka_unit_test_setup_teardown(strangers_named_without_end_get_little, open_responder, close_fixture),
        cmocka_unit_test_setup_teardown(a_private_address_is_not_probed, open_responder, close_fixture),
        cmocka_unit_test_setup_teardown(roles_that_do_not_fit_are_declined, open_responder, close_fixture),
        cmocka_unit_test_setup_teardown(over_ends_it, open_responder, close_fixture),
        cmocka_unit_test_setup_teardown(answers_without_an_offer_are_nothing, open_responder, close_fixture),
        cmocka_unit_test_setup_teardown(a_full_house_waits, open_responder, close_fixture),
        cmocka_unit_test_setup_teardown(the_budget_comes_first, open_responder, close_fixture),
        cmocka_unit_test_setup_teardown(the_path_keeps_its_socket, open_responder, close_fixture),
        cmocka_unit_test_setup_teardown(a_session_that_ends_closes_all, open_responder, close_fixture),
        cmocka_unit_test_setup_teardown(it_offers_after_ten_seconds_of_relaying, open_initiator, close_fixture),
        cmocka_unit_test_setup_teardown(it_takes_no_offers, open_initiator, close_fixture),
        cmocka_unit_test_setup_teardown(a_mute_peer_is_asked_now_and_then, open_initiator, close_fixture),
        cmocka_unit_test_setup_teardown(it_stays_quiet_where_it_would_be_in_vain, open_initiator, close_fixture),
        cmocka_unit_test_setup_teardown(a_path_found_otherwise_ends_the_offer, open_initiator, close_fixture),
    };
    if (sodium_init() < 0) return 1;
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("probes", tests, NULL, NULL);
}

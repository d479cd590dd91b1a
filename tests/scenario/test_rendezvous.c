/* Life at a bootnode: clients come, beat, change, move, fall silent and go, over a network that loses packets, on a
 * fake clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tests/scenario/support/rendezvous_net.h"

#define TWO_BEATS_MS (2 * BEAT_INTERVAL_MS)

/* Stands before libc's: a wall clock that jumps a day back and forth whenever somebody looks. */
static int wall_looks;

int clock_gettime(clockid_t clock, struct timespec *out) {
    if (clock != CLOCK_REALTIME) return (int)syscall(SYS_clock_gettime, clock, out);
    *out = (struct timespec){.tv_sec = 1700000000 + (wall_looks++ % 2) * 86400};
    return 0;
}

static bool agreed(struct net *net) {
    return net_agreed(net);
}

static struct shard_counters settled(struct net *net) {
    assert_true(net_run_until(net, agreed, 1000));
    return net_totals(net);
}

static void test_from_hello_to_reset(void **state) {
    struct net *net = *state;
    struct rendezvous_client *ada = net_join(net, "tea", 1);
    net_run(net, 60);
    assert_int_equal(ada->state, CLIENT_REGISTERED);
    assert_int_equal(ada->session.beat_ms, 4000);
    assert_int_equal(ada->session.expiry_ms, 15000);
    assert_int_equal(ada->session.answer_every, 3);
    assert_int_equal(ada->session.room_limit, 128);
    assert_int_equal(settled(net).sessions, 1);

    struct rendezvous_client *bob = net_join(net, "tea", 2);
    assert_int_equal(settled(net).sessions, 2);
    assert_non_null(room_view_find(&ada->view, bob->identity.member_id));
    assert_non_null(room_view_find(&bob->view, ada->identity.member_id));

    net_run(net, 60000);
    assert_true(ada->acks >= 4 && bob->acks >= 4);
    assert_int_equal(ada->forged + bob->forged + ada->resets + bob->resets, 0);

    client_leave(bob, net->monotonic);
    net_run(net, 100);
    assert_int_equal(bob->state, CLIENT_LEFT);
    assert_int_equal(bob->resets, 1);
    assert_int_equal(ada->view.left_said, 1);
    assert_int_equal(settled(net).sessions, 1);
}

/* In a quiet room: one way to the bootnode and one to the member, and nothing waits in between. */
static void test_announced_at_once(void **state) {
    struct net *net = *state;
    struct rendezvous_client *ada = net_join(net, "tea", 1);
    net_run(net, 5000);
    struct rendezvous_client *bob = net_join(net, "tea", 2);
    net_run(net, 100);
    assert_non_null(room_view_find(&ada->view, bob->identity.member_id));
    net_run(net, 5000);
    client_leave(bob, net->monotonic);
    net_run(net, 2 * NET_DELAY_MS + NET_STEP_MS);
    assert_null(room_view_find(&ada->view, bob->identity.member_id));
}

static void test_steady_room_is_silent(void **state) {
    struct net *net = *state;
    for (uint32_t i = 1; i <= 10; i++) net_join(net, "tea", i);
    net_run(net, 10000);
    uint64_t acks = counters_read(&net->counters, COUNTER_BEAT_ACK), out = net->bytes_out;
    uint64_t beats = counters_read(&net->counters, COUNTER_HEARTBEAT);
    net_run(net, 120000);
    acks = counters_read(&net->counters, COUNTER_BEAT_ACK) - acks;
    beats = counters_read(&net->counters, COUNTER_HEARTBEAT) - beats;
    assert_int_equal(net->bytes_out - out, acks * BEAT_SIZE);
    assert_true(acks > 0 && acks <= beats / 3 + 10);
}

static void test_rooms_are_apart(void **state) {
    struct net *net = *state;
    for (uint32_t i = 1; i <= 12; i++) net_join(net, i % 2 ? "tea" : "coffee", i);
    assert_int_equal(settled(net).rooms, 2);
    for (size_t i = 0; i < net->client_count; i++) {
        assert_int_equal(net->clients[i].view.list.count, 6);
        for (size_t k = 0; k < net->client_count; k++)
            assert_int_equal(room_view_find(&net->clients[i].view, net->clients[k].identity.member_id) != NULL,
                             i % 2 == k % 2);
    }
}

static void test_more_members_than_a_welcome_holds(void **state) {
    struct net *net = *state;
    for (uint32_t i = 1; i <= 30; i++) net_join(net, "tea", i);
    assert_int_equal(settled(net).sessions, 30);
    struct rendezvous_client *late = net_join(net, "tea", 31);
    settled(net);
    assert_false(late->session.complete);
    assert_int_equal(late->view.list.count, 31);
}

static void test_room_full(void **state) {
    struct net *net = *state;
    net->config.room_members = 3;
    net_restart(net, true);
    for (uint32_t i = 1; i <= 3; i++) net_join(net, "tea", i);
    settled(net);
    struct rendezvous_client *late = net_join(net, "tea", 4);
    net_run(net, 100);
    assert_int_equal(late->refused, REFUSAL_ROOM_FULL);
    assert_int_equal(net_totals(net).sessions, 3);
}

static void test_silence_expires(void **state) {
    struct net *net = *state;
    struct rendezvous_client *ada = net_join(net, "tea", 1), *bob = net_join(net, "tea", 2);
    settled(net);
    net_run(net, 6000);
    uint8_t packet[PACKET_MAX];
    size_t size = client_beat(bob, false, packet);
    net_inject(net, &bob->address, packet, size);
    bob->state = CLIENT_LEFT;
    net_run(net, 14990);
    assert_non_null(room_view_find(&ada->view, bob->identity.member_id));
    net_run(net, 510 + NET_DELAY_MS);
    assert_null(room_view_find(&ada->view, bob->identity.member_id));
    assert_int_equal(ada->view.left_silent, 1);
    assert_int_equal(net_totals(net).expired, 1);
}

#define LOSS_RUNS 20
#define LEAVERS 5

/* Twenty clients come, and some go. */
static void come_and_go(struct net *net) {
    for (uint32_t i = 1; i <= 20; i++) {
        net_join(net, "tea", i);
        net_run(net, 137);
    }
    net_run(net, 10000);
    for (size_t i = 0; i < LEAVERS; i++) {
        client_leave(&net->clients[i], net->monotonic);
        net_run(net, 211);
    }
}

static bool left(struct net *net) {
    return net_totals(net).left == LEAVERS;
}

/* 3 of 10 packets are lost each way, in twenty rooms of twenty. */
static void test_memberships_agree_under_loss(void **state) {
    struct net *net = *state;
    net->loss = 30;
    for (uint64_t run = 1; run <= LOSS_RUNS; run++) {
        net->random = run;
        come_and_go(net);
        assert_true(net_run_until(net, left, 10000));
        assert_true(net_run_until(net, agreed, TWO_BEATS_MS));
        assert_int_equal(net_totals(net).sessions, 20 - LEAVERS);
        assert_int_equal(net_totals(net).expired, 0);
        net_forget_clients(net);
        net_restart(net, true);
    }
}

static bool lose_first_welcomes(struct net *net, const struct flying *packet) {
    unsigned *left = net->watching;
    if (packet->to_server || packet->data[0] != MESSAGE_WELCOME || *left == 0) return true;
    (*left)--;
    return false;
}

static void test_lost_welcome(void **state) {
    struct net *net = *state;
    unsigned lost = 5;
    struct rendezvous_client *ada = net_join(net, "tea", 1);
    settled(net);
    net->watch = lose_first_welcomes;
    net->watching = &lost;
    struct rendezvous_client *bob = net_join(net, "tea", 2);
    net_run(net, 4000);
    assert_int_equal(lost, 0);
    assert_int_equal(bob->state, CLIENT_REGISTERED);
    assert_int_equal(settled(net).sessions, 2);
    assert_int_equal(ada->view.list.count, 2);
    net_run(net, 6000);
    assert_int_equal(net_totals(net).provisional, 0);
    assert_int_equal(net_totals(net).sessions, 2);
    assert_int_equal(ada->view.left_silent + ada->view.left_said, 0);
}

static void test_replacement_is_an_update(void **state) {
    struct net *net = *state;
    struct rendezvous_client *ada = net_join(net, "tea", 1), *bob = net_join(net, "tea", 2);
    settled(net);
    /* Bob's program died and began anew, from another port. */
    bob->state = CLIENT_IDLE;
    struct rendezvous_client *again = net_join(net, "tea", 2);
    again->address.port = 4001;
    net_run(net, 500);
    client_start(again, net->monotonic);
    assert_int_equal(settled(net).sessions, 2);
    assert_int_equal(net_totals(net).replaced, 1);
    assert_int_equal(ada->view.left_silent + ada->view.left_said, 0);
    const struct member_record *record = room_view_find(&ada->view, bob->identity.member_id);
    assert_non_null(record);
    assert_int_equal(record->candidates.items[0].port, 4001);
    net_run(net, 20000);
    assert_int_equal(net_totals(net).sessions, 2);
}

static void test_move(void **state) {
    struct net *net = *state;
    struct rendezvous_client *ada = net_join(net, "tea", 1), *bob = net_join(net, "tea", 2);
    settled(net);
    bob->address = net_address(99);
    net_run(net, TWO_BEATS_MS);
    assert_int_equal(bob->paths, 1);
    assert_int_equal(net_totals(net).moved, 1);
    settled(net);
    const struct member_record *record = room_view_find(&ada->view, bob->identity.member_id);
    assert_true(address_equal(&record->candidates.items[0], &bob->address));
    net_run(net, 30000);
    assert_int_equal(bob->paths, 1);
    assert_int_equal(net_totals(net).sessions, 2);
}

static void test_update_reaches_all(void **state) {
    struct net *net = *state;
    struct rendezvous_client *ada = net_join(net, "tea", 1), *bob = net_join(net, "tea", 2);
    uint8_t packet[PACKET_MAX];
    settled(net);
    struct candidate_list candidates = {.count = 2, .items = {bob->address, net_address(77)}};
    candidates.items[0].port = 5000;
    size_t size = client_update(bob, &candidates, packet);
    net_inject(net, &bob->address, packet, size);
    settled(net);
    const struct member_record *record = room_view_find(&ada->view, bob->identity.member_id);
    assert_int_equal(record->revision, 2);
    /* The port on the proven address is told, the stranger's address is not. */
    assert_int_equal(record->candidates.count, 2);
    assert_int_equal(record->candidates.items[1].port, 5000);
    assert_non_null(room_view_find(&bob->view, bob->identity.member_id));
}

static void test_introduce(void **state) {
    struct net *net = *state;
    struct rendezvous_client *ada = net_join(net, "tea", 1), *bob = net_join(net, "tea", 2),
                             *eve = net_join(net, "coffee", 3);
    uint8_t packet[PACKET_MAX];
    settled(net);
    for (int i = 0; i < 20; i++) {
        size_t size = client_seal(ada, MESSAGE_INTRODUCE, bob->identity.member_id, MEMBER_ID_SIZE, packet);
        net_inject(net, &ada->address, packet, size);
        size = client_seal(eve, MESSAGE_INTRODUCE, bob->identity.member_id, MEMBER_ID_SIZE, packet);
        net_inject(net, &eve->address, packet, size);
    }
    net_run(net, 100);
    assert_int_equal(ada->introductions, 8);
    assert_int_equal(bob->introductions, 8);
    assert_int_equal(eve->introductions, 0);
    net_run(net, 1000);
    for (int i = 0; i < 20; i++) {
        size_t size = client_seal(ada, MESSAGE_INTRODUCE, bob->identity.member_id, MEMBER_ID_SIZE, packet);
        net_inject(net, &ada->address, packet, size);
    }
    net_run(net, 100);
    assert_int_equal(ada->introductions, 10);
}

static void test_restart_with_the_same_key(void **state) {
    struct net *net = *state;
    struct rendezvous_client *ada = net_join(net, "tea", 1), *bob = net_join(net, "tea", 2);
    settled(net);
    net_restart(net, true);
    assert_int_equal(net_totals(net).sessions, 0);
    net_run(net, BEAT_INTERVAL_MS + 200);
    assert_int_equal(ada->resets, 1);
    assert_int_equal(bob->resets, 1);
    assert_int_equal(settled(net).sessions, 2);
}

static void test_another_key_resets_nobody(void **state) {
    struct net *net = *state;
    struct rendezvous_client *ada = net_join(net, "tea", 1);
    settled(net);
    net_restart(net, false);
    net_run(net, TWO_BEATS_MS);
    assert_true(ada->forged > 0);
    assert_int_equal(ada->resets, 0);
    assert_int_equal(ada->state, CLIENT_REGISTERED);
}

static void test_wall_clock_does_not_matter(void **state) {
    struct net *net = *state;
    for (uint32_t i = 1; i <= 5; i++) net_join(net, "tea", i);
    settled(net);
    for (int i = 0; i < 10; i++) {
        struct timespec jump;
        clock_gettime(CLOCK_REALTIME, &jump);
        net_run(net, 6000);
    }
    assert_int_equal(net_totals(net).expired, 0);
    assert_int_equal(net_totals(net).sessions, 5);
}

/* The machine stood still for a minute: nobody could have been heard. */
static void test_pause_expires_nobody(void **state) {
    struct net *net = *state;
    for (uint32_t i = 1; i <= 5; i++) net_join(net, "tea", i);
    settled(net);
    net->monotonic += 60000;
    net_run(net, 20000);
    assert_int_equal(net_totals(net).expired, 0);
    assert_int_equal(settled(net).sessions, 5);
    net->clients[0].state = CLIENT_LEFT;
    net_run(net, 20000);
    assert_int_equal(net_totals(net).expired, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, net_setup, net_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_from_hello_to_reset),
        TEST(test_announced_at_once),
        TEST(test_steady_room_is_silent),
        TEST(test_rooms_are_apart),
        TEST(test_more_members_than_a_welcome_holds),
        TEST(test_room_full),
        TEST(test_silence_expires),
        TEST(test_memberships_agree_under_loss),
        TEST(test_lost_welcome),
        TEST(test_replacement_is_an_update),
        TEST(test_move),
        TEST(test_update_reaches_all),
        TEST(test_introduce),
        TEST(test_restart_with_the_same_key),
        TEST(test_another_key_resets_nobody),
        TEST(test_wall_clock_does_not_matter),
        TEST(test_pause_expires_nobody),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("rendezvous", tests, NULL, NULL);
}

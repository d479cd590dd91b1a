#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bootnode/table/shard_expiry.h"
#include "bootnode/table/shard_join.h"
#include "bootnode/table/shard_members.h"
#include "common/clock.h"
#include "common/log.h"
#include "tests/support/shard_clients.h"

#define ROOM 1
#define CLIENTS 140

static struct shard_clients all;
static struct shard *const shard = &all.shard;
static struct shard_client *const clients = all.list;

static int start(void **state) {
    (void)state;
    shard_clients_open(&all);
    return 0;
}

static int stop(void **state) {
    (void)state;
    shard_clients_close(&all);
    return 0;
}

static void beat_with(unsigned number, struct room_version has) {
    shard_client_beat_with(&all, number, has);
}

static void beat(unsigned number) {
    shard_client_beat(&all, number);
}

static void beat_all(void) {
    for (unsigned i = 0; i < CLIENTS; i++)
        if (clients[i].id) beat(i);
}

static void join(unsigned number) {
    shard_client_join(&all, number, ROOM);
}

static void leave(unsigned number) {
    shard_client_leave(&all, number);
}

/* Runs what is due now, to the end. Returns when to come back. */
static uint64_t run(void) {
    for (unsigned calls = 0;; calls++) {
        uint64_t next = shard_clients_announce(&all);
        assert_true(announcer_holds(all.announcer, shard));
        assert_true(calls < 200);
        if (next > all.now) return next;
    }
}

/* Lets time pass as a worker does: it sleeps until it is wanted. */
static void pass(uint64_t milliseconds) {
    uint64_t until = all.now + milliseconds;
    for (;;) {
        uint64_t next = run();
        if (next > until) break;
        all.now = next;
    }
    all.now = until;
}

static bool agrees(unsigned number) {
    return shard_client_agrees(&all, number);
}

static void update(unsigned number) {
    uint32_t revision = guest_session(shard, clients[number].id)->revision + 1;
    assert_true(shard_update(shard, clients[number].id, &(struct update_body){.revision = revision}, all.now));
}

static void settle(unsigned count) {
    for (unsigned i = 0; i < count; i++) join(i);
    pass(7500); /* past the last repeat */
    beat_all();
    for (unsigned i = 0; i < count; i++) {
        assert_true(agrees(i));
        clients[i].received = 0;
    }
}

static void an_idle_shard_sleeps(void **state) {
    (void)state;
    assert_true(run() == NEVER);
    settle(3);
    assert_true(run() == NEVER);
}

static void a_quiet_room_hears_of_a_join_and_of_leaving_at_once(void **state) {
    (void)state;
    settle(3);
    join(3);
    run();
    for (unsigned i = 0; i < 4; i++) assert_true(agrees(i));
    for (unsigned i = 0; i < 3; i++) assert_int_equal(clients[i].received, 1);
    pass(2000);
    leave(1);
    run();
    assert_true(agrees(0) && agrees(2) && agrees(3));
    assert_int_equal(clients[0].received, 2);
    assert_int_equal(clients[0].view.left_said, 1);
}

static void a_busy_room_hears_at_most_ten_times_a_second(void **state) {
    (void)state;
    settle(3);
    for (unsigned i = 0; i < 100; i++) {
        update(0);
        pass(10);
    }
    assert_in_range(clients[1].received, 7, 10);
    pass(2000);
    assert_true(agrees(0) && agrees(1) && agrees(2));
    assert_in_range(clients[1].received, 8, 11);
}

static void who_does_not_acknowledge_is_told_again(void **state) {
    (void)state;
    settle(3);
    clients[2].deaf = true;
    join(3);
    uint64_t start_of = all.now;
    run();
    assert_int_equal(clients[2].received, 1);
    pass(250 - 1);
    assert_int_equal(clients[2].received, 1);
    pass(WHEEL_TICK_MS + 1);
    assert_int_equal(clients[2].received, 2);
    pass(start_of + 1000 - 1 - all.now);
    assert_int_equal(clients[2].received, 2);
    pass(WHEEL_TICK_MS + 1);
    assert_int_equal(clients[2].received, 3);
    for (unsigned second = 2; second <= 7; second++) {
        pass(start_of + second * 1000 + WHEEL_TICK_MS - all.now);
        assert_int_equal(clients[2].received, 2 + second);
    }
    pass(10000);
    assert_int_equal(clients[2].received, 9);
    assert_int_equal(clients[0].received, 1);
    /* Its next beat heals it. */
    clients[2].deaf = false;
    beat(2);
    run();
    assert_true(agrees(2));
    assert_int_equal(clients[0].received, 1);
}

static void the_silent_are_passed_over(void **state) {
    (void)state;
    settle(3);
    all.now += SESSION_SILENT_MS + 1;
    beat(0);
    beat(1);
    join(3);
    pass(2000);
    assert_int_equal(clients[2].received, 0);
    assert_true(agrees(0) && agrees(1) && agrees(3));
    beat(2);
    run();
    assert_true(agrees(2));
}

static void an_answer_is_for_the_asking_member_alone_and_rare(void **state) {
    (void)state;
    settle(3);
    clients[1].mute = true;
    for (unsigned i = 0; i < 100; i++) {
        clients[1].view.list.version = (struct room_version){0};
        beat(1);
        pass(10);
    }
    assert_in_range(clients[1].received, 4, 6);
    assert_int_equal(clients[0].received + clients[2].received, 0);
}

static void a_gap_in_a_busy_room_is_closed_without_waiting_for_quiet(void **state) {
    (void)state;
    settle(3);
    for (unsigned i = 0; i < 20; i++) {
        update(0);
        clients[1].deaf = i == 3;
        pass(100 + WHEEL_TICK_MS);
        if (i >= 6) assert_true(agrees(1));
    }
}

static void a_beat_that_crosses_an_announcement_is_no_gap(void **state) {
    (void)state;
    settle(3);
    clients[1].mute = true;
    struct room_version before = clients[1].view.list.version;
    update(0);
    run();
    beat_with(1, before);
    pass(50);
    beat(1);
    pass(2000);
    assert_int_equal(clients[1].received, 1);
}

static void a_steady_stream_needs_no_acknowledgement(void **state) {
    (void)state;
    settle(3);
    clients[1].mute = true;
    struct room_version seen[30];
    for (unsigned i = 0; i < 30; i++) {
        update(0);
        pass(ROOM_QUIET_MS + WHEEL_TICK_MS);
        assert_true(agrees(1));
        seen[i] = clients[1].view.list.version;
        /* What it says takes 400 ms to arrive. */
        if (i >= 3) beat_with(1, seen[i - 3]);
    }
    assert_in_range(clients[1].received, 30, 31);
}

static void an_answer_put_off_is_not_forgotten_over_other_changes(void **state) {
    (void)state;
    settle(3);
    clients[1].mute = clients[1].deaf = true;
    update(0);
    run();
    clients[1].deaf = false;
    pass(120);
    update(0);
    run();
    beat(1); /* the gap */
    pass(100);
    update(0);
    pass(SHARD_ANSWER_MS - 1);
    assert_false(agrees(1));
    pass(1 + WHEEL_TICK_MS);
    assert_true(agrees(1));
}

static void a_large_room_is_told_without_repetition(void **state) {
    (void)state;
    shard->limits.places.members = CLIENTS;
    for (unsigned i = 0; i < CLIENTS; i++) join(i);
    while (announce_run(all.announcer, shard, &all.outbox, all.now) <= all.now) continue;
    const unsigned records = (UDP_DATAGRAM_MAX - SEALED_OVERHEAD - CHANGES_HEADER_FULL_SIZE) / (1 + 22 + 7);
    for (unsigned i = 0; i < CLIENTS; i++) {
        assert_int_equal(clients[i].received, (CLIENTS + records - 1) / records);
        assert_true(agrees(i));
    }
}

/* On a path that takes no datagrams of 576 bytes or more, and no fragments: the second time all is small enough. */
static void what_is_repeated_is_small(void **state) {
    (void)state;
    shard->limits.places.members = CLIENTS;
    for (unsigned i = 0; i < CLIENTS; i++) join(i);
    clients[0].deaf = true;
    pass(0);
    assert_in_range(clients[0].largest, CHANGES_REPEATED_MAX + 1, UDP_DATAGRAM_MAX);
    clients[0].deaf = false;
    clients[0].largest = clients[0].received = 0;
    pass(SHARD_ANSWER_MS);
    beat(0);
    pass(WHEEL_TICK_MS);
    assert_true(agrees(0));
    const unsigned records = (CHANGES_REPEATED_MAX - SEALED_OVERHEAD - CHANGES_HEADER_FULL_SIZE) / (1 + 22 + 7);
    assert_int_equal(clients[0].received, (CLIENTS + records - 1) / records);
    assert_in_range(clients[0].largest, 0, CHANGES_REPEATED_MAX);
    /* And what is new goes out as large as ever. */
    clients[0].largest = 0;
    for (unsigned i = 1; i < CLIENTS; i++) update(i);
    pass(ROOM_QUIET_MS + WHEEL_TICK_MS);
    assert_true(agrees(0));
    assert_in_range(clients[0].largest, CHANGES_REPEATED_MAX + 1, UDP_DATAGRAM_MAX);
}

static void a_large_room_takes_several_calls_and_loses_nobody(void **state) {
    (void)state;
    shard->limits.places.members = CLIENTS;
    for (unsigned i = 0; i < CLIENTS; i++) join(i);
    unsigned calls = 0;
    while (announce_run(all.announcer, shard, &all.outbox, all.now) <= all.now) {
        /* The room changes while it is being told. */
        if (calls == 2) leave(0);
        if (calls == 3) join(0);
        calls++;
    }
    assert_true(calls >= CLIENTS / 4);
    beat_all();
    pass(3000);
    for (unsigned i = 0; i < CLIENTS; i++) assert_true(agrees(i));
}

static void a_room_may_vanish_while_it_is_being_told(void **state) {
    (void)state;
    for (unsigned i = 0; i < CLIENTS - 20; i++) join(i);
    assert_true(announce_run(all.announcer, shard, &all.outbox, all.now) == all.now);
    for (unsigned i = 0; i < CLIENTS - 20; i++) leave(i);
    assert_true(run() == NEVER);
    join(0);
    run();
    assert_true(agrees(0));
}

static void nothing_is_repeated_when_all_who_listen_have_it(void **state) {
    (void)state;
    settle(3);
    join(3);
    run();
    assert_true(run() != NEVER);
    pass(250 + WHEEL_TICK_MS);
    assert_true(run() == NEVER);
}

/* All are silent, and 17 leave one after the other: the others are looked at once a second, and nobody is told. */
static void a_room_without_a_listener_is_seldom_looked_at(void **state) {
    (void)state;
    settle(20);
    pass(SESSION_SILENT_MS + 1);
    uint64_t copy = atomic_load(&guest_session(shard, clients[0].id)->room_version);
    unsigned looks = 0;
    for (unsigned i = 3; i < 20; i++) {
        leave(i);
        pass(ROOM_QUIET_MS + WHEEL_TICK_MS);
        uint64_t now_has = atomic_load(&guest_session(shard, clients[0].id)->room_version);
        looks += now_has != copy;
        copy = now_has;
    }
    assert_in_range(looks, 2, 4);
    assert_int_equal(clients[0].received, 0);
    /* It comes back with the version that its copy has, just before a look is due. */
    leave(2);
    assert_true(copy !=
                ((uint64_t)guest_room(shard, ROOM)->version.epoch << 32 | guest_room(shard, ROOM)->version.count));
    beat_with(0, (struct room_version){(uint32_t)(copy >> 32), (uint32_t)copy});
    clients[0].view.list.version = (struct room_version){0};
    pass(ROOM_DEAF_MS + WHEEL_TICK_MS);
    assert_int_equal(clients[0].received, 1);
}

static void who_joins_a_room_without_a_listener_is_told_at_once(void **state) {
    (void)state;
    settle(20);
    pass(SESSION_SILENT_MS + 1);
    leave(3);
    pass(2000);
    leave(4);
    join(20);
    pass(ROOM_QUIET_MS + WHEEL_TICK_MS);
    assert_true(agrees(20));
}

static void a_clock_that_falls_back_does_not_hold_announcements_up(void **state) {
    (void)state;
    settle(2);
    all.now += 60000; /* a pause that the reaper has not noticed yet */
    beat_all();
    join(2);
    run();
    all.now -= 60000;
    beat_all();
    join(3);
    pass(ROOM_QUIET_MS + WHEEL_TICK_MS);
    for (unsigned i = 0; i < 4; i++) assert_true(agrees(i));
    pass(7500);
    assert_true(run() == NEVER);
}

/* Members come, go and change; a third of all datagrams to clients is lost. Two beats later all agree. */
static void memberships_agree_two_beats_after_any_loss(void **state) {
    (void)state;
    const unsigned count = 40;
    srandom(3);
    for (unsigned round = 0; round < 60; round++) {
        for (unsigned i = 0; i < count; i++) clients[i].deaf = random() % 3 == 0;
        for (unsigned changes = (unsigned)random() % 30; changes > 0; changes--) {
            unsigned number = (unsigned)random() % count;
            if (!clients[number].id)
                join(number);
            else if (random() % 2)
                leave(number);
            pass((uint64_t)random() % 60);
            while (shard_expire(shard, all.now, all.now)) continue;
        }
        for (unsigned i = 0; i < count; i++) clients[i].deaf = false;
        for (unsigned beats = 0; beats < 2; beats++) {
            beat_all();
            pass(4000);
        }
        for (unsigned i = 0; i < count; i++)
            if (clients[i].id) assert_true(agrees(i));
    }
}

static void a_change_that_nobody_would_be_told_of_is_seen(void **state) {
    (void)state;
    settle(3);
    assert_true(announcer_holds(all.announcer, shard));
    update(0);
    assert_true(announcer_holds(all.announcer, shard));
    wheel_remove(&shard->announce, &guest_room(shard, ROOM)->announce);
    assert_false(announcer_holds(all.announcer, shard));
    shard_plan_announce(shard, guest_room(shard, ROOM), WHEEL_AT_ONCE);
    run();
    _Atomic uint64_t *copy = &guest_session(shard, clients[2].id)->room_version;
    atomic_fetch_sub(copy, 1);
    assert_false(announcer_holds(all.announcer, shard));
    atomic_fetch_add(copy, 1);
}

#define announce_test(function) cmocka_unit_test_setup_teardown(function, start, stop)

int main(void) {
    const struct CMUnitTest tests[] = {
        announce_test(an_idle_shard_sleeps),
        announce_test(a_quiet_room_hears_of_a_join_and_of_leaving_at_once),
        announce_test(a_busy_room_hears_at_most_ten_times_a_second),
        announce_test(who_does_not_acknowledge_is_told_again),
        announce_test(the_silent_are_passed_over),
        announce_test(an_answer_is_for_the_asking_member_alone_and_rare),
        announce_test(a_gap_in_a_busy_room_is_closed_without_waiting_for_quiet),
        announce_test(a_beat_that_crosses_an_announcement_is_no_gap),
        announce_test(a_steady_stream_needs_no_acknowledgement),
        announce_test(an_answer_put_off_is_not_forgotten_over_other_changes),
        announce_test(a_large_room_is_told_without_repetition),
        announce_test(what_is_repeated_is_small),
        announce_test(a_large_room_takes_several_calls_and_loses_nobody),
        announce_test(a_room_may_vanish_while_it_is_being_told),
        announce_test(nothing_is_repeated_when_all_who_listen_have_it),
        announce_test(a_room_without_a_listener_is_seldom_looked_at),
        announce_test(who_joins_a_room_without_a_listener_is_told_at_once),
        announce_test(a_clock_that_falls_back_does_not_hold_announcements_up),
        announce_test(memberships_agree_two_beats_after_any_loss),
        announce_test(a_change_that_nobody_would_be_told_of_is_seen),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    log_set_level(LOG_LEVEL_WARNING);
    rcu_reader_register();
    int failed = cmocka_run_group_tests_name("announce", tests, NULL, NULL);
    rcu_reader_unregister();
    return failed;
}

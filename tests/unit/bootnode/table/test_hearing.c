#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bootnode/table/shard_expiry.h"
#include "common/log.h"
#include "tests/support/shard_guest.h"

#define START GUEST_START
#define EXPIRY 15000U
#define BOUND (EXPIRY * HEARING_SLOWNESS)
#define BATCH 64
/* So many datagrams take so much of a buffer here. */
#define TAKEN(datagrams) ((datagrams)*HEARING_DATAGRAM_LEAST)

static struct shard shard;
static struct hearing *const hearing = &shard.hearing;
static struct pauses pauses;
static struct udp_memory sockets[2];

static int start(void **state) {
    (void)state;
    guest_open(&shard, &guest_limits, -1);
    pauses = (struct pauses){.settled_ms = START};
    for (int i = 0; i < 2; i++) sockets[i] = (struct udp_memory){0};
    return 0;
}

static int stop(void **state) {
    (void)state;
    shard_destroy(&shard);
    return 0;
}

/* A round begins at this time; true when a mark was set. The reaper is never late. */
static bool begin(uint64_t now) {
    pauses.settled_ms = now;
    if (!hearing_begin(hearing, &pauses, now)) return false;
    hearing_slow_down(hearing, hearing_mark(hearing, &pauses, now, sockets, 2));
    return true;
}

/* A round that finds nothing. */
static void round_at(uint64_t now) {
    (void)begin(now);
    for (size_t i = 0; i < 2; i++) hearing_received(hearing, i, 0, false);
    hearing_end(hearing);
}

/* Such rounds, on and on. Before each, the kernel drops so many. */
static void rounds(uint64_t from, uint64_t until, unsigned every_ms, uint32_t drops) {
    for (uint64_t now = from; now <= until; now += every_ms) {
        sockets[1].drops += drops;
        round_at(now);
    }
}

static uint64_t listened(void) {
    return hearing_listened(hearing);
}

static bool lives_at(uint64_t now) {
    while (shard_expire(&shard, now, listened())) continue;
    return shard.counters.sessions > 0;
}

/* --- Up to when it has listened --- */

static void an_empty_socket_says_that_all_was_heard(void **state) {
    (void)state;
    assert_int_equal(listened(), START);
    assert_true(begin(START + 30));
    hearing_received(hearing, 0, 10, false);
    hearing_end(hearing);
    assert_int_equal(listened(), START + 30);
}

static void every_socket_counts(void **state) {
    (void)state;
    sockets[0].used = sockets[1].used = TAKEN(1000);
    assert_true(begin(START + 30));
    hearing_received(hearing, 0, 10, false);
    hearing_received(hearing, 1, BATCH, true);
    hearing_end(hearing);
    assert_int_equal(listened(), START);
    hearing_received(hearing, 1, 3, false);
    hearing_end(hearing);
    assert_int_equal(listened(), START + 30);
}

/* Always a full batch: as many have to come as could wait at the mark. */
static void a_socket_that_is_never_empty_is_heard_by_and_by(void **state) {
    (void)state;
    sockets[1].used = TAKEN(3 * BATCH) + 1;
    assert_true(begin(START + 30));
    uint64_t now = START + 30;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(listened(), START);
        assert_false(begin(now += 100));
        hearing_received(hearing, 0, 0, false);
        hearing_received(hearing, 1, BATCH, true);
        hearing_end(hearing);
    }
    assert_int_equal(listened(), START + 30);
    assert_true(begin(now + 1));
}

/* Not what came after the mark, however much there is. */
static void what_came_later_is_not_waited_for(void **state) {
    (void)state;
    sockets[0].used = TAKEN(BATCH);
    assert_true(begin(START + 30));
    sockets[0].used = TAKEN(100 * BATCH);
    hearing_received(hearing, 0, BATCH, true);
    hearing_received(hearing, 1, 0, false);
    hearing_end(hearing);
    assert_int_equal(listened(), START + 30);
}

static void marks_are_not_set_at_every_round(void **state) {
    (void)state;
    unsigned marks = 0;
    for (uint64_t now = START; now < START + 1000; now++) {
        marks += begin(now);
        round_at(now);
    }
    assert_in_range(marks, 1000 / HEARING_MARK_MS - 1, 1000 / HEARING_MARK_MS);
    assert_in_range(listened(), START + 1000 - HEARING_MARK_MS - 1, START + 999);
}

/* The reaper was not there for so long: perhaps nobody was. Once it has told, all is as before. */
static void no_mark_is_set_while_a_pause_may_be_unknown(void **state) {
    (void)state;
    uint64_t resumed = START + 60000;
    sockets[1].drops = 5;
    assert_false(hearing_begin(hearing, &pauses, resumed));
    hearing_end(hearing);
    assert_int_equal(listened(), START);
    pauses.paused_ms = 59900;
    assert_true(begin(resumed + 10));
    hearing_end(hearing);
    /* What was lost meanwhile puts in doubt what was time, not the pause. */
    assert_in_range(hearing->slow_ms, 1, 110);
}

/* A socket that cannot be read is no reason to keep the dead for ever. */
static void a_failed_receive_is_doubt(void **state) {
    (void)state;
    sockets[0].used = TAKEN(10);
    assert_true(begin(START + 30));
    hearing_failed(hearing, 0);
    hearing_received(hearing, 1, 0, false);
    hearing_end(hearing);
    assert_int_equal(listened(), START + 30);
    assert_int_equal(hearing->slow_ms, 0);
    round_at(START + 60);
    assert_int_equal(hearing->slow_ms, 30);
}

/* --- Who is believed to be silent, and when --- */

static void a_beat_that_waits_is_not_missed(void **state) {
    (void)state;
    guest_join(&shard, (struct guest){1, 1}, START);
    rounds(START + 50, START + 14000, 50, 0);
    assert_true(lives_at(START + 16000));
    assert_true(shard_has_due(&shard, START + 16000));
    round_at(START + 16010);
    assert_false(lives_at(START + 16050));
}

static void a_beat_after_what_was_listened_to_counts(void **state) {
    (void)state;
    uint64_t id = guest_join(&shard, (struct guest){1, 1}, START);
    rounds(START + 50, START + 15100, 50, 0);
    guest_session(&shard, id)->heard_ms = START + 15140;
    assert_true(lives_at(START + 15150));
    rounds(START + 15150, START + 30100, 50, 0);
    assert_true(lives_at(START + 30100));
    rounds(START + 30150, START + 30250, 50, 0);
    assert_false(lives_at(START + 30250));
}

/* What is found out late has been lost all the same: nothing is judged before it is known. */
static void losses_are_known_before_a_silence_is_judged(void **state) {
    (void)state;
    guest_join(&shard, (struct guest){1, 1}, START);
    rounds(START + 50, START + 14950, 50, 0);
    sockets[0].drops = 1; /* just now; the next mark is due late */
    assert_true(lives_at(START + 15100));
    round_at(START + 15100);
    assert_true(lives_at(START + 15100));
}

static void doubt_lasts_a_beat_longer_than_the_loss(void **state) {
    (void)state;
    rounds(START + 20, START + 1000, 20, 0);
    assert_int_equal(hearing_missed(hearing), 0);
    rounds(START + 1020, START + 1100, 20, 1);
    rounds(START + 1120, START + 20000, 20, 0);
    uint64_t slow = 100 + HEARING_DOUBT_MS;
    assert_int_equal(hearing->slow_ms, slow);
    assert_int_equal(hearing_missed(hearing), slow - slow / HEARING_SLOWNESS);
    assert_int_equal(shard_clock(&shard, START + 20000), START + 20000 - (slow - slow / HEARING_SLOWNESS));
    assert_int_equal(hearing->episodes, 1);
    rounds(START + 20020, START + 20100, 20, 1);
    assert_int_equal(hearing->episodes, 2);
}

/* Beats every 4 s that a burst takes every time, always the same ones. */
static void losses_in_the_rhythm_of_beats_cost_nobody_a_session(void **state) {
    (void)state;
    guest_join(&shard, (struct guest){1, 1}, START);
    for (uint64_t now = START + 20; now < START + BOUND; now += 20) {
        if (now % 4000 == (START + 20) % 4000) sockets[0].drops += 10;
        round_at(now);
        assert_true(lives_at(now));
    }
}

static void the_worst_is_bounded(void **state) {
    (void)state;
    guest_join(&shard, (struct guest){1, 1}, START);
    rounds(START + 7, START + BOUND - 7, 7, 1000);
    assert_true(lives_at(START + BOUND - 7));
    rounds(START + BOUND, START + BOUND + 300, 20, 1000);
    assert_false(lives_at(START + BOUND + 300));
}

/* Who sleeps looks rarely: no time between its looks is left out that was not in doubt. */
static void a_sleep_after_a_loss_is_doubt_for_a_while(void **state) {
    (void)state;
    sockets[0].drops = 1;
    round_at(START + 100);
    round_at(START + 60000);
    assert_int_equal(hearing->slow_ms, 100 + HEARING_DOUBT_MS);
}

static void a_stall_with_losses_is_doubt_as_a_whole(void **state) {
    (void)state;
    uint64_t id = guest_join(&shard, (struct guest){1, 1}, START);
    rounds(START + 50, START + 8000, 50, 0);
    guest_session(&shard, id)->heard_ms = START + 4000;
    sockets[0].drops = 1;
    round_at(START + 28000);
    assert_int_equal(hearing->slow_ms, 20000);
    assert_true(lives_at(START + 28000));
}

static void the_count_of_drops_wraps(void **state) {
    (void)state;
    sockets[0].drops = UINT32_MAX - 1;
    round_at(START + 100);
    rounds(START + 150, START + 50000, 50, 0);
    uint64_t before = hearing->slow_ms;
    sockets[0].drops = 1;
    round_at(START + 50050);
    rounds(START + 50100, START + 60000, 50, 0);
    assert_int_equal(hearing->slow_ms - before, 50 + HEARING_DOUBT_MS);
}

static void registering_and_pushing_go_by_the_same_clock(void **state) {
    (void)state;
    rounds(START + 20, START + 80000, 20, 1);
    uint64_t missed = hearing_missed(hearing), now = START + 80000;
    assert_int_equal(missed, 70000);
    uint64_t id = guest_join(&shard, (struct guest){1, 1}, now);
    assert_true(session_listens(guest_session(&shard, id), shard_clock(&shard, now)));
    assert_false(session_listens(guest_session(&shard, id), shard_clock(&shard, now + SESSION_SILENT_MS + 1)));
    rounds(now + 20, now + 6000, 20, 0); /* 5 s in doubt */
    assert_true(lives_at(now + 6000));
    assert_int_equal(hearing_missed(hearing), 70000 + 4375);
    rounds(now + 6020, now + EXPIRY + 4375 - 20, 20, 0);
    assert_true(lives_at(now + EXPIRY + 4375 - 20));
    rounds(now + EXPIRY + 4375, now + EXPIRY + 4375 + 100, 20, 0);
    assert_false(lives_at(now + EXPIRY + 4375 + 100));
}

static void a_provisional_session_waits_for_its_beat_as_long(void **state) {
    (void)state;
    struct registered registered;
    assert_int_equal(guest_register(&shard, (struct guest){1, 1}, START, &registered, NULL), REGISTERED);
    rounds(START + 20, START + 20000, 20, 1);
    (void)lives_at(START + 20000);
    assert_int_equal(shard.counters.provisional, 1);
    assert_int_equal(guest_confirm(&shard, registered.session_id, START + 20000), REGISTERED);
}

/* --- Of several workers --- */

static void what_several_saw_counts_once(void **state) {
    (void)state;
    hearing_slow_down(hearing, (struct hearing_span){START + 1000, START + 1100});
    hearing_slow_down(hearing, (struct hearing_span){START + 1050, START + 1150});
    assert_int_equal(hearing->slow_ms, 150);
    hearing_slow_down(hearing, (struct hearing_span){START + 1010, START + 1020});
    assert_int_equal(hearing->slow_ms, 150);
    /* Told last, by one that stood still. */
    hearing_slow_down(hearing, (struct hearing_span){START + 500, START + 1100});
    assert_int_equal(hearing->slow_ms, 650);
    hearing_slow_down(hearing, (struct hearing_span){START + 9000, START + 9100});
    assert_int_equal(hearing->slow_ms, 750);
    hearing_slow_down(hearing, (struct hearing_span){START + 9100, START + 9100});
    hearing_slow_down(hearing, (struct hearing_span){START + 9200, START + 9100});
    assert_int_equal(hearing->slow_ms, 750);
}

#define hearing_test(function) cmocka_unit_test_setup_teardown(function, start, stop)

int main(void) {
    const struct CMUnitTest tests[] = {
        hearing_test(an_empty_socket_says_that_all_was_heard),
        hearing_test(every_socket_counts),
        hearing_test(a_socket_that_is_never_empty_is_heard_by_and_by),
        hearing_test(what_came_later_is_not_waited_for),
        hearing_test(marks_are_not_set_at_every_round),
        hearing_test(no_mark_is_set_while_a_pause_may_be_unknown),
        hearing_test(a_failed_receive_is_doubt),
        hearing_test(a_beat_that_waits_is_not_missed),
        hearing_test(a_beat_after_what_was_listened_to_counts),
        hearing_test(losses_are_known_before_a_silence_is_judged),
        hearing_test(doubt_lasts_a_beat_longer_than_the_loss),
        hearing_test(losses_in_the_rhythm_of_beats_cost_nobody_a_session),
        hearing_test(the_worst_is_bounded),
        hearing_test(a_sleep_after_a_loss_is_doubt_for_a_while),
        hearing_test(a_stall_with_losses_is_doubt_as_a_whole),
        hearing_test(the_count_of_drops_wraps),
        hearing_test(registering_and_pushing_go_by_the_same_clock),
        hearing_test(a_provisional_session_waits_for_its_beat_as_long),
        hearing_test(what_several_saw_counts_once),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    log_set_level(LOG_LEVEL_ERROR);
    rcu_reader_register();
    int failed = cmocka_run_group_tests_name("hearing", tests, NULL, NULL);
    rcu_reader_unregister();
    return failed;
}

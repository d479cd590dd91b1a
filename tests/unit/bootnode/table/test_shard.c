#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "bootnode/table/shard_expiry.h"
#include "bootnode/table/shard_join.h"
#include "bootnode/table/shard_members.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/thread.h"
#include "tests/support/shard_guest.h"

#define NOW GUEST_START

static struct shard shard;

static int open_shard(void **state) {
    (void)state;
    guest_open(&shard, &guest_limits, -1);
    return 0;
}

static int close_shard(void **state) {
    (void)state;
    assert_true(shard_holds(&shard));
    shard_destroy(&shard);
    return 0;
}

static bool lives(uint64_t id) {
    return guest_session(&shard, id) != NULL;
}

static void expire_all(uint64_t now) {
    while (shard_expire(&shard, now, now)) continue;
}

static void hear(uint64_t id, uint64_t now) {
    atomic_store(&guest_session(&shard, id)->heard_ms, (uint32_t)now);
}

static void rooms_spread_over_shards_and_stay_there(void **state) {
    (void)state;
    static const uint8_t key[16] = {7};
    unsigned met[4] = {0};
    for (unsigned i = 0; i < 400; i++) {
        uint8_t tag[ROOM_TAG_SIZE];
        guest_tag(i, tag);
        uint8_t chosen = shard_of_room(key, tag, 4);
        assert_true(chosen < 4);
        assert_int_equal(chosen, shard_of_room(key, tag, 4));
        met[chosen]++;
    }
    for (unsigned i = 0; i < 4; i++) assert_in_range(met[i], 60, 140);
}

static void tags_that_meet_under_one_key_part_under_another(void **state) {
    (void)state;
    static const uint8_t known[16] = {7}, other[16] = {8};
    unsigned met[4] = {0}, count = 0;
    for (unsigned i = 0; count < 400; i++) {
        uint8_t tag[ROOM_TAG_SIZE];
        guest_tag(i, tag);
        if (shard_of_room(known, tag, 4) != 0) continue;
        met[shard_of_room(other, tag, 4)]++;
        count++;
    }
    for (unsigned i = 0; i < 4; i++) assert_in_range(met[i], 60, 140);
}

static void a_provisional_session_is_in_no_room_and_gone_after_5_s(void **state) {
    (void)state;
    struct registered registered;
    assert_int_equal(guest_register(&shard, (struct guest){1, 1}, NOW, &registered, NULL), REGISTERED);
    assert_true(registered.complete);
    assert_int_equal(registered.version.epoch, 0);
    assert_null(guest_room(&shard, 1));
    assert_int_equal(shard.counters.provisional, 1);
    assert_int_equal(shard.counters.sessions, 0);
    expire_all(NOW + SHARD_PROVISIONAL_MS - 1);
    assert_true(lives(registered.session_id));
    expire_all(NOW + SHARD_PROVISIONAL_MS + WHEEL_TICK_MS);
    assert_false(lives(registered.session_id));
    assert_int_equal(shard.counters.provisional, 0);
    assert_int_equal(shard.counters.expired, 0);
}

static void a_fourth_provisional_session_takes_the_oldests_place(void **state) {
    (void)state;
    struct registered own[5], other, elsewhere;
    assert_int_equal(guest_register(&shard, (struct guest){1, 2}, NOW, &other, NULL), REGISTERED);
    assert_int_equal(guest_register(&shard, (struct guest){2, 1}, NOW, &elsewhere, NULL), REGISTERED);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(guest_register(&shard, (struct guest){1, 1}, NOW + i, &own[i], NULL), REGISTERED);
    for (unsigned i = 0; i < 5; i++) assert_int_equal(lives(own[i].session_id), i >= 2);
    assert_true(lives(other.session_id) && lives(elsewhere.session_id));
    assert_int_equal(shard.counters.provisional, 5);
    assert_int_equal(shard.counters.provisional_dropped, 2);
}

static void a_confirmed_session_is_a_member(void **state) {
    (void)state;
    uint64_t first = guest_join(&shard, (struct guest){1, 1}, NOW);
    struct room *room = guest_room(&shard, 1);
    assert_non_null(room);
    assert_int_equal(room->version.count, 1);
    struct registered registered;
    uint8_t space[100];
    struct writer members = writer_over(space, sizeof space);
    assert_int_equal(guest_register(&shard, (struct guest){1, 2}, NOW, &registered, &members), REGISTERED);
    assert_true(registered.complete);
    assert_int_equal(writer_size(&members), 22 + 7);
    assert_true(room_version_equal(registered.version, room->version));
    assert_int_equal(guest_confirm(&shard, registered.session_id, NOW), REGISTERED);
    assert_int_equal(guest_confirm(&shard, registered.session_id, NOW), REGISTERING_KNOWN); /* a doubled beat */
    assert_int_equal(room->member_count, 2);
    assert_int_equal(room->version.count, 2);
    const struct session *second = guest_session(&shard, registered.session_id);
    assert_int_equal(session_state(second), SESSION_CONFIRMED);
    assert_int_equal(atomic_load(&second->acked_count), 1);
    const uint64_t epoch = (uint64_t)room->version.epoch << 32;
    assert_true(atomic_load(&second->room_version) == (epoch | 2));
    assert_true(atomic_load(&guest_session(&shard, first)->room_version) == (epoch | 1)); /* until it is announced */
    assert_int_equal(guest_confirm(&shard, registered.session_id ^ (UINT64_C(1) << 40), NOW), REGISTERING_KNOWN);
    assert_int_equal(shard.counters.sessions, 2);
    assert_int_equal(shard.counters.provisional, 0);
}

static void keys_are_those_of_the_secret(void **state) {
    (void)state;
    uint8_t secret[LINK_SECRET_SIZE], key[LINK_TAG_KEY_SIZE];
    struct registered registered;
    assert_int_equal(guest_register(&shard, (struct guest){1, 7}, NOW, &registered, NULL), REGISTERED);
    const struct session *session = guest_session(&shard, registered.session_id);
    guest_secret(7, secret);
    link_tag_key(secret, LINK_TO_BOOTNODE, key);
    assert_memory_equal(session->beat_key, key, sizeof key);
    link_tag_key(secret, LINK_TO_CLIENT, key);
    assert_memory_equal(session->ack_key, key, sizeof key);
    struct address address = session_address(session), expected = guest_address(7);
    assert_true(address_equal(&address, &expected));
}

static void a_successor_takes_its_predecessors_place(void **state) {
    (void)state;
    uint64_t first = guest_join(&shard, (struct guest){1, 1}, NOW);
    struct registered registered;
    assert_int_equal(guest_register(&shard, (struct guest){1, 1}, NOW, &registered, NULL), REGISTERED);
    assert_true(lives(first)); /* a replayed REGISTER disturbs nobody */
    assert_int_equal(guest_confirm(&shard, registered.session_id, NOW), REGISTERED);
    assert_false(lives(first));
    const struct room *room = guest_room(&shard, 1);
    assert_int_equal(room->member_count, 1);
    assert_ptr_equal(room_members(room)[0], guest_session(&shard, registered.session_id));
    assert_int_equal(shard.counters.replaced, 1);
    assert_int_equal(shard.counters.sessions, 1);
    assert_int_equal(shard.counters.left, 0);
}

/* All that register under an id have proven its key: whoever confirms last has the place, whoever came first. */
static void the_last_to_confirm_has_the_place(void **state) {
    (void)state;
    struct registered early;
    assert_int_equal(guest_register(&shard, (struct guest){1, 1}, NOW, &early, NULL), REGISTERED);
    uint64_t late = guest_join(&shard, (struct guest){1, 1}, NOW);
    assert_true(lives(early.session_id) && lives(late));
    assert_int_equal(guest_confirm(&shard, early.session_id, NOW), REGISTERED);
    assert_true(lives(early.session_id));
    assert_false(lives(late));
    assert_int_equal(guest_room(&shard, 1)->member_count, 1);
    assert_int_equal(shard.counters.replaced, 1);
}

static void a_full_room_refuses_at_both_steps_but_takes_successors(void **state) {
    (void)state;
    struct registered late, successor;
    shard.limits.places.members = 3;
    assert_int_equal(guest_register(&shard, (struct guest){1, 9}, NOW, &late, NULL), REGISTERED);
    for (unsigned i = 0; i < 3; i++) guest_join(&shard, (struct guest){1, i}, NOW);
    assert_int_equal(guest_refusal(&shard, (struct guest){1, 8}, NOW), REFUSAL_ROOM_FULL);
    assert_int_equal(shard.limited[SHARD_LIMIT_ROOM_MEMBERS], 1);
    assert_int_equal(guest_confirm_refusal(&shard, late.session_id, NOW), REFUSAL_ROOM_FULL);
    assert_int_equal(shard.limited[SHARD_LIMIT_ROOM_MEMBERS], 2);
    assert_false(lives(late.session_id));
    assert_int_equal(guest_register(&shard, (struct guest){1, 2}, NOW, &successor, NULL), REGISTERED);
    assert_int_equal(guest_confirm(&shard, successor.session_id, NOW), REGISTERED);
    assert_int_equal(guest_room(&shard, 1)->member_count, 3);
}

static void a_full_shard_refuses(void **state) {
    (void)state;
    shard.limits.sessions = 4;
    guest_join(&shard, (struct guest){1, 1}, NOW);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(guest_register(&shard, (struct guest){1, 2}, NOW, NULL, NULL), REGISTERED);
    assert_int_equal(guest_refusal(&shard, (struct guest){1, 3}, NOW), REFUSAL_BOOTNODE_FULL);
    assert_int_equal(shard.limited[SHARD_LIMIT_SESSIONS], 1);
    assert_int_equal(shard.limited[SHARD_LIMIT_MEMORY], 0);
    /* It takes the place of its own oldest. */
    assert_int_equal(guest_register(&shard, (struct guest){1, 2}, NOW, NULL, NULL), REGISTERED);
}

static void shards_with_one_count_share_the_limit(void **state) {
    (void)state;
    _Atomic uint64_t live = 3;
    shard.limits.live = &live;
    shard.limits.sessions = 4;
    uint64_t id = guest_join(&shard, (struct guest){1, 1}, NOW);
    assert_int_equal(live, 4);
    assert_int_equal(guest_refusal(&shard, (struct guest){2, 2}, NOW), REFUSAL_BOOTNODE_FULL);
    live--; /* another shard's session ended */
    assert_int_equal(guest_register(&shard, (struct guest){2, 2}, NOW, NULL, NULL), REGISTERED);
    assert_true(shard_leave(&shard, id, LEAVE_SAID, NOW));
    assert_int_equal(live, 3);
    shard.limits.live = NULL;
}

static void leave(void *id) {
    assert_true(shard_leave(&shard, *(const uint64_t *)id, LEAVE_SAID, NOW));
}

/* The other thread waits for us, who are back before it wakes. */
static void who_waits_is_next(void **state) {
    (void)state;
    struct thread other;
    uint64_t id = guest_join(&shard, (struct guest){1, 1}, NOW);
    shard_lock(&shard);
    assert_int_equal(thread_start(&other, "other", true, leave, &id), 0);
    while (pthread_mutex_trylock(&shard.turn) == 0) pthread_mutex_unlock(&shard.turn);
    pthread_mutex_unlock(&shard.mutex);
    assert_false(shard_accept_sealed(&shard, id, 1));
    rcu_reader_offline();
    thread_join(&other);
    rcu_reader_online();
}

static void silence_ends_a_session_within_its_window(void **state) {
    (void)state;
    for (unsigned offset = 0; offset < 100; offset++) {
        uint64_t start = NOW + 20000ULL * offset + offset;
        uint64_t id = guest_join(&shard, (struct guest){1, 1}, start);
        /* Shortly after the first look, or long before it. */
        uint64_t heard = start + (offset % 2 ? offset / 2 : 3000 + offset * 7), now = start;
        hear(id, heard);
        while (lives(id)) expire_all(now += 50);
        assert_in_range(now - heard, 15000, 15000 + 50 + WHEEL_TICK_MS);
        assert_null(guest_room(&shard, 1));
    }
    assert_int_equal(shard.counters.expired, 100);
    assert_int_equal(shard.counters.sessions, 0);
}

static void beats_keep_a_session_for_ever(void **state) {
    (void)state;
    uint64_t id = guest_join(&shard, (struct guest){1, 1}, NOW);
    for (uint64_t now = NOW; now < NOW + 3600000; now += 500) {
        if (now % 14000 == 0) hear(id, now);
        expire_all(now);
        assert_true(lives(id));
    }
}

static void the_low_half_of_the_clock_may_wrap(void **state) {
    (void)state;
    const uint64_t wrap = UINT64_C(1) << 32;
    expire_all(wrap - 7000);
    uint64_t id = guest_join(&shard, (struct guest){1, 1}, wrap - 7000);
    expire_all(wrap + 7999);
    assert_true(lives(id));
    expire_all(wrap + 8000 + WHEEL_TICK_MS);
    assert_false(lives(id));
}

/* A worker read its clock before the reaper had noticed a pause of a minute. */
static void a_time_heard_to_come_is_fresh_and_starts_anew(void **state) {
    (void)state;
    uint64_t id = guest_join(&shard, (struct guest){1, 1}, NOW);
    hear(id, NOW + 60000);
    expire_all(NOW + 15000 + WHEEL_TICK_MS);
    assert_true(lives(id));
    expire_all(NOW + 29999);
    assert_true(lives(id));
    expire_all(NOW + 30000 + 3 * WHEEL_TICK_MS);
    assert_false(lives(id));
}

/* The same, and the reaper knows of the pause by now: the member was heard when that ended. */
static void a_time_heard_in_an_unknown_pause_is_of_its_end(void **state) {
    (void)state;
    uint64_t id = guest_join(&shard, (struct guest){1, 1}, NOW);
    hear(id, NOW + 300 + 60000);
    hearing_note_pause(&shard.hearing, 60000, NOW + 500);
    expire_all(NOW + 15000 + WHEEL_TICK_MS);
    assert_true(lives(id));
    expire_all(NOW + 15299);
    assert_true(lives(id));
    expire_all(NOW + 15300 + 3 * WHEEL_TICK_MS);
    assert_false(lives(id));
}

/* Nobody looks at the session before the clock has come as far as it was noted. */
static void who_was_heard_in_a_pause_is_set_right_at_once(void **state) {
    (void)state;
    uint64_t id = guest_join(&shard, (struct guest){1, 1}, NOW);
    hear(id, NOW + 300 + 14000);
    hearing_note_pause(&shard.hearing, 14000, NOW + 500);
    shard_expiry_set_right(&shard, NOW + 500);
    expire_all(NOW + 15299);
    assert_true(lives(id));
    expire_all(NOW + 15300 + 3 * WHEEL_TICK_MS);
    assert_false(lives(id));
}

/* Others follow before anybody looks at the session. */
static void one_pause_does_not_hide_another(void **state) {
    (void)state;
    uint64_t id = guest_join(&shard, (struct guest){1, 1}, NOW);
    hear(id, NOW + 300 + 60000);
    hearing_note_pause(&shard.hearing, 60000, NOW + 500);
    for (uint64_t i = 1; i < HEARING_PAUSES; i++) hearing_note_pause(&shard.hearing, 2000 + i, NOW + 1000 + 1500 * i);
    expire_all(NOW + 15299);
    assert_true(lives(id));
    expire_all(NOW + 15300 + 3 * WHEEL_TICK_MS);
    assert_false(lives(id));
}

/* It is ahead for another reason. */
static void a_pause_of_long_ago_makes_nobody_old(void **state) {
    (void)state;
    hearing_note_pause(&shard.hearing, 60000, NOW - 100000);
    uint64_t id = guest_join(&shard, (struct guest){1, 1}, NOW);
    hear(id, NOW + 15000 + 4000);
    expire_all(NOW + 15000 + WHEEL_TICK_MS);
    assert_true(lives(id));
    expire_all(NOW + 29999);
    assert_true(lives(id));
}

static void a_worker_may_be_a_moment_ahead(void **state) {
    (void)state;
    const uint64_t look = NOW + 15008; /* the first tick after its deadline */
    uint64_t id = guest_join(&shard, (struct guest){1, 1}, NOW);
    hear(id, look + 20);
    expire_all(look);
    expire_all(look + 20 + 14999);
    assert_true(lives(id));
    expire_all(look + 20 + 15000 + WHEEL_TICK_MS);
    assert_false(lives(id));
}

/* Tests of the whole program wait for this line. */
static void an_expiry_is_logged_with_its_silence(void **state) {
    (void)state;
    uint64_t id = guest_join(&shard, (struct guest){1, 1}, NOW);
    int ends[2], standard_error = dup(STDERR_FILENO);
    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    log_set_level(LOG_LEVEL_DEBUG);
    expire_all(NOW + 15123);
    log_set_level(LOG_LEVEL_WARNING);
    dup2(standard_error, STDERR_FILENO);
    char line[200] = "", expected[200];
    assert_true(read(ends[0], line, sizeof line - 1) > 0);
    snprintf(expected, sizeof expected, "expired session %08x silent 15.12 s\n", (unsigned)(id >> 32));
    assert_non_null(strstr(line, expected));
    close(ends[0]);
    close(ends[1]);
    close(standard_error);
}

static void one_hold_of_the_mutex_expires_a_batch_at_most(void **state) {
    (void)state;
    for (unsigned i = 0; i < 2 * SHARD_BATCH + 1; i++) guest_join(&shard, (struct guest){i, i}, NOW);
    uint64_t late = NOW + 16000;
    assert_true(shard_expire(&shard, late, late));
    assert_int_equal(shard.counters.expired, SHARD_BATCH);
    assert_true(shard_expire(&shard, late, late));
    assert_false(shard_expire(&shard, late, late));
    assert_int_equal(shard.counters.expired, 2 * SHARD_BATCH + 1);
    assert_int_equal(shard.counters.rooms, 0);
}

static void leaving_ends_a_session_once(void **state) {
    (void)state;
    struct registered provisional;
    uint64_t id = guest_join(&shard, (struct guest){1, 1}, NOW);
    guest_join(&shard, (struct guest){1, 2}, NOW);
    assert_true(shard_leave(&shard, id, LEAVE_SAID, NOW));
    assert_false(shard_leave(&shard, id, LEAVE_SAID, NOW));
    const struct room *room = guest_room(&shard, 1);
    assert_int_equal(room->member_count, 1);
    assert_int_equal(room->version.count, 3);
    assert_int_equal(room->ring[3].reason, LEAVE_SAID);
    assert_int_equal(guest_register(&shard, (struct guest){1, 3}, NOW, &provisional, NULL), REGISTERED);
    assert_true(shard_leave(&shard, provisional.session_id, LEAVE_SAID, NOW));
    assert_int_equal(shard.counters.left, 1);
    assert_int_equal(room->version.count, 3);
}

static void a_room_lives_as_long_as_a_member(void **state) {
    (void)state;
    uint64_t id = guest_join(&shard, (struct guest){1, 1}, NOW);
    uint32_t epoch = guest_room(&shard, 1)->version.epoch;
    assert_true(shard_leave(&shard, id, LEAVE_SAID, NOW));
    assert_null(guest_room(&shard, 1));
    assert_int_equal(shard.announce.count, 0);
    guest_join(&shard, (struct guest){1, 1}, NOW);
    assert_int_not_equal(guest_room(&shard, 1)->version.epoch, epoch);
}

static void a_sealed_counter_is_accepted_once_and_upwards(void **state) {
    (void)state;
    static const struct {
        uint64_t counter;
        bool accepted;
    } cases[] = {{0, false}, {1, true}, {1, false}, {5, true}, {4, false}, {6, true}, {UINT64_MAX, true}, {7, false}};
    uint64_t id = guest_join(&shard, (struct guest){1, 1}, NOW);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(shard_accept_sealed(&shard, id, cases[i].counter), cases[i].accepted);
    assert_false(shard_accept_sealed(&shard, id ^ 1, 8));
}

static void a_move_is_told_when_the_address_changed(void **state) {
    (void)state;
    uint64_t id = guest_join(&shard, (struct guest){1, 1}, NOW);
    const struct room *room = guest_room(&shard, 1);
    struct address next = guest_address(55), now_at;
    assert_true(shard_move(&shard, id, &next, 7, NOW));
    assert_true(shard_move(&shard, id, &next, 7, NOW)); /* doubled */
    now_at = session_address(guest_session(&shard, id));
    assert_true(address_equal(&now_at, &next));
    assert_int_equal(atomic_load(&guest_session(&shard, id)->endpoint), 7);
    assert_int_equal(room->version.count, 2);
    assert_int_equal(shard.counters.moved, 1);
    assert_false(shard_move(&shard, id ^ (UINT64_C(1) << 50), &next, 7, NOW));
}

static void an_update_needs_a_higher_revision(void **state) {
    (void)state;
    uint64_t id = guest_join(&shard, (struct guest){1, 1}, NOW);
    const struct room *room = guest_room(&shard, 1);
    struct update_body update = {.revision = 2, .candidates = {.count = 1, .items = {guest_address(77)}}};
    assert_true(shard_update(&shard, id, &update, NOW));
    assert_int_equal(room->version.count, 2);
    update.candidates.count = 0;
    assert_true(shard_update(&shard, id, &update, NOW)); /* repeated until seen */
    update.revision = 1;
    assert_true(shard_update(&shard, id, &update, NOW));
    assert_int_equal(room->version.count, 2);
    assert_int_equal(guest_session(&shard, id)->candidates.count, 1);
    assert_int_equal(guest_session(&shard, id)->revision, 2);
}

static void introductions_stay_within_a_room(void **state) {
    (void)state;
    struct introduction introduction;
    uint8_t own[MEMBER_ID_SIZE], same_room[MEMBER_ID_SIZE], elsewhere[MEMBER_ID_SIZE];
    guest_member_id(1, own);
    guest_member_id(2, same_room);
    guest_member_id(3, elsewhere);
    uint64_t id = guest_join(&shard, (struct guest){1, 1}, NOW);
    uint64_t other = guest_join(&shard, (struct guest){1, 2}, NOW);
    guest_join(&shard, (struct guest){2, 3}, NOW);
    assert_true(shard_introduce(&shard, id, same_room, NOW, &introduction));
    assert_true(introduction.target_id == other);
    assert_memory_equal(introduction.for_requester.id, same_room, MEMBER_ID_SIZE);
    assert_memory_equal(introduction.for_target.id, own, MEMBER_ID_SIZE);
    assert_false(shard_introduce(&shard, id, elsewhere, NOW, &introduction));
    assert_false(shard_introduce(&shard, id, own, NOW, &introduction));
    struct registered provisional;
    assert_int_equal(guest_register(&shard, (struct guest){1, 4}, NOW, &provisional, NULL), REGISTERED);
    assert_false(shard_introduce(&shard, provisional.session_id, own, NOW, &introduction));
}

/* Nothing is planned any more that it would not know of. */
static void owner_looks(void) {
    shard_lock(&shard);
    while (wheel_pop_due(&shard.announce, NOW)) continue;
    (void)shard_unlock_as_owner(&shard);
}

static void the_bell_rings_when_the_owner_would_sleep_too_long(void **state) {
    (void)state;
    eventfd_t rung;
    shard.bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    guest_join(&shard, (struct guest){1, 1}, NOW);
    assert_int_equal(eventfd_read(shard.bell, &rung), 0);
    guest_join(&shard, (struct guest){2, 2}, NOW); /* it knows already */
    assert_int_equal(eventfd_read(shard.bell, &rung), -1);
    close(shard.bell);
}

static void *join_another_room(void *context) {
    rcu_reader_register();
    guest_join(&shard, *(const struct guest *)context, NOW);
    rcu_reader_unregister();
    return NULL;
}

/* What the owner itself planned it sees before it sleeps. */
static void the_owner_rings_no_bell_for_itself(void **state) {
    (void)state;
    eventfd_t rung;
    pthread_t other;
    struct shard elsewhere;
    struct guest guest = {2, 2};
    shard.bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    shard_own(&shard);
    guest_join(&shard, (struct guest){1, 1}, NOW);
    assert_int_equal(eventfd_read(shard.bell, &rung), -1);
    assert_true(atomic_load(&shard.bell_at) <= NOW);

    owner_looks();
    rcu_reader_offline();
    assert_int_equal(pthread_create(&other, NULL, join_another_room, &guest), 0);
    pthread_join(other, NULL);
    rcu_reader_online();
    assert_int_equal(eventfd_read(shard.bell, &rung), 0);
    assert_true(atomic_load(&shard.bell_at) <= NOW);

    owner_looks();
    shard_own(&elsewhere);
    guest_join(&shard, (struct guest){3, 3}, NOW);
    assert_int_equal(eventfd_read(shard.bell, &rung), 0);
    shard_own(NULL);
    close(shard.bell);
}

static void cycles_of_filling_and_expiring_leave_nothing(void **state) {
    (void)state;
    const unsigned many = 2 * SLAB_SESSIONS + 1000;
    for (unsigned cycle = 0; cycle < 10; cycle++) {
        uint64_t start = NOW + cycle * 60000ULL;
        for (unsigned i = 0; i < many; i++) guest_join(&shard, (struct guest){i / 5, i}, start);
        assert_int_equal(shard.counters.sessions, many);
        assert_int_equal(shard.counters.rooms, (many + 4) / 5);
        assert_in_range(shard.slabs.slab_count, 3, 4);
        while (shard_expire(&shard, start + 20000, start + 20000)) rcu_reader_quiescent();
        rcu_reader_quiescent();
        rcu_drain();
        while (slabs_collect(&shard.slabs)) continue;
        assert_int_equal(shard.counters.sessions + shard.counters.rooms + shard.slabs.live, 0);
        assert_int_equal(shard.expiry.count + shard.announce.count, 0);
        assert_int_equal(shard.slabs.slab_count, 1);
    }
}

static void a_session_out_of_its_place_is_seen(void **state) {
    (void)state;
    struct registered waiting;
    guest_join(&shard, (struct guest){1, 1}, NOW);
    struct session *member = guest_session(&shard, guest_join(&shard, (struct guest){1, 2}, NOW));
    assert_int_equal(guest_register(&shard, (struct guest){2, 3}, NOW, &waiting, NULL), REGISTERED);
    struct session *provisional = guest_session(&shard, waiting.session_id);
    assert_true(shard_holds(&shard));
    wheel_remove(&shard.expiry, &member->wheel);
    assert_false(shard_holds(&shard));
    wheel_add(&shard.expiry, &member->wheel, NOW + 15000);
    provisional->member_id[0] ^= 1;
    assert_false(shard_holds(&shard));
    provisional->member_id[0] ^= 1;
    shard.counters.rooms++;
    assert_false(shard_holds(&shard));
    shard.counters.rooms--;
    atomic_store(&shard.bell_at, NEVER);
    assert_false(shard_holds(&shard)); /* the owner would sleep past an announcement */
    atomic_store(&shard.bell_at, WHEEL_AT_ONCE);
}

#define shard_test(function) cmocka_unit_test_setup_teardown(function, open_shard, close_shard)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rooms_spread_over_shards_and_stay_there),
        cmocka_unit_test(tags_that_meet_under_one_key_part_under_another),
        shard_test(a_provisional_session_is_in_no_room_and_gone_after_5_s),
        shard_test(a_fourth_provisional_session_takes_the_oldests_place),
        shard_test(a_confirmed_session_is_a_member),
        shard_test(keys_are_those_of_the_secret),
        shard_test(a_successor_takes_its_predecessors_place),
        shard_test(the_last_to_confirm_has_the_place),
        shard_test(a_full_room_refuses_at_both_steps_but_takes_successors),
        shard_test(a_full_shard_refuses),
        shard_test(shards_with_one_count_share_the_limit),
        shard_test(who_waits_is_next),
        shard_test(silence_ends_a_session_within_its_window),
        shard_test(beats_keep_a_session_for_ever),
        shard_test(the_low_half_of_the_clock_may_wrap),
        shard_test(a_time_heard_to_come_is_fresh_and_starts_anew),
        shard_test(a_time_heard_in_an_unknown_pause_is_of_its_end),
        shard_test(who_was_heard_in_a_pause_is_set_right_at_once),
        shard_test(one_pause_does_not_hide_another),
        shard_test(a_pause_of_long_ago_makes_nobody_old),
        shard_test(a_worker_may_be_a_moment_ahead),
        shard_test(an_expiry_is_logged_with_its_silence),
        shard_test(one_hold_of_the_mutex_expires_a_batch_at_most),
        shard_test(leaving_ends_a_session_once),
        shard_test(a_room_lives_as_long_as_a_member),
        shard_test(a_sealed_counter_is_accepted_once_and_upwards),
        shard_test(a_move_is_told_when_the_address_changed),
        shard_test(an_update_needs_a_higher_revision),
        shard_test(introductions_stay_within_a_room),
        shard_test(the_bell_rings_when_the_owner_would_sleep_too_long),
        shard_test(the_owner_rings_no_bell_for_itself),
        shard_test(cycles_of_filling_and_expiring_leave_nothing),
        shard_test(a_session_out_of_its_place_is_seen),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    log_set_level(LOG_LEVEL_WARNING);
    rcu_reader_register();
    int failed = cmocka_run_group_tests_name("shard", tests, NULL, NULL);
    rcu_reader_unregister();
    return failed;
}

/* More changes than there is time to announce: members come and go in rooms of 64, and each datagram takes a slow
 * machine so long that announcing at the usual pace would take all of its time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bootnode/pace.h"
#include "common/clock.h"
#include "common/log.h"
#include "tests/support/shard_clients.h"

#define ROOMS 8
#define MEMBERS 64
#define CROWD (ROOMS * MEMBERS)
#define QUIET ROOMS /* one more room, with few members, in which little happens */
#define FEW 8
#define SEND_NS 100000
#define SECOND_MS 1000

static struct shard_clients all;

/* A change of a room. */
struct news {
    uint32_t count;
    uint64_t since;
};

struct load {
    uint64_t next_join;
    uint64_t send_ns;       /* what a datagram takes */
    uint64_t busy_until_ns; /* the worker sends until then */
    unsigned joins;
    uint64_t longest_ms;                 /* until somebody was told of a change */
    uint64_t longest_own_ms;             /* until a newcomer had its list */
    uint64_t waits_since[SHARD_CLIENTS]; /* of a newcomer without a list, 0: it has one */
    struct news oldest[SHARD_CLIENTS];   /* of a member: the first change that it was not told, count 0: none */
};

static int start(void **state) {
    static struct load load;
    memset(&load, 0, sizeof load);
    srandom(5);
    shard_clients_open(&all);
    for (unsigned i = 0; i < CROWD; i++) shard_client_join(&all, i, i / MEMBERS);
    for (unsigned i = 0; i < FEW; i++) shard_client_join(&all, CROWD + i, QUIET);
    for (uint64_t end = all.now + 8 * SECOND_MS; all.now < end; all.now++)
        while (shard_clients_announce(&all) <= all.now) continue;
    for (unsigned i = 0; i < CROWD + FEW; i++) shard_client_beat(&all, i);
    for (unsigned i = 0; i < CROWD; i++) assert_true(shard_client_agrees(&all, i));
    load.next_join = all.now;
    load.send_ns = SEND_NS;
    load.busy_until_ns = all.now * 1000000;
    *state = &load;
    return 0;
}

static int stop(void **state) {
    (void)state;
    shard_clients_close(&all);
    return 0;
}

static struct room *room_of(unsigned number) {
    return guest_room(&all.shard, all.list[number].room);
}

/* Who has not been told all before remembers since when. */
static void note_change(struct load *load, unsigned room) {
    uint32_t count = guest_room(&all.shard, room)->version.count;
    for (unsigned i = 0; i < SHARD_CLIENTS; i++)
        if (all.list[i].id && all.list[i].room == room && load->oldest[i].count == 0)
            load->oldest[i] = (struct news){count, all.now};
}

static void note_who_knows(struct load *load) {
    for (unsigned i = 0; i < SHARD_CLIENTS; i++) {
        const struct room_version has = all.list[i].view.list.version;
        if (!all.list[i].id) continue;
        if (load->waits_since[i] && has.epoch != 0) {
            load->longest_own_ms = later(load->longest_own_ms, all.now - load->waits_since[i]);
            load->waits_since[i] = 0;
        }
        if (load->oldest[i].count == 0 || has.epoch == 0 || has.count < load->oldest[i].count) continue;
        load->longest_ms = later(load->longest_ms, all.now - load->oldest[i].since);
        /* Where changes came meanwhile that it was not told, the next wait began with one of them. */
        load->oldest[i] = (struct news){0};
        if (has.count < room_of(i)->version.count) load->oldest[i] = (struct news){room_of(i)->version.count, all.now};
    }
}

/* One goes, another comes, and is confirmed by a beat that asks for the list. */
static void change_places(struct load *load, unsigned number) {
    unsigned room = all.list[number].room;
    shard_client_leave(&all, number);
    note_change(load, room);
    shard_client_join(&all, number, room);
    load->oldest[number] = (struct news){0};
    note_change(load, room);
    load->waits_since[number] = all.list[number].view.list.version.epoch == 0 ? all.now : 0;
    shard_client_beat(&all, number);
    load->joins++;
}

/* The worker announces whenever it is not sending; datagrams take their time. */
static void announce(struct load *load) {
    while (load->busy_until_ns <= all.now * 1000000) {
        unsigned before = all.received;
        uint64_t next = shard_clients_announce(&all);
        uint64_t spent_ns = (all.received - before) * load->send_ns;
        announce_spent(all.announcer, spent_ns);
        load->busy_until_ns = later(load->busy_until_ns, (all.now - 1) * 1000000) + spent_ns;
        if (next > all.now) return;
    }
}

static void run(struct load *load, uint64_t ms, unsigned joins_a_second) {
    for (uint64_t end = all.now + ms; all.now < end; all.now++) {
        while (joins_a_second > 0 && load->next_join <= all.now) {
            change_places(load, (unsigned)random() % CROWD);
            load->next_join = later(load->next_join, all.now - 1) + SECOND_MS / joins_a_second;
        }
        for (unsigned i = 0; i < CROWD + FEW; i++)
            if (all.now % 4000 == i * 7 % 4000) shard_client_beat(&all, i);
        announce(load);
        note_who_knows(load);
    }
}

static void everybody_knows_everybody(void) {
    for (unsigned i = 0; i < CROWD; i++) assert_true(shard_client_agrees(&all, i));
}

/* Ten times a second to 512 members are 5,120 datagrams, half a second's worth. What
 * newcomers ask for comes on top of the share. */
static void announcing_keeps_to_its_share(void **state) {
    struct load *load = *state;
    run(load, 3 * SECOND_MS, 100);
    unsigned before = all.received;
    run(load, 10 * SECOND_MS, 100);
    uint64_t spent_ms = (all.received - before) * load->send_ns / 1000000;
    assert_in_range(spent_ms, 0, 10 * SECOND_MS / PACE_SHARE * 3 / 2);
    assert_int_equal(load->joins, 1300);
    /* Nobody waits for longer than the longest pause, and newcomers have their list at once. */
    assert_in_range(load->longest_ms, 0, PACE_MOST_MS + 2 * WHEEL_TICK_MS);
    assert_in_range(load->longest_own_ms, 0, ROOM_QUIET_MS);
    run(load, 8 * SECOND_MS, 0);
    everybody_knows_everybody();
}

static void after_the_load_rooms_hear_as_often_as_before(void **state) {
    struct load *load = *state;
    run(load, 5 * SECOND_MS, 100);
    assert_true(all.shard.pause_ms > 3 * ROOM_QUIET_MS);
    run(load, 5 * SECOND_MS, 0);
    load->longest_ms = 0;
    load->send_ns = SEND_NS / 20;
    run(load, 5 * SECOND_MS, 20);
    assert_int_equal(all.shard.pause_ms, ROOM_QUIET_MS);
    assert_in_range(load->longest_ms, 1, ROOM_QUIET_MS + 2 * WHEEL_TICK_MS);
    run(load, 8 * SECOND_MS, 0);
    everybody_knows_everybody();
}

/* Where announcing takes little of the time nothing is held back that was not before. */
static void little_load_holds_nothing_back(void **state) {
    struct load *load = *state;
    load->send_ns = SEND_NS / 20;
    run(load, 10 * SECOND_MS, 100);
    assert_int_equal(all.shard.pause_ms, ROOM_QUIET_MS);
    assert_in_range(load->longest_ms, 1, ROOM_QUIET_MS + 2 * WHEEL_TICK_MS);
}

static unsigned few_who_know_all(void) {
    unsigned count = 0;
    for (unsigned i = CROWD; i < CROWD + FEW; i++) count += shard_client_agrees(&all, i);
    return count;
}

/* Others' load delays a room in which little happens by no more than their passes under way. */
static void a_quiet_room_hears_at_once_all_the_same(void **state) {
    struct load *load = *state;
    run(load, 5 * SECOND_MS, 100);
    for (unsigned i = 0; i < FEW; i++) {
        assert_int_equal(few_who_know_all(), FEW);
        uint64_t since = all.now;
        change_places(load, CROWD + i);
        while (few_who_know_all() < FEW) run(load, 1, 100);
        assert_in_range(all.now - since, 0, ROOM_QUIET_MS);
        run(load, PACE_MOST_MS + ROOM_QUIET_MS, 100);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(announcing_keeps_to_its_share),
        TEST(after_the_load_rooms_hear_as_often_as_before),
        TEST(little_load_holds_nothing_back),
        TEST(a_quiet_room_hears_at_once_all_the_same),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    log_set_level(LOG_LEVEL_WARNING);
    rcu_reader_register();
    int failed = cmocka_run_group_tests_name("announce_load", tests, NULL, NULL);
    rcu_reader_unregister();
    return failed;
}

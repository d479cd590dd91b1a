/* Conversations that last: new keys, lost bootnodes, moved and restarted people, silence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scenario/support/world.h"

#define CONNECT_MS 1500
#define MINUTE 60000

/* --- What crosses the wire --- */

struct counts {
    unsigned by_type[256];
    unsigned renewals; /* different INITIATIONs that are bound */
    uint8_t renewal[PEER_HANDSHAKE_SIZE];
    bool block_peers;
};

static bool count(struct world *world, struct wire *wire) {
    struct counts *counts = world->tampering;
    counts->by_type[wire->data[0]]++;
    if (wire->data[0] == PEER_INITIATION && (wire->data[2] & 1) &&
        memcmp(counts->renewal, wire->data, wire->size) != 0) {
        counts->renewals++;
        memcpy(counts->renewal, wire->data, wire->size);
    }
    return !(counts->block_peers && wire->data[0] >= PEER_PROBE);
}

static void watch(struct world *world, struct counts *counts) {
    memset(counts, 0, sizeof *counts);
    world->tamper = count;
    world->tampering = counts;
}

/* --- Two people who count --- */

struct couple {
    struct world *world;
    struct person *anna, *bert;
    unsigned said[2];
};

static struct couple meet(void **state, enum nat_kind first, enum nat_kind second) {
    struct world *world = *state;
    struct couple couple = {world, world_person(world, "anna", first), world_person(world, "bert", second), {0}};
    person_start(couple.anna, "tea");
    person_start(couple.bert, "tea");
    world_wait(world, CONNECT_MS, everyone_connected(world));
    return couple;
}

static void say_next(struct person *person, unsigned *said) {
    char text[16];
    snprintf(text, sizeof text, "%u", (*said)++);
    person_say(person, text);
}

static void both_say(struct couple *couple) {
    say_next(couple->anna, &couple->said[0]);
    say_next(couple->bert, &couple->said[1]);
}

/* The texts of one author are 0, 1, 2 …, each shown once. */
static unsigned heard_in_order(const struct person *person, const struct person *author) {
    unsigned next = 0;
    for (const struct told *told = person->told; told; told = told->next) {
        if (told->event->type != EVENT_MESSAGE || memcmp(told->event->peer, author->id, MEMBER_ID_SIZE) != 0) continue;
        assert_int_equal(strtoul(told->event->text, NULL, 10), next);
        next++;
    }
    return next;
}

static bool all_heard(const struct couple *couple) {
    return person_count(couple->bert, EVENT_MESSAGE, couple->anna) == couple->said[0] &&
           person_count(couple->anna, EVENT_MESSAGE, couple->bert) == couple->said[1];
}

static void assert_one_conversation(const struct couple *couple) {
    assert_int_equal(heard_in_order(couple->bert, couple->anna), couple->said[0]);
    assert_int_equal(heard_in_order(couple->anna, couple->bert), couple->said[1]);
    const struct person *people[] = {couple->anna, couple->bert};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(person_count(people[i], EVENT_PEER_JOINED, NULL), 1);
        assert_int_equal(person_count(people[i], EVENT_PEER_CONNECTED, NULL), 1);
        assert_int_equal(person_count(people[i], EVENT_PEER_LEFT, NULL), 0);
        assert_int_equal(person_count(people[i], EVENT_ERROR, NULL), 0);
    }
}

/* --- New keys --- */

static void renewal_loses_nothing_under_traffic(void **state) {
    struct couple couple = meet(state, NAT_PORT_RESTRICTED, NAT_PORT_RESTRICTED);
    struct counts counts;
    watch(couple.world, &counts);
    couple.world->loss_percent = 10;
    couple.world->jitter_ms = 30;
    for (int i = 0; i < 5 * 400; i++) { /* 400 s */
        both_say(&couple);
        world_run(couple.world, 200);
    }
    couple.world->loss_percent = 0;
    world_wait(couple.world, 5000, all_heard(&couple));
    assert_one_conversation(&couple);
    assert_int_equal(counts.renewals, 3); /* at 120, 240 and 360 s */
    assert_int_equal(counts.by_type[PEER_PROBE], 0);
}

static void renewal_goes_on_in_silence(void **state) {
    struct couple couple = meet(state, NAT_PORT_RESTRICTED, NAT_PORT_RESTRICTED);
    struct counts counts;
    world_run(couple.world, 1000);
    watch(couple.world, &counts);
    world_run(couple.world, 10 * MINUTE);
    assert_int_equal(counts.renewals, 5);                    /* every 120 s */
    assert_in_range(counts.by_type[PEER_INITIATION], 5, 15); /* repeated until answered */
    assert_int_equal(counts.by_type[PEER_PROBE], 0);
    /* A ping and its pong every 15 s, and what renewals need: no chatter. */
    assert_in_range(counts.by_type[PEER_DATA], 2 * 40 - 4, 4 * 40 + 5 * 8);
    both_say(&couple);
    world_wait(couple.world, 200, all_heard(&couple));
    assert_one_conversation(&couple);
}

/* One DATA packet from anna is kept from bert, to be sent to him later from a stranger's address. */
static struct wire kept;

static bool keep_data(struct world *world, struct wire *wire) {
    if (wire->sender != world->tampering || wire->data[0] != PEER_DATA || kept.size) return true;
    kept = *wire;
    return false;
}

static unsigned to_stranger;
static const struct address stranger = {.ip = {[10] = 0xff, 0xff, 192, 0, 2, 99}, .port = 5555};

static bool count_to_stranger(struct world *world, struct wire *wire) {
    (void)world;
    to_stranger += address_equal(&wire->to, &stranger);
    return true;
}

static unsigned answers_to_stranger(struct world *world) {
    to_stranger = 0;
    world->tamper = count_to_stranger;
    world_inject(world, &stranger, &kept.to, kept.data, kept.size);
    world_run(world, 100);
    return to_stranger;
}

static void take_packet_at_10_s(struct couple *couple) {
    kept.size = 0;
    world_run(couple->world, 10000);
    couple->world->tamper = keep_data;
    couple->world->tampering = couple->anna;
    both_say(couple);
    world_run(couple->world, 5000);
    assert_true(kept.size > 0);
}

/* An authentic packet from elsewhere is answered with a PING: so it was accepted. */
static void old_keys_receive_until_180_s(void **state) {
    struct couple couple = meet(state, NAT_NONE, NAT_NONE);
    take_packet_at_10_s(&couple);
    world_run(couple.world, 160000);
    assert_int_equal(answers_to_stranger(couple.world), 1);
    assert_int_equal(answers_to_stranger(couple.world), 0);                /* but once only */
    assert_int_equal(person_count(couple.bert, EVENT_PEER_PATH, NULL), 0); /* and nothing moves without a PONG */
}

static void old_keys_receive_nothing_after_180_s(void **state) {
    struct couple couple = meet(state, NAT_NONE, NAT_NONE);
    take_packet_at_10_s(&couple);
    world_run(couple.world, 166000);
    assert_int_equal(answers_to_stranger(couple.world), 0);
    world_wait(couple.world, 200, all_heard(&couple));
    assert_one_conversation(&couple);
}

/* --- Bootnodes come and go --- */

static void chat_goes_on_without_a_bootnode(void **state) {
    struct couple couple = meet(state, NAT_PORT_RESTRICTED, NAT_PORT_RESTRICTED);
    world_run(couple.world, 5000);
    couple.world->bootnode_down = true;
    world_wait(couple.world, 16000, person_count(couple.anna, EVENT_BOOTNODE_LOST, NULL));
    for (int i = 0; i < 60; i++) {
        both_say(&couple);
        world_run(couple.world, MINUTE / 2);
        assert_true(all_heard(&couple));
    }
    assert_int_equal(person_count(couple.anna, EVENT_BOOTNODE_LOST, NULL), 1);
    net_restart(couple.world->net, true);
    couple.world->bootnode_down = false;
    world_wait(couple.world, 10000, person_count(couple.anna, EVENT_BOOTNODE_BACK, NULL) == 1);
    world_wait(couple.world, 10000, person_count(couple.bert, EVENT_BOOTNODE_BACK, NULL) == 1);
    world_run(couple.world, MINUTE);
    both_say(&couple);
    world_wait(couple.world, 200, all_heard(&couple));
    assert_one_conversation(&couple);
}

static void a_restarted_bootnode_is_registered_at_again(void **state) {
    struct couple couple = meet(state, NAT_PORT_RESTRICTED, NAT_PORT_RESTRICTED);
    world_run(couple.world, 5000);
    net_restart(couple.world->net, true);
    world_wait(couple.world, 7000, person_count(couple.anna, EVENT_REGISTERED, NULL) == 2);
    world_wait(couple.world, 7000, person_count(couple.bert, EVENT_REGISTERED, NULL) == 2);
    both_say(&couple);
    world_run(couple.world, MINUTE);
    assert_int_equal(person_count(couple.anna, EVENT_BOOTNODE_LOST, NULL), 0);
    assert_one_conversation(&couple);
}

/* Somebody who came while the bootnode was away joins when it is back. */
static void who_waited_for_the_bootnode_joins(void **state) {
    struct couple couple = meet(state, NAT_PORT_RESTRICTED, NAT_PORT_RESTRICTED);
    couple.world->bootnode_down = true;
    struct person *carl = world_person(couple.world, "carl", NAT_PORT_RESTRICTED);
    person_start(carl, "tea");
    world_wait(couple.world, 6000, person_count(carl, EVENT_BOOTNODE_LOST, NULL) == 1);
    world_run(couple.world, 5 * MINUTE);
    net_restart(couple.world->net, true);
    couple.world->bootnode_down = false;
    world_wait(couple.world, 15000, everyone_connected(couple.world));
}

/* --- Our own addresses change --- */

static uint32_t revision_at_bootnode(struct world *world, const struct person *person) {
    struct room_keys keys;
    assert_true(room_keys_derive(person->room, NULL, 0, &keys));
    struct node *node = &world->net->node;
    const struct room *room =
        shard_room(node->shards[shard_of_room(node->shard_hash_key, keys.set.tag, node->shard_count)], keys.set.tag);
    const struct session *session = room ? room_find(room, person->id) : NULL;
    return session ? session->revision : 0;
}

static void have_addresses(struct world *world, struct person *person, uint8_t last) {
    struct candidate_list list = {.items = {{.ip = {[10] = 0xff, 0xff, 192, 168, 1, last}, .port = 4000}}, .count = 1};
    engine_set_candidates(person->engine, &list, world->now);
}

/* At any moment of a registration, and under loss. */
static void the_bootnode_learns_our_latest_addresses(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE), *bert = world_person(world, "bert", NAT_NONE);
    person_start(bert, "tea");
    world->loss_percent = 20;
    for (unsigned ms = 0; ms < 200; ms += 10) {
        person_start(anna, "tea");
        have_addresses(world, anna, 1);
        world_run(world, ms);
        have_addresses(world, anna, 2);
        world_wait(world, 20000, person_count(anna, EVENT_REGISTERED, NULL) && revision_at_bootnode(world, anna) == 2);
        engine_stop(anna->engine, world->now);
        world_wait(world, 2500, anna->status == 0);
        person_kill(anna);
        person_forget(anna);
    }
}

/* --- People move, restart and sleep --- */

static void rebind(void **state, enum nat_kind other, uint64_t within) {
    struct couple couple = meet(state, other, NAT_PORT_RESTRICTED);
    world_run(couple.world, 20000);
    nat_rebind(&couple.bert->nat);
    both_say(&couple);
    world_wait(couple.world, within, all_heard(&couple));
    world_run(couple.world, MINUTE);
    both_say(&couple);
    world_wait(couple.world, 200, all_heard(&couple));
    assert_one_conversation(&couple);
    assert_int_equal(net_totals(couple.world->net).moved, 1);
    assert_int_equal(net_totals(couple.world->net).registered, 2);
    const struct event *path = person_last(couple.anna, EVENT_PEER_PATH, couple.bert);
    assert_non_null(path);
    assert_true(address_equal(&path->address, &couple.bert->nat.outside));
}

/* Who can be reached from everywhere validates the new path at once … */
static void a_rebound_nat_is_followed_by_validation(void **state) {
    rebind(state, NAT_NONE, 2000);
}

/* … who cannot hears of it from the bootnode, and punches. */
static void a_rebound_nat_is_followed_by_the_bootnode(void **state) {
    rebind(state, NAT_PORT_RESTRICTED, 12000);
}

static void restart(struct couple *couple, struct person *person, unsigned *said) {
    struct person *other = person == couple->anna ? couple->bert : couple->anna;
    unsigned before = person_count(other, EVENT_MESSAGE, person);
    char text[32];
    snprintf(text, sizeof text, "still here at %u", (unsigned)couple->world->now);
    person_kill(person);
    person_forget(person);
    person_start(person, "tea");
    world_wait(couple->world, CONNECT_MS, person_sees(person, other));
    *said = 0;
    for (int i = 0; i < 5; i++) say_next(person, said);
    person_say(other, text);
    world_wait(couple->world, 500, person_heard(person, other, text) == 1);
    world_wait(couple->world, 500, person_count(other, EVENT_MESSAGE, person) == before + 5);
    world_run(couple->world, MINUTE);
    assert_int_equal(person_count(other, EVENT_MESSAGE, person), before + 5);
    assert_int_equal(person_heard(person, other, text), 1);
    assert_int_equal(person_count(other, EVENT_PEER_LEFT, NULL), 0);
}

/* With the same identity and no bye: a new run. One of the two is the initiator. */
static void a_restarted_client_goes_on(void **state) {
    struct couple couple = meet(state, NAT_PORT_RESTRICTED, NAT_PORT_RESTRICTED);
    both_say(&couple);
    world_run(couple.world, 1000);
    assert_true(all_heard(&couple));
    restart(&couple, couple.bert, &couple.said[1]);
    restart(&couple, couple.anna, &couple.said[0]);
    restart(&couple, couple.bert, &couple.said[1]);
}

/* What was not acknowledged when the other restarted goes to its new run. */
static void a_restarted_client_gets_what_waited(void **state) {
    struct couple couple = meet(state, NAT_NONE, NAT_NONE);
    world_run(couple.world, 2000);
    person_kill(couple.bert);
    person_say(couple.anna, "one");
    person_say(couple.anna, "two");
    world_run(couple.world, 2000);
    person_start(couple.bert, "tea");
    world_wait(couple.world, 5000, person_heard(couple.bert, couple.anna, "two") == 1);
    assert_int_equal(person_heard(couple.bert, couple.anna, "one"), 1);
    assert_int_equal(person_count(couple.anna, EVENT_PEER_LEFT, NULL), 0);
    world_wait(couple.world, 500, person_count(couple.anna, EVENT_DELIVERED, couple.bert) == 2);
}

static bool lose_acknowledgements(struct world *world, struct wire *wire) {
    return wire->sender != world->tampering || wire->data[0] != PEER_DATA;
}

/* Anna never learns that Bert has her message; Bert, who lost sight of her meanwhile, gets it again. */
static void nothing_is_shown_twice_after_an_absence(void **state) {
    struct world *world = *state;
    struct couple couple = meet(state, NAT_NONE, NAT_NONE);
    world_run(world, 2000);
    world->tamper = lose_acknowledgements;
    world->tampering = couple.bert;
    say_next(couple.anna, &couple.said[0]);
    world_wait(world, 500, all_heard(&couple));
    couple.anna->cut = true;
    world_wait(world, 40000, person_count(couple.bert, EVENT_PEER_LEFT, couple.anna) == 1);
    couple.anna->cut = false;
    world->tamper = NULL;
    world_wait(world, 20000, person_count(couple.anna, EVENT_DELIVERED, couple.bert) == 1);
    world_run(world, 5000);
    assert_int_equal(heard_in_order(couple.bert, couple.anna), 1);
    assert_int_equal(person_count(couple.bert, EVENT_PEER_CONNECTED, couple.anna), 2);
}

static void who_slept_for_a_minute_is_back(void **state) {
    struct world *world = *state;
    struct couple couple = meet(state, NAT_PORT_RESTRICTED, NAT_PORT_RESTRICTED);
    struct person *sleepers[] = {couple.bert, couple.anna};
    for (unsigned i = 0; i < 2; i++) {
        struct person *sleeper = sleepers[i], *other = sleepers[1 - i];
        person_sleep(sleeper);
        world_run(world, MINUTE);
        assert_false(person_sees(other, sleeper));
        assert_false(person_last(other, EVENT_PEER_LEFT, sleeper)->said_bye);
        person_wake(sleeper);
        person_say(sleeper, "good morning");
        world_wait(world, 10000, person_sees(other, sleeper) && person_heard(other, sleeper, "good morning") == 1);
        person_say(other, "slept well?");
        world_wait(world, 1000, person_heard(sleeper, other, "slept well?") == 1);
        world_run(world, 20000);
    }
}

/* --- Paths fail --- */

static bool part_from_bootnode(struct world *world, struct wire *wire) {
    struct address bootnode = world_bootnode();
    return wire->sender != world->tampering || !address_equal(&wire->to, &bootnode);
}

/* The keys are too old to ask with, and the bootnode does not list the other any more: asked all the same. */
static void who_slept_long_finds_whom_only_the_bootnode_lost(void **state) {
    struct couple couple = meet(state, NAT_NONE, NAT_NONE);
    couple.world->tamper = part_from_bootnode;
    couple.world->tampering = couple.bert;
    world_run(couple.world, MINUTE);
    person_sleep(couple.anna);
    world_run(couple.world, 5 * MINUTE);
    person_wake(couple.anna);
    both_say(&couple);
    world_wait(couple.world, 5000, all_heard(&couple));
    assert_one_conversation(&couple);
}

static void a_path_dead_for_10_s_comes_back(void **state) {
    struct couple couple = meet(state, NAT_PORT_RESTRICTED, NAT_PORT_RESTRICTED);
    struct counts counts;
    watch(couple.world, &counts);
    for (int i = 0; i < 3; i++) {
        both_say(&couple);
        world_run(couple.world, 1000);
        counts.block_peers = true;
        both_say(&couple);
        world_run(couple.world, 10000);
        counts.block_peers = false;
        world_wait(couple.world, 5000, all_heard(&couple));
    }
    world_run(couple.world, MINUTE);
    both_say(&couple);
    world_wait(couple.world, 200, all_heard(&couple));
    assert_one_conversation(&couple);
}

/* Past the life of every key, and with no bootnode to help. */
static void a_path_dead_for_4_minutes_comes_back(void **state) {
    struct couple couple = meet(state, NAT_NONE, NAT_NONE);
    struct counts counts;
    world_run(couple.world, 5000);
    watch(couple.world, &counts);
    couple.world->bootnode_down = true;
    counts.block_peers = true;
    both_say(&couple);
    world_run(couple.world, 4 * MINUTE);
    counts.block_peers = false;
    world_wait(couple.world, MINUTE + 10000, all_heard(&couple));
    assert_one_conversation(&couple);
}

static void the_bootnode_introduces_again(void **state) {
    struct world *world = *state;
    struct counts counts;
    watch(world, &counts);
    counts.block_peers = true;
    struct person *anna = world_person(world, "anna", NAT_PORT_RESTRICTED);
    struct person *bert = world_person(world, "bert", NAT_PORT_RESTRICTED);
    anna->no_relays = true;
    person_start(anna, "tea");
    person_start(bert, "tea");
    world_wait(world, 5000, anna->credit > 0);
    person_say(anna, "can you hear me?");
    world_run(world, 20000);
    assert_in_range(counts.by_type[MESSAGE_INTRODUCE], 2, 20);
    assert_int_equal(person_count(anna, EVENT_PEER_CONNECTED, NULL), 0);
    counts.block_peers = false;
    world_wait(world, 16000 + 4000, everyone_connected(world));
    world_wait(world, 500, person_heard(bert, anna, "can you hear me?") == 1);
}

/* Rounds grow to a minute apart, and each address gets ten packets in all, and one more for each sign of the
 * other side that it tries, too: four at once, then one every 30 s. */
static void rounds_without_success_grow_rare(void **state) {
    struct world *world = *state;
    struct counts counts;
    watch(world, &counts);
    counts.block_peers = true;
    struct person *anna = world_person(world, "anna", NAT_NONE), *bert = world_person(world, "bert", NAT_NONE);
    anna->no_relays = true;
    person_start(anna, "tea");
    person_start(bert, "tea");
    world_run(world, 10 * MINUTE);

    assert_in_range(counts.by_type[PEER_INITIATION], 15, 10 + 4 + 20);
    assert_in_range(counts.by_type[PEER_PROBE], 15, 10 + 4 + 20);
    counts.block_peers = false;
    world_wait(world, MINUTE + 4000, everyone_connected(world));
}

int main(void) {
#define SCENARIO(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        SCENARIO(renewal_loses_nothing_under_traffic),
        SCENARIO(renewal_goes_on_in_silence),
        SCENARIO(old_keys_receive_until_180_s),
        SCENARIO(old_keys_receive_nothing_after_180_s),
        SCENARIO(chat_goes_on_without_a_bootnode),
        SCENARIO(a_restarted_bootnode_is_registered_at_again),
        SCENARIO(who_waited_for_the_bootnode_joins),
        SCENARIO(the_bootnode_learns_our_latest_addresses),
        SCENARIO(a_rebound_nat_is_followed_by_validation),
        SCENARIO(a_rebound_nat_is_followed_by_the_bootnode),
        SCENARIO(a_restarted_client_goes_on),
        SCENARIO(a_restarted_client_gets_what_waited),
        SCENARIO(nothing_is_shown_twice_after_an_absence),
        SCENARIO(who_slept_for_a_minute_is_back),
        SCENARIO(who_slept_long_finds_whom_only_the_bootnode_lost),
        SCENARIO(a_path_dead_for_10_s_comes_back),
        SCENARIO(a_path_dead_for_4_minutes_comes_back),
        SCENARIO(the_bootnode_introduces_again),
        SCENARIO(rounds_without_success_grow_rare),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("endurance", tests, NULL, NULL);
}

/* Nobody gets much from clients because of a member that named an address, or left one behind: PROTOCOL.md §3.2
 * rule 14. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "bootnode/table/room.h"
#include "bootnode/table/shard_join.h"
#include "bootnode/table/shard_members.h"
#include "client/peer/budget.h"
#include "client/peer/trials.h"
#include "tests/scenario/support/hostile.h"

#define PEOPLE 30
#define NAMES 7 /* in one CANDIDATES, beside the address that a bootnode saw */

static const struct address ghost = {.ip = {[10] = 0xff, 0xff, 192, 0, 2, 66}, .port = 6666};

/* --- Strangers that are named --- */

/* What went to 45.0.x.y. */
struct strangers {
    unsigned of[256 * 256];
    unsigned packets, most;
};

static struct strangers strangers;

static bool count_strangers(struct world *world, struct wire *wire) {
    (void)world;
    const uint8_t *ip = wire->to.ip;
    if (!wire->sender || ip[12] != 45 || wire->data[0] != PEER_DATA) return true;
    unsigned now = ++strangers.of[ip[14] << 8 | ip[15]];
    strangers.packets++;
    if (now > strangers.most) strangers.most = now;
    return true;
}

/* Her client believes that these are addresses of its own, so says it to everybody. */
static void name(struct person *mallory, unsigned first, unsigned count, unsigned pool, uint16_t port) {
    struct candidate_list list = {.count = 0};
    for (unsigned i = 0; i < count; i++) {
        unsigned number = (first + i) % pool;
        list.items[list.count++] =
            (struct address){.ip = {[10] = 0xff, 0xff, 45, 0, (uint8_t)(number >> 8), (uint8_t)number}, .port = port};
    }
    engine_set_candidates(mallory->engine, &list, mallory->world->now);
}

/* Two that meet nowhere but at a bootnode's relay. */
static void meet_relayed(struct world *world, struct person *anna, struct person *mallory) {
    strangers = (struct strangers){.packets = 0};
    world->tamper = count_strangers;
    person_start(anna, "tea");
    person_start(mallory, "tea");
    world_wait(world, 10000, everyone_connected(world));
}

static void name_for_four_minutes(void **state, unsigned pool) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_SYMMETRIC);
    struct person *mallory = world_person(world, "mallory", NAT_SYMMETRIC);
    meet_relayed(world, anna, mallory);
    for (unsigned i = 0; i < 60; i++) {
        name(mallory, i * NAMES, pool < NAMES ? pool : NAMES, pool, 53);
        world_run(world, 4000);
    }
    print_message("# %u strangers got %u packets, one of them %u\n", pool, strangers.packets, strangers.most);
    unsigned all = pool * BUDGET_NAMED_HOST, paced = TRIALS_NAMED_BURST + 260000 / TRIALS_NAMED_EVERY_MS;
    assert_in_range(strangers.most, 1, BUDGET_NAMED_HOST);
    assert_in_range(strangers.packets, 1, all < paced ? all : paced);
    name(mallory, 0, pool < NAMES ? pool : NAMES, pool, 53); /* the same once more */
    world_run(world, 600000);
    assert_in_range(strangers.most, 1, BUDGET_NAMED_HOST);
    assert_int_equal(person_count(anna, EVENT_PEER_LEFT, NULL), 0);
}

static void one_stranger_is_named(void **state) {
    name_for_four_minutes(state, 1);
}

static void five_strangers_are_named(void **state) {
    name_for_four_minutes(state, 5);
}

static void fifteen_strangers_are_named(void **state) {
    name_for_four_minutes(state, 15);
}

static void two_hundred_strangers_are_named(void **state) {
    name_for_four_minutes(state, 200);
}

/* With other ports each time, by three members in two rooms. */
static void many_name_one_stranger(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_SYMMETRIC), *others[3];
    strangers = (struct strangers){.packets = 0};
    world->tamper = count_strangers;
    person_start(anna, "tea");
    person_join(anna, "coffee");
    for (unsigned i = 0; i < 3; i++) {
        static const char *const names[] = {"mallory", "oscar", "trudy"};
        others[i] = world_person(world, names[i], NAT_SYMMETRIC);
        person_start(others[i], "tea");
        person_join(others[i], "coffee");
    }
    world_wait(world, 20000, everyone_connected(world));
    for (unsigned i = 0; i < 60; i++) {
        for (unsigned k = 0; k < 3; k++) name(others[k], 0, 1, 1, (uint16_t)(1000 + 3 * i + k));
        world_run(world, 4000);
    }
    /* Each of the four has its own count, and the three hear of each other, too. */
    print_message("# four clients sent %u packets\n", strangers.packets);
    assert_in_range(strangers.packets, 1, 4 * BUDGET_NAMED_HOST);
}

/* They know of it by each other's word alone: the bootnode has no IPv6. */
static void who_was_named_and_comes_back_is_found_again(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_SYMMETRIC);
    struct person *bert = world_person(world, "bert", NAT_SYMMETRIC);
    person_has_ipv6(anna, NAT_PORT_RESTRICTED);
    person_has_ipv6(bert, NAT_PORT_RESTRICTED);
    const struct candidate_list annas = {.count = 1, .items = {anna->nat6.outside}};
    const struct candidate_list berts = {.count = 1, .items = {bert->nat6.outside}};
    person_start(anna, "tea");
    engine_set_candidates(anna->engine, &annas, world->now);
    for (int visit = 0; visit < 10; visit++) {
        person_forget(anna);
        person_start(bert, "tea");
        engine_set_candidates(bert->engine, &berts, world->now);
        world_wait(world, 20000, person_count(anna, EVENT_PEER_PATH, bert) == 1);
        assert_false(person_last(anna, EVENT_PEER_PATH, bert)->relayed);
        person_kill(bert);
        world_run(world, 600000);
    }
}

static bool count_all_strangers(struct hostile *mallory, struct wire *wire) {
    return count_strangers(mallory->world, wire);
}

static void on_a_direct_path_nobody_is_asked(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE);
    struct hostile mallory;
    strangers = (struct strangers){.packets = 0};
    hostile_init(&mallory, world, anna, "tea", true);
    mallory.tamper = count_all_strangers;
    person_start(anna, "tea");
    world_run(world, 1000);
    hostile_meet(&mallory);
    for (unsigned i = 0; i < 50; i++) {
        struct frame frame = {.type = FRAME_CANDIDATES, .candidates = {.answer = i % 2}};
        for (uint8_t k = 0; k < RECORD_CANDIDATES_MAX; k++)
            frame.candidates.candidates.items[frame.candidates.candidates.count++] =
                (struct address){.ip = {[10] = 0xff, 0xff, 45, 0, (uint8_t)i, k}, .port = 53};
        hostile_frame(&mallory, &mallory.at, &frame);
        hostile_run(&mallory, 1000);
    }
    assert_int_equal(strangers.packets, 0);
}

/* --- Addresses that are left behind --- */

static struct person *people_start(struct world *world, struct hostile *mallory, unsigned count, bool initiator) {
    static char names[PEOPLE][8];
    struct person *first = NULL;
    for (unsigned i = 0; i < count; i++) {
        snprintf(names[i], sizeof names[i], "p%u", i);
        struct person *person = world_person(world, names[i], NAT_NONE);
        if (!first) {
            first = person;
            hostile_init(mallory, world, first, "tea", initiator);
        }
        person_start(person, "tea");
    }
    world_wait(world, 60000, everyone_connected(world));
    hostile_count(mallory, &(struct address){.ip = {[10] = 0xff, 0xff, 192, 0, 2, 66}});
    return first;
}

static struct shard *shard_of(const struct hostile *mallory) {
    struct node *node = &mallory->world->net->node;
    return node->shards[shard_of_room(node->shard_hash_key, mallory->keys.set.tag, node->shard_count)];
}

static struct session *session_of(const struct hostile *mallory, const struct person *person) {
    struct shard *shard = shard_of(mallory);
    shard_lock(shard);
    struct session *session = room_find(shard_room(shard, mallory->keys.set.tag), person->id);
    shard_unlock(shard);
    assert_non_null(session);
    return session;
}

static void update(struct hostile *mallory, uint32_t revision, uint16_t first_port) {
    struct update_body body = {.revision = revision, .candidates = {.count = 4}};
    for (uint16_t i = 0; i < 4; i++) {
        body.candidates.items[i] = ghost;
        body.candidates.items[i].port = (uint16_t)(first_port + i);
    }
    (void)shard_update(shard_of(mallory), mallory->session_id, &body, mallory->world->net->context.now);
}

/* It beats for six minutes, and names other ports of its address each time. */
static void a_ghost_draws_ten_from_each(void **state) {
    struct world *world = *state;
    struct hostile mallory;
    (void)people_start(world, &mallory, PEOPLE, true);
    hostile_register(&mallory, NULL);
    hostile_run(&mallory, 120000);
    print_message("# %u members: %u packets in 2 min\n", PEOPLE, (unsigned)mallory.at_victim.packets);
    assert_in_range(mallory.at_victim.packets, PEOPLE, PEOPLE * TRIALS_PACKETS);
    for (uint32_t i = 0; i < 60; i++) {
        update(&mallory, 2 + i, (uint16_t)(1000 + 4 * i));
        hostile_run(&mallory, 4000);
    }
    print_message("# and %u in six\n", (unsigned)mallory.at_victim.packets);
    assert_in_range(mallory.at_victim.packets, PEOPLE, PEOPLE * TRIALS_PACKETS);
}

/* In the place of the session that it has. */
static void a_ghost_that_registers_anew_is_not_worth_more(void **state) {
    struct world *world = *state;
    struct hostile mallory;
    (void)people_start(world, &mallory, 5, true);
    for (int i = 0; i < 40; i++) {
        hostile_register(&mallory, NULL);
        hostile_run(&mallory, 10000);
    }
    print_message("# 5 members, 40 registrations in 400 s: %u packets\n", (unsigned)mallory.at_victim.packets);
    assert_in_range(mallory.at_victim.packets, 5, 5 * TRIALS_PACKETS);
}

/* Of a client that was connected, and stopped to be there, only the session at the bootnode lives on. */
static void who_was_there_once_gets_little_more(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE), *bert = world_person(world, "bert", NAT_NONE);
    struct hostile mallory; /* counts, and beats for Bert */
    hostile_init(&mallory, world, anna, "tea", true);
    person_start(anna, "tea");
    person_start(bert, "tea");
    world_wait(world, 10000, everyone_connected(world));
    world_run(world, 20000);
    struct session *session = session_of(&mallory, bert);
    person_kill(bert);
    hostile_count(&mallory, &bert->nat.outside);
    mallory.victim.port = 0;
    for (int i = 0; i < 100; i++) {
        if (i % 4 == 0) person_say(anna, "are you there?");
        world_run(world, 3000);
        atomic_store(&session->heard_ms, (uint32_t)world->net->context.now);
    }
    print_message("# %u packets to who has gone\n", (unsigned)mallory.at_victim.packets);
    assert_in_range(mallory.at_victim.packets, 1, 10 + TRIALS_PACKETS); /* ten until the path is given up */
}

#define GHOSTS 500

/* Members of anybody's invention at one address, with ports beside it. */
static uint64_t ghost_register(const struct hostile *mallory, const struct address *address) {
    struct register_body body = {.suite_mask = SUITE_CHACHA20_POLY1305, .revision = 1, .candidates = {.count = 4}};
    struct registration registration = {.body = &body, .address = *address};
    struct registered registered;
    uint8_t members[PACKET_MAX];
    struct writer writer = writer_over(members, sizeof members);
    enum refusal refusal;
    uint64_t now = mallory->world->net->context.now;
    memcpy(body.room_tag, mallory->keys.set.tag, ROOM_TAG_SIZE);
    randombytes_buf(body.member_id, MEMBER_ID_SIZE);
    for (int i = 0; i < 4; i++) {
        body.candidates.items[i] = *address;
        body.candidates.items[i].port = (uint16_t)(1024 + randombytes_uniform(60000));
    }
    assert_int_equal(shard_register(shard_of(mallory), &registration, now, &registered, &writer), REGISTERED);
    assert_int_equal(shard_confirm(shard_of(mallory), registered.session_id, now, &refusal), REGISTERED);
    return registered.session_id;
}

static void beat_for_all(struct hostile *mallory, const uint64_t *sessions, unsigned beats) {
    for (unsigned beat = 0; beat < beats; beat++) {
        for (int i = 0; i < GHOSTS; i++) {
            mallory->session_id = sessions[i];
            hostile_beat(mallory);
        }
        world_run(mallory->world, 4000);
    }
}

/* For four minutes all of them beat. */
static void five_hundred_ghosts_draw_five_thousand(void **state) {
    struct world *world = *state;
    static uint64_t sessions[GHOSTS];
    struct hostile mallory;
    world->net->config.room_members = 1000;
    net_restart(world->net, true);
    struct person *anna = world_person(world, "anna", NAT_NONE);
    hostile_init(&mallory, world, anna, "tea", true);
    for (int i = 0; i < GHOSTS; i++) sessions[i] = ghost_register(&mallory, &ghost);
    hostile_count(&mallory, &(struct address){.ip = {[10] = 0xff, 0xff, 192, 0, 2, 66}});
    person_start(anna, "tea");
    world_wait(world, 5000, person_count(anna, EVENT_PEER_JOINED, NULL) == GHOSTS);
    beat_for_all(&mallory, sessions, 60);
    print_message("# one client sent %u packets\n", (unsigned)mallory.at_victim.packets);
    assert_int_equal(person_count(anna, EVENT_PEER_LEFT, NULL), 0);
    assert_in_range(mallory.at_victim.packets, GHOSTS, GHOSTS * TRIALS_PACKETS);
}

/* Behind one NAT with more ghosts than its address has packets for, Bert is met directly all the same. */
static void a_neighbour_of_ghosts_is_reached(void **state) {
    struct world *world = *state;
    static uint64_t sessions[GHOSTS];
    struct hostile mallory;
    world->net->config.room_members = 1000;
    net_restart(world->net, true);
    struct person *anna = world_person(world, "anna", NAT_PORT_RESTRICTED);
    struct person *bert = world_person(world, "bert", NAT_PORT_RESTRICTED);
    struct address there = bert->nat.outside, beside = there;
    there.port = 0;
    beside.port++;
    hostile_init(&mallory, world, anna, "tea", true);
    hostile_count(&mallory, &there);
    person_start(anna, "tea");
    for (int visit = 0; visit < 2; visit++) {
        world_run(world, 20000); /* those before are gone */
        for (int i = 0; i < GHOSTS; i++) sessions[i] = ghost_register(&mallory, &beside);
        beat_for_all(&mallory, sessions, 60);
    }
    assert_int_equal(mallory.at_victim.packets, BUDGET_NETWORK);
    person_start(bert, "tea");
    world_wait(world, 60000, person_sees(anna, bert) && person_sees(bert, anna));
    beat_for_all(&mallory, sessions, 15);
    const struct event *path = person_last(anna, EVENT_PEER_PATH, bert);
    if (!path) path = person_last(anna, EVENT_PEER_CONNECTED, bert);
    assert_false(path->relayed);
}

/* --- PROBEs --- */

static void probe(struct hostile *mallory, const struct address *from) {
    struct peer_probe probe;
    uint8_t packet[PEER_PROBE_SIZE];
    pair_tag_derive(mallory->keys.set.mac_key, mallory->id, mallory->pair.other_id, probe.pair_tag);
    size_t size = peer_probe_encode(&probe, packet, sizeof packet);
    peer_mac_write(mallory->keys.set.mac_key, packet, size);
    hostile_send(mallory, from, packet, size);
}

struct answered {
    struct address from;
    unsigned there, elsewhere;
};

static bool count_answers(struct hostile *mallory, struct wire *wire) {
    struct answered *answered = mallory->test;
    if (wire->sender != mallory->mark || (wire->data[0] != PEER_INITIATION && wire->data[0] != PEER_PROBE)) return true;
    if (address_equal(&wire->to, &answered->from))
        answered->there++;
    else
        answered->elsewhere++;
    return true;
}

/* `every`: ms between two, for a minute, in the pause between two rounds. */
static void probes_draw_one_each(void **state, unsigned every, const struct address *from, bool initiator) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE);
    struct answered answered = {.from = *from};
    struct hostile mallory;
    hostile_init(&mallory, world, anna, "tea", initiator);
    mallory.tamper = count_answers;
    mallory.test = &answered;
    person_start(anna, "tea");
    world_run(world, 1000);
    hostile_register(&mallory, NULL);
    hostile_run(&mallory, 90000);
    unsigned before = answered.there + answered.elsewhere, sent = 0;
    assert_in_range(before, 1, TRIALS_PACKETS);
    answered.there = answered.elsewhere = 0;
    for (uint64_t ms = 0; ms < 60000; ms += every, sent++) {
        probe(&mallory, from);
        hostile_run(&mallory, every);
    }
    hostile_run(&mallory, 20000);
    print_message("# %u PROBEs drew %u packets to where they came from, %u elsewhere\n", sent, answered.there,
                  answered.elsewhere);
    assert_int_equal(answered.elsewhere, 0);
    assert_in_range(answered.there, initiator ? 0 : 1, initiator ? 0 : sent < 130 ? sent : 130);
}

static const struct address anywhere = {.ip = {[10] = 0xff, 0xff, 198, 51, 100, 99}, .port = 1234};

static void rare_probes_from_anywhere(void **state) {
    probes_draw_one_each(state, 3000, &anywhere, false);
}

static void a_flood_of_probes_from_anywhere(void **state) {
    probes_draw_one_each(state, 5, &anywhere, false);
}

static void rare_probes_from_the_ghost(void **state) {
    probes_draw_one_each(state, 3000, &ghost, false);
}

static void a_flood_of_probes_from_the_ghost(void **state) {
    probes_draw_one_each(state, 5, &ghost, false);
}

static void a_responder_heeds_no_probes(void **state) {
    probes_draw_one_each(state, 5, &anywhere, true);
}

#define SCENARIO(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        SCENARIO(one_stranger_is_named),
        SCENARIO(five_strangers_are_named),
        SCENARIO(fifteen_strangers_are_named),
        SCENARIO(two_hundred_strangers_are_named),
        SCENARIO(many_name_one_stranger),
        SCENARIO(who_was_named_and_comes_back_is_found_again),
        SCENARIO(on_a_direct_path_nobody_is_asked),
        SCENARIO(a_ghost_draws_ten_from_each),
        SCENARIO(a_ghost_that_registers_anew_is_not_worth_more),
        SCENARIO(five_hundred_ghosts_draw_five_thousand),
        SCENARIO(a_neighbour_of_ghosts_is_reached),
        SCENARIO(who_was_there_once_gets_little_more),
        SCENARIO(rare_probes_from_anywhere),
        SCENARIO(a_flood_of_probes_from_anywhere),
        SCENARIO(rare_probes_from_the_ghost),
        SCENARIO(a_flood_of_probes_from_the_ghost),
        SCENARIO(a_responder_heeds_no_probes),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("left alone", tests, NULL, NULL);
}

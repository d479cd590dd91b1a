/* Clients of a cluster: they enter by any node, register with the homes of their room, and stay with them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "common/wire/bootnode_packets.h"
#include "tests/scenario/support/world_cluster.h"
#include "tests/support/folder.h"

#define CONNECT_MS 5000

/* What must have been seen by a newcomer, while one home lives: ISSUE 15. */
#define NEWCOMER_MS 1500

static struct person *arrive(struct world *world, const char *name) {
    struct person *person = world_person(world, name, NAT_PORT_RESTRICTED);
    person_start(person, "tea");
    return person;
}

/* Of the nodes that live. */
static bool all_are_at(const struct world *world, uint32_t nodes) {
    uint32_t live = 0;
    for (size_t i = 0; i < world->place_count; i++) live |= world->places[i].down ? 0 : WORLD_NODE(i);
    for (size_t i = 0; i < world->people_count; i++)
        if (world->people[i].engine && (world_cluster_lists(world, &world->people[i]) & live) != (nodes & live))
            return false;
    return true;
}

static unsigned left(const struct world *world) {
    unsigned count = 0;
    for (size_t i = 0; i < world->people_count; i++) count += person_count(&world->people[i], EVENT_PEER_LEFT, NULL);
    return count;
}

static size_t first_of(uint32_t nodes) {
    return (size_t)__builtin_ctz(nodes);
}

struct couple {
    struct world *world;
    struct person *anna, *bert;
    uint32_t homes;
};

static struct couple couple_connect(void **state, size_t count, uint8_t replicas) {
    struct couple couple = {.world = *state};
    world_cluster_open(couple.world, count, replicas);
    couple.homes = world_cluster_homes(couple.world, 0, "tea");
    couple.anna = arrive(couple.world, "anna");
    couple.bert = arrive(couple.world, "bert");
    world_wait(couple.world, CONNECT_MS, everyone_connected(couple.world));
    world_wait(couple.world, CONNECT_MS, all_are_at(couple.world, couple.homes));
    return couple;
}

static void they_talk(struct couple *couple, const char *text) {
    world_wait(couple->world, CONNECT_MS, couple->anna->credit > 0 && couple->bert->credit > 0);
    person_say(couple->anna, text);
    person_say(couple->bert, text);
    world_wait(couple->world, CONNECT_MS,
               person_heard(couple->anna, couple->bert, text) == 1 &&
                   person_heard(couple->bert, couple->anna, text) == 1);
}

static void the_entry_leads_to_the_homes(void **state) {
    struct couple couple = couple_connect(state, 5, 2);
    assert_int_equal(__builtin_popcount(couple.homes), 2);
    they_talk(&couple, "hello");
    assert_int_equal(person_count(couple.anna, EVENT_REGISTERED, NULL), 2);
    world_run(couple.world, 60000);
    assert_true(all_are_at(couple.world, couple.homes));
    assert_int_equal(person_count(couple.anna, EVENT_REGISTERED, NULL), 2);
    assert_int_equal(person_count(couple.anna, EVENT_BOOTNODE_LOST, NULL), 0);
    engine_end_of_input(couple.bert->engine, couple.world->now);
    world_wait(couple.world, CONNECT_MS, couple.bert->status >= 0);
    assert_int_equal(couple.bert->status, 0);
    world_run(couple.world, 20000);
    assert_int_equal(person_count(couple.anna, EVENT_PEER_LEFT, couple.bert), 1);
    assert_true(person_last(couple.anna, EVENT_PEER_LEFT, couple.bert)->said_bye);
    assert_int_equal(world_cluster_lists(couple.world, couple.bert), 0);
}

/* --- Nodes that go and come --- */

#define KNOWN_MS 5000 /* until the others know that one is dead */
#define TRUTH_MS 20000

/* A newcomer is told of both. */
static void a_newcomer_sees_them(const struct couple *couple, const char *name) {
    struct world *world = couple->world;
    const uint64_t began = world->now;
    const struct person *person = arrive(world, name);
    world_wait(world, NEWCOMER_MS,
               person_count(person, EVENT_PEER_JOINED, couple->anna) == 1 &&
                   person_count(person, EVENT_PEER_JOINED, couple->bert) == 1);
    printf("# %s sees all after %u ms\n", name, (unsigned)(world->now - began));
    world_wait(world, CONNECT_MS, person_sees(person, couple->anna) && person_sees(couple->anna, person));
}

static void kill_all(struct world *world, uint32_t nodes) {
    for (size_t i = 0; i < world->place_count; i++)
        if (nodes >> i & 1) world_cluster_kill(world, i);
}

/* Some die; the others know it later. The members get there, and nobody is said to have left. */
static void they_survive(struct couple *couple, uint32_t dead) {
    struct world *world = couple->world;
    const uint64_t died = world->now;
    const uint32_t live = WORLD_NODES_ALL & ~dead;
    kill_all(world, dead);
    a_newcomer_sees_them(couple, "carl");
    world_run(world, KNOWN_MS - (world->now - died));
    for (size_t i = 0; i < world->place_count; i++)
        if (live >> i & 1) world_cluster_view(world, i, live);
    uint32_t homes = world_cluster_homes(world, first_of(live), "tea");
    world_wait(world, TRUTH_MS, all_are_at(world, homes));
    printf("# all are at the new homes after %u ms\n", (unsigned)(world->now - died));
    assert_true(world->now - died <= TRUTH_MS);
    a_newcomer_sees_them(couple, "dora");
    they_talk(couple, "still here");
    world_run(world, 60000);
    assert_int_equal(left(world), 0);
    assert_int_equal(person_count(couple->anna, EVENT_BOOTNODE_LOST, NULL), 0);
}

static void a_home_dies_and_nobody_leaves(void **state) {
    struct couple couple = couple_connect(state, 5, 2);
    they_survive(&couple, WORLD_NODE(first_of(couple.homes)));
}

static void a_home_of_one_dies_and_nobody_leaves(void **state) {
    struct couple couple = couple_connect(state, 3, 1);
    struct world *world = couple.world;
    const uint64_t died = world->now;
    kill_all(world, couple.homes);
    world_run(world, KNOWN_MS);
    world_cluster_views(world, WORLD_NODES_ALL & ~couple.homes);
    size_t other = first_of(WORLD_NODES_ALL & ~couple.homes);
    uint32_t homes = world_cluster_homes(world, other, "tea");
    world_wait(world, TRUTH_MS,
               world_cluster_lists(world, couple.anna) & world_cluster_lists(world, couple.bert) & homes);
    printf("# all are at the new home after %u ms\n", (unsigned)(world->now - died));
    world_run(world, 60000);
    assert_int_equal(left(world), 0);
}

/* Nobody is there who lists them to a newcomer, until they have found each other where they were lent a place. */
static void all_homes_die_and_nobody_leaves(void **state) {
    struct couple couple = couple_connect(state, 6, 2);
    struct world *world = couple.world;
    const uint64_t died = world->now;
    const uint32_t live = WORLD_NODES_ALL & ~couple.homes;
    kill_all(world, couple.homes);
    struct person *carl = arrive(world, "carl");
    world_run(world, KNOWN_MS);
    for (size_t i = 0; i < world->place_count; i++)
        if (live >> i & 1) world_cluster_view(world, i, live);
    uint32_t homes = world_cluster_homes(world, first_of(live), "tea");
    world_wait(world, TRUTH_MS, person_sees(carl, couple.anna) && person_sees(carl, couple.bert));
    printf("# a newcomer sees all after %u ms\n", (unsigned)(world->now - died));
    world_wait(world, TRUTH_MS,
               (world_cluster_lists(world, couple.anna) & homes) == homes &&
                   (world_cluster_lists(world, couple.bert) & homes) == homes &&
                   (world_cluster_lists(world, carl) & homes) == homes);
    printf("# all are at the new homes after %u ms\n", (unsigned)(world->now - died));
    they_talk(&couple, "still here");
    world_run(world, 60000);
    assert_int_equal(left(world), 0);
    assert_int_equal(person_count(couple.anna, EVENT_BOOTNODE_LOST, NULL), 0);
}

/* A node that lives is no home any more, or another one is: all move, and hear of it as of nothing. */
static void they_move(struct couple *couple, uint32_t view) {
    struct world *world = couple->world;
    world_cluster_views(world, view);
    uint32_t homes = world_cluster_homes(world, first_of(view), "tea");
    assert_true(homes != couple->homes);
    world_wait(world, TRUTH_MS, all_are_at(world, homes));
    couple->homes = homes;
    assert_int_equal(left(world), 0);
    assert_int_equal(person_count(couple->anna, EVENT_PEER_JOINED, NULL), world->people_count - 1);
    assert_int_equal(person_count(couple->anna, EVENT_BOOTNODE_LOST, NULL), 0);
}

static void a_home_is_drained(void **state) {
    struct couple couple = couple_connect(state, 5, 2);
    they_move(&couple, WORLD_NODES_ALL & ~WORLD_NODE(first_of(couple.homes)));
    they_talk(&couple, "moved");
    they_move(&couple, WORLD_NODES_ALL);
    they_talk(&couple, "and back");
    a_newcomer_sees_them(&couple, "carl");
    world_run(couple.world, 90000);
    assert_int_equal(left(couple.world), 0);
    assert_true(all_are_at(couple.world, couple.homes));
}

/* Two nodes become eight. */
static void nodes_are_added(void **state) {
    struct couple couple = {.world = *state};
    struct world *world = couple.world;
    unsigned moves = 0;
    uint32_t view = WORLD_NODE(6) | WORLD_NODE(7);
    world_cluster_open(world, 8, 2);
    world->entry = WORLD_ENTRY_NAMES;
    world_cluster_views(world, view);
    couple.anna = arrive(world, "anna");
    couple.bert = arrive(world, "bert");
    world_wait(world, CONNECT_MS, everyone_connected(world) && all_are_at(world, view));
    for (size_t i = 6; i-- > 0;) {
        view |= WORLD_NODE(i);
        uint32_t before = world_cluster_homes(world, 7, "tea");
        world_cluster_views(world, view);
        uint32_t homes = world_cluster_homes(world, 7, "tea");
        moves += homes != before;
        world_wait(world, TRUTH_MS, all_are_at(world, homes));
        they_talk(&couple, (const char *[]){"a", "b", "c", "d", "e", "f"}[i]);
    }
    assert_true(moves > 1);
    assert_int_equal(left(world), 0);
}

/* Somebody leaves for good while all move. */
static void who_leaves_in_a_move_has_left(void **state) {
    struct couple couple = couple_connect(state, 5, 2);
    struct world *world = couple.world;
    world_cluster_views(world, WORLD_NODES_ALL & ~WORLD_NODE(first_of(couple.homes)));
    uint64_t until = world->now + 60;
    while (world->now < until) world_step(world, until);
    engine_end_of_input(couple.bert->engine, world->now);
    world_wait(world, CONNECT_MS, couple.bert->status >= 0);
    assert_int_equal(couple.bert->status, 0);
    world_run(world, 20000);
    assert_int_equal(person_count(couple.anna, EVENT_PEER_LEFT, couple.bert), 1);
    assert_true(person_last(couple.anna, EVENT_PEER_LEFT, couple.bert)->said_bye);
    assert_int_equal(world_cluster_lists(world, couple.bert), 0);
}

/* --- Views that differ --- */

/* One node believes that a dead one lives, and leads there; who enters by it meets the others all the same. */
static void a_frozen_view_shares_a_home(void **state) {
    struct couple couple = couple_connect(state, 5, 2);
    struct world *world = couple.world;
    const uint32_t dead = WORLD_NODE(first_of(couple.homes)), live = WORLD_NODES_ALL & ~dead;
    kill_all(world, dead);
    size_t frozen = first_of(live & ~couple.homes);
    for (size_t i = 0; i < world->place_count; i++)
        if (live >> i & 1 && i != frozen) world_cluster_view(world, i, live);
    for (world->entry_seed = 0; world->entry_seed < 8; world->entry_seed++) {
        char name[16];
        snprintf(name, sizeof name, "carl%u", (unsigned)world->entry_seed);
        struct person *carl = world_person(world, name, NAT_PORT_RESTRICTED);
        person_start(carl, "tea");
        world_wait(world, NEWCOMER_MS,
                   person_count(carl, EVENT_PEER_JOINED, couple.anna) &&
                       person_count(carl, EVENT_PEER_JOINED, couple.bert));
    }
    world_run(world, 60000);
    assert_int_equal(left(world), 0);
}

struct seen {
    struct address to[3];          /* which addresses, */
    unsigned hellos[3], others[3]; /* and what went there */
    size_t count;
};

static bool count_packets(struct world *world, struct wire *wire) {
    struct seen *seen = world->tampering;
    for (size_t i = 0; i < seen->count; i++) {
        if (!address_equal(&wire->to, &seen->to[i])) continue;
        if (wire->data[0] == MESSAGE_HELLO)
            seen->hellos[i]++;
        else
            seen->others[i]++;
    }
    return true;
}

/* Each sends to the other. The client goes round at most twice, waits, and asks the entry again. */
static void a_loop_is_followed_slowly(void **state) {
    struct world *world = *state;
    world_cluster_open(world, 2, 1);
    world_cluster_view(world, 0, WORLD_NODE(1));
    world_cluster_view(world, 1, WORLD_NODE(0));
    struct seen seen = {.to = {world_entry(), world_bootnode_at(0), world_bootnode_at(1)}, .count = 3};
    world->tampering = &seen;
    world->tamper = count_packets;
    struct person *anna = arrive(world, "anna");
    world_run(world, 60000);
    printf("# a loop, in 60 s: HELLOs to the entry %u, to the nodes %u and %u\n", seen.hellos[0], seen.hellos[1],
           seen.hellos[2]);
    assert_true(seen.hellos[0] <= 70 && seen.hellos[0] > 20);
    assert_true(seen.hellos[1] <= 70 && seen.hellos[2] <= 70);
    assert_int_equal(seen.others[0] + seen.others[1] + seen.others[2], 0);
    assert_int_equal(person_count(anna, EVENT_BOOTNODE_LOST, NULL), 1);
    world_cluster_views(world, WORLD_NODES_ALL);
    world_wait(world, CONNECT_MS, person_count(anna, EVENT_REGISTERED, NULL) > 0);
    world_wait(world, CONNECT_MS, person_count(anna, EVENT_BOOTNODE_BACK, NULL) == 1);
}

/* --- Forgers --- */

struct forger {
    struct seen seen;
    struct named_homes homes;
    bool all; /* whoever sends it, not just the entry */
    unsigned forged;
};

static bool forge(struct world *world, struct wire *wire) {
    struct forger *forger = world->tampering;
    const struct address entry = world_entry();
    struct cookie_message message;
    world->tampering = &forger->seen;
    (void)count_packets(world, wire);
    world->tampering = forger;
    if (wire->data[0] != MESSAGE_COOKIE || !(forger->all || address_equal(&wire->from, &entry))) return true;
    if (!cookie_message_decode(wire->data, wire->size, &message)) return true;
    message.homes = forger->homes;
    wire->size = cookie_message_encode(&message, wire->data, sizeof wire->data);
    assert_true(wire->size > 0);
    forger->forged++;
    return true;
}

/* Strangers get five HELLOs each in ten minutes, whatever is forged; nobody else gets any. */
static void forged_homes_get_little(void **state) {
    struct world *world = *state;
    world_cluster_open(world, 3, 2);
    const struct address victim = {.ip = {[10] = 0xff, 0xff, 192, 0, 2, 1}, .port = 5000};
    const struct address low = {.ip = {[10] = 0xff, 0xff, 192, 0, 2, 2}, .port = 53};
    const struct address own = {.ip = {[10] = 0xff, 0xff, 198, 51, 100, 10}, .port = 4000};
    struct forger forger = {.seen = {.to = {victim, low, own}, .count = 3},
                            .homes = {.replicas = 4, .count = 4, .node = 1}};
    const struct address named[4] = {victim, low, own, {.ip = {[10] = 0xff, 0xff, 127, 0, 0, 1}, .port = 5000}};
    for (unsigned i = 0; i < 4; i++) {
        forger.homes.list[i] = (struct home){.node = (uint8_t)(100 + i), .address_count = 1};
        forger.homes.list[i].addresses[0] = named[i];
    }
    world->tampering = &forger;
    world->tamper = forge;
    struct person *anna = arrive(world, "anna");
    person_join(anna, "coffee");
    person_join(anna, "milk");
    world_run(world, 590000);
    printf("# forged %u times: %u HELLOs to a stranger\n", forger.forged, forger.seen.hellos[0]);
    assert_true(forger.forged > 100);
    assert_int_equal(forger.seen.hellos[0], 5);
    assert_int_equal(forger.seen.hellos[1] + forger.seen.hellos[2], 0);
    assert_int_equal(forger.seen.others[0] + forger.seen.others[1],
                     0); /* the third one is its own, where answers come */
    world->tamper = NULL;
    world_wait(world, CONNECT_MS, person_count(anna, EVENT_REGISTERED, NULL) == 6);
}

/* Somebody forges that the homes are elsewhere: those that list us stay. */
static void forged_homes_take_nobody_away(void **state) {
    struct couple couple = couple_connect(state, 3, 2);
    struct world *world = couple.world;
    struct forger forger = {.homes = {.replicas = 2, .count = 2, .node = 1}, .all = true};
    for (unsigned i = 0; i < 2; i++) {
        forger.homes.list[i] = (struct home){.node = (uint8_t)(100 + i), .address_count = 1};
        forger.homes.list[i].addresses[0] =
            (struct address){.ip = {[10] = 0xff, 0xff, 192, 0, 2, (uint8_t)(1 + i)}, .port = 5000};
    }
    world->tampering = &forger;
    world->tamper = forge;
    kill_all(world, WORLD_NODE(first_of(couple.homes)));
    world_run(world, 60000);
    assert_true(forger.forged > 0);
    they_talk(&couple, "here");
    assert_true(all_are_at(world, couple.homes));
    assert_int_equal(left(world), 0);
}

/* One home has another key than the entry: it is left out, and said so once. */
static void a_home_with_another_key_is_left_out(void **state) {
    struct world *world = *state;
    world_cluster_open(world, 3, 2);
    const uint32_t homes = world_cluster_homes(world, 0, "tea");
    size_t stranger = first_of(homes);
    struct node_key key = world_net(world, stranger)->node.key;
    net_restart(world_net(world, stranger), false);
    world_cluster_view(world, stranger, WORLD_NODES_ALL);
    while (world->entry_seed < 64) {
        struct person *person =
            world->people_count ? &world->people[0] : world_person(world, "anna", NAT_PORT_RESTRICTED);
        person_start(person, "tea");
        world_run(world, 3000);
        if (world_cluster_lists(world, person) == (homes & ~WORLD_NODE(stranger))) break;
        person_kill(person); /* it entered by the stranger */
        person_forget(person);
        world->entry_seed++;
    }
    struct person *anna = &world->people[0];
    world_run(world, 60000);
    assert_int_equal(world_cluster_lists(world, anna), homes & ~WORLD_NODE(stranger));
    assert_int_equal(person_count(anna, EVENT_ERROR, NULL), 1);
    assert_non_null(strstr(person_last(anna, EVENT_ERROR, NULL)->text, "another key"));
    assert_int_equal(person_count(anna, EVENT_BOOTNODE_LOST, NULL), 0);
    assert_int_equal(anna->status, -1);
    (void)key;
}

/* --- Networks --- */

static void both_families_lead_there(void **state) {
    struct world *world = *state;
    world->dual = true;
    world_cluster_open(world, 4, 2);
    uint32_t homes = world_cluster_homes(world, 0, "tea");
    struct person *anna = world_person(world, "anna", NAT_PORT_RESTRICTED);
    struct person *bert = world_person(world, "bert", NAT_SYMMETRIC);
    person_has_ipv6(anna, NAT_PORT_RESTRICTED);
    person_start(anna, "tea");
    person_start(bert, "tea");
    world_wait(world, CONNECT_MS, everyone_connected(world) && all_are_at(world, homes));
    world_run(world, 90000);
    assert_true(all_are_at(world, homes));
    assert_int_equal(person_count(anna, EVENT_REGISTERED, NULL), 2);
    assert_int_equal(left(world), 0);
}

/* The entry has one address; the nodes are others, which a NAT maps as it does. */
static void nodes_show_how_a_nat_maps(void **state) {
    struct world *world = *state;
    world_cluster_open(world, 3, 2);
    struct person *anna = world_person(world, "anna", NAT_SYMMETRIC), *bert = arrive(world, "bert");
    person_start(anna, "tea");
    world_wait(world, 20000, engine_nat_mapping(anna->engine) == NAT_MAPPING_DEPENDENT);
    world_wait(world, 20000, engine_nat_mapping(bert->engine) == NAT_MAPPING_INDEPENDENT);
}

static void packets_are_relayed_by_homes(void **state) {
    struct world *world = *state;
    world_cluster_open(world, 5, 2);
    struct person *anna = world_person(world, "anna", NAT_SYMMETRIC),
                  *bert = world_person(world, "bert", NAT_SYMMETRIC);
    anna->socket_most = bert->socket_most = 0;
    person_start(anna, "tea");
    person_start(bert, "tea");
    struct couple couple = {.world = world, .anna = anna, .bert = bert, .homes = world_cluster_homes(world, 0, "tea")};
    world_wait(world, CONNECT_MS, everyone_connected(world) && all_are_at(world, couple.homes));
    assert_true(person_last(anna, EVENT_PEER_CONNECTED, bert)->relayed);
    they_talk(&couple, "through a home");
    they_move(&couple, WORLD_NODES_ALL & ~WORLD_NODE(first_of(couple.homes)));
    they_talk(&couple, "through another");
    world_run(world, 60000);
    they_talk(&couple, "and on");
    assert_int_equal(left(world), 0);
}

static void rooms_have_homes_of_their_own(void **state) {
    struct couple couple = couple_connect(state, 8, 2);
    static const char *const rooms[] = {"one", "two", "three", "four", "five", "six"};
    for (size_t i = 0; i < 6; i++) {
        person_join(couple.anna, rooms[i]);
        person_join(couple.bert, rooms[i]);
    }
    for (size_t i = 0; i < 6; i++)
        world_wait(couple.world, CONNECT_MS,
                   person_count_in(couple.anna, rooms[i], EVENT_PEER_CONNECTED, couple.bert) == 1);
    assert_int_equal(person_count(couple.anna, EVENT_REGISTERED, NULL), 14);
}

/* --- The entry is gone --- */

static bool entry_is_silent(struct world *world, struct wire *wire) {
    const struct address entry = world_entry();
    (void)world;
    return !address_equal(&wire->to, &entry);
}

static void leave_for_now(const struct couple *couple) {
    engine_stop(couple->anna->engine, couple->world->now);
    world_wait(couple->world, CONNECT_MS, couple->anna->status >= 0);
    person_kill(couple->anna);
    person_forget(couple->anna);
    world_wait(couple->world, CONNECT_MS, !person_sees(couple->bert, couple->anna));
}

static void come_back(const struct couple *couple, const char *how) {
    leave_for_now(couple);
    const uint64_t started = couple->world->now;
    person_start(couple->anna, "tea");
    world_wait(couple->world, 2500, person_sees(couple->anna, couple->bert));
    printf("# %s, and connected after %u ms\n", how, (unsigned)(couple->world->now - started));
}

/* What anna remembers of the cluster's nodes suffices, where the name is not found, and where nobody answers there. */
static void nodes_are_remembered(void **state) {
    void *folder;
    struct why why;
    struct couple couple = {.world = *state};
    assert_int_equal(folder_make(&folder), 0);
    world_cluster_open(couple.world, 4, 2);
    couple.bert = arrive(couple.world, "bert");
    couple.anna = world_person(couple.world, "anna", NAT_PORT_RESTRICTED);
    assert_true(known_keys_open(&couple.anna->known_bootnodes, folder, "known_bootnodes", &why));
    person_start(couple.anna, "tea");
    world_wait(couple.world, CONNECT_MS, everyone_connected(couple.world));
    world_wait(couple.world, CONNECT_MS, person_count(couple.anna, EVENT_REGISTERED, NULL) == 2);
    couple.anna->unresolved = true;
    come_back(&couple, "its name is not found");
    couple.anna->unresolved = false;
    couple.world->tamper = entry_is_silent;
    come_back(&couple, "the entry is silent");
    they_talk(&couple, "without an entry");
    world_run(couple.world, 60000);
    assert_int_equal(person_count(couple.anna, EVENT_BOOTNODE_LOST, NULL), 0);
    assert_int_equal(folder_remove(&folder), 0);
}

/* Both homes die, and the entry is gone: the nodes that were met are asked. */
static void an_entry_that_dies_is_no_obstacle(void **state) {
    struct couple couple = couple_connect(state, 5, 2);
    struct world *world = couple.world;
    world->tamper = entry_is_silent;
    for (unsigned round = 0; round < 2; round++) {
        const uint32_t dead = WORLD_NODE(first_of(couple.homes));
        kill_all(world, dead);
        world_run(world, KNOWN_MS);
        world_cluster_views(world, WORLD_NODES_ALL & ~dead);
        couple.homes = world_cluster_homes(world, first_of(WORLD_NODES_ALL & ~dead), "tea");
        world_wait(world, TRUTH_MS, all_are_at(world, couple.homes));
        world->places[first_of(dead)].down = false;
        world_cluster_revive(world, first_of(dead), WORLD_NODES_ALL);
        world_cluster_views(world, WORLD_NODES_ALL);
        couple.homes = world_cluster_homes(world, 0, "tea");
        world_wait(world, TRUTH_MS, all_are_at(world, couple.homes));
    }
    they_talk(&couple, "on and on");
    assert_int_equal(left(world), 0);
    assert_int_equal(person_count(couple.anna, EVENT_BOOTNODE_LOST, NULL), 0);
}

/* Two names of one cluster are one: no session too many, nothing is told of it, and one that is silent costs nothing.
 */
static void two_names_are_one(void **state) {
    struct world *world = *state;
    world_cluster_open(world, 4, 2);
    world->two_names = true;
    struct couple couple = {.world = world, .homes = world_cluster_homes(world, 0, "tea")};
    couple.anna = arrive(world, "anna");
    couple.bert = arrive(world, "bert");
    world_wait(world, CONNECT_MS, everyone_connected(world) && all_are_at(world, couple.homes));
    they_talk(&couple, "twice");
    world->tamper = entry_is_silent;
    kill_all(world, WORLD_NODE(first_of(couple.homes)));
    world_run(world, KNOWN_MS);
    world_cluster_views(world, WORLD_NODES_ALL & ~WORLD_NODE(first_of(couple.homes)));
    couple.homes = world_cluster_homes(world, 3, "tea");
    world_wait(world, TRUTH_MS, all_are_at(world, couple.homes));
    world_run(world, 60000);
    assert_true(all_are_at(world, couple.homes));
    assert_int_equal(person_count(couple.anna, EVENT_ERROR, NULL), 0);
    assert_int_equal(person_count(couple.anna, EVENT_BOOTNODE_LOST, NULL), 0);
    assert_int_equal(left(world), 0);
}

/* --- Chance --- */

#define CHAOS_NODES 6
#define CHAOS_PEOPLE 6
#define CHAOS_ROUNDS 40

static uint32_t chaos_live(const struct world *world) {
    uint32_t live = 0;
    for (size_t i = 0; i < world->place_count; i++)
        if (!world->places[i].down && !world->places[i].paused) live |= WORLD_NODE(i);
    return live;
}

static void chaos_views(struct world *world, uint32_t view) {
    for (size_t i = 0; i < world->place_count; i++)
        if (view >> i & 1) world_cluster_view(world, i, view);
}

/* A fault, which the others know 5 s later; then all are where they belong within 20 s of it. */
static void chaos_round(struct world *world, bool lossy) {
    const uint64_t began = world->now;
    size_t victim =
        randombytes_uniform(3) ? first_of(world_cluster_homes(world, 0, "tea")) : randombytes_uniform(CHAOS_NODES);
    unsigned kind = randombytes_uniform(4);
    world->loss_percent = lossy ? randombytes_uniform(15) : 0;
    uint32_t view = WORLD_NODES_ALL & ((1u << CHAOS_NODES) - 1);
    if (kind == 0) world_cluster_kill(world, victim);
    if (kind == 1) world_cluster_pause(world, victim);
    if (kind < 2) world_run(world, KNOWN_MS);
    if (kind < 3) view &= ~WORLD_NODE(victim);
    chaos_views(world, view);
    if (kind == 2) world_cluster_view(world, victim, view);
    uint32_t homes = world_cluster_homes(world, first_of(view), "tea");
    world_wait(world, 2 * TRUTH_MS,
               all_are_at(world, homes) || (kind == 1 && all_are_at(world, homes | WORLD_NODE(victim))));
    if (!lossy) assert_true(world->now - began <= TRUTH_MS);
    world_run(world, randombytes_uniform(20000));
    if (kind == 1) world_cluster_resume(world, victim);
    if (kind == 0) world_cluster_revive(world, victim, WORLD_NODES_ALL);
    chaos_views(world, WORLD_NODES_ALL & ((1u << CHAOS_NODES) - 1));
    homes = world_cluster_homes(world, 0, "tea");
    world_wait(world, 2 * TRUTH_MS, all_are_at(world, homes));
    assert_int_equal(chaos_live(world), (1u << CHAOS_NODES) - 1);
}

static void chaos(struct world *world, bool lossy) {
    static const char *const names[CHAOS_PEOPLE] = {"anna", "bert", "carl", "dora", "emil", "fred"};
    world_cluster_open(world, CHAOS_NODES, 2);
    for (size_t i = 0; i < CHAOS_PEOPLE; i++) (void)arrive(world, names[i]);
    world_wait(world, 2 * CONNECT_MS, everyone_connected(world));
    for (unsigned i = 0; i < CHAOS_ROUNDS; i++) chaos_round(world, lossy);
    world->loss_percent = 0;
    world_run(world, 90000);
    assert_int_equal(left(world), 0);
    assert_true(everyone_connected(world));
    for (size_t i = 0; i < CHAOS_PEOPLE; i++)
        assert_int_equal(person_count(&world->people[i], EVENT_PEER_JOINED, NULL), CHAOS_PEOPLE - 1);
}

static void faults_take_nobody_away(void **state) {
    chaos(*state, false);
}

static void faults_and_loss_take_nobody_away(void **state) {
    chaos(*state, true);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_entry_leads_to_the_homes, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(a_home_dies_and_nobody_leaves, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(a_home_of_one_dies_and_nobody_leaves, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(all_homes_die_and_nobody_leaves, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(a_home_is_drained, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(nodes_are_added, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(who_leaves_in_a_move_has_left, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(a_frozen_view_shares_a_home, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(a_loop_is_followed_slowly, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(forged_homes_get_little, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(forged_homes_take_nobody_away, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(a_home_with_another_key_is_left_out, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(both_families_lead_there, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(nodes_show_how_a_nat_maps, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(packets_are_relayed_by_homes, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(nodes_are_remembered, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(an_entry_that_dies_is_no_obstacle, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(faults_take_nobody_away, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(faults_and_loss_take_nobody_away, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(two_names_are_one, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(rooms_have_homes_of_their_own, world_setup, world_teardown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("cluster_client", tests, NULL, NULL);
}

/* Clients of a cluster, where somebody lies: what is forged takes nobody away, keeps nobody out, and sends strangers
 * little. */
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
#include "tests/scenario/support/couple.h"
#include "tests/support/folder.h"

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
    /* The third one is its own, where answers come. */
    assert_int_equal(forger.seen.others[0] + forger.seen.others[1], 0);
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

/* --- Floods --- */

#define FLOOD 1000 /* COOKIEs for each HELLO that is seen */
#define MEETING_MS 5000

enum lie {
    LIE_STRANGERS, /* homes that nobody is, elsewhere each time */
    LIE_ELSEWHERE, /* the nodes, at strangers' addresses */
    LIE_PORTS,     /* the nodes, at ports where nobody is */
};

/* Somebody who sends COOKIEs as from one of the cluster's addresses. */
struct flood {
    enum lie lie;
    struct address as; /* from there, */
    bool sees;         /* reads what goes there, or else guesses */
    uint32_t serial;   /* of lies */
    unsigned sent, strangers;
    struct address last; /* HELLO came from there */
};

static struct address stranger_of(uint32_t serial) {
    return (struct address){
        .ip = {[10] = 0xff, 0xff, 45, (uint8_t)(serial >> 16), (uint8_t)(serial >> 8), (uint8_t)serial}, .port = 5000};
}

static bool is_strangers(const struct address *address) {
    return address_is_ipv4(address) && address->ip[12] == 45;
}

static struct named_homes lie_of(struct flood *flood) {
    struct named_homes homes = {.replicas = 4, .count = 4, .node = 200};
    for (unsigned i = 0; i < 4; i++) {
        uint32_t serial = flood->serial++;
        struct home *home = &homes.list[i];
        *home = (struct home){.node = (uint8_t)(1 + i), .address_count = 1, .addresses = {stranger_of(serial)}};
        if (flood->lie == LIE_STRANGERS) home->node = (uint8_t)(16 + serial % 128);
        if (flood->lie != LIE_PORTS) continue;
        home->addresses[0] = world_bootnode_at(i);
        home->addresses[0].port = (uint16_t)(10000 + serial % 50000);
    }
    return homes;
}

static void lie(struct world *world, struct flood *flood, const struct address *to, uint64_t nonce) {
    uint8_t packet[PACKET_MAX];
    struct cookie_message message = {.nonce = nonce, .seen = *to, .homes = lie_of(flood)};
    memcpy(message.bootnode_public, world->net->node.key.public, sizeof message.bootnode_public);
    size_t size = cookie_message_encode(&message, packet, sizeof packet);
    assert_true(size > 0);
    world_inject(world, &flood->as, to, packet, size);
    flood->sent++;
}

static bool flood_it(struct world *world, struct wire *wire) {
    struct flood *flood = world->tampering;
    struct hello hello;
    if (wire->data[0] != MESSAGE_HELLO || !hello_decode(wire->data, wire->size, &hello)) return true;
    flood->strangers += is_strangers(&wire->to);
    flood->last = wire->from;
    if (!address_equal(&wire->to, &flood->as)) return true;
    for (unsigned i = 0; i < FLOOD; i++) {
        uint64_t nonce = hello.nonce;
        if (!flood->sees) randombytes_buf(&nonce, sizeof nonce);
        lie(world, flood, &wire->from, nonce);
    }
    return true;
}

static void flood_begin(struct world *world, struct flood *flood) {
    world->tampering = flood;
    world->tamper = flood_it;
}

/* So many HELLOs go to strangers at most, whatever is forged. */
static void strangers_got_little(const struct flood *flood, uint64_t ms) {
    printf("# %u COOKIEs were forged: %u HELLOs to strangers in %u ms\n", flood->sent, flood->strangers, (unsigned)ms);
    assert_true(flood->sent >= FLOOD);
    assert_true(flood->strangers <= 5 * (64 + ms / 2000));
}

/* Each other case is a room of its own, and nobody has proven anything before. */
static void newcomers_meet(struct couple *couple, struct flood *flood) {
    struct world *world = couple->world;
    for (flood->lie = LIE_STRANGERS; flood->lie <= LIE_PORTS; flood->lie++) {
        static const char *const names[] = {"carl", "dora", "emil"};
        flood->sent = flood->strangers = 0;
        const uint64_t began = world->now;
        struct person *person = arrive(world, names[flood->lie]);
        world_wait(world, MEETING_MS, person_sees(person, couple->anna) && person_sees(person, couple->bert));
        printf("# %s is there after %u ms\n", person->name, (unsigned)(world->now - began));
        world_wait(world, TRUTH_MS, all_are_at(world, couple->homes));
        world_run(world, 60000);
        strangers_got_little(flood, world->now - began);
    }
    world->tamper = NULL;
    assert_int_equal(left(world), 0);
}

/* He does not see what is asked: nothing that he sends counts. */
static void who_guesses_changes_nothing(void **state) {
    struct couple couple = couple_connect(state, 5, 2);
    struct flood flood = {.as = world_entry()};
    flood_begin(couple.world, &flood);
    newcomers_meet(&couple, &flood);
    assert_int_equal(flood.strangers, 0);
}

/* He reads along on the way to the address that is asked first, and is always faster. The name has others. */
static void who_reads_one_way_keeps_nobody_out(void **state) {
    struct couple couple = {.world = *state};
    world_cluster_open(couple.world, 5, 2);
    couple.world->entry = WORLD_ENTRY_NAMES;
    couple.homes = world_cluster_homes(couple.world, 0, "tea");
    couple.anna = arrive(couple.world, "anna");
    couple.bert = arrive(couple.world, "bert");
    world_wait(couple.world, CONNECT_MS, everyone_connected(couple.world) && all_are_at(couple.world, couple.homes));
    struct flood flood = {.as = world_bootnode_at(0), .sees = true};
    flood_begin(couple.world, &flood);
    newcomers_meet(&couple, &flood);
}

/* He reads along on the only way there is, and is always faster: nobody gets there, as where he answers for a bootnode
 * that is alone. When he stops, all get there at once. */
static void what_was_forged_does_not_last(void **state) {
    struct couple couple = couple_connect(state, 5, 2);
    struct world *world = couple.world;
    for (enum lie lie = LIE_STRANGERS; lie <= LIE_PORTS; lie++) {
        static const char *const names[] = {"carl", "dora", "emil"};
        struct flood flood = {.lie = lie, .as = world_entry(), .sees = true};
        flood_begin(world, &flood);
        struct person *person = arrive(world, names[lie]);
        world_run(world, 120000);
        strangers_got_little(&flood, 120000);
        world->tamper = NULL;
        const uint64_t ended = world->now;
        world_wait(world, 2 * MEETING_MS, person_sees(person, couple.anna) && person_sees(person, couple.bert));
        printf("# %s is there after %u ms\n", person->name, (unsigned)(world->now - ended));
        world_wait(world, TRUTH_MS, all_are_at(world, couple.homes));
    }
    assert_int_equal(left(world), 0);
}

/* The same, but somebody was there before: the nodes that were met are asked, too. */
static void nodes_that_were_met_lead_past_him(void **state) {
    struct couple couple = couple_connect(state, 5, 2);
    struct world *world = couple.world;
    struct flood flood = {.as = world_entry(), .sees = true};
    struct person *carl = world_person(world, "carl", NAT_PORT_RESTRICTED);
    struct why why;
    void *folder;
    assert_int_equal(folder_make(&folder), 0);
    assert_true(known_keys_open(&carl->known_bootnodes, folder, "known_bootnodes", &why));
    person_start(carl, "tea");
    world_wait(world, CONNECT_MS, all_are_at(world, couple.homes) && everyone_connected(world));
    engine_stop(carl->engine, world->now);
    world_wait(world, CONNECT_MS, carl->status >= 0);
    person_kill(carl);
    person_forget(carl);
    flood_begin(world, &flood);
    const uint64_t began = world->now;
    person_start(carl, "tea");
    world_wait(world, 2 * MEETING_MS, person_sees(carl, couple.anna) && person_sees(carl, couple.bert));
    printf("# carl is there after %u ms\n", (unsigned)(world->now - began));
    world_wait(world, TRUTH_MS, all_are_at(world, couple.homes));
    strangers_got_little(&flood, world->now - began);
    assert_int_equal(folder_remove(&folder), 0);
}

/* One home has another key than the entry: it is left out, and said so once. */
static void a_home_with_another_key_is_left_out(void **state) {
    struct world *world = *state;
    world_cluster_open(world, 3, 2);
    const uint32_t homes = world_cluster_homes(world, 0, "tea");
    size_t stranger = first_of(homes);
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
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_loop_is_followed_slowly, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(forged_homes_get_little, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(forged_homes_take_nobody_away, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(who_guesses_changes_nothing, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(who_reads_one_way_keeps_nobody_out, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(what_was_forged_does_not_last, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(nodes_that_were_met_lead_past_him, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(a_home_with_another_key_is_left_out, world_setup, world_teardown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("cluster_forgers", tests, NULL, NULL);
}

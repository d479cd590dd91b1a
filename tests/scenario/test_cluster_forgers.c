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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_loop_is_followed_slowly, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(forged_homes_get_little, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(forged_homes_take_nobody_away, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(a_home_with_another_key_is_left_out, world_setup, world_teardown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("cluster_forgers", tests, NULL, NULL);
}

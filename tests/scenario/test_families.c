/* People with IPv6, with IPv4, and with both, a bootnode that has an address of each, and what dies of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bootnode/draining.h"
#include "bootnode/table/room.h"
#include "bootnode/table/viewer.h"
#include "tests/scenario/support/numbered.h"
#include "tests/scenario/support/world.h"

#define CONNECT_MS 5000
#define DIRECT_MS 10000
#define TALK_MS 6000

/* What the network swallows. */
struct weather {
    const struct person *cut_off; /* its IPv6, altogether */
    bool none_between_people;     /* IPv6 is, but to and from bootnodes */
    bool door_ipv6, door_ipv4;    /* these addresses of the bootnode are dead */
    bool answers_only;            /* the latter two swallow nothing but what comes from there */
};

static bool is_door(const struct address *address) {
    struct address ipv4 = world_bootnode(), ipv6 = world_bootnode_ipv6_at(0);
    return address_equal(address, &ipv4) || address_equal(address, &ipv6);
}

static bool gets_through(struct world *world, struct wire *wire) {
    const struct weather *weather = world->tampering;
    bool ipv4 = address_is_ipv4(&wire->to);
    const struct address *ours = weather->cut_off ? &weather->cut_off->nat6.outside : NULL;
    if (ours && (address_same_ip(&wire->from, ours) || address_same_ip(&wire->to, ours))) return false;
    if (weather->none_between_people && !ipv4 && !is_door(&wire->from) && !is_door(&wire->to)) return false;
    bool swallowed = is_door(&wire->from) || (is_door(&wire->to) && !weather->answers_only);
    return !swallowed || !(ipv4 ? weather->door_ipv4 : weather->door_ipv6);
}

struct families {
    struct world *world;
    struct person *anna, *bert; /* anna has both */
    struct weather weather;
};

static void meet(struct families *families, void **state, enum nat_kind anna, enum nat_kind bert) {
    struct world *world = families->world = *state;
    world->dual = true;
    world->tamper = gets_through;
    world->tampering = &families->weather;
    families->anna = world_person(world, "anna", anna);
    families->bert = world_person(world, "bert", bert);
    person_has_ipv6(families->anna, NAT_PORT_RESTRICTED);
}

static void start(struct families *families) {
    person_start(families->anna, "tea");
    person_start(families->bert, "tea");
    world_wait(families->world, CONNECT_MS, everyone_connected(families->world));
}

static void they_talk(struct families *families, const char *text) {
    person_say(families->anna, text);
    person_say(families->bert, text);
    world_wait(families->world, TALK_MS,
               person_heard(families->bert, families->anna, text) == 1 &&
                   person_heard(families->anna, families->bert, text) == 1);
}

/* Nobody was said to have left, and no bootnode to be lost. */
static void nothing_was_missed(const struct families *families) {
    const struct person *const people[] = {families->anna, families->bert};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(person_count(people[i], EVENT_PEER_LEFT, NULL), 0);
        assert_int_equal(person_count(people[i], EVENT_BOOTNODE_LOST, NULL), 0);
    }
}

static void become_direct(struct families *families) {
    world_wait(families->world, DIRECT_MS,
               !is_relayed(families->anna, families->bert) && !is_relayed(families->bert, families->anna));
}

static void both_are_seen_and_told(void **state) {
    struct families families = {0};
    meet(&families, state, NAT_PORT_RESTRICTED, NAT_PORT_RESTRICTED);
    start(&families);
    const struct event *registered = person_last(families.anna, EVENT_REGISTERED, NULL);
    assert_true(address_equal(&registered->mapped, &families.anna->nat6.outside));
    assert_true(address_equal(&registered->mapped_other, &families.anna->nat.outside));
    registered = person_last(families.bert, EVENT_REGISTERED, NULL);
    assert_true(address_equal(&registered->mapped, &families.bert->nat.outside));
    assert_int_equal(registered->mapped_other.port, 0);
}

static void both_and_ipv4_alone_become_direct(void **state) {
    struct families families = {0};
    meet(&families, state, NAT_PORT_RESTRICTED, NAT_PORT_RESTRICTED);
    start(&families);
    become_direct(&families);
    they_talk(&families, "hello");
    nothing_was_missed(&families);
}

static void who_is_public_over_both_is_reached_by_ipv4(void **state) {
    struct families families = {0};
    meet(&families, state, NAT_NONE, NAT_PORT_RESTRICTED);
    person_has_ipv6(families.anna, NAT_NONE);
    start(&families);
    become_direct(&families);
    they_talk(&families, "hello");
}

static void both_and_ipv6_alone_become_direct(void **state) {
    struct families families = {0};
    meet(&families, state, NAT_PORT_RESTRICTED, NAT_PORT_RESTRICTED);
    person_has_ipv6(families.bert, NAT_PORT_RESTRICTED);
    families.bert->has_no_ipv4 = true;
    start(&families);
    become_direct(&families);
    they_talk(&families, "hello");
}

static void where_ipv6_is_blocked_between_them_ipv4_is_used(void **state) {
    struct families families = {.weather.none_between_people = true};
    meet(&families, state, NAT_PORT_RESTRICTED, NAT_PORT_RESTRICTED);
    person_has_ipv6(families.bert, NAT_PORT_RESTRICTED);
    start(&families);
    become_direct(&families);
    const struct event *path = person_last(families.anna, EVENT_PEER_PATH, families.bert);
    if (!path) path = person_last(families.anna, EVENT_PEER_CONNECTED, families.bert);
    assert_true(address_is_ipv4(&path->address));
}

static void ipv6_dies_and_they_talk_on(void **state) {
    struct families families = {0};
    meet(&families, state, NAT_PORT_RESTRICTED, NAT_PORT_RESTRICTED);
    person_has_ipv6(families.bert, NAT_PORT_RESTRICTED);
    start(&families);
    world_run(families.world, 3000);
    families.weather.cut_off = families.anna;
    they_talk(&families, "still here");
    world_run(families.world, 60000);
    families.weather.cut_off = NULL; /* and comes back */
    they_talk(&families, "and here");
    world_run(families.world, 60000);
    nothing_was_missed(&families);
}

/* Two behind symmetric NATs without IPv6 between them: the bootnode relays, at the address that dies. */
static void dies_under_a_relayed_pair(void **state, struct weather dead) {
    struct families families = {.weather.none_between_people = true};
    meet(&families, state, NAT_SYMMETRIC, NAT_SYMMETRIC);
    person_has_ipv6(families.bert, NAT_PORT_RESTRICTED);
    start(&families);
    world_run(families.world, 3000);
    assert_true(is_relayed(families.anna, families.bert));
    families.weather = dead;
    families.weather.none_between_people = true;
    they_talk(&families, "still here");
    world_run(families.world, 30000);
    they_talk(&families, "and here");
    nothing_was_missed(&families);
    assert_int_equal(person_count(families.anna, EVENT_REGISTERED, NULL), 1); /* with the session that it had */
}

static void the_address_of_the_bootnode_in_use_dies(void **state) {
    dies_under_a_relayed_pair(state, (struct weather){.door_ipv6 = true});
}

static void the_address_in_use_hears_and_is_not_heard(void **state) {
    dies_under_a_relayed_pair(state, (struct weather){.door_ipv6 = true, .answers_only = true});
}

static void an_address_that_is_not_in_use_may_die(void **state) {
    dies_under_a_relayed_pair(state, (struct weather){.door_ipv4 = true});
}

static void one_after_the_other_dies(void **state) {
    struct families families = {.weather.none_between_people = true};
    meet(&families, state, NAT_SYMMETRIC, NAT_SYMMETRIC);
    person_has_ipv6(families.bert, NAT_PORT_RESTRICTED);
    start(&families);
    for (unsigned i = 0; i < 4; i++) {
        world_run(families.world, 20000);
        families.weather.door_ipv6 = i % 2 == 0;
        families.weather.door_ipv4 = i % 2 == 1;
        they_talk(&families, i % 2 == 0 ? "over IPv4" : "over IPv6 again");
        person_forget(families.anna);
        person_forget(families.bert);
    }
}

static void a_dead_family_delays_no_start(void **state) {
    struct families families = {.weather.door_ipv6 = true};
    meet(&families, state, NAT_PORT_RESTRICTED, NAT_PORT_RESTRICTED);
    person_start(families.anna, "tea");
    world_wait(families.world, 300, person_count(families.anna, EVENT_REGISTERED, NULL) == 1);
    assert_true(address_is_ipv4(&person_last(families.anna, EVENT_REGISTERED, NULL)->mapped));
}

/* Two seconds each way: four for an answer, and three questions before somebody is there. */
static void a_long_way_is_no_silence(void **state) {
    struct families families = {0};
    meet(&families, state, NAT_PORT_RESTRICTED, NAT_PORT_RESTRICTED);
    families.anna->delay_ms = 1980;
    person_start(families.anna, "tea");
    world_wait(families.world, 8500, person_count(families.anna, EVENT_REGISTERED, NULL) == 1);
    world_wait(families.world, 6000, families.anna->credit > 0);
    world_run(families.world, 120000);
    assert_int_equal(person_count(families.anna, EVENT_BOOTNODE_LOST, NULL), 0);
    assert_int_equal(person_count(families.anna, EVENT_REGISTERED, NULL), 1);
}

static void drain(struct net *net) {
    atomic_store(&net->node.fate, NODE_RESTARTS);
    for (size_t i = 0; i < net->node.shard_count; i++) {
        struct draining draining = {0};
        while (!draining.done) draining_step(&draining, &net->context, net->node.shards[i]);
    }
}

/* Nobody is said to be lost, nor are peers, and who is relayed talks on as soon as it is back. */
static void a_restart_that_was_announced(void **state) {
    struct families families = {0};
    meet(&families, state, NAT_SYMMETRIC, NAT_SYMMETRIC);
    families.anna->has_ipv6 = false;
    start(&families);
    world_run(families.world, 3000);
    families.world->net->config.restart_ms = 1000;
    drain(families.world->net);
    families.world->bootnode_down = true;
    world_run(families.world, 1000);
    net_restart(families.world->net, true);
    families.world->bootnode_down = false;
    person_say(families.anna, "back");
    world_wait(families.world, 3000, person_heard(families.bert, families.anna, "back") == 1);
    nothing_was_missed(&families);
}

/* At how many addresses the bootnode tells others that anna is seen. */
static unsigned seen_addresses(const struct families *families) {
    const struct node *node = &families->world->net->node;
    struct room_keys keys;
    unsigned count = 0;
    assert_true(room_keys_derive("tea", NULL, 0, &keys));
    for (size_t i = 0; i < node->shard_count; i++) {
        const struct room *room = shard_room(node->shards[i], keys.set.tag);
        const struct session *session = room ? room_find(room, families->anna->id) : NULL;
        if (session) count = viewer_of(session, NULL).count;
    }
    return count;
}

/* Her own interfaces have both, so nobody keeps a mapping open there. */
static void set_own_addresses(const struct families *families) {
    const struct candidate_list own = {.items = {families->anna->nat6.outside, families->anna->nat.outside},
                                       .count = 2};
    engine_set_candidates(families->anna->engine, &own, families->world->now);
}

static void is_public_over_both(struct families *families, void **state) {
    meet(families, state, NAT_NONE, NAT_PORT_RESTRICTED);
    person_has_ipv6(families->anna, NAT_NONE);
    start(families);
    set_own_addresses(families);
    world_wait(families->world, 2000, seen_addresses(families) == 2);
}

/* Its cookies are as new as it is, and that of the other family comes when she is registered already. */
static void a_late_cookie_proves_after_a_restart(void **state) {
    struct families families = {0};
    is_public_over_both(&families, state);
    families.weather = (struct weather){.door_ipv4 = true, .answers_only = true};
    net_restart(families.world->net, true);
    world_wait(families.world, 20000, person_count(families.anna, EVENT_REGISTERED, NULL) == 2);
    world_run(families.world, 200);
    assert_int_equal(seen_addresses(&families), 1);
    families.weather.door_ipv4 = false;
    world_wait(families.world, 30000, seen_addresses(&families) == 2);
}

/* Another address of hers comes when her proof is old, and UPDATE goes before the fresh one is there. */
static void a_late_cookie_proves_after_an_update(void **state) {
    struct families families = {0};
    is_public_over_both(&families, state);
    world_run(families.world, 150000);
    families.weather = (struct weather){.door_ipv4 = true, .answers_only = true};
    set_own_addresses(&families);
    world_run(families.world, 900);
    families.weather.door_ipv4 = false;
    world_wait(families.world, 30000, seen_addresses(&families) == 2);
    world_run(families.world, 60000);
    assert_int_equal(seen_addresses(&families), 2);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(both_are_seen_and_told),
        TEST(both_and_ipv4_alone_become_direct),
        TEST(who_is_public_over_both_is_reached_by_ipv4),
        TEST(both_and_ipv6_alone_become_direct),
        TEST(where_ipv6_is_blocked_between_them_ipv4_is_used),
        TEST(ipv6_dies_and_they_talk_on),
        TEST(the_address_of_the_bootnode_in_use_dies),
        TEST(the_address_in_use_hears_and_is_not_heard),
        TEST(an_address_that_is_not_in_use_may_die),
        TEST(one_after_the_other_dies),
        TEST(a_dead_family_delays_no_start),
        TEST(a_long_way_is_no_silence),
        TEST(a_restart_that_was_announced),
        TEST(a_late_cookie_proves_after_a_restart),
        TEST(a_late_cookie_proves_after_an_update),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("families", tests, NULL, NULL);
}

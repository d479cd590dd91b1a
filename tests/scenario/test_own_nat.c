/* The engine finds out how its NAT maps, and again where it may be in another network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "common/stun.h"
#include "tests/scenario/support/world.h"

struct servers {
    unsigned requests;
    bool alone; /* the bootnode has no other address */
};

static struct address other_address(void) {
    return (struct address){.ip = {[10] = 0xff, 0xff, 203, 0, 113, 2}, .port = 9596};
}

/* Answers in the bootnode's place, and in that of its other address. */
static bool answers_stun(struct world *world, struct wire *wire) {
    struct servers *servers = world->tampering;
    struct stun_request request;
    struct stun_response response = {.mapped = wire->from};
    uint8_t answer[STUN_RESPONSE_MAX];
    if (!stun_decode_request(wire->data, wire->size, &request)) return true;
    servers->requests++;
    if (!servers->alone) response.other = other_address();
    size_t size = stun_encode_response(&request, &response, answer, sizeof answer);
    world_inject(world, &wire->to, &wire->from, answer, size);
    return false;
}

static struct person *newcomer(struct world *world, struct servers *servers, enum nat_kind nat) {
    struct person *anna = world_person(world, "anna", nat);
    world->tamper = answers_stun;
    world->tampering = servers;
    person_start(anna, "tea");
    world_run(world, 3000);
    assert_int_equal(person_count(anna, EVENT_REGISTERED, NULL), 1);
    assert_int_equal(address_classify(&anna->seen), ADDRESS_PUBLIC);
    return anna;
}

static void expect(struct world *world, enum nat_kind nat, enum nat_mapping expected) {
    struct servers servers = {.requests = 0};
    struct person *anna = newcomer(world, &servers, nat);
    assert_int_equal(engine_nat_mapping(anna->engine), expected);
    world_run(world, 60000);
    assert_int_equal(servers.requests, 2);
}

static void test_a_cone(void **state) {
    expect(*state, NAT_PORT_RESTRICTED, NAT_MAPPING_INDEPENDENT);
}

static void test_a_symmetric_nat(void **state) {
    expect(*state, NAT_SYMMETRIC, NAT_MAPPING_DEPENDENT);
}

static void test_no_second_address(void **state) {
    struct servers servers = {.alone = true};
    struct person *anna = newcomer(*state, &servers, NAT_SYMMETRIC);
    assert_int_equal(engine_nat_mapping(anna->engine), NAT_MAPPING_UNKNOWN);
    assert_int_equal(servers.requests, 1);
}

static void test_a_second_room_asks_nothing(void **state) {
    struct world *world = *state;
    struct servers servers = {.requests = 0};
    struct person *anna = newcomer(world, &servers, NAT_FULL_CONE);
    person_join(anna, "coffee");
    world_run(world, 20000);
    assert_int_equal(person_count_in(anna, "coffee", EVENT_REGISTERED, NULL), 1);
    assert_int_equal(servers.requests, 2);
}

static void test_other_interfaces(void **state) {
    struct world *world = *state;
    struct servers servers = {.requests = 0};
    struct person *anna = newcomer(world, &servers, NAT_FULL_CONE);
    struct candidate_list candidates = {.count = 1};
    assert_true(address_parse("192.168.1.7:4000", 0, &candidates.items[0]));
    anna->nat.kind = NAT_SYMMETRIC;
    nat_rebind(&anna->nat);
    engine_set_candidates(anna->engine, &candidates, world->now);
    world_run(world, 20000);
    assert_int_equal(engine_nat_mapping(anna->engine), NAT_MAPPING_DEPENDENT);
    assert_int_equal(servers.requests, 4);
}

static void test_a_new_public_address(void **state) {
    struct world *world = *state;
    struct servers servers = {.requests = 0};
    struct person *anna = newcomer(world, &servers, NAT_PORT_RESTRICTED);
    anna->nat.outside.ip[15] = 77;
    nat_rebind(&anna->nat);
    world_run(world, 20000);
    assert_int_equal(anna->seen.ip[15], 77);
    assert_int_equal(servers.requests, 4);
    assert_int_equal(person_count(anna, EVENT_REGISTERED, NULL), 1);
}

/* A second bootnode, whose name nobody could say at first. */
static void test_a_second_bootnode_found_late(void **state) {
    struct world *world = *state;
    struct servers servers = {.alone = true};
    struct person *anna = world_person(world, "anna", NAT_SYMMETRIC);
    struct address second = world_bootnode_at(1);
    world_add_bootnode(world);
    anna->unresolved = 2;
    world->tamper = answers_stun;
    world->tampering = &servers;
    person_start(anna, "tea");
    world_run(world, 15000);
    assert_int_equal(engine_nat_mapping(anna->engine), NAT_MAPPING_UNKNOWN);
    engine_resolved(anna->engine, 1, &second, 1, world->now);
    world_run(world, 1000);
    assert_int_equal(engine_nat_mapping(anna->engine), NAT_MAPPING_DEPENDENT);
}

/* Answers take four seconds. */
static void test_far_away(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_PORT_RESTRICTED);
    world_add_bootnode(world);
    anna->delay_ms = 2000;
    person_start(anna, "tea");
    world_run(world, 40000);
    assert_int_equal(engine_nat_mapping(anna->engine), NAT_MAPPING_INDEPENDENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_a_cone),
        TEST(test_a_symmetric_nat),
        TEST(test_no_second_address),
        TEST(test_a_second_room_asks_nothing),
        TEST(test_other_interfaces),
        TEST(test_a_new_public_address),
        TEST(test_a_second_bootnode_found_late),
        TEST(test_far_away),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("own_nat", tests, NULL, NULL);
}

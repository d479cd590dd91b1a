/* Paths over satellites, or worse: every answer takes seconds. Whatever waits for one waits as long as the path takes,
 * and what is well is left alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/wire/packet.h"
#include "common/wire/peer_packets.h"
#include "tests/scenario/support/numbered.h"
#include "tests/scenario/support/world.h"

#define TALK_MS 300000
#define SAY_EVERY_MS 5000

struct links {
    unsigned first_ms, second_ms; /* each way */
    enum nat_kind nats;           /* of both */
    unsigned loss_percent;
    unsigned connect_ms;
};

static struct world *world;
static unsigned searches; /* PROBEs and INITIATIONs, relayed or not */

static bool is_search(uint8_t first_byte) {
    return first_byte == PEER_PROBE || first_byte == PEER_INITIATION;
}

static bool count_searches(struct world *in, struct wire *wire) {
    size_t inner = 28; /* of RELAY */
    (void)in;
    if (!wire->sender) return true;
    searches += is_search(wire->data[0]);
    searches += wire->data[0] == MESSAGE_RELAY && wire->size > inner && is_search(wire->data[inner]);
    return true;
}

static void start(void **state, const struct links *links) {
    world = *state;
    world->loss_percent = links->loss_percent;
    world->tamper = count_searches;
    struct person *first = world_person(world, "ann", links->nats), *second = world_person(world, "ben", links->nats);
    first->delay_ms = links->first_ms;
    second->delay_ms = links->second_ms;
    person_start(first, "tea");
    person_start(second, "tea");
}

/* Renewals of the keys, of which there are two, ask twice each; what else is searched for would be a fault. */
#define SEARCHES_MOST 6

/* For five minutes both say something now and then: all of it arrives, and the path is never given up. */
static void meet_and_talk(void **state, const struct links *links) {
    unsigned said = 0;
    start(state, links);
    struct person *first = &world->people[0], *second = &world->people[1];
    world_wait(world, links->connect_ms, everyone_connected(world));
    world_run(world, 20000); /* late packets of the search */
    searches = 0;
    for (uint64_t until = world->now + TALK_MS; world->now < until; said++) {
        say_numbered(first, said + 1, said + 1);
        say_numbered(second, said + 1, said + 1);
        world_run(world, SAY_EVERY_MS);
    }
    /* What is lost is sent again after one round trip, then after two. */
    uint64_t patience = links->loss_percent ? 60000 : 10000;
    world_wait(world, patience, heard_all(first, second, said) && heard_all(second, first, said));
    /* Where a third of all questions stay without an answer, three in a row do now and then. */
    if (searches > SEARCHES_MOST && !links->loss_percent)
        fail_msg("%u packets searched for somebody who was there", searches);
    assert_int_equal(person_count(first, EVENT_PEER_LEFT, NULL) + person_count(second, EVENT_PEER_LEFT, NULL), 0);
    assert_int_equal(person_count(first, EVENT_PEER_PATH, NULL) + person_count(second, EVENT_PEER_PATH, NULL), 0);
    assert_int_equal(is_relayed(first, second), links->nats == NAT_SYMMETRIC);
}

static void links_of_two_thirds_of_a_second(void **state) {
    meet_and_talk(state, &(struct links){600, 600, NAT_PORT_RESTRICTED, .connect_ms = 10000});
}

static void one_link_of_a_second(void **state) {
    meet_and_talk(state, &(struct links){1000, 0, NAT_PORT_RESTRICTED, .connect_ms = 10000});
}

static void two_links_of_a_second(void **state) {
    meet_and_talk(state, &(struct links){1000, 1000, NAT_PORT_RESTRICTED, .connect_ms = 15000});
}

/* Seven times between a client and the bootnode, then four times between the clients, at two or four seconds each. */
static void two_links_of_two_seconds(void **state) {
    meet_and_talk(state, &(struct links){2000, 2000, NAT_PORT_RESTRICTED, .connect_ms = 31000});
}

static void relayed_over_two_links_of_a_second(void **state) {
    meet_and_talk(state, &(struct links){1000, 1000, NAT_SYMMETRIC, .connect_ms = 16000});
}

static void relayed_over_two_links_of_two_seconds(void **state) {
    meet_and_talk(state, &(struct links){2000, 2000, NAT_SYMMETRIC, .connect_ms = 31000});
}

static void long_and_lossy(void **state) {
    meet_and_talk(state, &(struct links){1000, 1000, NAT_PORT_RESTRICTED, .loss_percent = 10, .connect_ms = 30000});
}

static void long_and_lossy_and_relayed(void **state) {
    meet_and_talk(state, &(struct links){1000, 1000, NAT_SYMMETRIC, .loss_percent = 10, .connect_ms = 30000});
}

/* Who comes later gets all that was said, from members whose answers take four seconds. */
static void history_comes_from_afar(void **state) {
    start(state, &(struct links){1000, 1000, NAT_PORT_RESTRICTED, .connect_ms = 15000});
    struct person *first = &world->people[0], *second = &world->people[1];
    world_wait(world, 15000, everyone_connected(world));
    say_numbered(first, 1, 100);
    say_numbered(second, 1, 100);
    world_wait(world, 20000, heard_all(first, second, 100) && heard_all(second, first, 100));
    struct person *newcomer = world_person(world, "cid", NAT_PORT_RESTRICTED);
    newcomer->delay_ms = 1000;
    person_start(newcomer, "tea");
    /* The rate grows by round trips, from little. */
    world_wait(world, 90000, heard_all(newcomer, first, 100) && heard_all(newcomer, second, 100));
    assert_int_equal(person_count(newcomer, EVENT_LOST, NULL), 0);
}

/* Whoever leaves says so; who is cut off is missed no later than the round trip demands. */
static void leaving_is_noticed_from_afar(void **state) {
    start(state, &(struct links){1000, 1000, NAT_PORT_RESTRICTED, .connect_ms = 15000});
    struct person *first = &world->people[0], *second = &world->people[1];
    world_wait(world, 15000, everyone_connected(world));
    world_run(world, 60000);
    person_part(second, "tea");
    world_wait(world, 3000, person_count(first, EVENT_PEER_LEFT, second) == 1);
    person_join(second, "tea");
    world_wait(world, 20000, person_sees(first, second) && person_sees(second, first));
    world_run(world, 60000);
    second->cut = true;
    world_wait(world, 35000, person_count(first, EVENT_PEER_LEFT, second) == 2);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(links_of_two_thirds_of_a_second),
        TEST(one_link_of_a_second),
        TEST(two_links_of_a_second),
        TEST(two_links_of_two_seconds),
        TEST(relayed_over_two_links_of_a_second),
        TEST(relayed_over_two_links_of_two_seconds),
        TEST(history_comes_from_afar),
        TEST(leaving_is_noticed_from_afar),
        TEST(long_and_lossy),
        TEST(long_and_lossy_and_relayed),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("long links", tests, NULL, NULL);
}

/* Two that only the bootnode can relay for, within the limits that it has unless it is told otherwise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scenario/support/world.h"

#define CONNECT_MS 6000
#define PASTES 8
#define PASTE_SIZE 60000
#define SHARE 70 /* percent of the limit that text must get */

struct pair {
    struct person *one, *other;
};

static struct pair start_pair(struct world *world) {
    struct bootnode_config usual, *config = &world->net->config;
    ini_table_defaults(&bootnode_config_table, &usual);
    config->relay_rate = usual.relay_rate;
    config->relay_source_rate = usual.relay_source_rate;
    config->relay_total_rate = usual.relay_total_rate;
    net_restart(world->net, true);
    struct pair pair = {world_person(world, "hard", NAT_SYMMETRIC), world_person(world, "harder", NAT_SYMMETRIC)};
    person_start(pair.one, "tea");
    person_start(pair.other, "tea");
    world_wait(world, CONNECT_MS, everyone_connected(world));
    assert_true(person_last(pair.one, EVENT_PEER_CONNECTED, pair.other)->relayed);
    return pair;
}

static uint64_t count(const struct world *world, enum counter which) {
    return counters_read(&world->net->counters, which);
}

/* Five messages a second from each: 600 a minute. */
static void a_lively_chat_meets_no_limit(void **state) {
    struct world *world = *state;
    struct pair pair = start_pair(world);
    for (unsigned i = 0; i < 300; i++) {
        char text[200];
        snprintf(text, sizeof text, "%u %0150u", i, i);
        person_say(pair.one, text);
        person_say(pair.other, text);
        world_run(world, 200);
    }
    world_wait(world, 1000,
               person_count(pair.one, EVENT_MESSAGE, pair.other) == 300 &&
                   person_count(pair.other, EVENT_MESSAGE, pair.one) == 300);
    assert_int_equal(counters_read_name(&world->net->counters, COUNTER_RELAY_LIMITED_SESSION), 0);
}

static void paste(struct person *person, char letter) {
    char text[PASTE_SIZE + 1];
    memset(text, letter, PASTE_SIZE);
    text[PASTE_SIZE] = '\0';
    person_say(person, text);
}

/* More than seven seconds' worth: it uses most of what is allowed, and nothing is lost for good meanwhile. */
static void a_long_paste_is_slowed_down_and_arrives(void **state) {
    struct world *world = *state;
    struct pair pair = start_pair(world);
    const uint64_t allowed_ms =
        PASTES * PASTE_SIZE * UINT64_C(1000) * 100 / SHARE / (uint64_t)world->net->config.relay_rate;
    for (int i = 0; i < PASTES; i++) paste(pair.one, (char)('a' + i));
    person_say(pair.other, "I am reading");
    world_wait(world, allowed_ms, person_count(pair.other, EVENT_MESSAGE, pair.one) == PASTES);
    assert_true(count(world, COUNTER_RELAYED_BYTES) >= PASTES * PASTE_SIZE);
    assert_true(counters_read_name(&world->net->counters, COUNTER_RELAY_LIMITED_SESSION) > 0);
    assert_int_equal(person_count(pair.one, EVENT_MESSAGE, pair.other), 1);
    world_wait(world, 5000, person_count(pair.one, EVENT_DELIVERED, pair.other) == PASTES);
    assert_int_equal(person_count(pair.one, EVENT_PEER_LEFT, NULL) + person_count(pair.other, EVENT_PEER_LEFT, NULL),
                     0);
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_lively_chat_meets_no_limit),
        WORLD_TEST(a_long_paste_is_slowed_down_and_arrives),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("relay_limits", tests, NULL, NULL);
}

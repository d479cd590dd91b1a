/* The search for the highest rate, against servers whose capacity is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/load/rate_search.h"

#define LEAST 1
#define MOST 1e8

struct server {
    double capacity;
    double generator; /* what the generator can send */
    unsigned noise;   /* one step in so many fails whatever its rate; 0: none */
    uint64_t state;   /* of the noise */
    unsigned steps;
    double highest_held; /* that it was asked for and held */
};

static enum step_verdict ask(struct server *server, double rate) {
    server->state = server->state * 6364136223846793005u + 1442695040888963407u;
    server->steps++;
    if (server->noise > 0 && (server->state >> 33) % server->noise == 0) return STEP_LOST;
    if (rate > server->capacity) return STEP_LOST;
    if (rate > server->generator) return STEP_GENERATOR;
    if (rate > server->highest_held) server->highest_held = rate;
    return STEP_HELD;
}

static struct rate_search find(struct server *server, double first) {
    struct rate_search search;
    rate_search_begin(&search, first, LEAST, MOST);
    while (rate_search_note(&search, ask(server, search.rate)))
        assert_true(search.rate >= LEAST && search.rate <= MOST);
    return search;
}

static void any_capacity_is_found(void **state) {
    (void)state;
    double capacity = 1.5;
    for (int i = 0; i < 33; i++) { /* up to 4e7 */
        struct server server = {.capacity = capacity, .generator = MOST};
        struct rate_search search = find(&server, 1000);
        if (search.holds > capacity || search.holds < capacity / (1 + SEARCH_PRECISION))
            fail_msg("%f for %f", search.holds, capacity);
        assert_true(search.holds == server.highest_held);
        assert_true(search.fails > capacity);
        assert_int_equal(search.limit, STEP_LOST);
        assert_in_range(server.steps, 2, 50);
        capacity *= 1.7;
    }
}

/* Nothing is found that did not hold, and what fails by chance now and then is not far off. */
static void noise_costs_time_alone(void **state) {
    (void)state;
    unsigned near = 0;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct server server = {.capacity = 45000, .generator = MOST, .noise = 8, .state = seed};
        struct rate_search search = find(&server, 1000);
        assert_true(search.holds <= 45000);
        assert_true(search.holds == server.highest_held);
        assert_in_range(server.steps, 2, SEARCH_STEPS_MAX);
        near += search.holds >= 45000 / 1.03;
    }
    assert_in_range(near, 195, 200);
}

static void the_generators_limit_is_told_from_the_servers(void **state) {
    (void)state;
    struct server slow = {.capacity = 1e6, .generator = 30000}, fast = {.capacity = 30000, .generator = 1e6};
    struct rate_search search = find(&slow, 1000);
    assert_int_equal(search.limit, STEP_GENERATOR);
    assert_true(search.holds <= 30000 && search.holds > 29000);
    search = find(&fast, 1000);
    assert_int_equal(search.limit, STEP_LOST);
}

static void a_server_that_holds_nothing_is_given_up(void **state) {
    (void)state;
    struct server server = {.capacity = 0, .generator = MOST};
    struct rate_search search = find(&server, 1000);
    assert_true(search.holds == 0);
    assert_true(search.fails == LEAST);
    assert_in_range(server.steps, 10, 30);
}

static void a_server_that_holds_all_ends_it(void **state) {
    (void)state;
    struct server server = {.capacity = 1e12, .generator = 1e12};
    struct rate_search search = find(&server, 1000);
    assert_true(search.holds == MOST);
    assert_true(search.fails == 0);
    assert_int_equal(search.limit, STEP_HELD);
}

static void a_step_fails_only_twice(void **state) {
    (void)state;
    struct rate_search search;
    rate_search_begin(&search, 1000, LEAST, MOST);
    assert_true(rate_search_note(&search, STEP_HELD));
    assert_true(search.rate == 2000);
    assert_true(rate_search_note(&search, STEP_LOST));
    assert_true(search.rate == 2000 && search.fails == 0);
    assert_true(rate_search_note(&search, STEP_HELD));
    assert_true(search.rate == 4000 && search.holds == 2000);
    assert_true(rate_search_note(&search, STEP_DISAGREED));
    assert_true(rate_search_note(&search, STEP_LOST));
    assert_true(search.rate == 3000 && search.fails == 4000);
    assert_int_equal(search.limit, STEP_LOST);
}

/* What failed twice is looked at once more; it may have been the machine. */
static void the_end_is_looked_at_again(void **state) {
    (void)state;
    struct rate_search search;
    rate_search_begin(&search, 1000, LEAST, MOST);
    assert_true(rate_search_note(&search, STEP_HELD));
    while (!search.last_look) assert_true(rate_search_note(&search, search.rate > 1000 ? STEP_LOST : STEP_HELD));
    assert_true(search.rate == search.fails && search.rate < 1020.1);
    assert_true(rate_search_note(&search, STEP_HELD));
    assert_true(search.holds > 1000 && search.rate == 2 * search.holds);
    while (rate_search_note(&search, search.rate > 1500 ? STEP_LOST : STEP_HELD)) continue;
    assert_true(search.holds <= 1500 && search.holds > 1470);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_capacity_is_found),
        cmocka_unit_test(noise_costs_time_alone),
        cmocka_unit_test(the_generators_limit_is_told_from_the_servers),
        cmocka_unit_test(a_server_that_holds_nothing_is_given_up),
        cmocka_unit_test(a_server_that_holds_all_ends_it),
        cmocka_unit_test(a_step_fails_only_twice),
        cmocka_unit_test(the_end_is_looked_at_again),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("rate_search", tests, NULL, NULL);
}

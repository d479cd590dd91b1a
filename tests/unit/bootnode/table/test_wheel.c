#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bootnode/table/wheel.h"
#include "common/clock.h"

#define START 1000000U

static void returns_no_node_early_and_none_a_tick_late(void **state) {
    (void)state;
    struct wheel wheel;
    for (uint64_t deadline = START; deadline < START + 3 * WHEEL_TICK_MS; deadline++) {
        struct wheel_node node = {0};
        uint64_t now = START;
        wheel_init(&wheel, START);
        wheel_add(&wheel, &node, deadline);
        while (!wheel_pop_due(&wheel, now)) now++;
        assert_true(now >= deadline);
        assert_true(now < deadline + WHEEL_TICK_MS);
        assert_false(wheel_has(&node));
    }
}

static void returns_at_once_what_was_late_when_added(void **state) {
    (void)state;
    struct wheel wheel;
    struct wheel_node node = {0};
    wheel_init(&wheel, START);
    wheel_add(&wheel, &node, WHEEL_AT_ONCE);
    assert_true(wheel_next(&wheel) <= START);
    assert_ptr_equal(wheel_pop_due(&wheel, START), &node);
    assert_null(wheel_pop_due(&wheel, START));
}

static void nobody_is_overtaken_for_ever(void **state) {
    (void)state;
    struct wheel wheel;
    struct wheel_node late[3] = {0}, planned = {0};
    unsigned met = 0;
    wheel_init(&wheel, START);
    wheel_add(&wheel, &planned, START + 1);
    for (size_t i = 0; i < 3; i++) wheel_add(&wheel, &late[i], WHEEL_AT_ONCE);
    for (unsigned i = 0; i < 4; i++) {
        struct wheel_node *node = wheel_pop_due(&wheel, START + WHEEL_TICK_MS);
        assert_non_null(node);
        if (node == &planned) continue;
        assert_ptr_equal(node, &late[met++]);
        wheel_add(&wheel, node, WHEEL_AT_ONCE); /* comes back at once, behind those that wait */
    }
    assert_int_equal(met, 3);
    assert_false(wheel_has(&planned));
}

static void keeps_what_lies_beyond_the_horizon(void **state) {
    (void)state;
    struct wheel wheel;
    struct wheel_node node = {0};
    uint64_t deadline = START + 5ULL * WHEEL_SLOTS * WHEEL_TICK_MS + 7;
    wheel_init(&wheel, START);
    wheel_add(&wheel, &node, deadline);
    for (uint64_t now = START; now < deadline; now += 1000) assert_null(wheel_pop_due(&wheel, now));
    assert_ptr_equal(wheel_pop_due(&wheel, deadline + WHEEL_TICK_MS), &node);
}

static void survives_a_clock_that_falls_back(void **state) {
    (void)state;
    struct wheel wheel;
    struct wheel_node before = {0}, after = {0};
    wheel_init(&wheel, START);
    wheel_add(&wheel, &before, START + 90000);
    assert_null(wheel_pop_due(&wheel, START + 60000));
    wheel_add(&wheel, &after, START + 500);
    assert_null(wheel_pop_due(&wheel, START));
    assert_null(wheel_pop_due(&wheel, START + 499));
    assert_ptr_equal(wheel_pop_due(&wheel, START + 500 + WHEEL_TICK_MS), &after);
    assert_null(wheel_pop_due(&wheel, START + 89999));
    assert_ptr_equal(wheel_pop_due(&wheel, START + 90000 + WHEEL_TICK_MS), &before);
}

static void tells_when_to_look_next(void **state) {
    (void)state;
    struct wheel wheel;
    struct wheel_node node = {0};
    wheel_init(&wheel, START);
    assert_true(wheel_next(&wheel) == NEVER);
    for (uint64_t deadline = START + 1; deadline < START + 15000; deadline += 97) {
        wheel_add(&wheel, &node, deadline);
        uint64_t next = wheel_next(&wheel);
        assert_true(next >= deadline && next < deadline + WHEEL_TICK_MS);
        wheel_remove(&wheel, &node);
        wheel_remove(&wheel, &node);
        assert_true(wheel_next(&wheel) == NEVER);
    }
}

/* Against a model that is a plain array. */
#define NODES 300

static uint64_t first_tick_after(uint64_t deadline) {
    return (deadline + WHEEL_TICK_MS - 1) / WHEEL_TICK_MS * WHEEL_TICK_MS;
}

static uint64_t random_below(uint64_t bound) {
    return (uint64_t)random() % bound;
}

static uint64_t random_deadline(uint64_t now) {
    switch (random_below(4)) {
    case 0: return now - random_below(1000);
    case 1: return now + random_below(200);
    case 2: return now + random_below(20000);
    default: return now + random_below(200000);
    }
}

static void check_against_model(struct wheel *wheel, const struct wheel_node *nodes, uint64_t now) {
    uint64_t earliest = NEVER;
    size_t held = 0;
    for (size_t i = 0; i < NODES; i++) {
        if (!wheel_has(&nodes[i])) continue;
        held++;
        assert_true(first_tick_after(nodes[i].deadline) > now);
        if (nodes[i].deadline < earliest) earliest = nodes[i].deadline;
    }
    assert_int_equal(wheel->count, held);
    assert_true(wheel_holds(wheel));
    if (held > 0) assert_true(wheel_next(wheel) <= first_tick_after(earliest) && wheel_next(wheel) > now);
}

static void agrees_with_a_list_under_random_use(void **state) {
    (void)state;
    static struct wheel_node nodes[NODES];
    struct wheel wheel;
    uint64_t now = START;
    srandom(1);
    wheel_init(&wheel, now);
    for (unsigned step = 0; step < 20000; step++) {
        struct wheel_node *node = &nodes[random_below(NODES)];
        if (!wheel_has(node))
            wheel_add(&wheel, node, random_deadline(now));
        else if (random_below(4) == 0)
            wheel_remove(&wheel, node);
        if (random_below(3) != 0) continue;
        now += random_below(20) == 0 ? random_below(40000) : random_below(100);
        if (random_below(200) == 0) now -= random_below(3000);
        struct wheel_node *due;
        while ((due = wheel_pop_due(&wheel, now))) {
            assert_false(wheel_has(due));
            assert_true(due->deadline <= now);
        }
        check_against_model(&wheel, nodes, now);
    }
}

static void a_node_that_would_be_met_too_late_is_seen(void **state) {
    (void)state;
    struct wheel wheel;
    struct wheel_node node = {0};
    wheel_init(&wheel, START);
    wheel_add(&wheel, &node, START + 1000);
    assert_true(wheel_holds(&wheel));
    node.deadline -= WHEEL_TICK_MS;
    assert_false(wheel_holds(&wheel));
    node.deadline += 2 * WHEEL_TICK_MS; /* met before it, and then again */
    assert_true(wheel_holds(&wheel));
    wheel.count++;
    assert_false(wheel_holds(&wheel));
    wheel.count--;
    memset(wheel.occupied, 0, sizeof wheel.occupied);
    assert_false(wheel_holds(&wheel));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(returns_no_node_early_and_none_a_tick_late),
        cmocka_unit_test(returns_at_once_what_was_late_when_added),
        cmocka_unit_test(nobody_is_overtaken_for_ever),
        cmocka_unit_test(keeps_what_lies_beyond_the_horizon),
        cmocka_unit_test(survives_a_clock_that_falls_back),
        cmocka_unit_test(tells_when_to_look_next),
        cmocka_unit_test(agrees_with_a_list_under_random_use),
        cmocka_unit_test(a_node_that_would_be_met_too_late_is_seen),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("wheel", tests, NULL, NULL);
}

/* What is told of each node, and of several fleets at the same nodes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/load/node_facts.h"

static void learn(struct nodes *nodes, uint8_t id, uint16_t port, uint64_t sessions, uint64_t registered,
                  uint64_t silent_us) {
    struct node_entry *node = &nodes->list[nodes->count++];
    *node = (struct node_entry){.id = id,
                                .address = {.port = port},
                                .sessions = sessions,
                                .registered = registered,
                                .lost = 3,
                                .silent_us = silent_us};
}

static void the_entry_is_no_node(void **state) {
    (void)state;
    struct nodes nodes;
    struct node_facts facts;
    nodes_init(&nodes, 4);
    nodes.list[NODES_ENTRY].registered = 5;
    node_facts_take(&facts, &nodes);
    assert_int_equal(facts.count, 0);
}

static void what_was_taken_is_not_told_again(void **state) {
    (void)state;
    struct nodes nodes;
    struct node_facts facts;
    nodes_init(&nodes, 4);
    learn(&nodes, 9, 1, 10, 12, 7000);
    learn(&nodes, 2, 1, 20, 21, 0);
    node_facts_take(&facts, &nodes);
    assert_int_equal(facts.count, 2);
    assert_int_equal(facts.list[0].id, 2); /* by id */
    assert_int_equal(facts.list[1].registered, 12);
    assert_int_equal(facts.list[1].lost, 3);
    assert_int_equal(facts.list[1].silent_ms, 7);
    node_facts_take(&facts, &nodes);
    assert_int_equal(facts.list[1].sessions, 10); /* that is how it is, not what happened */
    assert_int_equal(facts.list[1].registered + facts.list[1].lost + facts.list[1].silent_ms, 0);
}

static void fleets_add_up(void **state) {
    (void)state;
    struct nodes one, other;
    struct node_facts facts, more;
    nodes_init(&one, 4);
    nodes_init(&other, 4);
    learn(&one, 3, 1, 10, 12, 7000);
    learn(&other, 3, 1, 5, 6, 9000);
    learn(&other, 3, 2, 1, 1, 0); /* the id is another machine's by now */
    learn(&other, 1, 1, 4, 4, 0);
    node_facts_take(&facts, &one);
    node_facts_take(&more, &other);
    node_facts_merge(&facts, &more);
    assert_int_equal(facts.count, 3);
    assert_int_equal(facts.list[0].id, 1);
    assert_int_equal(facts.list[1].sessions, 15);
    assert_int_equal(facts.list[1].registered, 18);
    assert_int_equal(facts.list[1].silent_ms, 9);
    assert_int_equal(facts.list[2].sessions, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_entry_is_no_node),
        cmocka_unit_test(what_was_taken_is_not_told_again),
        cmocka_unit_test(fleets_add_up),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

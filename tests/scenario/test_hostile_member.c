/* What a hostile member can do with its own keys, and what it cannot: use the people of its room against a stranger. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/scenario/support/hostile.h"

/* The hand-made member is one: it meets people, and what it says from where it is gets an answer there. */
static void it_is_a_member(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE);
    struct hostile mallory;
    hostile_init(&mallory, world, anna, "tea", true);
    person_start(anna, "tea");
    world_run(world, 1000);
    hostile_meet(&mallory);
    hostile_run(&mallory, 2000);
    hostile_count(&mallory, &mallory.at);
    hostile_frame(&mallory, &mallory.at, &(struct frame){.type = FRAME_PING, .token = 1});
    world_run(world, 100);
    assert_int_equal(mallory.at_victim.packets, 1);
    assert_true(mallory.at_victim.bytes <= mallory.spent.bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_is_a_member, world_setup, world_teardown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

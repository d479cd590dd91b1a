#include "bench/load/session_index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT 5000

struct crowd {
    struct member *members;
    struct session_index index;
    uint64_t random;
};

static uint64_t next_random(struct crowd *crowd) {
    return crowd->random = crowd->random * 6364136223846793005ULL + 1442695040888963407ULL;
}

/* As the bootnode makes them: slots are dense, generations random. */
static void name_session(struct crowd *crowd, uint32_t member) {
    uint64_t generation = (next_random(crowd) >> 40) | 1;
    crowd->members[member].session_id = generation << 40 | (uint64_t)member << 16;
}

static int setup(void **state) {
    struct crowd *crowd = calloc(1, sizeof *crowd);
    assert_non_null(crowd);
    crowd->random = 1;
    crowd->members = calloc(COUNT, sizeof *crowd->members);
    assert_non_null(crowd->members);
    assert_true(session_index_create(&crowd->index, crowd->members, COUNT));
    *state = crowd;
    return 0;
}

static int teardown(void **state) {
    struct crowd *crowd = *state;
    session_index_destroy(&crowd->index);
    free(crowd->members);
    free(crowd);
    return 0;
}

static void add_all(struct crowd *crowd) {
    for (uint32_t i = 0; i < COUNT; i++) {
        name_session(crowd, i);
        session_index_add(&crowd->index, i);
    }
}

static void everyone_is_found(void **state) {
    struct crowd *crowd = *state;
    assert_int_equal(session_index_find(&crowd->index, 1), SESSION_INDEX_NONE);
    add_all(crowd);
    for (uint32_t i = 0; i < COUNT; i++)
        assert_int_equal(session_index_find(&crowd->index, crowd->members[i].session_id), i);
    assert_int_equal(session_index_find(&crowd->index, 1), SESSION_INDEX_NONE);
}

static void removed_ones_are_not_and_the_others_are(void **state) {
    struct crowd *crowd = *state;
    add_all(crowd);
    for (uint32_t i = 0; i < COUNT; i++)
        if (i % 3 != 0) session_index_remove(&crowd->index, i);
    for (uint32_t i = 0; i < COUNT; i++)
        assert_int_equal(session_index_find(&crowd->index, crowd->members[i].session_id),
                         i % 3 == 0 ? i : SESSION_INDEX_NONE);
}

/* Removed places are used again: however long it goes on, the table does not fill up. */
static void sessions_come_and_go(void **state) {
    struct crowd *crowd = *state;
    add_all(crowd);
    for (unsigned round = 0; round < 20 * COUNT; round++) {
        uint32_t member = (uint32_t)(next_random(crowd) >> 33) % COUNT;
        uint64_t old = crowd->members[member].session_id;
        session_index_remove(&crowd->index, member);
        assert_int_equal(session_index_find(&crowd->index, old), SESSION_INDEX_NONE);
        name_session(crowd, member);
        session_index_add(&crowd->index, member);
        assert_int_equal(session_index_find(&crowd->index, crowd->members[member].session_id), member);
    }
    for (uint32_t i = 0; i < COUNT; i++)
        assert_int_equal(session_index_find(&crowd->index, crowd->members[i].session_id), i);
}

static void removing_twice_is_harmless(void **state) {
    struct crowd *crowd = *state;
    name_session(crowd, 3);
    session_index_add(&crowd->index, 3);
    session_index_remove(&crowd->index, 3);
    session_index_remove(&crowd->index, 3);
    assert_int_equal(session_index_find(&crowd->index, crowd->members[3].session_id), SESSION_INDEX_NONE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(everyone_is_found),
        TEST(removed_ones_are_not_and_the_others_are),
        TEST(sessions_come_and_go),
        TEST(removing_twice_is_harmless),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("session_index", tests, NULL, NULL);
}

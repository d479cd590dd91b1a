#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/peer/indices.h"
#include "client/peer/peer.h"

static int make(void **state) {
    *state = calloc(1, sizeof(struct indices));
    return *state && sodium_init() >= 0 ? 0 : -1;
}

static int drop(void **state) {
    free(*state);
    return 0;
}

static struct peer peers[2];

static void an_index_finds_its_peer(void **state) {
    struct indices *indices = *state;
    uint32_t first = indices_take(indices, &peers[0]), second = indices_take(indices, &peers[1]);
    assert_int_not_equal(first, 0);
    assert_int_not_equal(first, second);
    assert_ptr_equal(indices_find(indices, first), &peers[0]);
    assert_ptr_equal(indices_find(indices, second), &peers[1]);
}

static void a_released_index_finds_nobody(void **state) {
    struct indices *indices = *state;
    uint32_t index = indices_take(indices, &peers[0]);
    indices_release(indices, index);
    assert_null(indices_find(indices, index));
    indices_release(indices, index);
    indices_release(indices, 0);
    assert_null(indices_find(indices, 0));
    assert_true(indices_holds(indices));
}

/* The low bits name the place only: the others must fit, too. */
static void a_guessed_index_finds_nobody(void **state) {
    struct indices *indices = *state;
    uint32_t index = indices_take(indices, &peers[0]);
    for (uint32_t other = index % INDICES_SLOTS, i = 0; i < 1000; i++, other += INDICES_SLOTS)
        if (other != index) assert_null(indices_find(indices, other));
    indices_release(indices, index ^ 1u << 31);
    assert_ptr_equal(indices_find(indices, index), &peers[0]);
}

static void a_quarter_full_table_always_has_room(void **state) {
    struct indices *indices = *state;
    for (unsigned i = 0; i < INDICES_SLOTS / 4; i++) assert_int_not_equal(indices_take(indices, &peers[0]), 0);
    assert_true(indices_holds(indices));
    indices->slots[7].index = 8;
    assert_false(indices_holds(indices));
}

static void a_full_table_takes_nobody(void **state) {
    struct indices *indices = *state;
    for (unsigned i = 0; i < INDICES_SLOTS; i++) indices->slots[i].index = i + INDICES_SLOTS;
    assert_int_equal(indices_take(indices, &peers[0]), 0);
    indices_release(indices, INDICES_SLOTS + 7);
    uint32_t taken = 0;
    for (int i = 0; i < 100000 && !taken; i++) taken = indices_take(indices, &peers[1]);
    assert_int_equal(taken % INDICES_SLOTS, 7);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)
    const struct CMUnitTest tests[] = {
        TEST(an_index_finds_its_peer),      TEST(a_released_index_finds_nobody),
        TEST(a_guessed_index_finds_nobody), TEST(a_quarter_full_table_always_has_room),
        TEST(a_full_table_takes_nobody),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("indices", tests, NULL, NULL);
}

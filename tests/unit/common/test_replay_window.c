#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <sodium.h>
#include <stdlib.h>

#include "common/replay_window.h"

#define LIMIT (UINT64_MAX - 8191) /* 2^64 - 2^13 */
#define W ((uint64_t)REPLAY_WINDOW_BITS)

static struct replay_window window;

static int clear(void **state) {
    (void)state;
    replay_window_init(&window);
    return 0;
}

/* What check says, accept does; and a counter is accepted only once. */
static bool accepts(uint64_t counter) {
    bool expected = replay_window_check(&window, counter);
    assert_int_equal(replay_window_accept(&window, counter), expected);
    assert_false(replay_window_check(&window, counter));
    assert_true(replay_window_holds(&window));
    return expected;
}

static void what_the_window_never_is(void **state) {
    (void)state;
    assert_true(replay_window_holds(&window));
    assert_true(accepts(5));
    struct replay_window broken = window;
    broken.seen[0] |= 1u << 7; /* of counter 6, which did not come */
    assert_false(replay_window_holds(&broken));
    broken = window;
    broken.seen[0] = 0;
    assert_false(replay_window_holds(&broken));
    broken = window;
    broken.next = LIMIT + 1;
    assert_false(replay_window_holds(&broken));
}

static void counts_from_zero_once(void **state) {
    (void)state;
    for (uint64_t i = 0; i < 5 * W; i++) assert_true(accepts(i));
    for (uint64_t i = 0; i < 5 * W; i++) assert_false(accepts(i));
}

static void backwards_within_the_window(void **state) {
    (void)state;
    for (uint64_t newest = W; newest < W + 130; newest++) {
        replay_window_init(&window);
        assert_true(accepts(newest));
        for (uint64_t i = 1; i <= W; i++) assert_true(accepts(newest - i));
        if (newest > W) assert_false(accepts(newest - W - 1));
    }
}

static void older_than_the_window_is_refused(void **state) {
    (void)state;
    assert_true(accepts(10 * W));
    assert_true(accepts(9 * W));
    assert_false(accepts(9 * W - 1));
    assert_false(accepts(0));
    assert_true(accepts(10 * W + 1));
    assert_true(accepts(9 * W + 1));
    assert_false(accepts(9 * W));
}

static void jumps_clear_what_they_pass(void **state) {
    (void)state;
    const uint64_t jumps[] = {
        1, 63, 64, 65, W - 1, W, W + 1, W + 63, W + 64, W + 65, 2 * W, 1 << 20, UINT64_C(1) << 40};

    for (size_t i = 0; i < sizeof jumps / sizeof jumps[0]; i++) {
        replay_window_init(&window);
        for (uint64_t j = 0; j < 2 * W; j++) assert_true(accepts(j));
        uint64_t newest = 2 * W - 1 + jumps[i];
        assert_true(accepts(newest));
        for (uint64_t j = newest - W; j < newest; j++) assert_int_equal(accepts(j), j >= 2 * W);
    }
}

static void far_future(void **state) {
    (void)state;
    assert_true(accepts(5));
    assert_true(accepts(LIMIT - 2));
    assert_false(accepts(5));
    assert_true(accepts(LIMIT - 1));
    assert_true(accepts(LIMIT - 1 - W));
    assert_false(accepts(LIMIT - 2 - W));
    assert_false(accepts(LIMIT));
    assert_false(accepts(UINT64_MAX));
}

static void last_counters_change_nothing(void **state) {
    (void)state;
    assert_false(accepts(LIMIT));
    assert_false(accepts(UINT64_MAX));
    assert_true(accepts(0));
}

static void check_marks_nothing(void **state) {
    (void)state;
    struct replay_window before = window;

    assert_true(replay_window_check(&window, 7));
    assert_true(replay_window_check(&window, 70000));
    assert_memory_equal(&window, &before, sizeof before);
}

/* The plainest model there is: a flag for every counter, and the newest. */
struct model {
    uint8_t *seen;
    uint64_t newest;
    bool any;
};

static bool model_accept(struct model *model, uint64_t counter) {
    if (model->seen[counter] || (model->any && counter + W < model->newest)) return false;
    model->seen[counter] = 1;
    if (!model->any || counter > model->newest) model->newest = counter;
    model->any = true;
    return true;
}

#define STEPS 100000
#define JUMP_MAX 4000

static uint64_t next_counter(const struct model *model) {
    uint32_t back = randombytes_uniform((uint32_t)W + 200);
    uint32_t kind = randombytes_uniform(100);
    if (kind < 2) return model->newest + randombytes_uniform(JUMP_MAX);
    if (kind < 40) return model->newest + randombytes_uniform(4);
    return model->newest > back ? model->newest - back : 0;
}

static void agrees_with_the_model(void **state) {
    (void)state;
    struct model model = {.seen = calloc((size_t)STEPS * JUMP_MAX / 10, 1)};
    uint64_t accepted = 0;

    assert_non_null(model.seen);
    for (int i = 0; i < STEPS && model.newest + JUMP_MAX < (uint64_t)STEPS * JUMP_MAX / 10; i++) {
        uint64_t counter = next_counter(&model);
        bool expected = model_accept(&model, counter);
        assert_int_equal(accepts(counter), expected);
        accepted += expected;
    }
    assert_true(accepted > STEPS / 10 && accepted < STEPS);
    free(model.seen);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_the_window_never_is, clear),
        cmocka_unit_test_setup(counts_from_zero_once, clear),
        cmocka_unit_test_setup(backwards_within_the_window, clear),
        cmocka_unit_test_setup(older_than_the_window_is_refused, clear),
        cmocka_unit_test_setup(jumps_clear_what_they_pass, clear),
        cmocka_unit_test_setup(far_future, clear),
        cmocka_unit_test_setup(last_counters_change_nothing, clear),
        cmocka_unit_test_setup(check_marks_nothing, clear),
        cmocka_unit_test_setup(agrees_with_the_model, clear),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("replay_window", tests, NULL, NULL);
}

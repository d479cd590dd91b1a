#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bootnode/lame_duck.h"

#define BEGAN UINT64_C(1000000)

/* How long it lasts where somebody waits for the end as it is known, asks anew and waits again; a watcher asks /health
 * every `every` ms from `from` on, both counted from the beginning; 0: nobody does. */
static uint64_t lasts(struct lame_duck duck, struct page_visits *visits, uint64_t from, uint64_t every) {
    uint64_t now = duck.began_ms;
    for (; now < lame_duck_end(&duck, visits); now++) {
        const uint64_t ms = now - duck.began_ms;
        if (every > 0 && ms >= from && (ms - from) % every == 0) page_visits_note(visits, true, true, now);
    }
    return now - duck.began_ms;
}

static const struct lame_duck automatic = {BEGAN, LAME_DUCK_AUTO, true, false};

static void what_the_operator_chose_is_kept(void **state) {
    (void)state;
    struct page_visits visits = {0};
    assert_int_equal(lasts((struct lame_duck){BEGAN, 0, true, false}, &visits, 0, 10), 0);
    assert_int_equal(lasts((struct lame_duck){BEGAN, 30000, true, false}, &visits, 0, 10), 30000);
    assert_int_equal(lasts((struct lame_duck){BEGAN, 777, false, false}, &visits, 0, 0), 777);
}

static void without_a_page_nobody_waits(void **state) {
    (void)state;
    struct page_visits visits = {0};
    assert_int_equal(lasts((struct lame_duck){BEGAN, LAME_DUCK_AUTO, false, false}, &visits, 0, 0), 0);
}

static void who_asks_for_other_pages_alone_is_no_watcher(void **state) {
    (void)state;
    struct page_visits visits = {0};
    page_visits_note(&visits, false, false, BEGAN - 10000);
    assert_int_equal(lasts(automatic, &visits, 0, 0), 0);
}

static void where_nobody_asked_it_listens_for_a_moment(void **state) {
    (void)state;
    struct page_visits visits = {0}, old = {0};
    assert_int_equal(lasts(automatic, &visits, 0, 0), LAME_DUCK_LISTEN_MS);
    page_visits_note(&old, true, false, BEGAN - LAME_DUCK_ASKED_MS - 1);
    assert_int_equal(lasts(automatic, &old, 0, 0), LAME_DUCK_LISTEN_MS);
}

static void who_comes_in_that_moment_is_told(void **state) {
    (void)state;
    struct page_visits visits = {0};
    assert_int_equal(lasts(automatic, &visits, LAME_DUCK_LISTEN_MS - 1, 10), LAME_DUCK_LEAST_MS);
}

/* Whatever his rhythm, he has been told, and has a second to act on it. */
static void a_watcher_of_1_to_5_s_sees_it(void **state) {
    (void)state;
    for (uint64_t every = 1000; every <= 5000; every += 250) {
        for (uint64_t from = 0; from < every; from += 125) {
            struct page_visits visits = {0};
            page_visits_note(&visits, true, false, BEGAN + from - every);
            const uint64_t ms = lasts(automatic, &visits, from, every);
            assert_in_range(ms, LAME_DUCK_LEAST_MS, LAME_DUCK_MOST_MS);
            assert_int_equal(visits.told_ms, BEGAN + from);
            assert_true(ms >= from + LAME_DUCK_SEEN_MS);
        }
    }
}

static void who_does_not_ask_again_is_not_waited_for_without_end(void **state) {
    (void)state;
    struct page_visits visits = {0};
    page_visits_note(&visits, true, false, BEGAN - 1000);
    assert_int_equal(lasts(automatic, &visits, 0, 0), LAME_DUCK_MOST_MS);
}

static void a_seldom_watcher_has_the_least(void **state) {
    (void)state;
    struct page_visits visits = {0};
    page_visits_note(&visits, true, false, BEGAN - 30000);
    assert_int_equal(lasts(automatic, &visits, 0, 0), LAME_DUCK_LEAST_MS);
    page_visits_note(&visits, true, false, BEGAN - 30000);
    assert_int_equal(lasts(automatic, &visits, 1400, 10000), 1400 + LAME_DUCK_SEEN_MS);
}

static void rooms_of_a_cluster_move_first(void **state) {
    struct page_visits visits = {0};
    struct lame_duck duck = {BEGAN, LAME_DUCK_AUTO, false, true};
    (void)state;
    assert_int_equal(lame_duck_end(&duck, &visits), BEGAN + LAME_DUCK_MOVING_MS);
    duck.chosen_ms = LAME_DUCK_MOVING_MS + 1;
    assert_int_equal(lame_duck_end(&duck, &visits), BEGAN + LAME_DUCK_MOVING_MS + 1);
    duck.moving = false;
    duck.chosen_ms = 777;
    assert_int_equal(lame_duck_end(&duck, &visits), BEGAN + 777);
    assert_false(lame_duck_moves(false, false, LAME_DUCK_AUTO));
    assert_false(lame_duck_moves(false, false, LAME_DUCK_MOVES_MS - 1));
    assert_true(lame_duck_moves(false, false, LAME_DUCK_MOVES_MS));
    assert_true(lame_duck_moves(true, false, LAME_DUCK_AUTO));
    assert_true(lame_duck_moves(false, true, LAME_DUCK_AUTO));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_operator_chose_is_kept),
        cmocka_unit_test(without_a_page_nobody_waits),
        cmocka_unit_test(who_asks_for_other_pages_alone_is_no_watcher),
        cmocka_unit_test(where_nobody_asked_it_listens_for_a_moment),
        cmocka_unit_test(who_comes_in_that_moment_is_told),
        cmocka_unit_test(a_watcher_of_1_to_5_s_sees_it),
        cmocka_unit_test(who_does_not_ask_again_is_not_waited_for_without_end),
        cmocka_unit_test(a_seldom_watcher_has_the_least),
        cmocka_unit_test(rooms_of_a_cluster_move_first),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("lame_duck", tests, NULL, NULL);
}

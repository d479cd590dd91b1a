/* Several views at once, on a board that loses, delays and cuts (tests/support/town.h): who lives, as each of them
 * believes, and how far their beliefs part. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/town.h"

#define FOUND_MS 6000 /* a death: five seconds of silence, and a turn */
#define SOON_MS 1500  /* a beacon later, and a turn */

static struct town town;

static void start(size_t count) {
    town_make(&town, count);
    town_start_all(&town);
    (void)town_await(&town, town_agrees, 10000);
    town_pass(&town, 10000, NULL);
    assert_true(town_agrees(&town));
    for (size_t i = 0; i < count; i++) town.nodes[i].changes = 0;
}

static void end(void) {
    town_free(&town);
}

static void nobody_changed(void) {
    for (size_t i = 0; i < town.count; i++) assert_int_equal(town.nodes[i].changes, 0);
}

/* Does it name homes at all? */
static bool tells(const struct town *now, size_t index) {
    return now->nodes[index].state == TOWN_UP && town_view(now, index)->list_count > 0;
}

/* Those that run and are not cut off: homes are shared as long as they differ by one at most (replicas is 2). */
static void share_homes(struct town *now) {
    for (size_t i = 0; i < now->count; i++)
        for (size_t j = 0; j < i; j++)
            if (tells(now, i) && tells(now, j)) assert_true(town_differ(now, i, j) < now->replicas);
}

/* --- One fault --- */

static void nodes_find_each_other(void **state) {
    (void)state;
    town_make(&town, 3);
    town_start_all(&town);
    town_pass(&town, VIEW_LISTEN_MS - TOWN_TURN_MS, NULL);
    for (size_t i = 0; i < 3; i++) assert_int_equal(town_view(&town, i)->list_count, 0);
    assert_true(town_await(&town, town_agrees, 10000) <= 5000);
    end();
}

static void a_death_is_found(void **state) {
    (void)state;
    start(4);
    town_kill(&town, 2);
    town_pass(&town, VIEW_ALIVE_MS - 1000 - TOWN_TURN_MS, NULL);
    nobody_changed();
    assert_true(town_await(&town, town_agrees, 10000) + VIEW_ALIVE_MS - 1000 <= FOUND_MS);
    end();
}

static void a_stopped_node_is_out_and_comes_back(void **state) {
    (void)state;
    start(4);
    town_stop(&town, 1);
    town_pass(&town, 30000, share_homes);
    assert_true(town_agrees(&town));
    town_continue(&town, 1);
    assert_true(town_await(&town, town_agrees, 10000) <= SOON_MS);
    assert_int_equal(town.nodes[1].changes, 0); /* it never took the others for dead */
    end();
}

static void a_short_restart_changes_nothing(void **state) {
    (void)state;
    start(3);
    for (size_t i = 0; i < 3; i++) {
        town_kill(&town, i);
        town_pass(&town, 3500, NULL);
        town_start(&town, i);
        town_pass(&town, 1000, share_homes);
        assert_int_equal(town_view(&town, i)->state, BEACON_SERVES);
        town.nodes[i].changes = 0;
    }
    town_pass(&town, 20000, NULL);
    nobody_changed();
    end();
}

static void a_restart_without_its_file_changes_nothing_for_others(void **state) {
    (void)state;
    start(3);
    town_kill(&town, 1);
    town.nodes[1].has_kept = false;
    town_pass(&town, 1000, NULL);
    town_start(&town, 1);
    (void)town_await(&town, town_agrees, 10000);
    town_pass(&town, 10000, NULL);
    assert_int_equal(town.nodes[0].changes + town.nodes[2].changes, 0);
    end();
}

static void without_the_board_stun_decides(void **state) {
    (void)state;
    start(4);
    town.board_down = true;
    town_pass(&town, 60000, NULL);
    nobody_changed();
    town_kill(&town, 3);
    assert_true(town_await(&town, town_agrees, 10000) <= FOUND_MS);
    town.board_down = false;
    town_pass(&town, 10000, share_homes);
    assert_true(town_agrees(&town));
    end();
}

static void a_path_that_is_broken_does_no_harm_while_there_is_the_board(void **state) {
    (void)state;
    start(3);
    town.nodes[0].path_cut = true;
    town_pass(&town, 60000, NULL);
    town.nodes[0].path_cut = false;
    town.nodes[0].board_cut = true;
    town_pass(&town, 60000, NULL);
    nobody_changed();
    end();
}

static void a_lossy_board_kills_nobody(void **state) {
    (void)state;
    start(5);
    town.loss_percent = 50;
    town.delay_ms = 900;
    town_pass(&town, 600000, NULL);
    nobody_changed();
    end();
}

static bool is_aside(size_t index, size_t other) {
    const struct cluster_set aside = view_aside(town_view(&town, index), town.now);
    return cluster_set_has(&aside, town.nodes[other].id);
}

static void whoever_drains_is_out_at_once(void **state) {
    (void)state;
    start(3);
    town.nodes[0].draining = true;
    town_pass(&town, SOON_MS, NULL);
    for (size_t i = 0; i < 3; i++) assert_false(town_sees(&town, i, 0));
    assert_true(is_aside(1, 0) && is_aside(2, 0)); /* it lives, and serves who is there */
    assert_false(is_aside(1, 2));
    town_kill(&town, 0);
    for (size_t i = 0; i < 3; i++) town.nodes[i].changes = 0;
    town_pass(&town, 20000, NULL);
    assert_false(is_aside(1, 0) || is_aside(2, 0));
    nobody_changed();
    end();
}

/* Rather a node that leaves than none. */
static void the_last_node_stays_in_its_view(void **state) {
    (void)state;
    start(1);
    town.nodes[0].draining = true;
    town_pass(&town, 5000, NULL);
    assert_int_equal(town_view(&town, 0)->list_count, 1);
    end();
}

static void a_weight_is_told(void **state) {
    (void)state;
    start(3);
    town.nodes[2].weight = 300;
    town_pass(&town, SOON_MS, NULL);
    for (size_t i = 0; i < 3; i++) assert_int_equal(town_view(&town, i)->list[2].weight, 300);
    for (size_t i = 0; i < 3; i++) assert_int_equal(town.nodes[i].changes, 1);
    end();
}

/* --- Cut off --- */

static void whoever_is_cut_off_keeps_its_view(void **state) {
    (void)state;
    start(3);
    town_cut(&town, 0, true);
    town_pass(&town, 60000, share_homes);
    assert_true(town_view(&town, 0)->cut_off);
    assert_int_equal(town_view(&town, 0)->list_count, 3);
    assert_int_equal(town_view(&town, 1)->list_count, 2);
    town_cut(&town, 0, false);
    assert_true(town_await(&town, town_agrees, 10000) <= SOON_MS);
    town_pass(&town, VIEW_LISTEN_MS, share_homes); /* until it has heard all of them again */
    assert_false(town_view(&town, 0)->cut_off);
    end();
}

/* All others are not found silent in one and the same turn. */
static void a_cut_does_not_take_some_before_it_is_noticed(void **state) {
    (void)state;
    for (unsigned late = 0; late < 4; late++) {
        start(5);
        for (size_t i = 0; i < 5; i++) town.nodes[i].beacon_ms += 250 * (i + late) % 1000;
        town_pass(&town, 3000, NULL);
        town_cut(&town, 4, true);
        town_pass(&town, 4000 + 500 * late, share_homes);
        town_cut(&town, 4, false);
        town_pass(&town, 20000, share_homes);
        assert_true(town_agrees(&town));
        end();
    }
}

static void of_two_halves_the_one_with_the_lowest_id_goes_on(void **state) {
    (void)state;
    start(4);
    town_kill(&town, 2);
    town_kill(&town, 3);
    town_pass(&town, FOUND_MS, NULL);
    assert_int_equal(town_view(&town, 0)->list_count, 2);
    town_start(&town, 2);
    town_start(&town, 3);
    town_pass(&town, 20000, NULL);
    assert_true(town_agrees(&town));
    town_kill(&town, 0);
    town_kill(&town, 1);
    town_pass(&town, FOUND_MS, NULL);
    assert_true(town_view(&town, 2)->cut_off);
    assert_int_equal(town_view(&town, 2)->list_count, 4);
    end();
}

static void an_operator_ends_the_wait_for_the_dead(void **state) {
    (void)state;
    start(3);
    town_kill(&town, 0);
    town_kill(&town, 1);
    assert_false(view_forget(town_view(&town, 2), 1, town.now)); /* as far as is known it lives */
    town_pass(&town, 20000, NULL);
    assert_true(town_view(&town, 2)->cut_off);
    assert_true(view_forget(town_view(&town, 2), 1, town.now));
    assert_false(view_forget(town_view(&town, 2), 1, town.now));
    assert_false(view_forget(town_view(&town, 2), 3, town.now)); /* itself */
    assert_true(view_forget(town_view(&town, 2), 2, town.now));
    town_pass(&town, VIEW_LISTEN_MS + 1000, NULL);
    assert_false(town_view(&town, 2)->cut_off);
    assert_int_equal(town_view(&town, 2)->list_count, 1);
    town_start(&town, 0);
    town_pass(&town, 10000, NULL);
    assert_true(town_agrees(&town));
    end();
}

/* --- Joining --- */

/* A cluster that serves grows by one node after the other, when all moving is done. */
static void nodes_join_one_after_the_other(void **state) {
    (void)state;
    town_make(&town, 4);
    town_start(&town, 2);
    town_start(&town, 3);
    town_pass(&town, 20000, NULL);
    town.nodes[2].moving = 7;
    town_start(&town, 0);
    town_start(&town, 1);
    town_pass(&town, 20000, share_homes);
    assert_int_equal(town_view(&town, 0)->state, BEACON_JOINING);
    assert_int_equal(town_view(&town, 0)->wait, VIEW_WAITS_MOVING);
    assert_int_equal(town_view(&town, 1)->wait, VIEW_WAITS_LOWER);
    town.nodes[2].moving = 0;
    town_pass(&town, SOON_MS, share_homes);
    assert_int_equal(town_view(&town, 0)->state, BEACON_SERVES);
    assert_int_equal(town_view(&town, 1)->state, BEACON_JOINING);
    town_pass(&town, 4000, share_homes);
    assert_true(town_agrees(&town));
    end();
}

static void nobody_waits_for_ever(void **state) {
    (void)state;
    start(2);
    town_kill(&town, 1);
    town.nodes[1].has_kept = false;
    town_pass(&town, 20000, NULL);
    town.nodes[0].moving = 7;
    town_start(&town, 1);
    town_pass(&town, VIEW_JOIN_MS, NULL);
    assert_int_equal(town_view(&town, 1)->state, BEACON_JOINING);
    town_pass(&town, 2 * VIEW_LISTEN_MS, NULL);
    assert_int_equal(town_view(&town, 1)->state, BEACON_SERVES);
    end();
}

/* As after a power cut, with files and without. */
static void all_start_at_once(void **state) {
    (void)state;
    start(9);
    for (size_t i = 0; i < 9; i++) town_kill(&town, i);
    town_pass(&town, 120000, NULL);
    for (size_t i = 0; i < 9; i++) town_start(&town, i);
    assert_true(town_await(&town, town_agrees, 20000) <= 8000);
    for (size_t i = 0; i < 9; i++) town_kill(&town, i);
    for (size_t i = 0; i < 9; i++) town.nodes[i].has_kept = false;
    town_pass(&town, 120000, NULL);
    for (size_t i = 0; i < 9; i++) town_start(&town, i);
    assert_true(town_await(&town, town_agrees, 20000) <= 8000);
    end();
}

static void without_the_board_and_a_file_a_node_waits(void **state) {
    (void)state;
    start(3);
    town.board_down = true;
    town_pass(&town, 10000, NULL);
    town_kill(&town, 0);
    town_kill(&town, 1);
    town.nodes[1].has_kept = false;
    town_pass(&town, 20000, NULL); /* two of three, and the board: the third one is cut off */
    town_start(&town, 0);
    town_start(&town, 1);
    town_pass(&town, VIEW_ALIVE_MS + 1000, NULL);
    assert_int_equal(town_view(&town, 0)->state, BEACON_SERVES); /* its file has it */
    assert_int_equal(town_view(&town, 0)->list_count, 3);
    town_pass(&town, 60000, NULL);
    assert_int_equal(town_view(&town, 1)->wait, VIEW_WAITS_BOARD);
    assert_int_equal(town_view(&town, 1)->list_count, 0);
    town.board_down = false;
    town_pass(&town, 10000, NULL);
    assert_true(town_agrees(&town));
    end();
}

/* It was away for so long that others serve in its place; now it hears nobody, and they are not dead. */
static void whoever_starts_cut_off_does_not_serve_alone(void **state) {
    (void)state;
    start(3);
    town_kill(&town, 2);
    town_pass(&town, 60000, NULL);
    town_start(&town, 2);
    town.nodes[2].path_cut = true;
    town.loss_percent = 100; /* the servers of NATS are parted: each has one */
    town_pass(&town, 60000, NULL);
    assert_int_equal(town_view(&town, 2)->state, BEACON_JOINING);
    assert_int_equal(town_view(&town, 2)->wait, VIEW_WAITS_CUT_OFF);
    town.loss_percent = 0;
    town.nodes[2].path_cut = false;
    town_pass(&town, 10000, NULL);
    assert_true(town_agrees(&town));
    end();
}

/* --- Ids and clocks --- */

static void one_id_is_one_node(void **state) {
    (void)state;
    town_make(&town, 3);
    town_start(&town, 0);
    town_start(&town, 1);
    town_pass(&town, 10000, NULL);
    town.nodes[2].id = 1; /* at another address than the first */
    town_start(&town, 2);
    town.nodes[0].changes = town.nodes[1].changes = 0;
    town_pass(&town, 20000, NULL);
    assert_int_equal(town_view(&town, 2)->state, BEACON_OUT);
    assert_int_equal(town_view(&town, 2)->wait, VIEW_WAITS_ID);
    assert_int_equal(town.nodes[0].changes + town.nodes[1].changes, 0);
    town_kill(&town, 0);
    town_pass(&town, 20000, NULL);
    assert_int_equal(town_view(&town, 2)->state, BEACON_SERVES);
    assert_int_equal(town_view(&town, 1)->list[0].addresses[0].ip[15], 2); /* that one's */
    end();
}

/* Both served while they did not hear each other. */
static void of_two_with_one_id_the_earlier_one_stays(void **state) {
    (void)state;
    town_make(&town, 3);
    town_start(&town, 1);
    town_start(&town, 0);
    town_pass(&town, 10000, NULL);
    town.nodes[2].id = 1;
    town_cut(&town, 2, true);
    town.nodes[2].board_cut = false;
    town.loss_percent = 100;
    town_start(&town, 2);
    town_pass(&town, 4000, NULL);
    assert_int_equal(town_view(&town, 2)->state, BEACON_SERVES);
    town.loss_percent = 0;
    town_pass(&town, SOON_MS, NULL);
    assert_int_equal(town_view(&town, 2)->state, BEACON_OUT);
    assert_int_equal(town_view(&town, 0)->state, BEACON_SERVES);
    assert_int_equal(town_view(&town, 2)->list_count, 0); /* it lacks one */
    end();
}

static void a_wrong_clock_stays_out(void **state) {
    (void)state;
    town_make(&town, 4);
    town.nodes[3].clock_ms = -61000;
    town_start_all(&town);
    town_pass(&town, 20000, NULL);
    assert_int_equal(town_view(&town, 3)->state, BEACON_OUT);
    assert_int_equal(town_view(&town, 3)->wait, VIEW_WAITS_CLOCK);
    for (size_t i = 0; i < 3; i++) assert_false(town_sees(&town, i, 3));
    assert_int_equal(town_view(&town, 3)->list_count, 3); /* it knows where others live */
    town.nodes[3].clock_ms = -10000;
    town_pass(&town, 20000, NULL);
    assert_true(town_agrees(&town));
    town.nodes[3].clock_ms = 61000; /* set while it serves */
    town_pass(&town, 2 * SOON_MS, NULL);
    for (size_t i = 0; i < 4; i++) assert_false(town_sees(&town, i, 3));
    end();
}

/* Of two clocks nobody can say which one is wrong: who serves goes on. */
static void two_clocks_are_no_court(void **state) {
    (void)state;
    start(2);
    town.nodes[0].clock_ms = 3600000;
    town_pass(&town, 20000, NULL);
    nobody_changed();
    town_kill(&town, 1);
    town_pass(&town, 20000, NULL);
    town_start(&town, 1);
    town_pass(&town, 20000, NULL);
    assert_int_equal(town_view(&town, 1)->wait, VIEW_WAITS_CLOCK);
    assert_int_equal(town_view(&town, 0)->state, BEACON_SERVES);
    end();
}

/* --- Many --- */

static void as_many_nodes_as_there_are_ids(void **state) {
    (void)state;
    town_make(&town, 60);
    town.nodes[59].id = 255;
    town.nodes[58].id = 0;
    town_start_all(&town);
    assert_true(town_await(&town, town_agrees, 60000) <= 10000);
    end();
}

/* One fault after the other, at random: those who run share a home of each bucket all the while, and soon agree. */
static void random_faults(void **state) {
    (void)state;
    start(5);
    for (unsigned round = 0; round < 200; round++) {
        const size_t who = (round * 7 + round / 5) % 5;
        switch (round % 6) {
        case 0: town_kill(&town, who); break;
        case 1: town_stop(&town, who); break;
        case 2: town.board_down = true; break;
        case 3: town_cut(&town, who, true); break;
        case 4: town.nodes[who].draining = true; break;
        case 5: town.nodes[who].weight = (uint16_t)(round + 1); break;
        }
        town_pass(&town, 1000 + round % 40 * 500, share_homes);
        town.board_down = false;
        town_cut(&town, who, false);
        if (round % 6 == 1) town_continue(&town, who);
        if (round % 6 == 4) town_kill(&town, who);
        if (round % 6 == 4) town_pass(&town, 1000, share_homes);
        if (town.nodes[who].state == TOWN_DOWN) town_start(&town, who);
        town_pass(&town, 20000, share_homes);
        assert_true(town_agrees(&town));
    }
    end();
}

/* --- Who is heard, and not reached --- */

static unsigned events_of(struct view *view, enum view_event_kind kind) {
    unsigned count = 0;
    for (size_t i = 0; i < view->event_count; i++) count += view->events[i].kind == kind && view->events[i].id == 2;
    view->event_count = 0;
    return count;
}

/* So many seconds pass, in which node 2 says each second that it lives, and answers each tenth or not. */
static unsigned hear_for(struct view *view, uint64_t *now, unsigned seconds, bool answers, enum view_event_kind kind) {
    unsigned count = 0;
    for (unsigned i = 0; i < seconds; i++) {
        *now += 1000;
        view->nodes[2].beacon_ms = *now;
        if (answers && i % 10 == 0) view_answered(view, 2, *now);
        (void)view_step(view, *now);
        count += events_of(view, kind);
    }
    return count;
}

static void who_answers_nothing_is_told(void **state) {
    static struct view view;
    const struct view_own own = {.id = 1, .replicas = 2, .weight = 1, .boot = 1, .address_count = 1};
    uint64_t now = 1000000;
    (void)state;
    view_init(&view, &own, now);
    view_board(&view, true, now);
    view.nodes[2] = (struct view_node){.known = true, .has_said = true, .said = {.replicas = 2, .address_count = 1}};
    assert_int_equal(hear_for(&view, &now, 29, false, VIEW_UNREACHED), 0);
    assert_int_equal(hear_for(&view, &now, 300, false, VIEW_UNREACHED), 1);
    assert_true(view.nodes[2].unreached);
    assert_int_equal(hear_for(&view, &now, 60, true, VIEW_REACHED), 1);
    assert_int_equal(hear_for(&view, &now, 60, true, VIEW_UNREACHED), 0);
    /* Who is gone from both is silent, and nothing else. */
    now += 100000;
    (void)view_step(&view, now);
    assert_int_equal(events_of(&view, VIEW_UNREACHED), 0);
    assert_int_equal(hear_for(&view, &now, 120, false, VIEW_UNREACHED), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_find_each_other),
        cmocka_unit_test(a_death_is_found),
        cmocka_unit_test(a_stopped_node_is_out_and_comes_back),
        cmocka_unit_test(a_short_restart_changes_nothing),
        cmocka_unit_test(a_restart_without_its_file_changes_nothing_for_others),
        cmocka_unit_test(without_the_board_stun_decides),
        cmocka_unit_test(a_path_that_is_broken_does_no_harm_while_there_is_the_board),
        cmocka_unit_test(a_lossy_board_kills_nobody),
        cmocka_unit_test(whoever_drains_is_out_at_once),
        cmocka_unit_test(the_last_node_stays_in_its_view),
        cmocka_unit_test(a_weight_is_told),
        cmocka_unit_test(whoever_is_cut_off_keeps_its_view),
        cmocka_unit_test(a_cut_does_not_take_some_before_it_is_noticed),
        cmocka_unit_test(of_two_halves_the_one_with_the_lowest_id_goes_on),
        cmocka_unit_test(an_operator_ends_the_wait_for_the_dead),
        cmocka_unit_test(nodes_join_one_after_the_other),
        cmocka_unit_test(nobody_waits_for_ever),
        cmocka_unit_test(all_start_at_once),
        cmocka_unit_test(without_the_board_and_a_file_a_node_waits),
        cmocka_unit_test(whoever_starts_cut_off_does_not_serve_alone),
        cmocka_unit_test(one_id_is_one_node),
        cmocka_unit_test(of_two_with_one_id_the_earlier_one_stays),
        cmocka_unit_test(a_wrong_clock_stays_out),
        cmocka_unit_test(two_clocks_are_no_court),
        cmocka_unit_test(as_many_nodes_as_there_are_ids),
        cmocka_unit_test(random_faults),
        cmocka_unit_test(who_answers_nothing_is_told),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* When somebody who is gone is believed to be here again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "client/peer/returning.h"
#include "common/clock.h"

#define HEARD UINT64_C(1000000)
#define OLD_NEWS_MS 5000

/* The first session has listed it, it was heard, and it said bye. */
static struct peer gone(void) {
    return (struct peer){.state = PEER_GONE, .heard = HEARD, .listed = 1, .listed_once = 1};
}

static struct peer turned_away(void) {
    struct peer peer = gone();
    peer.turned_away = true;
    return peer;
}

static void whoever_listed_it_before_is_believed_at_once(void **state) {
    struct peer peer = gone();
    (void)state;
    assert_true(returning_listed(&peer, 0, HEARD + 1));
}

static void another_one_is_not_believed_so_soon_and_not_later_either(void **state) {
    struct peer peer = gone();
    (void)state;
    assert_false(returning_listed(&peer, 3, HEARD + OLD_NEWS_MS - 1));
    assert_int_equal(peer.listed, 9);
    assert_true(returning_at(&peer) == NEVER);
    peer = gone();
    assert_true(returning_listed(&peer, 3, HEARD + OLD_NEWS_MS));
}

static void who_asks_for_us_is_here_once_that_is_no_old_news(void **state) {
    struct peer peer = gone();
    (void)state;
    returning_asked_for(&peer, 0);
    assert_int_equal(returning_at(&peer), HEARD + OLD_NEWS_MS);
    peer.listed = 0;
    assert_true(returning_at(&peer) == NEVER);
}

static void whom_we_turned_away_asks_in_vain_unless_it_registered_since(void **state) {
    struct peer peer = turned_away();
    (void)state;
    returning_asked_for(&peer, 0);
    assert_true(returning_at(&peer) == NEVER);
    assert_false(returning_listed(&peer, 3, HEARD + 100));
    returning_asked_for(&peer, 0);
    assert_true(returning_at(&peer) == NEVER);
    returning_asked_for(&peer, 3);
    assert_int_equal(returning_at(&peer), HEARD + OLD_NEWS_MS);
}

static void whom_we_turned_away_may_be_called(void **state) {
    struct peer peer = turned_away(), left = gone();
    (void)state;
    returning_call(&peer);
    assert_int_equal(returning_at(&peer), HEARD + OLD_NEWS_MS);
    returning_call(&left);
    assert_true(returning_at(&left) == NEVER);
}

/* Its bye is on the way: it is gone first. */
static void who_is_called_while_it_is_turned_away_comes_after_that(void **state) {
    struct peer peer = gone();
    (void)state;
    peer.state = PEER_LIVE;
    peer.dismissed = true;
    returning_call(&peer);
    assert_true(returning_at(&peer) == NEVER);
    peer.state = PEER_GONE;
    assert_int_equal(returning_at(&peer), HEARD + OLD_NEWS_MS);
}

static void who_registers_anew_while_it_is_turned_away_may_ask_later(void **state) {
    struct peer peer = gone();
    (void)state;
    peer.state = PEER_LIVE;
    peer.dismissed = true;
    assert_false(returning_listed(&peer, 0, HEARD));
    peer.state = PEER_GONE;
    peer.turned_away = true;
    returning_asked_for(&peer, 0);
    assert_int_equal(returning_at(&peer), HEARD + OLD_NEWS_MS);
}

/* We are leaving ourselves. */
static void to_whom_bye_is_said_nobody_comes_back(void **state) {
    struct peer peer = gone();
    (void)state;
    returning_asked_for(&peer, 0);
    peer.bye_tries = 3;
    assert_true(returning_at(&peer) == NEVER);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whoever_listed_it_before_is_believed_at_once),
        cmocka_unit_test(another_one_is_not_believed_so_soon_and_not_later_either),
        cmocka_unit_test(who_asks_for_us_is_here_once_that_is_no_old_news),
        cmocka_unit_test(whom_we_turned_away_asks_in_vain_unless_it_registered_since),
        cmocka_unit_test(whom_we_turned_away_may_be_called),
        cmocka_unit_test(who_is_called_while_it_is_turned_away_comes_after_that),
        cmocka_unit_test(who_registers_anew_while_it_is_turned_away_may_ask_later),
        cmocka_unit_test(to_whom_bye_is_said_nobody_comes_back),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("returning", tests, NULL, NULL);
}

/* Who was away or comes later gets what was said meanwhile, from whoever has it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/history/backlog.h"
#include "tests/scenario/support/world.h"

#define CONNECT_MS 2500
#define MINUTE 60000

static struct world *world;

static void meet(void **state, size_t count) {
    static const char *const names[] = {"anna", "bert", "carl", "dora", "emil"};
    world = *state;
    for (size_t i = 0; i < count; i++) person_start(world_person(world, names[i], NAT_NONE), "tea");
    world_wait(world, CONNECT_MS, everyone_connected(world));
}

static struct person *comes(const char *name) {
    struct person *person = world_person(world, name, NAT_NONE);
    person_start(person, "tea");
    return person;
}

static void say_number(struct person *person, unsigned number) {
    char text[32];
    snprintf(text, sizeof text, "%s %u", person->name, number);
    person_say(person, text);
}

/* What was said or heard of the author: 1 to `count`, each once and in order. */
static bool has_all(const struct person *person, const struct person *author, unsigned count) {
    unsigned next = 1;
    char text[32];
    for (const struct told *told = person->told; told; told = told->next) {
        const struct event *event = told->event;
        bool own = person == author && event->type == EVENT_SENT;
        if (!own && (event->type != EVENT_MESSAGE || memcmp(event->peer, author->id, MEMBER_ID_SIZE) != 0)) continue;
        snprintf(text, sizeof text, "%s %u", author->name, next++);
        assert_string_equal(event->text, text);
    }
    return next == count + 1;
}

static bool all_have_all(unsigned count) {
    for (size_t i = 0; i < world->people_count; i++)
        for (size_t j = 0; j < world->people_count; j++)
            if (j < 5 && world->people[i].engine && !has_all(&world->people[i], &world->people[j], count)) return false;
    return true;
}

static unsigned lost(const struct person *person) {
    unsigned count = 0;
    for (const struct told *told = person->told; told; told = told->next)
        if (told->event->type == EVENT_LOST) count += (unsigned)told->event->lost;
    return count;
}

static void five_say(unsigned number) {
    for (size_t i = 0; i < 5; i++) say_number(&world->people[i], number);
}

static void nothing_was_lost(void) {
    for (size_t i = 0; i < world->people_count; i++) assert_int_equal(lost(&world->people[i]), 0);
}

/* As a program that was started anew; the other sees it. */
static void comes_again(struct person *person, const struct person *other) {
    person_kill(person);
    person_forget(person);
    person_start(person, "tea");
    world_wait(world, CONNECT_MS, person_sees(person, other));
    world_run(world, 3000);
}

/* --- Away and new --- */

static void one_is_away_for_two_minutes_and_one_is_new(void **state) {
    meet(state, 5);
    struct person *carl = &world->people[2];
    unsigned said = 0;
    for (; said < 10; said++) five_say(said + 1);
    world_wait(world, 2000, all_have_all(said));
    carl->cut = true;
    for (; said < 70; said++) { /* 120 s; carl, too, goes on talking */
        five_say(said + 1);
        world_run(world, 2000);
    }
    assert_int_equal(person_count(&world->people[0], EVENT_PEER_LEFT, carl), 1);
    carl->cut = false;
    world_wait(world, MINUTE, all_have_all(said));
    struct person *fred = comes("fred");
    world_wait(world, CONNECT_MS + 2000, all_have_all(said));
    assert_true(person_last(fred, EVENT_MESSAGE, carl)->history);
    assert_string_equal(person_last(fred, EVENT_MESSAGE, carl)->nick, "carl");
    five_say(said + 1);
    world_wait(world, 2000, all_have_all(said + 1));
    assert_false(person_last(fred, EVENT_MESSAGE, carl)->history);
    nothing_was_lost();
}

static void talk_does_not_stop_for_newcomers(void **state) {
    meet(state, 5);
    struct person *fred = NULL;
    unsigned said = 0;
    for (; said < 100; said++) {
        five_say(said + 1);
        world_run(world, 50);
        if (said == 40) fred = comes("fred");
    }
    world_wait(world, 5000, all_have_all(said));
    assert_int_equal(lost(fred), 0);
}

static void loss_changes_nothing(void **state) {
    meet(state, 5);
    unsigned said = 0;
    world->loss_percent = 20;
    world->duplicate_percent = 10;
    world->jitter_ms = 50;
    world->people[1].cut = true;
    for (; said < 60; said++) {
        five_say(said + 1);
        world_run(world, 2000);
    }
    world->people[1].cut = false;
    comes("fred");
    world_wait(world, 2 * MINUTE, all_have_all(said));
    nothing_was_lost();
}

/* --- In the order of time --- */

/* Number `number` of the conversation, said by its turn. */
static void say_in_turn(size_t people, unsigned number) {
    char text[32];
    snprintf(text, sizeof text, "turn %u", number);
    person_say(&world->people[number % people], text);
}

/* Of what was told or said, the numbers from `from` to `to`, each once and ascending, none late. */
static bool has_turns(const struct person *person, unsigned from, unsigned to) {
    unsigned next = from;
    for (const struct told *told = person->told; told; told = told->next) {
        if (told->event->type != EVENT_MESSAGE && told->event->type != EVENT_SENT) continue;
        if (strncmp(told->event->text, "turn ", 5) != 0) continue;
        unsigned long number = strtoul(told->event->text + 5, NULL, 10);
        if (number < from || number > to) continue;
        assert_int_equal(number, next);
        assert_false(told->event->late);
        next++;
    }
    return next == to + 1;
}

static void a_newcomer_reads_it_as_it_was_said(void **state) {
    meet(state, 3);
    unsigned said = 0;
    for (; said < 30; said++) {
        say_in_turn(3, said + 1);
        world_run(world, 120);
    }
    struct person *dora = comes("dora");
    world_wait(world, CONNECT_MS + 1000, has_turns(dora, 1, said));
    const struct event *last = person_last(dora, EVENT_MESSAGE, &world->people[said % 3]);
    assert_true(last->history);
    assert_true(last->shown_ms - last->said_ms < CONNECT_MS + 1000);
    assert_in_range(last->said_ms, last->sent_ms - 100, last->sent_ms + 100); /* all clocks are right here */
    for (size_t i = 0; i < 3; i++) assert_true(has_turns(&world->people[i], 1, said));
}

static void a_clock_that_is_wrong_changes_nothing(void **state) {
    meet(state, 3);
    world->people[1].clock_ahead_ms = -86400000;
    unsigned said = 0;
    for (; said < 12; said++) {
        say_in_turn(3, said + 1);
        world_run(world, 500);
    }
    struct person *dora = comes("dora");
    world_wait(world, CONNECT_MS + 5000, person_heard(dora, &world->people[1], "turn 10") == 1);
    const struct event *event = person_last(dora, EVENT_MESSAGE, &world->people[1]);
    assert_true(event->shown_ms - event->said_ms < MINUTE);
}

/* The most that is kept, over a path that takes seconds for it. */
static void a_long_history_is_in_order_too(void **state) {
    meet(state, 5);
    unsigned said = 0;
    for (; said < BACKLOG_MESSAGES; said++) {
        say_in_turn(5, said + 1);
        world_run(world, 100);
    }
    struct person *fred = comes("fred");
    world_wait(world, 20000, has_turns(fred, 1, said));
}

/* What was said meanwhile stands where it belongs among the others', and those who were there go on undisturbed. */
static void who_comes_back_reads_it_as_it_was_said(void **state) {
    meet(state, 4);
    struct person *dora = &world->people[3];
    unsigned said = 0;
    for (; said < 9; said++) {
        say_in_turn(3, said + 1);
        world_run(world, 500);
    }
    dora->cut = true;
    for (; said < 129; said++) {
        say_in_turn(3, said + 1);
        world_run(world, 1000);
    }
    dora->cut = false;
    world_wait(world, MINUTE, has_turns(dora, 1, said));
    for (size_t i = 0; i < 3; i++) assert_true(has_turns(&world->people[i], 1, said));
}

/* Who has said something himself meanwhile sees that what comes now came late. */
static void what_is_shown_too_late_says_so(void **state) {
    meet(state, 2);
    struct person *anna = &world->people[0], *bert = &world->people[1];
    bert->cut = true;
    world_run(world, MINUTE); /* nobody waits for bert any more */
    say_number(anna, 1);
    world_run(world, 30000);
    say_number(bert, 1);
    world_run(world, 10000);
    bert->cut = false;
    world_wait(world, MINUTE, has_all(bert, anna, 1) && has_all(anna, bert, 1));
    const struct event *event = person_last(bert, EVENT_MESSAGE, anna);
    assert_true(event->late);
    assert_true(event->said_ms < person_last(bert, EVENT_SENT, NULL)->said_ms);
}

/* What somebody said who could not be reached is as old as it is, also where the author brings it himself. */
static void what_was_said_in_vain_is_as_old_as_it_is(void **state) {
    meet(state, 3);
    struct person *anna = &world->people[0], *bert = &world->people[1], *carl = &world->people[2];
    bert->cut = true;
    world_run(world, 5000);
    say_number(bert, 1);
    world_run(world, 5000);
    say_number(anna, 1);
    bert->cut = false; /* before anybody gave him up */
    world_wait(world, 5000, has_all(anna, bert, 1) && has_all(carl, bert, 1) && has_all(bert, anna, 1));
    for (size_t i = 0; i < 3; i += 2) {
        const struct event *event = person_last(&world->people[i], EVENT_MESSAGE, bert);
        assert_false(event->history);
        assert_true(event->late);
        assert_in_range(event->said_ms, event->sent_ms - 100, event->sent_ms + 200);
    }
    struct person *dora = comes("dora"); /* who is told by others, in the order of time */
    world_wait(world, CONNECT_MS + 2000, has_all(dora, bert, 1) && has_all(dora, anna, 1));
    assert_true(person_last(dora, EVENT_MESSAGE, bert)->said_ms < person_last(dora, EVENT_MESSAGE, anna)->said_ms);
    assert_false(person_last(dora, EVENT_MESSAGE, bert)->late);
}

/* --- Who has it --- */

static void the_author_has_left_meanwhile(void **state) {
    meet(state, 3);
    struct person *anna = &world->people[0], *bert = &world->people[1], *carl = &world->people[2];
    say_number(anna, 1);
    world_wait(world, 1000, has_all(carl, anna, 1));
    carl->cut = true;
    for (unsigned i = 2; i <= 20; i++) say_number(anna, i);
    world_wait(world, 2000, has_all(bert, anna, 20));
    person_kill(anna);
    world_run(world, 2 * MINUTE);
    carl->cut = false;
    world_wait(world, MINUTE, has_all(carl, anna, 20));
    struct person *dora = comes("dora");
    world_wait(world, CONNECT_MS + 2000, has_all(dora, anna, 20));
    const struct event *last = person_last(dora, EVENT_MESSAGE, anna);
    assert_string_equal(last->nick, "anna");
    assert_string_not_equal(last->fingerprint, "");
    assert_int_equal(lost(carl) + lost(dora), 0);
}

/* Bert keeps nothing, and says so at once: nobody waits for him. */
static void who_keeps_nothing_holds_up_nobody(void **state) {
    meet(state, 3);
    struct person *anna = &world->people[0], *bert = &world->people[1], *carl = &world->people[2];
    bert->no_history = true;
    person_kill(bert);
    person_start(bert, "tea");
    world_wait(world, CONNECT_MS, person_count(bert, EVENT_PEER_CONNECTED, NULL) >= 4);
    for (unsigned i = 1; i <= 10; i++) say_number(anna, i);
    world_wait(world, 1000, has_all(bert, anna, 10) && has_all(carl, anna, 10));
    struct person *dora = comes("dora");
    world_wait(world, CONNECT_MS, person_sees(dora, anna) && person_sees(dora, bert) && person_sees(dora, carl));
    world_wait(world, 500, has_all(dora, anna, 10));
    assert_int_equal(person_count(bert, EVENT_LOST, NULL), 0);
}

/* --- How much --- */

static void what_is_older_than_ten_minutes_is_gone(void **state) {
    meet(state, 2);
    struct person *anna = &world->people[0];
    say_number(anna, 1);
    world_run(world, 5 * MINUTE);
    struct person *carl = comes("carl"); /* who gets it does not keep it for longer */
    world_wait(world, CONNECT_MS + 1000, has_all(carl, anna, 1));
    world_run(world, 5 * MINUTE + 1000);
    struct person *dora = comes("dora");
    world_run(world, 5000);
    assert_true(person_sees(dora, anna));
    assert_int_equal(person_count(dora, EVENT_MESSAGE, NULL), 0);
}

static void who_was_away_for_too_long_is_told_what_is_lost(void **state) {
    meet(state, 2);
    struct person *anna = &world->people[0], *bert = &world->people[1];
    say_number(anna, 1);
    world_wait(world, 1000, has_all(bert, anna, 1));
    bert->cut = true;
    world_run(world, MINUTE); /* nobody waits for bert any more */
    for (unsigned i = 2; i <= 8; i++) say_number(anna, i);
    world_run(world, 11 * MINUTE);
    bert->cut = false;
    world_wait(world, MINUTE, person_count(anna, EVENT_PEER_CONNECTED, bert) == 2);
    world_run(world, 1000);
    say_number(anna, 9);
    world_wait(world, 2000, person_heard(bert, anna, "anna 9") == 1);
    assert_int_equal(lost(bert), 7);
    assert_string_equal(person_last(bert, EVENT_LOST, anna)->nick, "anna");
    say_number(anna, 10);
    world_wait(world, 200, person_heard(bert, anna, "anna 10") == 1);
    assert_int_equal(lost(bert), 7);
}

static void off_keeps_gives_and_asks_nothing(void **state) {
    world = *state;
    for (size_t i = 0; i < 2; i++) {
        struct person *person = world_person(world, i ? "bert" : "anna", NAT_NONE);
        person->no_history = i == 0;
        person_start(person, "tea");
    }
    world_wait(world, CONNECT_MS, everyone_connected(world));
    struct person *anna = &world->people[0], *bert = &world->people[1];
    say_number(anna, 1);
    say_number(bert, 1);
    world_wait(world, 1000, has_all(bert, anna, 1) && has_all(anna, bert, 1));
    comes_again(anna, bert);
    assert_int_equal(person_count(anna, EVENT_MESSAGE, NULL), 0);
    say_number(bert, 2); /* of which the first one is not missed */
    world_wait(world, 200, person_count(anna, EVENT_MESSAGE, bert) == 1);
    assert_int_equal(lost(anna), 0);
    comes_again(bert, anna);
    assert_int_equal(person_count(bert, EVENT_MESSAGE, NULL), 0); /* nor are its own told back */
}

static void a_private_message_is_nobody_elses(void **state) {
    meet(state, 2);
    struct person *anna = &world->people[0], *bert = &world->people[1];
    person_say_in(anna, "tea", CHAT_PRIVATE, bert, "psst");
    say_number(anna, 1);
    world_wait(world, 1000, person_heard(bert, anna, "psst") == 1);
    struct person *carl = comes("carl");
    world_wait(world, CONNECT_MS + 1000, has_all(carl, anna, 1));
    world_run(world, 3000);
    assert_int_equal(person_count(carl, EVENT_MESSAGE, NULL), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(one_is_away_for_two_minutes_and_one_is_new),
        TEST(talk_does_not_stop_for_newcomers),
        TEST(loss_changes_nothing),
        TEST(a_newcomer_reads_it_as_it_was_said),
        TEST(a_clock_that_is_wrong_changes_nothing),
        TEST(a_long_history_is_in_order_too),
        TEST(who_comes_back_reads_it_as_it_was_said),
        TEST(what_is_shown_too_late_says_so),
        TEST(what_was_said_in_vain_is_as_old_as_it_is),
        TEST(the_author_has_left_meanwhile),
        TEST(who_keeps_nothing_holds_up_nobody),
        TEST(what_is_older_than_ten_minutes_is_gone),
        TEST(who_was_away_for_too_long_is_told_what_is_lost),
        TEST(off_keeps_gives_and_asks_nothing),
        TEST(a_private_message_is_nobody_elses),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("away", tests, NULL, NULL);
}

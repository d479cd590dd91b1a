/* What is said besides plain text, what becomes of it, and how peers are seen to stand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/room/outgoing.h"
#include "common/why.h"
#include "tests/scenario/support/world.h"
#include "tests/support/folder.h"

#define CONNECT_MS 1500

static struct person *anna, *bert, *carl;
static struct world *world;

static void three_meet(void **state) {
    world = *state;
    anna = world_person(world, "anna", NAT_NONE);
    bert = world_person(world, "bert", NAT_NONE);
    carl = world_person(world, "carl", NAT_NONE);
    for (size_t i = 0; i < world->people_count; i++) person_start(&world->people[i], "tea");
    world_wait(world, CONNECT_MS, everyone_connected(world));
    world_run(world, 500);
}

static void say(struct person *person, enum chat_kind kind, const struct person *to, const char *text) {
    person_say_in(person, "tea", kind, to, text);
}

/* --- Private --- */

static void a_private_message_reaches_one_alone(void **state) {
    three_meet(state);
    say(anna, CHAT_PRIVATE, bert, "just us");
    const struct event *sent = person_last(anna, EVENT_SENT, bert);
    assert_int_equal(sent->kind, CHAT_PRIVATE);
    assert_int_equal(sent->recipients, 1);
    assert_string_equal(sent->nick, "bert");
    assert_non_null(strstr(sent->id, "-p1"));
    world_wait(world, 500, person_count(anna, EVENT_DELIVERED, bert) == 1);
    world_run(world, 2000);
    assert_int_equal(person_heard(bert, anna, "just us"), 1);
    const struct event *heard = person_last(bert, EVENT_MESSAGE, anna);
    assert_int_equal(heard->kind, CHAT_PRIVATE);
    assert_string_equal(heard->id, sent->id);
    assert_string_equal(person_last(anna, EVENT_DELIVERED, bert)->id, sent->id);
    assert_int_equal(person_count(carl, EVENT_MESSAGE, NULL), 0);
    assert_int_equal(person_count(anna, EVENT_DELIVERED, NULL), 1);
}

/* Each has its own sequence: what is said to all has no gap that tells of what was not. */
static void private_messages_leave_no_gaps(void **state) {
    char ids[3][40];
    three_meet(state);
    for (size_t i = 0; i < 3; i++) {
        say(anna, CHAT_PRIVATE, bert, "psst");
        say(anna, CHAT_TEXT, NULL, "hello all");
        memcpy(ids[i], person_last(anna, EVENT_SENT, NULL)->id, 40);
    }
    world_wait(world, 500, person_count(anna, EVENT_DELIVERED, NULL) == 9);
    assert_int_equal(person_heard(bert, anna, "psst"), 3);
    assert_int_equal(person_heard(bert, anna, "hello all"), 3);
    assert_int_equal(person_heard(carl, anna, "hello all"), 3);
    for (size_t i = 0; i < 3; i++) {
        char end[4] = {'-', (char)('1' + i), '\0'};
        assert_non_null(strstr(ids[i], end));
    }
}

static void a_private_message_to_nobody_gives_its_credit_back(void **state) {
    three_meet(state);
    person_kill(carl);
    world_wait(world, 30000, person_count(anna, EVENT_PEER_LEFT, carl) == 1);
    unsigned credit = anna->credit;
    say(anna, CHAT_PRIVATE, carl, "are you there?");
    assert_int_equal(person_count(anna, EVENT_ERROR, NULL), 1);
    assert_string_equal(person_last(anna, EVENT_ERROR, NULL)->room, "tea");
    assert_int_equal(anna->credit, credit + 1);
    assert_int_equal(person_count(anna, EVENT_SENT, NULL), 0);
    engine_end_of_input(anna->engine, world->now);
    world_wait(world, 3000, anna->status == 0);
}

/* --- Actions, counts --- */

static void an_action_is_one(void **state) {
    three_meet(state);
    say(anna, CHAT_ACTION, NULL, "waves");
    assert_int_equal(person_last(anna, EVENT_SENT, NULL)->kind, CHAT_ACTION);
    assert_int_equal(person_last(anna, EVENT_SENT, NULL)->recipients, 2);
    say(anna, CHAT_TEXT, NULL, "waves not");
    world_wait(world, 500, person_count(anna, EVENT_DELIVERED, NULL) == 4);
    for (size_t i = 1; i < 3; i++) {
        const struct person *person = &world->people[i];
        assert_int_equal(person_heard(person, anna, "waves"), 1);
        assert_int_equal(person_last(person, EVENT_MESSAGE, anna)->kind, CHAT_TEXT);
    }
}

static void who_left_without_it_is_told(void **state) {
    three_meet(state);
    bert->cut = true;
    say(anna, CHAT_TEXT, NULL, "one");
    say(anna, CHAT_TEXT, NULL, "two");
    world_wait(world, 500, person_count(anna, EVENT_DELIVERED, carl) == 2);
    assert_int_equal(person_count(anna, EVENT_UNDELIVERED, NULL), 0);
    person_kill(bert);
    world_wait(world, 30000, person_count(anna, EVENT_PEER_LEFT, bert) == 1);
    assert_int_equal(person_count(anna, EVENT_UNDELIVERED, bert), 2);
    assert_int_equal(person_count(anna, EVENT_UNDELIVERED, NULL), 2);
    assert_string_equal(person_last(anna, EVENT_UNDELIVERED, bert)->id, person_last(anna, EVENT_SENT, NULL)->id);
    assert_int_equal(person_count(anna, EVENT_DELIVERED, NULL), 2);
}

static void who_is_given_up_is_told(void **state) {
    three_meet(state);
    bert->busy = true;
    while (anna->credit > 0) person_say(anna, "x");
    world_wait(world, 40000, person_count(anna, EVENT_ERROR, NULL) == 1);
    assert_int_equal(person_count(anna, EVENT_UNDELIVERED, bert), OUTGOING_INPUTS);
    assert_int_equal(person_count(anna, EVENT_DELIVERED, carl), OUTGOING_INPUTS);
}

/* --- Nicks --- */

static unsigned lines_of(const char *folder) {
    char file[512], text[65536];
    unsigned lines = 0;
    folder_read(folder_file(folder, "people", file), text, sizeof text);
    for (const char *at = text; (at = strchr(at, '\n')); at++) lines++;
    return lines;
}

static void a_new_nick_is_told_to_all(void **state) {
    three_meet(state);
    person_nick(anna, "anne");
    assert_string_equal(person_last(anna, EVENT_NICK, NULL)->nick, "anne");
    world_wait(world, 500, person_count(bert, EVENT_PEER_NICK, anna) && person_count(carl, EVENT_PEER_NICK, anna));
    const struct event *told = person_last(bert, EVENT_PEER_NICK, anna);
    assert_string_equal(told->nick, "anne");
    assert_string_equal(told->text, "anna");
    assert_int_equal(person_count(anna, EVENT_SENT, NULL) + person_count(anna, EVENT_DELIVERED, NULL), 0);
    assert_int_equal(person_count(bert, EVENT_MESSAGE, NULL), 0);
    person_say(anna, "it is me");
    world_wait(world, 500, person_heard(bert, anna, "it is me"));
    assert_string_equal(person_last(bert, EVENT_MESSAGE, anna)->nick, "anne");
    struct person *dora = world_person(world, "dora", NAT_NONE);
    person_start(dora, "tea");
    world_wait(world, CONNECT_MS, person_sees(dora, anna));
    assert_string_equal(person_last(dora, EVENT_PEER_CONNECTED, anna)->nick, "anne");
    world_run(world, 130000); /* a renewal says the same */
    assert_int_equal(person_count(bert, EVENT_PEER_NICK, NULL), 1);
    assert_int_equal(person_count(dora, EVENT_PEER_NICK, NULL), 0);
    person_nick(anna, "anne");
    person_nick(anna, " an:ne");
    assert_int_equal(person_count(anna, EVENT_ERROR, NULL), 1);
    assert_int_equal(person_count(anna, EVENT_NICK, NULL), 2);
}

/* Whom the message does not reach in time hears of it with the next handshake. */
static void a_new_nick_comes_with_a_handshake_too(void **state) {
    three_meet(state);
    bert->busy = true;
    person_nick(anna, "anne");
    while (anna->credit > 0) person_say(anna, "x"); /* so that Bert is given up, and the nick with what waited */
    world_wait(world, 40000, person_count(anna, EVENT_ERROR, NULL) == 1);
    assert_int_equal(person_count(anna, EVENT_UNDELIVERED, bert), OUTGOING_INPUTS);
    bert->busy = false;
    world_wait(world, 140000, person_count(bert, EVENT_PEER_NICK, anna) == 1);
    assert_string_equal(person_last(bert, EVENT_PEER_NICK, anna)->nick, "anne");
}

static void a_nick_alone_does_not_matter_at_the_end(void **state) {
    world = *state;
    anna = world_person(world, "anna", NAT_NONE);
    bert = world_person(world, "bert", NAT_NONE);
    person_start(anna, "tea");
    person_start(bert, "tea");
    world_wait(world, CONNECT_MS, everyone_connected(world));
    bert->cut = true;
    person_nick(anna, "anne");
    uint64_t ended = world->now;
    engine_end_of_input(anna->engine, world->now);
    world_wait(world, 3000, anna->status >= 0);
    assert_int_equal(anna->status, 0);
    assert_in_range(world->now - ended, 0, 2500);
}

static void a_flood_of_nicks_is_bounded(void **state) {
    enum { FLOOD = 1000 };
    void *folder;
    struct why why;
    assert_int_equal(folder_make(&folder), 0);
    world = *state;
    anna = world_person(world, "anna", NAT_NONE);
    bert = world_person(world, "bert", NAT_NONE);
    assert_true(people_open(&anna->people, folder, &why));
    person_start(anna, "tea");
    person_start(bert, "tea");
    world_wait(world, CONNECT_MS, everyone_connected(world));
    for (unsigned i = 0; i < FLOOD; i++) {
        char nick[16];
        snprintf(nick, sizeof nick, "bert %u", i);
        person_nick(bert, nick);
        world_run(world, 60);
    }
    assert_in_range(person_count(anna, EVENT_PEER_NICK, bert), 4, 8); /* of a minute: 4 more than the first, and 3 */
    assert_in_range(lines_of(folder), 5, 9);
    assert_int_equal(person_count(anna, EVENT_ERROR, NULL), 0);
    for (unsigned i = 0; i < 40; i++) { /* under a new nick each time it comes */
        engine_stop(bert->engine, world->now);
        world_wait(world, 2500, bert->status == 0);
        person_kill(bert);
        person_forget(bert);
        char nick[16];
        snprintf(nick, sizeof nick, "new bert %u", i);
        bert->name = nick;
        person_start(bert, "tea");
        world_wait(world, CONNECT_MS, person_sees(anna, bert) && person_sees(bert, anna));
        assert_string_equal(person_last(anna, EVENT_PEER_CONNECTED, bert)->nick, nick);
    }
    assert_in_range(lines_of(folder), 5, 15);
    folder_remove(&folder);
}

/* --- Standings --- */

static unsigned statuses_between(const struct person *person, uint64_t from, uint64_t until) {
    unsigned count = 0;
    for (const struct told *told = person->told; told; told = told->next)
        count += told->event->type == EVENT_PEER_STATUS && told->at >= from && told->at < until;
    return count;
}

static void assert_a_second_apart(const struct person *person, const struct person *about, uint64_t from) {
    uint64_t before = 0;
    for (const struct told *told = person->told; told; told = told->next) {
        const struct event *event = told->event;
        if (event->type != EVENT_PEER_STATUS || memcmp(event->peer, about->id, MEMBER_ID_SIZE) != 0) continue;
        if (told->at >= from && before) assert_true(told->at - before >= 1000);
        before = told->at;
    }
}

static void a_peer_is_lost_and_found(void **state) {
    three_meet(state);
    const struct event *status = person_last(anna, EVENT_PEER_STATUS, bert);
    assert_int_equal(status->standing, STANDING_CONNECTED);
    assert_true(status->rtt_ms > 0);
    assert_string_equal(status->nick, "bert");
    assert_true(address_equal(&status->address, &bert->nat.outside));
    bert->cut = true;
    person_say(anna, "where are you?");
    uint64_t asked = world->now;
    world_wait(world, 4000, person_last(anna, EVENT_PEER_STATUS, bert)->standing == STANDING_CONNECTING);
    assert_in_range(world->now - asked, 2500, 3500);
    bert->cut = false;
    world_wait(world, 5000, person_last(anna, EVENT_PEER_STATUS, bert)->standing == STANDING_CONNECTED);
    assert_int_equal(person_last(anna, EVENT_PEER_STATUS, carl)->standing, STANDING_CONNECTED);
    assert_int_equal(person_count(anna, EVENT_PEER_LEFT, NULL), 0);
}

/* Not before it joined, not after it left, whatever happens in between. */
static void assert_statuses_are_framed(const struct person *person, const struct person *about) {
    bool present = false;
    for (const struct told *told = person->told; told; told = told->next) {
        if (memcmp(told->event->peer, about->id, MEMBER_ID_SIZE) != 0) continue;
        if (told->event->type == EVENT_PEER_JOINED) present = true;
        if (told->event->type == EVENT_PEER_LEFT) present = false;
        if (told->event->type == EVENT_PEER_STATUS) assert_true(present);
    }
}

static void statuses_lie_within_the_stay(void **state) {
    three_meet(state);
    world->loss_percent = 20;
    for (unsigned i = 0; i < 10; i++) {
        engine_stop(bert->engine, world->now);
        world_wait(world, 2500, bert->status == 0);
        person_kill(bert);
        world_wait(world, 40000, person_count(anna, EVENT_PEER_LEFT, bert) == i + 1);
        person_start(bert, "tea");
        world_wait(world, 20000, person_sees(anna, bert));
        world_run(world, 5000);
    }
    assert_true(person_count(anna, EVENT_PEER_STATUS, bert) >= 10);
    for (size_t i = 0; i < world->people_count; i++)
        for (size_t j = 0; j < world->people_count; j++)
            if (i != j) assert_statuses_are_framed(&world->people[i], &world->people[j]);
}

static void a_slower_path_is_told_once_a_second(void **state) {
    three_meet(state);
    person_kill(carl);
    uint64_t began = world->now;
    for (unsigned i = 0; i < 100; i++) { /* 20 s in which round trips grow all the time */
        world->jitter_ms = 10 * i;
        person_say(anna, "x");
        world_run(world, 200);
    }
    unsigned told = statuses_between(anna, began, world->now);
    assert_in_range(told, 5, 30);
    assert_a_second_apart(anna, bert, began);
    double rtt = person_last(anna, EVENT_PEER_STATUS, bert)->rtt_ms;
    assert_true(rtt > 100);
    world->jitter_ms = 0;
    for (unsigned i = 0; i < 100; i++) {
        person_say(anna, "x");
        world_run(world, 200);
    }
    assert_true(person_last(anna, EVENT_PEER_STATUS, bert)->rtt_ms < 60);
    uint64_t calm = world->now;
    world_run(world, 60000);
    assert_int_equal(statuses_between(bert, calm, world->now), 0);
}

static void both_see_the_same_safety_number(void **state) {
    char number[SAFETY_NUMBER_TEXT_SIZE];
    three_meet(state);
    safety_number_format(anna->identity.public, bert->identity.public, number);
    assert_string_equal(person_last(anna, EVENT_PEER_CONNECTED, bert)->safety, number);
    assert_string_equal(person_last(bert, EVENT_PEER_CONNECTED, anna)->safety, number);
    assert_string_not_equal(person_last(carl, EVENT_PEER_CONNECTED, anna)->safety, number);
}

int main(void) {
#define SCENARIO(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        SCENARIO(a_private_message_reaches_one_alone),
        SCENARIO(private_messages_leave_no_gaps),
        SCENARIO(a_private_message_to_nobody_gives_its_credit_back),
        SCENARIO(an_action_is_one),
        SCENARIO(who_left_without_it_is_told),
        SCENARIO(who_is_given_up_is_told),
        SCENARIO(a_new_nick_is_told_to_all),
        SCENARIO(a_new_nick_comes_with_a_handshake_too),
        SCENARIO(a_nick_alone_does_not_matter_at_the_end),
        SCENARIO(a_flood_of_nicks_is_bounded),
        SCENARIO(a_peer_is_lost_and_found),
        SCENARIO(statuses_lie_within_the_stay),
        SCENARIO(a_slower_path_is_told_once_a_second),
        SCENARIO(both_see_the_same_safety_number),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("kinds", tests, NULL, NULL);
}

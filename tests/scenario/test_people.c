/* Who is who: nicks that several have, new keys, and marks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/why.h"
#include "tests/scenario/support/world.h"
#include "tests/support/folder.h"

#define CONNECT_MS 1500

static struct world *world;
static struct person *anna, *bert, *other; /* the other is called bert, too, but has a key of its own */

static void begin(void **state) {
    world = *state;
    anna = world_person(world, "anna", NAT_NONE);
    bert = world_person(world, "bert", NAT_NONE);
    other = world_person(world, "other", NAT_NONE);
    other->name = "bert";
}

static void come(struct person *person) {
    person_start(person, "tea");
    world_wait(world, CONNECT_MS, person_sees(anna, person) && person_sees(person, anna));
    world_run(world, 200);
}

static void leave(struct person *person) {
    engine_stop(person->engine, world->now);
    world_wait(world, 3000, person->status >= 0 && !person_sees(anna, person));
    person_kill(person);
    person_forget(person);
}

static void say(struct person *person, enum chat_kind kind, const struct person *to, const char *text) {
    person_say_in(person, "tea", kind, to, text);
}

static unsigned notices(const struct person *person, const char *part) {
    unsigned count = 0;
    for (const struct told *told = person->told; told; told = told->next)
        count += told->event->type == EVENT_NOTICE && strstr(told->event->text, part) != NULL;
    return count;
}

static enum peer_standing standing(const struct person *about) {
    return person_last(anna, EVENT_PEER_STATUS, about)->standing;
}

static void expect_heard(const struct person *author, const char *text) {
    world_wait(world, 1000, person_heard(anna, author, text));
}

/* Nobody is blocked for a name, neither another's nor ours; it is told once. */
static void two_of_one_nick_are_both_heard(void **state) {
    begin(state);
    person_start(anna, "tea");
    come(bert);
    come(other);
    person_say(bert, "I am bert");
    person_say(other, "so am I");
    expect_heard(bert, "I am bert");
    expect_heard(other, "so am I");
    say(anna, CHAT_PRIVATE, other, "really?");
    world_wait(world, 500, person_count(other, EVENT_MESSAGE, anna) == 1);
    assert_int_equal(notices(anna, "has the nick of bert#"), 1);
    assert_string_equal(person_last(anna, EVENT_MESSAGE, bert)->nick, "bert");
    assert_string_equal(person_last(anna, EVENT_MESSAGE, other)->nick, "bert");
    assert_string_not_equal(person_last(anna, EVENT_MESSAGE, bert)->fingerprint,
                            person_last(anna, EVENT_MESSAGE, other)->fingerprint);
    leave(other);
    come(other);
    assert_int_equal(notices(anna, "has the nick of bert#"), 1);
    assert_int_equal(person_count(anna, EVENT_ERROR, NULL), 0);
    struct person *third = world_person(world, "third", NAT_NONE);
    third->name = "anna";
    come(third);
    person_say(third, "two of us");
    expect_heard(third, "two of us");
    assert_string_equal(person_last(anna, EVENT_MESSAGE, third)->nick, "anna");
}

static void a_nick_that_somebody_has_can_be_taken(void **state) {
    begin(state);
    other->name = "carl";
    person_start(anna, "tea");
    come(bert);
    come(other);
    person_nick(other, "bert");
    world_wait(world, 500, person_count(anna, EVENT_PEER_NICK, other) == 1);
    assert_int_equal(notices(anna, "has the nick of bert#"), 1);
    assert_int_equal(notices(other, "is called so, too"), 1);
    person_say(other, "another bert");
    expect_heard(other, "another bert");
    assert_string_equal(person_last(anna, EVENT_MESSAGE, other)->nick, "bert");
    person_nick(other, "anna");
    person_nick(other, "carl");
    person_nick(other, "bert");
    world_wait(world, 500, person_count(anna, EVENT_PEER_NICK, other) == 4);
    assert_int_equal(notices(anna, "has the nick of bert#"), 1);
}

static void verify_bert(void **state) {
    begin(state);
    person_start(anna, "tea");
    come(bert);
    assert_false(person_last(anna, EVENT_PEER_CONNECTED, bert)->verified);
    person_mark(anna, bert, MARK_VERIFIED);
    world_wait(world, 100, person_last(anna, EVENT_PEER_STATUS, bert)->verified);
    assert_int_equal(notices(anna, "is verified"), 1);
    person_say(bert, "it is me");
    expect_heard(bert, "it is me");
    assert_true(person_last(anna, EVENT_MESSAGE, bert)->verified);
}

/* An alarm, and nothing passes either way, until it is trusted. */
static void a_verified_ones_new_key_is_an_alarm(void **state) {
    char was[FINGERPRINT_TEXT_SIZE];
    verify_bert(state);
    fingerprint_format(bert->identity.public, was);
    leave(bert);
    come(other);
    const struct event *alarm = person_last(anna, EVENT_ERROR, other);
    assert_non_null(alarm);
    assert_string_equal(alarm->reason, EVENT_KEY_CHANGED);
    assert_string_equal(alarm->was, was);
    assert_string_equal(alarm->fingerprint, person_last(anna, EVENT_PEER_CONNECTED, other)->fingerprint);
    assert_int_equal(standing(other), STANDING_BLOCKED);
    say(other, CHAT_TEXT, NULL, "my new machine");
    say(other, CHAT_PRIVATE, anna, "trust me");
    person_say(anna, "is it you?");
    assert_int_equal(person_last(anna, EVENT_SENT, NULL)->recipients, 0);
    say(anna, CHAT_PRIVATE, other, "who are you?");
    world_run(world, 5000);
    assert_int_equal(person_count(anna, EVENT_MESSAGE, other), 0);
    assert_int_equal(person_count(other, EVENT_MESSAGE, NULL), 0);
    assert_int_equal(person_count(anna, EVENT_ERROR, NULL), 2); /* that one, and the private one */
    person_mark(anna, other, MARK_TRUSTED);
    assert_int_equal(notices(anna, "is not verified yet"), 1);
    expect_heard(other, "my new machine");
    expect_heard(other, "trust me");
    world_wait(world, 5000, person_heard(other, anna, "is it you?")); /* by the history */
    assert_int_equal(standing(other), STANDING_CONNECTED);
    assert_false(person_last(anna, EVENT_PEER_STATUS, other)->verified);
    person_say(other, "thanks");
    expect_heard(other, "thanks");
    leave(other);
    come(other);
    assert_int_equal(person_count(anna, EVENT_ERROR, NULL), 2);
    come(bert); /* the old machine: somebody of that nick, as any other */
    person_say(bert, "still here");
    expect_heard(bert, "still here");
    assert_int_equal(notices(anna, "has the nick of bert#"), 1);
}

/* Blocked is who bears the nick, as long as it does. */
static void another_nick_ends_the_blocking(void **state) {
    verify_bert(state);
    come(other);
    assert_int_equal(standing(other), STANDING_BLOCKED);
    person_say(other, "hello");
    world_run(world, 1000);
    assert_int_equal(person_count(anna, EVENT_MESSAGE, other), 0);
    person_nick(other, "albert");
    world_wait(world, 1000, standing(other) == STANDING_CONNECTED);
    expect_heard(other, "hello");
    person_say(anna, "hello albert");
    world_wait(world, 1000, person_heard(other, anna, "hello albert"));
    person_nick(other, "Bert"); /* a capital does not make another name of it */
    world_wait(world, 1000, standing(other) == STANDING_BLOCKED);
    assert_int_equal(person_count(anna, EVENT_ERROR, other), 2);
    person_say(bert, "it is me");
    world_wait(world, 1000, person_count(anna, EVENT_MESSAGE, bert) == 2);
}

/* While the one whose nick it is stands beside, trust does not move it. */
static void two_who_are_here_stay_two(void **state) {
    verify_bert(state);
    come(other);
    assert_int_equal(standing(other), STANDING_BLOCKED);
    person_mark(anna, other, MARK_TRUSTED);
    world_wait(world, 100, standing(other) == STANDING_CONNECTED);
    assert_int_equal(notices(anna, "both are here"), 1);
    assert_true(person_last(anna, EVENT_PEER_STATUS, bert)->verified);
    leave(other);
    come(other);
    assert_int_equal(standing(other), STANDING_CONNECTED);
}

static void unverified_is_as_met(void **state) {
    verify_bert(state);
    come(other);
    assert_int_equal(standing(other), STANDING_BLOCKED);
    person_mark(anna, bert, MARK_UNVERIFIED);
    world_wait(world, 100, standing(other) == STANDING_CONNECTED);
    assert_false(person_last(anna, EVENT_PEER_STATUS, bert)->verified);
}

/* Somebody whom we only met: a line, once, in this run and in later ones. */
static void a_known_ones_new_key_is_told_once(void **state) {
    void *folder;
    struct why why;
    begin(state);
    assert_int_equal(folder_make(&folder), 0);
    assert_true(people_open(&anna->people, folder, &why));
    person_start(anna, "tea");
    come(bert);
    leave(bert);
    come(other);
    assert_int_equal(notices(anna, "has the nick of bert#"), 1);
    person_say(other, "my new machine");
    expect_heard(other, "my new machine");
    person_kill(anna);
    people_close(&anna->people);
    assert_true(people_open(&anna->people, folder, &why));
    person_forget(anna);
    person_start(anna, "tea");
    world_wait(world, 30000, person_sees(anna, other));
    assert_int_equal(notices(anna, "has the nick of bert#"), 0);
    person_mark(anna, other, MARK_TRUSTED);
    assert_int_equal(notices(anna, "has the place of bert#"), 1);
    person_mark(anna, other, MARK_TRUSTED);
    assert_int_equal(notices(anna, "needs no trust"), 1);
    folder_remove(&folder);
}

/* What both said is passed on to who comes later, each under its own key. */
static void bearers_of_one_nick_are_told_apart_in_what_is_passed_on(void **state) {
    char prints[2][FINGERPRINT_TEXT_SIZE];
    bool seen[2] = {false};
    begin(state);
    person_start(anna, "tea");
    come(bert);
    come(other);
    person_say(bert, "from the first");
    person_say(other, "from the second");
    expect_heard(bert, "from the first");
    expect_heard(other, "from the second");
    leave(bert);
    leave(other);
    struct person *dora = world_person(world, "dora", NAT_NONE);
    come(dora);
    world_wait(world, 5000, person_count(dora, EVENT_MESSAGE, NULL) == 2);
    fingerprint_format(bert->identity.public, prints[0]);
    fingerprint_format(other->identity.public, prints[1]);
    for (const struct told *told = dora->told; told; told = told->next) {
        if (told->event->type != EVENT_MESSAGE) continue;
        bool second = strcmp(told->event->text, "from the second") == 0;
        assert_string_equal(told->event->nick, "bert");
        assert_string_equal(told->event->fingerprint, prints[second]);
        seen[second] = true;
    }
    assert_true(seen[0] && seen[1]);
}

/* Who verified one of them sees the nick of nobody else in what is passed on. */
static void what_is_passed_on_is_nobody_verifieds_by_its_nick(void **state) {
    verify_bert(state);
    person_kill(anna);
    struct person *dora = world_person(world, "dora", NAT_NONE);
    person_start(dora, "tea");
    person_start(other, "tea");
    world_wait(world, CONNECT_MS, person_sees(dora, other));
    person_say(other, "while anna is away");
    world_wait(world, 1000, person_heard(dora, other, "while anna is away"));
    engine_stop(other->engine, world->now);
    world_wait(world, 3000, other->status >= 0 && !person_sees(dora, other));
    person_forget(anna);
    person_start(anna, "tea");
    world_wait(world, 30000, person_heard(anna, other, "while anna is away"));
    const struct event *passed_on = person_last(anna, EVENT_MESSAGE, other);
    assert_string_equal(passed_on->nick, "");
    assert_false(passed_on->verified);
}

/* What is said of somebody in one room holds in the others at once. */
static void marks_hold_in_all_rooms(void **state) {
    verify_bert(state);
    leave(bert);
    person_join(anna, "coffee");
    come(other);
    assert_int_equal(standing(other), STANDING_BLOCKED);
    person_join(other, "coffee"); /* where nobody verified was met */
    world_wait(world, 3000, person_count_in(anna, "coffee", EVENT_PEER_CONNECTED, NULL) == 1);
    world_run(world, 200);
    assert_false(person_last_in(anna, "coffee", EVENT_PEER_STATUS, NULL)->verified);
    person_mark(anna, other, MARK_VERIFIED);
    world_wait(world, 200, person_last_in(anna, "coffee", EVENT_PEER_STATUS, NULL)->verified);
    assert_int_equal(standing(other), STANDING_CONNECTED);
}

/* Endless alarms would hide what else there is to see. */
static void alarms_are_rationed(void **state) {
    verify_bert(state);
    for (unsigned i = 0; i < 30; i++) {
        come(other);
        assert_int_equal(standing(other), STANDING_BLOCKED);
        leave(other);
    }
    assert_in_range(person_count(anna, EVENT_ERROR, NULL), 20, 26);
}

int main(void) {
#define SCENARIO(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        SCENARIO(two_of_one_nick_are_both_heard),
        SCENARIO(a_nick_that_somebody_has_can_be_taken),
        SCENARIO(a_verified_ones_new_key_is_an_alarm),
        SCENARIO(another_nick_ends_the_blocking),
        SCENARIO(two_who_are_here_stay_two),
        SCENARIO(unverified_is_as_met),
        SCENARIO(a_known_ones_new_key_is_told_once),
        SCENARIO(bearers_of_one_nick_are_told_apart_in_what_is_passed_on),
        SCENARIO(what_is_passed_on_is_nobody_verifieds_by_its_nick),
        SCENARIO(marks_hold_in_all_rooms),
        SCENARIO(alarms_are_rationed),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("people", tests, NULL, NULL);
}

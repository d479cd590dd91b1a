/* Private rooms, whole: people who come, are removed, were away, and come by an invite. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "tests/scenario/support/private_people.h"

#define CONNECT_MS 3000
#define TELL_MS 2000

static void strangers_meet_by_an_invite(void **state) {
    struct world *world = *state;
    struct person *anna = private_found(world, "anna"), *bert = private_invite(world, "bert", NULL),
                  *carl = private_invite(world, "carl", NULL);
    world_wait(world, CONNECT_MS, private_sees(anna, bert) && private_sees(anna, carl) && private_sees(bert, carl));
    private_say(bert, "hello");
    world_wait(world, TELL_MS, private_heard(anna, "hello") && private_heard(carl, "hello"));
    world_run(world, 3000);
    assert_int_equal(charter_standing(&chamber_room(private_chamber(carl))->charter, bert->identity.public),
                     STANDING_MEMBER);
}

/* Two without the owner know of nobody who belongs here. */
static void nobody_is_shown_before_the_founding_is_known(void **state) {
    struct world *world = *state;
    struct person *anna = private_found(world, "anna");
    person_kill(anna);
    struct person *bert = private_invite(world, "bert", NULL), *carl = private_invite(world, "carl", NULL);
    world_run(world, 10000);
    assert_false(person_sees(bert, carl) || person_sees(carl, bert));
    assert_int_equal(person_count(bert, EVENT_PEER_CONNECTED, NULL), 0);
}

static void who_is_removed_hears_nothing_more(void **state) {
    struct world *world = *state;
    struct person *anna = private_found(world, "anna"), *bert = private_invite(world, "bert", NULL),
                  *eve = private_invite(world, "eve", NULL);
    world_wait(world, CONNECT_MS, private_sees(anna, bert) && private_sees(anna, eve) && private_sees(bert, eve));
    private_decide(anna, eve, DECIDE_REMOVE);
    private_say(anna, "now that we are alone");
    world_wait(world, TELL_MS, private_heard(bert, "now that we are alone") && private_refused(eve, "removed"));
    private_say(bert, "yes");
    world_run(world, 30000);
    assert_int_equal(private_heard(anna, "yes"), 1);
    assert_int_equal(person_count(eve, EVENT_MESSAGE, NULL), 0);
    assert_int_equal(person_count(anna, EVENT_PEER_LEFT, NULL), 1);
    assert_int_equal(person_count(bert, EVENT_PEER_LEFT, NULL), 1);
    /* With the secret that there was she comes nowhere, however often. */
    person_kill(eve);
    person_forget(eve);
    struct private_room room;
    assert_true(private_room_init(&room, PRIVATE_NAME, private_made.charter.root));
    person_enter(eve, &room);
    world_wait(world, 20000, private_refused(eve, "removed"));
    private_say(anna, "still alone");
    world_run(world, 30000);
    assert_int_equal(person_count(eve, EVENT_MESSAGE, NULL), 0);
    assert_int_equal(person_count(eve, EVENT_PEER_CONNECTED, NULL), 0);
}

static void who_was_away_comes_back_by_the_old_secret(void **state) {
    struct world *world = *state;
    struct person *anna = private_found(world, "anna"), *bert = private_invite(world, "bert", NULL),
                  *carl = private_invite(world, "carl", NULL), *eve = private_invite(world, "eve", NULL);
    world_wait(world, CONNECT_MS, private_sees(anna, carl) && private_sees(anna, bert) && private_sees(anna, eve));
    world_run(world, 2000);
    person_kill(carl);
    world_run(world, 40000);
    private_decide(anna, eve, DECIDE_BAN);
    world_run(world, 60000);
    struct private_room room;
    assert_true(private_room_init(&room, PRIVATE_NAME, private_made.charter.root));
    person_enter(carl, &room);
    world_wait(world, 20000, private_sees(anna, carl) && private_sees(bert, carl));
    private_say(carl, "what did I miss?");
    world_wait(world, TELL_MS, private_heard(bert, "what did I miss?"));
    assert_int_equal(private_heard(eve, "what did I miss?"), 0);
}

static void an_invite_for_one_is_for_one(void **state) {
    struct world *world = *state;
    uint8_t token[PRIVATE_SECRET_SIZE];
    struct why why;
    struct person *anna = private_found(world, "anna"), *bert = private_invite(world, "bert", NULL);
    world_wait(world, CONNECT_MS, private_sees(anna, bert));
    assert_true(chamber_open_door(private_chamber(anna), true, 0, world->now, token, &why));
    world_run(world, 2000);
    struct person *carl = private_invite(world, "carl", token);
    world_wait(world, 10000, private_sees(anna, carl) && private_sees(bert, carl));
    struct person *eve = private_invite(world, "eve", token);
    world_wait(world, 20000, private_refused(eve, "used"));
    assert_int_equal(person_count(eve, EVENT_PEER_CONNECTED, NULL), 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, private_setup, world_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        test(strangers_meet_by_an_invite),       test(nobody_is_shown_before_the_founding_is_known),
        test(who_is_removed_hears_nothing_more), test(who_was_away_comes_back_by_the_old_secret),
        test(an_invite_for_one_is_for_one),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("private_rooms", tests, NULL, NULL);
}

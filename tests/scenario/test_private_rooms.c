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

static void open_door(struct person *by, bool once, uint64_t lasts_ms, uint8_t token[static PRIVATE_SECRET_SIZE]) {
    struct why why;
    if (!chamber_open_door(private_chamber(by), once, lasts_ms, by->world->now, token, &why)) fail_msg("%s", why.text);
}

/* One that is done with makes place, and its key set with it. */
static void invites_that_were_used_make_place(void **state) {
    static const char *const names[] = {"bert", "carl", "dora", "emil", "fritz", "gerd", "hans", "ida"};
    struct world *world = *state;
    uint8_t token[PRIVATE_SECRET_SIZE];
    struct person *anna = private_found(world, "anna");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        open_door(anna, true, 0, token);
        world_run(world, 1000);
        struct person *guest = private_invite(world, names[i], token);
        world_wait(world, 10000, private_sees(anna, guest));
    }
}

/* Each is removed as soon as it is seen, so the room has as many former secrets. */
static void remove_guests(struct person *by, size_t count) {
    static const char *const names[] = {"eve", "mallory", "oscar", "trudy"};
    for (size_t i = 0; i < count; i++) {
        struct person *guest = private_invite_by(by->world, names[i], by);
        world_wait(by->world, 10000, private_sees(by, guest));
        private_decide(by, guest, DECIDE_REMOVE);
        world_run(by->world, 3000);
        person_kill(guest);
    }
}

/* There are not as many key sets as that: a former secret makes place. */
static void an_invite_is_heard_after_many_removals(void **state) {
    struct world *world = *state;
    uint8_t token[PRIVATE_SECRET_SIZE];
    struct person *anna = private_found(world, "anna");
    remove_guests(anna, 4);
    assert_int_equal(chamber_room(private_chamber(anna))->former_count, 4);
    for (size_t i = 0; i < 4; i++) open_door(anna, true, 0, token);
    world_run(world, 1000);
    struct person *bert = private_invite(world, "bert", token);
    world_wait(world, 10000, private_sees(anna, bert));
}

/* There is one place beside the present secret and the invites. */
static void the_newest_former_secret_is_kept_beside_many_invites(void **state) {
    struct world *world = *state;
    struct private_room annas, berts;
    uint8_t token[PRIVATE_SECRET_SIZE];
    struct person *anna = private_found(world, "anna");
    remove_guests(anna, 3);
    struct person *bert = private_invite_by(world, "bert", anna), *carl = private_invite_by(world, "carl", anna);
    world_wait(world, 10000, private_sees(anna, bert) && private_sees(anna, carl));
    world_run(world, 3000);
    private_kill(bert, &berts);
    assert_int_equal(berts.former_count, 0);
    private_decide(anna, carl, DECIDE_REMOVE);
    world_run(world, 3000);
    person_kill(carl);
    for (size_t i = 0; i < 6; i++) open_door(anna, true, 0, token);
    private_kill(anna, &annas);
    assert_int_equal(annas.former_count, 4);
    person_forget(anna);
    person_forget(bert);
    person_enter(anna, &annas);
    world_run(world, 2000);
    person_enter(bert, &berts);
    world_wait(world, 20000, private_sees(anna, bert));
}

/* By the clock of whoever made it, which may be days off: the room's time says when it is over. */
static void an_invite_for_a_time_needs_no_right_clock(void **state) {
    struct world *world = *state;
    uint8_t token[PRIVATE_SECRET_SIZE];
    struct person *anna = world_person(world, "anna", NAT_NONE);
    anna->clock_ahead_ms = INT64_C(3) * 86400000;
    anna = private_found_as(anna);
    struct person *bert = private_invite(world, "bert", NULL), *carl = private_invite(world, "carl", NULL);
    world_wait(world, CONNECT_MS, private_sees(anna, bert) && private_sees(anna, carl));
    open_door(anna, false, 60000, token);
    world_run(world, 30000);
    struct person *dora = private_invite(world, "dora", token);
    world_wait(world, 10000, private_sees(anna, dora));
    world_run(world, 30000);
    struct person *eve = private_invite(world, "eve", token);
    world_wait(world, 20000, private_refused(eve, "over"));
}

/* Whoever comes hears the topic, and not who was once removed. */
static void a_newcomer_hears_no_old_news(void **state) {
    struct world *world = *state;
    uint8_t nobody[MEMBER_ID_SIZE] = {0};
    struct why why;
    struct person *anna = private_found(world, "anna"), *eve = private_invite(world, "eve", NULL);
    world_wait(world, CONNECT_MS, private_sees(anna, eve));
    private_decide(anna, eve, DECIDE_BAN);
    assert_true(chamber_decide(private_chamber(anna), DECIDE_TOPIC, nobody, "tea at five", world->now, &why));
    world_run(world, 2000);
    uint8_t secret[PRIVATE_SECRET_SIZE];
    private_room_secret(chamber_room(private_chamber(anna)), secret);
    struct person *bert = private_invite(world, "bert", secret);
    world_wait(world, CONNECT_MS, private_sees(anna, bert));
    world_run(world, 2000);
    assert_int_equal(private_standing(bert, eve), STANDING_BANNED);
    assert_int_equal(person_count(bert, EVENT_DECIDED, NULL), 1);
    assert_string_equal(person_last(bert, EVENT_DECIDED, NULL)->text, "tea at five");
}

/* While the owner is away, too. */
static void an_op_notes_whom_it_lets_in(void **state) {
    struct world *world = *state;
    struct person *anna = private_found(world, "anna"), *bert = private_invite(world, "bert", NULL);
    world_wait(world, CONNECT_MS, private_sees(anna, bert));
    private_decide(anna, bert, DECIDE_OP);
    world_run(world, 2000);
    struct private_room kept;
    private_kill(anna, &kept);
    struct person *carl = private_invite(world, "carl", NULL);
    world_wait(world, 10000, private_sees(bert, carl));
    world_run(world, 3000);
    assert_int_equal(private_standing(carl, carl), STANDING_MEMBER);
    private_room_clear(&kept);
}

/* Two note who comes, and the owner says anew what an op said that is none any more: what changes is shown, once. */
static void what_is_said_again_is_no_news(void **state) {
    struct world *world = *state;
    struct person *anna = private_found(world, "anna"), *bert = private_invite(world, "bert", NULL);
    struct person *dora = private_invite(world, "dora", NULL);
    world_wait(world, CONNECT_MS, private_sees(anna, bert) && private_sees(bert, dora) && private_sees(anna, dora));
    private_decide(anna, bert, DECIDE_OP);
    world_wait(world, TELL_MS, private_standing(dora, bert) == STANDING_OP);
    struct person *carl = private_invite(world, "carl", NULL);
    world_wait(world, CONNECT_MS, private_sees(anna, carl) && private_sees(bert, carl) && private_sees(dora, carl));
    world_run(world, 2000);
    private_decide(anna, bert, DECIDE_MEMBER);
    world_run(world, 2000);
    assert_int_equal(private_standing(dora, bert), STANDING_MEMBER);
    assert_int_equal(private_standing(dora, carl), STANDING_MEMBER);
    assert_int_equal(person_count(dora, EVENT_DECIDED, NULL), 2);
    assert_int_equal(person_count(dora, EVENT_DECIDED, bert), 2);
    assert_string_equal(person_last(dora, EVENT_DECIDED, NULL)->reason, "member");
}

/* Where one is still parting one comes in again, as whom one was. */
static void who_parts_comes_back(void **state) {
    struct world *world = *state;
    struct private_room room;
    struct person *anna = private_found(world, "anna"), *bert = private_invite(world, "bert", NULL);
    world_wait(world, CONNECT_MS, private_sees(anna, bert));
    assert_true(private_room_init(&room, PRIVATE_NAME, private_made.charter.root));
    engine_part(bert->engine, PRIVATE_NAME, world->now);
    engine_enter(bert->engine, &room, world->now);
    world_wait(world, 20000,
               person_count(bert, EVENT_PARTED, NULL) == 1 && person_count(bert, EVENT_JOINED, NULL) == 2);
    /* He knows no charter any more: before he has it again nobody belongs there for him. */
    world_wait(world, 20000, private_sees(anna, bert) && person_count(bert, EVENT_PEER_CONNECTED, anna) == 2);
    private_say(bert, "here again");
    world_wait(world, TELL_MS, private_heard(anna, "here again"));
}

#define test(name) cmocka_unit_test_setup_teardown(name, private_setup, world_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        test(strangers_meet_by_an_invite),
        test(nobody_is_shown_before_the_founding_is_known),
        test(who_is_removed_hears_nothing_more),
        test(who_was_away_comes_back_by_the_old_secret),
        test(an_invite_for_one_is_for_one),
        test(invites_that_were_used_make_place),
        test(an_invite_is_heard_after_many_removals),
        test(the_newest_former_secret_is_kept_beside_many_invites),
        test(an_invite_for_a_time_needs_no_right_clock),
        test(a_newcomer_hears_no_old_news),
        test(an_op_notes_whom_it_lets_in),
        test(what_is_said_again_is_no_news),
        test(who_parts_comes_back),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("private_rooms", tests, NULL, NULL);
}

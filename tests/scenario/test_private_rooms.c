/* Private rooms, whole: people who come, are removed, were away, and come by an invite. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/room/chamber.h"
#include "tests/scenario/support/world.h"

#define ROOM "tea"
#define CONNECT_MS 3000
#define TELL_MS 2000

static struct private_room made; /* the owner's, as it was when it was made: who copies it has its first secret */
static uint8_t root[PRIVATE_ROOT_SIZE];

static int start(void **state) {
    memset(&made, 0, sizeof made);
    return world_setup(state);
}

/* The owner. */
static struct person *found(struct world *world, const char *name) {
    struct person *owner = world_person(world, name, NAT_NONE);
    assert_true(private_room_make(&made, ROOM, &owner->identity));
    memcpy(root, made.charter.root, sizeof root);
    person_enter(owner, &made);
    return owner;
}

/* By an invite: with the first secret, an epoch's, or a door's token. */
static struct person *invite(struct world *world, const char *name, const uint8_t *secret) {
    struct person *person = world_person(world, name, NAT_PORT_RESTRICTED);
    struct private_room room;
    assert_true(private_room_init(&room, ROOM, root));
    room.invited = secret != NULL;
    if (secret) memcpy(room.invite, secret, sizeof room.invite);
    person_enter(person, &room);
    return person;
}

static struct chamber *chamber_of(struct person *person) {
    struct chamber *chamber = engine_chamber(person->engine, ROOM);
    assert_non_null(chamber);
    return chamber;
}

static void decide(struct person *by, const struct person *about, enum room_decision decision) {
    struct why why;
    if (!chamber_decide(chamber_of(by), decision, about->id, "", by->world->now, &why)) fail_msg("%s", why.text);
}

static bool sees(struct person *a, struct person *b) {
    return person_sees(a, b) && person_sees(b, a);
}

static bool was_refused(const struct person *person, const char *reason) {
    for (const struct told *told = person->told; told; told = told->next)
        if (told->event->type == EVENT_REFUSED && strcmp(told->event->reason, reason) == 0) return true;
    return false;
}

static unsigned heard(const struct person *person, const char *text) {
    unsigned count = 0;
    for (const struct told *told = person->told; told; told = told->next)
        count += told->event->type == EVENT_MESSAGE && strcmp(told->event->text, text) == 0;
    return count;
}

static void say(struct person *person, const char *text) {
    if (person->credit == 0) person->credit = 1;
    person_say(person, text);
}

/* --- */

static void strangers_meet_by_an_invite(void **state) {
    struct world *world = *state;
    struct person *anna = found(world, "anna"), *bert = invite(world, "bert", NULL),
                  *carl = invite(world, "carl", NULL);
    world_wait(world, CONNECT_MS, sees(anna, bert) && sees(anna, carl) && sees(bert, carl));
    say(bert, "hello");
    world_wait(world, TELL_MS, heard(anna, "hello") && heard(carl, "hello"));
    world_run(world, 3000);
    assert_int_equal(charter_standing(&chamber_room(chamber_of(carl))->charter, bert->identity.public),
                     STANDING_MEMBER);
}

/* Two without the owner know of nobody who belongs here. */
static void nobody_is_shown_before_the_founding_is_known(void **state) {
    struct world *world = *state;
    struct person *anna = found(world, "anna");
    person_kill(anna);
    struct person *bert = invite(world, "bert", NULL), *carl = invite(world, "carl", NULL);
    world_run(world, 10000);
    assert_false(person_sees(bert, carl) || person_sees(carl, bert));
    assert_int_equal(person_count(bert, EVENT_PEER_CONNECTED, NULL), 0);
}

static void who_is_removed_hears_nothing_more(void **state) {
    struct world *world = *state;
    struct person *anna = found(world, "anna"), *bert = invite(world, "bert", NULL), *eve = invite(world, "eve", NULL);
    world_wait(world, CONNECT_MS, sees(anna, bert) && sees(anna, eve) && sees(bert, eve));
    decide(anna, eve, DECIDE_REMOVE);
    say(anna, "now that we are alone");
    world_wait(world, TELL_MS, heard(bert, "now that we are alone") && was_refused(eve, "removed"));
    say(bert, "yes");
    world_run(world, 30000);
    assert_int_equal(heard(anna, "yes"), 1);
    assert_int_equal(person_count(eve, EVENT_MESSAGE, NULL), 0);
    assert_int_equal(person_count(anna, EVENT_PEER_LEFT, NULL), 1);
    assert_int_equal(person_count(bert, EVENT_PEER_LEFT, NULL), 1);
    /* With the secret that there was she comes nowhere, however often. */
    person_kill(eve);
    person_forget(eve);
    struct private_room room;
    assert_true(private_room_init(&room, ROOM, root));
    person_enter(eve, &room);
    world_wait(world, 20000, was_refused(eve, "removed"));
    say(anna, "still alone");
    world_run(world, 30000);
    assert_int_equal(person_count(eve, EVENT_MESSAGE, NULL), 0);
    assert_int_equal(person_count(eve, EVENT_PEER_CONNECTED, NULL), 0);
}

static void who_was_away_comes_back_by_the_old_secret(void **state) {
    struct world *world = *state;
    struct person *anna = found(world, "anna"), *bert = invite(world, "bert", NULL),
                  *carl = invite(world, "carl", NULL), *eve = invite(world, "eve", NULL);
    world_wait(world, CONNECT_MS, sees(anna, carl) && sees(anna, bert) && sees(anna, eve));
    world_run(world, 2000);
    person_kill(carl);
    world_run(world, 40000);
    decide(anna, eve, DECIDE_BAN);
    world_run(world, 60000);
    struct private_room room;
    assert_true(private_room_init(&room, ROOM, root));
    person_enter(carl, &room);
    world_wait(world, 20000, sees(anna, carl) && sees(bert, carl));
    say(carl, "what did I miss?");
    world_wait(world, TELL_MS, heard(bert, "what did I miss?"));
    assert_int_equal(heard(eve, "what did I miss?"), 0);
}

static void an_invite_for_one_is_for_one(void **state) {
    struct world *world = *state;
    uint8_t token[PRIVATE_SECRET_SIZE];
    struct why why;
    struct person *anna = found(world, "anna"), *bert = invite(world, "bert", NULL);
    world_wait(world, CONNECT_MS, sees(anna, bert));
    assert_true(chamber_open_door(chamber_of(anna), true, 0, world->now, token, &why));
    world_run(world, 2000);
    struct person *carl = invite(world, "carl", token);
    world_wait(world, 10000, sees(anna, carl) && sees(bert, carl));
    struct person *eve = invite(world, "eve", token);
    world_wait(world, 20000, was_refused(eve, "used"));
    assert_int_equal(person_count(eve, EVENT_PEER_CONNECTED, NULL), 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, start, world_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        test(strangers_meet_by_an_invite),       test(nobody_is_shown_before_the_founding_is_known),
        test(who_is_removed_hears_nothing_more), test(who_was_away_comes_back_by_the_old_secret),
        test(an_invite_for_one_is_for_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Who is let in to a private room, and who is not, by which key set they come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scenario/support/keyed.h"

struct keeper {
    struct person *person;
    const struct person *turned_away; /* whom it does not let in; NULL: lets in everybody */
    unsigned asked, met, left, told;
    struct gate_visit last;
    uint8_t message[8];
    size_t size;
};

static bool on_presumes(void *context) {
    (void)context;
    return true;
}

static bool on_admits(void *context, const uint8_t id[static MEMBER_ID_SIZE], const struct gate_visit *visit) {
    struct keeper *keeper = context;
    (void)id;
    keeper->asked++;
    keeper->last = *visit;
    return !keeper->turned_away || memcmp(visit->identity, keeper->turned_away->identity.public, 32) != 0;
}

static void on_met(void *context, const uint8_t id[static MEMBER_ID_SIZE], bool admitted, uint64_t now) {
    struct keeper *keeper = context;
    (void)id, (void)admitted, (void)now;
    keeper->met++;
}

static void on_left(void *context, const uint8_t id[static MEMBER_ID_SIZE]) {
    struct keeper *keeper = context;
    (void)id;
    keeper->left++;
}

static void on_told(void *context, const uint8_t id[static MEMBER_ID_SIZE], const uint8_t *message, size_t size,
                    uint64_t now) {
    struct keeper *keeper = context;
    (void)id, (void)now;
    keeper->told++;
    keeper->size = size < sizeof keeper->message ? size : sizeof keeper->message;
    memcpy(keeper->message, message, keeper->size);
}

static void keep(struct keeper *keeper, struct person *person, const struct person *turned_away) {
    *keeper = (struct keeper){.person = person, .turned_away = turned_away};
    const struct gatekeeper gatekeeper = {.context = keeper,
                                          .presumes = on_presumes,
                                          .admits = on_admits,
                                          .met = on_met,
                                          .left = on_left,
                                          .told = on_told};
    chatroom_keep_gate(keyed_room(person), &gatekeeper);
}

static unsigned mentions(const struct person *person, const struct person *about) {
    unsigned count_of = 0;
    for (int type = 0; type < EVENT_TYPES; type++) count_of += person_count(person, (enum event_type)type, about);
    return count_of;
}

struct siege {
    struct world *world;
    struct person *anna, *bert, *mallory;
    struct keeper keepers[3]; /* theirs */
};

/* Mallory has the former set, under which both others are still there, and is not let in by them. */
static void begin_siege(struct siege *siege, struct world *world) {
    *siege = (struct siege){.world = world};
    siege->anna = world_person(world, "anna", NAT_PORT_RESTRICTED);
    siege->bert = world_person(world, "bert", NAT_PORT_RESTRICTED);
    siege->mallory = world_person(world, "mallory", NAT_PORT_RESTRICTED);
    keyed_start(siege->anna, 1);
    keyed_start(siege->bert, 1);
    keep(&siege->keepers[0], siege->anna, siege->mallory);
    keep(&siege->keepers[1], siege->bert, siege->mallory);
    world_wait(world, KEYED_CONNECT_MS, person_sees(siege->anna, siege->bert) && person_sees(siege->bert, siege->anna));
    person_say(siege->anna, "before");
    keyed_rekey(siege->anna, 2, true);
    keyed_rekey(siege->bert, 2, true);
    world_run(world, 15000);
    keyed_start(siege->mallory, 1);
    keep(&siege->keepers[2], siege->mallory, NULL);
    world_wait(world, KEYED_CONNECT_MS, siege->keepers[0].asked == 2 && siege->keepers[1].asked == 2);
    world_run(world, 1000);
}

static void a_stranger_with_a_former_set_is_not_let_in(void **state) {
    struct world *world = *state;
    struct siege siege;
    begin_siege(&siege, world);
    assert_int_equal(siege.keepers[0].last.role, KEY_SET_FORMER);
    assert_memory_equal(siege.keepers[0].last.identity, siege.mallory->identity.public, 32);
    person_say(siege.anna, "after");
    assert_true(siege.mallory->credit > 0);
    person_say(siege.mallory, "hello");
    world_wait(world, 1000, person_heard(siege.bert, siege.anna, "after") == 1);
    assert_int_equal(person_last(siege.anna, EVENT_SENT, NULL)->recipients, 1);
    world_run(world, 30000);
    assert_int_equal(mentions(siege.anna, siege.mallory) + mentions(siege.bert, siege.mallory), 0);
    assert_int_equal(person_count(siege.mallory, EVENT_MESSAGE, NULL), 0);
    assert_int_equal(person_count(siege.anna, EVENT_MESSAGE, NULL), 0);
    assert_int_equal(person_count(siege.anna, EVENT_UNDELIVERED, NULL), 0);
}

static const uint8_t verdict[] = {0x52, 1}, digest[] = {0x50, 7};

static void tell(const struct siege *siege, struct person *from, const struct person *to, const uint8_t *message) {
    assert_true(chatroom_tell(keyed_room(from), to ? to->id : NULL, message, sizeof verdict, siege->world->now));
}

static void of_the_charter_it_can_be_spoken_with(void **state) {
    struct world *world = *state;
    struct siege siege;
    begin_siege(&siege, world);
    tell(&siege, siege.anna, siege.mallory, verdict);
    tell(&siege, siege.mallory, siege.anna, digest);
    world_wait(world, 1000, siege.keepers[0].told == 1 && siege.keepers[2].told == 1);
    assert_memory_equal(siege.keepers[2].message, verdict, sizeof verdict);
    assert_memory_equal(siege.keepers[0].message, digest, sizeof digest);
    tell(&siege, siege.anna, NULL, digest);
    world_run(world, 1000);
    assert_int_equal(siege.keepers[1].told, 1); /* who is let in */
    assert_int_equal(siege.keepers[2].told, 1);
}

/* A word before the end arrives, too. */
static void it_hears_why_and_is_gone(void **state) {
    struct world *world = *state;
    struct siege siege;
    begin_siege(&siege, world);
    world->loss_percent = 30;
    tell(&siege, siege.anna, siege.mallory, verdict);
    chatroom_dismiss(keyed_room(siege.anna), siege.mallory->id, world->now);
    world_wait(world, 5000, person_count(siege.mallory, EVENT_PEER_LEFT, siege.anna) == 1);
    assert_int_equal(siege.keepers[2].told, 1);
    world_wait(world, 5000, siege.keepers[0].left == 1);
    assert_int_equal(mentions(siege.anna, siege.mallory), 0);
}

/* It is decided anew, both ways. */
static void who_is_let_in_later_has_not_missed_it(void **state) {
    struct world *world = *state;
    struct keeper keepers[2];
    struct person *anna = world_person(world, "anna", NAT_PORT_RESTRICTED);
    struct person *carl = world_person(world, "carl", NAT_PORT_RESTRICTED);
    keyed_start(anna, 1);
    keep(&keepers[0], anna, carl);
    world_wait(world, KEYED_CONNECT_MS, anna->credit > 0);
    person_say(anna, "before");
    keyed_rekey(anna, 2, true);
    keyed_start(carl, 1);
    keep(&keepers[1], carl, NULL);
    world_wait(world, KEYED_CONNECT_MS, keepers[0].met == 1);
    world_run(world, 5000);
    assert_int_equal(person_count(carl, EVENT_MESSAGE, NULL), 0);
    keepers[0].turned_away = NULL;
    chatroom_review(keyed_room(anna), world->now);
    assert_true(person_sees(anna, carl));
    assert_int_equal(person_count(anna, EVENT_PEER_JOINED, carl), 1);
    world_wait(world, 5000, person_heard(carl, anna, "before") == 1);
    person_say(carl, "thanks");
    world_wait(world, 1000, person_heard(anna, carl, "thanks") == 1);
    keepers[0].turned_away = carl;
    chatroom_review(keyed_room(anna), world->now);
    assert_int_equal(person_count(anna, EVENT_PEER_LEFT, carl), 1);
    person_say(carl, "still there?");
    person_say(anna, "nobody hears this");
    world_run(world, 5000);
    assert_int_equal(person_count(anna, EVENT_MESSAGE, NULL), 1);
    assert_int_equal(person_heard(carl, anna, "nobody hears this"), 0);
}

/* --- Doors --- */

/* Two newcomers at doors of their own meet nobody but Anna, who made them, until they have the room's key set. */
static void two_doors(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_PORT_RESTRICTED);
    struct person *bert = world_person(world, "bert", NAT_PORT_RESTRICTED);
    struct person *dora = world_person(world, "dora", NAT_PORT_RESTRICTED);
    struct person *emil = world_person(world, "emil", NAT_PORT_RESTRICTED);
    struct keeper keeper;
    keyed_start(anna, 1);
    keep(&keeper, anna, NULL);
    keyed_start(bert, 1);
    keyed_add_door(anna, 101);
    keyed_add_door(anna, 102);
    keyed_start(dora, 101);
    keyed_start(emil, 102);
    world_wait(world, KEYED_CONNECT_MS,
               person_sees(anna, bert) && person_sees(dora, anna) && person_sees(anna, dora) &&
                   person_sees(emil, anna) && person_sees(anna, emil));
    assert_int_equal(keeper.last.role, KEY_SET_DOOR);
    world_run(world, 5000);
    assert_int_equal(mentions(bert, dora) + mentions(bert, emil) + mentions(dora, emil) + mentions(dora, bert), 0);
    keyed_rekey(dora, 1, false);
    world_wait(world, KEYED_CONNECT_MS, person_sees(dora, bert) && person_sees(bert, dora));
    const struct key_set door = keyed_set(101);
    chatroom_drop_set(keyed_room(anna), door.tag, world->now);
    world_run(world, 30000);
    assert_int_equal(keyed_registered(world, 101), 0);
    assert_int_equal(keyed_registered(world, 102), 2);
    assert_int_equal(keyed_registered(world, 1), 3);
    assert_true(person_sees(anna, dora) && person_sees(dora, anna));
    assert_int_equal(person_count(anna, EVENT_PEER_LEFT, NULL) + person_count(dora, EVENT_PEER_LEFT, NULL), 0);
    person_say(dora, "nice room");
    world_wait(world, 1000, person_heard(anna, dora, "nice room") == 1 && person_heard(bert, dora, "nice room") == 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_stranger_with_a_former_set_is_not_let_in, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(of_the_charter_it_can_be_spoken_with, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(it_hears_why_and_is_gone, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(who_is_let_in_later_has_not_missed_it, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(two_doors, world_setup, world_teardown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gate", tests, NULL, NULL);
}

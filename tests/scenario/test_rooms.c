/* Several rooms in one client. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scenario/support/world.h"

#define CONNECT_MS 1500
#define LEFT_MS 2500

static bool sees_in(const struct person *person, const char *room, const struct person *other) {
    return person_count_in(person, room, EVENT_PEER_CONNECTED, other) >
           person_count_in(person, room, EVENT_PEER_LEFT, other);
}

static bool sees_each_other_in(const struct person *a, const char *room, const struct person *b) {
    return sees_in(a, room, b) && sees_in(b, room, a);
}

static bool heard_in(const struct person *person, const char *room, const char *text) {
    const struct event *event = person_last_in(person, room, EVENT_MESSAGE, NULL);
    return event && strcmp(event->text, text) == 0;
}

/* --- Two at once --- */

static void rooms_with_different_people(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_PORT_RESTRICTED);
    struct person *bert = world_person(world, "bert", NAT_PORT_RESTRICTED);
    struct person *carl = world_person(world, "carl", NAT_PORT_RESTRICTED);
    person_start(anna, "tea");
    person_start(bert, "tea");
    person_start(carl, "coffee");
    person_join(anna, "coffee");
    world_wait(world, CONNECT_MS, sees_each_other_in(anna, "tea", bert) && sees_each_other_in(anna, "coffee", carl));
    person_say_in(anna, "tea", CHAT_TEXT, NULL, "biscuits?");
    person_say_in(anna, "coffee", CHAT_TEXT, NULL, "cake?");
    world_wait(world, 500, heard_in(bert, "tea", "biscuits?") && heard_in(carl, "coffee", "cake?"));
    world_run(world, 1000);
    assert_int_equal(person_count(bert, EVENT_MESSAGE, NULL) + person_count(carl, EVENT_MESSAGE, NULL), 2);
    assert_int_equal(person_count(bert, EVENT_PEER_JOINED, NULL), 1);
    assert_int_equal(person_count(carl, EVENT_PEER_JOINED, NULL), 1);
    assert_int_equal(person_count_in(anna, "tea", EVENT_CREDIT, NULL), 2); /* the first, and one that came back */
    assert_int_equal(person_count_in(anna, "coffee", EVENT_CREDIT, NULL), 2);
    person_say_in(bert, "tea", CHAT_TEXT, NULL, "yes");
    world_wait(world, 500, heard_in(anna, "tea", "yes"));
    assert_int_equal(person_count_in(anna, "coffee", EVENT_MESSAGE, NULL), 0);
}

/* The same two meet in both: nothing tells one room's packets from the other's but what is in them. */
static void rooms_with_the_same_people(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_PORT_RESTRICTED);
    struct person *bert = world_person(world, "bert", NAT_PORT_RESTRICTED);
    world->loss_percent = 20;
    world->duplicate_percent = 10;
    world->jitter_ms = 30;
    person_start(anna, "tea");
    person_start(bert, "coffee");
    person_join(anna, "coffee");
    person_join(bert, "tea");
    world_wait(world, 10000, sees_each_other_in(anna, "tea", bert) && sees_each_other_in(anna, "coffee", bert));
    for (unsigned i = 0; i < 100; i++) {
        char text[16];
        snprintf(text, sizeof text, "%u", i);
        person_say_in(anna, i % 2 ? "tea" : "coffee", CHAT_TEXT, NULL, text);
    }
    world_wait(world, 20000, person_count(bert, EVENT_MESSAGE, NULL) == 100);
    unsigned next[] = {0, 1};
    for (const struct told *told = bert->told; told; told = told->next) {
        if (told->event->type != EVENT_MESSAGE) continue;
        unsigned tea = strcmp(told->event->room, "tea") == 0;
        assert_int_equal(strtoul(told->event->text, NULL, 10), next[tea]);
        next[tea] += 2;
    }
    world_run(world, 130000); /* through a renewal of both sessions */
    assert_true(sees_each_other_in(anna, "tea", bert) && sees_each_other_in(anna, "coffee", bert));
    assert_int_equal(person_count(anna, EVENT_PEER_LEFT, NULL) + person_count(anna, EVENT_BOOTNODE_LOST, NULL), 0);
}

typedef char many_names[ENGINE_ROOMS_MAX + 1][16];

static void start_in_many(many_names rooms, struct person *anna, struct person *bert) {
    for (size_t i = 0; i <= ENGINE_ROOMS_MAX; i++) snprintf(rooms[i], sizeof rooms[i], "room %zu", i);
    person_start(anna, rooms[0]);
    person_start(bert, rooms[0]);
    for (size_t i = 1; i < ENGINE_ROOMS_MAX; i++) {
        person_join(anna, rooms[i]);
        person_join(bert, rooms[i]);
    }
    world_wait(anna->world, 15000, person_count(anna, EVENT_PEER_CONNECTED, NULL) == ENGINE_ROOMS_MAX);
    world_wait(anna->world, 2000, person_count(bert, EVENT_PEER_CONNECTED, NULL) == ENGINE_ROOMS_MAX);
    assert_int_equal(person_count(anna, EVENT_ERROR, NULL), 0);
}

static void as_many_rooms_as_there_may_be(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE), *bert = world_person(world, "bert", NAT_NONE);
    many_names rooms;
    start_in_many(rooms, anna, bert);
    for (size_t i = 0; i < ENGINE_ROOMS_MAX; i++) person_say_in(anna, rooms[i], CHAT_TEXT, NULL, rooms[i]);
    world_wait(world, 1000, person_count(anna, EVENT_DELIVERED, NULL) == ENGINE_ROOMS_MAX);
    for (size_t i = 0; i < ENGINE_ROOMS_MAX; i++) {
        assert_int_equal(person_count_in(bert, rooms[i], EVENT_MESSAGE, NULL), 1);
        assert_true(heard_in(bert, rooms[i], rooms[i]));
    }
}

static void one_room_more_than_there_may_be(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE), *bert = world_person(world, "bert", NAT_NONE);
    many_names rooms;
    start_in_many(rooms, anna, bert);
    person_join(anna, rooms[ENGINE_ROOMS_MAX]);
    assert_int_equal(person_count(anna, EVENT_ERROR, NULL), 1);
    assert_null(person_last(anna, EVENT_ERROR, NULL)->room);
    person_join(anna, rooms[7]); /* where we are: no error */
    assert_int_equal(person_count(anna, EVENT_ERROR, NULL), 1);
    assert_int_equal(person_count(anna, EVENT_JOINED, NULL), ENGINE_ROOMS_MAX);
    person_part(anna, rooms[3]);
    world_wait(world, LEFT_MS, person_count(anna, EVENT_PARTED, NULL) == 1);
    person_join(anna, rooms[ENGINE_ROOMS_MAX]);
    assert_int_equal(person_count_in(anna, rooms[ENGINE_ROOMS_MAX], EVENT_JOINED, NULL), 1);
    engine_stop(anna->engine, world->now);
    world_wait(world, LEFT_MS, anna->status == 0);
    assert_int_equal(person_count(anna, EVENT_PARTED, NULL), ENGINE_ROOMS_MAX + 1);
}

/* --- Coming and going --- */

static void a_room_is_parted_and_joined_again(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE), *bert = world_person(world, "bert", NAT_NONE);
    person_start(anna, "tea");
    person_join(anna, "coffee");
    person_start(bert, "tea");
    person_join(bert, "coffee");
    for (unsigned times = 1; times <= 3; times++) {
        world_wait(world, CONNECT_MS,
                   sees_each_other_in(anna, "tea", bert) && sees_each_other_in(anna, "coffee", bert));
        const char *room = person_last_in(anna, "tea", EVENT_JOINED, NULL)->room;
        person_say_in(anna, "tea", CHAT_TEXT, NULL, "the same words");
        person_say_in(bert, "tea", CHAT_TEXT, NULL, "the same answer");
        person_part(anna, "tea");
        assert_int_equal(person_count(anna, EVENT_PARTED, NULL), times - 1);
        world_wait(world, LEFT_MS, person_count_in(anna, "tea", EVENT_PARTED, NULL) == times);
        world_wait(world, 500, person_count_in(bert, "tea", EVENT_PEER_LEFT, anna) == times);
        assert_true(person_last_in(bert, "tea", EVENT_PEER_LEFT, anna)->said_bye);
        assert_int_equal(person_count_in(bert, "tea", EVENT_MESSAGE, anna), times);
        assert_true(sees_each_other_in(anna, "coffee", bert));
        assert_string_equal(room, "tea"); /* still there, */
        world_run(world, 100 * times);
        person_join(anna, "tea");
        assert_ptr_equal(person_last_in(anna, "tea", EVENT_JOINED, NULL)->room, room); /* and the same */
    }
    world_run(world, 20000);
    assert_int_equal(person_count_in(bert, "coffee", EVENT_PEER_LEFT, NULL), 0);
    assert_int_equal(person_count_in(bert, "tea", EVENT_PEER_JOINED, anna), 4);
}

/* Its first event is that it was joined, its last that it was parted. */
static void assert_framed(const struct person *person, const char *room) {
    bool in = false;
    for (const struct told *told = person->told; told; told = told->next) {
        if (!told->event->room || strcmp(told->event->room, room) != 0) continue;
        if (told->event->type == EVENT_JOINED) {
            assert_false(in);
            in = true;
        }
        assert_true(in);
        if (told->event->type == EVENT_PARTED) in = false;
    }
}

static void joining_again_waits_for_the_parting(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE), *bert = world_person(world, "bert", NAT_NONE);
    person_start(anna, "tea");
    person_start(bert, "tea");
    world_wait(world, CONNECT_MS, everyone_connected(world));
    bert->cut = true;
    person_say(anna, "before I go");
    person_part(anna, "tea");
    world_run(world, 3000);
    person_join(anna, "tea");
    person_say(anna, "too late for that");
    assert_int_equal(person_count(anna, EVENT_ERROR, NULL), 1);
    assert_int_equal(person_count(anna, EVENT_PARTED, NULL), 0);
    bert->cut = false;
    world_wait(world, 5000, person_count(anna, EVENT_JOINED, NULL) == 2);
    world_wait(world, 2 * CONNECT_MS, sees_each_other_in(anna, "tea", bert));
    assert_int_equal(person_heard(bert, anna, "before I go"), 1);
    person_say(anna, "here I am");
    world_wait(world, 500, person_heard(bert, anna, "here I am"));
    assert_framed(anna, "tea");
}

/* While bye is being said. */
static void joining_again_at_the_last_moment(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE), *bert = world_person(world, "bert", NAT_NONE);
    person_start(anna, "tea");
    person_start(bert, "tea");
    world_wait(world, CONNECT_MS, everyone_connected(world));
    person_part(anna, "tea");
    world_wait(world, 500, person_count(bert, EVENT_PEER_LEFT, anna) == 1);
    person_join(anna, "tea");
    world_wait(world, LEFT_MS + CONNECT_MS, sees_each_other_in(anna, "tea", bert));
    person_part(anna, "tea"); /* thought better of it */
    person_join(anna, "tea");
    person_part(anna, "tea");
    world_run(world, 5000);
    assert_int_equal(person_count(anna, EVENT_JOINED, NULL), 2);
    assert_int_equal(person_count(anna, EVENT_PARTED, NULL), 2);
    assert_framed(anna, "tea");
}

static void in_no_room(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE), *bert = world_person(world, "bert", NAT_NONE);
    person_start(anna, "tea");
    person_start(bert, "coffee");
    world_wait(world, CONNECT_MS, anna->credit > 0);
    person_part(anna, "tea");
    person_part(anna, "never heard of");
    world_wait(world, LEFT_MS, person_count(anna, EVENT_PARTED, NULL) == 1);
    uint64_t sent = world->sent;
    world_run(world, 60000);
    assert_int_equal(anna->status, -1);
    assert_true(engine_due(anna->engine, world->now) == UINT64_MAX);
    person_say_in(anna, "tea", CHAT_TEXT, NULL, "anybody?");
    assert_int_equal(person_count(anna, EVENT_ERROR, NULL), 1);
    assert_true(world->sent > sent); /* Bert's beats */
    person_nick(anna, "anne");
    assert_int_equal(person_count(anna, EVENT_NICK, NULL), 1);
    person_join(anna, "coffee");
    world_wait(world, CONNECT_MS, sees_each_other_in(anna, "coffee", bert));
    assert_string_equal(person_last_in(bert, "coffee", EVENT_PEER_CONNECTED, anna)->nick, "anne");
    assert_framed(anna, "tea");
}

/* --- How it ends --- */

static int status_of_end(struct world *world, struct person *person) {
    engine_end_of_input(person->engine, world->now);
    world_wait(world, 13000, person->status >= 0);
    return person->status;
}

static void company_in_one_room_is_enough(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE), *bert = world_person(world, "bert", NAT_NONE);
    person_start(bert, "coffee");
    person_start(anna, "tea");
    person_join(anna, "coffee");
    world_wait(world, CONNECT_MS, sees_each_other_in(anna, "coffee", bert));
    person_say_in(anna, "tea", CHAT_TEXT, NULL, "anybody?");
    assert_int_equal(status_of_end(world, anna), 0);
    assert_int_equal(person_count(anna, EVENT_PARTED, NULL), 2);
}

static void alone_in_all_rooms(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE);
    person_start(anna, "tea");
    person_join(anna, "coffee");
    world_run(world, CONNECT_MS);
    person_part(anna, "tea");
    world_run(world, LEFT_MS);
    assert_int_equal(status_of_end(world, anna), ENGINE_STATUS_ALONE);
}

/* Nobody is there at the end; but somebody was, and has it. A nick is no message. */
static void to_be_heard_is_company(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE), *bert = world_person(world, "bert", NAT_NONE);
    for (int says = 0; says < 2; says++) {
        person_start(anna, "tea");
        person_start(bert, "tea");
        world_wait(world, CONNECT_MS, everyone_connected(world));
        if (says)
            person_say(anna, "goodbye");
        else
            person_nick(anna, "anne");
        world_run(world, 500);
        engine_stop(bert->engine, world->now);
        world_wait(world, LEFT_MS, bert->status == 0);
        assert_int_equal(status_of_end(world, anna), says ? 0 : ENGINE_STATUS_ALONE);
        person_kill(anna);
        person_kill(bert);
        person_forget(anna);
        person_forget(bert);
    }
}

/* Also one that was parted before. */
static void what_was_missed_in_one_room_counts(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE), *bert = world_person(world, "bert", NAT_NONE);
    struct person *carl = world_person(world, "carl", NAT_NONE);
    person_start(anna, "tea");
    person_join(anna, "coffee");
    person_start(bert, "tea");
    person_start(carl, "coffee");
    world_wait(world, CONNECT_MS, sees_each_other_in(anna, "tea", bert) && sees_each_other_in(anna, "coffee", carl));
    bert->cut = true;
    person_say(anna, "nobody hears me");
    uint64_t parted = world->now;
    person_part(anna, "tea");
    world_wait(world, 13000, person_count_in(anna, "tea", EVENT_PARTED, NULL) == 1);
    assert_in_range(world->now - parted, 10000, 12500);
    person_say_in(anna, "coffee", CHAT_TEXT, NULL, "but you do");
    assert_int_equal(status_of_end(world, anna), ENGINE_STATUS_UNDELIVERED);
    assert_true(heard_in(carl, "coffee", "but you do"));
}

/* A signal does not wait for a room that is being parted, and its status is 0. */
static void a_signal_ends_all_rooms_at_once(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE), *bert = world_person(world, "bert", NAT_NONE);
    person_start(anna, "tea");
    person_join(anna, "coffee");
    person_start(bert, "tea");
    world_wait(world, CONNECT_MS, sees_each_other_in(anna, "tea", bert));
    bert->cut = true;
    person_say(anna, "nobody hears me");
    person_part(anna, "tea");
    world_run(world, 1000);
    uint64_t stopped = world->now;
    engine_stop(anna->engine, world->now);
    world_wait(world, LEFT_MS, anna->status == 0);
    assert_in_range(world->now - stopped, 0, 2500);
    assert_int_equal(person_count(anna, EVENT_PARTED, NULL), 2);
}

/* That has begun is not changed by a signal any more. */
static void the_status_is_decided_when_leaving_begins(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE);
    person_start(anna, "tea");
    world_wait(world, CONNECT_MS, anna->credit > 0);
    engine_end_of_input(anna->engine, world->now);
    engine_tick(anna->engine, world->now);
    engine_stop(anna->engine, world->now);
    world_wait(world, LEFT_MS, anna->status >= 0);
    assert_int_equal(anna->status, ENGINE_STATUS_ALONE);
}

static void a_first_room_that_cannot_be_joined_ends_it(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE);
    static char endless[ROOM_SECRET_MAX + 2];
    memset(endless, 'x', ROOM_SECRET_MAX + 1);
    person_start(anna, "tea");
    engine_join(anna->engine, "coffee", endless, strlen(endless), world->now); /* not the first: told, no more */
    assert_int_equal(person_count(anna, EVENT_ERROR, NULL), 1);
    world_run(world, 1000);
    assert_int_equal(anna->status, -1);
    person_part(anna, "tea");
    world_wait(world, LEFT_MS, person_count(anna, EVENT_PARTED, NULL) == 1);
    engine_join(anna->engine, "", NULL, 0, world->now);
    world_run(world, 1000);
    assert_int_equal(person_count(anna, EVENT_ERROR, NULL), 2);
    assert_int_equal(anna->status, -1);
    struct person *bert = world_person(world, "bert", NAT_NONE);
    person_create(bert);
    engine_join(bert->engine, "tea", endless, strlen(endless), world->now);
    person_join(bert, "coffee");
    world_run(world, 10);
    assert_int_equal(bert->status, ENGINE_STATUS_BARRED);
    assert_int_equal(person_count(bert, EVENT_ERROR, NULL), 1);
    assert_int_equal(person_count(bert, EVENT_JOINED, NULL), 0);
}

/* Somebody on the way forges a first answer for a second room: the first one is not lost for it. */
static bool forge_keys(struct world *world, struct wire *wire) {
    struct address bootnode = world_bootnode();
    struct cookie_message message;
    if (!address_equal(&wire->from, &bootnode) || !cookie_message_decode(wire->data, wire->size, &message)) return true;
    ++*(unsigned *)world->tampering;
    message.bootnode_public[0] ^= 1;
    (void)cookie_message_encode(&message, wire->data, sizeof wire->data);
    return true;
}

static void a_wrong_key_in_a_second_room_costs_only_that(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE), *bert = world_person(world, "bert", NAT_NONE);
    unsigned forged = 0;
    anna->pinned_key = world->net->node.key.public;
    person_start(anna, "tea");
    person_start(bert, "tea");
    world_wait(world, CONNECT_MS, sees_each_other_in(anna, "tea", bert));
    world->tamper = forge_keys;
    world->tampering = &forged;
    person_join(anna, "coffee");
    world_run(world, 5000);
    assert_true(forged > 0);
    assert_int_equal(anna->status, -1);
    assert_int_equal(person_count_in(anna, "coffee", EVENT_ERROR, NULL), 1);
    person_say(anna, "still here");
    world_wait(world, 500, person_heard(bert, anna, "still here"));
    world->tamper = NULL;
    world_wait(world, 10000, person_count_in(anna, "coffee", EVENT_REGISTERED, NULL) == 1);
}

int main(void) {
#define SCENARIO(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        SCENARIO(rooms_with_different_people),
        SCENARIO(rooms_with_the_same_people),
        SCENARIO(as_many_rooms_as_there_may_be),
        SCENARIO(one_room_more_than_there_may_be),
        SCENARIO(a_room_is_parted_and_joined_again),
        SCENARIO(joining_again_waits_for_the_parting),
        SCENARIO(joining_again_at_the_last_moment),
        SCENARIO(in_no_room),
        SCENARIO(company_in_one_room_is_enough),
        SCENARIO(alone_in_all_rooms),
        SCENARIO(to_be_heard_is_company),
        SCENARIO(what_was_missed_in_one_room_counts),
        SCENARIO(a_signal_ends_all_rooms_at_once),
        SCENARIO(the_status_is_decided_when_leaving_begins),
        SCENARIO(a_first_room_that_cannot_be_joined_ends_it),
        SCENARIO(a_wrong_key_in_a_second_room_costs_only_that),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("rooms", tests, NULL, NULL);
}

/* People talk: what design.md promises to those who sit in a room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/message/message.h"
#include "client/room/outgoing.h"
#include "tests/scenario/support/world.h"

#define CONNECT_MS 1500
#define GUESTS 20 /* by their keys some begin the handshake and some answer it */

static void chat(struct world *world, struct person *a, struct person *b) {
    person_say(a, "hello");
    person_say(b, "hi");
    world_wait(world, 500, person_heard(a, b, "hi") && person_heard(b, a, "hello"));
    world_wait(world, 500, person_count(a, EVENT_DELIVERED, b) && person_count(b, EVENT_DELIVERED, a));
}

static void every_pair_of_cones_connects(void **state) {
    struct world *world = *state;
    static const enum nat_kind kinds[] = {NAT_NONE, NAT_FULL_CONE, NAT_RESTRICTED, NAT_PORT_RESTRICTED};
    struct person *anna = world_person(world, "anna", NAT_NONE), *bert = world_person(world, "bert", NAT_NONE);
    for (size_t i = 0; i < 16; i++) {
        char room[16];
        snprintf(room, sizeof room, "room %zu", i);
        nat_rebind(&anna->nat);
        nat_rebind(&bert->nat);
        anna->nat.kind = kinds[i / 4];
        bert->nat.kind = kinds[i % 4];
        person_start(anna, room);
        world_run(world, 1000);
        person_start(bert, room);
        world_wait(world, CONNECT_MS, everyone_connected(world));
        chat(world, anna, bert);
        person_kill(anna);
        person_kill(bert);
        person_forget(anna);
        person_forget(bert);
    }
}

static void symmetric_connects_directly_to_all_but_port_restricted(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_SYMMETRIC);
    struct person *bert = world_person(world, "bert", NAT_RESTRICTED);
    struct person *carl = world_person(world, "carl", NAT_FULL_CONE);
    struct person *dora = world_person(world, "dora", NAT_PORT_RESTRICTED);
    for (size_t i = 0; i < world->people_count; i++) person_start(&world->people[i], "tea");
    world_wait(world, CONNECT_MS, person_sees(anna, bert) && person_sees(anna, carl) && person_sees(dora, bert));
    assert_false(person_last(anna, EVENT_PEER_CONNECTED, bert)->relayed);
    assert_false(person_last(anna, EVENT_PEER_CONNECTED, carl)->relayed);
    world_wait(world, CONNECT_MS, person_sees(anna, dora) && person_sees(dora, anna));
    assert_true(person_last(anna, EVENT_PEER_CONNECTED, dora)->relayed);
    chat(world, anna, bert);
    chat(world, anna, dora);
}

static void three_people_hear_each_other(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_PORT_RESTRICTED);
    struct person *bert = world_person(world, "bert", NAT_PORT_RESTRICTED);
    struct person *carl = world_person(world, "carl", NAT_PORT_RESTRICTED);
    for (size_t i = 0; i < world->people_count; i++) person_start(&world->people[i], "tea");
    world_wait(world, CONNECT_MS, everyone_connected(world));
    person_say(carl, "all of you?");
    world_wait(world, 500, person_heard(anna, carl, "all of you?") && person_heard(bert, carl, "all of you?"));
    assert_int_equal(person_count(carl, EVENT_SENT, NULL), 1);
    world_wait(world, 500, person_count(carl, EVENT_DELIVERED, NULL) == 2);
    assert_int_equal(person_count(anna, EVENT_MESSAGE, NULL), 1);
    assert_string_equal(person_last(anna, EVENT_MESSAGE, carl)->nick, "carl");
    assert_string_equal(person_last(anna, EVENT_MESSAGE, carl)->id, person_last(carl, EVENT_SENT, NULL)->id);
}

static void two_rooms_never_see_each_other(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE), *bert = world_person(world, "bert", NAT_NONE);
    struct person *carl = world_person(world, "carl", NAT_NONE), *dora = world_person(world, "dora", NAT_NONE);
    person_start(anna, "tea");
    person_start(bert, "tea");
    person_start(carl, "coffee");
    person_start(dora, "coffee");
    world_wait(world, CONNECT_MS, person_sees(anna, bert) && person_sees(carl, dora));
    person_say(anna, "biscuits?");
    person_say(dora, "cake?");
    world_run(world, 5000);
    for (size_t i = 0; i < world->people_count; i++) {
        assert_int_equal(person_count(&world->people[i], EVENT_PEER_JOINED, NULL), 1);
        assert_int_equal(person_count(&world->people[i], EVENT_PEER_CONNECTED, NULL), 1);
    }
    assert_int_equal(person_heard(bert, anna, "biscuits?"), 1);
    assert_int_equal(person_heard(carl, dora, "cake?"), 1);
    assert_int_equal(person_count(carl, EVENT_MESSAGE, NULL) + person_count(bert, EVENT_MESSAGE, NULL), 2);
}

static void a_bye_is_told_as_one(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_PORT_RESTRICTED);
    struct person *bert = world_person(world, "bert", NAT_PORT_RESTRICTED);
    person_start(anna, "tea");
    person_start(bert, "tea");
    world_wait(world, CONNECT_MS, everyone_connected(world));
    engine_stop(bert->engine, world->now);
    world_wait(world, 500, person_count(anna, EVENT_PEER_LEFT, bert) == 1);
    assert_true(person_last(anna, EVENT_PEER_LEFT, bert)->said_bye);
    assert_string_equal(person_last(anna, EVENT_PEER_LEFT, bert)->nick, "bert");
    world_wait(world, 2500, bert->status == 0);
    assert_true(engine_finished(bert->engine));
    world_run(world, 30000);
    assert_int_equal(person_count(anna, EVENT_PEER_LEFT, NULL), 1);
    assert_int_equal(person_count(anna, EVENT_PEER_JOINED, NULL), 1);
}

/* LEAVE is repeated until answered; where all three byes got lost, the bootnode's word counts once the peer is silent.
 */
static void a_bye_survives_loss(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE), *bert = world_person(world, "bert", NAT_NONE);
    for (int round = 0; round < 20; round++) {
        char room[16];
        snprintf(room, sizeof room, "room %d", round);
        world->loss_percent = 0;
        person_start(anna, room);
        person_start(bert, room);
        world_wait(world, CONNECT_MS, everyone_connected(world));
        world->loss_percent = 30;
        engine_stop(bert->engine, world->now);
        world_wait(world, 2500, bert->status == 0);
        world_wait(world, 16000, person_count(anna, EVENT_PEER_LEFT, bert) == 1);
        assert_true(person_last(anna, EVENT_PEER_LEFT, bert)->said_bye);
        person_kill(anna);
        person_kill(bert);
        person_forget(anna);
        person_forget(bert);
    }
}

/* Who answers a handshake shows the other one before that one can say anything. */
static void who_goes_as_soon_as_it_is_seen_says_bye(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_PORT_RESTRICTED);
    person_start(anna, "tea");
    unsigned unconnected = 0;
    for (unsigned i = 0; i < GUESTS; i++) {
        char nick[16];
        snprintf(nick, sizeof nick, "guest%u", i);
        struct person *guest = world_person(world, nick, NAT_PORT_RESTRICTED);
        person_start(guest, "tea");
        world_wait(world, CONNECT_MS, person_count(anna, EVENT_PEER_CONNECTED, guest) == 1);
        if (!person_count(guest, EVENT_PEER_CONNECTED, anna)) unconnected++;
        engine_stop(guest->engine, world->now);
        world_wait(world, 2500, person_count(anna, EVENT_PEER_LEFT, guest) == 1 && guest->status == 0);
        assert_true(person_last(anna, EVENT_PEER_LEFT, guest)->said_bye);
        person_kill(guest);
    }
    assert_in_range(unconnected, 1, GUESTS - 1);
}

static void a_killed_client_times_out(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_PORT_RESTRICTED);
    struct person *bert = world_person(world, "bert", NAT_PORT_RESTRICTED);
    person_start(anna, "tea");
    person_start(bert, "tea");
    world_wait(world, CONNECT_MS, everyone_connected(world));
    world_run(world, 7000);
    person_kill(bert);
    world_run(world, 10000);
    assert_int_equal(person_count(anna, EVENT_PEER_LEFT, bert), 0);
    world_wait(world, 9000, person_count(anna, EVENT_PEER_LEFT, bert) == 1);
    assert_false(person_last(anna, EVENT_PEER_LEFT, bert)->said_bye);
    world_run(world, 60000);
    assert_int_equal(person_count(anna, EVENT_PEER_LEFT, NULL), 1);
}

static void who_comes_back_is_joined_again(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE), *bert = world_person(world, "bert", NAT_NONE);
    person_start(anna, "tea");
    person_start(bert, "tea");
    world_wait(world, CONNECT_MS, everyone_connected(world));
    for (unsigned times = 2; times <= 4; times++) {
        engine_stop(bert->engine, world->now);
        world_wait(world, 2500, bert->status == 0);
        person_kill(bert);
        person_forget(bert);
        world_run(world, 100 * times);
        person_start(bert, "tea");
        world_wait(world, CONNECT_MS, everyone_connected(world));
        assert_int_equal(person_count(anna, EVENT_PEER_JOINED, bert), times);
        assert_int_equal(person_count(anna, EVENT_PEER_LEFT, bert), times - 1);
        chat(world, anna, bert);
        assert_int_equal(person_heard(anna, bert, "hi"), times - 1);
    }
}

/* --- The end of input --- */

static void the_end_waits_for_acknowledgements(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE), *bert = world_person(world, "bert", NAT_NONE);
    person_start(anna, "tea");
    person_start(bert, "tea");
    world_wait(world, CONNECT_MS, everyone_connected(world));
    anna->cut = true;
    person_say(anna, "that is all");
    engine_end_of_input(anna->engine, world->now);
    world_run(world, 4000);
    assert_int_equal(anna->status, -1);
    anna->cut = false;
    world_wait(world, 8000, anna->status == 0);
    assert_int_equal(person_heard(bert, anna, "that is all"), 1);
}

/* Input that ends before a connection stands: what was said waits for it. */
static void the_end_waits_for_the_connection(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_PORT_RESTRICTED);
    struct person *bert = world_person(world, "bert", NAT_PORT_RESTRICTED);
    person_start(anna, "tea");
    world_run(world, 1000);
    person_start(bert, "tea");
    world_wait(world, CONNECT_MS, bert->credit > 0);
    assert_false(person_sees(bert, anna));
    person_say(bert, "in and out");
    engine_end_of_input(bert->engine, world->now);
    world_wait(world, 5000, bert->status == 0);
    assert_int_equal(person_heard(anna, bert, "in and out"), 1);
}

static void the_end_says_who_missed_something(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE), *bert = world_person(world, "bert", NAT_NONE);
    person_start(anna, "tea");
    person_start(bert, "tea");
    world_wait(world, CONNECT_MS, everyone_connected(world));
    bert->cut = true;
    person_say(anna, "nobody hears me");
    uint64_t ended = world->now;
    engine_end_of_input(anna->engine, world->now);
    world_wait(world, 13000, anna->status >= 0);
    assert_int_equal(anna->status, ENGINE_STATUS_UNDELIVERED);
    assert_in_range(world->now - ended, 10000, 12500);
}

static void the_end_says_that_somebody_left_without_it(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE), *bert = world_person(world, "bert", NAT_NONE);
    person_start(anna, "tea");
    person_start(bert, "tea");
    world_wait(world, CONNECT_MS, everyone_connected(world));
    person_kill(bert);
    person_say(anna, "too late");
    world_wait(world, 30000, person_count(anna, EVENT_PEER_LEFT, bert) == 1);
    engine_end_of_input(anna->engine, world->now);
    world_wait(world, 3000, anna->status >= 0);
    assert_int_equal(anna->status, ENGINE_STATUS_UNDELIVERED);
}

static void the_end_says_that_nobody_was_there(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE);
    person_start(anna, "tea");
    world_wait(world, CONNECT_MS, anna->credit > 0);
    person_say(anna, "anybody?");
    assert_int_equal(person_count(anna, EVENT_SENT, NULL), 1);
    engine_end_of_input(anna->engine, world->now);
    world_wait(world, 3000, anna->status >= 0);
    assert_int_equal(anna->status, ENGINE_STATUS_ALONE);
}

static void the_end_comes_without_a_bootnode_too(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE);
    world->bootnode_down = true;
    person_start(anna, "tea");
    world_wait(world, 6000, person_count(anna, EVENT_BOOTNODE_LOST, NULL) == 1);
    engine_end_of_input(anna->engine, world->now);
    world_wait(world, 3000, anna->status >= 0);
    assert_int_equal(anna->status, ENGINE_STATUS_ALONE);
}

/* --- Credit --- */

static void no_credit_before_the_first_full_list(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE);
    world->bootnode_down = true;
    person_start(anna, "tea");
    world_run(world, 10000);
    assert_int_equal(anna->credit, 0);
    world->bootnode_down = false;
    world_wait(world, 10000, anna->credit > 0);
    assert_int_equal(anna->credit, OUTGOING_INPUTS);
    assert_int_equal(person_count(anna, EVENT_REGISTERED, NULL), 1);
}

static void credit_comes_back_with_acknowledgements(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE), *bert = world_person(world, "bert", NAT_NONE);
    person_start(anna, "tea");
    person_start(bert, "tea");
    world_wait(world, CONNECT_MS, everyone_connected(world));
    bert->cut = true;
    while (anna->credit > 0) person_say(anna, "wait for me");
    world_run(world, 2000);
    assert_int_equal(anna->credit, 0);
    bert->cut = false;
    world_wait(world, 20000, anna->credit == OUTGOING_INPUTS);
    assert_int_equal(person_heard(bert, anna, "wait for me"), OUTGOING_INPUTS);
}

/* 512 messages of 64 KiB would be 32 MiB: credit stops when 8 MiB wait, and comes back. */
static void credit_is_held_back_for_bytes(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE), *bert = world_person(world, "bert", NAT_NONE);
    static char large[MESSAGE_TEXT_MAX + 1];
    memset(large, 'x', MESSAGE_TEXT_MAX);
    person_start(anna, "tea");
    person_start(bert, "tea");
    world_wait(world, CONNECT_MS, everyone_connected(world));
    bert->cut = true;
    for (int i = 0; i < 200; i++) person_say(anna, large);
    bert->cut = false;
    world_wait(world, 60000, person_count(bert, EVENT_MESSAGE, anna) > 10);
    assert_in_range(anna->credit, 0, OUTGOING_INPUTS - 200);
    world_wait(world, 120000, anna->credit == OUTGOING_INPUTS);
    assert_int_equal(person_count(bert, EVENT_MESSAGE, anna), 200);
}

/* --- What is said arrives --- */

static void fill(char *text, size_t size, unsigned number) {
    memset(text, 'a' + (int)(number % 26), size);
    text[size] = '\0';
}

static void long_and_short_messages_arrive_in_order(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE), *bert = world_person(world, "bert", NAT_NONE);
    static char text[MESSAGE_TEXT_MAX + 1];
    static const size_t sizes[] = {1, MESSAGE_TEXT_MAX, 1, 1023, MESSAGE_TEXT_MAX - 1, 2, 899, 900, 1};
    person_start(anna, "tea");
    person_start(bert, "tea");
    world_wait(world, CONNECT_MS, everyone_connected(world));
    world->loss_percent = 10;
    world->jitter_ms = 30;
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        fill(text, sizes[i], i);
        person_say(anna, text);
    }
    world_wait(world, 60000, person_count(bert, EVENT_MESSAGE, anna) == sizeof sizes / sizeof *sizes);
    unsigned i = 0;
    for (const struct told *told = bert->told; told; told = told->next) {
        if (told->event->type != EVENT_MESSAGE) continue;
        fill(text, sizes[i], i);
        assert_int_equal(told->event->text_size, sizes[i]);
        assert_string_equal(told->event->text, text);
        i++;
    }
}

/* The texts of one author, as somebody heard them, are 0, 1, 2 … */
static unsigned heard_in_order(const struct person *person, const struct person *author) {
    unsigned next = 0;
    for (const struct told *told = person->told; told; told = told->next) {
        if (told->event->type != EVENT_MESSAGE || memcmp(told->event->peer, author->id, MEMBER_ID_SIZE) != 0) continue;
        assert_int_equal(strtoul(told->event->text, NULL, 10), next);
        next++;
    }
    return next;
}

static void nothing_is_lost_on_a_bad_network(void **state) {
    enum { EACH = 3334 };
    struct world *world = *state;
    struct person *people[] = {world_person(world, "anna", NAT_PORT_RESTRICTED),
                               world_person(world, "bert", NAT_PORT_RESTRICTED),
                               world_person(world, "carl", NAT_PORT_RESTRICTED)};
    unsigned said[3] = {0};
    for (size_t i = 0; i < 3; i++) person_start(people[i], "tea");
    world_wait(world, CONNECT_MS, everyone_connected(world));
    world->loss_percent = 20;
    world->duplicate_percent = 10;
    world->jitter_ms = 40;
    while (said[0] + said[1] + said[2] < 3 * EACH) {
        for (size_t i = 0; i < 3; i++) {
            char text[16];
            if (said[i] == EACH || people[i]->credit == 0) continue;
            snprintf(text, sizeof text, "%u", said[i]++);
            person_say(people[i], text);
        }
        world_step(world, world->now + 10);
    }
    for (size_t i = 0; i < 3; i++) world_wait(world, 120000, person_count(people[i], EVENT_MESSAGE, NULL) >= 2 * EACH);
    world_run(world, 5000);
    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < 3; j++)
            if (i != j) assert_int_equal(heard_in_order(people[i], people[j]), EACH);
        assert_int_equal(person_count(people[i], EVENT_DELIVERED, NULL), 2 * EACH);
        assert_int_equal(person_count(people[i], EVENT_PEER_LEFT, NULL), 0);
        assert_int_equal(people[i]->credit, OUTGOING_INPUTS);
    }
}

/* --- Secrets --- */

static void a_room_with_a_secret(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE), *bert = world_person(world, "bert", NAT_NONE);
    person_start_secret(anna, "tea", "earl grey");
    person_start_secret(bert, "tea", "earl grey");
    world_wait(world, CONNECT_MS, everyone_connected(world));
    chat(world, anna, bert);
    world_run(world, 125000); /* and a renewal */
    chat(world, anna, bert);
}

static unsigned between_people;

static bool count_between_people(struct world *world, struct wire *wire) {
    struct address bootnode = world_bootnode();
    (void)world;
    between_people += !address_equal(&wire->to, &bootnode) && !address_equal(&wire->from, &bootnode);
    return true;
}

static void who_does_not_know_the_secret_meets_silence(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE), *bert = world_person(world, "bert", NAT_NONE);
    struct person *carl = world_person(world, "carl", NAT_NONE);
    between_people = 0;
    world->tamper = count_between_people;
    person_start_secret(anna, "tea", "earl grey");
    person_start_secret(bert, "tea", "earl gray");
    person_start(carl, "tea");
    world_run(world, 20000);
    for (size_t i = 0; i < world->people_count; i++) {
        assert_int_equal(person_count(&world->people[i], EVENT_REGISTERED, NULL), 1);
        assert_int_equal(person_count(&world->people[i], EVENT_PEER_JOINED, NULL), 0);
    }
    assert_int_equal(between_people, 0);
}

int main(void) {
#define SCENARIO(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        SCENARIO(every_pair_of_cones_connects),
        SCENARIO(symmetric_connects_directly_to_all_but_port_restricted),
        SCENARIO(three_people_hear_each_other),
        SCENARIO(two_rooms_never_see_each_other),
        SCENARIO(a_bye_is_told_as_one),
        SCENARIO(a_bye_survives_loss),
        SCENARIO(who_goes_as_soon_as_it_is_seen_says_bye),
        SCENARIO(a_killed_client_times_out),
        SCENARIO(who_comes_back_is_joined_again),
        SCENARIO(the_end_waits_for_acknowledgements),
        SCENARIO(the_end_waits_for_the_connection),
        SCENARIO(the_end_says_who_missed_something),
        SCENARIO(the_end_says_that_somebody_left_without_it),
        SCENARIO(the_end_says_that_nobody_was_there),
        SCENARIO(the_end_comes_without_a_bootnode_too),
        SCENARIO(no_credit_before_the_first_full_list),
        SCENARIO(credit_comes_back_with_acknowledgements),
        SCENARIO(credit_is_held_back_for_bytes),
        SCENARIO(long_and_short_messages_arrive_in_order),
        SCENARIO(nothing_is_lost_on_a_bad_network),
        SCENARIO(a_room_with_a_secret),
        SCENARIO(who_does_not_know_the_secret_meets_silence),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("conversation", tests, NULL, NULL);
}

/* Several bootnodes, of which some die, come back, move, lie or have the wrong key; and one that dies under many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "tests/scenario/support/world.h"

#define CONNECT_MS 5000
#define LOST_MS 17000 /* PROTOCOL.md §2.3 rule 4: within 16 s */
#define FAREWELL_MS 60000
#define CROWD 30

static unsigned left(const struct world *world) {
    unsigned count = 0;
    for (size_t i = 0; i < world->people_count; i++) count += person_count(&world->people[i], EVENT_PEER_LEFT, NULL);
    return count;
}

static bool each_was_told(const struct world *world, enum event_type type, unsigned times) {
    for (size_t i = 0; i < world->people_count; i++)
        if (person_count(&world->people[i], type, NULL) < times) return false;
    return true;
}

static struct person *arrive(struct world *world, const char *name, uint8_t knows) {
    struct person *person = world_person(world, name, NAT_PORT_RESTRICTED);
    person->knows = knows;
    person_start(person, "tea");
    return person;
}

struct couple {
    struct world *world;
    struct person *anna, *bert;
};

/* Both at two bootnodes. */
static struct couple couple_connect(void **state) {
    struct couple couple = {.world = *state};
    world_add_bootnode(couple.world);
    couple.anna = arrive(couple.world, "anna", 0);
    couple.bert = arrive(couple.world, "bert", 0);
    world_wait(couple.world, CONNECT_MS, everyone_connected(couple.world));
    world_wait(couple.world, CONNECT_MS, each_was_told(couple.world, EVENT_REGISTERED, 2));
    return couple;
}

static void they_talk(struct couple *couple, const char *text) {
    person_say(couple->anna, text);
    person_say(couple->bert, text);
    world_wait(couple->world, CONNECT_MS,
               person_heard(couple->anna, couple->bert, text) == 1 &&
                   person_heard(couple->bert, couple->anna, text) == 1);
}

static void two_bootnodes_make_one_room(void **state) {
    struct couple couple = couple_connect(state);
    assert_int_equal(person_count(couple.anna, EVENT_PEER_JOINED, couple.bert), 1);
    assert_int_equal(person_count(couple.anna, EVENT_PEER_CONNECTED, couple.bert), 1);
    they_talk(&couple, "hello");
    assert_string_equal(person_last(couple.anna, EVENT_REGISTERED, NULL)->room, "tea");
    engine_end_of_input(couple.bert->engine, couple.world->now);
    world_wait(couple.world, CONNECT_MS, couple.bert->status >= 0);
    assert_int_equal(couple.bert->status, 0);
    world_run(couple.world, 20000); /* what both bootnodes say of it afterwards makes nobody come back */
    assert_int_equal(person_count(couple.anna, EVENT_PEER_LEFT, couple.bert), 1);
    assert_true(person_last(couple.anna, EVENT_PEER_LEFT, couple.bert)->said_bye);
    assert_int_equal(person_count(couple.anna, EVENT_PEER_JOINED, couple.bert), 1);
}

static void one_of_two_dies_and_nothing_changes(void **state) {
    struct couple couple = couple_connect(state);
    couple.world->bootnode_down = true;
    world_wait(couple.world, LOST_MS, each_was_told(couple.world, EVENT_BOOTNODE_LOST, 1));
    assert_string_equal(person_last(couple.anna, EVENT_BOOTNODE_LOST, NULL)->bootnode_name, "bootnode.example:9595");
    struct person *carl = arrive(couple.world, "carl", 0);
    world_wait(couple.world, CONNECT_MS, everyone_connected(couple.world) && carl->credit > 0);
    they_talk(&couple, "still here");
    world_run(couple.world, 60000);
    couple.world->bootnode_down = false;
    net_restart(couple.world->net, true);
    world_wait(couple.world, 10000, each_was_told(couple.world, EVENT_REGISTERED, 2));
    they_talk(&couple, "and again");
    world_run(couple.world, FAREWELL_MS);
    assert_int_equal(left(couple.world), 0);
}

/* It was listed by both; the one that lives takes it away, though the other one's last word stands. */
static void who_dies_while_a_bootnode_is_dead_is_gone(void **state) {
    struct couple couple = couple_connect(state);
    couple.world->bootnode_down = true;
    world_wait(couple.world, LOST_MS, each_was_told(couple.world, EVENT_BOOTNODE_LOST, 1));
    person_kill(couple.bert);
    world_wait(couple.world, 35000, person_count(couple.anna, EVENT_PEER_LEFT, couple.bert) == 1);
    assert_false(person_last(couple.anna, EVENT_PEER_LEFT, couple.bert)->said_bye);
    couple.world->bootnode_down = false;
    world_run(couple.world, 60000); /* the session there is long over */
    assert_int_equal(person_count(couple.anna, EVENT_PEER_JOINED, couple.bert), 1);
}

static void both_die_and_the_chat_goes_on(void **state) {
    struct couple couple = couple_connect(state);
    couple.world->bootnode_down = couple.world->places[1].down = true;
    world_wait(couple.world, LOST_MS, each_was_told(couple.world, EVENT_BOOTNODE_LOST, 2));
    for (int i = 0; i < 10; i++) {
        world_run(couple.world, 20000);
        they_talk(&couple, (const char *[]){"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}[i]);
    }
    couple.world->bootnode_down = couple.world->places[1].down = false;
    net_restart(couple.world->net, true);
    net_restart(couple.world->places[1].net, true);
    world_wait(couple.world, 10000, each_was_told(couple.world, EVENT_REGISTERED, 4));
    world_run(couple.world, FAREWELL_MS);
    assert_int_equal(left(couple.world), 0);
}

static void one_of_two_forgets_everybody(void **state) {
    struct couple couple = couple_connect(state);
    net_restart(couple.world->places[1].net, true);
    world_wait(couple.world, 10000, each_was_told(couple.world, EVENT_REGISTERED, 3));
    world_run(couple.world, FAREWELL_MS);
    assert_int_equal(left(couple.world), 0);
    assert_int_equal(person_count(couple.anna, EVENT_BOOTNODE_LOST, NULL), 0);
}

/* Anna knows both, Bert and Carl one each. */
static void who_shares_one_bootnode_is_found(void **state) {
    struct world *world = *state;
    world_add_bootnode(world);
    struct person *anna = arrive(world, "anna", 0), *bert = arrive(world, "bert", 1), *carl = arrive(world, "carl", 2);
    world_wait(world, CONNECT_MS, person_sees(anna, bert) && person_sees(bert, anna));
    world_wait(world, CONNECT_MS, person_sees(anna, carl) && person_sees(carl, anna));
    assert_int_equal(person_count(bert, EVENT_PEER_JOINED, carl), 0);
    assert_int_equal(person_count(anna, EVENT_REGISTERED, NULL), 2);
    assert_int_equal(person_count(bert, EVENT_REGISTERED, NULL), 1);
    world->bootnode_down = true; /* the only one that lists Bert */
    world_run(world, FAREWELL_MS);
    assert_true(person_sees(anna, bert) && person_sees(bert, anna));
    assert_int_equal(left(world), 0);
}

struct late {
    const struct person *to, *leaving;
    bool silent, deaf; /* the second bootnode tells the one nothing, and hears nothing from the other */
};

static bool second_is_late(struct world *world, struct wire *wire) {
    const struct late *late = world->tampering;
    struct address second = world_bootnode_at(1);
    bool told = address_equal(&wire->from, &second) && address_same_ip(&wire->to, &late->to->nat.outside);
    bool heard = address_equal(&wire->to, &second) && wire->sender == late->leaving;
    return !(told && late->silent) && !(heard && late->deaf);
}

/* Bert has come and gone when the second bootnode tells that he came. */
static void old_news_bring_nobody_back(void **state) {
    struct couple couple = {.world = *state};
    world_add_bootnode(couple.world);
    couple.anna = arrive(couple.world, "anna", 0);
    world_wait(couple.world, CONNECT_MS, each_was_told(couple.world, EVENT_REGISTERED, 2));
    struct late late = {.to = couple.anna, .silent = true};
    couple.world->tampering = &late;
    couple.world->tamper = second_is_late;
    late.leaving = couple.bert = arrive(couple.world, "bert", 0);
    world_wait(couple.world, CONNECT_MS,
               everyone_connected(couple.world) && each_was_told(couple.world, EVENT_REGISTERED, 2));
    late.deaf = true;
    engine_stop(couple.bert->engine, couple.world->now);
    world_wait(couple.world, CONNECT_MS, person_count(couple.anna, EVENT_PEER_LEFT, couple.bert) == 1);
    late.silent = false;
    world_run(couple.world, 60000);
    assert_int_equal(person_count(couple.anna, EVENT_PEER_JOINED, couple.bert), 1);
    assert_int_equal(person_count(couple.anna, EVENT_PEER_LEFT, couple.bert), 1);
    assert_int_equal(person_count(couple.anna, EVENT_BOOTNODE_LOST, NULL), 0);
    person_kill(couple.bert);
    person_start(couple.bert, "tea");
    world_wait(couple.world, CONNECT_MS, everyone_connected(couple.world));
    assert_int_equal(person_count(couple.anna, EVENT_PEER_JOINED, couple.bert), 2);
}

struct cut {
    const struct person *person;
    size_t bootnodes; /* so many do not hear of this one any more */
};

static bool cut_off(struct world *world, struct wire *wire) {
    const struct cut *cut = world->tampering;
    for (size_t i = 0; i < cut->bootnodes; i++) {
        struct address bootnode = world_bootnode_at(i);
        if (wire->sender == cut->person && address_equal(&wire->to, &bootnode)) return false;
    }
    return true;
}

/* One bootnode, then all, say that Bert left; he did not. */
static void what_is_heard_is_not_gone(void **state) {
    struct couple couple = couple_connect(state);
    for (size_t bootnodes = 1; bootnodes <= 2; bootnodes++) {
        struct cut cut = {.person = couple.bert, .bootnodes = bootnodes};
        couple.world->tampering = &cut;
        couple.world->tamper = cut_off;
        world_run(couple.world, 50000);
        they_talk(&couple, bootnodes == 1 ? "one" : "all");
        assert_int_equal(person_count(couple.bert, EVENT_BOOTNODE_LOST, NULL), bootnodes);
    }
    couple.world->tamper = NULL;
    world_wait(couple.world, 10000, person_count(couple.bert, EVENT_BOOTNODE_BACK, NULL) == 2);
    assert_int_equal(left(couple.world), 0);
    assert_int_equal(person_count(couple.anna, EVENT_PEER_JOINED, couple.bert), 1);
}

/* A room that is empty again and again. */
static void a_forgetful_bootnode_takes_nobody_away(void **state) {
    struct couple couple = couple_connect(state);
    for (int i = 0; i < 6; i++) {
        net_restart(couple.world->net, true);
        world_run(couple.world, 7000);
    }
    they_talk(&couple, "not gone");
    assert_int_equal(left(couple.world), 0);
    assert_int_equal(person_count(couple.anna, EVENT_PEER_JOINED, couple.bert), 1);
}

/* Two names of one machine: the second session would take the first one's place, and the other way round. */
static void the_same_bootnode_counts_once(void **state) {
    struct couple couple = {.world = *state};
    struct address first = world_bootnode();
    world_add_bootnode(couple.world);
    couple.world->places[1].down = true;
    couple.anna = arrive(couple.world, "anna", 0);
    couple.bert = arrive(couple.world, "bert", 0);
    world_wait(couple.world, CONNECT_MS, each_was_told(couple.world, EVENT_BOOTNODE_LOST, 1));
    engine_resolved(couple.anna->engine, 1, &first, 1, couple.world->now);
    world_wait(couple.world, 10000, person_count(couple.anna, EVENT_ERROR, NULL) == 1);
    assert_non_null(strstr(person_last(couple.anna, EVENT_ERROR, NULL)->text, "are the same bootnode"));
    world_run(couple.world, 60000);
    they_talk(&couple, "once");
    assert_int_equal(person_count(couple.anna, EVENT_REGISTERED, NULL), 1);
    assert_int_equal(person_count(couple.anna, EVENT_ERROR, NULL), 1);
    assert_int_equal(couple.anna->status, -1);
}

static void a_wrong_key_bars_one_of_two(void **state) {
    struct world *world = *state;
    static const uint8_t other_key[32] = {1};
    world_add_bootnode(world);
    struct person *anna = world_person(world, "anna", NAT_NONE);
    anna->pinned_key = other_key; /* of the first bootnode */
    person_start(anna, "tea");
    struct person *bert = arrive(world, "bert", 0);
    world_wait(world, CONNECT_MS, everyone_connected(world));
    assert_int_equal(person_count(anna, EVENT_REGISTERED, NULL), 1);
    assert_int_equal(person_count(anna, EVENT_ERROR, NULL), 1);
    assert_non_null(strstr(person_last(anna, EVENT_ERROR, NULL)->text, "bootnode.example:9595"));
    assert_true(anna->credit > 0);
    person_join(anna, "coffee"); /* not told again */
    world_run(world, 30000);
    assert_int_equal(person_count(anna, EVENT_ERROR, NULL), 1);
    assert_int_equal(anna->status, -1);
    assert_true(person_sees(bert, anna));
}

static void wrong_keys_everywhere_end_it(void **state) {
    struct world *world = *state;
    static const uint8_t other_key[32] = {1};
    struct person *anna = world_person(world, "anna", NAT_NONE);
    world_add_bootnode(world);
    anna->pinned_key = other_key;
    anna->knows = 1;
    person_start(anna, "tea");
    world_wait(world, CONNECT_MS, anna->status >= 0);
    assert_int_equal(anna->status, ENGINE_STATUS_BARRED);
}

/* --- Who was never connected --- */

static bool nobody_meets(struct world *world, struct wire *wire) {
    struct address bootnode = world_bootnode();
    (void)world;
    return address_equal(&wire->from, &bootnode) || address_equal(&wire->to, &bootnode);
}

/* The bootnode begins anew, and one of those whom it does not list any more takes its time. */
static struct couple strangers_and_a_new_bootnode(void **state) {
    struct couple couple = {.world = *state};
    couple.world->tamper = nobody_meets;
    couple.anna = world_person(couple.world, "anna", NAT_NONE);
    couple.bert = world_person(couple.world, "bert", NAT_NONE);
    couple.anna->no_relays = couple.bert->no_relays = true;
    person_start(couple.anna, "tea");
    person_start(couple.bert, "tea");
    world_wait(couple.world, CONNECT_MS, each_was_told(couple.world, EVENT_PEER_JOINED, 1));
    couple.bert->cut = true;
    net_restart(couple.world->net, true);
    world_wait(couple.world, 10000, person_count(couple.anna, EVENT_REGISTERED, NULL) == 2);
    return couple;
}

static void a_new_bootnode_waits_for_who_is_slow(void **state) {
    struct couple couple = strangers_and_a_new_bootnode(state);
    world_run(couple.world, 20000);
    couple.bert->cut = false;
    world_run(couple.world, FAREWELL_MS);
    assert_int_equal(person_count(couple.anna, EVENT_PEER_LEFT, NULL), 0);
    assert_int_equal(person_count(couple.anna, EVENT_PEER_JOINED, NULL), 1);
    assert_int_equal(person_count(couple.anna, EVENT_PEER_CONNECTED, NULL), 0);
}

static void a_new_bootnode_waits_half_a_minute(void **state) {
    struct couple couple = strangers_and_a_new_bootnode(state);
    world_run(couple.world, 29000);
    assert_int_equal(person_count(couple.anna, EVENT_PEER_LEFT, NULL), 0);
    world_wait(couple.world, 2000, person_count(couple.anna, EVENT_PEER_LEFT, couple.bert) == 1);
}

/* --- Input --- */

static void input_waits_a_second_for_the_second_list(void **state) {
    struct world *world = *state;
    world_add_bootnode(world);
    world->places[1].down = true;
    struct person *anna = arrive(world, "anna", 0);
    uint64_t began = world->now;
    world_wait(world, CONNECT_MS, anna->credit > 0);
    assert_in_range(world->now - began, 1000, 1500);
}

static void input_waits_for_nobody_who_is_lost(void **state) {
    struct world *world = *state;
    world_add_bootnode(world);
    world->bootnode_down = world->places[1].down = true;
    struct person *anna = arrive(world, "anna", 0);
    world_wait(world, CONNECT_MS, each_was_told(world, EVENT_BOOTNODE_LOST, 2));
    assert_int_equal(anna->credit, 0);
    world->bootnode_down = false;
    world_wait(world, CONNECT_MS, person_count(anna, EVENT_REGISTERED, NULL) == 1);
    world_wait(world, 100, anna->credit > 0);
}

/* --- Names --- */

static void a_lost_bootnodes_name_is_looked_up(void **state) {
    struct couple couple = couple_connect(state);
    const struct address nowhere = {.ip = {[10] = 0xff, 0xff, 203, 0, 113, 200}, .port = 9595};
    couple.world->places[1].down = true;
    world_wait(couple.world, LOST_MS, each_was_told(couple.world, EVENT_BOOTNODE_LOST, 1));
    world_run(couple.world, 3000);
    assert_int_equal(couple.anna->lookups[1], 1);
    world_run(couple.world, 60000);
    assert_int_equal(couple.anna->lookups[1], 3);
    assert_int_equal(couple.anna->lookups[0], 0);
    engine_resolved(couple.anna->engine, 1, &nowhere, 1, couple.world->now);
    couple.world->places[1].down = false;
    world_wait(couple.world, 10000, person_count(couple.bert, EVENT_BOOTNODE_BACK, NULL) == 1);
    world_run(couple.world, 10000);
    assert_int_equal(person_count(couple.anna, EVENT_BOOTNODE_BACK, NULL), 0);
    const struct address moved[] = {nowhere, world_bootnode_at(1)};
    engine_resolved(couple.anna->engine, 1, moved, 2, couple.world->now);
    world_wait(couple.world, 12000, person_count(couple.anna, EVENT_BOOTNODE_BACK, NULL) == 1);
    unsigned asked = couple.anna->lookups[1];
    world_run(couple.world, 60000);
    assert_int_equal(couple.anna->lookups[1], asked);
    assert_int_equal(left(couple.world), 0);
}

/* --- Many --- */

static bool all_registered_again(const struct world *world) {
    for (size_t i = 0; i < world->people_count; i++)
        if (person_count(&world->people[i], EVENT_REGISTERED, NULL) < 2) return false;
    return net_totals(world->net).sessions == world->people_count;
}

static void a_crowd_outlives_its_only_bootnode(void **state) {
    struct world *world = *state;
    char names[CROWD][16];
    for (unsigned i = 0; i < CROWD; i++) {
        snprintf(names[i], sizeof names[i], "person-%u", i);
        person_start(world_person(world, names[i], NAT_NONE), "tea");
        world_run(world, 100);
    }
    world_wait(world, 20000, everyone_connected(world));
    world->bootnode_down = true; /* kill -9 */
    world_run(world, 30000);
    net_restart(world->net, true);
    world->bootnode_down = false;
    uint64_t back = world->now;
    world_wait(world, 20000, all_registered_again(world));
    printf("# %d people registered again within %u ms\n", CROWD, (unsigned)(world->now - back));
    world_run(world, FAREWELL_MS);
    assert_int_equal(left(world), 0);
    assert_true(everyone_connected(world));
}

#define test(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        test(two_bootnodes_make_one_room),
        test(one_of_two_dies_and_nothing_changes),
        test(who_dies_while_a_bootnode_is_dead_is_gone),
        test(both_die_and_the_chat_goes_on),
        test(one_of_two_forgets_everybody),
        test(who_shares_one_bootnode_is_found),
        test(old_news_bring_nobody_back),
        test(what_is_heard_is_not_gone),
        test(a_forgetful_bootnode_takes_nobody_away),
        test(the_same_bootnode_counts_once),
        test(a_wrong_key_bars_one_of_two),
        test(wrong_keys_everywhere_end_it),
        test(a_new_bootnode_waits_for_who_is_slow),
        test(a_new_bootnode_waits_half_a_minute),
        test(input_waits_a_second_for_the_second_list),
        test(input_waits_for_nobody_who_is_lost),
        test(a_lost_bootnodes_name_is_looked_up),
        test(a_crowd_outlives_its_only_bootnode),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("bootnodes", tests, NULL, NULL);
}

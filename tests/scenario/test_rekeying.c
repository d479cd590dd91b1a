/* A private room's key sets change while people talk in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/wire/peer_packets.h"
#include "tests/scenario/support/keyed.h"
#include "tests/scenario/support/world_cluster.h"

#define LOSSY_MS 30000
#define MOVE_MS 10000 /* so long after a new key set the former one's sessions stay */

/* --- Nobody notices --- */

struct company {
    struct world *world;
    struct person *people[50];
    size_t size;
    unsigned said;
    unsigned handshakes; /* INITIATION and PROBE that went over the wire since they met */
};

static bool count(struct world *world, struct wire *wire) {
    struct company *company = world->tampering;
    company->handshakes += wire->data[0] == PEER_INITIATION || wire->data[0] == PEER_PROBE;
    return true;
}

static bool see_each_other(const struct company *company) {
    for (size_t i = 0; i < company->size; i++)
        for (size_t j = 0; j < company->size; j++)
            if (i != j && !person_sees(company->people[i], company->people[j])) return false;
    return true;
}

static void gather(struct company *company, struct world *world, size_t size, enum nat_kind nat, uint64_t within) {
    static char names[50][8];
    *company = (struct company){.world = world, .size = size};
    for (size_t i = 0; i < size; i++) {
        snprintf(names[i], sizeof names[i], "p%zu", i);
        company->people[i] = world_person(world, names[i], nat);
        keyed_start(company->people[i], 1);
    }
    world_wait(world, within, see_each_other(company));
    world_run(world, 2000);
}

/* What they are told from now on is looked at. */
static void meet(struct company *company, struct world *world, size_t size, enum nat_kind nat, uint64_t within) {
    gather(company, world, size, nat, within);
    for (size_t i = 0; i < size; i++) person_forget(company->people[i]);
    world->tamper = count;
    world->tampering = company;
}

/* One of them in turn. */
static void say(struct company *company) {
    char text[16];
    snprintf(text, sizeof text, "line %u", company->said);
    struct person *person = company->people[company->said++ % company->size];
    if (person->credit == 0) person->credit = 1;
    person_say(person, text);
}

static unsigned said_by_others(const struct company *company, size_t i) {
    unsigned own = (company->said + (unsigned)(company->size - 1 - i)) / (unsigned)company->size;
    return company->said - own;
}

static bool all_heard(const struct company *company) {
    for (size_t i = 0; i < company->size; i++)
        if (person_count(company->people[i], EVENT_MESSAGE, NULL) < said_by_others(company, i)) return false;
    return true;
}

static void assert_nobody_noticed(const struct company *company) {
    for (size_t i = 0; i < company->size; i++) {
        const struct person *person = company->people[i];
        assert_int_equal(person_count(person, EVENT_MESSAGE, NULL), said_by_others(company, i));
        assert_int_equal(person_count(person, EVENT_PEER_LEFT, NULL), 0);
        assert_int_equal(person_count(person, EVENT_PEER_JOINED, NULL), 0);
        assert_int_equal(person_count(person, EVENT_PEER_CONNECTED, NULL), 0);
        assert_int_equal(person_count(person, EVENT_UNDELIVERED, NULL), 0);
        assert_int_equal(person_count(person, EVENT_LOST, NULL), 0);
        /* Nodes of a cluster may be other ones under the other tag. */
        if (!company->world->clustered) assert_int_equal(person_count(person, EVENT_REGISTERED, NULL), 0);
        assert_int_equal(person_count(person, EVENT_BOOTNODE_LOST, NULL), 0);
        assert_int_equal(person_count(person, EVENT_ERROR, NULL), 0);
    }
}

/* Everybody gets the new set, each `apart_ms` after the one before, while they talk. */
static void rekey_all(struct company *company, uint8_t number, uint64_t apart_ms) {
    for (size_t i = 0; i < company->size; i++) {
        keyed_rekey(company->people[i], number, false);
        say(company);
        world_run(company->world, apart_ms);
        say(company);
    }
}

static void talk(struct company *company, uint64_t ms) {
    for (uint64_t i = 0; i < ms; i += 500) {
        say(company);
        world_run(company->world, 500);
    }
}

static void two_at_once(void **state) {
    struct world *world = *state;
    struct company company;
    meet(&company, world, 2, NAT_PORT_RESTRICTED, KEYED_CONNECT_MS);
    rekey_all(&company, 2, 0);
    world_run(world, 1000);
    assert_int_equal(keyed_registered(world, 1), 2);
    assert_int_equal(keyed_registered(world, 2), 2);
    talk(&company, MOVE_MS - 1000 - 500);
    assert_int_equal(keyed_registered(world, 1), 2);
    talk(&company, 20000);
    assert_int_equal(keyed_registered(world, 1), 0);
    assert_int_equal(keyed_registered(world, 2), 2);
    assert_nobody_noticed(&company);
    assert_int_equal(company.handshakes, 0);
}

/* The first is gone from the former set's sessions before the second has the new one. */
static void one_long_after_the_other(void **state) {
    struct world *world = *state;
    struct company company;
    meet(&company, world, 2, NAT_PORT_RESTRICTED, KEYED_CONNECT_MS);
    keyed_rekey(company.people[0], 2, false);
    talk(&company, 60000);
    assert_int_equal(keyed_registered(world, 1), 1);
    keyed_rekey(company.people[1], 2, false);
    talk(&company, 20000);
    assert_int_equal(keyed_registered(world, 2), 2);
    assert_nobody_noticed(&company);
    assert_int_equal(company.handshakes, 0);
}

/* What goes through the bootnode goes by the new sessions before the former ones are left. */
static void who_meets_through_the_bootnode_alone(void **state) {
    struct world *world = *state;
    struct company company;
    meet(&company, world, 2, NAT_SYMMETRIC, LOSSY_MS);
    rekey_all(&company, 2, 3000);
    talk(&company, 30000);
    assert_int_equal(company.handshakes, 0);
    assert_int_equal(keyed_registered(world, 1), 0);
    assert_nobody_noticed(&company);
}

static void several_with_loss(void **state) {
    struct world *world = *state;
    struct company company;
    world->loss_percent = 20;
    world->duplicate_percent = 5;
    world->jitter_ms = 30;
    meet(&company, world, 5, NAT_PORT_RESTRICTED, LOSSY_MS);
    rekey_all(&company, 2, 1700);
    talk(&company, 5000);
    rekey_all(&company, 3, 300);
    talk(&company, 20000);
    world_wait(world, 20000, all_heard(&company));
    world_run(world, 5000);
    assert_nobody_noticed(&company);
    world_wait(world, 30000, keyed_registered(world, 1) + keyed_registered(world, 2) == 0);
    assert_int_equal(keyed_registered(world, 3), 5);
}

static void fifty_with_loss(void **state) {
    struct world *world = *state;
    struct company company;
    meet(&company, world, 50, NAT_FULL_CONE, LOSSY_MS);
    world->loss_percent = 20;
    rekey_all(&company, 2, 20);
    talk(&company, MOVE_MS + 5000);
    world_wait(world, 20000, all_heard(&company));
    assert_nobody_noticed(&company);
    world_wait(world, 30000, keyed_registered(world, 1) == 0);
    assert_int_equal(keyed_registered(world, 2), 50);
}

/* Sessions live on after the set that they were made under was dropped, and get new keys under the present one. */
static void keys_are_renewed_under_the_present_set(void **state) {
    struct world *world = *state;
    struct company company;
    meet(&company, world, 2, NAT_PORT_RESTRICTED, KEYED_CONNECT_MS);
    for (uint8_t number = 2; number < 12; number++) {
        rekey_all(&company, number, 100);
        talk(&company, 40000);
    }
    const struct key_set first = keyed_set(1);
    for (unsigned i = 0; i < 2; i++) chatroom_drop_set(keyed_room(company.people[i]), first.tag, world->now);
    talk(&company, 400000);
    assert_nobody_noticed(&company);
}

/* --- Who was away --- */

/* Carl comes back with the former set, under which Anna is still there. */
static void who_stays_behind_is_met(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_PORT_RESTRICTED);
    struct person *bert = world_person(world, "bert", NAT_PORT_RESTRICTED);
    struct person *carl = world_person(world, "carl", NAT_PORT_RESTRICTED);
    keyed_start(anna, 1);
    keyed_start(bert, 1);
    world_wait(world, KEYED_CONNECT_MS, person_sees(anna, bert) && person_sees(bert, anna));
    keyed_rekey(anna, 2, true);
    keyed_rekey(bert, 2, false);
    world_run(world, 60000);
    assert_int_equal(keyed_registered(world, 1), 1);
    keyed_start(carl, 1);
    world_wait(world, KEYED_CONNECT_MS, person_sees(anna, carl) && person_sees(carl, anna));
    assert_false(person_sees(carl, bert));
    person_say(anna, "the secret is another one");
    world_wait(world, 500, person_heard(carl, anna, "the secret is another one") == 1);
    keyed_rekey(carl, 2, false);
    world_wait(world, KEYED_CONNECT_MS, person_sees(bert, carl) && person_sees(carl, bert));
    world_run(world, 20000);
    assert_int_equal(keyed_registered(world, 1), 1);
    assert_int_equal(keyed_registered(world, 2), 3);
    assert_int_equal(person_count(anna, EVENT_PEER_JOINED, carl), 1);
    assert_int_equal(person_count(anna, EVENT_PEER_LEFT, NULL), 0);
    assert_int_equal(person_count(carl, EVENT_PEER_LEFT, NULL), 0);
    const struct key_set former = keyed_set(1);
    chatroom_keep_set(keyed_room(anna), former.tag, false, world->now);
    world_run(world, 5000);
    assert_int_equal(keyed_registered(world, 1), 0);
    assert_true(person_sees(anna, carl) && person_sees(anna, bert));
}

/* --- In a cluster's place: several bootnodes --- */

static void several_bootnodes(void **state) {
    struct world *world = *state;
    struct company company;
    (void)world_add_bootnode(world);
    meet(&company, world, 3, NAT_PORT_RESTRICTED, KEYED_CONNECT_MS);
    rekey_all(&company, 2, 2000);
    talk(&company, 20000);
    assert_int_equal(keyed_registered(world, 1), 0);
    assert_int_equal(keyed_registered(world, 2), 2 * 3);
    assert_nobody_noticed(&company);
}

/* Another tag has other homes. Nobody is told that those are left which it has, too. */
static void in_a_cluster(void **state) {
    struct world *world = *state;
    struct company company;
    world_cluster_open(world, 5, 2);
    meet(&company, world, 3, NAT_PORT_RESTRICTED, KEYED_CONNECT_MS);
    for (uint8_t number = 2; number < 6; number++) {
        rekey_all(&company, number, 2000);
        talk(&company, 25000);
        assert_int_equal(keyed_registered(world, (uint8_t)(number - 1)), 0);
        assert_int_equal(keyed_registered(world, number), 2 * 3);
    }
    assert_nobody_noticed(&company);
    for (size_t i = 0; i < company.size; i++)
        assert_int_equal(person_count(company.people[i], EVENT_REGISTERED, NULL),
                         person_count(company.people[i], EVENT_HOME_LEFT, NULL));
}

/* --- Chance --- */

/* Whatever else it was told before. */
static bool has(const struct person *person, const struct person *other) {
    bool connected = false;
    for (const struct told *told = person->told; told; told = told->next) {
        if (memcmp(told->event->peer, other->id, sizeof other->id) != 0) continue;
        if (told->event->type == EVENT_PEER_CONNECTED) connected = true;
        if (told->event->type == EVENT_PEER_LEFT) connected = false;
    }
    return connected;
}

static bool have_each_other(const struct company *company) {
    for (size_t i = 0; i < company->size; i++)
        for (size_t j = 0; j < company->size; j++)
            if (i != j && !has(company->people[i], company->people[j])) return false;
    return true;
}

static unsigned draw(unsigned below) {
    return (unsigned)rand() % below;
}

/* Something is done to the sets of somebody, or it is killed and comes back with one of them. */
static void something_happens(struct person *person) {
    const uint8_t number = (uint8_t)(1 + draw(9));
    const struct key_set set = keyed_set(number);
    struct chatroom *room = keyed_room(person);
    const uint64_t now = person->world->now;
    switch (draw(8)) {
    case 0:
        person_kill(person);
        person_forget(person);
        keyed_start(person, number);
        break;
    case 1: chatroom_drop_set(room, set.tag, now); break;
    case 2: chatroom_keep_set(room, set.tag, draw(2), now); break;
    case 3: (void)chatroom_add_set(room, &set, KEY_SET_DOOR, now); break;
    case 4: (void)chatroom_add_set(room, &set, KEY_SET_FORMER, now); break;
    default: chatroom_rekey(room, &set, draw(2), now); break;
    }
}

/* Whatever was done, who comes to one set in the end meets there. */
static void in_the_end_all_meet(void **state) {
    struct world *world = *state;
    struct company company;
    srand(11);
    (void)world_add_bootnode(world);
    gather(&company, world, 4, NAT_PORT_RESTRICTED, KEYED_CONNECT_MS);
    for (unsigned round = 0; round < 12; round++) {
        world->loss_percent = round % 2 ? 20 : 0;
        for (unsigned i = 0; i < 30; i++) {
            something_happens(company.people[draw(4)]);
            world_run(world, 1 + draw(i % 5 ? 400 : 15000));
        }
        world->loss_percent = 0;
        for (size_t i = 0; i < company.size; i++) keyed_rekey(company.people[i], (uint8_t)(20 + round), false);
        world_wait(world, 60000, have_each_other(&company));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(two_at_once, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(one_long_after_the_other, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(who_meets_through_the_bootnode_alone, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(several_with_loss, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(fifty_with_loss, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(keys_are_renewed_under_the_present_set, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(who_stays_behind_is_met, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(several_bootnodes, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(in_a_cluster, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(in_the_end_all_meet, world_setup, world_teardown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("rekeying", tests, NULL, NULL);
}

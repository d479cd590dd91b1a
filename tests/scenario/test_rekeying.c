/* A private room's key sets change while people talk in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bootnode/table/room.h"
#include "common/wire/peer_packets.h"
#include "tests/scenario/support/world_cluster.h"

#define ROOM "tea"
#define CONNECT_MS 2000
#define LOSSY_MS 30000
#define MOVE_MS 10000 /* so long after a new key set the former one's sessions stay */

static uint8_t root[PRIVATE_ROOT_SIZE];

/* The set of the secret with that number. */
static struct key_set set_of(uint8_t number) {
    struct key_set set;
    const uint8_t secret[PRIVATE_SECRET_SIZE] = {number};
    key_set_derive(root, secret, &set);
    return set;
}

/* Somebody who has the room's root, and that one of its secrets. */
static void start(struct person *person, uint8_t number) {
    struct room_keys keys;
    const uint8_t owner[32] = {1}, nonce[PRIVATE_NONCE_SIZE] = {2};
    private_root(owner, nonce, root);
    assert_true(private_keys_derive(ROOM, root, &keys));
    keys.set = set_of(number);
    person_start_keys(person, ROOM, &keys);
}

static struct chatroom *room_of(struct person *person) {
    struct chatroom *room = engine_room(person->engine, ROOM);
    assert_non_null(room);
    return room;
}

static void rekey(struct person *person, uint8_t number, bool keep) {
    const struct key_set set = set_of(number);
    chatroom_rekey(room_of(person), &set, keep, person->world->now);
}

static void add_door(struct person *person, uint8_t number) {
    const struct key_set set = set_of(number);
    assert_true(chatroom_add_set(room_of(person), &set, KEY_SET_DOOR, person->world->now));
}

/* How many are registered under that set, at all bootnodes. */
static unsigned registered(const struct world *world, uint8_t number) {
    const struct key_set set = set_of(number);
    unsigned all = 0;
    for (size_t i = 0; i < world->place_count; i++) {
        const struct room *room = net_room_of(world_net(world, i), set.tag);
        all += room ? room->member_count : 0;
    }
    return all;
}

/* --- What goes over the wire --- */

struct counted {
    unsigned handshakes; /* INITIATION and PROBE */
};

static bool count(struct world *world, struct wire *wire) {
    struct counted *counted = world->tampering;
    counted->handshakes += wire->data[0] == PEER_INITIATION || wire->data[0] == PEER_PROBE;
    return true;
}

/* --- Nobody notices --- */

struct company {
    struct world *world;
    struct person *people[50];
    size_t size;
    unsigned said;
};

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
        start(company->people[i], 1);
    }
    world_wait(world, within, see_each_other(company));
    world_run(world, 2000);
}

/* What they are told from now on is looked at. */
static void meet(struct company *company, struct world *world, size_t size, enum nat_kind nat, uint64_t within) {
    gather(company, world, size, nat, within);
    for (size_t i = 0; i < size; i++) person_forget(company->people[i]);
}

/* One of them in turn. */
static void say(struct company *company) {
    char text[16];
    snprintf(text, sizeof text, "line %u", company->said);
    struct person *person = company->people[company->said++ % company->size];
    if (person->credit == 0) person->credit = 1;
    person_say(person, text);
}

static bool all_heard(const struct company *company) {
    for (size_t i = 0; i < company->size; i++) {
        unsigned own = (company->said + (unsigned)(company->size - 1 - i)) / (unsigned)company->size;
        if (person_count(company->people[i], EVENT_MESSAGE, NULL) < company->said - own) return false;
    }
    return true;
}

static void assert_nobody_noticed(const struct company *company) {
    for (size_t i = 0; i < company->size; i++) {
        const struct person *person = company->people[i];
        unsigned own = (company->said + (unsigned)(company->size - 1 - i)) / (unsigned)company->size;
        assert_int_equal(person_count(person, EVENT_MESSAGE, NULL), company->said - own);
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
        rekey(company->people[i], number, false);
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
    struct counted counted = {0};
    meet(&company, world, 2, NAT_PORT_RESTRICTED, CONNECT_MS);
    world->tamper = count;
    world->tampering = &counted;
    rekey_all(&company, 2, 0);
    world_run(world, 1000);
    assert_int_equal(registered(world, 1), 2);
    assert_int_equal(registered(world, 2), 2);
    talk(&company, MOVE_MS - 1000 - 500);
    assert_int_equal(registered(world, 1), 2);
    talk(&company, 20000);
    assert_int_equal(registered(world, 1), 0);
    assert_int_equal(registered(world, 2), 2);
    assert_nobody_noticed(&company);
    assert_int_equal(counted.handshakes, 0);
}

/* The first is gone from the former set's sessions before the second has the new one. */
static void one_long_after_the_other(void **state) {
    struct world *world = *state;
    struct company company;
    struct counted counted = {0};
    meet(&company, world, 2, NAT_PORT_RESTRICTED, CONNECT_MS);
    world->tamper = count;
    world->tampering = &counted;
    rekey(company.people[0], 2, false);
    talk(&company, 60000);
    assert_int_equal(registered(world, 1), 1);
    rekey(company.people[1], 2, false);
    talk(&company, 20000);
    assert_int_equal(registered(world, 2), 2);
    assert_nobody_noticed(&company);
    assert_int_equal(counted.handshakes, 0);
}

/* What goes through the bootnode goes by the new sessions before the former ones are left. */
static void who_meets_through_the_bootnode_alone(void **state) {
    struct world *world = *state;
    struct company company;
    struct counted counted = {0};
    meet(&company, world, 2, NAT_SYMMETRIC, LOSSY_MS);
    world->tamper = count;
    world->tampering = &counted;
    rekey_all(&company, 2, 3000);
    talk(&company, 30000);
    assert_int_equal(counted.handshakes, 0);
    assert_int_equal(registered(world, 1), 0);
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
    world_wait(world, 30000, registered(world, 1) + registered(world, 2) == 0);
    assert_int_equal(registered(world, 3), 5);
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
    world_wait(world, 30000, registered(world, 1) == 0);
    assert_int_equal(registered(world, 2), 50);
}

/* Sessions live on after the set that they were made under was dropped, and get new keys under the present one. */
static void keys_are_renewed_under_the_present_set(void **state) {
    struct world *world = *state;
    struct company company;
    meet(&company, world, 2, NAT_PORT_RESTRICTED, CONNECT_MS);
    for (uint8_t number = 2; number < 12; number++) {
        rekey_all(&company, number, 100);
        talk(&company, 40000);
    }
    const struct key_set first = set_of(1);
    for (unsigned i = 0; i < 2; i++) chatroom_drop_set(room_of(company.people[i]), first.tag, world->now);
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
    start(anna, 1);
    start(bert, 1);
    world_wait(world, CONNECT_MS, person_sees(anna, bert) && person_sees(bert, anna));
    rekey(anna, 2, true);
    rekey(bert, 2, false);
    world_run(world, 60000);
    assert_int_equal(registered(world, 1), 1);
    start(carl, 1);
    world_wait(world, CONNECT_MS, person_sees(anna, carl) && person_sees(carl, anna));
    assert_false(person_sees(carl, bert));
    person_say(anna, "the secret is another one");
    world_wait(world, 500, person_heard(carl, anna, "the secret is another one") == 1);
    rekey(carl, 2, false);
    world_wait(world, CONNECT_MS, person_sees(bert, carl) && person_sees(carl, bert));
    world_run(world, 20000);
    assert_int_equal(registered(world, 1), 1);
    assert_int_equal(registered(world, 2), 3);
    assert_int_equal(person_count(anna, EVENT_PEER_JOINED, carl), 1);
    assert_int_equal(person_count(anna, EVENT_PEER_LEFT, NULL), 0);
    assert_int_equal(person_count(carl, EVENT_PEER_LEFT, NULL), 0);
    const struct key_set former = set_of(1);
    chatroom_keep_set(room_of(anna), former.tag, false, world->now);
    world_run(world, 5000);
    assert_int_equal(registered(world, 1), 0);
    assert_true(person_sees(anna, carl) && person_sees(anna, bert));
}

/* --- The gate --- */

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
    chatroom_keep_gate(room_of(person), &gatekeeper);
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
    start(siege->anna, 1);
    start(siege->bert, 1);
    keep(&siege->keepers[0], siege->anna, siege->mallory);
    keep(&siege->keepers[1], siege->bert, siege->mallory);
    world_wait(world, CONNECT_MS, person_sees(siege->anna, siege->bert) && person_sees(siege->bert, siege->anna));
    person_say(siege->anna, "before");
    rekey(siege->anna, 2, true);
    rekey(siege->bert, 2, true);
    world_run(world, 15000);
    start(siege->mallory, 1);
    keep(&siege->keepers[2], siege->mallory, NULL);
    world_wait(world, CONNECT_MS, siege->keepers[0].asked == 2 && siege->keepers[1].asked == 2);
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
    assert_true(chatroom_tell(room_of(from), to ? to->id : NULL, message, sizeof verdict, siege->world->now));
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
    chatroom_dismiss(room_of(siege.anna), siege.mallory->id, world->now);
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
    start(anna, 1);
    keep(&keepers[0], anna, carl);
    world_wait(world, CONNECT_MS, anna->credit > 0);
    person_say(anna, "before");
    rekey(anna, 2, true);
    start(carl, 1);
    keep(&keepers[1], carl, NULL);
    world_wait(world, CONNECT_MS, keepers[0].met == 1);
    world_run(world, 5000);
    assert_int_equal(person_count(carl, EVENT_MESSAGE, NULL), 0);
    keepers[0].turned_away = NULL;
    chatroom_review(room_of(anna), world->now);
    assert_true(person_sees(anna, carl));
    assert_int_equal(person_count(anna, EVENT_PEER_JOINED, carl), 1);
    world_wait(world, 5000, person_heard(carl, anna, "before") == 1);
    person_say(carl, "thanks");
    world_wait(world, 1000, person_heard(anna, carl, "thanks") == 1);
    keepers[0].turned_away = carl;
    chatroom_review(room_of(anna), world->now);
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
    start(anna, 1);
    keep(&keeper, anna, NULL);
    start(bert, 1);
    add_door(anna, 101);
    add_door(anna, 102);
    start(dora, 101);
    start(emil, 102);
    world_wait(world, CONNECT_MS,
               person_sees(anna, bert) && person_sees(dora, anna) && person_sees(anna, dora) &&
                   person_sees(emil, anna) && person_sees(anna, emil));
    assert_int_equal(keeper.last.role, KEY_SET_DOOR);
    world_run(world, 5000);
    assert_int_equal(mentions(bert, dora) + mentions(bert, emil) + mentions(dora, emil) + mentions(dora, bert), 0);
    rekey(dora, 1, false);
    world_wait(world, CONNECT_MS, person_sees(dora, bert) && person_sees(bert, dora));
    const struct key_set door = set_of(101);
    chatroom_drop_set(room_of(anna), door.tag, world->now);
    world_run(world, 30000);
    assert_int_equal(registered(world, 101), 0);
    assert_int_equal(registered(world, 102), 2);
    assert_int_equal(registered(world, 1), 3);
    assert_true(person_sees(anna, dora) && person_sees(dora, anna));
    assert_int_equal(person_count(anna, EVENT_PEER_LEFT, NULL) + person_count(dora, EVENT_PEER_LEFT, NULL), 0);
    person_say(dora, "nice room");
    world_wait(world, 1000, person_heard(anna, dora, "nice room") == 1 && person_heard(bert, dora, "nice room") == 1);
}

/* --- In a cluster's place: several bootnodes --- */

static void several_bootnodes(void **state) {
    struct world *world = *state;
    struct company company;
    (void)world_add_bootnode(world);
    meet(&company, world, 3, NAT_PORT_RESTRICTED, CONNECT_MS);
    rekey_all(&company, 2, 2000);
    talk(&company, 20000);
    assert_int_equal(registered(world, 1), 0);
    assert_int_equal(registered(world, 2), 2 * 3);
    assert_nobody_noticed(&company);
}

/* Another tag has other homes. Nobody is told that those are left which it has, too. */
static void in_a_cluster(void **state) {
    struct world *world = *state;
    struct company company;
    world_cluster_open(world, 5, 2);
    meet(&company, world, 3, NAT_PORT_RESTRICTED, CONNECT_MS);
    for (uint8_t number = 2; number < 6; number++) {
        rekey_all(&company, number, 2000);
        talk(&company, 25000);
        assert_int_equal(registered(world, (uint8_t)(number - 1)), 0);
        assert_int_equal(registered(world, number), 2 * 3);
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
    const struct key_set set = set_of(number);
    struct chatroom *room = room_of(person);
    const uint64_t now = person->world->now;
    switch (draw(8)) {
    case 0:
        person_kill(person);
        person_forget(person);
        start(person, number);
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
    gather(&company, world, 4, NAT_PORT_RESTRICTED, CONNECT_MS);
    for (unsigned round = 0; round < 12; round++) {
        world->loss_percent = round % 2 ? 20 : 0;
        for (unsigned i = 0; i < 30; i++) {
            something_happens(company.people[draw(4)]);
            world_run(world, 1 + draw(i % 5 ? 400 : 15000));
        }
        world->loss_percent = 0;
        for (size_t i = 0; i < company.size; i++) rekey(company.people[i], (uint8_t)(20 + round), false);
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
        cmocka_unit_test_setup_teardown(a_stranger_with_a_former_set_is_not_let_in, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(of_the_charter_it_can_be_spoken_with, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(it_hears_why_and_is_gone, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(who_is_let_in_later_has_not_missed_it, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(two_doors, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(several_bootnodes, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(in_a_cluster, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(in_the_end_all_meet, world_setup, world_teardown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("rekeying", tests, NULL, NULL);
}

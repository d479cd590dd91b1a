/* Mallory sits in the room, so has its keys, and means harm: to a conversation of others, to a stranger's line, to
 * everybody's patience. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "client/room/outgoing.h"
#include "common/why.h"
#include "tests/scenario/support/world.h"
#include "tests/support/folder.h"

#define CONNECT_MS 1500

static const struct address mallory = {.ip = {[10] = 0xff, 0xff, 192, 0, 2, 66}, .port = 6666};

/* A conversation of two, and what Mallory sees of it. */
struct abuse {
    struct world *world;
    struct person *first, *second; /* the first has the lower id, so starts handshakes */
    struct room_keys keys;
    struct identity identity;       /* Mallory's */
    unsigned to_mallory, responses; /* of it */
    bool answers;
    bool parted; /* nothing gets through between the two */
};

static bool overhear(struct world *world, struct wire *wire);

static void abuse_begin(struct abuse *abuse, void **state) {
    static const uint8_t seed[32] = "mallory";
    memset(abuse, 0, sizeof *abuse);
    abuse->world = *state;
    abuse->first = world_person(abuse->world, "anna", NAT_NONE);
    abuse->second = world_person(abuse->world, "bert", NAT_NONE);
    assert_true(room_keys_derive("tea", NULL, 0, &abuse->keys));
    identity_from_seed(seed, &abuse->identity);
    person_start(abuse->first, "tea");
    person_start(abuse->second, "tea");
    if (memcmp(abuse->first->id, abuse->second->id, MEMBER_ID_SIZE) > 0) {
        struct person *higher = abuse->first;
        abuse->first = abuse->second;
        abuse->second = higher;
    }
    abuse->world->tamper = overhear;
    abuse->world->tampering = abuse;
}

/* Not even a member: sees packets, and is faster. */
static bool outrun_confirmation(struct world *world, struct wire *wire) {
    if (wire->data[0] == PEER_CONFIRMATION) world_inject(world, &mallory, &wire->to, wire->data, wire->size);
    return true;
}

static void a_path_is_not_stolen_by_who_is_faster(void **state) {
    struct abuse abuse;
    abuse_begin(&abuse, state);
    abuse.world->tamper = outrun_confirmation;
    world_wait(abuse.world, CONNECT_MS, everyone_connected(abuse.world));
    world_run(abuse.world, 300);
    person_say(abuse.first, "there you are");
    person_say(abuse.second, "and you");
    world_wait(abuse.world, 200, person_heard(abuse.second, abuse.first, "there you are"));
    world_wait(abuse.world, 200, person_heard(abuse.first, abuse.second, "and you"));
}

/* The second one, as the first shall believe. */
static void answer(struct abuse *abuse, const struct wire *wire) {
    struct handshake_pair pair = {.room = &abuse->keys,
                                  .identity = &abuse->identity,
                                  .own_mask = abuse->second->suite_mask,
                                  .other_mask = abuse->first->suite_mask};
    struct peer_initiation initiation = {.noise_size = handshake_initiation_noise_size(&abuse->keys)};
    struct handshake_pending pending;
    memcpy(pair.own_id, abuse->second->id, MEMBER_ID_SIZE);
    memcpy(pair.other_id, abuse->first->id, MEMBER_ID_SIZE);
    assert_true(peer_initiation_decode(wire->data, wire->size, &initiation));
    assert_true(handshake_respond(&pair, &abuse->keys.set, wire->data, &initiation, 1, NULL, 0, &pending));
    world_inject(abuse->world, &mallory, &wire->from, pending.response, sizeof pending.response);
}

static bool overhear(struct world *world, struct wire *wire) {
    struct abuse *abuse = world->tampering;
    if (!address_equal(&wire->to, &mallory)) return !(abuse->parted && wire->data[0] >= PEER_PROBE);
    abuse->to_mallory++;
    if (wire->data[0] == PEER_RESPONSE) abuse->responses++;
    if (abuse->answers && wire->data[0] == PEER_INITIATION) answer(abuse, wire);
    return true;
}

static void forge_probe(struct abuse *abuse, const struct address *from) {
    struct peer_probe probe;
    uint8_t packet[PEER_PROBE_SIZE];
    pair_tag_derive(abuse->keys.set.mac_key, abuse->second->id, abuse->first->id, probe.pair_tag);
    size_t size = peer_probe_encode(&probe, packet, sizeof packet);
    peer_mac_write(abuse->keys.set.mac_key, packet, size);
    world_inject(abuse->world, from, &abuse->first->nat.outside, packet, size);
}

static void assert_undisturbed(struct abuse *abuse) {
    person_say(abuse->first, "still there?");
    world_wait(abuse->world, 200, person_heard(abuse->second, abuse->first, "still there?"));
    person_say(abuse->second, "of course");
    world_wait(abuse->world, 200, person_heard(abuse->first, abuse->second, "of course"));
    for (int i = 0; i < 2; i++) {
        const struct person *person = i ? abuse->first : abuse->second;
        assert_int_equal(person_count(person, EVENT_PEER_PATH, NULL), 0);
        assert_int_equal(person_count(person, EVENT_PEER_CONNECTED, NULL), 1);
        assert_int_equal(person_count(person, EVENT_PEER_LEFT, NULL), 0);
    }
}

/* Mallory is nearer, so the answer with another key comes first. */
static void a_session_is_not_taken_over(void **state) {
    struct abuse abuse;
    abuse_begin(&abuse, state);
    world_wait(abuse.world, CONNECT_MS, everyone_connected(abuse.world));
    world_run(abuse.world, 7000);
    abuse.answers = true;
    forge_probe(&abuse, &mallory);
    world_run(abuse.world, 10);
    assert_in_range(abuse.to_mallory, 1, 10);
    assert_undisturbed(&abuse);
    world_run(abuse.world, 10000);
    assert_undisturbed(&abuse);
}

/* A line that is not Mallory's gets what she sends herself, and ten packets a round at most. */
static void a_forged_probe_is_answered_once(void **state) {
    struct abuse abuse;
    abuse_begin(&abuse, state);
    world_wait(abuse.world, CONNECT_MS, everyone_connected(abuse.world));
    world_run(abuse.world, 7000);
    abuse.parted = true; /* so that rounds of punching follow */
    for (unsigned i = 1; i <= 5; i++) {
        forge_probe(&abuse, &mallory);
        world_run(abuse.world, 60000);
        assert_in_range(abuse.to_mallory, i - 1, i);
    }
    for (int i = 0; i < 1000; i++) {
        forge_probe(&abuse, &mallory);
        world_run(abuse.world, 1);
    }
    assert_in_range(abuse.to_mallory, 10, 5 + 2 * 10);
}

/* Nor does Mallory have to be one: somebody whose terminal is stopped costs nobody memory, and misses nothing. */
static void who_does_not_read_takes_nothing(void **state) {
    struct abuse abuse;
    abuse_begin(&abuse, state);
    world_wait(abuse.world, CONNECT_MS, everyone_connected(abuse.world));
    abuse.second->busy = true;
    for (int i = 0; i < 100; i++) person_say(abuse.first, "lost on you");
    world_run(abuse.world, 60000);
    assert_int_equal(person_count(abuse.second, EVENT_MESSAGE, NULL), 0);
    assert_int_equal(person_count(abuse.first, EVENT_DELIVERED, NULL), 0);
    abuse.second->busy = false;
    world_wait(abuse.world, 10000, person_count(abuse.first, EVENT_DELIVERED, NULL) == 100);
    assert_int_equal(person_count(abuse.second, EVENT_MESSAGE, NULL), 100);
    assert_undisturbed(&abuse);
}

/* Says so much while `deaf` takes nothing that input has to wait. */
static unsigned exhaust_credit(struct abuse *abuse, struct person *deaf) {
    unsigned said = 0;
    deaf->busy = true;
    for (; abuse->first->credit > 0; said++) {
        person_say(abuse->first, "so much to say");
        world_run(abuse->world, 10);
    }
    return said;
}

static void say_on(struct abuse *abuse, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        world_wait(abuse->world, 100, abuse->first->credit > 0);
        person_say(abuse->first, "and more");
    }
}

/* Who is listed and acknowledges nothing makes the others wait for half a minute, but not for ever. */
static void nobody_silences_the_room(void **state) {
    struct abuse abuse;
    abuse_begin(&abuse, state);
    struct person *carl = world_person(abuse.world, "carl", NAT_NONE);
    person_start(carl, "tea");
    world_wait(abuse.world, CONNECT_MS, everyone_connected(abuse.world));
    unsigned said = exhaust_credit(&abuse, carl);
    world_wait(abuse.world, 200, person_count(abuse.second, EVENT_MESSAGE, NULL) == said);
    world_run(abuse.world, 20000);
    assert_int_equal(abuse.first->credit, 0);
    world_wait(abuse.world, 11000, abuse.first->credit > 0);
    assert_int_equal(person_count(abuse.first, EVENT_ERROR, NULL), 1);
    say_on(&abuse, 2 * OUTGOING_INPUTS);
    assert_int_equal(person_count(abuse.first, EVENT_ERROR, NULL), 1);
    carl->busy = false;
    say_on(&abuse, 1);
    world_wait(abuse.world, 10000, person_heard(carl, abuse.first, "and more") > 0);
    engine_end_of_input(abuse.first->engine, abuse.world->now);
    world_wait(abuse.world, 3000, abuse.first->status == ENGINE_STATUS_UNDELIVERED);
}

/* A new handshake in the first one's name: work for the second. */
static void forge_initiation(struct abuse *abuse) {
    struct handshake_pair pair = {.room = &abuse->keys,
                                  .identity = &abuse->identity,
                                  .initiator = true,
                                  .own_mask = abuse->first->suite_mask,
                                  .other_mask = abuse->second->suite_mask};
    struct handshake_attempt attempt;
    memcpy(pair.own_id, abuse->first->id, MEMBER_ID_SIZE);
    memcpy(pair.other_id, abuse->second->id, MEMBER_ID_SIZE);
    assert_true(handshake_initiate(&pair, &abuse->keys.set, 1, NULL, 0, &attempt));
    world_inject(abuse->world, &mallory, &abuse->second->nat.outside, attempt.packet, sizeof attempt.packet);
}

static void a_flood_of_handshakes_keeps_nobody_out(void **state) {
    struct abuse abuse;
    abuse_begin(&abuse, state);
    for (int i = 0; i < CONNECT_MS / 20; i++) {
        forge_initiation(&abuse);
        world_run(abuse.world, 20);
    }
    assert_true(everyone_connected(abuse.world));
    for (int i = 0; i < 200000 / 50; i++) { /* so long that it needs new keys */
        forge_initiation(&abuse);
        world_run(abuse.world, 50);
    }
    assert_undisturbed(&abuse);
    abuse.to_mallory = abuse.responses = 0;
    for (int i = 0; i < 200; i++) {
        forge_initiation(&abuse);
        world_run(abuse.world, 50);
    }
    assert_in_range(abuse.responses, 1, 30);   /* and the work stays bounded: 2 a second */
    assert_in_range(abuse.to_mallory, 1, 200); /* the others draw a COOKIE_REPLY, which is no work, and no longer */
}

/* Said while it was not known yet who had come. */
static void what_only_an_impostor_could_hear_reached_nobody(void **state) {
    struct abuse abuse;
    void *folder;
    struct why why;
    abuse_begin(&abuse, state);
    struct person *impostor = world_person(abuse.world, abuse.second->name, NAT_NONE);
    identity_from_seed(abuse.identity.seed, &impostor->identity);
    assert_int_equal(folder_make(&folder), 0);
    assert_true(people_open(&abuse.first->people, folder, &why));
    world_wait(abuse.world, CONNECT_MS, person_sees(abuse.first, abuse.second));
    person_mark(abuse.first, abuse.second, MARK_VERIFIED);
    engine_stop(abuse.second->engine, abuse.world->now);
    world_wait(abuse.world, 3000, abuse.second->status == 0);
    person_start(impostor, "tea");
    world_wait(abuse.world, CONNECT_MS, person_count(abuse.first, EVENT_PEER_JOINED, impostor) == 1);
    person_say(abuse.first, "for you alone");
    assert_int_equal(person_count(abuse.first, EVENT_ERROR, NULL), 0);
    world_wait(abuse.world, CONNECT_MS, person_count(abuse.first, EVENT_ERROR, NULL) == 1);
    engine_end_of_input(abuse.first->engine, abuse.world->now);
    world_wait(abuse.world, 3000, abuse.first->status == ENGINE_STATUS_ALONE);
    assert_int_equal(person_count(impostor, EVENT_MESSAGE, NULL), 0);
    folder_remove(&folder);
}

/* A copied data directory: the two take each other's place, and leave each other longer and longer in peace. */
static void two_with_one_identity_slow_down(void **state) {
    struct world *world = *state;
    struct person *here = world_person(world, "anna", NAT_NONE), *there = world_person(world, "anna", NAT_NONE);
    person_start(here, "tea");
    person_start(there, "tea");
    world_run(world, 600000);
    assert_in_range(net_totals(world->net).registered, 10, 60);
    const struct event *told = person_last(here, EVENT_ERROR, NULL);
    assert_non_null(told);
    assert_non_null(strstr(told->text, "another client uses our identity"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_session_is_not_taken_over, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(a_forged_probe_is_answered_once, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(two_with_one_identity_slow_down, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(who_does_not_read_takes_nothing, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(nobody_silences_the_room, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(a_path_is_not_stolen_by_who_is_faster, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(a_flood_of_handshakes_keeps_nobody_out, world_setup, world_teardown),
        cmocka_unit_test_setup_teardown(what_only_an_impostor_could_hear_reached_nobody, world_setup, world_teardown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("abuse", tests, NULL, NULL);
}

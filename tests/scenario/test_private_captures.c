/* Who is removed from a private room reads nothing that is said after it: not by its client, and not by itself, with
 * every datagram of everybody and all the keys that it ever had. The keys of who stayed read it, by the same function.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "tests/scenario/support/capture.h"
#include "tests/scenario/support/keyring.h"
#include "tests/scenario/support/private_people.h"

#define CONNECT_MS 3000
#define RELAYED_MS 20000
#define TELL_MS 2000
#define RENEWED_MS 130000 /* by then each session has other keys */
#define AWAY_MS 30000     /* by then nobody counts on who was killed */

static const char before[] = "all of us are here", between[] = "this is for you alone";
static const char at_once[] = "said as she goes", after[] = "said without her", late[] = "hello, I am new",
                  late_nick[] = "dora-the-newcomer", later_nick[] = "emil-the-last-one", by_her[] = "do you hear me?";

/* Its people: the owner, two who stay, one who was removed early on, so that there is a second epoch, and her. */
struct scene {
    struct world *world;
    struct person *anna, *bert, *carl, *mia, *eve;
};

static int setup(void **state) {
    int status = private_setup(state);
    if (status == 0) capture_begin(*state);
    return status;
}

static int teardown(void **state) {
    capture_end();
    return world_teardown(state);
}

/* What does not come of a handshake: who it is, the room and its secrets, and what can be derived of those. */
static void learn_secret(struct person *person, const uint8_t *secret) {
    struct key_set set;
    keyring_add(person, secret);
    person->world->acting = person;
    key_set_derive(private_made.charter.root, secret, &set);
    person->world->acting = NULL;
}

static void learn_room(struct person *person) {
    const struct private_room *room = chamber_room(private_chamber(person));
    uint8_t secret[PRIVATE_SECRET_SIZE];
    keyring_add(person, person->identity.noise_secret);
    keyring_add(person, room->keys.key);
    keyring_add(person, room->charter.root);
    private_first_secret(&room->keys, secret);
    learn_secret(person, secret);
    private_room_secret(room, secret);
    learn_secret(person, secret);
    if (room->invited) learn_secret(person, room->invite);
    for (size_t i = 0; i < room->former_count; i++) learn_secret(person, room->former[i].secret);
    for (size_t i = 0; i < room->door_count; i++) learn_secret(person, room->doors[i].token);
}

static void present_secret(struct person *person, uint8_t out[static PRIVATE_SECRET_SIZE]) {
    private_room_secret(chamber_room(private_chamber(person)), out);
}

static struct scene begin(struct world *world) {
    struct scene scene = {.world = world};
    scene.anna = private_found(world, "anna");
    scene.bert = private_invite(world, "bert", NULL);
    scene.carl = private_invite(world, "carl", NULL);
    scene.mia = private_invite(world, "mia", NULL);
    scene.eve = private_invite(world, "eve", NULL);
    world_wait(world, CONNECT_MS,
               private_sees(scene.anna, scene.bert) && private_sees(scene.anna, scene.carl) &&
                   private_sees(scene.bert, scene.carl) && private_sees(scene.anna, scene.eve) &&
                   private_sees(scene.bert, scene.eve) && private_sees(scene.carl, scene.eve) &&
                   private_sees(scene.anna, scene.mia));
    world_run(world, 2000);
    private_decide(scene.anna, scene.mia, DECIDE_REMOVE);
    world_wait(world, TELL_MS, private_agree(scene.anna, scene.eve) && private_agree(scene.anna, scene.bert));
    world_run(world, 2000);
    private_say(scene.anna, before);
    engine_say(scene.anna->engine, PRIVATE_NAME, CHAT_PRIVATE, scene.bert->id, between, strlen(between), world->now);
    world_wait(world, TELL_MS,
               private_heard(scene.bert, between) && private_heard(scene.eve, before) &&
                   private_heard(scene.carl, before));
    learn_room(scene.eve);
    return scene;
}

/* Until every session was renewed, and one came whom all meet anew. */
static void go_on_without_her(const struct scene *scene, const char *nick) {
    struct world *world = scene->world;
    world_wait(world, TELL_MS, private_agree(scene->anna, scene->bert) && private_agree(scene->anna, scene->carl));
    for (uint64_t until = world->now + RENEWED_MS; world->now < until;) {
        private_say(scene->bert, after);
        private_say(scene->carl, after);
        if (scene->eve->credit > 0) private_say(scene->eve, by_her);
        world_run(world, 5000);
    }
    struct person *dora = private_invite_by(world, nick, scene->anna);
    world_wait(world, CONNECT_MS, private_sees(dora, scene->anna) && private_sees(dora, scene->bert));
    private_say(dora, late);
    world_wait(world, TELL_MS, private_heard(scene->bert, late) && private_heard(scene->anna, late));
    learn_room(scene->bert);
}

/* --- What is read --- */

static void show(const struct person *by, const struct reading *reading) {
    print_message("# %s, %zu keys: %u datagrams, %u sealed; opened %u of its own, %u of others; %u hidden, %u of them "
                  "opened; %u MACs of others known\n",
                  by->name, keyring_size(by), reading->datagrams, reading->sealed, reading->own, reading->foreign,
                  reading->hidden, reading->uncovered, reading->recognised);
}

static struct reading read_as(const struct person *by, const struct span *span, const struct looked_for *list) {
    struct reading reading = capture_read(by, span, list);
    show(by, &reading);
    assert_int_equal(reading.unknown, 0);
    assert_int_equal(reading.lacking, 0);
    return reading;
}

static uint32_t all_of(const struct looked_for *list) {
    return (UINT32_C(1) << list->count) - 1;
}

/* She opens what she says herself, what her bootnode and the members tell her, and none of what is said. */
static void assert_reads_nothing(const struct person *by, const struct span *span, const struct looked_for *list) {
    struct reading reading = read_as(by, span, list);
    assert_true(reading.sealed > 0);
    assert_int_equal(reading.foreign, 0);
    assert_int_equal(reading.uncovered, 0);
    assert_int_equal(reading.found, 0);
}

static void assert_reads_all(const struct person *by, const struct span *span, const struct looked_for *list) {
    struct reading reading = read_as(by, span, list);
    assert_true(reading.own > 0);
    assert_int_equal(reading.found, all_of(list));
}

static struct looked_for said_before(void) {
    struct looked_for list = {0};
    look_for(&list, before, strlen(before));
    return list;
}

/* `secret` is the one of which she is not told. */
static struct looked_for said_after(const uint8_t secret[static PRIVATE_SECRET_SIZE]) {
    struct looked_for list = {0};
    look_for(&list, secret, PRIVATE_SECRET_SIZE);
    look_for(&list, at_once, strlen(at_once));
    look_for(&list, after, strlen(after));
    look_for(&list, late, strlen(late));
    look_for(&list, late_nick, strlen(late_nick));
    return list;
}

static struct span since(struct moment from) {
    return (struct span){from, capture_now()};
}

/* She opens what is said to her, and of what follows her removal nothing but that she is removed; who stays all. */
static void removed(struct world *world, enum room_decision decision) {
    struct scene scene = begin(world);
    uint8_t secret[PRIVATE_SECRET_SIZE];
    const struct span earlier = {.to = capture_now()};
    private_decide(scene.anna, scene.eve, decision);
    private_say(scene.anna, at_once);
    go_on_without_her(&scene, late_nick);
    present_secret(scene.anna, secret);
    const struct span later = since(earlier.to);
    const struct looked_for known = said_before(), unknown = said_after(secret);
    assert_reads_all(scene.eve, &earlier, &known);
    assert_reads_all(scene.bert, &later, &unknown);
    assert_reads_nothing(scene.eve, &later, &unknown);
    assert_reads_nothing(scene.mia, &later, &unknown);
    /* Nor can she tell who meets whom: those who stay can. */
    assert_int_equal(capture_read(scene.eve, &later, &unknown).recognised, 0);
    assert_true(capture_read(scene.bert, &later, &unknown).recognised > 0);
}

static void who_is_removed_reads_nothing_said_after_it(void **state) {
    removed(*state, DECIDE_REMOVE);
}

static void who_is_banned_reads_nothing_said_after_it(void **state) {
    removed(*state, DECIDE_BAN);
}

/* By the first secret, and by the last one that she had. */
static void who_comes_again_by_an_old_secret_reads_nothing(void **state) {
    struct scene scene = begin(*state);
    struct private_room rooms[2];
    uint8_t secret[PRIVATE_SECRET_SIZE];
    private_kill(scene.eve, &rooms[1]);
    assert_true(private_room_init(&rooms[0], PRIVATE_NAME, private_made.charter.root));
    const struct moment kicked = capture_now();
    private_decide(scene.anna, scene.eve, DECIDE_REMOVE);
    private_say(scene.anna, at_once);
    for (size_t i = 0; i < 2; i++) {
        const size_t keys = keyring_size(scene.eve);
        world_run(scene.world, AWAY_MS);
        person_forget(scene.eve);
        person_enter(scene.eve, &rooms[i]);
        world_wait(scene.world, 20000, private_refused(scene.eve, "removed"));
        go_on_without_her(&scene, i ? later_nick : late_nick);
        assert_true(keyring_size(scene.eve) > keys);
        person_kill(scene.eve);
    }
    present_secret(scene.anna, secret);
    const struct span later = since(kicked);
    const struct looked_for unknown = said_after(secret);
    assert_reads_nothing(scene.eve, &later, &unknown);
    assert_reads_all(scene.bert, &later, &unknown);
}

/* He knocks by the secret that she has, too: she knows their handshake for one, and not what it leads to. */
static void who_was_away_is_told_the_new_secret_unread(void **state) {
    struct scene scene = begin(*state);
    struct private_room kept;
    uint8_t secret[PRIVATE_SECRET_SIZE];
    private_kill(scene.carl, &kept);
    world_run(scene.world, AWAY_MS);
    private_decide(scene.anna, scene.eve, DECIDE_REMOVE);
    world_run(scene.world, AWAY_MS);
    const struct moment back = capture_now();
    person_enter(scene.carl, &kept);
    world_wait(scene.world, 20000, private_sees(scene.anna, scene.carl) && private_agree(scene.anna, scene.carl));
    private_say(scene.carl, after);
    world_wait(scene.world, TELL_MS, private_heard(scene.bert, after));
    present_secret(scene.anna, secret);
    const struct span later = since(back);
    struct looked_for unknown = {0};
    look_for(&unknown, secret, sizeof secret);
    look_for(&unknown, after, strlen(after));
    assert_reads_nothing(scene.eve, &later, &unknown);
    assert_reads_all(scene.carl, &later, &unknown);
    assert_true(capture_read(scene.eve, &later, &unknown).recognised > 0);
}

/* While she belongs to them, too: each two have keys of their own. */
static void what_two_say_a_third_does_not_read(void **state) {
    struct scene scene = begin(*state);
    const struct span all = {.to = capture_now()};
    struct looked_for list = {0};
    look_for(&list, between, strlen(between));
    assert_reads_nothing(scene.eve, &all, &list);
    assert_reads_nothing(scene.carl, &all, &list);
    assert_reads_all(scene.bert, &all, &list);
    assert_reads_all(scene.anna, &all, &list);
}

/* Through her goes what two others say to each other, until she is removed. */
static void who_relays_reads_nothing_before_and_after(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE);
    anna->no_relays = true;
    private_found_as(anna);
    struct person *bert = private_invite_behind(world, "bert", NAT_SYMMETRIC, NULL),
                  *carl = private_invite_behind(world, "carl", NAT_SYMMETRIC, NULL),
                  *eve = private_invite_behind(world, "eve", NAT_NONE, NULL);
    world_wait(world, RELAYED_MS, private_sees(anna, eve) && private_sees(bert, carl) && private_sees(bert, eve));
    assert_string_equal(person_last(bert, EVENT_PEER_CONNECTED, carl)->relay, "eve");
    world_run(world, 2000);
    engine_say(bert->engine, PRIVATE_NAME, CHAT_PRIVATE, carl->id, between, strlen(between), world->now);
    world_wait(world, TELL_MS, private_heard(carl, between));
    private_say(bert, before);
    world_wait(world, TELL_MS, private_heard(eve, before));
    const struct span earlier = {.to = capture_now()};
    private_decide(anna, eve, DECIDE_REMOVE);
    world_wait(world, TELL_MS, private_agree(anna, bert) && private_agree(anna, carl));
    for (unsigned i = 0; i < 30; i++) {
        private_say(bert, after);
        world_run(world, 1000);
    }
    assert_true(private_heard(carl, after) > 0);
    const struct span later = since(earlier.to);
    const struct looked_for known = said_before();
    struct looked_for private = {0}, unknown = {0};
    look_for(&private, between, strlen(between));
    look_for(&unknown, after, strlen(after));
    assert_reads_all(eve, &earlier, &known);
    assert_reads_nothing(eve, &earlier, &private);
    assert_true(capture_read(eve, &earlier, &private).hidden > 0);
    assert_reads_nothing(eve, &later, &unknown);
    assert_reads_all(carl, &later, &unknown);
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        test(who_is_removed_reads_nothing_said_after_it),
        test(who_is_banned_reads_nothing_said_after_it),
        test(who_comes_again_by_an_old_secret_reads_nothing),
        test(who_was_away_is_told_the_new_secret_unread),
        test(what_two_say_a_third_does_not_read),
        test(who_relays_reads_nothing_before_and_after),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("private_captures", tests, NULL, NULL);
}

/* Who was removed from a private room and is let in again, and who comes again although she was removed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "common/wire/peer_packets.h"
#include "tests/scenario/support/private_people.h"

#define CONNECT_MS 3000
#define TELL_MS 2000
#define RETURN_MS 5000
#define VERDICT_MS 12000

/* The owner, two who stay, and her. */
struct scene {
    struct world *world;
    struct person *anna, *bert, *carl, *eve;
};

static struct scene begin(struct world *world) {
    struct scene scene = {.world = world};
    scene.anna = private_found(world, "anna");
    scene.bert = private_invite(world, "bert", NULL);
    scene.carl = private_invite(world, "carl", NULL);
    scene.eve = private_invite(world, "eve", NULL);
    world_wait(world, CONNECT_MS,
               private_sees(scene.anna, scene.bert) && private_sees(scene.anna, scene.carl) &&
                   private_sees(scene.bert, scene.carl) && private_sees(scene.anna, scene.eve) &&
                   private_sees(scene.bert, scene.eve) && private_sees(scene.carl, scene.eve));
    world_run(world, 2000);
    return scene;
}

static void readmit(struct person *by, const struct person *whom) {
    static const uint8_t nobody[MEMBER_ID_SIZE];
    char fingerprint[FINGERPRINT_TEXT_SIZE];
    struct why why;
    fingerprint_format(whom->identity.public, fingerprint);
    if (!chamber_decide(private_chamber(by), DECIDE_READMIT, nobody, fingerprint, by->world->now, &why))
        fail_msg("%s", why.text);
}

static bool is_back(const struct scene *scene) {
    return private_sees(scene->anna, scene->eve) && private_sees(scene->bert, scene->eve) &&
           private_sees(scene->carl, scene->eve) && private_agree(scene->anna, scene->eve);
}

static void assert_talks_again(const struct scene *scene) {
    private_say(scene->bert, "welcome back");
    private_say(scene->eve, "here I am");
    world_wait(scene->world, TELL_MS,
               private_heard(scene->eve, "welcome back") && private_heard(scene->anna, "here I am") &&
                   private_heard(scene->carl, "here I am"));
}

/* While her client runs, and she does nothing. */
static void who_is_let_in_again_is_back_within_seconds(void **state) {
    struct scene scene = begin(*state);
    private_decide(scene.anna, scene.eve, DECIDE_REMOVE);
    world_wait(scene.world, TELL_MS, private_refused(scene.eve, "removed"));
    private_say(scene.bert, "not for her");
    world_run(scene.world, 60000);
    readmit(scene.anna, scene.eve);
    world_wait(scene.world, RETURN_MS, is_back(&scene));
    assert_talks_again(&scene);
    assert_int_equal(private_heard(scene.carl, "not for her"), 1);
}

/* Nor does it need the owner: who keeps the former sets meets her there. */
static void whom_an_op_lets_in_again_is_back_while_the_owner_is_away(void **state) {
    struct scene scene = begin(*state);
    struct private_room kept;
    private_decide(scene.anna, scene.carl, DECIDE_OP);
    private_decide(scene.anna, scene.eve, DECIDE_REMOVE);
    world_wait(scene.world, TELL_MS, private_refused(scene.eve, "removed"));
    world_run(scene.world, 10000);
    private_kill(scene.anna, &kept);
    world_run(scene.world, 60000);
    readmit(scene.carl, scene.eve);
    world_wait(scene.world, RETURN_MS, private_sees(scene.carl, scene.eve) && private_sees(scene.bert, scene.eve));
    private_room_clear(&kept);
}

/* Before the bye that she was sent is answered, right after it, and later. */
static void who_was_removed_by_mistake_is_back_however_soon_that_is_noticed(void **state) {
    for (unsigned ms = 0; ms < 6500; ms += 500) {
        struct scene scene = begin(*state);
        private_decide(scene.anna, scene.eve, DECIDE_REMOVE);
        world_run(scene.world, ms);
        readmit(scene.anna, scene.eve);
        world_wait(scene.world, 2 * RETURN_MS, is_back(&scene));
        assert_talks_again(&scene);
        world_teardown(state);
        assert_int_equal(private_setup(state), 0);
    }
}

/* She hears nothing while she does not: her client is cut off, and hears it when it is not any more. */
static void who_is_let_in_again_while_she_is_cut_off_comes_back_later(void **state) {
    struct scene scene = begin(*state);
    private_decide(scene.anna, scene.eve, DECIDE_REMOVE);
    world_wait(scene.world, TELL_MS, private_refused(scene.eve, "removed"));
    world_run(scene.world, 30000);
    scene.eve->cut = true;
    readmit(scene.anna, scene.eve);
    world_run(scene.world, 5000);
    scene.eve->cut = false;
    world_wait(scene.world, 20000, is_back(&scene));
    assert_int_equal(person_count(scene.eve, EVENT_BOOTNODE_LOST, NULL), 0);
}

static bool is_for(const struct wire *wire, const struct person *whom) {
    bool is_peers = wire->size > 0 && wire->data[0] >= PEER_PROBE && wire->data[0] <= PEER_DATA;
    return is_peers && wire->sender && wire->sender != whom && address_same_ip(&wire->to, &whom->seen);
}

static bool lose(struct world *world, struct wire *wire) {
    return !is_for(wire, world->tampering);
}

/* What is lost is told again, before the bye. */
static void who_is_removed_hears_why_though_packets_are_lost(void **state) {
    struct scene scene = begin(*state);
    scene.world->tampering = scene.eve;
    scene.world->tamper = lose;
    private_decide(scene.anna, scene.eve, DECIDE_REMOVE);
    world_run(scene.world, 1500);
    scene.world->tamper = NULL;
    world_wait(scene.world, 3000, private_refused(scene.eve, "removed"));
}

struct counting {
    const struct person *whom;
    unsigned packets;
};

static bool count(struct world *world, struct wire *wire) {
    struct counting *counting = world->tampering;
    counting->packets += is_for(wire, counting->whom);
    return true;
}

/* Other decisions, and what she asks for, are no reason to send her anything. */
static void who_stays_removed_is_left_alone(void **state) {
    static const uint8_t nobody[MEMBER_ID_SIZE];
    struct scene scene = begin(*state);
    struct counting counting = {.whom = scene.eve};
    /* Who goes is none of the two that keep former sets, so that nobody begins to. */
    const struct person *last =
        memcmp(scene.bert->id, scene.carl->id, sizeof scene.bert->id) > 0 ? scene.bert : scene.carl;
    struct why why;
    private_decide(scene.anna, scene.eve, DECIDE_REMOVE);
    world_wait(scene.world, TELL_MS, private_refused(scene.eve, "removed"));
    world_run(scene.world, 10000);
    scene.world->tampering = &counting;
    scene.world->tamper = count;
    assert_true(chamber_decide(private_chamber(scene.anna), DECIDE_TOPIC, nobody, "tea", scene.world->now, &why));
    private_decide(scene.anna, last, DECIDE_REMOVE);
    world_run(scene.world, 60000);
    assert_int_equal(counting.packets, 0);
    readmit(scene.anna, scene.eve);
    world_wait(scene.world, RETURN_MS, private_sees(scene.anna, scene.eve));
    assert_true(counting.packets > 0);
}

/* By the first secret, while there is a later one that she had; those whom she left say why she is alone. */
static void who_restarts_right_after_her_removal_is_told_why(void **state) {
    for (unsigned i = 0; i < 16; i++) {
        struct scene scene = begin(*state);
        struct person *mia = private_invite(scene.world, "mia", NULL);
        struct private_room room;
        world_wait(scene.world, CONNECT_MS, private_sees(scene.anna, mia));
        world_run(scene.world, 2000);
        private_decide(scene.anna, mia, DECIDE_REMOVE);
        world_wait(scene.world, TELL_MS, private_agree(scene.anna, scene.eve) && private_agree(scene.anna, scene.bert));
        world_run(scene.world, 12000);
        private_decide(scene.anna, scene.eve, DECIDE_REMOVE);
        world_run(scene.world, i * 300);
        person_kill(scene.eve);
        person_forget(scene.eve);
        assert_true(private_room_init(&room, PRIVATE_NAME, private_made.charter.root));
        person_enter(scene.eve, &room);
        world_wait(scene.world, VERDICT_MS, private_refused(scene.eve, "removed"));
        assert_int_equal(person_count(scene.eve, EVENT_PEER_CONNECTED, NULL), 0);
        world_teardown(state);
        assert_int_equal(private_setup(state), 0);
    }
}

#define test(name) cmocka_unit_test_setup_teardown(name, private_setup, world_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        test(who_is_let_in_again_is_back_within_seconds),
        test(whom_an_op_lets_in_again_is_back_while_the_owner_is_away),
        test(who_was_removed_by_mistake_is_back_however_soon_that_is_noticed),
        test(who_is_let_in_again_while_she_is_cut_off_comes_back_later),
        test(who_is_removed_hears_why_though_packets_are_lost),
        test(who_stays_removed_is_left_alone),
        test(who_restarts_right_after_her_removal_is_told_why),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("private_returns", tests, NULL, NULL);
}

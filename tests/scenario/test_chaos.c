/* Whatever happens, it heals: a random hour of losses, restarts, moves, sleep and dead bootnodes, then quiet.
 * WORLD_SEED makes another one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "tests/scenario/support/world.h"

#define PEOPLE 4
#define MINUTE 60000

static void toggle_loss(struct world *world, struct person *person) {
    (void)person;
    world->loss_percent = world->loss_percent ? 0 : 30;
}

static void toggle_disorder(struct world *world, struct person *person) {
    (void)person;
    world->duplicate_percent = world->duplicate_percent ? 0 : 20;
    world->jitter_ms = world->jitter_ms ? 0 : 100;
}

static void toggle_cut(struct world *world, struct person *person) {
    (void)world;
    person->cut = !person->cut;
}

static void toggle_sleep(struct world *world, struct person *person) {
    (void)world;
    if (person->asleep)
        person_wake(person);
    else
        person_sleep(person);
}

static void toggle_bootnode(struct world *world, struct person *person) {
    (void)person;
    if (world->bootnode_down && randombytes_uniform(2)) net_restart(world->net, true);
    world->bootnode_down = !world->bootnode_down;
}

static void restart_bootnode(struct world *world, struct person *person) {
    (void)person;
    net_restart(world->net, true);
}

static void rebind(struct world *world, struct person *person) {
    (void)world;
    nat_rebind(&person->nat);
}

#define RUN_DIGITS 16 /* of a message's id; its sequence follows after a '-' */

/* Of each run of an author the sequence rises: nothing is shown twice, nothing out of order. That holds for one run of
 * the listener: the next one gets what was not acknowledged, and what others still have. */
static void assert_rises(const struct told *later) {
    const struct event *first = later->event;
    unsigned long last = strtoul(first->id + RUN_DIGITS + 1, NULL, 10);
    for (later = later->next; later; later = later->next) {
        const struct event *event = later->event;
        if (event->type != EVENT_MESSAGE || memcmp(event->id, first->id, RUN_DIGITS) != 0) continue;
        assert_memory_equal(event->peer, first->peer, MEMBER_ID_SIZE);
        unsigned long sequence = strtoul(event->id + RUN_DIGITS + 1, NULL, 10);
        assert_true(sequence > last);
        last = sequence;
    }
}

/* Looks from the first message of each run on. */
static void assert_in_order(const struct person *person) {
    for (const struct told *told = person->told, *before; told; told = told->next) {
        if (told->event->type != EVENT_MESSAGE) continue;
        for (before = person->told; before != told; before = before->next)
            if (before->event->type == EVENT_MESSAGE && memcmp(before->event->id, told->event->id, RUN_DIGITS) == 0)
                break;
        if (before == told) assert_rises(told);
    }
}

static void end_run(struct person *person) {
    assert_in_order(person);
    person_kill(person);
    person_forget(person);
}

static void come_or_go(struct world *world, struct person *person) {
    switch (person->engine ? randombytes_uniform(3) : 2) {
    case 0:
        engine_stop(person->engine, world->now);
        world_run(world, 2500);
        end_run(person);
        break;
    case 1: end_run(person); break;
    default: /* at once again, or after a while */
        end_run(person);
        person_wake(person);
        person_start(person, "tea");
    }
}

static void chatter(struct world *world, struct person *person) {
    static unsigned number;
    for (int i = 0; i < 10 && person->engine && !person->asleep && person->credit > 0; i++) {
        char text[16];
        snprintf(text, sizeof text, "%u", number++);
        person_say(person, text);
        world_run(world, 10);
    }
}

static void an_hour(struct world *world) {
    static void (*const happenings[])(struct world * world, struct person * person) = {
        toggle_loss,     toggle_disorder, toggle_cut,       toggle_cut, toggle_sleep, toggle_sleep,
        toggle_bootnode, toggle_bootnode, restart_bootnode, rebind,     rebind,       come_or_go,
        come_or_go,      chatter,         chatter,          chatter};
    for (uint64_t end = world->now + 60 * MINUTE; world->now < end;) {
        struct person *person = &world->people[randombytes_uniform(PEOPLE)];
        happenings[randombytes_uniform(sizeof happenings / sizeof *happenings)](world, person);
        world_run(world, randombytes_uniform(2) ? randombytes_uniform(1000) : randombytes_uniform(40000));
    }
}

static void calm(struct world *world) {
    world->loss_percent = world->duplicate_percent = world->jitter_ms = 0;
    world->bootnode_down = false;
    for (size_t i = 0; i < PEOPLE; i++) {
        struct person *person = &world->people[i];
        person->cut = false;
        person_wake(person);
        if (!person->engine) person_start(person, "tea");
    }
}

static bool all_hear(const struct world *world, const char *text) {
    for (size_t i = 0; i < PEOPLE; i++)
        for (size_t j = 0; j < PEOPLE; j++)
            if (i != j && person_heard(&world->people[i], &world->people[j], text) != 1) return false;
    return true;
}

static void it_heals(void **state) {
    struct world *world = *state;
    static const char *const names[PEOPLE] = {"anna", "bert", "carl", "dora"};
    static const enum nat_kind kinds[PEOPLE] = {NAT_PORT_RESTRICTED, NAT_PORT_RESTRICTED, NAT_FULL_CONE, NAT_NONE};
    for (size_t i = 0; i < PEOPLE; i++) person_start(world_person(world, names[i], kinds[i]), "tea");
    an_hour(world);
    calm(world);
    world_run(world, MINUTE + 10000); /* the longest wait between two rounds of punching */
    for (size_t i = 0; i < PEOPLE; i++) assert_in_order(&world->people[i]);
    for (size_t i = 0; i < PEOPLE; i++) {
        assert_true(world->people[i].credit > 0);
        person_say(&world->people[i], "999999999");
    }
    world_wait(world, 5000, all_hear(world, "999999999"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_heals, world_setup, world_teardown),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("chaos", tests, NULL, NULL);
}

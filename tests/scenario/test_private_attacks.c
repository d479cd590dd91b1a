/* Private rooms where people are away, networks are cut, and members are not what they should be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "tests/scenario/support/private_people.h"

#define CONNECT_MS 3000
#define TELL_MS 2000
#define COMPANY 50

/* --- The network between them --- */

static struct person *at_address(struct world *world, const struct address *address) {
    for (size_t i = 0; i < world->people_count; i++)
        if (address_same_ip(&world->people[i].nat.outside, address)) return &world->people[i];
    return NULL;
}

/* Two parts: nothing goes from one to the other, and the second has no bootnode. */
struct parts {
    const struct person *away[4];
    size_t count;
};

static bool is_away(const struct parts *parts, const struct person *person) {
    for (size_t i = 0; i < parts->count; i++)
        if (parts->away[i] == person) return true;
    return false;
}

static bool part(struct world *world, struct wire *wire) {
    const struct parts *parts = world->tampering;
    return is_away(parts, wire->sender) == is_away(parts, at_address(world, &wire->to));
}

/* What goes to somebody, through the bootnode or not. */
struct counted {
    const struct person *to;
    unsigned packets, large;
};

static bool count(struct world *world, struct wire *wire) {
    struct counted *counted = world->tampering;
    if (at_address(world, &wire->to) != counted->to) return true;
    counted->packets++;
    counted->large += wire->size > 400;
    return true;
}

/* --- Away --- */

static void two_secrets_were_missed(void **state) {
    struct world *world = *state;
    struct private_room kept;
    struct person *anna = private_found(world, "anna"), *bert = private_invite(world, "bert", NULL),
                  *carl = private_invite(world, "carl", NULL), *eve = private_invite(world, "eve", NULL),
                  *mia = private_invite(world, "mia", NULL);
    world_wait(world, CONNECT_MS, private_sees(anna, carl) && private_sees(anna, bert) && private_sees(anna, eve));
    world_run(world, 3000);
    private_kill(carl, &kept);
    world_run(world, 60000);
    private_decide(anna, eve, DECIDE_REMOVE);
    world_run(world, 60000);
    private_decide(anna, mia, DECIDE_BAN);
    world_run(world, 60000);
    person_forget(carl);
    person_enter(carl, &kept);
    world_wait(world, 20000, private_sees(anna, carl) && private_sees(bert, carl) && private_agree(anna, carl));
    private_say(bert, "there you are");
    world_wait(world, TELL_MS, private_heard(carl, "there you are"));
    assert_int_equal(private_heard(eve, "there you are") + private_heard(mia, "there you are"), 0);
}

static void an_op_removes_while_the_owner_is_away(void **state) {
    struct world *world = *state;
    struct private_room kept;
    struct person *anna = private_found(world, "anna"), *otto = private_invite(world, "otto", NULL),
                  *bert = private_invite(world, "bert", NULL), *eve = private_invite(world, "eve", NULL);
    world_wait(world, CONNECT_MS, private_sees(anna, otto) && private_sees(anna, bert) && private_sees(anna, eve));
    private_decide(anna, otto, DECIDE_OP);
    world_wait(world, TELL_MS, private_standing(otto, otto) == STANDING_OP);
    world_run(world, 2000);
    private_kill(anna, &kept);
    world_run(world, 60000);
    private_decide(otto, eve, DECIDE_REMOVE);
    world_wait(world, TELL_MS, private_refused(eve, "removed"));
    world_run(world, 60000);
    person_forget(anna);
    person_enter(anna, &kept);
    world_wait(world, 20000, private_sees(anna, otto) && private_sees(anna, bert) && private_agree(anna, otto));
    private_say(anna, "well done");
    world_wait(world, TELL_MS, private_heard(bert, "well done"));
    world_run(world, 30000);
    /* Before she heard of it the owner may have let her in, and said nothing. */
    assert_false(person_sees(anna, eve));
    assert_int_equal(person_count(eve, EVENT_MESSAGE, NULL), 0);
}

/* Both sides go on, each removes one who is with it and one who is not; then they meet again. */
static void parts_heal_to_one_room(void **state) {
    struct world *world = *state;
    struct person *anna = private_found(world, "anna"), *otto = private_invite(world, "otto", NULL),
                  *bert = private_invite(world, "bert", NULL), *carl = private_invite(world, "carl", NULL),
                  *eve = private_invite(world, "eve", NULL), *mia = private_invite(world, "mia", NULL);
    struct parts parts = {{otto, carl, mia}, 3};
    world_wait(world, CONNECT_MS,
               private_sees(anna, otto) && private_sees(otto, carl) && private_sees(otto, mia) &&
                   private_sees(anna, eve) && private_sees(anna, bert) && private_sees(carl, mia));
    private_decide(anna, otto, DECIDE_OP);
    world_wait(world, TELL_MS, private_standing(carl, otto) == STANDING_OP);
    world_run(world, 2000);
    world->tamper = part;
    world->tampering = &parts;
    world_run(world, 2000);
    private_decide(anna, eve, DECIDE_REMOVE);
    private_decide(otto, mia, DECIDE_BAN);
    world_run(world, 20000);
    assert_false(private_agree(anna, otto));
    world->tamper = NULL;
    world_wait(world, 90000,
               private_agree(anna, otto) && private_agree(bert, carl) && private_agree(anna, bert) &&
                   private_sees(anna, carl) && private_sees(bert, otto) && private_sees(anna, otto));
    assert_false(charter_is_stale(private_charter(anna)));
    person_forget(eve);
    person_forget(mia);
    private_say(carl, "all here?");
    private_say(anna, "we are");
    world_wait(world, TELL_MS, private_heard(bert, "all here?") && private_heard(otto, "we are"));
    world_run(world, 60000);
    assert_int_equal(person_count(eve, EVENT_MESSAGE, NULL) + person_count(mia, EVENT_MESSAGE, NULL), 0);
    assert_int_equal(private_standing(carl, eve), STANDING_REMOVED);
    assert_int_equal(private_standing(bert, mia), STANDING_BANNED);
}

/* --- Many --- */

static bool all_agree(struct person *const *people, size_t size) {
    for (size_t i = 1; i < size; i++)
        if (!private_agree(people[0], people[i])) return false;
    return true;
}

static bool all_see(struct person *const *people, size_t size) {
    for (size_t i = 0; i < size; i++)
        for (size_t j = 0; j < size; j++)
            if (i != j && !person_sees(people[i], people[j])) return false;
    return true;
}

static void gather(struct world *world, struct person **people, size_t size) {
    static char names[COMPANY + 1][8];
    people[0] = private_found(world, "anna");
    for (size_t i = 1; i < size; i++) {
        snprintf(names[i], sizeof names[i], "p%zu", i);
        people[i] = private_invite(world, names[i], NULL);
    }
}

/* Of the list's news each hears from its author, and from few beside. */
static void a_newcomer_makes_no_storm(void **state) {
    struct world *world = *state;
    struct person *people[COMPANY + 1];
    gather(world, people, COMPANY + 1);
    world_wait(world, 20000, all_see(people, COMPANY + 1));
    world_run(world, 10000);
    uint64_t sent = world->sent;
    struct person *late = private_invite(world, "late", NULL);
    world_wait(world, 3000, private_sees(late, people[3]) && private_agree(late, people[3]));
    world_run(world, 3000);
    print_message("# one more makes %llu packets\n", (unsigned long long)(world->sent - sent));
    assert_true(world->sent - sent < 8000);
    assert_true(all_agree(people, COMPANY + 1) && private_agree(late, people[0]));
}

static double processor_ms(void) {
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec * 1e3 + (double)used.tv_nsec / 1e6;
}

static void rekey_company(struct world *world, unsigned loss, uint64_t within) {
    struct person *people[COMPANY + 1];
    uint64_t sent = world->sent;
    gather(world, people, COMPANY + 1);
    world_wait(world, 20000, all_see(people, COMPANY + 1));
    world_wait(world, 20000, all_agree(people, COMPANY + 1));
    print_message("# %u meet by %llu packets\n", COMPANY + 1, (unsigned long long)(world->sent - sent));
    world_run(world, 3000);
    world->loss_percent = loss;
    sent = world->sent;
    uint64_t began = world->now;
    double processor = processor_ms();
    private_decide(people[0], people[COMPANY], DECIDE_REMOVE);
    world_wait(world, within, all_agree(people, COMPANY));
    print_message("# %u have the new secret after %llu ms with %u %% loss, %.0f ms of processor, %llu packets\n",
                  COMPANY, (unsigned long long)(world->now - began), loss, processor_ms() - processor,
                  (unsigned long long)(world->sent - sent));
    private_say(people[7], "just us");
    world_wait(world, within + TELL_MS,
               private_heard(people[0], "just us") && private_heard(people[COMPANY - 1], "just us"));
    world_run(world, 20000);
    for (size_t i = 0; i < COMPANY; i++) assert_int_equal(person_count(people[i], EVENT_PEER_LEFT, NULL), 1);
    assert_int_equal(person_count(people[COMPANY], EVENT_MESSAGE, NULL), 0);
    assert_true(private_refused(people[COMPANY], "removed"));
}

static void fifty_have_a_new_secret_within_two_seconds(void **state) {
    rekey_company(*state, 0, 2000);
}

static void fifty_with_loss(void **state) {
    rekey_company(*state, 20, 15000);
}

/* --- Those who were removed --- */

/* Whatever they say to each other, and whatever she says: to her go handshakes and verdicts, and less and less. */
static void little_goes_to_who_was_removed(void **state) {
    struct world *world = *state;
    struct person *anna = private_found(world, "anna"), *bert = private_invite(world, "bert", NULL),
                  *eve = private_invite(world, "eve", NULL);
    char line[600];
    world_wait(world, CONNECT_MS, private_sees(anna, bert) && private_sees(anna, eve) && private_sees(bert, eve));
    world_run(world, 2000);
    private_decide(anna, eve, DECIDE_REMOVE);
    for (unsigned i = 0; i < 10; i++) {
        private_say(eve, "do you hear me?");
        world_run(world, 500);
    }
    struct counted counted = {.to = eve};
    world->tamper = count;
    world->tampering = &counted;
    memset(line, 'x', sizeof line);
    for (unsigned i = 0; i < 60; i++) {
        snprintf(line, sizeof line, "%u%500s", i, "x");
        private_say(anna, line);
        private_say(bert, line);
        if (eve->credit > 0) private_say(eve, "and now?");
        world_run(world, 1000);
    }
    print_message("# in a minute %u packets went to who was removed, %u of over 400 bytes\n", counted.packets,
                  counted.large);
    assert_int_equal(private_heard(anna, "do you hear me?") + private_heard(bert, "do you hear me?"), 0);
    assert_int_equal(private_heard(anna, "and now?") + private_heard(bert, "and now?"), 0);
    assert_int_equal(person_count(eve, EVENT_MESSAGE, NULL), 0);
    assert_true(counted.packets < 200);
}

static void who_is_met_through_the_bootnode_alone_is_removed(void **state) {
    struct world *world = *state;
    struct person *anna = private_found(world, "anna"),
                  *bert = private_invite_behind(world, "bert", NAT_SYMMETRIC, NULL),
                  *eve = private_invite_behind(world, "eve", NAT_SYMMETRIC, NULL);
    world_wait(world, 20000, private_sees(anna, bert) && private_sees(anna, eve) && private_sees(bert, eve));
    world_run(world, 2000);
    private_decide(anna, bert, DECIDE_OP);
    world_wait(world, TELL_MS, private_standing(bert, bert) == STANDING_OP);
    private_decide(bert, eve, DECIDE_REMOVE);
    world_wait(world, TELL_MS, private_refused(eve, "removed"));
    private_say(anna, "gone");
    world_wait(world, TELL_MS, private_heard(bert, "gone"));
    world_run(world, 30000);
    assert_int_equal(person_count(eve, EVENT_MESSAGE, NULL), 0);
    assert_int_equal(person_count(bert, EVENT_PEER_LEFT, eve) + person_count(anna, EVENT_PEER_LEFT, eve), 2);
}

/* --- Those who decide, and should not --- */

/* An op bans all, and is banned by the owner. */
static void an_op_bans_all(struct world *world, struct person *anna, struct person *mallory, struct person *bert,
                           struct person *carl) {
    world_wait(world, CONNECT_MS,
               private_sees(anna, mallory) && private_sees(anna, bert) && private_sees(anna, carl) &&
                   private_sees(bert, carl) && private_sees(bert, mallory) && private_sees(carl, mallory));
    private_decide(anna, mallory, DECIDE_OP);
    world_wait(world, TELL_MS, private_standing(mallory, mallory) == STANDING_OP);
    world_run(world, 2000);
    private_decide(mallory, bert, DECIDE_BAN);
    private_decide(mallory, carl, DECIDE_BAN);
    world_wait(world, TELL_MS, private_refused(bert, "removed") && private_refused(carl, "removed"));
    world_run(world, 5000);
    private_decide(anna, mallory, DECIDE_BAN);
    world_wait(world, TELL_MS, private_refused(mallory, "removed"));
}

/* What it said is over then, and they are back. */
static void what_a_banned_op_said_is_over(void **state) {
    struct world *world = *state;
    struct person *anna = private_found(world, "anna"), *mallory = private_invite(world, "mallory", NULL),
                  *bert = private_invite(world, "bert", NULL), *carl = private_invite(world, "carl", NULL);
    struct private_room kept[2];
    an_op_bans_all(world, anna, mallory, bert, carl);
    private_kill(bert, &kept[0]);
    private_kill(carl, &kept[1]);
    person_forget(bert);
    person_forget(carl);
    person_forget(mallory);
    world_run(world, 60000);
    person_enter(bert, &kept[0]);
    person_enter(carl, &kept[1]);
    world_wait(world, 30000, private_agree(anna, bert) && private_agree(anna, carl) && private_sees(bert, carl));
    assert_int_equal(person_count(bert, EVENT_PEER_LEFT, NULL), 0); /* shown to be here before they let him in */
    private_say(bert, "back again");
    world_wait(world, TELL_MS, private_heard(anna, "back again") && private_heard(carl, "back again"));
    world_run(world, 30000);
    assert_int_equal(person_count(mallory, EVENT_MESSAGE, NULL), 0);
}

/* The longest list that there can be reaches a newcomer, and a new secret everybody beside it. */
static void a_full_list_is_told(void **state) {
    struct world *world = *state;
    const uint8_t banned = STANDING_BANNED, topic = 't';
    struct statement statement;
    uint8_t key[32] = {0}, epoch[STATEMENT_EPOCH_BODY] = {7};
    struct person *anna = private_found(world, "anna");
    struct private_room kept;
    private_kill(anna, &kept);
    struct charter *charter = &kept.charter;
    for (unsigned i = 0; charter->count < CHARTER_ENTRIES - 2; i++) {
        memcpy(key, &i, sizeof i);
        assert_int_equal(charter_state(charter, &anna->identity, STATEMENT_PERSON, key, &banned, 1,
                                       (uint64_t)1700000000000, &statement),
                         CHARTER_TAKEN);
    }
    charter_removed(charter, epoch + PRIVATE_SECRET_SIZE);
    assert_int_equal(charter_state(charter, &anna->identity, STATEMENT_EPOCH, NULL, epoch, sizeof epoch,
                                   (uint64_t)1700000000000, &statement),
                     CHARTER_TAKEN);
    assert_int_equal(
        charter_state(charter, &anna->identity, STATEMENT_TOPIC, NULL, &topic, 1, (uint64_t)1700000000000, &statement),
        CHARTER_TAKEN);
    person_enter(anna, &kept);
    struct person *bert = private_invite(world, "bert", epoch), *carl = private_invite(world, "carl", epoch);
    uint64_t began = world->now;
    world_wait(world, 20000,
               private_sees(anna, bert) && private_sees(anna, carl) && private_agree(anna, bert) &&
                   private_agree(anna, carl) && private_sees(bert, carl));
    print_message("# two have a list of %zu after %llu ms\n", private_charter(bert)->count,
                  (unsigned long long)(world->now - began));
    assert_int_equal(private_charter(bert)->count, CHARTER_ENTRIES);
    private_say(bert, "what a list");
    world_wait(world, TELL_MS, private_heard(anna, "what a list") && private_heard(carl, "what a list"));
}

#define test(name) cmocka_unit_test_setup_teardown(name, private_setup, world_teardown)

/* Worlds in which who lacked the other part's decisions had a session with nobody who knew that. */
static int world_of(void **state, const char *seed) {
    bool given = getenv("WORLD_SEED");
    if (!given) setenv("WORLD_SEED", seed, 1);
    int result = private_setup(state);
    if (!given) unsetenv("WORLD_SEED");
    return result;
}

static int setup_7(void **state) {
    return world_of(state, "7");
}
static int setup_12(void **state) {
    return world_of(state, "12");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        test(two_secrets_were_missed),
        test(an_op_removes_while_the_owner_is_away),
        test(parts_heal_to_one_room),
        cmocka_unit_test_setup_teardown(parts_heal_to_one_room, setup_7, world_teardown),
        cmocka_unit_test_setup_teardown(parts_heal_to_one_room, setup_12, world_teardown),
        test(fifty_have_a_new_secret_within_two_seconds),
        test(fifty_with_loss),
        test(a_newcomer_makes_no_storm),
        test(little_goes_to_who_was_removed),
        test(who_is_met_through_the_bootnode_alone_is_removed),
        test(what_a_banned_op_said_is_over),
        test(a_full_list_is_told),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("private_attacks", tests, NULL, NULL);
}

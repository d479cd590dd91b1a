/* Who joins by an invite, and who misses the others by a wrong one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/invite/invite.h"
#include "tests/scenario/support/world.h"
#include "tests/support/folder.h"

#define CONNECT_MS 1500
#define ALONE "nobody here shares our secret"

static unsigned notices(const struct person *person, const char *part) {
    unsigned count = 0;
    for (const struct told *told = person->told; told; told = told->next)
        count += told->event->type == EVENT_NOTICE && strstr(told->event->text, part);
    return count;
}

static struct invite invited_by(struct person *person, const char *room) {
    struct invite invite;
    struct why why = {""};
    engine_invite(person->engine, room, false, 0, person->world->now);
    const struct event *event = person_last(person, EVENT_INVITE, NULL);
    assert_non_null(event);
    assert_string_equal(event->room, room);
    if (!invite_parse(event->text, &invite, &why)) fail_msg("%s: %s", event->text, why.text);
    return invite;
}

/* All that it takes is in the string: where, the key to expect there, and the secret. */
static void two_meet_by_what_one_was_sent(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_PORT_RESTRICTED);
    struct person *bert = world_person(world, "bert", NAT_PORT_RESTRICTED);
    uint8_t key[32], print[KEY_PRINT_SIZE];
    char secret[INVITE_SECRET_MAX + 1] = "";
    void *folder;
    struct why why;
    assert_int_equal(folder_make(&folder), 0);
    assert_true(known_keys_open(&anna->known_bootnodes, folder, "known_bootnodes", &why));
    person_start_secret(anna, "tea & cake", "open sesame");
    world_wait(world, CONNECT_MS, person_count(anna, EVENT_REGISTERED, NULL) > 0);
    struct invite invite = invited_by(anna, "tea & cake");
    assert_true(known_keys_find(&anna->known_bootnodes, "bootnode.example:9595", key));
    key_print_derive(key, print);
    assert_int_equal(invite.host_count, 1);
    assert_string_equal(invite.hosts[0].name, "bootnode.example");
    assert_true(invite.hosts[0].has_print);
    assert_memory_equal(invite.hosts[0].print, print, sizeof print);
    memcpy(secret, invite.secret, invite.secret_size);
    person_start_secret(bert, invite.room, secret);
    world_wait(world, CONNECT_MS, person_sees(anna, bert) && person_sees(bert, anna));
    world_run(world, 20000);
    assert_int_equal(notices(anna, ALONE) + notices(bert, ALONE), 0);
    folder_remove(&folder);
}

/* Another secret is another room: told once, and no more once somebody was there. */
static void who_has_another_secret_hears_that_nobody_shares_it(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE), *bert = world_person(world, "bert", NAT_NONE);
    struct person *carl = world_person(world, "carl", NAT_NONE), *dora = world_person(world, "dora", NAT_NONE);
    person_start_secret(anna, "tea", "open sesame");
    person_start_secret(bert, "tea", "open sesamE");
    person_start(dora, "tea");
    world_wait(world, 8000, notices(anna, ALONE) == 1 && notices(bert, ALONE) == 1);
    person_start_secret(carl, "tea", "open sesame");
    world_wait(world, CONNECT_MS, person_sees(anna, carl));
    person_kill(anna);
    world_run(world, 60000);
    assert_int_equal(notices(bert, ALONE), 1);
    assert_int_equal(notices(carl, ALONE) + notices(dora, ALONE), 0);
}

/* The words are in none of the two; whoever is invited is asked for them. */
static void a_passphrase_is_no_secret_of_the_same_words(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE), *bert = world_person(world, "bert", NAT_NONE);
    static const char words[] = "correct horse battery staple";
    person_create(anna);
    engine_join_passphrase(anna->engine, "tea", words, strlen(words), world->now);
    person_start_secret(bert, "tea", words);
    world_wait(world, 8000, notices(anna, ALONE) == 1 && notices(bert, ALONE) == 1);
    struct invite invite = invited_by(anna, "tea");
    assert_true(invite.passphrase);
    assert_int_equal(invite.secret_size, 0);
    assert_null(strstr(person_last(anna, EVENT_INVITE, NULL)->text, "correct"));
}

static void what_cannot_be_invited_to_is_said(void **state) {
    struct world *world = *state;
    struct person *anna = world_person(world, "anna", NAT_NONE);
    char endless[INVITE_SECRET_MAX + 2];
    memset(endless, 'x', sizeof endless);
    endless[sizeof endless - 1] = '\0';
    person_start_secret(anna, "tea", endless);
    engine_invite(anna->engine, "tea", false, 0, world->now);
    assert_int_equal(person_count(anna, EVENT_INVITE, NULL), 0);
    assert_non_null(strstr(person_last(anna, EVENT_ERROR, NULL)->text, "65 bytes"));
    engine_invite(anna->engine, "coffee", false, 0, world->now); /* where we are not */
    assert_int_equal(person_count(anna, EVENT_INVITE, NULL), 0);
}

int main(void) {
#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        IN_WORLD(two_meet_by_what_one_was_sent),
        IN_WORLD(who_has_another_secret_hears_that_nobody_shares_it),
        IN_WORLD(a_passphrase_is_no_secret_of_the_same_words),
        IN_WORLD(what_cannot_be_invited_to_is_said),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("invites", tests, NULL, NULL);
}

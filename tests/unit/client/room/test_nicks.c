/* Whose nick is whose, where endless people come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "tests/support/folder.h"
#include "tests/support/room_parts.h"

#define NOW 1000
#define TODAY (ROOM_PARTS_WALL / 86400000)

struct fixture {
    struct room_parts parts;
    void *folder;
};

static int setup(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct why why;
    assert_non_null(fixture);
    assert_int_equal(folder_make(&fixture->folder), 0);
    room_parts_init(&fixture->parts, NOW);
    assert_true(people_open(&fixture->parts.people, fixture->folder, &why));
    *state = fixture;
    return 0;
}

static int teardown(void **state) {
    struct fixture *fixture = *state;
    room_parts_clear(&fixture->parts);
    folder_remove(&fixture->folder);
    free(fixture);
    return 0;
}

/* Somebody with a key and a nick of this number introduces itself, and leaves. Is it heard? */
static bool comes(struct fixture *fixture, unsigned key, const char *nick, uint64_t now) {
    uint8_t seed[32] = "somebody";
    struct identity identity;
    memcpy(seed + 16, &key, sizeof key);
    identity_from_seed(seed, &identity);
    struct member *member = room_parts_member(&fixture->parts, &identity, nick);
    nicks_identified(&fixture->parts.room.nicks, member->peer, now);
    bool fine = !member->barred;
    members_finish(&fixture->parts.room.members, member);
    members_sweep(&fixture->parts.room.members);
    return fine;
}

static unsigned count_known(const struct fixture *fixture) {
    char file[FOLDER_PATH_SIZE];
    unsigned lines = 0;
    FILE *in = fopen(folder_file(fixture->folder, "people", file), "r");
    assert_non_null(in);
    for (int c; (c = fgetc(in)) != EOF;) lines += c == '\n';
    fclose(in);
    return lines - 1; /* the first says what it is */
}

static void of_endless_people_few_are_remembered(void **state) {
    struct fixture *fixture = *state;
    char nick[16];
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(nick, sizeof nick, "n%u", i);
        assert_true(comes(fixture, i, nick, NOW + 15 * i)); /* they are let in all the same */
    }
    assert_int_equal(count_known(fixture), PEOPLE_NEW);
    assert_int_equal(fixture->parts.shown[EVENT_ERROR], 1);
    assert_true(comes(fixture, 5000, "n0", NOW + 15000)); /* another key; but nobody new is told of now */
    assert_int_equal(fixture->parts.shown[EVENT_NOTICE], 0);
    for (unsigned i = 1000; i < 1010; i++) {
        snprintf(nick, sizeof nick, "n%u", i);
        assert_true(comes(fixture, i, nick, NOW + i * PEOPLE_NEW_MS));
    }
    assert_int_equal(count_known(fixture), PEOPLE_NEW + 10);
}

/* Whoever was there before counts as met today, and takes no new one's place. */
static void who_is_known_is_met_again(void **state) {
    struct fixture *fixture = *state;
    char file[FOLDER_PATH_SIZE], text[512];
    struct people *people = &fixture->parts.people;
    assert_true(comes(fixture, 1, "anna", NOW));
    assert_int_equal(people->today, TODAY);
    assert_int_equal(people->table.first->names->days, 1);
    for (unsigned i = 0; i < 100; i++) assert_true(comes(fixture, 1, "anna", NOW));
    assert_int_equal(people->table.first->names->days, 1);
    people->table.first->names->last = TODAY - 3; /* as if it had been then */
    assert_true(comes(fixture, 1, "anna", NOW));
    folder_read(folder_file(fixture->folder, "people", file), text, sizeof text);
    assert_non_null(strstr(text, " 0002 2023-11-14\n"));
    assert_int_equal(count_known(fixture), 2); /* a line for each day */
    assert_int_equal(fixture->parts.shown[EVENT_ERROR], 0);
}

/* Whoever comes under the nick of somebody verified is barred, though too many came for them to be remembered. */
static void a_crowd_hides_no_impostor(void **state) {
    struct fixture *fixture = *state;
    struct people *people = &fixture->parts.people;
    struct why why;
    char nick[16];
    assert_true(comes(fixture, 1, "anna", NOW));
    assert_true(people_verify(people, people->table.first->key, true, &why));
    for (unsigned i = 0; i < 200; i++) {
        snprintf(nick, sizeof nick, "n%u", i);
        assert_true(comes(fixture, 100 + i, nick, NOW));
    }
    assert_false(comes(fixture, 2, "anna", NOW));
    assert_string_equal(fixture->parts.last->reason, EVENT_KEY_CHANGED);
    assert_true(comes(fixture, 1, "anna", NOW));
}

/* Of endless ones some are told. */
static void alarms_are_rationed(void **state) {
    struct fixture *fixture = *state;
    struct people *people = &fixture->parts.people;
    struct why why;
    assert_true(comes(fixture, 1, "anna", NOW));
    assert_true(people_verify(people, people->table.first->key, true, &why));
    for (unsigned i = 0; i < 100; i++) assert_false(comes(fixture, 100 + i, "anna", NOW));
    assert_int_equal(fixture->parts.shown[EVENT_ERROR], NICKS_ALARMS);
    assert_false(comes(fixture, 7, "anna", NOW + NICKS_ALARM_MS));
    assert_int_equal(fixture->parts.shown[EVENT_ERROR], NICKS_ALARMS + 1);
    assert_int_equal(count_known(fixture), 2); /* none of them is remembered */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(of_endless_people_few_are_remembered),
        TEST(who_is_known_is_met_again),
        TEST(a_crowd_hides_no_impostor),
        TEST(alarms_are_rationed),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("nicks", tests, NULL, NULL);
}

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
    assert_true(known_keys_open(&fixture->parts.known_peers, fixture->folder, "known_peers", &why));
    *state = fixture;
    return 0;
}

static int teardown(void **state) {
    struct fixture *fixture = *state;
    known_keys_close(&fixture->parts.known_peers);
    room_parts_clear(&fixture->parts);
    folder_remove(&fixture->folder);
    free(fixture);
    return 0;
}

/* Somebody with a key and a nick of this number introduces itself, and leaves. */
static bool comes(struct fixture *fixture, unsigned key, const char *nick, uint64_t now) {
    uint8_t seed[32] = "somebody";
    struct identity identity;
    memcpy(seed + 16, &key, sizeof key);
    identity_from_seed(seed, &identity);
    struct member *member = room_parts_member(&fixture->parts, &identity, nick);
    bool fine = nicks_identified(&fixture->parts.room.nicks, member->peer, now);
    members_finish(&fixture->parts.room.members, member);
    members_sweep(&fixture->parts.room.members);
    return fine;
}

static unsigned count_known(const struct fixture *fixture) {
    char file[FOLDER_PATH_SIZE];
    unsigned lines = 0;
    FILE *in = fopen(folder_file(fixture->folder, "known_peers", file), "r");
    assert_non_null(in);
    for (int c; (c = fgetc(in)) != EOF;) lines += c == '\n';
    fclose(in);
    return lines;
}

static void of_endless_people_few_are_remembered(void **state) {
    struct fixture *fixture = *state;
    char nick[16];
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(nick, sizeof nick, "n%u", i);
        assert_true(comes(fixture, i, nick, NOW + 15 * i)); /* they are let in all the same */
    }
    assert_int_equal(count_known(fixture), KNOWN_KEYS_NEW);
    assert_int_equal(fixture->parts.shown[EVENT_ERROR], 1);
    assert_false(comes(fixture, 5000, "n0", NOW + 15000)); /* another key, and that is known */
    for (unsigned i = 1000; i < 1010; i++) {
        snprintf(nick, sizeof nick, "n%u", i);
        assert_true(comes(fixture, i, nick, NOW + i * KNOWN_KEYS_NEW_MS));
    }
    assert_int_equal(count_known(fixture), KNOWN_KEYS_NEW + 10);
}

/* Whoever was there before counts as met today, and takes no new one's place. */
static void who_is_known_is_met_again(void **state) {
    struct fixture *fixture = *state;
    char file[FOLDER_PATH_SIZE], text[512];
    struct known_keys *known = &fixture->parts.known_peers;
    assert_true(comes(fixture, 1, "anna", NOW));
    assert_int_equal(known->today, TODAY);
    assert_int_equal(known->table.first->days, 1);
    for (unsigned i = 0; i < 100; i++) assert_true(comes(fixture, 1, "anna", NOW));
    assert_int_equal(known->table.first->days, 1);
    known->table.first->last = TODAY - 3; /* as if it had been then */
    assert_true(comes(fixture, 1, "anna", NOW));
    folder_read(folder_file(fixture->folder, "known_peers", file), text, sizeof text);
    assert_non_null(strstr(text, " 0002 2023-11-14\n"));
    assert_int_equal(count_known(fixture), 1);
    assert_int_equal(fixture->parts.shown[EVENT_ERROR], 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(of_endless_people_few_are_remembered),
        TEST(who_is_known_is_met_again),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("nicks", tests, NULL, NULL);
}

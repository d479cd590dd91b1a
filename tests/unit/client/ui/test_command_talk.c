#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/invite/invite.h"
#include "tests/support/command_stage.h"
#include "tests/support/folder.h"

/* --- Rooms --- */

static void join_asks_the_engine_or_goes_there(void **state) {
    char long_name[ROOM_NAME_MAX + 2], line[ROOM_NAME_MAX + 16], expected[256];
    struct command_stage stage;
    (void)state;
    stage_open(&stage, NULL);
    assert_true(stage_expect_told(&stage, "/join  tea ", INPUT_JOIN, "tea", "")->by_name);
    stage_done(&stage);
    stage_expect_told(&stage, "/join \"a room: with blanks\"", INPUT_JOIN, "a room: with blanks", "");
    stage_done(&stage);
    stage_enter(&stage, "tea");
    stage_enter(&stage, "teahouse");
    stage_expect(&stage, "/join tea", "");
    assert_string_equal(conversations_current(&stage.models.conversations)->name, "tea");
    stage_expect_told(&stage, "/join teah", INPUT_JOIN, "teah", ""); /* not the beginning of another */
    stage_done(&stage);
    memset(long_name, 'x', sizeof long_name);
    long_name[ROOM_NAME_MAX] = '\0';
    snprintf(line, sizeof line, "/join %s", long_name);
    stage_expect_told(&stage, line, INPUT_JOIN, long_name, "");
    stage_done(&stage);
    strcat(line, "x");
    snprintf(expected, sizeof expected,
             "! /join: '%.64s': expected a room's name of 1 to 256 bytes of UTF-8, not of 257\n", long_name);
    stage_expect(&stage, line, expected);
    stage_expect_told(&stage, "/join \"caf\u00e9\u00a0noir\"", INPUT_JOIN, "caf\u00e9 noir", "");
    stage_done(&stage);
    stage_enter(&stage, "caf\u00e9 noir");
    stage_enter(&stage, "decaf");
    stage_expect(&stage, "/join \"cafe\u0301 noir\"", ""); /* it is where we are already */
    assert_string_equal(conversations_current(&stage.models.conversations)->name, "caf\u00e9 noir");
    stage_expect_told(&stage, "/part cafe\u0301 noir", INPUT_PART, "caf\u00e9 noir", "");
    stage_done(&stage);
    stage_close(&stage);
}

static void invited(const struct invite *invite, const char *change, char line[static INVITE_TEXT_SIZE + 16]) {
    char text[INVITE_TEXT_SIZE];
    invite_format(invite, text);
    if (change) *strstr(text, change) ^= 1;
    snprintf(line, INVITE_TEXT_SIZE + 16, "/join %s", text);
}

static void join_takes_an_invite(void **state) {
    char line[INVITE_TEXT_SIZE + 16];
    struct invite invite = {
        .kind = INVITE_PRIVATE, .room = "tea house", .hosts = {{.name = "tea.example"}}, .host_count = 1};
    struct command_stage stage;
    (void)state;
    stage_open(&stage, NULL);
    memset(invite.root, 'r', sizeof invite.root);
    invited(&invite, NULL, line);
    stage_expect(&stage, line,
                 "! /join: this room is met at tea.example, expected a start of gochat with the invite\n");
    snprintf(stage.settings.bootnode, sizeof stage.settings.bootnode, "other.example, Tea.example");
    stage_expect_told(&stage, line, INPUT_ENTER, "tea house", "rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr");
    stage_done(&stage);
    invited(&invite, "tea%20", line); /* another room's name does not fit the checksum */
    stage_expect(
        &stage, line,
        "! /join: the invite is mistyped: its checksum does not fit the bootnode 'tea.example', the room 'uea house' "
        "and what stands behind the #; copy it again, or compare it with the one you were sent\n");
    invite.kind = INVITE_DOOR;
    memset(invite.secret, 't', invite.secret_size = PRIVATE_INVITE_SIZE);
    invited(&invite, NULL, line);
    stage_expect_told(&stage, line, INPUT_ENTER, "tea house",
                      "rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrtttttttttttttttttttttttttttttttttttttttt");
    stage_done(&stage);
    invite = (struct invite){.room = "tea house", .hosts = {{.name = "tea.example"}}, .host_count = 1};
    memcpy(invite.secret, "open sesame", invite.secret_size = 11);
    invited(&invite, NULL, line);
    assert_false(stage_expect_told(&stage, line, INPUT_JOIN, "tea house", "open sesame")->by_name);
    stage_done(&stage);
    invite.passphrase = true;
    invite.secret_size = 0;
    invited(&invite, NULL, line);
    stage_expect(
        &stage, line,
        "! /join: this room has a passphrase, expected a start of gochat with the invite, which asks for it\n");
    stage_enter(&stage, "tea house");
    stage_expect(&stage, line, "");
    stage_close(&stage);
}

static void join_reads_the_secret(void **state) {
    char file[FOLDER_PATH_SIZE], line[FOLDER_PATH_SIZE + 32], expected[FOLDER_PATH_SIZE + 64];
    char secret[ROOM_SECRET_MAX + 2];
    struct command_stage stage;
    stage_open(&stage, NULL);
    folder_file(*state, "secret", file);
    folder_write(file, "open sesame\r\n\n", 0600);
    snprintf(line, sizeof line, "/join cave %s", file);
    stage_expect_told(&stage, line, INPUT_JOIN, "cave", "open sesame");
    stage_done(&stage);
    assert_int_equal(setenv("HOME", *state, 1), 0);
    stage_expect_told(&stage, "/join cave ~/secret", INPUT_JOIN, "cave", "open sesame");
    stage_done(&stage);
    snprintf(line, sizeof line, "/join cave \"%s\"", file);
    stage_expect_told(&stage, line, INPUT_JOIN, "cave", "open sesame");
    stage_done(&stage);
    snprintf(expected, sizeof expected, "! /join: secret file %s: expected 1 to 4096 bytes\n", file);
    folder_write(file, "\n", 0600);
    stage_expect(&stage, line, expected);
    memset(secret, 's', sizeof secret);
    secret[ROOM_SECRET_MAX + 1] = '\0';
    folder_write(file, secret, 0600);
    stage_expect(&stage, line, expected);
    secret[ROOM_SECRET_MAX] = '\0';
    folder_write(file, secret, 0600);
    stage_expect_told(&stage, line, INPUT_JOIN, "cave", secret);
    stage_done(&stage);
    stage_close(&stage);
}

static void part_leaves_this_room_or_another_once(void **state) {
    struct command_stage stage;
    (void)state;
    stage_open(&stage, NULL);
    stage_enter(&stage, "tea");
    stage_enter(&stage, "green tea");
    stage_enter(&stage, "coffee");
    stage_expect_told(&stage, "/part", INPUT_PART, "coffee", "");
    stage_done(&stage);
    stage_expect(&stage, "/part", "! /part: coffee is being left\n");
    stage_expect(&stage, "/me waves", "! /me: coffee is being left\n");
    stage_expect(&stage, "/msg alice hi", "! /msg: coffee is being left\n");
    stage_expect_told(&stage, "/part gr", INPUT_PART, "green tea", "");
    stage_done(&stage);
    stage_expect_told(&stage, "/part \"tea\"", INPUT_PART, "tea", "");
    stage_done(&stage);
    stage_expect_told(&stage, "/join coffee", INPUT_JOIN, "coffee", ""); /* again, after it was left */
    stage_done(&stage);
    stage_close(&stage);
}

/* --- Who says what --- */

static void nicks_are_made_fit(void **state) {
    struct command_stage stage;
    (void)state;
    stage_open(&stage, NULL);
    stage_expect_told(&stage, "/nick dora", INPUT_NICK, "", "dora");
    stage_done(&stage);
    stage_expect_told(&stage, "/nick  dora  the explorer ", INPUT_NICK, "", "dora the explorer");
    stage_done(&stage);
    stage_expect_told(&stage, "/nick \"Do ra\"", INPUT_NICK, "", "Do ra");
    stage_done(&stage);
    stage_close(&stage);
}

static void me_is_an_action(void **state) {
    struct command_stage stage;
    struct input *input;
    (void)state;
    stage_open(&stage, NULL);
    stage_enter(&stage, "tea");
    input = stage_expect_told(&stage, "/me  pours  \"tea\"\nfor all ", INPUT_SAY, "tea", "pours  \"tea\"\nfor all");
    assert_int_equal(input->kind, CHAT_ACTION);
    stage_done(&stage);
    stage_close(&stage);
}

static void msg_is_for_one(void **state) {
    uint8_t id[MEMBER_ID_SIZE];
    struct command_stage stage;
    struct input *input;
    (void)state;
    stage_open(&stage, NULL);
    stage_enter(&stage, "tea");
    stage_connect(&stage, "tea", 1, "alice", ALICE);
    stage_connect(&stage, "tea", 2, "bob the builder", BOB);
    input = stage_expect_told(&stage, "/msg alice: can we  fix it?", INPUT_SAY, "tea", "can we  fix it?");
    assert_int_equal(input->kind, CHAT_PRIVATE);
    assert_memory_equal(input->peer, memset(id, 1, sizeof id), sizeof id);
    stage_done(&stage);
    input = stage_expect_told(&stage, "/msg \"bob the builder\" yes", INPUT_SAY, "tea", "yes");
    assert_memory_equal(input->peer, memset(id, 2, sizeof id), sizeof id);
    stage_done(&stage);
    stage_close(&stage);
}

/* Quotes may be the nick's or the argument's: nobody gets what was meant for another. */
static void quotes_leave_no_doubt(void **state) {
    uint8_t id[MEMBER_ID_SIZE];
    struct command_stage stage;
    (void)state;
    stage_open(&stage, NULL);
    stage_enter(&stage, "tea");
    stage_connect(&stage, "tea", 1, "\"bob\"", ALICE);
    assert_memory_equal(stage_expect_told(&stage, "/msg \"bob\" hi", INPUT_SAY, "tea", "hi")->peer,
                        memset(id, 1, sizeof id), sizeof id);
    stage_done(&stage);
    stage_connect(&stage, "tea", 2, "bob", BOB);
    stage_expect(&stage, "/msg \"bob\" hi", "! /msg: '\"bob\"' may be \"bob\"#a11c, bob#b0b1\n");
    stage_expect(&stage, "/info \"bob\"", "! /info: '\"bob\"' may be \"bob\"#a11c, bob#b0b1\n");
    stage_expect(&stage, "/ignore \"bob\"", "! /ignore: '\"bob\"' may be \"bob\"#a11c, bob#b0b1\n");
    assert_memory_equal(stage_expect_told(&stage, "/msg bob hi", INPUT_SAY, "tea", "hi")->peer,
                        memset(id, 2, sizeof id), sizeof id);
    stage_done(&stage);
    assert_memory_equal(stage_expect_told(&stage, "/msg \"\\\"BOB\\\"\" hi", INPUT_SAY, "tea", "hi")->peer,
                        memset(id, 1, sizeof id), sizeof id);
    stage_done(&stage);
    stage_close(&stage);
}

static void long_nicks_are_refused(void **state) {
    char line[64], expected[512], nick[TEXT_NICK_MAX + 2];
    struct command_stage stage;
    (void)state;
    memset(nick, 'n', sizeof nick - 1);
    nick[sizeof nick - 1] = '\0';
    stage_open(&stage, NULL);
    snprintf(line, sizeof line, "/nick %s", nick);
    snprintf(
        expected, sizeof expected,
        "! /nick: '%s' (33 bytes): expected a nick of 1 to 32 bytes of UTF-8 without ':', '#', control or invisible "
        "characters, not beginning with any of */!?[\n",
        nick);
    stage_expect(&stage, line, expected);
    stage_close(&stage);
}

static void who_is_meant_must_be_clear(void **state) {
    struct event *status;
    struct command_stage stage;
    (void)state;
    stage_open(&stage, NULL);
    stage_enter(&stage, "tea");
    stage_expect(&stage, "/msg bob hi", "! /msg: 'bob' is not here; here is nobody else\n");
    stage_connect(&stage, "tea", 1, "alice", ALICE);
    stage_connect(&stage, "tea", 2, "bob", BOB);
    stage_connect(&stage, "tea", 3, "bob", OTHER_BOB);
    stage_expect(&stage, "/msg bob hi", "! /msg: 'bob' may be bob#b0b10000, bob#b0b20000\n");
    stage_expect(&stage, "/msg BOB, hi", "! /msg: 'BOB,' may be bob#b0b10000, bob#b0b20000\n");
    stage_expect(&stage, "/msg bo hi", "! /msg: 'bo' is not here; here is alice#a11c, bob#b0b10000, bob#b0b20000\n");
    stage_expect_told(&stage, "/msg bob#b0b2 hi", INPUT_SAY, "tea", "hi");
    stage_done(&stage);
    status = stage_event_of("tea", EVENT_PEER_STATUS, 2, "bob");
    status->standing = STANDING_BLOCKED;
    stage_apply(&stage, status);
    stage_expect(&stage, "/msg bob#b0b1 hi",
                 "! /msg: bob#b0b10000 is blocked: whoever that is, it is not the key that you verified; see /trust\n");
    for (uint8_t id = 4; id < 12; id++) stage_arrive(&stage, "tea", id);
    stage_expect(&stage, "/msg zoe hi",
                 "! /msg: 'zoe' is not here; here is ?04040404, ?05050505, ?06060606, ?07070707, ?08080808, ?09090909, "
                 "?0a0a0a0a, ?0b0b0b0b and 3 more\n");
    stage_close(&stage);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(join_asks_the_engine_or_goes_there),
        cmocka_unit_test(join_takes_an_invite),
        IN_FOLDER(join_reads_the_secret),
        cmocka_unit_test(part_leaves_this_room_or_another_once),
        cmocka_unit_test(nicks_are_made_fit),
        cmocka_unit_test(me_is_an_action),
        cmocka_unit_test(msg_is_for_one),
        cmocka_unit_test(quotes_leave_no_doubt),
        cmocka_unit_test(long_nicks_are_refused),
        cmocka_unit_test(who_is_meant_must_be_clear),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("command_talk", tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/command_stage.h"
#include "tests/support/folder.h"

/* --- Answers --- */

static void who_shows_each_member(void **state) {
    struct command_stage stage;
    (void)state;
    stage_open(&stage, NULL);
    stage_enter(&stage, "tea");
    stage_expect(&stage, "/who", "* nobody else is here\n");
    stage_connect(&stage, "tea", 2, "bob", BOB);
    stage_arrive(&stage, "tea", 4);
    stage_connect(&stage, "tea", 1, "alice", ALICE);
    stage_expect(&stage, "/who",
                 "* ?04040404: connecting\n* alice#a11c: direct, 12 ms, 192.0.2.7:4000\n* bob#b0b1: direct, 12 ms, "
                 "192.0.2.7:4000\n");
    stage_close(&stage);
}

static void info_about_a_member_has_everything(void **state) {
    struct event *sent;
    struct command_stage stage;
    (void)state;
    stage_open(&stage, NULL);
    stage_enter(&stage, "tea");
    stage_connect(&stage, "tea", 1, "alice", ALICE);
    sent = stage_event("tea", EVENT_SENT, "hi");
    strcpy(sent->id, "1-1");
    sent->recipients = 1;
    stage_apply(&stage, sent);
    stage_expect(&stage, "/ignore alice", "* alice#a11c is ignored from now on\n");
    stage_expect(
        &stage, "/info alice",
        "* alice#a11c: direct, 12 ms, 192.0.2.7:4000, has 1 of our messages still to get, ignored\n* alice#a11c: "
        "cipher AES-256-GCM\n* alice#a11c: fingerprint " ALICE "\n* alice#a11c: safety number 12345 67890\n");
    assert_int_equal(stage.told_count - stage.told_taken, 1); /* only the engine knows how it was reached */
    assert_int_equal(stage.told[stage.told_taken]->type, INPUT_INFO);
    assert_string_equal(stage.told[stage.told_taken]->room, "tea");
    input_destroy(stage.told[stage.told_taken++]);
    stage_close(&stage);
}

static void info_tells_how_the_room_stands(void **state) {
    struct event *registered, *lost;
    struct command_stage stage;
    (void)state;
    stage_open(&stage, NULL);
    stage_enter(&stage, "tea");
    stage_expect(&stage, "/info",
                 "* room: tea\n* you: carol#0123, fingerprint " OUR_KEY
                 "\n* bootnode: not reached yet\n* members: 0 besides us, 0 connected, 0 connecting, 0 blocked\n* last "
                 "message: none was sent yet\n");
    registered = stage_event("tea", EVENT_REGISTERED, NULL);
    assert_true(address_parse("192.0.2.1:9595", 0, &registered->bootnode));
    assert_true(address_parse("198.51.100.9:1234", 0, &registered->mapped));
    stage_apply(&stage, registered);
    stage_connect(&stage, "tea", 1, "alice", ALICE);
    stage_arrive(&stage, "tea", 2);
    stage_expect(
        &stage, "/info",
        "* room: tea\n* you: carol#0123, fingerprint " OUR_KEY
        "\n* bootnode: registered at 192.0.2.1:9595, which sees us as 198.51.100.9:1234\n* members: 2 besides us, "
        "1 connected, 1 connecting, 0 blocked\n* last message: none was sent yet\n");
    lost = stage_event("tea", EVENT_BOOTNODE_LOST, "silent");
    assert_true(address_parse("192.0.2.1:9595", 0, &lost->bootnode));
    stage_apply(&stage, lost);
    conversations_current(&stage.models.conversations)->secret = true;
    stage_expect_told(&stage, "/part", INPUT_PART, "tea", "");
    stage_done(&stage);
    stage_expect(
        &stage, "/info",
        "* room: tea, secret: only who has its secret gets in, being left\n* you: carol#0123, fingerprint " OUR_KEY
        "\n* bootnode: 192.0.2.1:9595 is lost; it last saw us as 198.51.100.9:1234\n* members: 2 besides us, 1 "
        "connected, 1 connecting, 0 blocked\n* last message: none was sent yet\n");
    stage_close(&stage);
}

/* Only the engine has the secret. */
static void invite_asks_the_engine(void **state) {
    struct command_stage stage;
    (void)state;
    stage_open(&stage, NULL);
    stage_expect(&stage, "/invite", "! /invite: you are in no room, expected /join ROOM first\n");
    stage_enter(&stage, "tea");
    stage_expect_told(&stage, "/inv", INPUT_INVITE, "tea", "");
    stage_done(&stage);
    stage_expect(&stage, "/invite bob", "! /invite: expected /invite [once] [for TIME]\n");
    stage_close(&stage);
}

static void expect_last(struct command_stage *stage, const char *expected) {
    const char *line;
    commands_run(&stage->host, "/info");
    fflush(stage->output);
    line = strstr(stage->shown, "* last message: ");
    assert_non_null(line);
    assert_string_equal(line + strlen("* last message: "), expected);
    stage_forget_shown(stage);
}

static void answer(struct command_stage *stage, enum event_type type, uint8_t id) {
    struct event *event = stage_event_of("tea", type, id, "");
    strcpy(event->id, "1-1");
    stage_apply(stage, event);
}

static void info_names_who_has_not_got_it(void **state) {
    struct event *sent;
    struct command_stage stage;
    (void)state;
    stage_open(&stage, NULL);
    stage_enter(&stage, "tea");
    stage_apply(&stage, stage_event("tea", EVENT_SENT, "anybody?"));
    expect_last(&stage, "nobody was there to get it\n");
    stage_connect(&stage, "tea", 1, "alice", ALICE);
    stage_connect(&stage, "tea", 2, "bob", BOB);
    stage_arrive(&stage, "tea", 3);
    sent = stage_event("tea", EVENT_SENT, "hi");
    strcpy(sent->id, "1-1");
    sent->recipients = 3;
    stage_apply(&stage, sent);
    expect_last(&stage, "0 of 3 have it; it waits for ?03030303, alice#a11c, bob#b0b1\n");
    answer(&stage, EVENT_DELIVERED, 1);
    expect_last(&stage, "1 of 3 have it; it waits for ?03030303, bob#b0b1\n");
    answer(&stage, EVENT_UNDELIVERED, 2);
    expect_last(&stage, "1 of 3 have it; 1 left without it; it waits for ?03030303\n");
    answer(&stage, EVENT_DELIVERED, 3);
    expect_last(&stage, "2 of 3 have it; 1 left without it\n");
    stage_close(&stage);
}

/* --- Who is not heard, what is kept --- */

static void ignoring_is_by_key_and_kept(void **state) {
    struct command_stage stage;
    stage_open(&stage, *state);
    stage_enter(&stage, "tea");
    stage_expect(&stage, "/ignore", "* nobody is ignored\n");
    stage_connect(&stage, "tea", 1, "alice", ALICE);
    stage_arrive(&stage, "tea", 3);
    stage_expect(&stage, "/ignore 03030303", "! /ignore: ?03030303 is not connected, so the key is not known yet\n");
    stage_expect(&stage, "/ignore alice", "* alice#a11c is ignored from now on\n");
    assert_true(ignores_has(&stage.models.ignores, ALICE));
    stage_close(&stage);

    stage_open(&stage, *state); /* without any room */
    stage_expect(&stage, "/ignore", "* ignored: alice#a11c, fingerprint " ALICE "\n");
    stage_expect(&stage, "/ignore alice#a11c", "* alice#a11c is heard again\n");
    stage_expect(&stage, "/ignore", "* nobody is ignored\n");
    stage_close(&stage);
}

static void who_left_can_be_heard_again(void **state) {
    struct command_stage stage;
    (void)state;
    stage_open(&stage, NULL);
    stage_enter(&stage, "tea");
    stage_connect(&stage, "tea", 1, "alice", ALICE);
    stage_expect(&stage, "/ignore alice", "* alice#a11c is ignored from now on\n");
    stage_leave(&stage, "tea", 1, "alice");
    stage_connect(&stage, "tea", 2, "bob", BOB);
    stage_expect(&stage, "/ignore a11c0", "* alice#a11c is heard again\n");
    stage_expect(&stage, "/ignore alice", "! /ignore: 'alice' is not here; here is bob#b0b1\n");
    /* Of two with that nick, the one who is here is meant. */
    stage_connect(&stage, "tea", 3, "alice", ALICE);
    stage_expect(&stage, "/ignore alice", "* alice#a11c is ignored from now on\n");
    stage_leave(&stage, "tea", 3, "alice");
    stage_connect(&stage, "tea", 4, "alice", OTHER_BOB);
    stage_expect(&stage, "/ignore alice", "* alice#b0b2 is ignored from now on\n");
    stage_close(&stage);
}

static void logging_is_switched_and_says_where(void **state) {
    char expected[2 * FOLDER_PATH_SIZE];
    struct command_stage stage;
    stage_open(&stage, *state);
    stage_enter(&stage, "tea");
    snprintf(expected, sizeof expected, "* tea is logged in %s/transcripts/tea.log\n", (const char *)*state);
    stage_expect(&stage, "/log", "* tea is not logged\n");
    stage_expect(&stage, "/log on", expected);
    stage_expect(&stage, "/log", expected);
    stage_expect(&stage, "/log off", "* tea is not logged\n");
    assert_false(transcripts_enabled(&stage.models.transcripts, "tea"));
    stage_close(&stage);
}

/* --- Who said too much --- */

/* `count` lines of alice. */
static void say(struct command_stage *stage, const char *text, unsigned count) {
    struct conversation *room = conversations_current(&stage->models.conversations);
    struct event *event = stage_event_of("tea", EVENT_MESSAGE, 1, "alice");
    bool first_mention;
    struct event *said = event_create(EVENT_MESSAGE, text, strlen(text));
    memcpy(said->peer, event->peer, sizeof said->peer);
    memcpy(said->nick, event->nick, sizeof said->nick);
    said->room = "tea";
    while (count-- > 0)
        floods_take(&room->floods, &(struct flood_said){said, ALICE, "alice#a11c", false}, 1000, &first_mention);
    event_destroy(event);
    event_destroy(said);
}

static void what_was_folded_is_shown(void **state) {
    struct command_stage stage;
    (void)state;
    stage_open(&stage, NULL);
    stage_expect(&stage, "/unfold alice", "! /unfold: you are in no room, expected /join ROOM first\n");
    stage_enter(&stage, "tea");
    stage_arrive(&stage, "tea", 1);
    stage_connect(&stage, "tea", 1, "alice", ALICE);
    stage_forget_shown(&stage);
    say(&stage, "one", FLOOD_LINES);
    say(&stage, "two", 2);
    stage_expect(&stage, "/unfold dave", "! /unfold: 'dave' is not here; here is alice#a11c\n");
    const char *two = "[00:00] alice#a11c: two\n[00:00] alice#a11c: two\n* nothing of alice#a11c is folded for 10 "
                      "minutes\n";
    stage_expect(&stage, "/unfold alice#a11c", two);
    stage_expect(&stage, "/unfold alice", "* nothing of alice#a11c is folded for 10 minutes\n");
    stage_close(&stage);
}

/* Somebody who left can have said too much, too. */
static void of_one_who_left_what_was_folded_is_shown(void **state) {
    struct command_stage stage;
    (void)state;
    stage_open(&stage, NULL);
    stage_enter(&stage, "tea");
    stage_arrive(&stage, "tea", 1);
    stage_connect(&stage, "tea", 1, "alice", ALICE);
    say(&stage, "one", FLOOD_LINES + 1);
    stage_leave(&stage, "tea", 1, "alice");
    stage_forget_shown(&stage);
    stage_expect(&stage, "/unfold alice",
                 "[00:00] alice#a11c: one\n* nothing of alice#a11c is folded for 10 minutes\n");
    stage_close(&stage);
}

/* --- Settings --- */

static void settings_are_shown_and_changed(void **state) {
    struct command_stage stage;
    (void)state;
    stage_open(&stage, NULL);
    stage_expect(
        &stage, "/set",
        "* bell = off (rings where your nick is said)\n* notify = off (a note on the desktop (OSC 9) where your "
        "nick is said)\n* title = off (the room and what is unread in the title of the terminal)\n* mouse = "
        "on (the wheel scrolls; who selects with the mouse holds Shift)\n* members = auto "
        "(the list of members)\n* joins = auto (who comes and who leaves)\n* flood = auto (folds what one says too "
        "fast to be read)\n* links = auto (URLs that the terminal "
        "opens (OSC 8))\n* clock = minutes (the time in front of "
        "each "
        "line)\n* theme = auto (colours for a dark or a light background)\n* colours = auto (how many "
        "colours are used)\n");
    stage_expect(&stage, "/set bell", "* bell = off (rings where your nick is said)\n");
    assert_int_equal(stage.changes, 0);
    stage_expect(&stage, "/set bell yes", "* bell = on (rings where your nick is said)\n");
    assert_true(stage.settings.bell);
    stage_expect(&stage, "/set clock seconds", "* clock = seconds (the time in front of each line)\n");
    assert_int_equal(stage.settings.clock, CLOCK_SECONDS);
    assert_int_equal(stage.changes, 2);
    stage.host.settings_changed = NULL;
    stage_expect(&stage, "/set members off", "* members = off (the list of members)\n");
    stage_close(&stage);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_shows_each_member),          cmocka_unit_test(info_about_a_member_has_everything),
        cmocka_unit_test(info_tells_how_the_room_stands), cmocka_unit_test(invite_asks_the_engine),
        cmocka_unit_test(info_names_who_has_not_got_it),  IN_FOLDER(ignoring_is_by_key_and_kept),
        cmocka_unit_test(who_left_can_be_heard_again),    IN_FOLDER(logging_is_switched_and_says_where),
        cmocka_unit_test(what_was_folded_is_shown),       cmocka_unit_test(of_one_who_left_what_was_folded_is_shown),
        cmocka_unit_test(settings_are_shown_and_changed),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("command_answers", tests, NULL, NULL);
}

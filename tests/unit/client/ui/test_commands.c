#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/command_stage.h"

/* --- The table --- */

static void the_table_says_it_all(void **state) {
    static const char *const names[] = {"join",   "part",   "nick",   "me",     "msg",      "who",   "info",
                                        "invite", "topic",  "kick",   "ban",    "unban",    "op",    "deop",
                                        "lock",   "ignore", "unfold", "verify", "unverify", "trust", "find",
                                        "clear",  "log",    "set",    "help",   "quit"};
    size_t count;
    const struct command *table = commands_table(&count);
    (void)state;
    assert_int_equal(count, sizeof names / sizeof *names);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(table[i].name, names[i]);
        assert_true(*table[i].help);
        assert_non_null(table[i].run);
    }
    assert_int_equal(table[0].completes, COMPLETE_ROOM);
    assert_int_equal(table[4].completes, COMPLETE_PEER);
}

static void what_needs_members_does_not_go_ahead(void **state) {
    static const char *const ahead[] = {"/part", "/p x", "/join tea", "/quit",
                                        "/",     "/m",   "/nothing",  "/a-name-that-is-longer-than-any"};
    static const char *const waiting[] = {"/me waves", "/msg bob hi", "/w", "/info", "/ignore bob"};
    (void)state;
    for (size_t i = 0; i < sizeof ahead / sizeof *ahead; i++) assert_true(commands_goes_ahead(ahead[i]));
    for (size_t i = 0; i < sizeof waiting / sizeof *waiting; i++) assert_false(commands_goes_ahead(waiting[i]));
}

static void two_slashes_are_text(void **state) {
    (void)state;
    assert_true(commands_is("/quit"));
    assert_true(commands_is("/"));
    assert_true(commands_is("/ quit"));
    assert_false(commands_is("//etc/motd"));
    assert_false(commands_is(" /quit"));
    assert_false(commands_is(""));
}

/* The text is what is said of such a line. */
static void paths_and_comments_are_text(void **state) {
    static const char *const lines[][2] = {
        {"/usr/include/stdio.h:12: error: no such thing\n   12 | int", NULL},
        {"/etc/passwd is readable", NULL},
        {"/home/x/a.c", NULL},
        {"/etc/", NULL},
        {"/quit/", NULL},
        {"/me/too", NULL},
        {"/etc: no such file", NULL},
        {"/24 is enough", NULL},
        {"/* a comment */", NULL},
        {"/.hidden", NULL},
        {"/log4j is old", NULL},
        {"/info.txt", NULL},
        {"/who-is-who", NULL},
        {"/\xf0\x9f\x98\x80", NULL},
        {"/\xff", NULL},
        {"//etc/motd", "/etc/motd"},
        {"//me waves", "/me waves"},
        {"//", "/"},
        {"no /me", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        assert_false(commands_is(lines[i][0]));
        assert_string_equal(commands_text(lines[i][0]), lines[i][1] ? lines[i][1] : lines[i][0]);
    }
}

/* What was to be for one member alone, say, is not said to all because of a slip. */
static void slips_are_errors_and_no_text(void **state) {
    struct command_stage stage;
    (void)state;
    stage_open(&stage, NULL);
    stage_enter(&stage, "tea");
    stage_expect(&stage, "/jion milk", "! /jion: no such command, expected /join?\n");
    stage_expect(&stage, "/msg:bob hi", "! /msg:bob: no such command, expected /msg?\n");
    stage_expect(&stage,
                 "/msg\xef\xbc\x9a"
                 "bob hi",
                 "! /msg\xef\xbc\x9a"
                 "bob: no such command, expected /msg?\n");
    stage_expect(&stage, "/help?", "! /help?: no such command, expected /help?\n");
    stage_expect(&stage, "/me\xe2\x80\x99s", "! /me\xe2\x80\x99s: no such command, expected /me?\n");
    stage_expect(&stage, "/\xd1\x8c\xd1\x8b\xd0\xbf bob hi",
                 "! /\xd1\x8c\xd1\x8b\xd0\xbf: no such command, /help lists them; "
                 "text that begins with / is written //\xe2\x80\xa6\n");
    stage_expect(&stage, "/ msg bob hi",
                 "! /: no such command, /help lists them; text that begins with / is written //\xe2\x80\xa6\n");
    stage_close(&stage);
}

/* U+00A0, U+3000, U+202F, U+0085 and a tab. */
static void all_white_space_of_unicode_separates(void **state) {
    static const char *const blanks[] = {"\xc2\xa0", "\xe3\x80\x80", "\xe2\x80\xaf", "\xc2\x85", "\t", " \xc2\xa0 "};
    struct command_stage stage;
    (void)state;
    stage_open(&stage, NULL);
    stage_enter(&stage, "tea");
    stage_connect(&stage, "tea", 0xbb, "bob", BOB);
    for (size_t i = 0; i < sizeof blanks / sizeof *blanks; i++) {
        const char *blank = blanks[i];
        char line[128];
        snprintf(line, sizeof line, "/me%swaves\xc2\xa0to all%s", blank, blank);
        stage_expect_told(&stage, line, INPUT_SAY, "tea", "waves\xc2\xa0to all");
        stage_done(&stage);
        snprintf(line, sizeof line, "/msg%sbob%shi%sthere", blank, blank, blank);
        snprintf(line + 64, sizeof line - 64, "hi%sthere", blank);
        stage_expect_told(&stage, line, INPUT_SAY, "tea", line + 64);
        stage_done(&stage);
        snprintf(line, sizeof line, "/msg%s\"bob\"%shi", blank, blank);
        stage_expect_told(&stage, line, INPUT_SAY, "tea", "hi");
        stage_done(&stage);
        snprintf(line, sizeof line, "/join%s\"a room\"%s", blank, blank);
        stage_expect_told(&stage, line, INPUT_JOIN, "a room", "");
        stage_done(&stage);
        snprintf(line, sizeof line, "/quit%s", blank);
        stage_expect(&stage, line, "");
        assert_int_equal(stage.quits, i + 1);
        snprintf(line, sizeof line, "/msg%sbob", blank);
        assert_false(commands_goes_ahead(line));
    }
    stage_close(&stage);
}

static void names_may_be_short_while_they_say_which(void **state) {
    struct command_stage stage;
    (void)state;
    stage_open(&stage, NULL);
    stage_enter(&stage, "tea");
    stage_expect_told(&stage, "/j coffee", INPUT_JOIN, "coffee", "");
    stage_done(&stage);
    stage_expect_told(&stage, "/me waves", INPUT_SAY, "tea", "waves");
    stage_done(&stage);
    stage_expect(&stage, "/q", "");
    assert_int_equal(stage.quits, 1);
    stage_expect(&stage, "/m waves", "! /m: expected /me or /msg\n");
    stage_expect(&stage, "/i", "! /i: expected /info, /invite or /ignore\n");
    stage_close(&stage);
}

static void unknown_names_are_told_the_near_ones(void **state) {
    struct command_stage stage;
    (void)state;
    stage_open(&stage, NULL);
    stage_expect(&stage, "/jion tea", "! /jion: no such command, expected /join?\n");
    stage_expect(&stage, "/sit", "! /sit: no such command, expected /set?\n");
    stage_expect(&stage, "/cleer", "! /cleer: no such command, expected /clear?\n");
    stage_expect(&stage, "/mu", "! /mu: no such command, expected /me?\n");
    stage_expect(&stage, "/fart", "! /fart: no such command, expected /part?\n");
    stage_close(&stage);
}

static void unknown_names_without_near_ones_are_told_of_help(void **state) {
    static const char *const lines[] = {"/", "/ join", "/etc", "/x", "/dance with me"};
    static const char *const names[] = {"", "", "etc", "x", "dance"};
    struct command_stage stage;
    char expected[256];
    (void)state;
    stage_open(&stage, NULL);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        snprintf(expected, sizeof expected,
                 "! /%s: no such command, /help lists them; text that begins with / is written //…\n", names[i]);
        stage_expect(&stage, lines[i], expected);
    }
    stage_close(&stage);
}

static void wrong_use_is_told_what_was_expected(void **state) {
    static const struct {
        const char *line, *error;
    } cases[] = {
        {"/join", "/join: expected /join ROOM [SECRET-FILE] | INVITE"},
        {"/join a b c", "/join: expected /join ROOM [SECRET-FILE] | INVITE"},
        {"/join \"a b", "/join: expected /join ROOM [SECRET-FILE] | INVITE"},
        {"/join \"a\"b", "/join: expected /join ROOM [SECRET-FILE] | INVITE"},
        {"/join \"\"", "/join: '': expected a room's name of 1 to 256 bytes of UTF-8, not an empty one"},
        {"/join \" coffee\"",
         "/join: ' coffee': expected a room's name of 1 to 256 bytes of UTF-8, without U+0020 at its beginning"},
        {"/join coffee /no/such/file", "/join: secret file /no/such/file: No such file or directory"},
        {"/join coffee ~nobody-has-this-name/x", "/join: secret file ~nobody-has-this-name/x: expected a known home "
                                                 "directory for ~"},
        {"/join tea secret", "/join: you are in tea already, expected /part first"},
        {"/part coffee", "/part: you are not in that room, expected one of tea"},
        {"/nick", "/nick: expected /nick NAME"},
        {"/nick a:b", "/nick: 'a:b' (3 bytes): expected a nick of 1 to 32 bytes of UTF-8 without ':', '#', control or "
                      "invisible characters, not "
                      "beginning with any of */!?["},
        {"/me", "/me: expected /me TEXT"},
        {"/msg", "/msg: expected /msg PEER TEXT"},
        {"/msg alice", "/msg: expected /msg PEER TEXT"},
        {"/msg \"alice hello", "/msg: expected /msg PEER TEXT"},
        {"/msg dave hello", "/msg: 'dave' is not here; here is alice#a11c"},
        {"/who alice", "/who: expected /who"},
        {"/info dave", "/info: 'dave' is not here; here is alice#a11c"},
        {"/ignore dave", "/ignore: 'dave' is not here; here is alice#a11c"},
        {"/clear all", "/clear: expected /clear"},
        {"/log maybe", "/log: expected /log [on|off]"},
        {"/set port 1",
         "/set: no setting 'port', expected one of bell, notify, title, mouse, members, joins, flood, links, clock, "
         "theme, colours"},
        {"/set bell loud", "/set: bell 'loud': expected on or off"},
        {"/set clock late", "/set: clock 'late': expected minutes, seconds or off"},
        {"/help jion", "/jion: no such command, expected /join?"},
        {"/quit now", "/quit: expected /quit"},
    };
    struct command_stage stage;
    char expected[512];
    (void)state;
    stage_open(&stage, NULL);
    stage_enter(&stage, "tea");
    stage_connect(&stage, "tea", 1, "alice", ALICE);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(expected, sizeof expected, "! %s\n", cases[i].error);
        stage_expect(&stage, cases[i].line, expected);
    }
    assert_int_equal(stage.quits + stage.clears + stage.changes, 0);
    stage_close(&stage);
}

static void commands_that_need_a_room_say_so(void **state) {
    static const char *const lines[] = {"/part",       "/me waves", "/msg alice hi", "/who",         "/info",
                                        "/info alice", "/log",      "/log on",       "/ignore alice"};
    struct command_stage stage;
    char expected[128];
    (void)state;
    stage_open(&stage, NULL);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        snprintf(expected, sizeof expected, "! %.*s: you are in no room, expected /join ROOM first\n",
                 (int)strcspn(lines[i], " "), lines[i]);
        stage_expect(&stage, lines[i], expected);
    }
    stage_close(&stage);
}

/* --- The screen, help --- */

static void the_screen_is_asked(void **state) {
    struct command_stage stage;
    (void)state;
    stage_open(&stage, NULL);
    stage_expect(&stage, "/find  two words ", "");
    assert_string_equal(stage.found, "<two words>");
    stage_expect(&stage, "/find", "");
    assert_string_equal(stage.found, "<>");
    stage_expect(&stage, "/clear", "");
    assert_int_equal(stage.clears, 1);
    stage_expect(&stage, "/help keys", "");
    assert_int_equal(stage.key_helps, 1);
    stage.host.find = NULL;
    stage.host.clear = NULL;
    stage.host.keys_help = NULL;
    stage_expect(&stage, "/find it", "! /find: expected a screen (--ui curses)\n");
    stage_expect(&stage, "/clear", "! /clear: expected a screen (--ui curses)\n");
    stage_expect(&stage, "/help keys", "! /help: keys: expected a screen (--ui curses)\n");
    stage_close(&stage);
}

static void help_explains_one_or_all(void **state) {
    struct command_stage stage;
    size_t count, lines = 0;
    (void)state;
    stage_open(&stage, NULL);
    stage_expect(&stage, "/help msg", "* /msg PEER TEXT: says it to one member alone\n");
    stage_expect(&stage, "/help /j", "* /join ROOM [SECRET-FILE] | INVITE: joins a room, or goes to it\n");
    commands_run(&stage.host, "/help");
    fflush(stage.output);
    for (const char *at = stage.shown; (at = strchr(at, '\n')); at++) lines++;
    commands_table(&count);
    assert_int_equal(lines, count + 2);
    assert_non_null(strstr(stage.shown, "/help keys"));
    assert_non_null(strstr(stage.shown, "//TEXT"));
    stage_close(&stage);
}

static void quit_leaves(void **state) {
    struct command_stage stage;
    (void)state;
    stage_open(&stage, NULL);
    stage_expect(&stage, "/quit ", "");
    assert_int_equal(stage.quits, 1);
    stage_close(&stage);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_says_it_all),
        cmocka_unit_test(two_slashes_are_text),
        cmocka_unit_test(what_needs_members_does_not_go_ahead),
        cmocka_unit_test(paths_and_comments_are_text),
        cmocka_unit_test(slips_are_errors_and_no_text),
        cmocka_unit_test(all_white_space_of_unicode_separates),
        cmocka_unit_test(names_may_be_short_while_they_say_which),
        cmocka_unit_test(unknown_names_are_told_the_near_ones),
        cmocka_unit_test(unknown_names_without_near_ones_are_told_of_help),
        cmocka_unit_test(wrong_use_is_told_what_was_expected),
        cmocka_unit_test(commands_that_need_a_room_say_so),
        cmocka_unit_test(the_screen_is_asked),
        cmocka_unit_test(help_explains_one_or_all),
        cmocka_unit_test(quit_leaves),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("commands", tests, NULL, NULL);
}

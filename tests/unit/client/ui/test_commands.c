#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "client/ui/commands.h"
#include "client/ui/plain.h"
#include "tests/support/folder.h"

#define ALICE "a11c0000000000000000000000000000"
#define BOB "b0b10000000000000000000000000000"
#define OTHER_BOB "b0b20000000000000000000000000000"
#define OUR_KEY "0123456789abcdef0123456789abcdef"
#define INPUTS 32

/* A user in a room, and what came of what was typed. */
struct stage {
    struct models models;
    struct client_config settings;
    struct command_host host;
    struct input *told[INPUTS];
    size_t told_count, told_taken;
    char *shown; /* as plain shows it */
    size_t shown_size;
    FILE *output;
    char found[64];
    unsigned clears, changes, key_helps, quits;
};

/* --- what commands act on --- */

static void tell(void *context, struct input *input) {
    struct stage *stage = context;

    assert_true(stage->told_count < INPUTS);
    stage->told[stage->told_count++] = input;
}

static void show(void *context, const struct event *event) {
    struct stage *stage = context;
    char *line = ui_plain_line(event);

    assert_non_null(line);
    fputs(line, stage->output);
    free(line);
}

static void go(void *context, struct conversation *to) {
    struct stage *stage = context;

    while (conversations_current(&stage->models.conversations) != to)
        stage->models.conversations.current =
            (stage->models.conversations.current + 1) % stage->models.conversations.count;
}

static void find(void *context, const char *text) {
    struct stage *stage = context;

    snprintf(stage->found, sizeof stage->found, "<%s>", text);
}

static void clear(void *context) {
    ((struct stage *)context)->clears++;
}

static void settings_changed(void *context) {
    ((struct stage *)context)->changes++;
}

static void keys_help(void *context) {
    ((struct stage *)context)->key_helps++;
}

static void quit(void *context) {
    ((struct stage *)context)->quits++;
}

static void stage_open(struct stage *stage, const char *directory) {
    struct why why;

    memset(stage, 0, sizeof *stage);
    conversations_init(&stage->models.conversations, "carol", OUR_KEY);
    assert_true(ignores_open(&stage->models.ignores, directory, &why));
    transcripts_open(&stage->models.transcripts, directory);
    ini_table_defaults(&client_config_table, &stage->settings);
    assert_non_null(stage->output = open_memstream(&stage->shown, &stage->shown_size));
    stage->host = (struct command_host){.context = stage,
                                        .models = &stage->models,
                                        .settings = &stage->settings,
                                        .tell = tell,
                                        .show = show,
                                        .go = go,
                                        .find = find,
                                        .clear = clear,
                                        .settings_changed = settings_changed,
                                        .keys_help = keys_help,
                                        .quit = quit};
}

static void stage_close(struct stage *stage) {
    assert_int_equal(stage->told_taken, stage->told_count);
    conversations_clear(&stage->models.conversations);
    ignores_close(&stage->models.ignores);
    transcripts_close(&stage->models.transcripts);
    fclose(stage->output);
    free(stage->shown);
}

/* --- events --- */

static struct event *event_in(const char *room, enum event_type type, const char *text) {
    struct event *event = event_create(type, text, text ? strlen(text) : 0);

    event->room = room;
    return event;
}

static void apply(struct stage *stage, struct event *event) {
    conversations_apply(&stage->models.conversations, event);
    event_destroy(event);
}

static void enter(struct stage *stage, const char *room) {
    apply(stage, event_in(room, EVENT_JOINED, NULL));
}

static struct event *of_peer(const char *room, enum event_type type, uint8_t id, const char *nick) {
    struct event *event = event_in(room, type, NULL);

    memset(event->peer, id, sizeof event->peer);
    snprintf(event->nick, sizeof event->nick, "%s", nick);
    return event;
}

static void arrive(struct stage *stage, const char *room, uint8_t id) {
    apply(stage, of_peer(room, EVENT_PEER_JOINED, id, ""));
}

static void connect_peer(struct stage *stage, const char *room, uint8_t id, const char *nick, const char *fingerprint) {
    struct event *event = of_peer(room, EVENT_PEER_CONNECTED, id, nick);

    arrive(stage, room, id);
    assert_true(address_parse("192.0.2.7:4000", 0, &event->address));
    event->rtt_ms = 12;
    event->cipher = "AES-256-GCM";
    memcpy(event->fingerprint, fingerprint, sizeof event->fingerprint);
    snprintf(event->safety, sizeof event->safety, "12345 67890");
    apply(stage, event);
}

static void leave(struct stage *stage, const char *room, uint8_t id, const char *nick) {
    apply(stage, of_peer(room, EVENT_PEER_LEFT, id, nick));
}

/* --- what is expected --- */

static void forget_shown(struct stage *stage) {
    fclose(stage->output);
    free(stage->shown);
    assert_non_null(stage->output = open_memstream(&stage->shown, &stage->shown_size));
}

static void expect_shown(struct stage *stage, const char *expected) {
    fflush(stage->output);
    assert_string_equal(stage->shown, expected);
    forget_shown(stage);
}

static void expect(struct stage *stage, const char *line, const char *expected) {
    assert_true(commands_is(line));
    commands_run(&stage->host, line);
    expect_shown(stage, expected);
}

static struct input *expect_told(struct stage *stage, const char *line, enum input_type type, const char *room,
                                 const char *text) {
    struct input *input;

    expect(stage, line, "");
    assert_int_equal(stage->told_count, stage->told_taken + 1);
    input = stage->told[stage->told_taken];
    assert_int_equal(input->type, type);
    assert_string_equal(input->room, room);
    assert_string_equal(input->text, text);
    assert_int_equal(input->size, strlen(text));
    return input;
}

static void done(struct stage *stage) {
    input_destroy(stage->told[stage->told_taken++]);
}

/* --- the table --- */

static void the_table_says_it_all(void **state) {
    static const char *const names[] = {"join",   "part", "nick",  "me",  "msg", "who",  "info",
                                        "ignore", "find", "clear", "log", "set", "help", "quit"};
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
    struct stage stage;

    (void)state;
    stage_open(&stage, NULL);
    enter(&stage, "tea");
    expect(&stage, "/jion milk", "! /jion: no such command, expected /join?\n");
    expect(&stage, "/msg:bob hi", "! /msg:bob: no such command, expected /msg?\n");
    expect(&stage,
           "/msg\xef\xbc\x9a"
           "bob hi",
           "! /msg\xef\xbc\x9a"
           "bob: no such command, expected /msg?\n");
    expect(&stage, "/help?", "! /help?: no such command, expected /help?\n");
    expect(&stage, "/me\xe2\x80\x99s", "! /me\xe2\x80\x99s: no such command, expected /me?\n");
    expect(&stage, "/\xd1\x8c\xd1\x8b\xd0\xbf bob hi",
           "! /\xd1\x8c\xd1\x8b\xd0\xbf: no such command, /help lists them; "
           "text that begins with / is written //\xe2\x80\xa6\n");
    expect(&stage, "/ msg bob hi",
           "! /: no such command, /help lists them; text that begins with / is written //\xe2\x80\xa6\n");
    stage_close(&stage);
}

/* U+00A0, U+3000, U+202F, U+0085 and a tab. */
static void all_white_space_of_unicode_separates(void **state) {
    static const char *const blanks[] = {"\xc2\xa0", "\xe3\x80\x80", "\xe2\x80\xaf", "\xc2\x85", "\t", " \xc2\xa0 "};
    struct stage stage;

    (void)state;
    stage_open(&stage, NULL);
    enter(&stage, "tea");
    connect_peer(&stage, "tea", 0xbb, "bob", BOB);
    for (size_t i = 0; i < sizeof blanks / sizeof *blanks; i++) {
        const char *blank = blanks[i];
        char line[128];

        snprintf(line, sizeof line, "/me%swaves\xc2\xa0to all%s", blank, blank);
        expect_told(&stage, line, INPUT_SAY, "tea", "waves\xc2\xa0to all");
        done(&stage);
        snprintf(line, sizeof line, "/msg%sbob%shi%sthere", blank, blank, blank);
        snprintf(line + 64, sizeof line - 64, "hi%sthere", blank);
        expect_told(&stage, line, INPUT_SAY, "tea", line + 64);
        done(&stage);
        snprintf(line, sizeof line, "/msg%s\"bob\"%shi", blank, blank);
        expect_told(&stage, line, INPUT_SAY, "tea", "hi");
        done(&stage);
        snprintf(line, sizeof line, "/join%s\"a room\"%s", blank, blank);
        expect_told(&stage, line, INPUT_JOIN, "a room", "");
        done(&stage);
        snprintf(line, sizeof line, "/quit%s", blank);
        expect(&stage, line, "");
        assert_int_equal(stage.quits, i + 1);
        snprintf(line, sizeof line, "/msg%sbob", blank);
        assert_false(commands_goes_ahead(line));
    }
    stage_close(&stage);
}

static void names_may_be_short_while_they_say_which(void **state) {
    struct stage stage;

    (void)state;
    stage_open(&stage, NULL);
    enter(&stage, "tea");
    expect_told(&stage, "/j coffee", INPUT_JOIN, "coffee", "");
    done(&stage);
    expect_told(&stage, "/me waves", INPUT_SAY, "tea", "waves");
    done(&stage);
    expect(&stage, "/q", "");
    assert_int_equal(stage.quits, 1);
    expect(&stage, "/m waves", "! /m: expected /me or /msg\n");
    expect(&stage, "/i", "! /i: expected /info or /ignore\n");
    stage_close(&stage);
}

static void unknown_names_are_told_the_near_ones(void **state) {
    struct stage stage;

    (void)state;
    stage_open(&stage, NULL);
    expect(&stage, "/jion tea", "! /jion: no such command, expected /join?\n");
    expect(&stage, "/sit", "! /sit: no such command, expected /set?\n");
    expect(&stage, "/cleer", "! /cleer: no such command, expected /clear?\n");
    expect(&stage, "/mu", "! /mu: no such command, expected /me?\n");
    expect(&stage, "/fart", "! /fart: no such command, expected /part?\n");
    stage_close(&stage);
}

static void unknown_names_without_near_ones_are_told_of_help(void **state) {
    static const char *const lines[] = {"/", "/ join", "/etc", "/x", "/dance with me"};
    static const char *const names[] = {"", "", "etc", "x", "dance"};
    struct stage stage;
    char expected[256];

    (void)state;
    stage_open(&stage, NULL);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        snprintf(expected, sizeof expected,
                 "! /%s: no such command, /help lists them; text that begins with / is written //…\n", names[i]);
        expect(&stage, lines[i], expected);
    }
    stage_close(&stage);
}

static void wrong_use_is_told_what_was_expected(void **state) {
    static const struct {
        const char *line, *error;
    } cases[] = {
        {"/join", "/join: expected /join ROOM [SECRET-FILE]"},
        {"/join a b c", "/join: expected /join ROOM [SECRET-FILE]"},
        {"/join \"a b", "/join: expected /join ROOM [SECRET-FILE]"},
        {"/join \"a\"b", "/join: expected /join ROOM [SECRET-FILE]"},
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
        {"/set port 1", "/set: no setting 'port', expected one of bell, notify, title, mouse, members, clock, colours"},
        {"/set bell loud", "/set: bell 'loud': expected on or off"},
        {"/set clock late", "/set: clock 'late': expected minutes, seconds or off"},
        {"/help jion", "/jion: no such command, expected /join?"},
        {"/quit now", "/quit: expected /quit"},
    };
    struct stage stage;
    char expected[512];

    (void)state;
    stage_open(&stage, NULL);
    enter(&stage, "tea");
    connect_peer(&stage, "tea", 1, "alice", ALICE);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(expected, sizeof expected, "! %s\n", cases[i].error);
        expect(&stage, cases[i].line, expected);
    }
    assert_int_equal(stage.quits + stage.clears + stage.changes, 0);
    stage_close(&stage);
}

static void commands_that_need_a_room_say_so(void **state) {
    static const char *const lines[] = {"/part",       "/me waves", "/msg alice hi", "/who",         "/info",
                                        "/info alice", "/log",      "/log on",       "/ignore alice"};
    struct stage stage;
    char expected[128];

    (void)state;
    stage_open(&stage, NULL);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        snprintf(expected, sizeof expected, "! %.*s: you are in no room, expected /join ROOM first\n",
                 (int)strcspn(lines[i], " "), lines[i]);
        expect(&stage, lines[i], expected);
    }
    stage_close(&stage);
}

/* --- rooms --- */

static void join_asks_the_engine_or_goes_there(void **state) {
    char long_name[ROOM_NAME_MAX + 2], line[ROOM_NAME_MAX + 16], expected[256];
    struct stage stage;

    (void)state;
    stage_open(&stage, NULL);
    expect_told(&stage, "/join  tea ", INPUT_JOIN, "tea", "");
    done(&stage);
    expect_told(&stage, "/join \"a room: with blanks\"", INPUT_JOIN, "a room: with blanks", "");
    done(&stage);
    enter(&stage, "tea");
    enter(&stage, "teahouse");
    expect(&stage, "/join tea", "");
    assert_string_equal(conversations_current(&stage.models.conversations)->name, "tea");
    expect_told(&stage, "/join teah", INPUT_JOIN, "teah", ""); /* not the beginning of another */
    done(&stage);
    memset(long_name, 'x', sizeof long_name);
    long_name[ROOM_NAME_MAX] = '\0';
    snprintf(line, sizeof line, "/join %s", long_name);
    expect_told(&stage, line, INPUT_JOIN, long_name, "");
    done(&stage);
    strcat(line, "x");
    snprintf(expected, sizeof expected,
             "! /join: '%.64s': expected a room's name of 1 to 256 bytes of UTF-8, not of 257\n", long_name);
    expect(&stage, line, expected);
    expect_told(&stage, "/join \"caf\u00e9\u00a0noir\"", INPUT_JOIN, "caf\u00e9 noir", "");
    done(&stage);
    enter(&stage, "caf\u00e9 noir");
    enter(&stage, "decaf");
    expect(&stage, "/join \"cafe\u0301 noir\"", ""); /* it is where we are already */
    assert_string_equal(conversations_current(&stage.models.conversations)->name, "caf\u00e9 noir");
    expect_told(&stage, "/part cafe\u0301 noir", INPUT_PART, "caf\u00e9 noir", "");
    done(&stage);
    stage_close(&stage);
}

static void join_reads_the_secret(void **state) {
    char file[FOLDER_PATH_SIZE], line[FOLDER_PATH_SIZE + 32], expected[FOLDER_PATH_SIZE + 64];
    char secret[ROOM_SECRET_MAX + 2];
    struct stage stage;

    stage_open(&stage, NULL);
    folder_file(*state, "secret", file);
    folder_write(file, "open sesame\r\n\n", 0600);
    snprintf(line, sizeof line, "/join cave %s", file);
    expect_told(&stage, line, INPUT_JOIN, "cave", "open sesame");
    done(&stage);
    assert_int_equal(setenv("HOME", *state, 1), 0);
    expect_told(&stage, "/join cave ~/secret", INPUT_JOIN, "cave", "open sesame");
    done(&stage);
    snprintf(line, sizeof line, "/join cave \"%s\"", file);
    expect_told(&stage, line, INPUT_JOIN, "cave", "open sesame");
    done(&stage);
    snprintf(expected, sizeof expected, "! /join: secret file %s: expected 1 to 4096 bytes\n", file);
    folder_write(file, "\n", 0600);
    expect(&stage, line, expected);
    memset(secret, 's', sizeof secret);
    secret[ROOM_SECRET_MAX + 1] = '\0';
    folder_write(file, secret, 0600);
    expect(&stage, line, expected);
    secret[ROOM_SECRET_MAX] = '\0';
    folder_write(file, secret, 0600);
    expect_told(&stage, line, INPUT_JOIN, "cave", secret);
    done(&stage);
    stage_close(&stage);
}

static void part_leaves_this_room_or_another_once(void **state) {
    struct stage stage;

    (void)state;
    stage_open(&stage, NULL);
    enter(&stage, "tea");
    enter(&stage, "green tea");
    enter(&stage, "coffee");
    expect_told(&stage, "/part", INPUT_PART, "coffee", "");
    done(&stage);
    expect(&stage, "/part", "! /part: coffee is being left\n");
    expect(&stage, "/me waves", "! /me: coffee is being left\n");
    expect(&stage, "/msg alice hi", "! /msg: coffee is being left\n");
    expect_told(&stage, "/part gr", INPUT_PART, "green tea", "");
    done(&stage);
    expect_told(&stage, "/part \"tea\"", INPUT_PART, "tea", "");
    done(&stage);
    expect_told(&stage, "/join coffee", INPUT_JOIN, "coffee", ""); /* again, after it was left */
    done(&stage);
    stage_close(&stage);
}

/* --- who says what --- */

static void nicks_are_made_fit(void **state) {
    struct stage stage;

    (void)state;
    stage_open(&stage, NULL);
    expect_told(&stage, "/nick dora", INPUT_NICK, "", "dora");
    done(&stage);
    expect_told(&stage, "/nick  dora  the explorer ", INPUT_NICK, "", "dora the explorer");
    done(&stage);
    expect_told(&stage, "/nick \"Do ra\"", INPUT_NICK, "", "Do ra");
    done(&stage);
    stage_close(&stage);
}

static void me_is_an_action(void **state) {
    struct stage stage;
    struct input *input;

    (void)state;
    stage_open(&stage, NULL);
    enter(&stage, "tea");
    input = expect_told(&stage, "/me  pours  \"tea\"\nfor all ", INPUT_SAY, "tea", "pours  \"tea\"\nfor all");
    assert_int_equal(input->kind, CHAT_ACTION);
    done(&stage);
    stage_close(&stage);
}

static void msg_is_for_one(void **state) {
    uint8_t id[MEMBER_ID_SIZE];
    struct stage stage;
    struct input *input;

    (void)state;
    stage_open(&stage, NULL);
    enter(&stage, "tea");
    connect_peer(&stage, "tea", 1, "alice", ALICE);
    connect_peer(&stage, "tea", 2, "bob the builder", BOB);
    input = expect_told(&stage, "/msg alice: can we  fix it?", INPUT_SAY, "tea", "can we  fix it?");
    assert_int_equal(input->kind, CHAT_PRIVATE);
    assert_memory_equal(input->peer, memset(id, 1, sizeof id), sizeof id);
    done(&stage);
    input = expect_told(&stage, "/msg \"bob the builder\" yes", INPUT_SAY, "tea", "yes");
    assert_memory_equal(input->peer, memset(id, 2, sizeof id), sizeof id);
    done(&stage);
    stage_close(&stage);
}

/* Quotes may be the nick's or the argument's: nobody gets what was meant for another. */
static void quotes_leave_no_doubt(void **state) {
    uint8_t id[MEMBER_ID_SIZE];
    struct stage stage;

    (void)state;
    stage_open(&stage, NULL);
    enter(&stage, "tea");
    connect_peer(&stage, "tea", 1, "\"bob\"", ALICE);
    assert_memory_equal(expect_told(&stage, "/msg \"bob\" hi", INPUT_SAY, "tea", "hi")->peer, memset(id, 1, sizeof id),
                        sizeof id);
    done(&stage);
    connect_peer(&stage, "tea", 2, "bob", BOB);
    expect(&stage, "/msg \"bob\" hi", "! /msg: '\"bob\"' may be \"bob\"#a11c, bob#b0b1\n");
    expect(&stage, "/info \"bob\"", "! /info: '\"bob\"' may be \"bob\"#a11c, bob#b0b1\n");
    expect(&stage, "/ignore \"bob\"", "! /ignore: '\"bob\"' may be \"bob\"#a11c, bob#b0b1\n");
    assert_memory_equal(expect_told(&stage, "/msg bob hi", INPUT_SAY, "tea", "hi")->peer, memset(id, 2, sizeof id),
                        sizeof id);
    done(&stage);
    assert_memory_equal(expect_told(&stage, "/msg \"\\\"BOB\\\"\" hi", INPUT_SAY, "tea", "hi")->peer,
                        memset(id, 1, sizeof id), sizeof id);
    done(&stage);
    stage_close(&stage);
}

static void long_nicks_are_refused(void **state) {
    char line[64], expected[512], nick[TEXT_NICK_MAX + 2];
    struct stage stage;

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
    expect(&stage, line, expected);
    stage_close(&stage);
}

static void who_is_meant_must_be_clear(void **state) {
    struct event *status;
    struct stage stage;

    (void)state;
    stage_open(&stage, NULL);
    enter(&stage, "tea");
    expect(&stage, "/msg bob hi", "! /msg: 'bob' is not here; here is nobody else\n");
    connect_peer(&stage, "tea", 1, "alice", ALICE);
    connect_peer(&stage, "tea", 2, "bob", BOB);
    connect_peer(&stage, "tea", 3, "bob", OTHER_BOB);
    expect(&stage, "/msg bob hi", "! /msg: 'bob' may be bob#b0b1, bob#b0b2\n");
    expect(&stage, "/msg BOB, hi", "! /msg: 'BOB,' may be bob#b0b1, bob#b0b2\n");
    expect(&stage, "/msg bo hi", "! /msg: 'bo' is not here; here is alice#a11c, bob#b0b1, bob#b0b2\n");
    expect_told(&stage, "/msg bob#b0b2 hi", INPUT_SAY, "tea", "hi");
    done(&stage);
    status = of_peer("tea", EVENT_PEER_STATUS, 2, "bob");
    status->standing = STANDING_BLOCKED;
    apply(&stage, status);
    expect(&stage, "/msg bob#b0b1 hi", "! /msg: bob#b0b1 is blocked: the key is not the one known for that nick\n");
    for (uint8_t id = 4; id < 12; id++) arrive(&stage, "tea", id);
    expect(&stage, "/msg zoe hi",
           "! /msg: 'zoe' is not here; here is ?04040404, ?05050505, ?06060606, ?07070707, ?08080808, ?09090909, "
           "?0a0a0a0a, ?0b0b0b0b and 3 more\n");
    stage_close(&stage);
}

/* --- answers --- */

static void who_shows_each_member(void **state) {
    struct stage stage;

    (void)state;
    stage_open(&stage, NULL);
    enter(&stage, "tea");
    expect(&stage, "/who", "* nobody else is here\n");
    connect_peer(&stage, "tea", 2, "bob", BOB);
    arrive(&stage, "tea", 4);
    connect_peer(&stage, "tea", 1, "alice", ALICE);
    expect(&stage, "/who",
           "* ?04040404: connecting\n* alice#a11c: direct, 12 ms, 192.0.2.7:4000\n* bob#b0b1: direct, 12 ms, "
           "192.0.2.7:4000\n");
    stage_close(&stage);
}

static void info_about_a_member_has_everything(void **state) {
    struct event *sent;
    struct stage stage;

    (void)state;
    stage_open(&stage, NULL);
    enter(&stage, "tea");
    connect_peer(&stage, "tea", 1, "alice", ALICE);
    sent = event_in("tea", EVENT_SENT, "hi");
    strcpy(sent->id, "1-1");
    sent->recipients = 1;
    apply(&stage, sent);
    expect(&stage, "/ignore alice", "* alice#a11c is ignored from now on\n");
    expect(&stage, "/info alice",
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
    struct stage stage;

    (void)state;
    stage_open(&stage, NULL);
    enter(&stage, "tea");
    expect(&stage, "/info",
           "* room: tea\n* you: carol#0123, fingerprint " OUR_KEY
           "\n* bootnode: not reached yet\n* members: 0 besides us, 0 connected, 0 connecting, 0 blocked\n* last "
           "message: none was sent yet\n");
    registered = event_in("tea", EVENT_REGISTERED, NULL);
    assert_true(address_parse("192.0.2.1:9595", 0, &registered->bootnode));
    assert_true(address_parse("198.51.100.9:1234", 0, &registered->mapped));
    apply(&stage, registered);
    connect_peer(&stage, "tea", 1, "alice", ALICE);
    arrive(&stage, "tea", 2);
    expect(&stage, "/info",
           "* room: tea\n* you: carol#0123, fingerprint " OUR_KEY
           "\n* bootnode: registered at 192.0.2.1:9595, which sees us as 198.51.100.9:1234\n* members: 2 besides us, "
           "1 connected, 1 connecting, 0 blocked\n* last message: none was sent yet\n");
    lost = event_in("tea", EVENT_BOOTNODE_LOST, "silent");
    assert_true(address_parse("192.0.2.1:9595", 0, &lost->bootnode));
    apply(&stage, lost);
    expect_told(&stage, "/part", INPUT_PART, "tea", "");
    done(&stage);
    expect(&stage, "/info",
           "* room: tea, being left\n* you: carol#0123, fingerprint " OUR_KEY
           "\n* bootnode: 192.0.2.1:9595 is lost; it last saw us as 198.51.100.9:1234\n* members: 2 besides us, 1 "
           "connected, 1 connecting, 0 blocked\n* last message: none was sent yet\n");
    stage_close(&stage);
}

static void expect_last(struct stage *stage, const char *expected) {
    const char *line;

    commands_run(&stage->host, "/info");
    fflush(stage->output);
    line = strstr(stage->shown, "* last message: ");
    assert_non_null(line);
    assert_string_equal(line + strlen("* last message: "), expected);
    forget_shown(stage);
}

static void answer(struct stage *stage, enum event_type type, uint8_t id) {
    struct event *event = of_peer("tea", type, id, "");

    strcpy(event->id, "1-1");
    apply(stage, event);
}

static void info_names_who_has_not_got_it(void **state) {
    struct event *sent;
    struct stage stage;

    (void)state;
    stage_open(&stage, NULL);
    enter(&stage, "tea");
    apply(&stage, event_in("tea", EVENT_SENT, "anybody?"));
    expect_last(&stage, "nobody was there to get it\n");
    connect_peer(&stage, "tea", 1, "alice", ALICE);
    connect_peer(&stage, "tea", 2, "bob", BOB);
    arrive(&stage, "tea", 3);
    sent = event_in("tea", EVENT_SENT, "hi");
    strcpy(sent->id, "1-1");
    sent->recipients = 3;
    apply(&stage, sent);
    expect_last(&stage, "0 of 3 have it; it waits for ?03030303, alice#a11c, bob#b0b1\n");
    answer(&stage, EVENT_DELIVERED, 1);
    expect_last(&stage, "1 of 3 have it; it waits for ?03030303, bob#b0b1\n");
    answer(&stage, EVENT_UNDELIVERED, 2);
    expect_last(&stage, "1 of 3 have it; 1 left without it; it waits for ?03030303\n");
    answer(&stage, EVENT_DELIVERED, 3);
    expect_last(&stage, "2 of 3 have it; 1 left without it\n");
    stage_close(&stage);
}

/* --- who is not heard, what is kept --- */

static void ignoring_is_by_key_and_kept(void **state) {
    struct stage stage;

    stage_open(&stage, *state);
    enter(&stage, "tea");
    expect(&stage, "/ignore", "* nobody is ignored\n");
    connect_peer(&stage, "tea", 1, "alice", ALICE);
    arrive(&stage, "tea", 3);
    expect(&stage, "/ignore 03030303", "! /ignore: ?03030303 is not connected, so the key is not known yet\n");
    expect(&stage, "/ignore alice", "* alice#a11c is ignored from now on\n");
    assert_true(ignores_has(&stage.models.ignores, ALICE));
    stage_close(&stage);

    stage_open(&stage, *state); /* without any room */
    expect(&stage, "/ignore", "* ignored: alice#a11c, fingerprint " ALICE "\n");
    expect(&stage, "/ignore alice#a11c", "* alice#a11c is heard again\n");
    expect(&stage, "/ignore", "* nobody is ignored\n");
    stage_close(&stage);
}

static void who_left_can_be_heard_again(void **state) {
    struct stage stage;

    (void)state;
    stage_open(&stage, NULL);
    enter(&stage, "tea");
    connect_peer(&stage, "tea", 1, "alice", ALICE);
    expect(&stage, "/ignore alice", "* alice#a11c is ignored from now on\n");
    leave(&stage, "tea", 1, "alice");
    connect_peer(&stage, "tea", 2, "bob", BOB);
    expect(&stage, "/ignore a11c0", "* alice#a11c is heard again\n");
    expect(&stage, "/ignore alice", "! /ignore: 'alice' is not here; here is bob#b0b1\n");
    /* Of two with that nick, the one who is here is meant. */
    connect_peer(&stage, "tea", 3, "alice", ALICE);
    expect(&stage, "/ignore alice", "* alice#a11c is ignored from now on\n");
    leave(&stage, "tea", 3, "alice");
    connect_peer(&stage, "tea", 4, "alice", OTHER_BOB);
    expect(&stage, "/ignore alice", "* alice#b0b2 is ignored from now on\n");
    stage_close(&stage);
}

static void logging_is_switched_and_says_where(void **state) {
    char expected[2 * FOLDER_PATH_SIZE];
    struct stage stage;

    stage_open(&stage, *state);
    enter(&stage, "tea");
    snprintf(expected, sizeof expected, "* tea is logged in %s/transcripts/tea.log\n", (const char *)*state);
    expect(&stage, "/log", "* tea is not logged\n");
    expect(&stage, "/log on", expected);
    expect(&stage, "/log", expected);
    expect(&stage, "/log off", "* tea is not logged\n");
    assert_false(transcripts_enabled(&stage.models.transcripts, "tea"));
    stage_close(&stage);
}

/* --- the screen, settings, help --- */

static void the_screen_is_asked(void **state) {
    struct stage stage;

    (void)state;
    stage_open(&stage, NULL);
    expect(&stage, "/find  two words ", "");
    assert_string_equal(stage.found, "<two words>");
    expect(&stage, "/find", "");
    assert_string_equal(stage.found, "<>");
    expect(&stage, "/clear", "");
    assert_int_equal(stage.clears, 1);
    expect(&stage, "/help keys", "");
    assert_int_equal(stage.key_helps, 1);
    stage.host.find = NULL;
    stage.host.clear = NULL;
    stage.host.keys_help = NULL;
    expect(&stage, "/find it", "! /find: expected a screen (--ui curses)\n");
    expect(&stage, "/clear", "! /clear: expected a screen (--ui curses)\n");
    expect(&stage, "/help keys", "! /help: keys: expected a screen (--ui curses)\n");
    stage_close(&stage);
}

static void settings_are_shown_and_changed(void **state) {
    struct stage stage;

    (void)state;
    stage_open(&stage, NULL);
    expect(&stage, "/set",
           "* bell = off (rings where your nick is said)\n* notify = off (a note on the desktop (OSC 9) where your "
           "nick is said)\n* title = off (the room and what is unread in the title of the terminal)\n* mouse = "
           "on (the wheel scrolls; who selects with the mouse holds Shift)\n* members = auto "
           "(the list of members)\n* clock = minutes (the time in front of each line)\n* colours = auto (how many "
           "colours are used)\n");
    expect(&stage, "/set bell", "* bell = off (rings where your nick is said)\n");
    assert_int_equal(stage.changes, 0);
    expect(&stage, "/set bell yes", "* bell = on (rings where your nick is said)\n");
    assert_true(stage.settings.bell);
    expect(&stage, "/set clock seconds", "* clock = seconds (the time in front of each line)\n");
    assert_int_equal(stage.settings.clock, CLOCK_SECONDS);
    assert_int_equal(stage.changes, 2);
    stage.host.settings_changed = NULL;
    expect(&stage, "/set members off", "* members = off (the list of members)\n");
    stage_close(&stage);
}

static void help_explains_one_or_all(void **state) {
    struct stage stage;
    size_t count, lines = 0;

    (void)state;
    stage_open(&stage, NULL);
    expect(&stage, "/help msg", "* /msg PEER TEXT: says it to one member alone\n");
    expect(&stage, "/help /j", "* /join ROOM [SECRET-FILE]: joins a room, or goes to it\n");
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
    struct stage stage;

    (void)state;
    stage_open(&stage, NULL);
    expect(&stage, "/quit ", "");
    assert_int_equal(stage.quits, 1);
    stage_close(&stage);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)

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
        cmocka_unit_test(join_asks_the_engine_or_goes_there),
        IN_FOLDER(join_reads_the_secret),
        cmocka_unit_test(part_leaves_this_room_or_another_once),
        cmocka_unit_test(nicks_are_made_fit),
        cmocka_unit_test(me_is_an_action),
        cmocka_unit_test(msg_is_for_one),
        cmocka_unit_test(quotes_leave_no_doubt),
        cmocka_unit_test(long_nicks_are_refused),
        cmocka_unit_test(who_is_meant_must_be_clear),
        cmocka_unit_test(who_shows_each_member),
        cmocka_unit_test(info_about_a_member_has_everything),
        cmocka_unit_test(info_tells_how_the_room_stands),
        cmocka_unit_test(info_names_who_has_not_got_it),
        IN_FOLDER(ignoring_is_by_key_and_kept),
        cmocka_unit_test(who_left_can_be_heard_again),
        IN_FOLDER(logging_is_switched_and_says_where),
        cmocka_unit_test(the_screen_is_asked),
        cmocka_unit_test(settings_are_shown_and_changed),
        cmocka_unit_test(help_explains_one_or_all),
        cmocka_unit_test(quit_leaves),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("commands", tests, NULL, NULL);
}

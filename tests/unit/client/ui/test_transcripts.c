#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/ui/transcripts.h"
#include "tests/support/folder.h"

#define FFFD "\xef\xbf\xbd"
#define WALL_MS 1795366985678ull
#define STAMP "2026-11-22 17:03:05 "
#define ALICE "alice#1a2b"
#define PATH_SIZE 1024
#define TEXT_SIZE 4096

static int set_up(void **state) {
    setenv("TZ", "UTC0", 1);
    tzset();
    return folder_make(state);
}

static const char *log_of(const char *folder, const char *room, char out[static PATH_SIZE]) {
    struct transcripts transcripts;
    transcripts_open(&transcripts, folder);
    transcripts_path(&transcripts, room, out, PATH_SIZE);
    transcripts_close(&transcripts);
    return out;
}

static void enable(struct transcripts *transcripts, const char *room, bool enable) {
    struct why why = {""};
    if (!transcripts_enable(transcripts, room, enable, &why)) fail_msg("%s", why.text);
    assert_true(transcripts_enabled(transcripts, room) == enable);
}

static void expect_not_enabled(struct transcripts *transcripts, const char *room, const char *reason) {
    struct why why = {""};
    assert_false(transcripts_enable(transcripts, room, true, &why));
    if (!strstr(why.text, reason)) fail_msg("'%s' instead of '%s'", why.text, reason);
    assert_null(strchr(why.text, '\n'));
    assert_false(transcripts_enabled(transcripts, room));
}

/* With `room` logged. */
static void open_logged(struct transcripts *transcripts, const char *folder, const char *room) {
    transcripts_open(transcripts, folder);
    enable(transcripts, room, true);
}

static bool append(struct transcripts *transcripts, struct event *event, struct why *why) {
    bool done = transcripts_append(transcripts, event, ALICE, WALL_MS, why);
    event_destroy(event);
    return done;
}

static struct event *event_of(enum event_type type, const char *room, const char *text) {
    struct event *event = event_create(type, text, text ? strlen(text) : 0);
    event->room = room;
    snprintf(event->nick, sizeof event->nick, "alice");
    return event;
}

static bool say(struct transcripts *transcripts, const char *room, const char *text) {
    struct why why = {""};
    return append(transcripts, event_of(EVENT_MESSAGE, room, text), &why);
}

static void expect_log(const char *folder, const char *room, const char *expected) {
    char path[PATH_SIZE], text[TEXT_SIZE];
    folder_read(log_of(folder, room, path), text, sizeof text);
    assert_string_equal(text, expected);
}

static void expect_mode(const char *path, mode_t type, unsigned mode) {
    struct stat status;
    assert_int_equal(lstat(path, &status), 0);
    assert_int_equal(status.st_mode & S_IFMT, type);
    assert_int_equal(status.st_mode & 07777, mode);
}

/* --- What is written --- */

static void every_kind_has_its_line(void **state) {
    static const struct {
        enum event_type type;
        enum chat_kind kind;
        bool said_bye;
        const char *text, *line;
    } cases[] = {
        {EVENT_MESSAGE, CHAT_TEXT, false, "hello", STAMP ALICE ": hello\n"},
        {EVENT_MESSAGE, CHAT_ACTION, false, "waves", STAMP "** " ALICE " waves\n"},
        {EVENT_MESSAGE, CHAT_PRIVATE, false, "psst", STAMP "*private* " ALICE ": psst\n"},
        {EVENT_SENT, CHAT_TEXT, false, "hello", STAMP ALICE ": hello\n"},
        {EVENT_PEER_CONNECTED, CHAT_TEXT, false, NULL, STAMP "* " ALICE " is here\n"},
        {EVENT_PEER_NICK, CHAT_TEXT, false, "al", STAMP "* " ALICE " is now called alice\n"},
        {EVENT_PEER_LEFT, CHAT_TEXT, true, NULL, STAMP "* " ALICE " left\n"},
        {EVENT_PEER_LEFT, CHAT_TEXT, false, NULL, STAMP "* " ALICE " is gone\n"},
        {EVENT_MESSAGE, CHAT_TEXT, false, "", STAMP ALICE ": \n"},
    };
    struct transcripts transcripts;
    char expected[TEXT_SIZE] = "";
    open_logged(&transcripts, *state, "tea");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct event *event = event_of(cases[i].type, "tea", cases[i].text);
        struct why why = {""};
        event->kind = cases[i].kind;
        event->said_bye = cases[i].said_bye;
        assert_true(append(&transcripts, event, &why));
        snprintf(expected + strlen(expected), sizeof expected - strlen(expected), "%s", cases[i].line);
        expect_log(*state, "tea", expected);
    }
    transcripts_close(&transcripts);
}

static void the_rest_is_not_written(void **state) {
    struct transcripts transcripts;
    struct why why = {""};
    open_logged(&transcripts, *state, "tea");
    for (int type = 0; type < EVENT_TYPES; type++) {
        struct event *event = event_of((enum event_type)type, type % 2 ? NULL : "coffee", "hello");
        assert_true(append(&transcripts, event, &why));
    }
    assert_true(append(&transcripts, event_of(EVENT_PEER_JOINED, "tea", NULL), &why));
    assert_true(append(&transcripts, event_of(EVENT_DELIVERED, "tea", NULL), &why));
    assert_true(append(&transcripts, event_of(EVENT_ERROR, "tea", "oh"), &why));
    expect_log(*state, "tea", "");
    char path[PATH_SIZE];
    assert_int_equal(access(log_of(*state, "coffee", path), F_OK), -1);
    transcripts_close(&transcripts);
}

static void hostile_text_is_filtered(void **state) {
    struct transcripts transcripts;
    struct event *renamed = event_of(EVENT_PEER_NICK, "tea", "al");
    struct why why = {""};
    open_logged(&transcripts, *state, "tea");
    say(&transcripts, "tea", "a\x1b]0;title\x07\xe2\x80\xae\rb\xff\tc");
    snprintf(renamed->nick, sizeof renamed->nick, "x\n\x1b[2J");
    assert_true(append(&transcripts, renamed, &why));
    expect_log(*state, "tea",
               STAMP ALICE ": a" FFFD "]0;title" FFFD FFFD FFFD "b" FFFD "\tc\n" STAMP "* " ALICE
                           " is now called x" FFFD FFFD "[2J\n");
    transcripts_close(&transcripts);
}

static void no_text_looks_like_another_line(void **state) {
    struct transcripts transcripts;
    open_logged(&transcripts, *state, "tea");
    say(&transcripts, "tea", "a\n" STAMP "bob#3333: fake\n\n* bob#3333 left\xe2\x80\xa8" STAMP "\r" STAMP "\n\n");
    say(&transcripts, "tea", "\n\n");
    say(&transcripts, "tea", "\nb");
    expect_log(*state, "tea",
               STAMP ALICE ": a\n  " STAMP "bob#3333: fake\n  \n  * bob#3333 left" FFFD STAMP FFFD STAMP
                           "\n" STAMP ALICE ": \n" STAMP ALICE ": \n  b\n");
    transcripts_close(&transcripts);
}

static void the_longest_text_is_written_whole(void **state) {
    struct transcripts transcripts;
    char said[2049], path[PATH_SIZE], text[2 * TEXT_SIZE];
    memset(said, 0x01, sizeof said - 1); /* each becomes three bytes */
    said[sizeof said - 1] = '\0';
    open_logged(&transcripts, *state, "tea");
    assert_true(say(&transcripts, "tea", said));
    size_t size = folder_read(log_of(*state, "tea", path), text, sizeof text);
    assert_int_equal(size, strlen(STAMP ALICE ": \n") + 3 * (sizeof said - 1));
    transcripts_close(&transcripts);
}

/* --- Which rooms --- */

static void files_are_private(void **state) {
    struct transcripts transcripts;
    char path[PATH_SIZE];
    mode_t before = umask(0);
    open_logged(&transcripts, *state, "tea");
    expect_mode(log_of(*state, "tea", path), S_IFREG, 0600);
    snprintf(path, sizeof path, "%s/transcripts", (const char *)*state);
    expect_mode(path, S_IFDIR, 0700);
    snprintf(path, sizeof path, "%s/transcripts/rooms", (const char *)*state);
    expect_mode(path, S_IFREG, 0600);
    transcripts_close(&transcripts);
    umask(before);
}

static void the_next_start_goes_on(void **state) {
    struct transcripts transcripts;
    open_logged(&transcripts, *state, "tea");
    say(&transcripts, "tea", "one");
    transcripts_close(&transcripts);
    assert_false(transcripts_enabled(&transcripts, "tea"));
    transcripts_open(&transcripts, *state);
    assert_true(transcripts_enabled(&transcripts, "tea"));
    assert_false(transcripts_enabled(&transcripts, "te"));
    assert_false(transcripts_enabled(&transcripts, "team"));
    assert_true(say(&transcripts, "tea", "two"));
    expect_log(*state, "tea", STAMP ALICE ": one\n" STAMP ALICE ": two\n");
    transcripts_close(&transcripts);
}

static void switched_off_the_file_stays(void **state) {
    struct transcripts transcripts;
    open_logged(&transcripts, *state, "tea");
    enable(&transcripts, "coffee", true);
    say(&transcripts, "tea", "one");
    enable(&transcripts, "tea", false);
    enable(&transcripts, "tea", false);
    assert_true(say(&transcripts, "tea", "two"));
    expect_log(*state, "tea", STAMP ALICE ": one\n");
    transcripts_close(&transcripts);
    transcripts_open(&transcripts, *state);
    assert_false(transcripts_enabled(&transcripts, "tea"));
    assert_true(transcripts_enabled(&transcripts, "coffee"));
    enable(&transcripts, "tea", true);
    say(&transcripts, "tea", "three");
    expect_log(*state, "tea", STAMP ALICE ": one\n" STAMP ALICE ": three\n");
    transcripts_close(&transcripts);
}

static void switched_on_twice_it_is_logged_once(void **state) {
    struct transcripts transcripts;
    char path[PATH_SIZE], text[TEXT_SIZE];
    open_logged(&transcripts, *state, "a/b");
    enable(&transcripts, "a/b", true);
    say(&transcripts, "a/b", "one");
    expect_log(*state, "a/b", STAMP ALICE ": one\n");
    snprintf(path, sizeof path, "%s/transcripts/rooms", (const char *)*state);
    folder_read(path, text, sizeof text);
    assert_string_equal(text, "a%2Fb\n");
    transcripts_close(&transcripts);
}

static void a_malformed_list_logs_what_it_can(void **state) {
    struct transcripts transcripts;
    char path[PATH_SIZE], list[1024];
    static const char malformed[] = "%\n%2\n%zz\n%00\na%\n%0x\ngood\n\n";
    snprintf(path, sizeof path, "%s/transcripts", (const char *)*state);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/transcripts/rooms", (const char *)*state);
    memcpy(list, malformed, sizeof malformed);
    memset(list + sizeof malformed - 1, 'x', ROOM_NAME_MAX + 1); /* a name too long */
    list[sizeof malformed + ROOM_NAME_MAX] = '\0';
    folder_write(path, list, 0600);
    transcripts_open(&transcripts, *state);
    assert_true(transcripts_enabled(&transcripts, "good"));
    assert_false(transcripts_enabled(&transcripts, ""));
    assert_false(transcripts_enabled(&transcripts, "a"));
    assert_true(say(&transcripts, "good", "one"));
    expect_log(*state, "good", STAMP ALICE ": one\n");
    enable(&transcripts, "good", false);
    assert_null(transcripts.open); /* it was the only one */
    transcripts_close(&transcripts);
}

static void without_a_folder_none_is_kept(void **state) {
    struct transcripts transcripts;
    char long_path[4097];
    (void)state;
    memset(long_path, 'x', sizeof long_path - 1);
    long_path[sizeof long_path - 1] = '\0';
    for (int i = 0; i < 2; i++) {
        transcripts_open(&transcripts, i ? long_path : NULL);
        expect_not_enabled(&transcripts, "tea", "no data directory");
        assert_true(say(&transcripts, "tea", "one"));
        transcripts_close(&transcripts);
    }
}

/* --- Names --- */

static void names_hold_nothing_a_path_could_mean(void **state) {
    static const struct {
        const char *room, *name;
    } cases[] = {
        {"tea", "tea.log"},
        {"..", "%2E%2E.log"},
        {"../../etc/passwd", "%2E%2E%2F%2E%2E%2Fetc%2Fpasswd.log"},
        {"/", "%2F.log"},
        {"%2F", "%252F.log"},
        {"a b", "a%20b.log"},
        {"-_09azAZ", "-_09azAZ.log"},
        {"rooms", "rooms.log"},
        {"\xc3\xa9\n\x01\xff", "%C3%A9%0A%01%FF.log"},
        {"tea.log", "tea%2Elog.log"},
    };
    struct transcripts transcripts;
    char path[PATH_SIZE];
    size_t folder_size = strlen(*state) + strlen("/transcripts/");
    transcripts_open(&transcripts, *state);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        transcripts_path(&transcripts, cases[i].room, path, sizeof path);
        assert_string_equal(path + folder_size, cases[i].name);
        enable(&transcripts, cases[i].room, true);
        assert_true(say(&transcripts, cases[i].room, cases[i].name));
    }
    transcripts_close(&transcripts);
    transcripts_open(&transcripts, *state);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char expected[TEXT_SIZE];
        assert_true(transcripts_enabled(&transcripts, cases[i].room));
        snprintf(expected, sizeof expected, STAMP ALICE ": %s\n", cases[i].name);
        expect_log(*state, cases[i].room, expected);
    }
    transcripts_close(&transcripts);
}

static void a_room_may_have_any_bytes(void **state) {
    struct transcripts transcripts;
    char room[256], path[PATH_SIZE];
    for (size_t i = 0; i < 255; i++) room[i] = (char)(i + 1);
    room[255] = '\0';
    open_logged(&transcripts, *state, room);
    say(&transcripts, room, "one");
    transcripts_path(&transcripts, room, path, sizeof path);
    const char *name = strrchr(path, '/') + 1;
    assert_true(strlen(name) <= 255);
    assert_int_equal(strspn(name, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_%."), strlen(name));
    transcripts_close(&transcripts);
    transcripts_open(&transcripts, *state);
    assert_true(transcripts_enabled(&transcripts, room));
    expect_log(*state, room, STAMP ALICE ": one\n");
    transcripts_close(&transcripts);
}

static void long_names_are_cut_and_told_apart(void **state) {
    struct transcripts transcripts;
    char one[ROOM_NAME_MAX + 1], other[ROOM_NAME_MAX + 1], path[PATH_SIZE];
    memset(one, 0xff, ROOM_NAME_MAX);
    one[ROOM_NAME_MAX] = '\0';
    memcpy(other, one, sizeof other);
    other[ROOM_NAME_MAX - 1] = 'x';
    open_logged(&transcripts, *state, one);
    enable(&transcripts, other, true);
    say(&transcripts, one, "one");
    say(&transcripts, other, "other");
    transcripts_close(&transcripts);
    transcripts_open(&transcripts, *state);
    assert_true(transcripts_enabled(&transcripts, one) && transcripts_enabled(&transcripts, other));
    expect_log(*state, one, STAMP ALICE ": one\n");
    expect_log(*state, other, STAMP ALICE ": other\n");
    transcripts_close(&transcripts);
    memset(one, 'x', ROOM_NAME_MAX);
    one[201] = '\0';
    assert_int_equal(strlen(strrchr(log_of(*state, one, path), '/') + 1), 200 + 1 + 16 + 4);
    one[200] = '\0';
    assert_int_equal(strlen(strrchr(log_of(*state, one, path), '/') + 1), 200 + 4);
}

/* --- What goes wrong --- */

static void make_folder(const char *folder) {
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/transcripts", folder);
    assert_int_equal(mkdir(path, 0700), 0);
}

static void a_link_is_refused(void **state) {
    struct transcripts transcripts;
    char path[PATH_SIZE], target[FOLDER_PATH_SIZE], text[TEXT_SIZE];
    make_folder(*state);
    folder_write(folder_file(*state, "target", target), "mine\n", 0600);
    assert_int_equal(symlink(target, log_of(*state, "tea", path)), 0);
    transcripts_open(&transcripts, *state);
    for (int i = 0; i < 2; i++) {
        expect_not_enabled(&transcripts, "tea", path);
        assert_true(say(&transcripts, "tea", "one"));
    }
    transcripts_close(&transcripts);
    folder_read(target, text, sizeof text);
    assert_string_equal(text, "mine\n");
    transcripts_open(&transcripts, *state);
    assert_false(transcripts_enabled(&transcripts, "tea"));
    transcripts_close(&transcripts);
}

static void a_pipe_is_refused_for_good(void **state) {
    struct transcripts transcripts;
    char path[PATH_SIZE], text[16];
    struct why why = {""};
    open_logged(&transcripts, *state, "tea");
    transcripts_close(&transcripts);
    assert_int_equal(unlink(log_of(*state, "tea", path)), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    int reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* else nobody could write */
    assert_true(reader >= 0);
    transcripts_open(&transcripts, *state); /* the list says that it is logged */
    assert_true(transcripts_enabled(&transcripts, "tea"));
    assert_false(append(&transcripts, event_of(EVENT_MESSAGE, "tea", "one"), &why));
    assert_non_null(strstr(why.text, path));
    assert_false(transcripts_enabled(&transcripts, "tea"));
    assert_true(say(&transcripts, "tea", "two")); /* told once */
    for (int i = 0; i < 3; i++) {
        expect_not_enabled(&transcripts, "tea", path);
        assert_true(say(&transcripts, "tea", "three"));
    }
    assert_true(read(reader, text, sizeof text) <= 0);
    close(reader);
    expect_not_enabled(&transcripts, "tea", path);
    transcripts_close(&transcripts);
}

static void no_folder_can_be_made(void **state) {
    struct transcripts transcripts;
    char path[FOLDER_PATH_SIZE];
    folder_write(folder_file(*state, "transcripts", path), "", 0600);
    transcripts_open(&transcripts, *state);
    expect_not_enabled(&transcripts, "tea", path);
    transcripts_close(&transcripts);
    folder_file(*state, "missing", path);
    transcripts_open(&transcripts, path);
    expect_not_enabled(&transcripts, "tea", path);
    transcripts_close(&transcripts);
}

/* A log that the next start would not know of is no promise kept. */
static void a_list_that_cannot_be_written_logs_nothing(void **state) {
    struct transcripts transcripts;
    char path[PATH_SIZE];
    struct why why = {""};
    make_folder(*state);
    snprintf(path, sizeof path, "%s/transcripts/rooms", (const char *)*state);
    assert_int_equal(mkdir(path, 0700), 0);
    transcripts_open(&transcripts, *state);
    expect_not_enabled(&transcripts, "tea", path);
    assert_false(transcripts_enable(&transcripts, "tea", false, &why));
    assert_non_null(strstr(why.text, path));
    transcripts_close(&transcripts);
}

/* A limit on file sizes stands for a full disk. */
static void a_full_disk_leaves_no_half_line(void **state) {
    static const char two[] = STAMP ALICE ": 12345678\n" STAMP ALICE ": 12345678\n";
    struct transcripts transcripts;
    struct rlimit limit, low;
    struct why why = {""};
    bool done[4];
    open_logged(&transcripts, *state, "tea");
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    low = (struct rlimit){.rlim_cur = sizeof two - 1 + 20, .rlim_max = limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    for (int i = 0; i < 4; i++) done[i] = append(&transcripts, event_of(EVENT_MESSAGE, "tea", "12345678"), &why);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    signal(SIGXFSZ, SIG_DFL);
    assert_true(done[0] && done[1] && !done[2] && done[3]);
    assert_non_null(strstr(why.text, "tea.log"));
    assert_null(strstr(why.text, strerror(0)));
    assert_false(transcripts_enabled(&transcripts, "tea"));
    expect_log(*state, "tea", two);
    transcripts_close(&transcripts);
    transcripts_open(&transcripts, *state);
    assert_true(transcripts_enabled(&transcripts, "tea")); /* off for that run alone */
    transcripts_close(&transcripts);
}

static void what_a_crash_left_half_written_is_ended(void **state) {
    struct transcripts transcripts;
    char path[PATH_SIZE];
    struct why why = {""};
    open_logged(&transcripts, *state, "tea");
    transcripts_path(&transcripts, "tea", path, sizeof path);
    transcripts_close(&transcripts);
    folder_write(path, "half a li", 0600);
    transcripts_open(&transcripts, *state);
    assert_true(append(&transcripts, event_of(EVENT_MESSAGE, "tea", "hello"), &why));
    transcripts_close(&transcripts);
    expect_log(*state, "tea", "half a li\n" STAMP ALICE ": hello\n");
}

static void off_after_a_failure_it_can_be_switched_on(void **state) {
    struct transcripts transcripts;
    char path[PATH_SIZE];
    struct why why = {""};
    open_logged(&transcripts, *state, "tea");
    transcripts_close(&transcripts);
    transcripts_open(&transcripts, *state);
    assert_int_equal(unlink(log_of(*state, "tea", path)), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_false(append(&transcripts, event_of(EVENT_MESSAGE, "tea", "one"), &why));
    assert_int_equal(rmdir(path), 0);
    assert_true(say(&transcripts, "tea", "two"));
    assert_int_equal(access(path, F_OK), -1);
    enable(&transcripts, "tea", true);
    assert_true(say(&transcripts, "tea", "three"));
    expect_log(*state, "tea", STAMP ALICE ": three\n");
    transcripts_close(&transcripts);
}

int main(void) {
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, folder_remove)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(every_kind_has_its_line),
        IN_FOLDER(the_rest_is_not_written),
        IN_FOLDER(hostile_text_is_filtered),
        IN_FOLDER(no_text_looks_like_another_line),
        IN_FOLDER(the_longest_text_is_written_whole),
        IN_FOLDER(files_are_private),
        IN_FOLDER(the_next_start_goes_on),
        IN_FOLDER(switched_off_the_file_stays),
        IN_FOLDER(switched_on_twice_it_is_logged_once),
        IN_FOLDER(a_malformed_list_logs_what_it_can),
        IN_FOLDER(without_a_folder_none_is_kept),
        IN_FOLDER(names_hold_nothing_a_path_could_mean),
        IN_FOLDER(a_room_may_have_any_bytes),
        IN_FOLDER(long_names_are_cut_and_told_apart),
        IN_FOLDER(a_link_is_refused),
        IN_FOLDER(a_pipe_is_refused_for_good),
        IN_FOLDER(no_folder_can_be_made),
        IN_FOLDER(a_list_that_cannot_be_written_logs_nothing),
        IN_FOLDER(a_full_disk_leaves_no_half_line),
        IN_FOLDER(what_a_crash_left_half_written_is_ended),
        IN_FOLDER(off_after_a_failure_it_can_be_switched_on),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("transcripts", tests, NULL, NULL);
}

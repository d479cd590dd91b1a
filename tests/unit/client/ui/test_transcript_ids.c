#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/ui/transcript_ids.h"
#include "client/ui/transcripts.h"
#include "tests/support/folder.h"

#define WALL_MS 1795366985678ull
#define ALICE_KEY "0123456789abcdef0123456789abcdef"
#define OUR_KEY "fedcba9876543210fedcba9876543210"
#define PATH_SIZE 1024
#define TEXT_SIZE 65536

static int set_up(void **state) {
    setenv("TZ", "UTC0", 1);
    tzset();
    return folder_make(state);
}

static const char *path_of(const char *folder, const char *name, char out[static PATH_SIZE]) {
    snprintf(out, PATH_SIZE, "%s/transcripts/%s", folder, name);
    return out;
}

/* --- One start of the client --- */

struct start {
    struct transcripts transcripts;
    size_t lines; /* shown when the room was entered */
};

static void count_line(void *context, const char *text, size_t size) {
    (void)text, (void)size;
    ((struct start *)context)->lines++;
}

static void begin(struct start *start, const char *folder, const char *room) {
    struct why why = {""};
    *start = (struct start){.lines = 0};
    transcripts_open(&start->transcripts, folder);
    if (!transcripts_enabled(&start->transcripts, room) && !transcripts_enable(&start->transcripts, room, true, &why))
        fail_msg("%s", why.text);
    transcripts_last(&start->transcripts, room, count_line, start);
}

static void end(struct start *start) {
    transcripts_close(&start->transcripts);
}

static struct event *said(enum event_type type, const char *room, unsigned number, bool history) {
    char text[64];
    snprintf(text, sizeof text, "number %u\nand more", number);
    struct event *event = event_create(type, text, strlen(text));
    event->room = room;
    event->history = history;
    event->said_ms = WALL_MS;
    snprintf(event->fingerprint, sizeof event->fingerprint, "%s", type == EVENT_SENT || history ? OUR_KEY : ALICE_KEY);
    snprintf(event->id, sizeof event->id, "00000000000000ab-%u", number);
    return event;
}

/* Returns whether it was shown already. */
static bool take(struct start *start, struct event *event) {
    struct why why = {""};
    bool shown = transcripts_have_shown(&start->transcripts, event);
    if (!transcripts_append(&start->transcripts, event, "who#1234", WALL_MS, &why)) fail_msg("%s", why.text);
    event_destroy(event);
    return shown;
}

static bool hears(struct start *start, const char *room, unsigned number) {
    return take(start, said(EVENT_MESSAGE, room, number, false));
}

static unsigned count_of(const char *folder, const char *name, const char *words) {
    static char text[TEXT_SIZE];
    char path[PATH_SIZE];
    unsigned count = 0;
    folder_read(path_of(folder, name, path), text, sizeof text);
    for (const char *at = text; (at = strstr(at, words)); at += strlen(words)) count++;
    return count;
}

/* --- After a new start --- */

static void what_it_has_is_written_and_shown_once(void **state) {
    struct start start;
    begin(&start, *state, "tea");
    assert_false(hears(&start, "tea", 1));
    assert_false(take(&start, said(EVENT_SENT, "tea", 2, false)));
    assert_false(hears(&start, "tea", 1)); /* the room was left and joined again */
    end(&start);
    for (unsigned again = 0; again < 3; again++) {
        begin(&start, *state, "tea");
        assert_int_equal(start.lines, 4);
        assert_true(hears(&start, "tea", 1));
        assert_true(take(&start, said(EVENT_MESSAGE, "tea", 2, true))); /* our own, from others */
        end(&start);
    }
    begin(&start, *state, "tea");
    assert_false(hears(&start, "tea", 3));
    end(&start);
    assert_int_equal(count_of(*state, "tea.log", "number 1\n"), 1);
    assert_int_equal(count_of(*state, "tea.log", "number 2\n"), 1);
    assert_int_equal(count_of(*state, "tea.log", "number 3\n"), 1);
}

static void others_are_others(void **state) {
    struct start start;
    begin(&start, *state, "tea");
    (void)hears(&start, "tea", 1);
    end(&start);
    begin(&start, *state, "tea");
    assert_false(take(&start, said(EVENT_SENT, "tea", 1, false))); /* another author's number 1 */
    struct event *event = said(EVENT_MESSAGE, "tea", 1, false);
    event->id[0] = '1'; /* another run's */
    assert_false(take(&start, event));
    event = said(EVENT_MESSAGE, "tea", 1, false);
    event->kind = CHAT_PRIVATE;
    assert_false(take(&start, event));
    end(&start);
    begin(&start, *state, "coffee");
    assert_false(hears(&start, "coffee", 1));
    end(&start);
    assert_int_equal(count_of(*state, "tea.log", "number 1\n"), 4);
    assert_int_equal(count_of(*state, "coffee.log", "number 1\n"), 1);
}

/* What was not among the lines that are shown at the start may be shown; it is not written. */
static void what_is_further_up_is_not_written_again(void **state) {
    struct start start;
    begin(&start, *state, "tea");
    for (unsigned i = 1; i <= 100; i++) (void)hears(&start, "tea", i);
    end(&start);
    begin(&start, *state, "tea");
    assert_int_equal(start.lines, TRANSCRIPT_LINES_SHOWN);
    for (unsigned i = 1; i <= 100; i++)
        assert_int_equal(hears(&start, "tea", i), i > 100 - TRANSCRIPT_LINES_SHOWN / 2); /* of two lines each */
    end(&start);
    assert_int_equal(count_of(*state, "tea.log", "number "), 100);
}

/* --- What the user does to the files --- */

static void replace(const char *folder, const char *name, const char *text) {
    char path[PATH_SIZE];
    folder_write(path_of(folder, name, path), text, 0600);
}

static void keep_three(const char *folder) {
    struct start start;
    begin(&start, folder, "tea");
    for (unsigned i = 1; i <= 3; i++) (void)hears(&start, "tea", i);
    end(&start);
}

static void hear_three(const char *folder) {
    struct start start;
    begin(&start, folder, "tea");
    for (unsigned i = 1; i <= 3; i++) (void)hears(&start, "tea", i);
    end(&start);
}

#define ENTRY(n) "2026-11-22 17:03:05 who#1234: number " n "\n  and more\n"

static void what_was_taken_out_is_written_again(void **state) {
    static const struct {
        const char *text;
        const char *after;
    } cases[] = {
        {"my own first line\n" ENTRY("1") "a note in between\n" ENTRY("3"), ENTRY("2")},
        {"", ENTRY("1") ENTRY("2") ENTRY("3")},
        {ENTRY("1") ENTRY("2") "2026-11-22 17:03:05 who#1234: numb", ENTRY("3")}, /* cut in the middle */
        {ENTRY("3") ENTRY("2") ENTRY("1"), ""},
    };
    char path[PATH_SIZE], expected[1024];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        (void)unlink(path_of(*state, "tea.log", path));
        keep_three(*state);
        replace(*state, "tea.log", cases[i].text);
        hear_three(*state);
        hear_three(*state);
        bool half = cases[i].text[0] && cases[i].text[strlen(cases[i].text) - 1] != '\n';
        snprintf(expected, sizeof expected, "%s%s%s", cases[i].text, half ? "\n" : "", cases[i].after);
        char text[1024];
        folder_read(path_of(*state, "tea.log", path), text, sizeof text);
        assert_string_equal(text, expected);
    }
}

static void a_damaged_file_is_no_harm(void **state) {
    static const char *const damages[] = {"",
                                          "\n\n\n",
                                          "nonsense\n",
                                          "0123456789abcdef " ALICE_KEY "\n",
                                          "0123456789abcdef " ALICE_KEY " 00000000000000ab-1 more\n",
                                          "0123456789abcdef0 " ALICE_KEY "0 00000000000000ab-1\n",
                                          "\xff\xfe\x01",
                                          "0123456789abcdef " ALICE_KEY " 00000000000000ab-"};
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        char path[PATH_SIZE];
        (void)unlink(path_of(*state, "tea.log", path));
        keep_three(*state);
        replace(*state, "tea.ids", damages[i]);
        hear_three(*state); /* may be twice now, */
        assert_int_equal(count_of(*state, "tea.log", "number 1\n"), 2);
        hear_three(*state); /* but no more often */
        assert_int_equal(count_of(*state, "tea.log", "number 1\n"), 2);
    }
}

static void what_is_no_file_is_left_alone(void **state) {
    char path[PATH_SIZE];
    struct start start;
    struct stat status;
    begin(&start, *state, "tea");
    end(&start);
    (void)unlink(path_of(*state, "tea.ids", path));
    assert_int_equal(symlink("elsewhere", path), 0);
    keep_three(*state);
    assert_int_equal(count_of(*state, "tea.log", "number "), 3);
    assert_int_not_equal(stat(path, &status), 0); /* nothing was made there */
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    hear_three(*state); /* and nobody waits for a reader */
    assert_int_equal(unlink(path), 0);
}

/* --- Bounds --- */

static void it_does_not_grow_for_ever(void **state) {
    char path[PATH_SIZE], log[PATH_SIZE], id[64];
    struct transcript_ids ids;
    struct stat status;
    const unsigned many = 5 * TRANSCRIPT_IDS;
    snprintf(path, sizeof path, "%s/r.ids", (const char *)*state);
    snprintf(log, sizeof log, "%s/r.log", (const char *)*state);
    FILE *file = fopen(log, "we");
    assert_non_null(file);
    for (unsigned i = 0; i < many; i++) fprintf(file, "line %u\n", i);
    assert_int_equal(fclose(file), 0);
    transcript_ids_open(&ids, path, log);
    for (unsigned i = 0; i < many; i++) {
        char line[32];
        snprintf(id, sizeof id, "00000000000000ab-%u", i);
        snprintf(line, sizeof line, "line %u", i);
        transcript_ids_add(&ids, ALICE_KEY, id, line, strlen(line));
    }
    assert_int_equal(ids.count, TRANSCRIPT_IDS);
    transcript_ids_close(&ids);
    assert_int_equal(stat(path, &status), 0);
    assert_in_range(status.st_size, 1, TRANSCRIPT_IDS_FILE);
    assert_int_equal(status.st_mode & 07777, 0600);
    transcript_ids_open(&ids, path, log);
    assert_non_null(transcript_ids_find(&ids, ALICE_KEY, id));
    snprintf(id, sizeof id, "00000000000000ab-%u", many - TRANSCRIPT_IDS);
    assert_non_null(transcript_ids_find(&ids, ALICE_KEY, id));
    snprintf(id, sizeof id, "00000000000000ab-%u", 0U);
    assert_null(transcript_ids_find(&ids, ALICE_KEY, id));
    transcript_ids_close(&ids);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, folder_remove)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_it_has_is_written_and_shown_once),
        TEST(others_are_others),
        TEST(what_is_further_up_is_not_written_again),
        TEST(what_was_taken_out_is_written_again),
        TEST(a_damaged_file_is_no_harm),
        TEST(what_is_no_file_is_left_alone),
        TEST(it_does_not_grow_for_ever),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("transcript_ids", tests, NULL, NULL);
}

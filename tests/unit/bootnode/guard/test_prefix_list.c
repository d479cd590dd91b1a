#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "bootnode/guard/prefix_list.h"
#include "tests/support/folder.h"

#define FILE_NUMBER 3

/* What was read of the last file. */
static struct prefix_list list;
static char file[FOLDER_PATH_SIZE], *said;
static size_t said_size;

static size_t read_it(void) {
    FILE *problems = open_memstream(&said, &said_size);
    assert_non_null(problems);
    size_t faults = prefix_list_read(&list, file, FILE_NUMBER, problems);
    assert_int_equal(fclose(problems), 0);
    return faults;
}

static size_t read_text(void **folder, const char *text) {
    folder_file(*folder, "list", file);
    folder_write(file, text, 0600);
    return read_it();
}

static void forget(void) {
    prefix_list_clear(&list);
    free(said);
    said = NULL;
}

static void assert_entry(size_t index, const char *network, uint32_t line) {
    char text[PREFIX_TEXT_SIZE];
    assert_true(index < list.count);
    assert_string_equal(prefix_format(&list.entries[index].prefix, text), network);
    assert_int_equal(prefix_list_line_of(list.entries[index].origin), line);
    assert_int_equal(prefix_list_file_of(list.entries[index].origin), FILE_NUMBER);
}

/* `what` behind the file's name, in a line of its own. */
static void assert_said(const char *what) {
    char line[FOLDER_PATH_SIZE + 200];
    snprintf(line, sizeof line, "%s%s\n", file, what);
    if (!strstr(said, line)) fail_msg("\"%s\" lacks \"%s\"", said, line);
}

static void test_one_a_line(void **folder) {
    assert_int_equal(read_text(folder, "192.0.2.0/24\n2001:db8::/32\n198.51.100.7\n::ffff:203.0.113.0/120"), 0);
    assert_int_equal(list.count, 4);
    assert_entry(0, "192.0.2.0/24", 1);
    assert_entry(1, "2001:db8::/32", 2);
    assert_entry(2, "198.51.100.7/32", 3);
    assert_entry(3, "203.0.113.0/24", 4);
    assert_string_equal(said, "");
    forget();
}

static void test_comments_and_white_space(void **folder) {
    assert_int_equal(read_text(folder, "\xef\xbb\xbf# a list\r\n\n  \t\n ; of others\n"
                                       "\t192.0.2.0/24 ; SBL1\r\n198.51.100.0/24\t#two\n#203.0.113.0/24\n"),
                     0);
    assert_int_equal(list.count, 2);
    assert_entry(0, "192.0.2.0/24", 5);
    assert_entry(1, "198.51.100.0/24", 6);
    forget();
}

static void test_an_empty_file_is_an_empty_list(void **folder) {
    assert_int_equal(read_text(folder, ""), 0);
    assert_int_equal(list.count, 0);
    forget();
}

static void test_each_fault_has_its_line(void **folder) {
    assert_int_equal(read_text(folder, "192.0.2.0/24\n192.0.2.1/24\nexample.org\n192.0.2.0/33\n\n10.0.0.0/8#near\n"
                                       "2001:db8::/32 2001:db8:1::/48\n\x1b[2J\n"),
                     6);
    assert_said(":2: 192.0.2.1/24: has more bits than its length, expected 192.0.2.0/24");
    assert_said(":3: example.org: expected a network, as in 192.0.2.0/24 or 2001:db8::/48, or an address");
    assert_said(":4: 192.0.2.0/33: expected a length of 0 to 32 behind the slash");
    assert_non_null(strstr(said, ":6: 10.0.0.0/8#near: "));
    assert_non_null(strstr(said, ":7: 2001:db8::/32 2001:db8:1::/48: "));
    assert_null(strchr(said, '\x1b'));
    forget();
}

static void test_many_faults_are_counted(void **folder) {
    char text[4 * PREFIX_LIST_FAULTS_SHOWN * 3] = "";
    for (int i = 0; i < 3 * PREFIX_LIST_FAULTS_SHOWN; i++) strcat(text, "no\n");
    assert_int_equal(read_text(folder, text), 3 * PREFIX_LIST_FAULTS_SHOWN);
    assert_non_null(strstr(said, ":20: no: "));
    assert_null(strstr(said, ":21: "));
    assert_said(": 40 more lines are no networks");
    forget();
}

static void test_a_long_line_is_one_fault(void **folder) {
    static char text[3 * PREFIX_LIST_LINE_MAX];
    memset(text, 'a', sizeof text - 1);
    memcpy(text + sizeof text - 13, "\n192.0.2.1\n#", 13);
    assert_int_equal(read_text(folder, text), 1);
    assert_said(":1: expected a line of less than 1024 bytes");
    assert_int_equal(list.count, 1);
    assert_entry(0, "192.0.2.1/32", 2);
    forget();
}

/* A file of one line without an end is not read to its end. */
static void test_an_endless_line_is_the_last(void **folder) {
    static char text[70000];
    assert_true(snprintf(text, sizeof text, "\n192.0.2.1\n%069000d\nno\n", 0) < (int)sizeof text);
    assert_int_equal(read_text(folder, text), 1);
    assert_said(":3: expected a line of less than 1024 bytes");
    assert_int_equal(list.count, 1);
    forget();
}

/* What looks like one network up to there must not count as one. */
static void test_a_zero_byte_is_a_fault(void **folder) {
    static const char text[] = "192.0.2.0/24\0001\n198.51.100.0/24\n";
    folder_file(*folder, "list", file);
    FILE *out = fopen(file, "we");
    assert_non_null(out);
    assert_int_equal(fwrite(text, 1, sizeof text - 1, out), sizeof text - 1);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(read_it(), 1);
    assert_said(":1: 192.0.2.0/24: has a zero byte behind it");
    forget();
}

static void test_only_a_regular_file_is_read(void **folder) {
    folder_file(*folder, "nowhere", file);
    assert_int_equal(read_it(), 1);
    assert_said(": No such file or directory");
    forget();
    assert_int_equal(mkfifo(folder_file(*folder, "pipe", file), 0600), 0);
    assert_int_equal(read_it(), 1);
    assert_said(": is no regular file");
    forget();
    snprintf(file, sizeof file, "%s", (const char *)*folder);
    assert_int_equal(read_it(), 1);
    assert_said(": Is a directory");
    forget();
}

/* Two files become one list. */
static void test_a_second_file_adds(void **folder) {
    assert_int_equal(read_text(folder, "192.0.2.0/24\n"), 0);
    free(said);
    assert_int_equal(read_text(folder, "198.51.100.0/24\n"), 0);
    assert_int_equal(list.count, 2);
    forget();
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, folder_make, folder_remove)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_one_a_line),
        TEST(test_comments_and_white_space),
        TEST(test_an_empty_file_is_an_empty_list),
        TEST(test_each_fault_has_its_line),
        TEST(test_many_faults_are_counted),
        TEST(test_a_long_line_is_one_fault),
        TEST(test_an_endless_line_is_the_last),
        TEST(test_a_zero_byte_is_a_fault),
        TEST(test_only_a_regular_file_is_read),
        TEST(test_a_second_file_adds),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("prefix_list", tests, NULL, NULL);
}

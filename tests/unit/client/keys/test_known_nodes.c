#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "client/keys/known_keys.h"
#include "client/keys/known_nodes.h"
#include "tests/support/folder.h"

#define NAME "cluster.example:9595"

static const uint8_t key[32] = {1, 2, 3};

static struct address node_at(unsigned number) {
    return (struct address){.ip = {[10] = 0xff, 0xff, 203, 0, 113, (uint8_t)number}, .port = 9595};
}

static void the_last_one_comes_first(void **state) {
    struct known_nodes nodes = {.count = 0};
    (void)state;
    for (unsigned i = 1; i <= 2 * KNOWN_NODES_MAX; i++) {
        struct address node = node_at(i);
        assert_true(known_nodes_met(&nodes, &node));
        assert_false(known_nodes_met(&nodes, &node));
        assert_true(address_equal(&nodes.list[0], &node));
    }
    assert_int_equal(nodes.count, KNOWN_NODES_MAX);
    struct address again = node_at(KNOWN_NODES_MAX + 3);
    assert_false(known_nodes_met(&nodes, &again));
    assert_true(address_equal(&nodes.list[0], &again));
    for (size_t i = 0; i < nodes.count; i++)
        for (size_t j = 0; j < i; j++) assert_false(address_equal(&nodes.list[i], &nodes.list[j]));
}

static void remember(struct known_keys *known, const char *folder, const char *name) {
    struct why why;
    assert_true(known_keys_open(known, folder, "known_bootnodes", &why));
    assert_true(known_keys_remember(known, name, key, &why));
}

static void they_are_kept_beside_the_keys(void **state) {
    struct known_keys known = {.today = 20000};
    struct known_nodes nodes = {.count = 0}, read;
    unsigned line;
    char file[FOLDER_PATH_SIZE];
    folder_file(*state, "known_bootnodes", file);
    remember(&known, *state, NAME);
    for (unsigned round = 1; round <= 3; round++) {
        struct address node = node_at(round);
        assert_true(known_nodes_met(&nodes, &node));
        assert_true(known_nodes_write(known.log.path, NAME, key, &nodes));
        known_nodes_read(known.log.path, NAME, &read);
        assert_int_equal(read.count, round);
        assert_memory_equal(read.list, nodes.list, round * sizeof *read.list);
        assert_int_equal(known_keys_check(&known, NAME, key, &line), KNOWN_SAME);
    }
    char text[4096];
    folder_read(known.log.path, text, sizeof text);
    assert_non_null(strstr(text, " nodes 203.0.113.3:9595,203.0.113.2:9595,203.0.113.1:9595\n"));
    assert_null(strstr(strstr(text, " nodes ") + 1, " nodes ")); /* one line */
    known_nodes_read(known.log.path, "another:9595", &read);
    assert_int_equal(read.count, 0);
    known_keys_close(&known);
    /* The line is no key. */
    folder_write(file, NAME " 0100000000000000000000000000000000000000000000000000000000000000 nodes 192.0.2.1:1\n",
                 0600);
    struct why why;
    assert_true(known_keys_open(&known, *state, "known_bootnodes", &why));
    assert_int_equal(known_keys_check(&known, NAME, key, &line), KNOWN_NEW);
    known_keys_close(&known);
}

static void what_is_no_list_is_told_with_its_line(void **state) {
    static const char *const lists[] = {
        "",
        "here",
        "192.0.2.1",
        "192.0.2.1:0",
        "192.0.2.1:5,",
        "192.0.2.1:5,,192.0.2.2:5",
        "1.1.1.1:1,1.1.1.1:2,1.1.1.1:3,1.1.1.1:4,1.1.1.1:5,1.1.1.1:6,1.1.1.1:7,1.1.1.1:8,1.1.1.1:9"};
    char file[FOLDER_PATH_SIZE];
    folder_file(*state, "known_bootnodes", file);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct known_keys known = {.today = 20000};
        struct known_nodes read;
        struct why why;
        char text[1024];
        snprintf(text, sizeof text, "# by hand\n%s %064d nodes %s\n", NAME, 1, lists[i]);
        folder_write(file, text, 0600);
        assert_false(known_keys_open(&known, *state, "known_bootnodes", &why));
        assert_int_equal(known.malformed, 2);
        assert_non_null(strstr(why.text, "known_bootnodes:2: "));
        known_nodes_read(file, NAME, &read);
        assert_int_equal(read.count, 0);
        known_keys_close(&known);
    }
}

static void names_are_bounded_and_other_lines_stay(void **state) {
    char file[FOLDER_PATH_SIZE], text[65536];
    struct known_nodes nodes = {.list = {node_at(1)}, .count = 1}, read;
    folder_file(*state, "known_bootnodes", file);
    folder_write(file, "# mine\nwhat is this?", 0600);
    for (unsigned i = 0; i < 3 * KNOWN_NODES_NAMES; i++) {
        char name[32];
        snprintf(name, sizeof name, "n%u:9595", i);
        assert_true(known_nodes_write(file, name, key, &nodes));
    }
    folder_read(file, text, sizeof text);
    unsigned lines = 0;
    for (const char *at = text; (at = strstr(at, " nodes ")); at++) lines++;
    assert_int_equal(lines, KNOWN_NODES_NAMES);
    assert_memory_equal(text, "# mine\nwhat is this?\n", 21);
    known_nodes_read(file, "n0:9595", &read);
    assert_int_equal(read.count, 0);
    known_nodes_read(file, "n191:9595", &read);
    assert_int_equal(read.count, 1);
}

static void nothing_is_written_where_nothing_is(void **state) {
    char file[FOLDER_PATH_SIZE];
    struct known_nodes nodes = {.list = {node_at(1)}, .count = 1}, read;
    folder_file(*state, "known_bootnodes", file);
    assert_false(known_nodes_write(file, NAME, key, &nodes));
    assert_false(known_nodes_write("", NAME, key, &nodes));
    known_nodes_read("", NAME, &read);
    assert_int_equal(read.count, 0);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_one_comes_first),       IN_FOLDER(they_are_kept_beside_the_keys),
        IN_FOLDER(what_is_no_list_is_told_with_its_line), IN_FOLDER(names_are_bounded_and_other_lines_stay),
        IN_FOLDER(nothing_is_written_where_nothing_is),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("known_nodes", tests, NULL, NULL);
}

/* Lists of bootnodes and of their keys, as users write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "client/keys/bootnodes.h"
#include "tests/support/folder.h"

#define KEY_A "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define KEY_B "FF112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF"

static void lists_are_split(void **state) {
    static const char *const same[] = {"a.example:1,[2001:db8::1]:2", " a.example:1 , [2001:db8::1]:2 ",
                                       "a.example:1\t[2001:db8::1]:2", ",a.example:1,,[2001:db8::1]:2,"};
    struct bootnode bootnodes[BOOTNODES_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        memset(bootnodes, 0xff, sizeof bootnodes);
        assert_int_equal(bootnodes_name(same[i], bootnodes), 2);
        assert_string_equal(bootnodes[0].name, "a.example:1");
        assert_string_equal(bootnodes[1].name, "[2001:db8::1]:2");
        assert_false(bootnodes[0].pinned);
        assert_int_equal(bootnodes[0].address_count, 0);
        assert_int_equal(bootnodes[1].address_count, 1); /* needs no name server */
        assert_int_equal(bootnodes[1].addresses[0].port, 2);
        assert_false(bootnode_is_numeric(&bootnodes[0]));
        assert_true(bootnode_is_numeric(&bootnodes[1]));
    }
    assert_int_equal(bootnodes_name("a:1 b:1 c:1 d:1", bootnodes), BOOTNODES_MAX);
}

static void a_port_may_be_left_out(void **state) {
    static const char *const rows[][2] = {
        {"chat.example.org", "chat.example.org:9595"},
        {"192.0.2.1", "192.0.2.1:9595"},
        {"2001:db8::1", "[2001:db8::1]:9595"},
        {"[2001:db8::1]", "[2001:db8::1]:9595"},
        {"::1", "[::1]:9595"},
        {"2001:db8::1:9595", "[2001:db8::1:9595]:9595"},
        {"host:1", "host:1"},
    };
    struct bootnode bootnodes[BOOTNODES_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(bootnodes_name(rows[i][0], bootnodes), 1);
        assert_string_equal(bootnodes[0].name, rows[i][1]);
    }
    assert_int_equal(bootnodes_name("a, ::1 ,b:2,[::2]", bootnodes), 4);
    assert_string_equal(bootnodes[0].name, "a:9595");
    assert_string_equal(bootnodes[1].name, "[::1]:9595");
    assert_string_equal(bootnodes[2].name, "b:2");
    assert_string_equal(bootnodes[3].name, "[::2]:9595");
    assert_true(bootnode_is_numeric(&bootnodes[1]));
}

static void what_is_no_list_is_refused(void **state) {
    static const char *const wrong[] = {"",
                                        " , ",
                                        "a:",
                                        ":1",
                                        "a:0",
                                        "a:1;b:2",
                                        "a:1 a:1",
                                        "a a",
                                        "a,a:9595",
                                        "a:1,b:bee",
                                        "a:1 b:",
                                        "a:1 b:1 c:1 d:1 e:1",
                                        "[::1",
                                        "::1]",
                                        "[a]",
                                        "[::1]:",
                                        "[::1]9595",
                                        "::1,[::1]",
                                        "http://a/",
                                        "[::1]x",
                                        "a:99999",
                                        "[]",
                                        "1:2:3",
                                        "a..b:1",
                                        "256.0.0.1:1",
                                        "a 9595"};
    struct bootnode bootnodes[BOOTNODES_MAX];
    char endless[4 * INI_TEXT_SIZE];
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) assert_int_equal(bootnodes_name(wrong[i], bootnodes), 0);
    memset(endless, 'a', sizeof endless);
    memcpy(endless + sizeof endless - 3, ":1", 3);
    assert_int_equal(bootnodes_name(endless, bootnodes), 0);
}

static void keys_belong_to_places(void **state) {
    struct bootnode bootnodes[BOOTNODES_MAX];
    (void)state;
    assert_int_equal(bootnodes_name("a:1 b:1 c:1", bootnodes), 3);
    assert_true(bootnodes_pin("", bootnodes, 3));
    assert_false(bootnodes[0].pinned);
    assert_true(bootnodes_pin("- " KEY_A ", -", bootnodes, 3));
    assert_false(bootnodes[0].pinned);
    assert_true(bootnodes[1].pinned);
    assert_false(bootnodes[2].pinned);
    assert_int_equal(bootnodes[1].key[31], 0xff);
    assert_true(bootnodes_pin(KEY_B, bootnodes, 3));
    assert_true(bootnodes[0].pinned);
    assert_int_equal(bootnodes[0].key[0], 0xff);
}

static void what_are_no_keys_is_refused(void **state) {
    static const char *const wrong[] = {"--",        "0011",        KEY_A "00", KEY_A KEY_B, "x" KEY_A,
                                        KEY_A " 00", KEY_A " - - ", "- - -",    "key"};
    struct bootnode bootnodes[BOOTNODES_MAX] = {0};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) assert_false(bootnodes_pin(wrong[i], bootnodes, 2));
    assert_false(bootnodes_pin("-", bootnodes, 0));
}

/* --- A key that takes its place --- */

static void take_key(uint8_t byte, uint8_t key[static 32]) {
    memset(key, byte, 32);
}

static enum bootnode_succession succeeds(struct bootnode *bootnode, struct known_keys *known, uint8_t byte,
                                         struct why *told) {
    uint8_t key[32];
    take_key(byte, key);
    return bootnode_succeed(bootnode, known, key, told);
}

static bool is_trusted(const struct bootnode *bootnode, struct known_keys *known, uint8_t byte, struct why *why) {
    uint8_t key[32];
    take_key(byte, key);
    return bootnode_trusted(bootnode, known, key, why);
}

/* In one run, whose file remembers nothing: of a pinned one, and of one that is remembered. */
static void a_successor_is_followed_and_never_left_again(void **state) {
    (void)state;
    for (unsigned pinned = 0; pinned < 2; pinned++) {
        struct known_keys known = {.told = false};
        struct bootnode bootnode = {.name = "host:1", .pinned = pinned, .key = {0}};
        struct why told;
        uint8_t key[32];
        take_key(1, key);
        memcpy(bootnode.key, key, sizeof key);
        if (!pinned) assert_true(known_keys_succeed(&known, "host:1", key, key, &told));
        assert_int_equal(succeeds(&bootnode, &known, 2, &told), BOOTNODE_SUCCEEDED);
        assert_non_null(strstr(told.text, "new key"));
        assert_non_null(strstr(told.text, pinned ? "bootnode_key = 0202" : "0202"));
        assert_int_equal(succeeds(&bootnode, &known, 2, &told), BOOTNODE_SUCCEEDED);
        assert_string_equal(told.text, ""); /* another room */
        assert_true(is_trusted(&bootnode, &known, 2, &told));
        assert_false(is_trusted(&bootnode, &known, 1, &told));
        assert_non_null(strstr(told.text, "refused"));

        assert_int_equal(succeeds(&bootnode, &known, 1, &told), BOOTNODE_UNSUCCEEDED);
        assert_non_null(strstr(told.text, "had before"));
        assert_int_equal(succeeds(&bootnode, &known, 1, &told), BOOTNODE_UNSUCCEEDED);
        assert_string_equal(told.text, ""); /* said once */
        assert_true(is_trusted(&bootnode, &known, 2, &told));
        for (uint8_t next = 3; next <= BOOTNODE_LEFT_MAX + 1; next++)
            assert_int_equal(succeeds(&bootnode, &known, next, &told), BOOTNODE_SUCCEEDED);
        assert_int_equal(succeeds(&bootnode, &known, BOOTNODE_LEFT_MAX + 2, &told), BOOTNODE_UNSUCCEEDED);
        known_keys_close(&known);
    }
}

/* Who is known by no key has none that could vouch. */
static void a_stranger_has_no_successor(void **state) {
    struct known_keys known = {.told = false};
    struct bootnode bootnode = {.name = "host:1"};
    struct why told;
    (void)state;
    assert_int_equal(succeeds(&bootnode, &known, 2, &told), BOOTNODE_UNSUCCEEDED);
}

/* --- A print, as an invite has it --- */

static struct bootnode with_print(uint8_t byte) {
    struct bootnode bootnode = {.name = "host:1", .has_print = true};
    uint8_t key[32];
    take_key(byte, key);
    key_print_derive(key, bootnode.print);
    return bootnode;
}

static void remember(struct known_keys *known, const struct bootnode *bootnode, uint8_t byte) {
    uint8_t key[32];
    struct why why;
    take_key(byte, key);
    assert_true(bootnode_remember(bootnode, known, key, &why));
}

static bool knows(const struct bootnode *bootnode, struct known_keys *known, uint8_t byte) {
    uint8_t key[32], found[32];
    take_key(byte, key);
    return bootnode_known_key(bootnode, known, found) && memcmp(found, key, sizeof key) == 0;
}

static void the_first_key_must_have_the_print(void **state) {
    struct known_keys known = {.told = false};
    struct bootnode bootnode = with_print(1);
    struct why why;
    (void)state;
    assert_false(is_trusted(&bootnode, &known, 2, &why));
    assert_non_null(strstr(why.text, "the key 0202"));
    assert_non_null(strstr(why.text, "not the one in the invite: refused"));
    assert_true(is_trusted(&bootnode, &known, 1, &why));
    known_keys_close(&known);
}

/* What was remembered of who was met without an invite counts less; but it stays in the file. */
static void the_print_counts_more_than_what_is_remembered(void **state) {
    struct known_keys known;
    struct bootnode bootnode = {.name = "host:1"};
    struct why why;
    assert_true(known_keys_open(&known, *state, "known_bootnodes", &why));
    remember(&known, &bootnode, 2);
    bootnode = with_print(1);
    assert_false(knows(&bootnode, &known, 2));
    assert_false(is_trusted(&bootnode, &known, 2, &why));
    assert_true(is_trusted(&bootnode, &known, 1, &why));
    remember(&known, &bootnode, 1);
    bootnode.has_print = false;
    assert_true(knows(&bootnode, &known, 2));
    known_keys_close(&known);
}

/* An invite that is older than the bootnode's key leads to whoever followed it there, now and in later runs. */
static void an_old_print_leads_to_the_successor(void **state) {
    struct known_keys known;
    struct bootnode bootnode = with_print(1);
    struct why why;
    for (unsigned run = 0; run < 2; run++) {
        assert_true(known_keys_open(&known, *state, "known_bootnodes", &why));
        if (run == 0) {
            remember(&known, &bootnode, 1);
            assert_int_equal(succeeds(&bootnode, &known, 2, &why), BOOTNODE_SUCCEEDED);
        }
        assert_true(knows(&bootnode, &known, 2));
        assert_true(is_trusted(&bootnode, &known, 2, &why));
        assert_false(is_trusted(&bootnode, &known, 1, &why));
        assert_non_null(strstr(why.text, "replaced: refused"));
        assert_false(is_trusted(&bootnode, &known, 3, &why));
        known_keys_close(&known);
        bootnode = with_print(1);
    }
}

/* One that is newer than what we remember: the old key is no way to it. */
static void a_new_print_needs_no_old_key(void **state) {
    struct known_keys known;
    struct bootnode bootnode = {.name = "host:1"};
    struct why why;
    assert_true(known_keys_open(&known, *state, "known_bootnodes", &why));
    remember(&known, &bootnode, 1);
    assert_int_equal(succeeds(&bootnode, &known, 2, &why), BOOTNODE_SUCCEEDED);
    bootnode = with_print(3);
    assert_false(is_trusted(&bootnode, &known, 2, &why));
    assert_true(is_trusted(&bootnode, &known, 3, &why));
    known_keys_close(&known);
}

int main(void) {
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_successor_is_followed_and_never_left_again),
        cmocka_unit_test(a_stranger_has_no_successor),
        cmocka_unit_test(the_first_key_must_have_the_print),
        IN_FOLDER(the_print_counts_more_than_what_is_remembered),
        IN_FOLDER(an_old_print_leads_to_the_successor),
        IN_FOLDER(a_new_print_needs_no_old_key),
        cmocka_unit_test(lists_are_split),
        cmocka_unit_test(a_port_may_be_left_out),
        cmocka_unit_test(what_is_no_list_is_refused),
        cmocka_unit_test(keys_belong_to_places),
        cmocka_unit_test(what_are_no_keys_is_refused),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("bootnode", tests, NULL, NULL);
}

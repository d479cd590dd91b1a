#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "bootnode/guard/access.h"
#include "bootnode/guard/access_lists.h"
#include "bootnode/guard/access_orders.h"
#include "bootnode/guard/access_reason.h"
#include "common/clock.h"
#include "common/thread.h"
#include "tests/support/folder.h"

#define OWN "203.0.113.9"

static struct access *lists;
static char *problems;
static struct why why;

static struct address at(const char *text) {
    struct address address;
    assert_true(address_parse(text, 9595, &address));
    return address;
}

static struct prefix network(const char *text) {
    struct prefix prefix;
    if (!prefix_parse(text, &prefix, &why)) fail_msg("%s: %s", text, why.text);
    return prefix;
}

static int start(void **state) {
    struct address own = at(OWN);
    rcu_reader_register();
    lists = access_create(&own, 1);
    assert_non_null(lists);
    return folder_make(state);
}

static int stop(void **state) {
    access_destroy(lists);
    free(problems);
    problems = NULL;
    rcu_reader_unregister();
    return folder_remove(state);
}

static enum access_rule ask(const char *text) {
    const struct address address = at(text);
    return access_ask(lists, &address);
}

static void ban(const char *text, uint64_t until_ms) {
    const struct prefix prefix = network(text);
    if (!access_ban(lists, &prefix, until_ms, &why)) fail_msg("%s: %s", text, why.text);
}

static void allow(const char *text, uint64_t until_ms) {
    const struct prefix prefix = network(text);
    if (!access_allow(lists, &prefix, until_ms, &why)) fail_msg("%s: %s", text, why.text);
}

/* Refused, with this in the reason. */
static void assert_no_ban(const char *text, const char *reason) {
    const struct prefix prefix = network(text);
    assert_false(access_ban(lists, &prefix, NEVER, &why));
    if (!strstr(why.text, reason)) fail_msg("\"%s\" lacks \"%s\"", why.text, reason);
}

static void assert_reason(const char *text, const char *expected) {
    struct access_reason reason;
    char said[ACCESS_TEXT_SIZE];
    const struct address address = at(text);
    access_explain(lists, &address, &reason);
    assert_string_equal(access_reason_text(&reason, 1000, said), expected);
    bool kept_out = reason.rule == ACCESS_BANNED || reason.rule == ACCESS_DENIED;
    assert_int_equal(ask(text), kept_out ? reason.rule : ACCESS_OPEN);
}

/* Both files with these texts, NULL: none of that kind. */
static bool reload(void **state, const char *allowed, const char *denied) {
    static struct ini_path_list allow_list, deny_list;
    size_t size;
    allow_list.count = allowed != NULL;
    deny_list.count = denied != NULL;
    folder_file(*state, "allow", allow_list.items[0]);
    folder_file(*state, "deny", deny_list.items[0]);
    if (allowed) folder_write(allow_list.items[0], allowed, 0600);
    if (denied) folder_write(deny_list.items[0], denied, 0600);
    const struct access_files files = {.allow = &allow_list, .deny = &deny_list};
    free(problems);
    FILE *out = open_memstream(&problems, &size);
    assert_non_null(out);
    bool adopted = access_reload(lists, &files, out);
    assert_int_equal(fclose(out), 0);
    return adopted;
}

/* --- Order --- */

static void test_nobody_is_kept_out_at_first(void **state) {
    (void)state;
    assert_int_equal(ask("192.0.2.1"), ACCESS_OPEN);
    assert_true(access_is_open(lists));
    assert_true(access_is_open(NULL));
    struct address address = at("192.0.2.1");
    assert_int_equal(access_ask(NULL, &address), ACCESS_OPEN);
    assert_reason("192.0.2.1", "open: nothing names it");
}

static void test_allow_goes_before_ban_before_deny(void **state) {
    char expected[FOLDER_PATH_SIZE * 2];
    assert_true(reload(state, "192.0.2.7\n", "# from elsewhere\n192.0.2.0/24\n"));
    assert_int_equal(ask("192.0.2.1"), ACCESS_DENIED);
    snprintf(expected, sizeof expected, "denied by 192.0.2.0/24, %s/deny:2", (char *)*state);
    assert_reason("192.0.2.1", expected);
    ban("192.0.2.0/28", 61000);
    assert_reason("192.0.2.1", "banned by 192.0.2.0/28, by hand, for 1min more");
    assert_int_equal(ask("192.0.2.16"), ACCESS_DENIED);
    snprintf(expected, sizeof expected, "allowed by 192.0.2.7/32, %s/allow:1; else it would be banned", (char *)*state);
    assert_reason("192.0.2.7", expected);
    allow("192.0.2.2", NEVER);
    assert_reason("192.0.2.2", "allowed by 192.0.2.2/32, by hand, until that is lifted; else it would be banned");
    allow("192.0.2.32/27", NEVER);
    assert_reason("192.0.2.33", "allowed by 192.0.2.32/27, by hand, until that is lifted; else it would be denied");
    assert_int_equal(ask("2001:db8::1"), ACCESS_OPEN);
}

static void test_ipv4_is_one_in_either_form(void **state) {
    (void)state;
    ban("::ffff:192.0.2.0/120", NEVER);
    assert_int_equal(ask("192.0.2.1"), ACCESS_BANNED);
    assert_int_equal(ask("[::ffff:192.0.2.1]:7"), ACCESS_BANNED);
    const struct prefix prefix = network("192.0.2.0/24");
    assert_true(access_unban(lists, &prefix, &why));
    assert_int_equal(ask("192.0.2.1"), ACCESS_OPEN);
    assert_true(access_is_open(lists));
}

/* --- By hand --- */

static void test_a_ban_ends_at_its_time(void **state) {
    struct access_order orders[4];
    (void)state;
    ban("192.0.2.0/24", 5000);
    ban("198.51.100.0/24", 7000);
    access_expire(lists, 4999);
    assert_int_equal(ask("192.0.2.1"), ACCESS_BANNED);
    access_expire(lists, 5000);
    assert_int_equal(ask("192.0.2.1"), ACCESS_OPEN);
    assert_int_equal(ask("198.51.100.1"), ACCESS_BANNED);
    assert_int_equal(access_orders(lists, orders, 4), 1);
    assert_int_equal(orders[0].until_ms, 7000);
    access_expire(lists, 7001);
    assert_true(access_is_open(lists));
    access_expire(NULL, 1);
}

static void test_a_ban_is_made_longer_or_shorter(void **state) {
    struct access_order orders[4];
    (void)state;
    ban("192.0.2.0/24", 5000);
    ban("192.0.2.0/24", 9000);
    assert_int_equal(access_orders(lists, orders, 4), 1);
    access_expire(lists, 6000);
    assert_int_equal(ask("192.0.2.1"), ACCESS_BANNED);
    ban("192.0.2.0/24", 6500);
    access_expire(lists, 6500);
    assert_int_equal(ask("192.0.2.1"), ACCESS_OPEN);
}

/* The wider one ends first. */
static void test_a_ban_within_another_lasts(void **state) {
    (void)state;
    ban("192.0.2.0/24", 5000);
    ban("192.0.2.1", 9000);
    access_expire(lists, 5000);
    assert_int_equal(ask("192.0.2.1"), ACCESS_BANNED);
    assert_int_equal(ask("192.0.2.2"), ACCESS_OPEN);
}

static void test_an_exception_ends_too(void **state) {
    assert_true(reload(state, NULL, "192.0.2.0/24\n"));
    allow("192.0.2.1", 5000);
    uint64_t changes = access_changes(lists);
    assert_int_equal(ask("192.0.2.1"), ACCESS_OPEN);
    access_expire(lists, 5000);
    assert_int_equal(ask("192.0.2.1"), ACCESS_DENIED);
    assert_true(access_changes(lists) > changes);
}

static void test_lifting_names_what_there_is(void **state) {
    (void)state;
    ban("192.0.0.0/16", NEVER);
    ban("192.0.2.0/24", NEVER);
    const struct prefix inside = network("192.0.2.1"), elsewhere = network("198.51.100.0/24"),
                        there = network("192.0.2.0/24");
    assert_false(access_unban(lists, &inside, &why));
    assert_non_null(strstr(why.text, "no ban of 192.0.2.1/32, but one of 192.0.2.0/24"));
    assert_false(access_unban(lists, &elsewhere, &why));
    assert_non_null(strstr(why.text, "no ban of 198.51.100.0/24"));
    assert_false(access_disallow(lists, &there, &why));
    assert_true(access_unban(lists, &there, &why));
    assert_int_equal(ask("192.0.2.1"), ACCESS_BANNED);
    allow("192.0.2.0/24", NEVER);
    assert_int_equal(ask("192.0.2.1"), ACCESS_OPEN);
    assert_true(access_disallow(lists, &there, &why));
    assert_int_equal(ask("192.0.2.1"), ACCESS_BANNED);
}

static void test_there_is_a_most(void **state) {
    struct access_order orders[2];
    (void)state;
    for (unsigned i = 0; i < ACCESS_ORDERS_MAX; i++) {
        struct address address = at("198.18.0.0");
        address.ip[14] = (uint8_t)(i >> 8);
        address.ip[15] = (uint8_t)i;
        const struct prefix prefix = prefix_of(&address, PREFIX_BITS_MAX);
        assert_true(access_ban(lists, &prefix, i + 1, &why));
    }
    assert_no_ban("192.0.2.1", "expected a deny_file");
    ban("198.18.0.7", NEVER); /* one that is there */
    assert_int_equal(access_orders(lists, orders, 2), ACCESS_ORDERS_MAX);
    assert_int_equal(ask("198.18.15.255"), ACCESS_BANNED);
    assert_int_equal(ask("198.18.16.0"), ACCESS_OPEN);
    access_expire(lists, ACCESS_ORDERS_MAX + 1);
    assert_int_equal(access_orders(lists, orders, 2), 1);
}

/* --- Nobody by a slip --- */

static void test_a_ban_of_everybody_is_refused(void **state) {
    (void)state;
    assert_no_ban("0.0.0.0/0", "too many at once");
    assert_no_ban("0.0.0.0/1", "too many at once");
    assert_no_ban("10.0.0.0/7", "too many at once");
    assert_no_ban("::/0", "too many at once");
    assert_no_ban("2000::/3", "too many at once");
    assert_no_ban("2000::/15", "too many at once");
    assert_true(access_is_open(lists));
    ban("10.0.0.0/8", NEVER);
    ban("2001::/16", NEVER);
}

static void test_a_ban_that_would_do_nothing_is_refused(void **state) {
    assert_true(reload(state, "192.0.2.0/24\n2001:db8::/32\n", NULL));
    assert_no_ban("192.0.2.64/26", "192.0.2.0/24 lets it in");
    assert_no_ban("2001:db8::1", "2001:db8::/32 lets it in");
    allow("198.51.100.7", NEVER);
    assert_no_ban("198.51.100.7", "198.51.100.7/32 lets it in");
    ban("198.51.100.0/24", NEVER);
    assert_int_equal(ask("198.51.100.7"), ACCESS_OPEN);
    assert_int_equal(ask("198.51.100.8"), ACCESS_BANNED);
}

static void test_ones_own_needs_to_be_named(void **state) {
    assert_true(reload(state, NULL, "0.0.0.0/1\n192.0.0.0/8\n203.0.113.0/24\n::/8\n"));
    ban("203.0.112.0/23", NEVER);
    assert_int_equal(ask("1.2.3.4"), ACCESS_DENIED);
    assert_int_equal(ask("203.0.113.8"), ACCESS_BANNED);
    assert_int_equal(ask("::2"), ACCESS_DENIED);
    assert_int_equal(ask("127.0.0.5"), ACCESS_OPEN);
    assert_int_equal(ask("::1"), ACCESS_OPEN);
    assert_int_equal(ask(OWN), ACCESS_OPEN);
    ban("127.0.0.5", NEVER);
    ban(OWN, NEVER);
    assert_int_equal(ask("127.0.0.5"), ACCESS_BANNED);
    assert_int_equal(ask("127.0.0.6"), ACCESS_OPEN);
    assert_int_equal(ask(OWN), ACCESS_BANNED);
    assert_true(reload(state, NULL, "127.0.0.6\n::1\n"));
    assert_int_equal(ask("127.0.0.6"), ACCESS_DENIED);
    assert_int_equal(ask("::1"), ACCESS_DENIED);
    assert_int_equal(ask("127.0.0.5"), ACCESS_BANNED);
    ban("127.0.0.0/8", NEVER);
    assert_int_equal(ask("127.0.0.77"), ACCESS_BANNED);
}

static void test_denying_everybody_wants_somebody_allowed(void **state) {
    assert_true(reload(state, NULL, "192.0.2.0/24\n"));
    assert_false(reload(state, NULL, "0.0.0.0/0\n"));
    assert_non_null(strstr(problems, "/deny:1: every address of IPv4 is denied, expected some of it in an allow_file"));
    assert_false(reload(state, "2001:db8::/32\n", "# halves\n0.0.0.0/1\n128.0.0.0/1\n"));
    assert_non_null(strstr(problems, "/deny:2: every address of IPv4"));
    assert_false(reload(state, "192.0.2.7\n", "0.0.0.0/0\n::/0\n"));
    assert_non_null(strstr(problems, "/deny:2: every address of IPv6"));
    assert_int_equal(ask("192.0.2.1"), ACCESS_DENIED);
    assert_int_equal(ask("198.51.100.1"), ACCESS_OPEN);
    assert_true(reload(state, "192.0.2.7\n2001:db8::/32\n", "0.0.0.0/0\n::/0\n"));
    assert_int_equal(ask("192.0.2.7"), ACCESS_OPEN);
    assert_int_equal(ask("192.0.2.8"), ACCESS_DENIED);
    assert_int_equal(ask("2001:db8::1"), ACCESS_OPEN);
    assert_int_equal(ask("2001:db9::1"), ACCESS_DENIED);
}

/* --- Files --- */

static void test_files_hold_whole_or_not_at_all(void **state) {
    assert_true(reload(state, "192.0.2.7\n", "192.0.2.0/24\n"));
    assert_false(reload(state, "nobody\n198.51.100.1\n", "198.51.100.0/24\n203.0.113.0/33\n"));
    assert_non_null(strstr(problems, "/allow:1: nobody: expected a network"));
    assert_non_null(strstr(problems, "/deny:2: 203.0.113.0/33: expected a length"));
    assert_int_equal(ask("192.0.2.1"), ACCESS_DENIED);
    assert_int_equal(ask("192.0.2.7"), ACCESS_OPEN);
    assert_int_equal(ask("198.51.100.2"), ACCESS_OPEN);
    assert_true(reload(state, NULL, "198.51.100.0/24\n"));
    assert_int_equal(ask("192.0.2.1"), ACCESS_OPEN);
    assert_int_equal(ask("198.51.100.2"), ACCESS_DENIED);
    assert_true(reload(state, NULL, NULL));
    assert_true(access_is_open(lists));
}

static void test_bans_outlive_a_reload(void **state) {
    ban("192.0.2.0/24", 5000);
    allow("198.51.100.7", 9000);
    assert_true(reload(state, NULL, "198.51.100.0/24\n"));
    assert_int_equal(ask("192.0.2.1"), ACCESS_BANNED);
    assert_int_equal(ask("198.51.100.7"), ACCESS_OPEN);
    assert_int_equal(ask("198.51.100.8"), ACCESS_DENIED);
    access_expire(lists, 5000);
    assert_int_equal(ask("192.0.2.1"), ACCESS_OPEN);
    assert_int_equal(ask("198.51.100.8"), ACCESS_DENIED);
}

static void test_what_was_read_may_be_discarded(void **state) {
    static struct ini_path_list none;
    const struct access_files files = {.allow = &none, .deny = &none};
    (void)state;
    ban("192.0.2.1", NEVER);
    access_discard(access_read(lists, &files, stderr));
    access_discard(NULL);
    assert_int_equal(ask("192.0.2.1"), ACCESS_BANNED);
}

static void test_how_much_there_is(void **state) {
    struct access_sizes sizes;
    assert_true(reload(state, "192.0.2.7\n", "192.0.2.0/24\n192.0.2.1\n127.0.0.1\n2001:db8::/32\n"));
    ban("198.51.100.0/24", NEVER);
    access_measure(lists, &sizes);
    assert_int_equal(sizes.allowed, 1);
    assert_int_equal(sizes.denied, 3);
    assert_int_equal(sizes.orders, 1);
    assert_true(sizes.bytes > 0);
}

/* --- Changes --- */

/* Twice: at once, and when nobody reads the former rules any more. */
static void test_a_change_is_counted_twice(void **state) {
    uint64_t before = access_changes(lists);
    (void)state;
    ban("192.0.2.0/24", 5000);
    assert_int_equal(access_changes(lists), before + 1);
    rcu_drain();
    assert_int_equal(access_changes(lists), before + 2);
    access_expire(lists, 5000);
    rcu_drain();
    assert_int_equal(access_changes(lists), before + 2); /* nobody new is kept out */
    assert_int_equal(access_changes(NULL), 0);
}

/* Workers ask while an operator changes his mind: each answer is that of some rules that held whole. */
struct asking {
    atomic_bool stop;
    _Atomic uint64_t asked, wrong;
};

static void keep_asking(void *argument) {
    struct asking *asking = argument;
    const struct address always = at("198.51.100.1"), never = at("203.0.113.1");
    while (!atomic_load(&asking->stop)) {
        atomic_fetch_add(&asking->wrong, access_ask(lists, &always) == ACCESS_OPEN);
        atomic_fetch_add(&asking->wrong, access_ask(lists, &never) != ACCESS_OPEN);
        atomic_fetch_add(&asking->asked, 1);
        rcu_reader_quiescent();
    }
}

static void test_who_asks_sees_whole_rules(void **state) {
    struct asking asking = {.asked = 0};
    struct thread threads[2];
    assert_true(reload(state, NULL, "198.51.100.0/24\n"));
    for (size_t i = 0; i < 2; i++) assert_int_equal(thread_start(&threads[i], "asking", true, keep_asking, &asking), 0);
    for (unsigned i = 0; i < 200 || atomic_load(&asking.asked) < 1000; i++) {
        ban(i % 2 ? "192.0.2.0/24" : "198.51.100.0/25", i % 3 ? 5000 : NEVER);
        if (i % 5 == 0) access_expire(lists, 5000);
        if (i % 50 == 0) assert_true(reload(state, i % 100 ? "192.0.2.7\n" : NULL, "198.51.100.0/24\n10.0.0.0/8\n"));
        rcu_reader_quiescent();
    }
    atomic_store(&asking.stop, true);
    rcu_reader_offline();
    for (size_t i = 0; i < 2; i++) thread_join(&threads[i]);
    rcu_reader_online();
    assert_int_equal(atomic_load(&asking.wrong), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, start, stop)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_nobody_is_kept_out_at_first),
        TEST(test_allow_goes_before_ban_before_deny),
        TEST(test_ipv4_is_one_in_either_form),
        TEST(test_a_ban_ends_at_its_time),
        TEST(test_a_ban_is_made_longer_or_shorter),
        TEST(test_a_ban_within_another_lasts),
        TEST(test_an_exception_ends_too),
        TEST(test_lifting_names_what_there_is),
        TEST(test_there_is_a_most),
        TEST(test_a_ban_of_everybody_is_refused),
        TEST(test_a_ban_that_would_do_nothing_is_refused),
        TEST(test_ones_own_needs_to_be_named),
        TEST(test_denying_everybody_wants_somebody_allowed),
        TEST(test_files_hold_whole_or_not_at_all),
        TEST(test_bans_outlive_a_reload),
        TEST(test_what_was_read_may_be_discarded),
        TEST(test_how_much_there_is),
        TEST(test_a_change_is_counted_twice),
        TEST(test_who_asks_sees_whole_rules),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("access", tests, NULL, NULL);
}

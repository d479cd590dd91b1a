#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "bootnode/metrics_host.h"

static void numbers_are_ours(void **state) {
    (void)state;
    static const char *const numbers[] = {"127.0.0.1",     "127.0.0.1:9596", "192.0.2.1:80",  "[::1]:9596",
                                          "[2001:db8::1]", "0.0.0.0",        "10.0.0.1:65535"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) assert_true(metrics_host_is_ours(numbers[i], ""));
    assert_true(metrics_host_is_ours(NULL, ""));
}

static void our_own_names_are_ours(void **state) {
    (void)state;
    char own[256] = "";
    assert_int_equal(gethostname(own, sizeof own - 1), 0);
    assert_true(metrics_host_is_ours("localhost", ""));
    assert_true(metrics_host_is_ours("LocalHost:9596", ""));
    assert_true(metrics_host_is_ours(own, ""));
}

static void names_of_others_are_not(void **state) {
    (void)state;
    static const char *const names[] = {"",
                                        ":80",
                                        "evil.example",
                                        "evil.example:9596",
                                        "localhost.evil.example",
                                        "127.0.0.1.evil.example",
                                        "127.0.0.1@evil.example",
                                        "localhost:port",
                                        "[::1",
                                        "node.example.org.evil.example",
                                        "node.example.or"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (metrics_host_is_ours(names[i], "node.example.org, other")) fail_msg("\"%s\" is taken for ours", names[i]);
}

static void listed_names_are_ours(void **state) {
    (void)state;
    static const char names[] = "node.example.org ,\tother";
    assert_true(metrics_host_is_ours("node.example.org:9596", names));
    assert_true(metrics_host_is_ours("NODE.example.ORG", names));
    assert_true(metrics_host_is_ours("other", names));
    assert_false(metrics_host_is_ours("node.example.org , other", names));
}

static void a_list_is_checked(void **state) {
    (void)state;
    static const char *const good[] = {"", " ", "node", "a.example, b.example", "a,b"};
    static const char *const bad[] = {",", "a,", "a,,b", "a:80", "http://a", "a b", "[::1"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!metrics_host_list_valid(good[i])) fail_msg("\"%s\" is refused", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (metrics_host_list_valid(bad[i])) fail_msg("\"%s\" is taken", bad[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_ours),        cmocka_unit_test(our_own_names_are_ours),
        cmocka_unit_test(names_of_others_are_not), cmocka_unit_test(listed_names_are_ours),
        cmocka_unit_test(a_list_is_checked),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

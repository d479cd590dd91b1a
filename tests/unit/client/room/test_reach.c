#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/room/reach.h"

static struct address parsed(const char *text) {
    struct address address;
    if (!address_parse(text, 0, &address)) fail_msg("%s", text);
    return address;
}

static void a_candidate_is_reached_where_it_can_be(void **state) {
    static const struct own_links none = {.count = 0}, two = {.ipv4 = true, .scopes = {5, 7}, .count = 2};
    static const struct {
        const struct own_links *links;
        const char *bootnode;
        bool loopback;
        const char *candidate, *expected[3];
    } cases[] = {
        {&none, "203.0.113.1:1", false, "10.0.0.1:2", {"10.0.0.1:2"}},
        {&none, "203.0.113.1:1", false, "240.0.0.1:2", {"240.0.0.1:2"}},
        {&none, "203.0.113.1:1", false, "[200::1]:2", {"[200::1]:2"}},
        {&two, "203.0.113.1:1", false, "224.0.0.1:2", {NULL}},
        {&two, "203.0.113.1:1", false, "127.0.0.1:2", {NULL}},
        {&none, "127.0.0.1:1", true, "127.0.0.1:2", {"127.0.0.1:2"}},
        {&none, "203.0.113.1:1", false, "169.254.0.1:2", {NULL}},
        {&two, "203.0.113.1:1", false, "169.254.0.1:2", {"169.254.0.1:2"}},
        {&none, "203.0.113.1:1", false, "[fe80::1]:2", {NULL}},
        {&two, "203.0.113.1:1", false, "[fe80::1]:2", {"[fe80::1%5]:2", "[fe80::1%7]:2"}},
        {&two, "[fe80::9%7]:1", false, "[fe80::1]:2", {"[fe80::1%7]:2"}},
        {&two, "203.0.113.1:1", false, "[fe80::1]:0", {NULL}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct reach_view view = {
            .links = cases[i].links, .bootnode = parsed(cases[i].bootnode), .loopback = cases[i].loopback};
        struct address candidate = parsed(cases[i].candidate), out[3];
        size_t count = reach_candidate(&view, &candidate, out, 3), expected = 0;
        for (; cases[i].expected[expected]; expected++) {
            struct address wanted = parsed(cases[i].expected[expected]);
            assert_true(expected < count && address_equal(&out[expected], &wanted));
        }
        assert_int_equal(count, expected);
        assert_int_equal(reach_candidate(&view, &candidate, out, 0), 0);
    }
}

static void who_is_beside_the_bootnode_is_where_it_is(void **state) {
    static const struct {
        const char *bootnode, *mapped, *seen, *expected;
    } cases[] = {
        {"203.0.113.1:9595", "198.51.100.7:5", "127.0.0.1:4000", "203.0.113.1:4000"},
        {"[2001:db8::1]:9595", "[2001:db8:7::1]:5", "[::1]:4000", "[2001:db8::1]:4000"},
        {"192.168.1.5:9595", "192.168.1.7:5", "127.0.0.1:4000", "192.168.1.5:4000"},
        {"203.0.113.1:9595", "198.51.100.7:5", "10.9.0.20:4000", "203.0.113.1:4000"},
        {"127.0.0.1:9595", "127.0.0.1:5", "127.0.0.1:4000", NULL},       /* with us */
        {"192.168.1.5:9595", "192.168.1.7:5", "192.168.1.8:4000", NULL}, /* in our network */
        {"203.0.113.1:9595", "10.9.0.7:5", "10.9.0.20:4000", NULL},      /* the same, and its router lets us in */
        {"203.0.113.1:9595", "198.51.100.7:5", "198.51.100.9:4000", NULL},
    };
    static const struct own_links none = {.count = 0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct reach_view view = {
            .links = &none, .bootnode = parsed(cases[i].bootnode), .mapped = parsed(cases[i].mapped)};
        struct address seen = parsed(cases[i].seen), out;
        assert_int_equal(reach_beside(&view, &seen, &out), cases[i].expected != NULL);
        if (!cases[i].expected) continue;
        struct address expected = parsed(cases[i].expected);
        assert_true(address_equal(&out, &expected));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_candidate_is_reached_where_it_can_be),
        cmocka_unit_test(who_is_beside_the_bootnode_is_where_it_is),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("reach", tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/prefix.h"

static struct prefix parsed(const char *text) {
    struct prefix prefix;
    struct why why = {""};
    if (!prefix_parse(text, &prefix, &why)) fail_msg("%s: %s", text, why.text);
    assert_true(prefix_holds(&prefix));
    return prefix;
}

static struct address address_of(const char *text) {
    struct address address;
    assert_true(address_parse(text, 1, &address));
    return address;
}

static bool covers(const char *network, const char *address) {
    const struct prefix prefix = parsed(network);
    const struct address there = address_of(address);
    return prefix_covers(&prefix, &there);
}

static void is_written_as_it_is_read(void **state) {
    (void)state;
    static const char *const texts[][2] = {{"192.0.2.0/24", "192.0.2.0/24"},
                                           {"192.0.2.7", "192.0.2.7/32"},
                                           {"0.0.0.0/0", "0.0.0.0/0"},
                                           {"10.128.0.0/9", "10.128.0.0/9"},
                                           {"2001:db8::/48", NULL},
                                           {"2001:db8::1", "2001:db8::1/128"},
                                           {"::/0", "::/0"},
                                           {"2001:db8:0:8000::/49", NULL},
                                           {"fe80::/10", NULL},
                                           {"::ffff:192.0.2.0/120", "192.0.2.0/24"}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const struct prefix prefix = parsed(texts[i][0]);
        char text[PREFIX_TEXT_SIZE];
        assert_string_equal(prefix_format(&prefix, text), texts[i][1] ? texts[i][1] : texts[i][0]);
    }
}

static void what_is_no_network_is_refused(void **state) {
    (void)state;
    static const char *const texts[] = {"",
                                        "/",
                                        "192.0.2.0/",
                                        "192.0.2.0/33",
                                        "192.0.2/24",
                                        "192.0.2.0/024",
                                        "192.0.2.0/+8",
                                        "192.0.2.0/8 ",
                                        " 192.0.2.0/24",
                                        "2001:db8::/129",
                                        "tea",
                                        "192.0.2.0:80",
                                        "fe80::1%1/64",
                                        "::/0x10",
                                        "192.0.2.0/24/24"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct prefix prefix;
        struct why why = {""};
        if (prefix_parse(texts[i], &prefix, &why)) fail_msg("'%s' was taken", texts[i]);
        assert_non_null(strstr(why.text, "expected "));
    }
}

static void bits_beyond_the_length_are_told(void **state) {
    (void)state;
    struct prefix prefix;
    struct why why;
    assert_false(prefix_parse("192.0.2.1/24", &prefix, &why));
    assert_non_null(strstr(why.text, "expected 192.0.2.0/24"));
    assert_false(prefix_parse("2001:db8:0:1::/63", &prefix, &why));
    assert_non_null(strstr(why.text, "expected 2001:db8::/63"));
}

static void covers_what_begins_so(void **state) {
    (void)state;
    assert_true(covers("192.0.2.0/24", "192.0.2.255"));
    assert_false(covers("192.0.2.0/24", "192.0.3.0"));
    assert_true(covers("192.0.2.128/25", "192.0.2.200"));
    assert_false(covers("192.0.2.128/25", "192.0.2.127"));
    assert_true(covers("2001:db8::/63", "2001:db8:0:1::1"));
    assert_false(covers("2001:db8::/64", "2001:db8:0:1::1"));
    assert_true(covers("192.0.2.7", "192.0.2.7"));
    assert_true(covers("fe80::/10", "fe80::1%1"));
}

static void each_family_has_its_own(void **state) {
    (void)state;
    assert_false(covers("::/0", "192.0.2.1"));
    assert_false(covers("0.0.0.0/0", "2001:db8::1"));
    assert_true(covers("::/0", "2001:db8::1"));
    assert_true(covers("0.0.0.0/0", "192.0.2.1"));
    assert_false(covers("::/80", "192.0.2.1"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_written_as_it_is_read),        cmocka_unit_test(what_is_no_network_is_refused),
        cmocka_unit_test(bits_beyond_the_length_are_told), cmocka_unit_test(covers_what_begins_so),
        cmocka_unit_test(each_family_has_its_own),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

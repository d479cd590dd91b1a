#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <net/if.h>

#include "common/address.h"
#include "common/why.h"

static struct address parsed(const char *text) {
    struct address address;
    if (!address_parse(text, 9, &address)) fail_msg("%s: not parsed", text);
    return address;
}

static void formats_what_it_parses(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"1.2.3.4:5", "1.2.3.4:5"},
        {"1.2.3.4", "1.2.3.4:9"},
        {"0.0.0.0:0", "0.0.0.0:0"},
        {"255.255.255.255:65535", "255.255.255.255:65535"},
        {"[::1]:5", "[::1]:5"},
        {"::1", "[::1]:9"},
        {"[2001:DB8:0:0::1]", "[2001:db8::1]:9"},
        {"[::ffff:1.2.3.4]:5", "1.2.3.4:5"},
        {"::ffff:102:304", "1.2.3.4:9"},
        {"[::]:9595", "[::]:9595"},
        {"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535", "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[ADDRESS_TEXT_SIZE];
        struct address address = parsed(cases[i][0]);
        assert_string_equal(address_format(&address, text), cases[i][1]);
    }
}

static void refuses_malformed_text(void **state) {
    (void)state;
    static const char *const cases[] = {
        "",           ":",          ":5",      "1.2.3.4:",    "1.2.3.4:65536",  "1.2.3.4:-1",         "1.2.3.4:5x",
        "1.2.3.4: 5", " 1.2.3.4:5", "1.2.3:5", "1.2.3.256",   "01.2.3.4.5",     "localhost:5",        "[::1:5",
        "::1]:5",     "[::1]5",     "[::1]:",  "[]:5",        "[1.2.3.4]:5",    "[::1]:5:6",          ":::",
        "1:2:3",      "[::1%lo]:5", "[::g]:5", "1.2.3.4:5:6", "99999999999999", "1.2.3.4:4294967301",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct address address = {.port = 77};
        if (address_parse(cases[i], 9, &address)) fail_msg("'%s' was accepted", cases[i]);
        assert_int_equal(address.port, 77);
    }
}

static void a_port_is_needed_without_default(void **state) {
    (void)state;
    struct address address;
    assert_false(address_parse("1.2.3.4", 0, &address));
    assert_false(address_parse("::1", 0, &address));
    assert_false(address_parse("[::1]", 0, &address));
    assert_true(address_parse("1.2.3.4:1", 0, &address));
}

static void splits_names(void **state) {
    (void)state;
    char host[16];
    uint16_t port;
    assert_true(address_split("chat.example:443", 9, host, sizeof host, &port));
    assert_string_equal(host, "chat.example");
    assert_int_equal(port, 443);
    assert_true(address_split("chat.example", 9, host, sizeof host, &port));
    assert_int_equal(port, 9);
    assert_true(address_split("fifteen-letters", 9, host, sizeof host, &port));
    assert_false(address_split("sixteen--letters", 9, host, sizeof host, &port));
    assert_false(address_split("a b:5", 9, host, sizeof host, &port));
    assert_false(address_split("a\x1b:5", 9, host, sizeof host, &port));
    assert_false(address_split("a]:5", 9, host, sizeof host, &port));
}

static void compares_in_canonical_form(void **state) {
    (void)state;
    struct address plain = parsed("1.2.3.4:5"), mapped = parsed("[::ffff:1.2.3.4]:5"), port = parsed("1.2.3.4:6");
    struct address other = parsed("1.2.3.5:5"), ipv6 = parsed("[2001:db8::1]:5");
    assert_true(address_equal(&plain, &mapped));
    assert_false(address_equal(&plain, &port));
    assert_true(address_same_ip(&plain, &port));
    assert_false(address_same_ip(&plain, &other));
    assert_true(address_is_ipv4(&mapped));
    assert_false(address_is_ipv4(&ipv6));
}

static void all_addresses_of_a_machine_are_written_in_two_ways(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool unspecified;
    } cases[] = {{"[::]:1", true}, {"0.0.0.0:0", true}, {"[::1]:1", false}, {"0.0.0.1:1", false}, {"[1::]:1", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct address address = parsed(cases[i].text);
        assert_int_equal(address_is_unspecified(&address), cases[i].unspecified);
    }
}

static void crosses_sockaddr_both_ways(void **state) {
    (void)state;
    struct sockaddr_storage storage;
    struct address back, ipv4 = parsed("1.2.3.4:5"), ipv6 = parsed("[2001:db8::1]:5");
    assert_int_equal(address_to_sockaddr(&ipv4, AF_INET, &storage), sizeof(struct sockaddr_in));
    assert_int_equal(((struct sockaddr_in *)&storage)->sin_addr.s_addr, htonl(0x01020304));
    assert_true(address_from_sockaddr((struct sockaddr *)&storage, &back));
    assert_true(address_equal(&back, &ipv4));
    assert_int_equal(address_to_sockaddr(&ipv4, AF_INET6, &storage), sizeof(struct sockaddr_in6));
    assert_int_equal(((struct sockaddr_in6 *)&storage)->sin6_port, htons(5));
    assert_true(address_from_sockaddr((struct sockaddr *)&storage, &back));
    assert_true(address_equal(&back, &ipv4));
    assert_int_equal(address_to_sockaddr(&ipv6, AF_INET6, &storage), sizeof(struct sockaddr_in6));
    assert_true(address_from_sockaddr((struct sockaddr *)&storage, &back));
    assert_true(address_equal(&back, &ipv6));
    assert_int_equal(address_to_sockaddr(&ipv6, AF_INET, &storage), 0);
    storage.ss_family = AF_UNIX;
    assert_false(address_from_sockaddr((struct sockaddr *)&storage, &back));
}

static const struct {
    const char *text;
    enum address_class class;
} classes[] = {
    {"0.0.0.0", ADDRESS_UNUSABLE},
    {"0.255.255.255", ADDRESS_UNUSABLE},
    {"1.0.0.0", ADDRESS_PUBLIC},
    {"9.255.255.255", ADDRESS_PUBLIC},
    {"10.0.0.0", ADDRESS_PRIVATE},
    {"10.255.255.255", ADDRESS_PRIVATE},
    {"100.63.255.255", ADDRESS_PUBLIC},
    {"100.64.0.0", ADDRESS_PRIVATE},
    {"100.127.255.255", ADDRESS_PRIVATE},
    {"100.128.0.0", ADDRESS_PUBLIC},
    {"127.0.0.1", ADDRESS_LOOPBACK},
    {"::ffff:127.0.0.1", ADDRESS_LOOPBACK},
    {"127.255.255.255", ADDRESS_LOOPBACK},
    {"128.0.0.0", ADDRESS_PUBLIC},
    {"169.254.0.1", ADDRESS_LINK_LOCAL},
    {"169.255.0.1", ADDRESS_PUBLIC},
    {"172.15.255.255", ADDRESS_PUBLIC},
    {"172.16.0.0", ADDRESS_PRIVATE},
    {"172.31.255.255", ADDRESS_PRIVATE},
    {"172.32.0.0", ADDRESS_PUBLIC},
    {"192.0.0.8", ADDRESS_UNUSABLE},
    {"192.0.1.0", ADDRESS_PUBLIC},
    {"192.0.2.1", ADDRESS_PUBLIC},
    {"192.168.1.1", ADDRESS_PRIVATE},
    {"198.18.0.1", ADDRESS_PUBLIC},
    {"198.51.100.1", ADDRESS_PUBLIC},
    {"203.0.113.1", ADDRESS_PUBLIC},
    {"223.255.255.255", ADDRESS_PUBLIC},
    {"224.0.0.1", ADDRESS_UNUSABLE},
    {"239.255.255.255", ADDRESS_UNUSABLE},
    {"240.0.0.1", ADDRESS_PRIVATE},
    {"255.255.255.254", ADDRESS_PRIVATE},
    {"255.255.255.255", ADDRESS_UNUSABLE},
    {"::", ADDRESS_UNUSABLE},
    {"::1", ADDRESS_LOOPBACK},
    {"::2", ADDRESS_UNUSABLE},
    {"::1.2.3.4", ADDRESS_UNUSABLE},
    {"::ffff:0:1.2.3.4", ADDRESS_UNUSABLE},
    {"64:ff9b::1.2.3.4", ADDRESS_PUBLIC},
    {"64:ff9b::127.0.0.1", ADDRESS_UNUSABLE},
    {"64:ff9b::192.168.0.1", ADDRESS_UNUSABLE},
    {"64:ff9b:1::1", ADDRESS_UNUSABLE},
    {"100::1", ADDRESS_UNUSABLE},
    {"1ff:ffff::1", ADDRESS_UNUSABLE},
    {"200::1", ADDRESS_PUBLIC},
    {"3ff:ffff::1", ADDRESS_PUBLIC},
    {"400::1", ADDRESS_PRIVATE},
    {"1fff::1", ADDRESS_PRIVATE},
    {"2001::1", ADDRESS_UNUSABLE},
    {"2001:2::1", ADDRESS_PUBLIC},
    {"2001:2:1::1", ADDRESS_UNUSABLE},
    {"2001:1ff::1", ADDRESS_UNUSABLE},
    {"2001:200::1", ADDRESS_PUBLIC},
    {"2001:db8::1", ADDRESS_PUBLIC},
    {"2002:7f00:1::1", ADDRESS_UNUSABLE},
    {"2a00:1450::1", ADDRESS_PUBLIC},
    {"3fff::1", ADDRESS_PUBLIC},
    {"4000::1", ADDRESS_PRIVATE},
    {"fbff::1", ADDRESS_PRIVATE},
    {"fc00::1", ADDRESS_PRIVATE},
    {"fdff::1", ADDRESS_PRIVATE},
    {"fe80::1", ADDRESS_LINK_LOCAL},
    {"febf::1", ADDRESS_LINK_LOCAL},
    {"fe80::1%1", ADDRESS_LINK_LOCAL},
    {"febf:ffff::1%4294967295", ADDRESS_LINK_LOCAL},
    {"fec0::1", ADDRESS_PRIVATE},
    {"feff::1", ADDRESS_PRIVATE},
    {"ff02::1", ADDRESS_UNUSABLE},
};

static void classifies_by_range(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        struct address address = parsed(classes[i].text);
        if (address_classify(&address) != classes[i].class) fail_msg("%s: wrong class", classes[i].text);
        address.port = 0;
        assert_int_equal(address_classify(&address), ADDRESS_UNUSABLE);
    }
}

/* The interface on whose link a link-local address is, by name or number: part of the address for this machine alone.
 */
static void a_link_local_address_has_a_scope(void **state) {
    char text[ADDRESS_TEXT_SIZE], by_number[ADDRESS_TEXT_SIZE];
    struct address plain = parsed("fe80::1"), named = parsed("[fe80::1%lo]:9"), other = parsed("fe80::1%4294967295");
    struct address public = parsed("2001:db8::1"), back, untouched = {.port = 77};
    uint32_t lo = if_nametoindex("lo");
    (void)state;
    assert_int_not_equal(lo, 0);
    assert_int_equal(address_scope(&named), lo);
    assert_int_equal(address_scope(&plain), 0);
    assert_int_equal(address_scope(&other), UINT32_MAX);
    assert_false(address_equal(&named, &plain));
    assert_false(address_same_ip(&named, &other));
    back = address_unscoped(named);
    assert_true(address_equal(&back, &plain));
    snprintf(by_number, sizeof by_number, "[fe80::1%%%u]:9", lo);
    assert_string_equal(address_format(&named, text), by_number);
    back = parsed(by_number);
    assert_true(address_equal(&back, &named));
    assert_string_equal(address_format(&plain, text), "[fe80::1]:9");
    assert_string_equal(address_format(&other, text), "[fe80::1%4294967295]:9");

    assert_true(address_is_scoped(&plain));
    assert_false(address_is_scoped(&public));
    back = address_scoped(public, 5);
    assert_true(address_equal(&back, &public));

    assert_false(address_parse("fe80::1%none0", 9, &untouched));
    assert_false(address_parse("fe80::1%0", 9, &untouched));
    assert_false(address_parse("fe80::1%4294967296", 9, &untouched));
    assert_false(address_parse("2001:db8::1%lo", 9, &untouched));
    assert_int_equal(untouched.port, 77);
    assert_true(address_lacks_interface("[fe80::1%none0]:9595", text));
    assert_string_equal(text, "none0");
    assert_false(address_lacks_interface("[fe80::1%lo]:9595", text));
    assert_false(address_lacks_interface("fe80::1", text));
    assert_false(address_lacks_interface("chat.example", text));
}

static void a_scope_crosses_sockaddr_beside_the_ip(void **state) {
    struct address scoped = parsed("fe80::1%7"), back;
    struct sockaddr_storage storage;
    struct sockaddr_in6 ipv6;
    struct in6_addr ip;
    (void)state;
    assert_int_equal(inet_pton(AF_INET6, "fe80::1", &ip), 1);
    assert_int_equal(address_to_sockaddr(&scoped, AF_INET6, &storage), sizeof ipv6);
    memcpy(&ipv6, &storage, sizeof ipv6);
    assert_int_equal(ipv6.sin6_scope_id, 7);
    assert_memory_equal(&ipv6.sin6_addr, &ip, sizeof ip);
    assert_true(address_from_sockaddr((struct sockaddr *)&storage, &back));
    assert_true(address_equal(&back, &scoped));
}

static void resolves_numeric_text(void **state) {
    (void)state;
    struct address out[4], expected = parsed("127.0.0.1:5");
    struct why why = {0};
    assert_int_equal(address_resolve("127.0.0.1:5", 0, AF_UNSPEC, out, 4, &why), 1);
    assert_true(address_equal(&out[0], &expected));
    expected = parsed("[2001:db8::1]:9");
    assert_int_equal(address_resolve("2001:db8::1", 9, AF_UNSPEC, out, 4, &why), 1);
    assert_true(address_equal(&out[0], &expected));
    assert_string_equal(why.text, "");
    expected = parsed("[fe80::1%lo]:9");
    assert_int_equal(address_resolve("fe80::1%lo", 9, AF_UNSPEC, out, 4, &why), 1);
    assert_true(address_equal(&out[0], &expected));
    assert_int_equal(address_resolve("fe80::1%none0", 9, AF_UNSPEC, out, 4, &why), 0);
    assert_string_equal(why.text, "there is no interface none0 now");
}

static void says_why_it_cannot_resolve(void **state) {
    (void)state;
    struct address out[1];
    struct why why = {0};
    assert_int_equal(address_resolve("chat.example", 0, AF_UNSPEC, out, 1, &why), 0);
    assert_string_equal(why.text, "expected HOST:PORT, port 1 to 65535");
    assert_int_equal(address_resolve("127.0.0.1:5", 0, AF_INET, out, 4, &why), 1);
    assert_int_equal(address_resolve("127.0.0.1:5", 0, AF_INET6, out, 4, &why), 0);
    assert_int_equal(address_resolve("[2001:db8::1]:5", 0, AF_INET6, out, 4, &why), 1);
    assert_int_equal(address_resolve("127.0.0.1:0", 9, AF_UNSPEC, out, 1, &why), 0);
    assert_string_equal(why.text, "expected HOST:PORT, port 1 to 65535");
    assert_int_equal(address_resolve("a..b:5", 0, AF_UNSPEC, out, 1, &why), 0);
    assert_string_equal(why.text, "expected HOST:PORT, port 1 to 65535");
}

#define LABEL_OF_63 "abcdefghijklmnopqrstuvwxyz0123456789-abcdefghijklmnopqrstuvwxyz"
#define LABEL_OF_64 "abcdefghijklmnopqrstuvwxyz0123456789-abcdefghijklmnopqrstuvwxyz0"
#define LABEL_OF_64_AND_MORE "abcdefghijklmnopqrstuvwxyz0123456789-abcdefghijklmnopqrstuvwxyz0.example"

/* What could never be found is told apart from what is not found now. */
static void a_host_is_an_address_or_a_name(void **state) {
    static const char *const never[] = {"",
                                        ".",
                                        "a..b",
                                        ".a",
                                        "a..",
                                        LABEL_OF_64,
                                        LABEL_OF_64_AND_MORE,
                                        "a b",
                                        "256.1.1.1",
                                        "1.2.3.4.5",
                                        "9595",
                                        "1.2.3.4.",
                                        "user@host",
                                        "http://host",
                                        "host/path",
                                        "\"host\"",
                                        "[host]",
                                        "1::2::3",
                                        "::1%eth0",
                                        "fe80::1%",
                                        "fe80::1%a%b",
                                        "fe80::1%a/b",
                                        "fe80::1%sixteen-letters-"};
    static const char *const maybe[] = {
        "localhost",   "chat.example.org", "chat.example.org.", LABEL_OF_63,     "127.1",
        "192.0.2.1",   "my_bootnode",      "bootnode.1",        "1and1.example", "-",
        "b\u00fccher", "fe80::1%none0",    "fe80::1%2"};
    char host[300], longest[] = LABEL_OF_63 "." LABEL_OF_63 "." LABEL_OF_63 "." LABEL_OF_63;
    uint16_t port;
    (void)state;
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        if (address_split(never[i], 9, host, sizeof host, &port)) fail_msg("taken: %s", never[i]);
    for (size_t i = 0; i < sizeof maybe / sizeof *maybe; i++)
        if (!address_split(maybe[i], 9, host, sizeof host, &port)) fail_msg("refused: %s", maybe[i]);
    assert_false(address_split(longest, 9, host, sizeof host, &port)); /* 255 */
    longest[253] = '\0';
    assert_true(address_split(longest, 9, host, sizeof host, &port));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_what_it_parses),
        cmocka_unit_test(refuses_malformed_text),
        cmocka_unit_test(a_port_is_needed_without_default),
        cmocka_unit_test(splits_names),
        cmocka_unit_test(compares_in_canonical_form),
        cmocka_unit_test(all_addresses_of_a_machine_are_written_in_two_ways),
        cmocka_unit_test(crosses_sockaddr_both_ways),
        cmocka_unit_test(classifies_by_range),
        cmocka_unit_test(a_link_local_address_has_a_scope),
        cmocka_unit_test(a_scope_crosses_sockaddr_beside_the_ip),
        cmocka_unit_test(resolves_numeric_text),
        cmocka_unit_test(says_why_it_cannot_resolve),
        cmocka_unit_test(a_host_is_an_address_or_a_name),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}

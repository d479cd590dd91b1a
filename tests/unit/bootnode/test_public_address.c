#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <net/if.h>

#include "bootnode/public_address.h"

static struct address parsed(const char *text) {
    struct address address;
    assert_true(address_parse(text, 0, &address));
    return address;
}

static void assert_address(struct address address, const char *expected) {
    char text[ADDRESS_TEXT_SIZE];
    assert_string_equal(address_format(&address, text), expected);
}

static void what_operators_write(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int count; /* -1: malformed */
    } cases[] = {
        {"", 0},
        {"203.0.113.1", 1},
        {"2001:db8::1", 1},
        {"[2001:db8::1]", 1},
        {" 203.0.113.1 ,2001:db8::1", 2},
        {"172.31.0.5=203.0.113.1,172.31.0.6 = 203.0.113.2", 2},
        {"203.0.113.1, 172.31.0.6=203.0.113.2", 2},
        {"203.0.113.1:9595", -1},
        {"[2001:db8::1]:9595", -1},
        {"203.0.113.1, 203.0.113.2", -1},
        {"172.31.0.5=203.0.113.1, 172.31.0.5=203.0.113.2", -1},
        {"172.31.0.5", -1},
        {"127.0.0.1", -1},
        {"fe80::1", -1},
        {"0.0.0.0", -1},
        {"224.0.0.1", -1},
        {"172.31.0.5=2001:db8::1", -1},
        {"172.31.0.5=", -1},
        {"=203.0.113.1", -1},
        {"203.0.113.1,", -1},
        {"chat.example.org", -1},
        {"203.0.113.1=203.0.113.1=203.0.113.1", -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct public_addresses addresses;
        assert_int_equal(public_address_parse(cases[i].text, &addresses), cases[i].count >= 0);
        if (cases[i].count >= 0) assert_int_equal(addresses.count, cases[i].count);
    }
}

static void who_is_seen_within_is_outside_at_the_public_ip(void **state) {
    (void)state;
    struct public_addresses addresses;
    static const struct {
        const char *seen, *outside;
    } cases[] = {
        {"127.0.0.1:4000", "203.0.113.1:4000"},   {"192.168.1.5:4001", "203.0.113.1:4001"},
        {"100.64.0.9:7", "203.0.113.1:7"},        {"198.51.100.7:4000", "198.51.100.7:4000"},
        {"169.254.1.1:4000", "169.254.1.1:4000"}, {"[::1]:4000", "[2001:db8::1]:4000"},
        {"[fd00::5]:4000", "[2001:db8::1]:4000"}, {"[2001:db8::7]:4000", "[2001:db8::7]:4000"},
    };
    assert_true(public_address_parse("203.0.113.1, 172.31.0.6=203.0.113.2, 2001:db8::1", &addresses));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct address seen = parsed(cases[i].seen);
        assert_address(public_address_of_client(&addresses, &seen), cases[i].outside);
    }
    /* A family that is not told of, and nothing at all. */
    struct address seen = parsed("[::1]:4000");
    assert_true(public_address_parse("203.0.113.1", &addresses));
    assert_address(public_address_of_client(&addresses, &seen), "[::1]:4000");
    assert_true(public_address_parse("", &addresses));
    assert_address(public_address_of_client(&addresses, &seen), "[::1]:4000");
}

static void our_own_addresses_have_one_each(void **state) {
    (void)state;
    struct public_addresses addresses;
    struct address first = parsed("172.31.0.5:9595"), second = parsed("172.31.0.6:9596"),
                   open = parsed("198.51.100.7:9595"), ours = parsed("203.0.113.2:1"), other = parsed("203.0.113.3:1");
    assert_true(public_address_parse("172.31.0.5=203.0.113.1, 172.31.0.6=203.0.113.2", &addresses));
    assert_address(public_address_of_local(&addresses, &first), "203.0.113.1:9595");
    assert_address(public_address_of_local(&addresses, &second), "203.0.113.2:9596");
    assert_address(public_address_of_local(&addresses, &open), "198.51.100.7:9595");
    assert_true(public_address_is_own(&addresses, &ours));
    assert_false(public_address_is_own(&addresses, &other));
    /* One alone is any address's that has no other. */
    assert_true(public_address_parse("203.0.113.1, 172.31.0.6=203.0.113.2", &addresses));
    assert_address(public_address_of_local(&addresses, &first), "203.0.113.1:9595");
    assert_address(public_address_of_local(&addresses, &second), "203.0.113.2:9596");
    struct address ipv6 = parsed("[fd00::5]:9595");
    assert_address(public_address_of_local(&addresses, &ipv6), "[fd00::5]:9595");
}

/* Up or not, in the order of getifaddrs(3). */
static void a_machine_knows_its_own(void **state) {
    (void)state;
    static const struct {
        const char *text;
        unsigned flags;
    } rows[] = {{"127.0.0.1:0", IFF_UP},   {"203.0.113.9:0", 0},      {"10.0.0.5:0", IFF_UP},
                {"203.0.113.1:0", IFF_UP}, {"203.0.113.2:0", IFF_UP}, {"[2001:db8::1]:0", IFF_UP}};
    enum { ROWS = sizeof rows / sizeof *rows };
    struct sockaddr_storage names[ROWS];
    struct ifaddrs interfaces[ROWS + 1] = {{.ifa_flags = IFF_UP, .ifa_next = &interfaces[1]}}; /* one without any */
    struct public_addresses addresses;
    for (size_t i = 0; i < ROWS; i++) {
        const struct address address = parsed(rows[i].text);
        (void)address_to_sockaddr(&address, address_is_ipv4(&address) ? AF_INET : AF_INET6, &names[i]);
        interfaces[i + 1] = (struct ifaddrs){.ifa_flags = rows[i].flags,
                                             .ifa_addr = (struct sockaddr *)&names[i],
                                             .ifa_next = i + 1 < ROWS ? &interfaces[i + 2] : NULL};
    }
    public_address_of_machine(interfaces, &addresses);
    const struct address loopback = parsed("127.0.0.1:7"), ipv6 = parsed("[::1]:7");
    assert_int_equal(addresses.count, 2);
    assert_address(public_address_of_client(&addresses, &loopback), "203.0.113.1:7");
    assert_address(public_address_of_client(&addresses, &ipv6), "[2001:db8::1]:7");
    public_address_of_machine(NULL, &addresses);
    assert_int_equal(addresses.count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_operators_write),
        cmocka_unit_test(who_is_seen_within_is_outside_at_the_public_ip),
        cmocka_unit_test(our_own_addresses_have_one_each),
        cmocka_unit_test(a_machine_knows_its_own),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("public_address", tests, NULL, NULL);
}

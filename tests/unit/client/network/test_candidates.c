#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <net/if.h>

#include "client/network/candidates.h"

#define RUNNING (IFF_UP | IFF_RUNNING)

/* A list as getifaddrs(3) would give it. */
struct interfaces {
    struct ifaddrs items[16];
    struct sockaddr_storage addresses[16];
    size_t count;
};

static void add(struct interfaces *interfaces, const char *text, unsigned flags) {
    size_t at = interfaces->count++;
    struct address address;
    assert_true(address_parse(text, 1, &address));
    (void)address_to_sockaddr(&address, address_is_ipv4(&address) ? AF_INET : AF_INET6, &interfaces->addresses[at]);
    interfaces->items[at] =
        (struct ifaddrs){.ifa_flags = flags, .ifa_addr = (struct sockaddr *)&interfaces->addresses[at]};
    if (at > 0) interfaces->items[at - 1].ifa_next = &interfaces->items[at];
}

static void expect(const struct interfaces *interfaces, bool ipv6, const char *const *texts) {
    struct candidate_list list;
    char text[ADDRESS_TEXT_SIZE];
    uint8_t count = 0;
    candidates_select(interfaces->items, 9000, ipv6, &list);
    for (; texts[count]; count++) {
        assert_true(count < list.count);
        assert_string_equal(address_format(&list.items[count], text), texts[count]);
    }
    assert_int_equal(list.count, count);
}

static void kinds_in_order_and_interfaces_within(void **state) {
    struct interfaces interfaces = {.count = 0};
    (void)state;
    add(&interfaces, "127.0.0.1", RUNNING | IFF_LOOPBACK);
    add(&interfaces, "2001:db8::5", RUNNING);
    add(&interfaces, "fd00::7", RUNNING);
    add(&interfaces, "192.168.1.2", RUNNING);
    add(&interfaces, "10.0.0.1", RUNNING);
    expect(&interfaces, true,
           (const char *const[]){"192.168.1.2:9000", "10.0.0.1:9000", "[fd00::7]:9000", "[2001:db8::5]:9000", NULL});
    expect(&interfaces, false, (const char *const[]){"192.168.1.2:9000", "10.0.0.1:9000", NULL});
}

static void what_nobody_reaches_is_left_out(void **state) {
    struct interfaces interfaces = {.count = 0};
    (void)state;
    add(&interfaces, "192.168.1.2", IFF_UP);
    add(&interfaces, "192.168.1.3", IFF_RUNNING);
    add(&interfaces, "192.168.1.4", RUNNING | IFF_LOOPBACK);
    add(&interfaces, "169.254.1.1", RUNNING);
    add(&interfaces, "fe80::1", RUNNING);
    add(&interfaces, "::1", RUNNING);
    add(&interfaces, "198.51.100.7", RUNNING); /* the bootnode sees this one by itself */
    interfaces.items[interfaces.count - 1].ifa_next = &interfaces.items[15];
    interfaces.items[15] = (struct ifaddrs){.ifa_flags = RUNNING}; /* a tunnel without address */
    expect(&interfaces, true, (const char *const[]){NULL});
}

static void at_most_six_and_none_twice(void **state) {
    struct interfaces interfaces = {.count = 0};
    (void)state;
    add(&interfaces, "10.0.0.1", RUNNING);
    add(&interfaces, "10.0.0.1", RUNNING);
    add(&interfaces, "10.0.0.2", RUNNING);
    add(&interfaces, "10.0.0.3", RUNNING);
    add(&interfaces, "10.0.0.4", RUNNING);
    add(&interfaces, "10.0.0.5", RUNNING);
    add(&interfaces, "10.0.0.6", RUNNING);
    add(&interfaces, "10.0.0.7", RUNNING);
    expect(&interfaces, true,
           (const char *const[]){"10.0.0.1:9000", "10.0.0.2:9000", "10.0.0.3:9000", "10.0.0.4:9000", "10.0.0.5:9000",
                                 "10.0.0.6:9000", NULL});
}

static void equal_means_same_order(void **state) {
    struct interfaces one = {.count = 0}, other = {.count = 0};
    struct candidate_list a, b;
    (void)state;
    add(&one, "10.0.0.1", RUNNING);
    add(&one, "10.0.0.2", RUNNING);
    add(&other, "10.0.0.2", RUNNING);
    add(&other, "10.0.0.1", RUNNING);
    candidates_select(one.items, 1, true, &a);
    candidates_select(other.items, 1, true, &b);
    assert_true(candidates_equal(&a, &a));
    assert_false(candidates_equal(&a, &b));
    b = a;
    b.count = 1;
    assert_false(candidates_equal(&a, &b));
}

static void this_machine_gives_the_same_twice(void **state) {
    struct candidate_list a, b;
    (void)state;
    candidates_gather(9000, true, &a);
    candidates_gather(9000, true, &b);
    assert_true(candidates_equal(&a, &b));
    for (uint8_t i = 0; i < a.count; i++) assert_int_equal(a.items[i].port, 9000);
}

static struct candidate_list listed(const char *const *texts) {
    struct candidate_list list = {.count = 0};
    for (; texts[list.count]; list.count++)
        assert_true(address_parse(texts[list.count], 9000, &list.items[list.count]));
    return list;
}

static void a_mapped_address_finds_room(void **state) {
    static const struct {
        const char *before[MEMBER_CANDIDATES_MAX + 1], *after[MEMBER_CANDIDATES_MAX + 1];
    } cases[] = {
        {{NULL}, {"203.0.113.5", NULL}},
        {{"10.0.0.1", "2001:db8::1", NULL}, {"10.0.0.1", "2001:db8::1", "203.0.113.5", NULL}},
        {{"203.0.113.5", NULL}, {"203.0.113.5", NULL}},
        {{"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "2001:db8::1", NULL},
         {"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "203.0.113.5", "2001:db8::1", NULL}},
        {{"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6", NULL},
         {"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "203.0.113.5", NULL}},
        {{"10.0.0.1", "fd00::1", "fd00::2", "fd00::3", "fd00::4", "2001:db8::1", NULL},
         {"10.0.0.1", "fd00::1", "fd00::2", "fd00::3", "fd00::4", "203.0.113.5", NULL}},
        {{"fd00::1", "fd00::2", "fd00::3", "fd00::4", "2001:db8::1", "2001:db8::2", NULL},
         {"fd00::1", "fd00::2", "fd00::3", "fd00::4", "2001:db8::1", "203.0.113.5", NULL}},
    };
    struct address mapped;
    (void)state;
    assert_true(address_parse("203.0.113.5", 9000, &mapped));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct candidate_list list = listed(cases[i].before), expected = listed(cases[i].after);
        candidates_add_mapped(&list, &mapped);
        assert_true(candidates_equal(&list, &expected));
    }
}

static void an_own_address_is_one_of_a_running_interface(void **state) {
    struct interfaces interfaces = {.count = 0};
    struct address address;
    (void)state;
    add(&interfaces, "198.51.100.7", RUNNING);
    add(&interfaces, "198.51.100.8", IFF_UP);
    assert_true(address_parse("198.51.100.7:1234", 0, &address));
    assert_true(candidates_have(interfaces.items, &address));
    assert_true(address_parse("198.51.100.8:1234", 0, &address));
    assert_false(candidates_have(interfaces.items, &address));
    assert_false(candidates_have(NULL, &address));
    assert_true(address_parse("240.0.0.1:1", 0, &address));
    assert_false(candidates_is_own(&address));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_in_order_and_interfaces_within),
        cmocka_unit_test(what_nobody_reaches_is_left_out),
        cmocka_unit_test(at_most_six_and_none_twice),
        cmocka_unit_test(equal_means_same_order),
        cmocka_unit_test(this_machine_gives_the_same_twice),
        cmocka_unit_test(a_mapped_address_finds_room),
        cmocka_unit_test(an_own_address_is_one_of_a_running_interface),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("candidates", tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "client/network/candidates.h"

/* What the kernel would tell, made by hand. */
struct machine {
    struct interface list[24];
    struct interface_address addresses[48];
    struct interfaces all;
};

static struct interface *plug(struct machine *machine, enum interface_reach reach, uint32_t metric) {
    struct interface *interface = &machine->list[machine->all.count++];
    *interface =
        (struct interface){.index = (uint32_t)machine->all.count, .reach = reach, .metric = metric, .running = true};
    machine->all.list = machine->list;
    machine->all.addresses = machine->addresses;
    return interface;
}

static struct interface_address *add(struct machine *machine, const char *text) {
    struct interface_address *address = &machine->addresses[machine->all.address_count++];
    struct address ip;
    assert_true(address_parse(text, 1, &ip));
    ip.port = 0;
    uint32_t index = (uint32_t)machine->all.count;
    *address = (struct interface_address){.interface = index, .address = address_scoped(ip, index), .ready = true};
    return address;
}

static void expect(const struct machine *machine, bool ipv6, const char *const *texts) {
    struct candidate_list list;
    char text[ADDRESS_TEXT_SIZE], wanted[ADDRESS_TEXT_SIZE];
    uint8_t count = 0;
    candidates_select(&machine->all, 9000, ipv6, &list);
    for (; texts[count]; count++) {
        struct address expected;
        assert_true(address_parse(texts[count], 9000, &expected));
        assert_true(count < list.count);
        assert_string_equal(address_format(&list.items[count], text), address_format(&expected, wanted));
    }
    assert_int_equal(list.count, count);
}

#define EXPECT(machine, ...) expect(&(machine), true, (const char *const[]){__VA_ARGS__, NULL})
#define EXPECT_IPV4(machine, ...) expect(&(machine), false, (const char *const[]){__VA_ARGS__, NULL})

static void kinds_of_one_interface_have_an_order(void **state) {
    struct machine machine = {0};
    (void)state;
    plug(&machine, INTERFACE_LINK, INTERFACE_NO_ROUTE)->loopback = true;
    add(&machine, "127.0.0.1");
    add(&machine, "::1");
    plug(&machine, INTERFACE_OUT, 100);
    add(&machine, "fe80::7");
    add(&machine, "fd00::7");
    add(&machine, "2001:db8::5");
    add(&machine, "192.168.1.2");
    EXPECT(machine, "192.168.1.2", "2001:db8::5", "fd00::7");
    EXPECT_IPV4(machine, "192.168.1.2");
}

/* Four bridges with all that they can have, and the card with the default route plugged in after them. */
static void bridges_hide_nothing(void **state) {
    struct machine machine = {0};
    (void)state;
    for (int i = '0'; i < '4'; i++) {
        char texts[3][16] = {"172.17.0.1", "2001:db8:0::1", "fd00:0::1"};
        texts[0][5] = texts[1][9] = texts[2][5] = (char)i;
        plug(&machine, INTERFACE_INSIDE, INTERFACE_NO_ROUTE);
        for (size_t j = 0; j < 3; j++) add(&machine, texts[j]);
        add(&machine, "fe80::1");
    }
    plug(&machine, INTERFACE_OUT, 100);
    add(&machine, "192.168.1.2");
    add(&machine, "2001:db8:9::2");
    add(&machine, "fe80::2");
    EXPECT(machine, "192.168.1.2", "2001:db8:9::2", "172.10.0.1", "2001:db8:0::1", "fd00:0::1", "172.11.0.1");
    EXPECT_IPV4(machine, "192.168.1.2", "172.10.0.1", "172.11.0.1", "172.12.0.1", "172.13.0.1");
}

static void the_way_out_comes_first_whatever_it_is(void **state) {
    struct machine machine = {0};
    (void)state;
    plug(&machine, INTERFACE_OUT, 600);
    add(&machine, "192.168.1.2");
    plug(&machine, INTERFACE_LINK, INTERFACE_NO_ROUTE);
    add(&machine, "192.168.2.2");
    add(&machine, "192.168.2.3");
    plug(&machine, INTERFACE_TUNNEL, INTERFACE_NO_ROUTE);
    add(&machine, "100.64.0.9");
    plug(&machine, INTERFACE_OUT, 50); /* a VPN */
    add(&machine, "10.8.0.2");
    add(&machine, "10.8.0.3");
    EXPECT(machine, "10.8.0.2", "192.168.1.2", "192.168.2.2", "10.8.0.3", "192.168.2.3", "100.64.0.9");
}

static void an_own_address_counts_whatever_its_range(void **state) {
    static const char *const texts[] = {"240.0.0.7",   "198.18.0.7", "203.0.113.7", "8.8.8.8",    "201::7",
                                        "2001:db8::7", "fec0::7",    "4000::7",     "169.254.7.7"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct machine machine = {0};
        plug(&machine, INTERFACE_LINK, INTERFACE_NO_ROUTE);
        add(&machine, texts[i]);
        add(&machine, "fe80::1");
        if (i == 8)
            EXPECT(machine, texts[i], "fe80::1");
        else
            EXPECT(machine, texts[i]);
    }
}

static void what_nobody_reaches_is_left_out(void **state) {
    struct machine machine = {0};
    (void)state;
    plug(&machine, INTERFACE_LINK, INTERFACE_NO_ROUTE)->running = false;
    add(&machine, "192.168.1.2");
    plug(&machine, INTERFACE_TUNNEL, INTERFACE_NO_ROUTE);
    add(&machine, "169.254.1.1");
    add(&machine, "fe80::1");
    plug(&machine, INTERFACE_LINK, INTERFACE_NO_ROUTE);
    add(&machine, "224.0.0.1");
    add(&machine, "192.168.1.9")->ready = false;
    add(&machine, "fe80::1");
    EXPECT(machine, "fe80::1");
}

static void a_temporary_address_is_preferred(void **state) {
    struct machine machine = {0};
    (void)state;
    plug(&machine, INTERFACE_OUT, 100);
    add(&machine, "2001:db8::211:22ff:fe33:4455");
    add(&machine, "2001:db8::1234")->temporary = true;
    EXPECT(machine, "2001:db8::1234", "2001:db8::211:22ff:fe33:4455");
}

static void at_most_six_and_none_twice(void **state) {
    struct machine machine = {0};
    (void)state;
    for (int i = '0'; i < '9'; i++) { /* VLANs */
        char text[] = "10.0.0.1";
        text[5] = (char)i;
        plug(&machine, INTERFACE_LINK, INTERFACE_NO_ROUTE);
        add(&machine, text);
        add(&machine, text);
    }
    EXPECT(machine, "10.0.0.1", "10.0.1.1", "10.0.2.1", "10.0.3.1", "10.0.4.1", "10.0.5.1");
}

static void links_are_those_of_cards(void **state) {
    struct machine machine = {0};
    struct own_links links;
    (void)state;
    plug(&machine, INTERFACE_INSIDE, INTERFACE_NO_ROUTE);
    add(&machine, "fe80::1");
    plug(&machine, INTERFACE_LINK, INTERFACE_NO_ROUTE);
    add(&machine, "fe80::2");
    plug(&machine, INTERFACE_OUT, 1);
    add(&machine, "fe80::3");
    add(&machine, "fe80::4");
    candidates_links(&machine.all, &links);
    assert_false(links.ipv4);
    assert_int_equal(links.count, 2);
    assert_int_equal(links.scopes[0], 3);
    assert_int_equal(links.scopes[1], 2);
    add(&machine, "169.254.0.1");
    candidates_links(&machine.all, &links);
    assert_true(links.ipv4);
}

static void equal_means_same_order(void **state) {
    struct machine one = {0}, other = {0};
    struct candidate_list a, b;
    (void)state;
    plug(&one, INTERFACE_LINK, INTERFACE_NO_ROUTE);
    add(&one, "10.0.0.1");
    add(&one, "10.0.0.2");
    plug(&other, INTERFACE_LINK, INTERFACE_NO_ROUTE);
    add(&other, "10.0.0.2");
    add(&other, "10.0.0.1");
    candidates_select(&one.all, 1, true, &a);
    candidates_select(&other.all, 1, true, &b);
    assert_true(candidates_equal(&a, &a));
    assert_false(candidates_equal(&a, &b));
    b = a;
    b.count = 1;
    assert_false(candidates_equal(&a, &b));
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
    struct machine machine = {0};
    struct address address;
    (void)state;
    plug(&machine, INTERFACE_LINK, INTERFACE_NO_ROUTE);
    add(&machine, "198.51.100.7");
    plug(&machine, INTERFACE_LINK, INTERFACE_NO_ROUTE)->running = false;
    add(&machine, "198.51.100.8");
    assert_true(address_parse("198.51.100.7:1234", 0, &address));
    assert_true(candidates_have(&machine.all, &address));
    assert_true(address_parse("198.51.100.8:1234", 0, &address));
    assert_false(candidates_have(&machine.all, &address));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_of_one_interface_have_an_order),
        cmocka_unit_test(bridges_hide_nothing),
        cmocka_unit_test(the_way_out_comes_first_whatever_it_is),
        cmocka_unit_test(an_own_address_counts_whatever_its_range),
        cmocka_unit_test(what_nobody_reaches_is_left_out),
        cmocka_unit_test(a_temporary_address_is_preferred),
        cmocka_unit_test(at_most_six_and_none_twice),
        cmocka_unit_test(links_are_those_of_cards),
        cmocka_unit_test(equal_means_same_order),
        cmocka_unit_test(a_mapped_address_finds_room),
        cmocka_unit_test(an_own_address_is_one_of_a_running_interface),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("candidates", tests, NULL, NULL);
}

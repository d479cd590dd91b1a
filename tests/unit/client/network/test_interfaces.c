#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "client/network/candidates.h"
#include "client/network/interfaces.h"

/* One datagram of a dump, built by hand. */
struct dump {
    alignas(struct nlmsghdr) uint8_t bytes[2048];
    size_t size, message; /* where the last message began */
};

static void put(struct dump *dump, const void *bytes, size_t size) {
    struct nlmsghdr header;
    memcpy(dump->bytes + dump->size, bytes, size);
    dump->size += NLMSG_ALIGN(size);
    memcpy(&header, dump->bytes + dump->message, sizeof header);
    header.nlmsg_len = (uint32_t)(dump->size - dump->message);
    memcpy(dump->bytes + dump->message, &header, sizeof header);
}

static void begin(struct dump *dump, uint16_t type, const void *body, size_t size) {
    const struct nlmsghdr header = {.nlmsg_type = type};
    dump->message = dump->size;
    put(dump, &header, sizeof header);
    put(dump, body, size);
}

static void put_attribute(struct dump *dump, uint16_t type, const void *value, size_t size) {
    struct rtattr header = {.rta_len = (uint16_t)(sizeof header + size), .rta_type = type};
    uint8_t bytes[256] = {0};
    memcpy(bytes, &header, sizeof header);
    memcpy(bytes + sizeof header, value, size);
    put(dump, bytes, header.rta_len);
}

static void put_link(struct dump *dump, int index, unsigned flags, const char *kind, const char *port_of) {
    struct ifinfomsg body = {.ifi_index = index, .ifi_flags = flags};
    struct dump info = {.size = NLMSG_HDRLEN};
    begin(dump, RTM_NEWLINK, &body, sizeof body);
    if (kind) put_attribute(&info, IFLA_INFO_KIND, kind, strlen(kind) + 1);
    if (port_of) put_attribute(&info, IFLA_INFO_SLAVE_KIND, port_of, strlen(port_of) + 1);
    put_attribute(dump, IFLA_LINKINFO | NLA_F_NESTED, info.bytes + NLMSG_HDRLEN, info.size - NLMSG_HDRLEN);
}

static void put_address(struct dump *dump, uint32_t index, const char *text, uint32_t flags) {
    struct address address;
    assert_true(address_parse(text, 1, &address));
    bool ipv4 = address_is_ipv4(&address);
    struct ifaddrmsg body = {.ifa_family = ipv4 ? AF_INET : AF_INET6, .ifa_index = index};
    static const uint8_t other_end[4] = {10, 9, 9, 9};
    begin(dump, RTM_NEWADDR, &body, sizeof body);
    if (ipv4) put_attribute(dump, IFA_ADDRESS, other_end, sizeof other_end);
    put_attribute(dump, ipv4 ? IFA_LOCAL : IFA_ADDRESS, address.ip + (ipv4 ? 12 : 0), ipv4 ? 4 : 16);
    put_attribute(dump, IFA_FLAGS, &flags, sizeof flags);
}

static void put_default(struct dump *dump, uint32_t index, uint32_t metric, uint8_t table) {
    struct rtmsg body = {.rtm_family = AF_INET, .rtm_table = table, .rtm_type = RTN_UNICAST};
    begin(dump, RTM_NEWROUTE, &body, sizeof body);
    put_attribute(dump, RTA_OIF, &index, sizeof index);
    put_attribute(dump, RTA_PRIORITY, &metric, sizeof metric);
}

#define RUNNING (IFF_UP | IFF_RUNNING)

static void links_are_told_apart(void **state) {
    static const struct {
        const char *kind, *port_of;
        enum interface_reach reach;
    } cases[] = {
        {NULL, NULL, INTERFACE_LINK},      {"veth", NULL, INTERFACE_LINK},        {"veth", "bridge", INTERFACE_INSIDE},
        {"veth", "vrf", INTERFACE_LINK},   {"vlan", NULL, INTERFACE_LINK},        {"bridge", NULL, INTERFACE_INSIDE},
        {"dummy", NULL, INTERFACE_INSIDE}, {"wireguard", NULL, INTERFACE_TUNNEL}, {"tun", NULL, INTERFACE_TUNNEL},
        {"bond", NULL, INTERFACE_LINK},    {"later", NULL, INTERFACE_LINK},
    };
    struct dump dump = {.size = 0};
    struct interfaces found = {0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        put_link(&dump, (int)i + 1, RUNNING, cases[i].kind, cases[i].port_of);
    put_link(&dump, 50, IFF_UP, NULL, NULL);
    assert_true(interfaces_learn(&found, dump.bytes, dump.size));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct interface *interface = interfaces_find(&found, (uint32_t)i + 1);
        assert_non_null(interface);
        assert_true(interface->running);
        assert_int_equal(interface->reach, cases[i].reach);
    }
    assert_false(interfaces_find(&found, 50)->running);
    assert_null(interfaces_find(&found, 51));
    interfaces_clear(&found);
}

static void addresses_come_with_their_scope_and_state(void **state) {
    static const uint32_t not_ready[] = {IFA_F_TENTATIVE, IFA_F_DADFAILED, IFA_F_DEPRECATED};
    struct dump dump = {.size = 0};
    struct interfaces found = {0};
    struct address own;
    (void)state;
    put_address(&dump, 3, "10.0.0.1", 0);
    put_address(&dump, 3, "fe80::1", IFA_F_TENTATIVE | IFA_F_OPTIMISTIC);
    put_address(&dump, 3, "2001:db8::1", IFA_F_TEMPORARY);
    for (size_t i = 0; i < 3; i++) put_address(&dump, 3, "2001:db8::2", not_ready[i]);
    assert_true(interfaces_learn(&found, dump.bytes, dump.size));
    assert_int_equal(found.address_count, 6);
    assert_true(address_parse("10.0.0.1", 1, &own));
    assert_true(address_same_ip(&found.addresses[0].address, &own)); /* not the other end's */
    assert_int_equal(address_scope(&found.addresses[1].address), 3);
    assert_true(found.addresses[0].ready && found.addresses[1].ready && found.addresses[2].ready);
    assert_true(found.addresses[2].temporary);
    for (size_t i = 3; i < 6; i++) assert_false(found.addresses[i].ready);
    interfaces_clear(&found);
}

static void the_least_metric_of_a_default_route_counts(void **state) {
    struct dump dump = {.size = 0};
    struct interfaces found = {0};
    struct rtnexthop hop = {.rtnh_len = sizeof hop, .rtnh_ifindex = 4};
    struct rtmsg several = {.rtm_family = AF_INET6, .rtm_table = RT_TABLE_MAIN, .rtm_type = RTN_UNICAST};
    (void)state;
    for (int i = 1; i < 6; i++) put_link(&dump, i, RUNNING, NULL, NULL);
    put_default(&dump, 2, 600, RT_TABLE_MAIN);
    put_default(&dump, 2, 100, 200);
    put_default(&dump, 3, 0, RT_TABLE_LOCAL);
    begin(&dump, RTM_NEWROUTE, &several, sizeof several);
    put_attribute(&dump, RTA_MULTIPATH, &hop, sizeof hop);
    assert_true(interfaces_learn(&found, dump.bytes, dump.size));
    assert_int_equal(interfaces_find(&found, 2)->reach, INTERFACE_OUT);
    assert_int_equal(interfaces_find(&found, 2)->metric, 100);
    assert_int_equal(interfaces_find(&found, 3)->reach, INTERFACE_LINK);
    assert_int_equal(interfaces_find(&found, 4)->reach, INTERFACE_OUT);
    assert_int_equal(interfaces_find(&found, 5)->metric, INTERFACE_NO_ROUTE);
    interfaces_clear(&found);
}

static void a_dump_ends(void **state) {
    struct dump dump = {.size = 0};
    struct interfaces found = {0};
    int32_t nothing = 0;
    (void)state;
    put_link(&dump, 1, RUNNING, NULL, NULL);
    begin(&dump, NLMSG_DONE, &nothing, sizeof nothing);
    assert_false(interfaces_learn(&found, dump.bytes, dump.size));
    assert_int_equal(found.count, 1);
    interfaces_clear(&found);
}

/* Every prefix of a datagram, and every length that a message or an attribute may claim, in memory of its size. */
static void nothing_is_read_outside(void **state) {
    struct dump dump = {.size = 0};
    (void)state;
    put_link(&dump, 1, RUNNING, "bridge", NULL);
    put_address(&dump, 1, "10.0.0.1", 0);
    put_default(&dump, 1, 5, RT_TABLE_MAIN);
    for (size_t size = 0; size <= dump.size; size++)
        for (size_t at = 0; at < size; at += 4) {
            struct interfaces found = {0};
            uint8_t *copy = test_malloc(size);
            memcpy(copy, dump.bytes, size);
            copy[at] ^= 0x3f;
            (void)interfaces_learn(&found, copy, size);
            test_free(copy);
            interfaces_clear(&found);
        }
}

static void this_machine_has_loopback(void **state) {
    struct interfaces found;
    struct address loopback;
    struct candidate_list first, second;
    (void)state;
    interfaces_read(&found);
    assert_true(address_parse("127.0.0.1", 1, &loopback));
    const struct interface *lo = interfaces_find(&found, if_nametoindex("lo"));
    assert_non_null(lo);
    assert_true(lo->loopback);
    assert_true(candidates_have(&found, &loopback) || !lo->running);
    candidates_select(&found, 9000, true, &first);
    interfaces_clear(&found);
    interfaces_read(&found);
    candidates_select(&found, 9000, true, &second);
    interfaces_clear(&found);
    assert_true(candidates_equal(&first, &second));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(links_are_told_apart),
        cmocka_unit_test(addresses_come_with_their_scope_and_state),
        cmocka_unit_test(the_least_metric_of_a_default_route_counts),
        cmocka_unit_test(a_dump_ends),
        cmocka_unit_test(nothing_is_read_outside),
        cmocka_unit_test(this_machine_has_loopback),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("interfaces", tests, NULL, NULL);
}

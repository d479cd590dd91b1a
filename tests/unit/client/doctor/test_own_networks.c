/* Which addresses are on our networks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <net/if.h>

#include "client/doctor/own_networks.h"

struct interface {
    struct ifaddrs entry;
    struct sockaddr_storage address, mask;
};

static void fill(int family, const char *text, struct sockaddr_storage *out) {
    struct sockaddr_in *ipv4 = (void *)out;
    struct sockaddr_in6 *ipv6 = (void *)out;
    out->ss_family = (sa_family_t)family;
    void *bytes = family == AF_INET ? (void *)&ipv4->sin_addr : (void *)&ipv6->sin6_addr;
    assert_int_equal(inet_pton(family, text, bytes), 1);
}

static void make(struct interface *interface, int family, const char *address, const char *mask) {
    *interface = (struct interface){.entry = {.ifa_flags = IFF_UP}};
    fill(family, address, &interface->address);
    fill(family, mask, &interface->mask);
    interface->entry.ifa_addr = (struct sockaddr *)&interface->address;
    interface->entry.ifa_netmask = (struct sockaddr *)&interface->mask;
}

static bool near(const struct interface *interface, const char *text) {
    struct address address;
    assert_true(address_parse(text, 1, &address));
    return own_networks_have(&interface->entry, &address);
}

static void masks_decide(void **state) {
    (void)state;
    struct interface interfaces[3], tunnel = {.entry = {.ifa_flags = IFF_UP}}; /* which has no address */
    make(&interfaces[0], AF_INET, "192.168.1.2", "255.255.255.0");
    make(&interfaces[1], AF_INET, "10.1.6.2", "255.255.252.0");
    make(&interfaces[2], AF_INET6, "fd00:1::2", "ffff:ffff:ffff:ffff::");
    interfaces[0].entry.ifa_next = &interfaces[1].entry;
    interfaces[1].entry.ifa_next = &interfaces[2].entry;
    interfaces[2].entry.ifa_next = &tunnel.entry;
    assert_true(near(interfaces, "192.168.1.1"));
    assert_false(near(interfaces, "192.168.2.1"));
    assert_true(near(interfaces, "10.1.7.255"));
    assert_false(near(interfaces, "10.1.8.0"));
    assert_true(near(interfaces, "fd00:1::9"));
    assert_false(near(interfaces, "fd00:1:0:1::9"));
    assert_false(near(interfaces, "172.17.0.1"));
    interfaces[0].entry.ifa_flags = 0;
    assert_false(near(interfaces, "192.168.1.1"));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(masks_decide)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("own_networks", tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/icmp6.h>
#include <stdalign.h>
#include <unistd.h>

#include "client/threads/network_watch.h"

struct batch {
    alignas(struct nlmsghdr) uint8_t bytes[512];
    size_t size;
};

static void add(struct batch *batch, uint16_t type, const void *body, size_t size) {
    struct nlmsghdr header = {.nlmsg_len = (uint32_t)NLMSG_LENGTH(size), .nlmsg_type = type};
    memcpy(batch->bytes + batch->size, &header, sizeof header);
    memcpy(batch->bytes + batch->size + NLMSG_HDRLEN, body, size);
    batch->size += NLMSG_SPACE(size);
}

static void add_route(struct batch *batch, uint8_t bits, uint8_t table, unsigned flags) {
    struct rtmsg route = {
        .rtm_family = AF_INET, .rtm_dst_len = bits, .rtm_table = table, .rtm_type = RTN_UNICAST, .rtm_flags = flags};
    add(batch, RTM_NEWROUTE, &route, sizeof route);
}

static struct network_news judged(const struct batch *batch) {
    return network_watch_judge(batch->bytes, batch->size);
}

static void addresses_and_links_count(void **state) {
    static const uint16_t types[] = {RTM_NEWADDR, RTM_DELADDR, RTM_NEWLINK, RTM_DELLINK};
    struct ifaddrmsg body = {0};
    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct batch batch = {0};
        add(&batch, types[i], &body, sizeof body);
        assert_true(judged(&batch).addresses);
        assert_false(judged(&batch).route);
    }
    struct batch neighbour = {0};
    add(&neighbour, RTM_NEWNEIGH, &body, sizeof body);
    assert_false(judged(&neighbour).addresses || judged(&neighbour).route);
}

static void only_a_default_route_counts(void **state) {
    struct batch inner = {0}, local = {0}, cloned = {0}, both = {0}, half = {0}, vpn = {0};
    (void)state;
    add_route(&inner, 24, RT_TABLE_MAIN, 0);
    assert_false(judged(&inner).route);
    add_route(&local, 0, RT_TABLE_LOCAL, 0);
    assert_false(judged(&local).route);
    add_route(&cloned, 0, RT_TABLE_MAIN, RTM_F_CLONED);
    assert_false(judged(&cloned).route);
    add_route(&half, 1, RT_TABLE_MAIN, 0);
    assert_true(judged(&half).route);
    add_route(&vpn, 0, 100, 0);
    assert_true(judged(&vpn).route);
    add_route(&both, 24, RT_TABLE_MAIN, 0);
    add_route(&both, 0, RT_TABLE_MAIN, 0);
    assert_true(judged(&both).route);
    assert_false(judged(&both).addresses);
}

/* The prefix stands among other options; `claimed`: their size, as the kernel's head says. */
static void add_router_options(struct batch *batch, uint8_t icmp_type, uint16_t claimed) {
    struct {
        struct nduseroptmsg head;
        uint8_t options[32];
    } body = {.head = {.nduseropt_opts_len = claimed, .nduseropt_icmp_type = icmp_type},
              .options = {[0] = 25,
                          [1] = 1, /* another one, of 8 bytes */
                          [8] = 38,
                          [9] = 2,
                          [10] = 0x07,
                          [11] = 0x08,
                          [13] = 0x64,
                          [14] = 0xff,
                          [15] = 0x9b}};
    add(batch, RTM_NEWNDUSEROPT, &body, sizeof body);
}

static void a_router_may_tell_a_prefix(void **state) {
    struct batch whole = {0}, solicited = {0}, twice = {0};
    (void)state;
    add_router_options(&whole, ND_ROUTER_ADVERT, 24);
    struct network_news news = judged(&whole);
    assert_true(news.nat64);
    assert_int_equal(news.prefix.bits, 96);
    assert_int_equal(news.prefix_s, 1800);
    assert_false(news.addresses || news.route);
    add_router_options(&solicited, ND_NEIGHBOR_ADVERT, 24);
    assert_false(judged(&solicited).nat64);
    add_router_options(&twice, ND_ROUTER_ADVERT, 24);
    add_route(&twice, 0, RT_TABLE_MAIN, 0);
    assert_true(judged(&twice).nat64 && judged(&twice).route);
    for (uint16_t claimed = 0; claimed < 24; claimed++) {
        struct batch cut = {0};
        add_router_options(&cut, ND_ROUTER_ADVERT, claimed);
        assert_false(judged(&cut).nat64);
    }
}

/* ff02::/96 is none, but has the form of one. */
static void what_is_no_prefix_hides_none(void **state) {
    struct {
        struct nduseroptmsg head;
        uint8_t options[32];
    } body = {.head = {.nduseropt_opts_len = 32, .nduseropt_icmp_type = ND_ROUTER_ADVERT},
              .options = {38, 2, 0x07, 0x08, 0x00, 0x64, 0xff, 0x9b, [16] = 38, 2, 0x00, 0x10, 0xff, 0x02}};
    struct batch batch = {0};
    (void)state;
    add(&batch, RTM_NEWNDUSEROPT, &body, sizeof body);
    struct network_news news = judged(&batch);
    assert_true(news.nat64);
    assert_int_equal(news.prefix.prefix[1], 0x64);
    assert_int_equal(news.prefix_s, 1800);
}

static void nothing_is_read_outside(void **state) {
    struct batch batch = {0};
    struct nlmsghdr header = {.nlmsg_type = RTM_NEWADDR};
    (void)state;
    assert_false(network_watch_judge(batch.bytes, 0).addresses);
    for (uint32_t claimed = 0; claimed < 64; claimed++) {
        header.nlmsg_len = claimed;
        memcpy(batch.bytes, &header, sizeof header);
        bool whole = claimed >= sizeof header && claimed <= 20;
        assert_int_equal(network_watch_judge(batch.bytes, 20).addresses, whole);
    }
    header = (struct nlmsghdr){.nlmsg_type = RTM_NEWROUTE, .nlmsg_len = sizeof header};
    memcpy(batch.bytes, &header, sizeof header);
    assert_false(network_watch_judge(batch.bytes, sizeof header).route);
}

static void the_kernel_gives_such_a_socket(void **state) {
    int netlink = network_watch_open();
    (void)state;
    if (netlink < 0) skip();
    assert_false(network_watch_read(netlink).route);
    close(netlink);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_and_links_count),    cmocka_unit_test(only_a_default_route_counts),
        cmocka_unit_test(a_router_may_tell_a_prefix),   cmocka_unit_test(nothing_is_read_outside),
        cmocka_unit_test(what_is_no_prefix_hides_none), cmocka_unit_test(the_kernel_gives_such_a_socket),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("network_watch", tests, NULL, NULL);
}

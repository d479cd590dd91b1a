#include "client/threads/network_watch.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/network/interfaces.h"

#define BUFFER_SIZE 16384
#define ROUTER_OPTIONS (1U << (RTNLGRP_ND_USEROPT - 1)) /* of router advertisements, those that are for us */
#define OPTION_UNIT 8                                   /* bytes: RFC 4861 §4.6 */

int network_watch_open(void) {
    struct sockaddr_nl address = {.nl_family = AF_NETLINK,
                                  .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR |
                                               RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE | ROUTER_OPTIONS};
    int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    if (netlink < 0) return -1;
    if (bind(netlink, (const struct sockaddr *)&address, sizeof address) == 0) return netlink;
    close(netlink);
    return -1;
}

static bool is_default_route(const struct nlmsghdr *message) {
    struct rtmsg route;
    if (message->nlmsg_len < NLMSG_LENGTH(sizeof route)) return false;
    memcpy(&route, NLMSG_DATA(message), sizeof route);
    return interfaces_is_default_route(&route);
}

/* One that is no prefix leaves what another one told. */
static void take_prefix(const uint8_t *option, size_t size, struct network_news *news) {
    struct nat64 prefix;
    uint32_t lifetime_s;
    if (!nat64_of_option(option, size, &prefix, &lifetime_s)) return;
    news->nat64 = true;
    news->prefix = prefix;
    news->prefix_s = lifetime_s;
}

/* What a router told: options behind a head of the kernel's. */
static void judge_options(const struct nlmsghdr *message, struct network_news *news) {
    struct nduseroptmsg head;
    if (message->nlmsg_len < NLMSG_LENGTH(sizeof head)) return;
    memcpy(&head, NLMSG_DATA(message), sizeof head);
    if (head.nduseropt_icmp_type != ND_ROUTER_ADVERT) return;
    const uint8_t *at = (const uint8_t *)NLMSG_DATA(message) + sizeof head;
    size_t left = message->nlmsg_len - NLMSG_LENGTH(sizeof head);
    if (left > head.nduseropt_opts_len) left = head.nduseropt_opts_len;
    while (left >= OPTION_UNIT) {
        size_t size = (size_t)at[1] * OPTION_UNIT;
        if (size == 0 || size > left) return;
        take_prefix(at, size, news);
        at += size;
        left -= size;
    }
}

static void judge_one(const struct nlmsghdr *message, struct network_news *news) {
    switch (message->nlmsg_type) {
    case RTM_NEWADDR:
    case RTM_DELADDR:
    case RTM_NEWLINK:
    case RTM_DELLINK: news->addresses = true; break;
    case RTM_NEWROUTE:
    case RTM_DELROUTE: news->route |= is_default_route(message); break;
    case RTM_NEWNDUSEROPT: judge_options(message, news); break;
    default: break;
    }
}

static void judge(const void *messages, size_t size, struct network_news *news) {
    const uint8_t *at = messages;
    while (size >= sizeof(struct nlmsghdr)) {
        struct nlmsghdr header;
        memcpy(&header, at, sizeof header);
        if (header.nlmsg_len < sizeof header || header.nlmsg_len > size) break;
        judge_one((const struct nlmsghdr *)(const void *)at, news);
        size_t step = NLMSG_ALIGN(header.nlmsg_len);
        if (step >= size) break;
        at += step;
        size -= step;
    }
}

struct network_news network_watch_judge(const void *messages, size_t size) {
    struct network_news news = {0};
    judge(messages, size, &news);
    return news;
}

struct network_news network_watch_read(int netlink) {
    struct network_news news = {0};
    union { /* as the kernel aligns them */
        struct nlmsghdr header;
        uint8_t bytes[BUFFER_SIZE];
    } buffer;
    for (;;) {
        ssize_t size = recv(netlink, buffer.bytes, sizeof buffer.bytes, 0);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0 && errno == ENOBUFS) {
            news.addresses = news.route = true;
            continue;
        }
        if (size <= 0) return news;
        judge(buffer.bytes, (size_t)size, &news);
    }
}

bool network_has_ipv4(void) {
    /* The address of ipv4only.arpa, which is nobody's host: RFC 7050 §2.2. */
    const struct sockaddr_in anywhere = {
        .sin_family = AF_INET, .sin_port = htons(1), .sin_addr.s_addr = htonl(0xc00000aaU)};
    int probe = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (probe < 0) return false;
    bool leads = connect(probe, (const struct sockaddr *)&anywhere, sizeof anywhere) == 0;
    close(probe);
    return leads;
}

#include "client/threads/network_watch.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER_SIZE 16384

int network_watch_open(void) {
    struct sockaddr_nl address = {.nl_family = AF_NETLINK,
                                  .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR |
                                               RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE};
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
    return route.rtm_dst_len == 0 && route.rtm_table == RT_TABLE_MAIN && !(route.rtm_flags & RTM_F_CLONED);
}

static void judge_one(const struct nlmsghdr *message, struct network_news *news) {
    switch (message->nlmsg_type) {
    case RTM_NEWADDR:
    case RTM_DELADDR:
    case RTM_NEWLINK:
    case RTM_DELLINK: news->addresses = true; break;
    case RTM_NEWROUTE:
    case RTM_DELROUTE: news->route |= is_default_route(message); break;
    default: break;
    }
}

struct network_news network_watch_judge(const void *messages, size_t size) {
    struct network_news news = {0};
    const uint8_t *at = messages;
    while (size >= sizeof(struct nlmsghdr)) {
        struct nlmsghdr header;
        memcpy(&header, at, sizeof header);
        if (header.nlmsg_len < sizeof header || header.nlmsg_len > size) break;
        judge_one((const struct nlmsghdr *)(const void *)at, &news);
        size_t step = NLMSG_ALIGN(header.nlmsg_len);
        if (step >= size) break;
        at += step;
        size -= step;
    }
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
        struct network_news more = network_watch_judge(buffer.bytes, (size_t)size);
        news.addresses |= more.addresses;
        news.route |= more.route;
    }
}

/* Word from the kernel that our addresses or routes changed (rtnetlink(7)), and whether we were away. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/network/nat64.h"
#include "common/attributes.h"

struct network_news {
    bool addresses; /* an address or a link came, went or changed */
    bool route;     /* a default route, or one for half of the world, came or went: what we send may leave elsewhere */
    bool nat64;     /* a router told its prefix: `prefix`, for `prefix_s` seconds, 0: no longer */
    struct nat64 prefix;
    uint32_t prefix_s;
};

/* A netlink socket to poll; -1 where there is none to be had. */
MUST_USE int network_watch_open(void);
/* Takes all that waits. What was lost counts as both. */
struct network_news network_watch_read(int netlink);
/* What one datagram of netlink messages says; its bytes are the kernel's, but nothing outside of `size` is read. */
struct network_news network_watch_judge(const void *messages, size_t size);
/* Does a route lead to IPv4 hosts anywhere? Sends nothing. */
bool network_has_ipv4(void);

#include "client/network/interfaces.h"

#include <linux/if_link.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "common/memory.h"

#define BUFFER_SIZE 32768   /* as much as the kernel puts into one datagram of a dump */
#define ANSWER_MOST_MS 1000 /* that it takes for that */
#define DEFAULT_BITS_IPV4 1 /* 0.0.0.0/1 and 128.0.0.0/1 are all there is, too */
#define DEFAULT_BITS_IPV6 3 /* 2000::/3 */

/* --- Attributes --- */

/* The attributes in `size` bytes at `at`, one after the other. */
struct attributes {
    const uint8_t *at;
    size_t size;
};

static bool next_attribute(struct attributes *rest, uint16_t *type, struct attributes *value) {
    struct rtattr header;
    if (rest->size < sizeof header) return false;
    memcpy(&header, rest->at, sizeof header);
    if (header.rta_len < sizeof header || header.rta_len > rest->size) return false;
    *type = (uint16_t)(header.rta_type & NLA_TYPE_MASK);
    *value = (struct attributes){.at = rest->at + sizeof header, .size = header.rta_len - sizeof header};
    size_t step = RTA_ALIGN(header.rta_len);
    if (step > rest->size) step = rest->size;
    rest->at += step;
    rest->size -= step;
    return true;
}

static bool find_attribute(struct attributes all, uint16_t wanted, struct attributes *out) {
    uint16_t type;
    while (next_attribute(&all, &type, out))
        if (type == wanted) return true;
    return false;
}

static uint32_t number_of(struct attributes all, uint16_t wanted, uint32_t otherwise) {
    struct attributes value;
    uint32_t number;
    if (!find_attribute(all, wanted, &value) || value.size != sizeof number) return otherwise;
    memcpy(&number, value.at, sizeof number);
    return number;
}

/* Cuts what is too long; empty where there is none. */
static void text_of(struct attributes all, uint16_t wanted, char *out, size_t size) {
    struct attributes value;
    size_t length = 0;
    if (find_attribute(all, wanted, &value)) {
        length = value.size < size ? value.size : size - 1;
        memcpy(out, value.at, length);
    }
    out[length] = '\0';
}

/* What follows the fixed part of a message, which goes to `fixed`. False when that is not whole. */
static bool open_message(const struct nlmsghdr *header, const uint8_t *body, void *fixed, size_t fixed_size,
                         struct attributes *out) {
    size_t size = header->nlmsg_len - NLMSG_HDRLEN, start = NLMSG_ALIGN(fixed_size);
    if (size < fixed_size) return false;
    memcpy(fixed, body, fixed_size);
    *out = (struct attributes){.at = body + (start < size ? start : size), .size = start < size ? size - start : 0};
    return true;
}

/* --- Links --- */

static bool is_one_of(const char *const *list, const char *name) {
    while (*list && strcmp(*list, name) != 0) list++;
    return *list != NULL;
}

/* By what ip-link(8) calls the kind; hardware has none. */
static enum interface_reach reach_of(const char *kind, const char *port_of) {
    static const char *const inside[] = {"bridge", "openvswitch", "dummy", "ifb", "nlmon", NULL};
    static const char *const tunnels[] = {"tun",    "wireguard", "ipip",      "sit",       "gre", "gretap", "erspan",
                                          "ip6tnl", "ip6gre",    "ip6gretap", "ip6erspan", "vti", "vti6",   "xfrm",
                                          "vxlan",  "geneve",    "bareudp",   "gtp",       "amt", "ovpn",   NULL};
    if (*port_of && strcmp(port_of, "vrf") != 0) return INTERFACE_INSIDE;
    if (is_one_of(inside, kind)) return INTERFACE_INSIDE;
    return is_one_of(tunnels, kind) ? INTERFACE_TUNNEL : INTERFACE_LINK;
}

static void learn_link(struct interfaces *interfaces, const struct nlmsghdr *header, const uint8_t *body) {
    struct ifinfomsg link;
    struct attributes all, info = {.size = 0};
    char kind[32], port_of[32];
    if (!open_message(header, body, &link, sizeof link, &all)) return;
    (void)find_attribute(all, IFLA_LINKINFO, &info);
    text_of(info, IFLA_INFO_KIND, kind, sizeof kind);
    text_of(info, IFLA_INFO_SLAVE_KIND, port_of, sizeof port_of);
    interfaces->list = grow(interfaces->list, interfaces->count + 1, sizeof *interfaces->list);
    interfaces->list[interfaces->count++] =
        (struct interface){.index = (uint32_t)link.ifi_index,
                           .reach = reach_of(kind, port_of),
                           .metric = INTERFACE_NO_ROUTE,
                           .running = (link.ifi_flags & IFF_UP) && (link.ifi_flags & IFF_RUNNING),
                           .loopback = link.ifi_flags & IFF_LOOPBACK};
}

/* --- Addresses --- */

static bool ip_of(uint8_t family, struct attributes value, uint32_t index, struct address *out) {
    struct sockaddr_in ipv4 = {.sin_family = AF_INET};
    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_scope_id = index};
    if (family == AF_INET && value.size == sizeof ipv4.sin_addr) {
        memcpy(&ipv4.sin_addr, value.at, sizeof ipv4.sin_addr);
        return address_from_sockaddr((const struct sockaddr *)&ipv4, out);
    }
    if (family != AF_INET6 || value.size != sizeof ipv6.sin6_addr) return false;
    memcpy(&ipv6.sin6_addr, value.at, sizeof ipv6.sin6_addr);
    return address_from_sockaddr((const struct sockaddr *)&ipv6, out);
}

static void learn_address(struct interfaces *interfaces, const struct nlmsghdr *header, const uint8_t *body) {
    struct ifaddrmsg said;
    struct attributes all, value;
    if (!open_message(header, body, &said, sizeof said, &all)) return;
    struct interface_address found = {.interface = said.ifa_index};
    /* On a line between two, IFA_ADDRESS is the other end's. */
    if (!find_attribute(all, IFA_LOCAL, &value) && !find_attribute(all, IFA_ADDRESS, &value)) return;
    if (!ip_of(said.ifa_family, value, said.ifa_index, &found.address)) return;
    uint32_t flags = number_of(all, IFA_FLAGS, said.ifa_flags);
    bool unsure = (flags & IFA_F_TENTATIVE) && !(flags & IFA_F_OPTIMISTIC);
    found.ready = !unsure && !(flags & (IFA_F_DADFAILED | IFA_F_DEPRECATED));
    found.temporary = said.ifa_family == AF_INET6 && (flags & IFA_F_TEMPORARY);
    interfaces->addresses = grow(interfaces->addresses, interfaces->address_count + 1, sizeof *interfaces->addresses);
    interfaces->addresses[interfaces->address_count++] = found;
}

/* --- Routes --- */

bool interfaces_is_default_route(const struct rtmsg *route) {
    uint8_t most = route->rtm_family == AF_INET6 ? DEFAULT_BITS_IPV6 : DEFAULT_BITS_IPV4;
    return route->rtm_dst_len <= most && route->rtm_table != RT_TABLE_LOCAL && route->rtm_type == RTN_UNICAST &&
           !(route->rtm_flags & RTM_F_CLONED);
}

static void leads_out(struct interfaces *interfaces, uint32_t index, uint32_t metric) {
    struct interface *interface = NULL;
    for (size_t i = 0; i < interfaces->count && !interface; i++)
        if (interfaces->list[i].index == index) interface = &interfaces->list[i];
    if (!interface || interface->loopback) return;
    interface->reach = INTERFACE_OUT;
    if (metric < interface->metric) interface->metric = metric;
}

/* A route over several interfaces at once has a list of them. */
static void several_lead_out(struct interfaces *interfaces, struct attributes rest, uint32_t metric) {
    struct rtnexthop hop;
    while (rest.size >= sizeof hop) {
        memcpy(&hop, rest.at, sizeof hop);
        size_t step = RTNH_ALIGN(hop.rtnh_len);
        leads_out(interfaces, (uint32_t)hop.rtnh_ifindex, metric);
        if (step < sizeof hop || step > rest.size) return;
        rest.at += step;
        rest.size -= step;
    }
}

static void learn_route(struct interfaces *interfaces, const struct nlmsghdr *header, const uint8_t *body) {
    struct rtmsg route;
    struct attributes all, hops;
    if (!open_message(header, body, &route, sizeof route, &all) || !interfaces_is_default_route(&route)) return;
    uint32_t metric = number_of(all, RTA_PRIORITY, 0);
    leads_out(interfaces, number_of(all, RTA_OIF, 0), metric);
    if (find_attribute(all, RTA_MULTIPATH, &hops)) several_lead_out(interfaces, hops, metric);
}

/* --- The whole --- */

static bool learn_one(struct interfaces *interfaces, const struct nlmsghdr *header, const uint8_t *body) {
    switch (header->nlmsg_type) {
    case RTM_NEWLINK: learn_link(interfaces, header, body); return true;
    case RTM_NEWADDR: learn_address(interfaces, header, body); return true;
    case RTM_NEWROUTE: learn_route(interfaces, header, body); return true;
    case NLMSG_DONE:
    case NLMSG_ERROR: return false;
    default: return true;
    }
}

bool interfaces_learn(struct interfaces *interfaces, const void *messages, size_t size) {
    const uint8_t *at = messages;
    struct nlmsghdr header;
    while (size >= sizeof header) {
        memcpy(&header, at, sizeof header);
        if (header.nlmsg_len < sizeof header || header.nlmsg_len > size) return false;
        if (!learn_one(interfaces, &header, at + NLMSG_HDRLEN)) return false;
        size_t step = NLMSG_ALIGN(header.nlmsg_len);
        if (step >= size) return true;
        at += step;
        size -= step;
    }
    return true;
}

const struct interface *interfaces_find(const struct interfaces *interfaces, uint32_t index) {
    for (size_t i = 0; i < interfaces->count; i++)
        if (interfaces->list[i].index == index) return &interfaces->list[i];
    return NULL;
}

static void dump(struct interfaces *interfaces, int netlink, uint16_t type, uint8_t family) {
    struct {
        struct nlmsghdr header;
        struct rtgenmsg body;
    } request = {.header = {.nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP}, .body = {family}};
    request.header.nlmsg_len = NLMSG_LENGTH(sizeof request.body);
    if (send(netlink, &request, sizeof request, 0) != (ssize_t)sizeof request) return;
    uint8_t *buffer = allocate(BUFFER_SIZE);
    ssize_t size;
    do {
        size = recv(netlink, buffer, BUFFER_SIZE, 0);
    } while (size > 0 && interfaces_learn(interfaces, buffer, (size_t)size));
    free(buffer);
}

void interfaces_read(struct interfaces *out) {
    static const struct timeval patience = {.tv_sec = ANSWER_MOST_MS / 1000};
    memset(out, 0, sizeof *out);
    int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (netlink < 0) return;
    (void)setsockopt(netlink, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    dump(out, netlink, RTM_GETLINK, AF_UNSPEC);
    dump(out, netlink, RTM_GETADDR, AF_UNSPEC);
    dump(out, netlink, RTM_GETROUTE, AF_INET);
    dump(out, netlink, RTM_GETROUTE, AF_INET6);
    close(netlink);
}

void interfaces_clear(struct interfaces *interfaces) {
    free(interfaces->list);
    free(interfaces->addresses);
    *interfaces = (struct interfaces){0};
}

#include "client/network/candidates.h"

#include <net/if.h>
#include <stdlib.h>
#include <string.h>

/* Best first: a private IPv4 address is what a neighbour behind the same NAT most likely reaches. */
enum kind { PRIVATE_IPV4, PRIVATE_IPV6, PUBLIC_IPV6, NOT_OFFERED };

static enum kind kind_of(const struct address *address) {
    enum address_class class = address_classify(address);
    if (class == ADDRESS_PRIVATE) return address_is_ipv4(address) ? PRIVATE_IPV4 : PRIVATE_IPV6;
    return class == ADDRESS_PUBLIC && !address_is_ipv4(address) ? PUBLIC_IPV6 : NOT_OFFERED;
}

static bool contains(const struct candidate_list *list, const struct address *address) {
    for (uint8_t i = 0; i < list->count; i++)
        if (address_equal(&list->items[i], address)) return true;
    return false;
}

static bool is_usable(const struct ifaddrs *interface) {
    return interface->ifa_addr && (interface->ifa_flags & IFF_UP) && (interface->ifa_flags & IFF_RUNNING) &&
           !(interface->ifa_flags & IFF_LOOPBACK);
}

static void select_kind(const struct ifaddrs *interfaces, enum kind kind, uint16_t port, struct candidate_list *out) {
    for (const struct ifaddrs *interface = interfaces; interface; interface = interface->ifa_next) {
        struct address address;

        if (out->count == MEMBER_CANDIDATES_MAX) return;
        if (!is_usable(interface) || !address_from_sockaddr(interface->ifa_addr, &address)) continue;
        address.port = port;
        if (kind_of(&address) == kind && !contains(out, &address)) out->items[out->count++] = address;
    }
}

void candidates_select(const struct ifaddrs *interfaces, uint16_t port, bool ipv6, struct candidate_list *out) {
    memset(out, 0, sizeof *out);
    select_kind(interfaces, PRIVATE_IPV4, port, out);
    if (!ipv6) return;
    select_kind(interfaces, PRIVATE_IPV6, port, out);
    select_kind(interfaces, PUBLIC_IPV6, port, out);
}

void candidates_gather(uint16_t port, bool ipv6, struct candidate_list *out) {
    struct ifaddrs *interfaces;
    memset(out, 0, sizeof *out);
    if (getifaddrs(&interfaces) != 0) return;
    candidates_select(interfaces, port, ipv6, out);
    freeifaddrs(interfaces);
}

static uint8_t least_missed(const struct candidate_list *list) {
    uint8_t at = (uint8_t)(list->count - 1);
    while (at > 0 && !address_is_ipv4(&list->items[at])) at--;
    return at > 0 ? at : (uint8_t)(list->count - 1);
}

void candidates_add_mapped(struct candidate_list *list, const struct address *mapped) {
    if (contains(list, mapped)) return;
    if (list->count == MEMBER_CANDIDATES_MAX)
        list->items[least_missed(list)] = *mapped;
    else
        list->items[list->count++] = *mapped;
}

bool candidates_have(const struct ifaddrs *interfaces, const struct address *address) {
    for (const struct ifaddrs *interface = interfaces; interface; interface = interface->ifa_next) {
        struct address own;

        if (is_usable(interface) && address_from_sockaddr(interface->ifa_addr, &own) && address_same_ip(&own, address))
            return true;
    }
    return false;
}

bool candidates_is_own(const struct address *address) {
    struct ifaddrs *interfaces;
    if (getifaddrs(&interfaces) != 0) return false;
    bool own = candidates_have(interfaces, address);
    freeifaddrs(interfaces);
    return own;
}

bool candidates_equal(const struct candidate_list *a, const struct candidate_list *b) {
    if (a->count != b->count) return false;
    for (uint8_t i = 0; i < a->count; i++)
        if (!address_equal(&a->items[i], &b->items[i])) return false;
    return true;
}

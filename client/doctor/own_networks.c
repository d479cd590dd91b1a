#include "client/doctor/own_networks.h"

#include <net/if.h>
#include <string.h>

/* The mask's bytes at the end of an address's sixteen; an IPv4 mask is no address, so it has four. */
static size_t mask_of(const struct ifaddrs *interface, const uint8_t **bytes) {
    if (interface->ifa_netmask->sa_family == AF_INET6) {
        *bytes = ((const struct sockaddr_in6 *)(const void *)interface->ifa_netmask)->sin6_addr.s6_addr;
        return 16;
    }
    *bytes = (const uint8_t *)&((const struct sockaddr_in *)(const void *)interface->ifa_netmask)->sin_addr;
    return 4;
}

static bool same_network(const struct ifaddrs *interface, const struct address *own, const struct address *address) {
    const uint8_t *mask;
    size_t size = mask_of(interface, &mask), at = sizeof own->ip - size;
    if (address_is_ipv4(own) != address_is_ipv4(address)) return false;
    for (size_t i = 0; i < size; i++)
        if ((own->ip[at + i] ^ address->ip[at + i]) & mask[i]) return false;
    return true;
}

bool own_networks_have(const struct ifaddrs *interfaces, const struct address *address) {
    for (const struct ifaddrs *interface = interfaces; interface; interface = interface->ifa_next) {
        struct address own;
        if (!interface->ifa_addr || !interface->ifa_netmask || !(interface->ifa_flags & IFF_UP)) continue;
        if (address_from_sockaddr(interface->ifa_addr, &own) && same_network(interface, &own, address)) return true;
    }
    return false;
}

#include "bootnode/outside.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

/* Hosts that nobody has (RFC 5737, RFC 3849): nothing is sent to them, the kernel only looks for a route. */
static const char *const somewhere[] = {"192.0.2.1:9", "[2001:db8::1]:9"};

static bool source_towards(const char *text, struct sockaddr_storage *out) {
    struct address to;
    struct sockaddr_storage name;
    socklen_t size = sizeof *out;
    if (!address_parse(text, 0, &to)) return false;
    int family = address_is_ipv4(&to) ? AF_INET : AF_INET6;
    socklen_t name_size = address_to_sockaddr(&to, family, &name);
    int probe = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool found = probe >= 0 && connect(probe, (const struct sockaddr *)&name, name_size) == 0 &&
                 getsockname(probe, (struct sockaddr *)out, &size) == 0;
    if (probe >= 0) close(probe);
    return found;
}

static void learn_from_routes(struct public_addresses *out) {
    struct sockaddr_storage names[2];
    struct ifaddrs found[2], *first = NULL;
    for (size_t i = 0; i < 2; i++) {
        if (!source_towards(somewhere[i], &names[i])) continue;
        found[i] = (struct ifaddrs){.ifa_next = first, .ifa_flags = IFF_UP, .ifa_addr = (struct sockaddr *)&names[i]};
        first = &found[i];
    }
    public_address_of_machine(first, out);
}

void outside_learn(struct public_addresses *out) {
    struct ifaddrs *interfaces;
    if (getifaddrs(&interfaces) != 0) {
        learn_from_routes(out);
        return;
    }
    public_address_of_machine(interfaces, out);
    freeifaddrs(interfaces);
}

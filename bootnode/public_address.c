#include "bootnode/public_address.h"

#include <ctype.h>
#include <net/if.h>
#include <string.h>

static const struct address any;

/* Whatever the port is. */
static enum address_class class_of(const struct address *ip) {
    struct address probe = *ip;
    probe.port = 1;
    return address_classify(&probe);
}

static bool is_inside(const struct address *address) {
    enum address_class class = class_of(address);
    return class == ADDRESS_LOOPBACK || class == ADDRESS_PRIVATE;
}

static bool same_family(const struct address *a, const struct address *b) {
    return address_is_ipv4(a) == address_is_ipv4(b);
}

/* --- What operators say --- */

/* An IP address without a port. */
static bool parse_ip(const char *text, size_t length, struct address *out) {
    char copy[ADDRESS_TEXT_SIZE];
    struct address again;
    while (length > 0 && isspace((unsigned char)*text)) text++, length--;
    while (length > 0 && isspace((unsigned char)text[length - 1])) length--;
    if (length == 0 || length >= sizeof copy) return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    if (!address_parse(copy, 1, out) || !address_parse(copy, 2, &again) || again.port == out->port) return false;
    out->port = 0;
    return class_of(out) != ADDRESS_UNUSABLE;
}

static bool parse_item(const char *text, size_t length, struct address *local, struct address *public) {
    const char *equals = memchr(text, '=', length);
    const char *second = equals ? equals + 1 : text;
    *local = any;
    if (equals && !parse_ip(text, (size_t)(equals - text), local)) return false;
    return parse_ip(second, length - (size_t)(second - text), public) && class_of(public) == ADDRESS_PUBLIC &&
           (!equals || same_family(local, public));
}

/* Of each local address, and of any of a family, there is one. */
static bool add(struct public_addresses *out, const struct address *local, const struct address *public) {
    for (size_t i = 0; i < out->count; i++)
        if (address_same_ip(&out->items[i].local, local) && same_family(&out->items[i].public, public)) return false;
    if (out->count == PUBLIC_ADDRESSES_MAX) return false;
    out->items[out->count].local = *local;
    out->items[out->count++].public = *public;
    return true;
}

bool public_address_parse(const char *text, struct public_addresses *out) {
    *out = (struct public_addresses){.count = 0};
    for (const char *at = text; *text; at++) {
        struct address local, public;
        size_t length = strcspn(at, ",");
        if (!parse_item(at, length, &local, &public) || !add(out, &local, &public)) return false;
        at += length;
        if (*at == '\0') break;
    }
    return true;
}

void public_address_of_machine(const struct ifaddrs *interfaces, struct public_addresses *out) {
    *out = (struct public_addresses){.count = 0};
    for (; interfaces; interfaces = interfaces->ifa_next) {
        struct address address;
        if (!interfaces->ifa_addr || !(interfaces->ifa_flags & IFF_UP)) continue;
        if (!address_from_sockaddr(interfaces->ifa_addr, &address) || class_of(&address) != ADDRESS_PUBLIC) continue;
        (void)add(out, &any, &address);
    }
}

/* --- What follows --- */

static struct address with_ip(const struct address *ip, uint16_t port) {
    struct address address = *ip;
    address.port = port;
    return address;
}

struct address public_address_of_client(const struct public_addresses *addresses, const struct address *seen) {
    if (addresses->count == 0 || !is_inside(seen)) return *seen;
    for (size_t i = 0; i < addresses->count; i++)
        if (same_family(&addresses->items[i].public, seen)) return with_ip(&addresses->items[i].public, seen->port);
    return *seen;
}

struct address public_address_of_local(const struct public_addresses *addresses, const struct address *local) {
    const struct address *found = NULL;
    if (!is_inside(local)) return *local;
    for (size_t i = 0; i < addresses->count; i++) {
        bool everywhere = address_same_ip(&addresses->items[i].local, &any);
        if (address_same_ip(&addresses->items[i].local, local))
            return with_ip(&addresses->items[i].public, local->port);
        if (everywhere && same_family(&addresses->items[i].public, local)) found = &addresses->items[i].public;
    }
    return found ? with_ip(found, local->port) : *local;
}

bool public_address_is_own(const struct public_addresses *addresses, const struct address *address) {
    for (size_t i = 0; i < addresses->count; i++)
        if (address_same_ip(&addresses->items[i].public, address)) return true;
    return false;
}

#include "common/address.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memo.h"
#include "common/why.h"

#define HOST_LENGTH_MAX 253 /* RFC 1035 §2.3.4, without the length bytes on the wire */
#define LABEL_LENGTH_MAX 63

/* An address as two numbers, so that a prefix is compared by two masks: the bootnode classifies several addresses for
 * each member that it tells somebody of. */
struct halves {
    uint64_t high, low;
};

struct prefix {
    struct halves ip, mask;
    enum address_class class;
};

/* The first `bits` of 64. */
#define TOP(bits) ((bits) == 0 ? 0 : ~UINT64_C(0) << (64 - (bits)))
/* Up to /48, by its first three groups. */
#define IPV6(first, second, third, bits) IPV6_HALVES(first, second, third), MASK_HALVES(bits, 0)
#define IPV4(a, b, c, d, bits) IPV4_HALVES(a, b, c, d), MASK_HALVES(64, 32 + (bits))
#define MASK_HALVES(high, low) .mask = {TOP(high), TOP(low)}
#define IPV6_HALVES(first, second, third)                                                                              \
    .ip = {(uint64_t)(first) << 48 | (uint64_t)(second) << 32 | (uint64_t)(third) << 16, 0}
#define IPV4_HALVES(a, b, c, d)                                                                                        \
    .ip = {0, UINT64_C(0xffff) << 32 | (uint64_t)(a) << 24 | (uint64_t)(b) << 16 | (uint64_t)(c) << 8 | (d)}

/* The first row that matches decides. PROTOCOL.md §2.5 says why. */
static const struct prefix prefixes[] = {
    {IPV4(0, 0, 0, 0, 8), ADDRESS_UNUSABLE},
    {IPV4(10, 0, 0, 0, 8), ADDRESS_PRIVATE},
    {IPV4(100, 64, 0, 0, 10), ADDRESS_PRIVATE},
    {IPV4(127, 0, 0, 0, 8), ADDRESS_LOOPBACK},
    {IPV4(169, 254, 0, 0, 16), ADDRESS_LINK_LOCAL},
    {IPV4(172, 16, 0, 0, 12), ADDRESS_PRIVATE},
    {IPV4(192, 0, 0, 0, 24), ADDRESS_UNUSABLE}, /* IETF protocol assignments: no other host's */
    {IPV4(192, 168, 0, 0, 16), ADDRESS_PRIVATE},
    {IPV4(224, 0, 0, 0, 4), ADDRESS_UNUSABLE}, /* multicast */
    {IPV4(255, 255, 255, 255, 32), ADDRESS_UNUSABLE},
    {IPV4(240, 0, 0, 0, 4), ADDRESS_PRIVATE}, /* reserved, and used for containers */
    {IPV4(0, 0, 0, 0, 0), ADDRESS_PUBLIC},
    {.ip = {0, 1}, MASK_HALVES(64, 64), ADDRESS_LOOPBACK},
    {IPV6(0x0200, 0, 0, 7), ADDRESS_PUBLIC}, /* Yggdrasil: one network, and one host for each address */
    {IPV6(0, 0, 0, 7), ADDRESS_UNUSABLE},
    {IPV6(0x2001, 0x0002, 0, 48), ADDRESS_PUBLIC}, /* benchmarks, as 198.18/15 */
    {IPV6(0x2001, 0, 0, 23), ADDRESS_UNUSABLE},    /* IETF protocol assignments, Teredo among them */
    {IPV6(0x2002, 0, 0, 16), ADDRESS_UNUSABLE},    /* 6to4 (deprecated): names any IPv4 address, behind any relay */
    {IPV6(0x2000, 0, 0, 3), ADDRESS_PUBLIC},
    {IPV6(0xfe80, 0, 0, 10), ADDRESS_LINK_LOCAL},
    {IPV6(0xff00, 0, 0, 8), ADDRESS_UNUSABLE},
    /* fc00::/7, fec0::/10, and what is not assigned: a network of somebody's own */
    {IPV6(0, 0, 0, 0), ADDRESS_PRIVATE},
};

/* RFC 6052: an IPv4 host seen from an IPv6-only network. */
static const struct prefix nat64 = {IPV6_HALVES(0x0064, 0xff9b, 0), MASK_HALVES(64, 32), ADDRESS_PUBLIC};
static const uint8_t ipv4_prefix[12] = {[10] = 0xff, [11] = 0xff};
#define SCOPE_AT 4 /* where a link-local address has its scope */

bool address_is_unspecified(const struct address *address) {
    static const struct address ipv6, ipv4 = {.ip = {[10] = 0xff, [11] = 0xff}};
    return address_same_ip(address, &ipv6) || address_same_ip(address, &ipv4);
}

static void set_ipv4(struct address *address, const void *four_bytes) {
    memcpy(address->ip, ipv4_prefix, sizeof ipv4_prefix);
    memcpy(address->ip + sizeof ipv4_prefix, four_bytes, 4);
}

static struct halves halves_of(const uint8_t ip[static 16]) {
    struct halves halves;
    memcpy(&halves, ip, sizeof halves);
    return (struct halves){be64toh(halves.high), be64toh(halves.low)};
}

static bool prefix_covers(const struct prefix *prefix, struct halves ip) {
    return (((ip.high ^ prefix->ip.high) & prefix->mask.high) | ((ip.low ^ prefix->ip.low) & prefix->mask.low)) == 0;
}

static enum address_class classify_ip(struct halves ip) {
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (prefix_covers(&prefixes[i], ip)) return prefixes[i].class;
    return ADDRESS_UNUSABLE;
}

enum address_class address_classify(const struct address *address) {
    if (address->port == 0) return ADDRESS_UNUSABLE;
    const struct halves ip = halves_of(address->ip);
    if (!prefix_covers(&nat64, ip)) return classify_ip(ip);
    /* A translator must not carry other than global addresses (RFC 6052 §3.1); do not count on it. */
    struct address inside;
    set_ipv4(&inside, address->ip + sizeof ipv4_prefix);
    return classify_ip(halves_of(inside.ip)) == ADDRESS_PUBLIC ? ADDRESS_PUBLIC : ADDRESS_UNUSABLE;
}

/* --- Scopes --- */

uint32_t address_scope(const struct address *address) {
    uint32_t scope;
    if (!address_is_scoped(address)) return 0;
    memcpy(&scope, address->ip + SCOPE_AT, sizeof scope);
    return ntohl(scope);
}

struct address address_scoped(struct address address, uint32_t scope) {
    uint32_t bytes = htonl(scope);
    if (address_is_scoped(&address)) memcpy(address.ip + SCOPE_AT, &bytes, sizeof bytes);
    return address;
}

/* --- The kernel's form --- */

bool address_from_sockaddr(const struct sockaddr *from, struct address *out) {
    if (from->sa_family == AF_INET) {
        const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)(const void *)from;
        set_ipv4(out, &ipv4->sin_addr);
        out->port = ntohs(ipv4->sin_port);
        return true;
    }
    if (from->sa_family == AF_INET6) {
        const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *)(const void *)from;
        memcpy(out->ip, &ipv6->sin6_addr, sizeof out->ip);
        out->port = ntohs(ipv6->sin6_port);
        *out = address_scoped(*out, ipv6->sin6_scope_id);
        return true;
    }
    return false;
}

socklen_t address_to_sockaddr(const struct address *address, int family, struct sockaddr_storage *out) {
    if (family == AF_INET6) {
        const struct address plain = address_unscoped(*address);
        struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_port = htons(address->port)};
        ipv6.sin6_scope_id = address_scope(address);
        memcpy(&ipv6.sin6_addr, plain.ip, sizeof plain.ip);
        memcpy(out, &ipv6, sizeof ipv6);
        return sizeof ipv6;
    }
    if (!address_is_ipv4(address)) return 0;
    struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_port = htons(address->port)};
    memcpy(&ipv4.sin_addr, address->ip + sizeof ipv4_prefix, sizeof ipv4.sin_addr);
    memcpy(out, &ipv4, sizeof ipv4);
    return sizeof ipv4;
}

static bool parse_port(const char *text, uint16_t *out) {
    unsigned value = 0;
    if (*text == '\0') return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9') return false;
        value = value * 10 + (unsigned)(*text - '0');
        if (value > UINT16_MAX) return false;
    }
    *out = (uint16_t)value;
    return true;
}

/* "fe80::1%eth0" has its interface after a '%'. False for what cannot have one, or is none. */
static bool split_scope(const char *text, struct address *out, const char **interface) {
    char ip[INET6_ADDRSTRLEN];
    size_t length = strcspn(text, "%");
    *interface = text[length] == '%' ? text + length + 1 : NULL;
    if (length >= sizeof ip) return false;
    memcpy(ip, text, length);
    ip[length] = '\0';
    if (inet_pton(AF_INET6, ip, out->ip) != 1) return false;
    if (!*interface) return true;
    size_t name = strlen(*interface);
    return address_is_scoped(out) && name > 0 && name < IF_NAMESIZE && !strpbrk(*interface, "%/");
}

static uint32_t ask_for_interface(const char *name) {
    uint32_t index = 0;
    if (memo_sealed()) return memo_find(MEMO_INTERFACE, name, &index, sizeof index) ? index : 0;
    index = if_nametoindex(name);
    if (index != 0) memo_keep(MEMO_INTERFACE, name, &index, sizeof index);
    return index;
}

/* The number of an interface, or its name; 0: there is none of that name. */
static uint32_t find_interface(const char *name) {
    if (strspn(name, "0123456789") != strlen(name)) return ask_for_interface(name);
    unsigned long index = strtoul(name, NULL, 10);
    return index <= UINT32_MAX ? (uint32_t)index : 0;
}

static bool parse_ip(const char *text, struct address *out) {
    uint8_t ipv4[4];
    const char *interface;
    if (inet_pton(AF_INET, text, ipv4) == 1) {
        set_ipv4(out, ipv4);
        return true;
    }
    if (!split_scope(text, out, &interface)) return false;
    if (!interface) return true;
    uint32_t scope = find_interface(interface);
    *out = address_scoped(*out, scope);
    return scope != 0;
}

static bool is_ipv6_text(const char *host) {
    struct address ignored;
    const char *interface;
    return split_scope(host, &ignored, &interface);
}

/* Numbers alone are an address, maybe a short one (127.1), which getaddrinfo(3) takes. */
static bool is_ipv4_text(const char *host) {
    struct in_addr ignored;
    return strchr(host, '.') && inet_aton(host, &ignored) != 0;
}

/* Could a name server know it? One dot may end it. */
static bool is_name(const char *host) {
    size_t length = strlen(host);
    if (length > 0 && host[length - 1] == '.') length--;
    if (length > HOST_LENGTH_MAX || strpbrk(host, "/@?#\"'\\")) return false;
    for (size_t at = 0; at <= length;) {
        size_t label = strcspn(host + at, ".");
        if (label == 0 || label > LABEL_LENGTH_MAX) return false;
        at += label + 1;
    }
    return true;
}

static bool is_host(const char *host) {
    if (strchr(host, ':')) return is_ipv6_text(host);
    return strspn(host, "0123456789.") == strlen(host) ? is_ipv4_text(host) : is_name(host);
}

static bool copy_host(const char *text, size_t length, char *host, size_t host_size) {
    if (length == 0 || length >= host_size) return false;
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f || strchr("[]", text[i])) return false;
    memcpy(host, text, length);
    host[length] = '\0';
    return true;
}

/* Where the host ends and what follows it: ":PORT" or nothing. False for a bracket without its pair. */
static bool find_host(const char **text, size_t *length, const char **rest) {
    if (**text == '[') {
        const char *close = strchr(*text, ']');
        if (!close) return false;
        *text += 1;
        *length = (size_t)(close - *text);
        *rest = close + 1;
        return true;
    }
    const char *colon = strchr(*text, ':');
    bool bare_ipv6 = colon && strchr(colon + 1, ':');
    *length = colon && !bare_ipv6 ? (size_t)(colon - *text) : strlen(*text);
    *rest = *text + *length;
    return true;
}

bool address_split(const char *text, uint16_t default_port, char *host, size_t host_size, uint16_t *port) {
    const char *start = text, *rest;
    size_t length;
    if (!find_host(&start, &length, &rest) || !copy_host(start, length, host, host_size)) return false;
    if (!is_host(host) || (*text == '[' && !is_ipv6_text(host))) return false;
    if (*rest == ':') return parse_port(rest + 1, port);
    if (*rest != '\0' || default_port == 0) return false;
    *port = default_port;
    return true;
}

bool address_parse(const char *text, uint16_t default_port, struct address *out) {
    char host[ADDRESS_TEXT_SIZE];
    struct address parsed;
    if (!address_split(text, default_port, host, sizeof host, &parsed.port)) return false;
    if (!parse_ip(host, &parsed)) return false;
    *out = parsed;
    return true;
}

bool address_lacks_interface(const char *text, char out[static ADDRESS_TEXT_SIZE]) {
    char host[ADDRESS_TEXT_SIZE];
    struct address ignored;
    uint16_t port;
    const char *interface;
    if (!address_split(text, 1, host, sizeof host, &port) || !split_scope(host, &ignored, &interface)) return false;
    if (!interface || find_interface(interface) != 0) return false;
    snprintf(out, ADDRESS_TEXT_SIZE, "%s", interface);
    return true;
}

static size_t collect(const struct addrinfo *found, uint16_t port, struct address *out, size_t capacity) {
    size_t count = 0;
    for (; found && count < capacity; found = found->ai_next) {
        struct address *next = &out[count];
        if (!address_from_sockaddr(found->ai_addr, next)) continue;
        next->port = port;
        size_t earlier = 0;
        while (earlier < count && !address_equal(&out[earlier], next)) earlier++;
        if (earlier == count) count++;
    }
    return count;
}

size_t address_resolve(const char *text, uint16_t default_port, int family, struct address *out, size_t capacity,
                       struct why *why) {
    char host[NI_MAXHOST], interface[ADDRESS_TEXT_SIZE];
    uint16_t port;
    if (!address_split(text, default_port, host, sizeof host, &port) || port == 0) {
        why_fail(why, "expected HOST:PORT, port 1 to 65535");
        return 0;
    }
    if (address_lacks_interface(text, interface)) {
        why_fail(why, "there is no interface %s now", interface);
        return 0;
    }
    const struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_DGRAM};
    struct addrinfo *found = NULL;
    int error = getaddrinfo(host, NULL, &hints, &found);
    if (error != 0) {
        why_fail(why, "%s", error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
        return 0;
    }
    size_t count = collect(found, port, out, capacity);
    freeaddrinfo(found);
    if (count == 0) why_fail(why, "no IPv4 or IPv6 address");
    return count;
}

char *address_format(const struct address *address, char out[static ADDRESS_TEXT_SIZE]) {
    char ip[INET6_ADDRSTRLEN];
    if (address_is_ipv4(address)) {
        inet_ntop(AF_INET, address->ip + sizeof ipv4_prefix, ip, sizeof ip);
        snprintf(out, ADDRESS_TEXT_SIZE, "%s:%u", ip, address->port);
        return out;
    }
    const struct address plain = address_unscoped(*address);
    uint32_t scope = address_scope(address);
    inet_ntop(AF_INET6, plain.ip, ip, sizeof ip);
    if (scope)
        snprintf(out, ADDRESS_TEXT_SIZE, "[%s%%%u]:%u", ip, scope, address->port);
    else
        snprintf(out, ADDRESS_TEXT_SIZE, "[%s]:%u", ip, address->port);
    return out;
}

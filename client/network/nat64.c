#include "client/network/nat64.h"

#include <string.h>

#define IPV4_AT 12 /* in a v4-mapped address */
#define IPV4_SIZE 4
#define RESERVED_BYTE 8 /* bits 64 to 71 are zero in all of them: RFC 6052 §2.2 */
#define OPTION_TYPE 38
#define OPTION_SIZE 16

static const uint8_t all_bits[] = {32, 40, 48, 56, 64, 96};

#define LENGTHS (sizeof all_bits / sizeof *all_bits)

/* The four places of the IPv4 address behind a prefix of so many bits: they leave the reserved byte out. */
static void places(uint8_t bits, uint8_t out[static IPV4_SIZE]) {
    uint8_t at = bits / 8;
    for (size_t i = 0; i < IPV4_SIZE; i++) {
        if (at == RESERVED_BYTE) at++;
        out[i] = at++;
    }
}

static void prefix_take(const struct address *address, uint8_t bits, struct nat64 *out) {
    *out = (struct nat64){.bits = bits};
    memcpy(out->prefix, address->ip, bits / 8);
}

static void embed(const struct nat64 *nat64, const uint8_t *ipv4, struct address *out) {
    uint8_t at[IPV4_SIZE];
    memset(out->ip, 0, sizeof out->ip);
    memcpy(out->ip, nat64->prefix, sizeof nat64->prefix);
    places(nat64->bits, at);
    for (size_t i = 0; i < IPV4_SIZE; i++) out->ip[at[i]] = ipv4[i];
}

/* Only what embed makes has one inside. */
static bool extract(const struct nat64 *nat64, const struct address *address, struct address *out) {
    uint8_t at[IPV4_SIZE];
    struct address back = *address;
    *out = (struct address){.ip = {[10] = 0xff, [11] = 0xff}, .port = address->port};
    places(nat64->bits, at);
    for (size_t i = 0; i < IPV4_SIZE; i++) out->ip[IPV4_AT + i] = address->ip[at[i]];
    embed(nat64, out->ip + IPV4_AT, &back);
    return address_equal(&back, address);
}

static bool is_usable(const struct address *address) {
    enum address_class class = address_classify(address);
    return class == ADDRESS_PUBLIC || class == ADDRESS_PRIVATE;
}

/* 64:ff9b:1::/48 is for translators, and for nothing else: RFC 8215. */
static bool is_for_translators(const struct nat64 *nat64) {
    static const uint8_t prefix[] = {0x00, 0x64, 0xff, 0x9b, 0x00, 0x01};
    return memcmp(nat64->prefix, prefix, sizeof prefix) == 0;
}

/* Could an address with that prefix be on its way in a network? */
static bool can_be_routed(const struct nat64 *nat64) {
    static const uint8_t any[IPV4_SIZE] = {1, 1, 1, 1};
    struct address address = {.port = 1};
    embed(nat64, any, &address);
    if (nat64->prefix[RESERVED_BYTE] != 0 || address_is_ipv4(&address)) return false;
    return is_for_translators(nat64) || is_usable(&address);
}

bool nat64_equal(const struct nat64 *a, const struct nat64 *b) {
    return a->bits == b->bits && memcmp(a->prefix, b->prefix, sizeof a->prefix) == 0;
}

static bool is_known_name(const struct address *ipv4) {
    static const uint8_t known[] = {192, 0, 0};
    const uint8_t *ip = ipv4->ip + IPV4_AT;
    return memcmp(ip, known, sizeof known) == 0 && (ip[3] == 170 || ip[3] == 171);
}

bool nat64_of_name(const struct address *address, struct nat64 *out) {
    unsigned found = 0;
    if (address_is_ipv4(address)) return false;
    for (size_t i = 0; i < LENGTHS; i++) {
        struct nat64 candidate;
        struct address inside;
        prefix_take(address, all_bits[i], &candidate);
        if (!extract(&candidate, address, &inside) || !is_known_name(&inside) || !can_be_routed(&candidate)) continue;
        *out = candidate;
        found++;
    }
    return found == 1;
}

bool nat64_of_translated(const struct address *address, struct nat64 *out) {
    if (address_is_ipv4(address)) return false;
    for (size_t i = LENGTHS; i-- > 0;) {
        struct address inside;
        prefix_take(address, all_bits[i], out);
        if (!extract(out, address, &inside) || inside.ip[IPV4_AT + IPV4_SIZE - 1] == 0) continue;
        return is_usable(&inside) && can_be_routed(out);
    }
    return false;
}

bool nat64_of_option(const uint8_t *option, size_t size, struct nat64 *out, uint32_t *lifetime_s) {
    static const uint8_t bits_of[] = {96, 64, 56, 48, 40, 32};
    struct address address = {.port = 1};
    if (size != OPTION_SIZE || option[0] != OPTION_TYPE || option[1] != OPTION_SIZE / 8) return false;
    unsigned scaled = (unsigned)option[2] << 8 | option[3], code = scaled & 7U;
    if (code >= sizeof bits_of) return false;
    memcpy(address.ip, option + 4, sizeof out->prefix);
    prefix_take(&address, bits_of[code], out);
    *lifetime_s = scaled & ~7U; /* in units of 8 s, and the lower three bits are the code's */
    return can_be_routed(out);
}

/* RFC 6052 §3.1: behind the well-known prefix there are public addresses alone. */
static bool is_mapped(const struct nat64 *nat64, const struct address *ipv4) {
    static const uint8_t well_known[sizeof nat64->prefix] = {0x00, 0x64, 0xff, 0x9b};
    if (memcmp(nat64->prefix, well_known, sizeof well_known) == 0) return address_classify(ipv4) == ADDRESS_PUBLIC;
    return is_usable(ipv4);
}

struct address nat64_outward(const struct nat64 *nat64, const struct address *to) {
    struct address out = *to;
    if (nat64->bits && address_is_ipv4(to) && is_mapped(nat64, to)) embed(nat64, to->ip + IPV4_AT, &out);
    return out;
}

struct address nat64_inward(const struct nat64 *nat64, const struct address *from) {
    struct address inside;
    bool translated = nat64->bits && extract(nat64, from, &inside) && is_mapped(nat64, &inside);
    return translated ? inside : *from;
}

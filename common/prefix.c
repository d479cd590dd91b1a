#include "common/prefix.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#define EXPECTED "expected a network, as in 192.0.2.0/24 or 2001:db8::/48, or an address"
#define IPV4_BITS_MAX 32

static void clear_beyond(struct prefix *prefix) {
    for (unsigned i = prefix->bits / 8; i < sizeof prefix->ip; i++) {
        unsigned kept = i == prefix->bits / 8 ? prefix->bits % 8 : 0;
        prefix->ip[i] &= (uint8_t)(0xff00U >> kept);
    }
}

struct prefix prefix_of(const struct address *address, uint8_t bits) {
    const struct address plain = address_unscoped(*address);
    struct prefix prefix = {.bits = bits};
    memcpy(prefix.ip, plain.ip, sizeof prefix.ip);
    clear_beyond(&prefix);
    return prefix;
}

/* Of the text before the slash. An IPv4 address in the guise of IPv6 is one, as everywhere. */
static bool read_ip(const char *text, size_t size, uint8_t ip[static 16], bool *dotted) {
    char copy[PREFIX_TEXT_SIZE];
    if (size == 0 || size >= sizeof copy) return false;
    memcpy(copy, text, size);
    copy[size] = '\0';
    *dotted = inet_pton(AF_INET, copy, ip + 12) == 1;
    if (!*dotted) return inet_pton(AF_INET6, copy, ip) == 1;
    memset(ip, 0, 10);
    ip[10] = ip[11] = 0xff;
    return true;
}

/* Digits alone, without a zero in front. */
static bool read_length(const char *text, unsigned most, unsigned *out) {
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 3 || text[digits] != '\0' || (digits > 1 && *text == '0')) return false;
    *out = (unsigned)strtoul(text, NULL, 10);
    return *out <= most;
}

bool prefix_parse(const char *text, struct prefix *out, struct why *why) {
    struct prefix prefix = {.bits = PREFIX_BITS_MAX}, given;
    size_t size = strcspn(text, "/");
    bool dotted = false;
    char right[PREFIX_TEXT_SIZE];
    if (!read_ip(text, size, prefix.ip, &dotted)) return why_fail(why, EXPECTED);
    if (text[size] == '/') {
        unsigned most = dotted ? IPV4_BITS_MAX : PREFIX_BITS_MAX, length;
        if (!read_length(text + size + 1, most, &length))
            return why_fail(why, "expected a length of 0 to %u behind the slash", most);
        prefix.bits = (uint8_t)(dotted ? PREFIX_IPV4_BITS + length : length);
    }
    given = prefix;
    clear_beyond(&prefix);
    if (!prefix_equal(&prefix, &given))
        return why_fail(why, "has more bits than its length, expected %s", prefix_format(&prefix, right));
    *out = prefix;
    return true;
}

char *prefix_format(const struct prefix *prefix, char out[static PREFIX_TEXT_SIZE]) {
    bool ipv4 = prefix_is_ipv4(prefix);
    char ip[INET6_ADDRSTRLEN] = "";
    (void)inet_ntop(ipv4 ? AF_INET : AF_INET6, ipv4 ? prefix->ip + 12 : prefix->ip, ip, sizeof ip);
    snprintf(out, PREFIX_TEXT_SIZE, "%s/%u", ip, (unsigned)prefix->bits - (ipv4 ? PREFIX_IPV4_BITS : 0));
    return out;
}

bool prefix_covers(const struct prefix *prefix, const struct address *address) {
    if (prefix_is_ipv4(prefix) != address_is_ipv4(address)) return false;
    const struct prefix there = prefix_of(address, prefix->bits);
    return prefix_equal(prefix, &there);
}

bool prefix_holds(const struct prefix *prefix) {
    struct prefix cleared = *prefix;
    if (prefix->bits > PREFIX_BITS_MAX) return false;
    clear_beyond(&cleared);
    return prefix_equal(prefix, &cleared);
}

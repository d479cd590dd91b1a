#include "bench/load/sources.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define HOST_BITS_COUNTED 32 /* more hosts than anybody has sockets */

static unsigned bits_of_family(const struct address *network) {
    return address_is_ipv4(network) ? 32 : 128;
}

static void clear_host_bits(struct address *network, unsigned host_bits) {
    for (unsigned i = 0; i < host_bits; i++) network->ip[15 - i / 8] &= (uint8_t) ~(1U << i % 8);
}

bool sources_parse(const char *text, struct address *network, unsigned *bits) {
    char ip[ADDRESS_TEXT_SIZE], *end;
    const char *slash = strchr(text, '/');
    if (!slash || (size_t)(slash - text) >= sizeof ip || slash[1] < '0' || slash[1] > '9') return false;
    memcpy(ip, text, (size_t)(slash - text));
    ip[slash - text] = '\0';
    unsigned long given = strtoul(slash + 1, &end, 10);
    struct address parsed;
    if (*end != '\0' || !address_parse(ip, 1, &parsed) || parsed.port != 1) return false;
    if (given < 1 || given > bits_of_family(&parsed)) return false;
    *bits = (unsigned)given;
    *network = parsed;
    network->port = 0;
    clear_host_bits(network, bits_of_family(network) - *bits);
    return true;
}

struct address sources_pick(const struct address *network, unsigned bits, size_t index) {
    unsigned host_bits = bits_of_family(network) - bits;
    bool has_ends = host_bits >= 2;
    if (host_bits > HOST_BITS_COUNTED) host_bits = HOST_BITS_COUNTED;
    uint64_t hosts = (UINT64_C(1) << host_bits) - (has_ends ? 2 : 0), host = index % hosts + has_ends;
    struct address picked = *network;
    for (size_t i = 0; i < sizeof host; i++) picked.ip[15 - i] |= (uint8_t)(host >> 8 * i);
    return picked;
}

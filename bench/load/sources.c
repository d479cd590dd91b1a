#include "bench/load/sources.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PIECE_BITS 8           /* of the network: what limits per prefix at the finest, and its last byte */
#define PIECE_HOSTS 254        /* .0 and .255 are not taken: some networks have a use of their own for them */
#define PIECES_BITS_COUNTED 32 /* more pieces than anybody has sockets */

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

/* Which of `count` places sender `index` of `all` has. */
static uint64_t spread(uint64_t count, uint64_t index, uint64_t all) {
    return all > count ? index % count : index * count / all;
}

/* Counted from the network's end; `low` is the value's lowest bit. */
static void set_bits(struct address *address, uint64_t value, unsigned low) {
    for (unsigned i = low; value != 0; i++, value >>= 1)
        if (value & 1) address->ip[15 - i / 8] |= (uint8_t)(1U << i % 8);
}

static void pick_in_pieces(struct address *picked, unsigned piece_bits, size_t index, size_t all) {
    unsigned counted = piece_bits < PIECES_BITS_COUNTED ? piece_bits : PIECES_BITS_COUNTED;
    uint64_t pieces = UINT64_C(1) << counted, first = index;
    uint64_t piece = spread(pieces, index, all);
    if (all > pieces) first = index / pieces;
    set_bits(picked, piece, PIECE_BITS + piece_bits - counted);
    set_bits(picked, first % PIECE_HOSTS + 1, 0);
}

struct address sources_pick(const struct address *network, unsigned bits, size_t index, size_t all) {
    unsigned host_bits = bits_of_family(network) - bits;
    struct address picked = *network;
    if (host_bits > PIECE_BITS) {
        pick_in_pieces(&picked, host_bits - PIECE_BITS, index, all);
        return picked;
    }
    bool has_ends = host_bits >= 2;
    uint64_t hosts = (UINT64_C(1) << host_bits) - (has_ends ? 2 : 0);
    set_bits(&picked, spread(hosts, index, all) + has_ends, 0);
    return picked;
}

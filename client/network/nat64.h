/* NAT64: in a network without IPv4 a gateway reaches IPv4 hosts for us, each under an IPv6 address that has the IPv4
 * one inside, behind a prefix of the network (RFC 6052, RFC 6146). Pure.
 *
 * Invariant: what goes out as nat64_outward says comes back as nat64_inward says: no more than one IPv6 address stands
 * for an IPv4 one. All that is not the gateway's passes both unchanged. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/address.h"
#include "common/attributes.h"

struct nat64 {
    uint8_t prefix[12]; /* zeros behind it */
    uint8_t bits;       /* 32, 40, 48, 56, 64 or 96; 0: there is no such gateway */
};

bool nat64_equal(const struct nat64 *a, const struct nat64 *b);
/* The prefix of an address that ipv4only.arpa stands for here: 192.0.0.170 or 192.0.0.171 is inside, at one place alone
 * (RFC 7050 §3). False for any other one, and for a prefix that nobody could route. */
MUST_USE bool nat64_of_name(const struct address *address, struct nat64 *out);
/* The prefix of an address at which somebody saw us at an IPv4 one, so that it must have one inside: its last byte is
 * taken for the last one that is not zero. False when it cannot be so. */
MUST_USE bool nat64_of_translated(const struct address *address, struct nat64 *out);
/* The prefix that a router tells: option 38, whole, from its type on (RFC 8781 §4). `lifetime_s` 0: no longer. False
 * when malformed. */
MUST_USE bool nat64_of_option(const uint8_t *option, size_t size, struct nat64 *out, uint32_t *lifetime_s);
/* Where a packet for that address goes. */
struct address nat64_outward(const struct nat64 *nat64, const struct address *to);
/* Whom a packet from that address is of. */
struct address nat64_inward(const struct nat64 *nat64, const struct address *from);

/* A network: an address of which only so many leading bits count, as in 192.0.2.0/24 and 2001:db8::/48.
 *
 * Invariant: the bits beyond are zero, so that equal networks are equal bytes. Addresses are canonical (address.h), so
 * the bits of an IPv4 network count from 96 on; one of IPv6 has no IPv4 address in it, not even ::/0. What is
 * link-local has no scope here: fe80::/10 is that of every link. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/address.h"
#include "common/attributes.h"
#include "common/why.h"

#define PREFIX_BITS_MAX 128
#define PREFIX_IPV4_BITS 96 /* that all IPv4 addresses have in common */
/* Room for an IPv6 address, "/128" and the final zero. */
#define PREFIX_TEXT_SIZE 52

struct prefix {
    uint8_t ip[16];
    uint8_t bits; /* 0 to PREFIX_BITS_MAX, of the canonical address */
};

/* Reads "192.0.2.0/24", "2001:db8::/48", or an address alone, which is a network of one. False with "expected …" in
 * `why`; where only bits beyond the length are set, it says which network that would be. */
MUST_USE bool prefix_parse(const char *text, struct prefix *out, struct why *why);
/* As people write it, with its length. Returns `out`. */
char *prefix_format(const struct prefix *prefix, char out[static PREFIX_TEXT_SIZE]);
/* Whose first `bits` those of the address are. For IPv4 `bits` is PREFIX_IPV4_BITS or more. */
struct prefix prefix_of(const struct address *address, uint8_t bits);
static inline bool prefix_is_ipv4(const struct prefix *prefix) {
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    return prefix->bits >= PREFIX_IPV4_BITS && memcmp(prefix->ip, mapped, sizeof mapped) == 0;
}
static inline bool prefix_equal(const struct prefix *a, const struct prefix *b) {
    return a->bits == b->bits && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}
bool prefix_covers(const struct prefix *prefix, const struct address *address);
/* Whether the invariant holds. */
bool prefix_holds(const struct prefix *prefix);

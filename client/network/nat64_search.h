/* When this network's NAT64 prefix is looked for, and which one is used: only where no route leads to IPv4, for a
 * translator on the machine itself (464XLAT) brings one. A router's word (RFC 8781) goes before the name's (RFC 7050),
 * and that before what we conclude from a server beyond the gateway. Pure; times are in ms. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "client/network/name_lookup.h"
#include "client/network/nat64.h"

#define NAT64_NAME "ipv4only.arpa:1" /* RFC 7050; the port is none's, and nothing is sent there */

struct nat64_search {
    bool has_ipv4;
    struct name_lookup lookup; /* of NAT64_NAME */
    struct nat64 named, told;  /* by the name; by a router */
    struct nat64 concluded;
    uint64_t told_until;
};

/* Nothing is looked for before nat64_search_network. */
void nat64_search_init(struct nat64_search *search);
/* The network is, or may have become, another one: what was learnt from the name is asked anew. `has_ipv4`: a route
 * leads to IPv4. Routers tell theirs again by themselves. */
void nat64_search_network(struct nat64_search *search, bool has_ipv4, uint64_t now);
/* Is NAT64_NAME to be looked up now? Then the caller does. */
MUST_USE bool nat64_search_tick(struct nat64_search *search, uint64_t now);
uint64_t nat64_search_due(const struct nat64_search *search);
/* What the name stands for; `count` 0: it was not found. */
void nat64_search_named(struct nat64_search *search, const struct address *addresses, size_t count, uint64_t now);
/* A router says that this is the prefix, for so long. */
void nat64_search_told(struct nat64_search *search, const struct nat64 *prefix, uint32_t lifetime_s, uint64_t now);
/* A server at `address` sees us at an IPv4 address. */
void nat64_search_seen(struct nat64_search *search, const struct address *address);
/* The one in use; without one, its `bits` are 0. */
struct nat64 nat64_search_found(const struct nat64_search *search, uint64_t now);

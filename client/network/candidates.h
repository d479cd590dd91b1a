/* Our own addresses that members behind the same public address may reach: from getifaddrs(3). */
#pragma once

#include <ifaddrs.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/wire/bootnode_bodies.h"

/* Fills in private (and public IPv6) addresses of running interfaces with `port`, at most MEMBER_CANDIDATES_MAX:
 * private IPv4, private IPv6, public IPv6, each in the kernel's order of interfaces, which is stable and has the
 * hardware before what was put upon it. Loopback and link-local ones are left out. `ipv6`: the socket reaches IPv6. */
void candidates_gather(uint16_t port, bool ipv6, struct candidate_list *out);
/* The same from a list that is handed in. Pure. */
void candidates_select(const struct ifaddrs *interfaces, uint16_t port, bool ipv6, struct candidate_list *out);
/* Adds the address that a gateway maps to our port; in a full list it takes the place of the last IPv4 address
 * that is not the first one, or else of the last one. */
void candidates_add_mapped(struct candidate_list *list, const struct address *mapped);
/* Does a running interface have this IP? */
bool candidates_is_own(const struct address *address);
/* The same from a list that is handed in. Pure. */
bool candidates_have(const struct ifaddrs *interfaces, const struct address *address);
bool candidates_equal(const struct candidate_list *a, const struct candidate_list *b);

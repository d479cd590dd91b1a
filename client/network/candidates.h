/* Which of our own addresses others may reach, and on which links we reach others. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "client/network/interfaces.h"
#include "common/wire/bootnode_bodies.h"

/* Where link-local addresses of others may be. */
#define LINKS_MAX 4
struct own_links {
    bool ipv4;                  /* one of our interfaces has an address of 169.254/16 */
    uint32_t scopes[LINKS_MAX]; /* the indices of those that have one of fe80::/10, best first */
    size_t count;
};

/* Fills in addresses of running interfaces with `port`, at most MEMBER_CANDIDATES_MAX, best first: those of the
 * interfaces that carry a default route, of other cards, of tunnels, of bridges and the like; before the tunnels come
 * further addresses that one of those before has of a kind (IPv4, public IPv6, private IPv6). Within all that the
 * route's metric decides, and the kernel's order. Link-local ones are named of cards alone, fe80::/10 only where a card
 * has nothing else. Loopback ones are left out. `ipv6`: the socket reaches IPv6. */
void candidates_select(const struct interfaces *interfaces, uint16_t port, bool ipv6, struct candidate_list *out);
/* Adds the address that a gateway maps to our port; in a full list it takes the place of the last IPv4 address
 * that is not the first one, or else of the last one. */
void candidates_add_mapped(struct candidate_list *list, const struct address *mapped);
/* Does a running interface have this IP? */
bool candidates_have(const struct interfaces *interfaces, const struct address *address);
bool candidates_equal(const struct candidate_list *a, const struct candidate_list *b);
/* Cards alone: who is beyond a bridge or a tunnel has other addresses. */
void candidates_links(const struct interfaces *interfaces, struct own_links *out);

/* A set of networks that answers for an address whether one of them has it: a million of both families, at the price of
 * two or three reads of memory. Made once from a list and never changed, so any number of threads may ask; whoever has
 * a new list makes a new set.
 *
 * What lies in a wider network of the list adds nothing and is left out, so no network that stays has another one in
 * it. They lie in order, and above them stands a level-compressed trie for each family (Nilsson and Karlsson,
 * "IP-address lookup using LC-tries", 1999): a node takes as many bits of the address at once as keep half of its
 * places used, and skips bits that all below it have in common. It ends where at most four networks are left, and has
 * some of their bits with it. Most addresses are in no network, and most of those are settled before by a sketch
 * (prefix_sketch.h).
 *
 * Invariants:
 * 1. The networks are in order, those of IPv6 before those of IPv4, each without bits beyond its length (prefix.h), and
 *    none covers another one.
 * 2. Each is the one that prefix_set_find gives for its first and for its last address.
 * 3. A node has at most two places for each network or node that hangs there; so a set has at most PREFIX_SET_NODES
 * nodes for a network, whatever the list, and a look-up reads at most one of them for each bit of an address.
 *
 * Memory: 24 bytes for each network that stays, 8 for a node, of which random networks need about one each, and one or
 * two for the sketch. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/prefix.h"

#define PREFIX_SET_MAX (UINT32_C(1) << 24)
#define PREFIX_SET_NODES 4

/* A network of a list. `origin` is whatever its owner wants to know it by. */
struct prefix_entry {
    struct prefix prefix;
    uint32_t origin;
};

struct prefix_set;

/* Takes `entries` over, which free(3) can give back, in any order, at most PREFIX_SET_MAX; of equal ones the lowest
 * origin stays. A million take about half a second. NULL without memory; they are gone then, too. */
MUST_USE struct prefix_set *prefix_set_create(struct prefix_entry *entries, size_t count);
/* NULL: nothing. */
void prefix_set_destroy(struct prefix_set *set);

/* In all below, NULL for `set` is an empty one. */

/* The network that has this address; NULL: none. Its port is not looked at, nor a link-local one's interface. */
const struct prefix_entry *prefix_set_find(const struct prefix_set *set, const struct address *address);
/* The networks that stayed, in order. */
size_t prefix_set_count(const struct prefix_set *set);
const struct prefix_entry *prefix_set_entries(const struct prefix_set *set);
/* Whether it has every address of a family. */
bool prefix_set_has_all(const struct prefix_set *set, bool ipv4);
/* Memory that it takes. */
size_t prefix_set_bytes(const struct prefix_set *set);
/* Whether the invariants hold. Linear. */
bool prefix_set_holds(const struct prefix_set *set);

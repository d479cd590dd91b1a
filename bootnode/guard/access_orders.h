/* What an operator orders by hand: bans of networks, and exceptions that let them in whatever else keeps them out, each
 * until a time. access.h has the rules. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bootnode/guard/access_rules.h"
#include "common/attributes.h"
#include "common/why.h"

#define ACCESS_BAN_BITS_IPV4 8
#define ACCESS_BAN_BITS_IPV6 16

/* Takes the place of an order for the same network. False with the reason in `why`: rule 3, or ACCESS_ORDERS_MAX are
 * there, or no memory. */
MUST_USE bool access_ban(struct access *access, const struct prefix *prefix, uint64_t until_ms, struct why *why);
MUST_USE bool access_allow(struct access *access, const struct prefix *prefix, uint64_t until_ms, struct why *why);
/* Lifts the order for exactly this network. False with the reason in `why`: there is none (then it names one for a
 * network around it, where there is such), or no memory. */
MUST_USE bool access_unban(struct access *access, const struct prefix *prefix, struct why *why);
MUST_USE bool access_disallow(struct access *access, const struct prefix *prefix, struct why *why);

/* In a cluster the orders are those of all its nodes (cluster/orders.h), and take the place of the present ones as a
 * whole: `count` is ACCESS_ORDERS_MAX at the most. Whatever rule 3 would refuse here does what it can. False without
 * memory; all stays as it was then. */
MUST_USE bool access_take_orders(struct access *access, const struct access_order *orders, size_t count);
/* Whether the functions above would do it, but for memory. */
MUST_USE bool access_may_ban(struct access *access, const struct prefix *prefix, struct why *why);
MUST_USE bool access_may_lift(struct access *access, enum access_rule rule, const struct prefix *prefix,
                              struct why *why);
/* Rule 3: has it bits enough? */
MUST_USE bool access_ban_is_narrow(const struct prefix *prefix, struct why *why);

/* The first `capacity` orders, in the order in which they were given; returns how many there are. */
size_t access_orders(struct access *access, struct access_order *out, size_t capacity);
/* Lifts what is over. Whoever has a clock calls it now and then; cheap where nothing is, and where somebody else is
 * changing something it leaves it for the next time. NULL: nothing. */
void access_expire(struct access *access, uint64_t now_ms);

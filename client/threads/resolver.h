/* Looks bootnodes' names up in the background: getaddrinfo(3) may take half a minute, and nothing can interrupt it. So
 * each look-up has threads of its own that nobody waits for; one that is still under way when the client ends is ended
 * with the process.
 *
 * getaddrinfo asks for IPv4 and IPv6, waits for both answers, and sorts what it found as RFC 6724 has it. Some name
 * servers never answer for one of them. Where it takes RESOLVER_HEDGE_MS, each is asked for alone beside it: what comes
 * of that is told at once, and again, sorted, when both are there. */
#pragma once

#include "client/keys/bootnodes.h"
#include "common/address.h"
#include "common/attributes.h"
#include "common/queue.h"
#include "common/why.h"

/* Look-ups of one bootnode: those that a dead network swallowed must not hold up the next one. */
#define RESOLVER_AT_ONCE 3
#define RESOLVER_HEDGE_MS 300
/* A look-up of no bootnode but of the network itself: its number beside theirs. */
#define RESOLVER_NETWORK BOOTNODES_MAX

struct resolver;

/* As address_resolve, which the helper process calls; called on a thread of its own. */
typedef size_t resolver_function(void *context, const char *text, uint16_t default_port, int family,
                                 struct address *out, size_t capacity, struct why *why);

/* `answers` gets an INPUT_UNRESOLVED or at least one INPUT_RESOLVED per look-up, of which the last one holds.
 * `look_up`: helper_resolve, another one in tests. `context` outlives all calls to it. NULL without memory. */
MUST_USE struct resolver *resolver_create(struct queue *answers, resolver_function *look_up, void *context);
/* Nothing while RESOLVER_AT_ONCE of the same bootnode are under way. Called by a thread that blocks signals: the new
 * one inherits that. */
void resolver_look_up(struct resolver *resolver, unsigned bootnode, const char *name);
/* What is found from now on goes nowhere; `answers` may be destroyed. NULL does nothing. */
void resolver_destroy(struct resolver *resolver);

/* Looks bootnodes' names up again in the background: getaddrinfo(3) may take half a minute, and nothing can interrupt
 * it. So each look-up has a thread of its own that nobody waits for; one that is still under way when the client ends
 * is ended with the process. */
#pragma once

#include "common/queue.h"

struct resolver;

/* `answers` gets an INPUT_RESOLVED per successful look-up. NULL without memory. */
struct resolver *resolver_create(struct queue *answers);
/* Nothing while the same bootnode is being looked up. Called by a thread that blocks signals: the new one inherits
 * that.
 */
void resolver_look_up(struct resolver *resolver, unsigned bootnode, const char *name);
/* What is found from now on goes nowhere; `answers` may be destroyed. NULL does nothing. */
void resolver_destroy(struct resolver *resolver);

/* From a datagram's first byte to its handler. One table; the types that only a bootnode sends are counted and dropped.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bootnode/context.h"

/* Starts fetching the session that a packet names, if it does. A batch that is prefetched as a whole and then handled
 * waits for memory about once, not once a packet. */
void dispatch_prefetch(const struct context *context, const uint8_t *data, size_t size);
/* Whether packets of this first byte carry a session id. */
bool dispatch_names_session(unsigned type);
/* Handles one packet. The caller is in an RCU read-side section (a QSBR thread that is online). */
void dispatch(struct context *context, const struct packet *packet);

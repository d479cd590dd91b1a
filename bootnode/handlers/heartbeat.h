/* HEARTBEAT: the packet that the bootnode exists for. In the common case: one look-up, one SipHash, one
 * compare-and-swap, two stores to the session's hot line; no lock, no allocation, no answer. */
#pragma once

#include "bootnode/context.h"

void handle_heartbeat(struct context *context, const struct packet *packet);

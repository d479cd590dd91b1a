/* RELAY: a packet from one member to another of the same room who do not reach each other. PROTOCOL.md §2.3 rule 11.
 *
 * What goes out is as long as what came in and goes to one registered address, so nothing is amplified; it names the
 * sender, as its session and not its packet says. Whoever does not hold the session's key costs its budgets nothing. */
#pragma once

#include "bootnode/context.h"

/* What a packet counts as at least, so that limits of bytes are limits of packets, too. */
#define RELAY_COUNTED_MIN 256

void handle_relay(struct context *context, const struct packet *packet);

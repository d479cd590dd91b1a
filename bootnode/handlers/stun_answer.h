/* STUN Binding: tells anyone the address that it was seen from (RFC 8489). */
#pragma once

#include "bootnode/context.h"

void handle_stun(struct context *context, const struct packet *packet);

/* REGISTER: from a proven address through the Noise_NK handshake to a provisional session. Three scalar
 * multiplications, none of them before the cookie was checked; the shard's mutex is not held during any. */
#pragma once

#include "bootnode/context.h"

void handle_register(struct context *context, const struct packet *packet);

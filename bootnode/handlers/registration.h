/* REGISTER: from a proven address through the Noise_NK handshake to a provisional session. The
 * member id is the hash of a key whose secret the sender has proven to have (possession.h). Four scalar
 * multiplications, none of them before the cookie was checked; the shard's mutex is not held during any. */
#pragma once

#include "bootnode/context.h"

void handle_register(struct context *context, const struct packet *packet);

/* REFUSED: why a client cannot register now, and when it may try again. */
#pragma once

#include "bootnode/context.h"

/* `nonce` is HELLO's nonce or REGISTER's attempt. */
void refusal_answer(struct context *context, const struct packet *packet, enum refusal reason, uint64_t nonce);

/* REFUSED: why a client cannot register now, and when it may try again. */
#pragma once

#include "bootnode/context.h"

/* `nonce` is HELLO's nonce or REGISTER's attempt. */
void refusal_answer(struct context *context, const struct packet *packet, enum refusal reason, uint64_t nonce);
/* A bootnode that is about to stop lets nobody in. It says so where it ends for good; who comes during a restart hears
 * nothing, and asks again in a moment. */
void refusal_draining(struct context *context, const struct packet *packet, uint64_t nonce);

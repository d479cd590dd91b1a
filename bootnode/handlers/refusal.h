/* REFUSED: why a client cannot register now, and when it may try again. */
#pragma once

#include "bootnode/context.h"

/* `nonce` is HELLO's nonce or REGISTER's attempt. */
void refusal_answer(struct context *context, const struct packet *packet, enum refusal reason, uint64_t nonce);
/* A bootnode that is about to stop lets nobody in. It says so where it ends for good, or serves others for longer than
 * that takes; who comes during a restart hears nothing, and asks again in a moment. */
void refusal_draining(struct context *context, const struct packet *packet, uint64_t nonce);
/* The same for a REGISTER that is turned away before any work was done for it: while others wait, few are answered, of
 * each source and in all, since an answer costs more than all that came before it. */
void refusal_answer_register(struct context *context, const struct packet *packet, enum refusal reason,
                             uint64_t attempt);

/* Proofs of a second address, in REGISTER and UPDATE. */
#pragma once

#include "bootnode/context.h"

/* Takes a proof away unless our own cookie went to that address lately. That is counted, and the rest of the message
 * holds. */
void proof_judge(struct context *context, bool *has_proof, const struct address_proof *proof);

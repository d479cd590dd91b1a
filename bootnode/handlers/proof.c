#include "bootnode/handlers/proof.h"

void proof_judge(struct context *context, bool *has_proof, const struct address_proof *proof) {
    if (!*has_proof) return;
    *has_proof = address_classify(&proof->address) != ADDRESS_UNUSABLE &&
                 access_ask(context->node->access, &proof->address) == ACCESS_OPEN &&
                 cookie_check(&context->node->cookies, &proof->address, context_cookie_second(context), &proof->cookie);
    if (!*has_proof) counters_count(context->counters, COUNTER_PROOF_BAD);
}

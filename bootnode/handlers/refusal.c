#include "bootnode/handlers/refusal.h"

/* Seconds. A version changes with an update. */
static const uint16_t retry_after[] = {
    [REFUSAL_VERSION] = 3600,     [REFUSAL_ROOM_FULL] = 30, [REFUSAL_SOURCE_LIMIT] = 10,
    [REFUSAL_BOOTNODE_FULL] = 30, [REFUSAL_DRAINING] = 5,
};

void refusal_draining(struct context *context, const struct packet *packet, uint64_t nonce) {
    if (node_fate(context->node) == NODE_ENDS) refusal_answer(context, packet, REFUSAL_DRAINING, nonce);
}

void refusal_answer(struct context *context, const struct packet *packet, enum refusal reason, uint64_t nonce) {
    uint8_t answer[REFUSED_SIZE];
    const struct refused refused = {.reason = reason, .retry_s = retry_after[reason], .nonce = nonce};
    if (packet_answer(context, packet, answer, refused_encode(&refused, answer, sizeof answer)))
        counters_count(context->counters, COUNTER_REFUSED);
}

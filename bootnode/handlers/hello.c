#include "bootnode/handlers/hello.h"

#include <string.h>

#include "bootnode/handlers/refusal.h"

/* What a worker registers a second with half of its time to spare: about 95 µs each. */
#define REGISTRATIONS_PER_SECOND 5000u
#define SPREAD_MAX_MS 10000u

/* Each cookie is a registration to come. When more were given in this second than the workers can register in one, they
 * are spread over the seconds after it. */
static uint16_t spread(struct node *node, uint32_t second) {
    uint64_t old = atomic_load_explicit(&node->registrations, memory_order_relaxed), next;
    do {
        next = old >> 32 == second ? old + 1 : (uint64_t)second << 32 | 1;
    } while (!atomic_compare_exchange_weak_explicit(&node->registrations, &old, next, memory_order_relaxed,
                                                    memory_order_relaxed));
    uint64_t wait = (next & UINT32_MAX) * 1000 / (REGISTRATIONS_PER_SECOND * node->shard_count);
    return (uint16_t)(wait > SPREAD_MAX_MS ? SPREAD_MAX_MS : wait);
}

static void answer_cookie(struct context *context, const struct packet *packet, uint64_t nonce) {
    uint8_t answer[COOKIE_MESSAGE_SIZE];
    struct cookie_message message = {.nonce = nonce, .seen = packet->from};
    if (!cookie_make(&context->node->cookies, &packet->from, context->second, &message.cookie)) return;
    message.spread_ms = spread(context->node, context->second);
    memcpy(message.bootnode_public, context->node->key.public, sizeof message.bootnode_public);
    if (packet_answer(context, packet, answer, cookie_message_encode(&message, answer, sizeof answer)))
        counters_count(context->counters, COUNTER_HELLO);
}

void handle_hello(struct context *context, const struct packet *packet) {
    struct hello hello;
    if (!hello_decode(packet->data, packet->size, &hello)) {
        counters_count(context->counters, COUNTER_MALFORMED);
    } else if (!rate_limit_source(context->node->limits, RATE_HELLO, &packet->from, context->now)) {
        counters_count(context->counters, COUNTER_RATE_LIMITED);
    } else if (hello.version != PROTOCOL_VERSION) {
        refuse(context, packet, REFUSAL_VERSION, hello.nonce);
    } else if (atomic_load_explicit(&context->node->draining, memory_order_relaxed)) {
        refuse(context, packet, REFUSAL_DRAINING, hello.nonce);
    } else {
        answer_cookie(context, packet, hello.nonce);
    }
}

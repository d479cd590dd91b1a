#include "bootnode/handlers/hello.h"

#include <string.h>

#include "bootnode/handlers/refusal.h"

static void answer_cookie(struct context *context, const struct packet *packet, uint64_t nonce) {
    uint8_t answer[COOKIE_MESSAGE_SIZE];
    struct cookie_message message = {.nonce = nonce, .seen = packet->from};
    if (!cookie_make(&context->node->cookies, &packet->from, context->second, &message.cookie)) return;
    message.spread_ms = spread_wait(&context->node->spread, context->now);
    memcpy(message.bootnode_public, context->node->key.public, sizeof message.bootnode_public);
    if (packet_answer(context, packet, answer, cookie_message_encode(&message, answer, sizeof answer)))
        counters_count(context->counters, COUNTER_HELLO);
}

void handle_hello(struct context *context, const struct packet *packet) {
    struct hello hello;
    if (packet_is_kept_out(context, packet)) return;
    if (!hello_decode(packet->data, packet->size, &hello)) {
        counters_count(context->counters, COUNTER_MALFORMED);
    } else if (!rate_limit_source(context->node->limits, RATE_HELLO, &packet->from, context->now)) {
        counters_count(context->counters, COUNTER_RATE_LIMITED_HELLO);
    } else if (hello.version != PROTOCOL_VERSION) {
        refusal_answer(context, packet, REFUSAL_VERSION, hello.nonce);
    } else if (node_fate(context->node) != NODE_SERVES) {
        refusal_draining(context, packet, hello.nonce);
    } else {
        answer_cookie(context, packet, hello.nonce);
    }
}

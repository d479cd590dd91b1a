#include "bootnode/handlers/hello.h"

#include <assert.h>
#include <string.h>

#include "bootnode/handlers/refusal.h"

static_assert(NODE_PREVIOUS_KEYS_MAX + 1 <= COOKIE_KEYS, "a cookie names the key");

/* The one that the client knows, if we have it; else the present one. Keys are public, so no time is to be hidden. */
static unsigned key_for(const struct node *node, const struct hello *hello) {
    for (unsigned i = 1; hello->asks && i <= node->previous_count; i++)
        if (memcmp(node->previous[i - 1].public, hello->key, sizeof hello->key) == 0) return i;
    return 0;
}

static void answer_cookie(struct context *context, const struct packet *packet, const struct hello *hello) {
    uint8_t answer[COOKIE_MESSAGE_MAX];
    const struct homes *homes = node_homes(context->node);
    struct cookie_message message = {.nonce = hello->nonce, .seen = packet->from};
    unsigned key = key_for(context->node, hello);
    const struct node_key *shown = node_key_at(context->node, key);
    const struct cookie_note note = {.key = key, .lent = homes && hello->homes_silent};
    if (!shown || !cookie_make_with(&context->node->cookies, &packet->from, context_cookie_second(context), note,
                                    &message.cookie))
        return;
    message.spread_ms = spread_wait(&context->node->spread, context->now);
    if (homes) homes_name(homes, hello->bucket, &message.homes);
    memcpy(message.bootnode_public, shown->public, sizeof message.bootnode_public);
    if (!packet_answer(context, packet, answer, cookie_message_encode(&message, answer, sizeof answer))) return;
    counters_count(context->counters, COUNTER_HELLO);
    if (homes && !homes_are_here(homes, hello->bucket)) counters_count(context->counters, COUNTER_HELLO_ELSEWHERE);
}

/* Nobody is let in; but in a cluster, others may let in who asks, and who goes can say which. */
static bool lets_in(const struct node *node, const struct hello *hello) {
    const struct homes *homes = node_homes(node);
    return node_fate(node) == NODE_SERVES || (homes && !homes_are_here(homes, hello->bucket));
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
    } else if (node_is_lost(context->node)) {
        return; /* the client asks the next address of the name sooner than it would come back */
    } else if (!lets_in(context->node, &hello)) {
        refusal_draining(context, packet, hello.nonce);
    } else {
        answer_cookie(context, packet, &hello);
    }
}

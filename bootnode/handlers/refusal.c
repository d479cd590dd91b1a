#include "bootnode/handlers/refusal.h"

#include <assert.h>
#include <sodium.h>

#define BUSY_LEAST_MS 1000

/* Seconds. A version changes with an update. */
static const uint16_t retry_after[] = {
    [REFUSAL_VERSION] = 3600,     [REFUSAL_ROOM_FULL] = 30, [REFUSAL_SOURCE_LIMIT] = 10,
    [REFUSAL_BOOTNODE_FULL] = 30, [REFUSAL_DRAINING] = 5,   [REFUSAL_ELSEWHERE] = 0,
};

/* Until those who came before are through, and a moment later: so that whoever is turned away comes apart from others,
 * and finds place. */
static uint16_t busy_retry_s(const struct context *context) {
    uint32_t spread_ms = spread_wait(&context->node->spread, context->now);
    return (uint16_t)((BUSY_LEAST_MS + randombytes_uniform(spread_ms + 1)) / 1000);
}

/* Who is told to come again in 5 s would be late for a bootnode that is back in one. */
static bool is_back_soon(const struct node *node, uint64_t now) {
    return node_fate(node) == NODE_RESTARTS &&
           atomic_load_explicit(&node->leaves_ms, memory_order_relaxed) <= now + 1000U * retry_after[REFUSAL_DRAINING];
}

void refusal_draining(struct context *context, const struct packet *packet, uint64_t nonce) {
    if (!is_back_soon(context->node, context->now)) refusal_answer(context, packet, REFUSAL_DRAINING, nonce);
}

static enum counter counter_of(enum refusal reason) {
    static const enum counter counters[] = {
        [REFUSAL_VERSION] = COUNTER_REFUSED_VERSION,           [REFUSAL_ROOM_FULL] = COUNTER_REFUSED_ROOM_FULL,
        [REFUSAL_SOURCE_LIMIT] = COUNTER_REFUSED_SOURCE_LIMIT, [REFUSAL_BOOTNODE_FULL] = COUNTER_REFUSED_BOOTNODE_FULL,
        [REFUSAL_DRAINING] = COUNTER_REFUSED_DRAINING,         [REFUSAL_BUSY] = COUNTER_REFUSED_BUSY,
        [REFUSAL_ELSEWHERE] = COUNTER_REFUSED_ELSEWHERE,
    };
    static_assert(sizeof counters / sizeof *counters == REFUSAL_END, "a counter for each reason");
    return counters[reason];
}

void refusal_answer(struct context *context, const struct packet *packet, enum refusal reason, uint64_t nonce) {
    uint8_t answer[REFUSED_SIZE];
    const struct refused refused = {.reason = reason,
                                    .retry_s = reason == REFUSAL_BUSY ? busy_retry_s(context) : retry_after[reason],
                                    .nonce = nonce};
    if (packet_answer(context, packet, answer, refused_encode(&refused, answer, sizeof answer)))
        counters_count(context->counters, counter_of(reason));
}

static bool may_answer(const struct context *context, const struct address *source) {
    struct rate_limiter *limits = context->node->limits;
    return !context->register_behind || (rate_limit_source(limits, RATE_REFUSAL, source, context->now) &&
                                         rate_limit_total_by(limits, RATE_REFUSAL_TOTAL, 1, context->now));
}

void refusal_answer_register(struct context *context, const struct packet *packet, enum refusal reason,
                             uint64_t attempt) {
    if (may_answer(context, &packet->from)) refusal_answer(context, packet, reason, attempt);
}

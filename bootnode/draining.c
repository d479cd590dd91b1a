#include "bootnode/draining.h"

#include <sodium.h>

#include "bootnode/handlers/sealed.h"

/* How long the next bootnode needs for all who are here now. */
static uint32_t spread_of_all(const struct node *node) {
    return spread_over(&node->spread, atomic_load_explicit(&node->live_sessions, memory_order_relaxed),
                       node->shard_count);
}

static struct notice_body make_notice(const struct node *node) {
    if (node_fate(node) == NODE_ENDS) return (struct notice_body){.kind = NOTICE_ENDING, .retry_ms = DRAINING_RETRY_MS};
    uint32_t late = randombytes_uniform(spread_of_all(node) + 1);
    return (struct notice_body){.kind = NOTICE_RESTARTING, .retry_ms = (uint32_t)node_config(node)->restart_ms + late};
}

static void tell(struct context *context, const struct shard *shard, struct session *session) {
    uint8_t body[NOTICE_BODY_SIZE];
    struct writer writer = writer_over(body, sizeof body);
    const struct notice_body notice = make_notice(context->node);
    write_notice_body(&writer, &notice);
    sealed_send(&context->outbox, session, slabs_id(&shard->slabs, session), MESSAGE_NOTICE, 0, body,
                writer_size(&writer));
    counters_count(context->counters, COUNTER_NOTICE);
}

void draining_step(struct draining *draining, struct context *context, const struct shard *shard) {
    uint64_t clock = shard_clock(shard, context->now);
    for (int i = 0; i < DRAINING_BATCH && !draining->done; i++) {
        struct session *session = slabs_next(&shard->slabs, &draining->next_slot);
        if (!session)
            draining->done = true;
        else if (session_state(session) == SESSION_CONFIRMED && session_listens(session, clock))
            tell(context, shard, session);
    }
}

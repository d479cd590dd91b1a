#include "bootnode/draining.h"

#include "bootnode/handlers/sealed.h"

static void tell(struct context *context, const struct shard *shard, struct session *session) {
    uint8_t body[NOTICE_BODY_SIZE];
    struct writer writer = writer_over(body, sizeof body);
    const struct notice_body notice = {.kind = NOTICE_ENDING, .retry_ms = DRAINING_RETRY_MS};
    write_notice_body(&writer, &notice);
    sealed_send(&context->outbox, session, slabs_id(&shard->slabs, session), MESSAGE_NOTICE, body,
                writer_size(&writer));
    counters_count(context->counters, COUNTER_NOTICE);
}

void draining_step(struct draining *draining, struct context *context, const struct shard *shard) {
    for (int i = 0; i < DRAINING_BATCH && !draining->done; i++) {
        struct session *session = slabs_next(&shard->slabs, &draining->next_slot);
        if (!session)
            draining->done = true;
        else if (session_state(session) == SESSION_CONFIRMED)
            tell(context, shard, session);
    }
}

#include "bootnode/handlers/heartbeat.h"

#include "bootnode/handlers/path.h"
#include "bootnode/handlers/reset.h"
#include "bootnode/table/shard_join.h"
#include "bootnode/table/shard_members.h"

/* Exactly one of several equal beats passes, on whatever workers they arrive; a lower one never does. */
static bool advance_counter(struct session *session, uint32_t counter) {
    uint32_t last = atomic_load_explicit(&session->last_counter, memory_order_relaxed);
    while (counter > last) {
        if (atomic_compare_exchange_weak_explicit(&session->last_counter, &last, counter, memory_order_relaxed,
                                                  memory_order_relaxed))
            return true;
    }
    return false;
}

static struct room_version version_of(const struct session *session) {
    uint64_t packed = atomic_load_explicit(&session->room_version, memory_order_relaxed);
    return (struct room_version){.epoch = (uint32_t)(packed >> 32), .count = (uint32_t)packed};
}

static struct shard *shard_of(const struct context *context, const struct session *session) {
    return context->node->shards[session->shard];
}

static void answer(struct context *context, const struct session *session, const struct beat *beat, bool moved) {
    uint8_t packet[BEAT_SIZE];
    const struct address registered = session_address(session);
    const struct beat ack = {
        .flag = moved, .session_id = beat->session_id, .counter = beat->counter, .version = version_of(session)};
    (void)beat_encode(MESSAGE_BEAT_ACK, &ack, packet, sizeof packet); /* has room */
    link_tag_beat(session->ack_key, packet);
    outbox_send(&context->outbox, atomic_load_explicit(&session->endpoint, memory_order_relaxed), &registered, packet,
                sizeof packet);
    counters_count(context->counters, COUNTER_BEAT_ACK);
}

/* A version that the room never had counts as none: the client gets the full list. */
static void note_version(struct context *context, struct session *session, const struct beat *beat) {
    struct room_version ours = version_of(session), theirs = beat->version;
    bool known = theirs.epoch == ours.epoch && theirs.count <= ours.count;
    atomic_store_explicit(&session->acked_count, known ? theirs.count : 0, memory_order_relaxed);
    if (!room_version_equal(ours, theirs))
        shard_client_behind(shard_of(context, session), beat->session_id, theirs, context->now);
}

/* Whether the beat came from another address than the session's, or to another one of ours, as it does when the client
 * hears nothing at that one; seldom written, so that the line stays clean. */
static bool note_way(const struct context *context, const struct packet *packet, struct session *session) {
    bool astray = !session_is_at(session, &packet->from) ||
                  !packet_came_to(context, packet, atomic_load_explicit(&session->endpoint, memory_order_relaxed));
    if (atomic_load_explicit(&session->astray, memory_order_relaxed) != astray)
        atomic_store_explicit(&session->astray, astray, memory_order_relaxed);
    return astray;
}

/* From elsewhere a beat is life, and no more: who left an address must not have CHANGES sent there for ever. */
static void accept_beat(struct context *context, const struct packet *packet, struct session *session,
                        const struct beat *beat) {
    bool astray = note_way(context, packet, session);
    atomic_store_explicit(&session->heard_ms, (uint32_t)context->now, memory_order_relaxed);
    counters_count(context->counters, COUNTER_HEARTBEAT);
    /* Refused, it is gone. No REFUSED: that answers a REGISTER. The next beat gets RESET, the next REGISTER the reason.
     */
    enum refusal refusal;
    if (session_state(session) == SESSION_PROVISIONAL &&
        shard_confirm(shard_of(context, session), beat->session_id, context->now, &refusal) == REGISTERING_REFUSED)
        return;
    if (astray) path_offer(context, packet, session, beat->session_id);
    if (beat->flag) answer(context, session, beat, astray);
    if (!astray) note_version(context, session, beat);
}

void handle_heartbeat(struct context *context, const struct packet *packet) {
    struct beat beat;
    if (!beat_decode(packet->data, packet->size, &beat)) {
        counters_count(context->counters, COUNTER_MALFORMED);
        return;
    }
    struct session *session = node_find_session(context->node, beat.session_id);
    if (!session) {
        reset_answer(context, packet, beat.session_id);
    } else if (!link_check_beat(session->beat_key, packet->data)) {
        counters_count(context->counters, COUNTER_HEARTBEAT_FORGED);
    } else if (!advance_counter(session, beat.counter)) {
        counters_count(context->counters, COUNTER_HEARTBEAT_OLD);
    } else {
        accept_beat(context, packet, session, &beat);
    }
}

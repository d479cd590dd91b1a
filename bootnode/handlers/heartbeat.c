#include "bootnode/handlers/heartbeat.h"

#include "bootnode/handlers/path.h"
#include "bootnode/handlers/reset.h"
#include "bootnode/table/shard_homes.h"
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

/* As long as the beat. `unheard`: it did not echo the token, which is all that it gets. */
static void answer(struct context *context, const struct session *session, const struct beat *beat, uint16_t token,
                   bool unheard) {
    uint8_t packet[BEAT_SIZE];
    const struct address registered = session_address(session);
    const struct beat ack = {.flag = unheard,
                             .token = token,
                             .session_id = beat->session_id,
                             .counter = beat->counter,
                             .version = version_of(session)};
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
        shard_client_behind(node_shard_of(context->node, beat->session_id), beat->session_id, theirs, context->now);
}

/* Refused, it is gone. No REFUSED: that answers a REGISTER. The next beat gets RESET, the next REGISTER the reason. */
static bool confirm(struct context *context, uint64_t session_id) {
    struct shard *shard = node_shard_of(context->node, session_id);
    enum refusal refusal;
    const enum registering result = shard_confirm(shard, session_id, context->now, &refusal);
    const struct homes *homes = node_homes(context->node);
    if (homes && result == REGISTERED) shard_homes_note(shard, session_id, homes->stamps);
    return result != REGISTERING_REFUSED;
}

/* The client receives at its address: the beat came from there, with what was sent there last. */
static void accept_echo(struct context *context, struct session *session, const struct beat *beat) {
    session_sign(session, beat->flag ? 0 : SESSION_ECHOED, SESSION_ASTRAY | SESSION_DEAF);
    uint64_t heard = shard_clock(node_shard_of(context->node, beat->session_id), context->now);
    atomic_store_explicit(&session->heard_ms, (uint32_t)heard, memory_order_relaxed);
    if (session_state(session) == SESSION_PROVISIONAL && !confirm(context, beat->session_id)) return;
    if (beat->flag) answer(context, session, beat, session_renew_token(session, &context->tokens), false);
    note_version(context, session, beat);
}

/* Who left an address, or forges it, must not have anything sent there that it did not pay for. */
static void accept_beat(struct context *context, const struct packet *packet, struct session *session,
                        const struct beat *beat) {
    counters_count(context->counters, COUNTER_HEARTBEAT);
    if (!packet_came_home(context, packet, session)) {
        session_sign(session, SESSION_ASTRAY, 0);
        path_offer(context, packet, session, beat->session_id);
    } else if (!session_echoes(session, beat->token)) {
        counters_count(context->counters, COUNTER_HEARTBEAT_UNHEARD);
        session_sign(session, SESSION_DEAF | SESSION_MISSED, SESSION_ASTRAY);
        answer(context, session, beat, atomic_load_explicit(&session->token, memory_order_relaxed), true);
    } else {
        accept_echo(context, session, beat);
    }
}

/* A copy from elsewhere came first, and was no life: it takes nothing from the beat itself, once. */
static bool was_outrun(const struct context *context, const struct packet *packet, const struct session *session,
                       const struct beat *beat) {
    return atomic_load_explicit(&session->last_counter, memory_order_relaxed) == beat->counter &&
           session_has_sign(session, SESSION_ASTRAY) && packet_came_home(context, packet, session);
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
    } else if (!advance_counter(session, beat.counter) && !was_outrun(context, packet, session, &beat)) {
        counters_count(context->counters, COUNTER_HEARTBEAT_OLD);
    } else {
        accept_beat(context, packet, session, &beat);
    }
}

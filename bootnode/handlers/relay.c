#include "bootnode/handlers/relay.h"

#include <string.h>

#include "bootnode/handlers/reset.h"
#include "bootnode/table/shard_members.h"

/* Narrow before wide, as in rate_limit_source: who used up his own part takes none of what all share. Like the next
 * one, it returns what the packet counts as, as far as can be told. */
static enum counter judge_sender(struct context *context, const struct packet *packet, uint64_t session_id,
                                 uint32_t counted) {
    struct rate_limiter *limits = context->node->limits;
    if (!rate_limit_session_by(limits, RATE_RELAY, session_id, counted, context->now))
        return COUNTER_RELAY_LIMITED_SESSION;
    if (!rate_limit_source_by(limits, RATE_RELAY_SOURCE, &packet->from, counted, context->now))
        return COUNTER_RELAY_LIMITED_SOURCE;
    return COUNTER_RELAYED;
}

/* What many may send to one is limited by itself: else a crowd that joins an open room could bury a member. */
static enum counter judge_receiver(struct context *context, uint64_t session_id, uint32_t counted) {
    struct rate_limiter *limits = context->node->limits;
    if (!rate_limit_session_by(limits, RATE_RELAYED, session_id, counted, context->now))
        return COUNTER_RELAY_LIMITED_RECEIVER;
    if (!rate_limit_total_by(limits, RATE_RELAY_TOTAL, counted, context->now)) return COUNTER_RELAY_LIMITED_TOTAL;
    return COUNTER_RELAYED;
}

static void pass_on(struct context *context, const struct relay_message *message, const struct relay_target *target) {
    uint8_t out[UDP_DATAGRAM_MAX];
    struct relay_message passed = {
        .session_id = target->session_id, .packet = message->packet, .packet_size = message->packet_size};
    memcpy(passed.member_id, target->sender, sizeof passed.member_id);
    size_t size = relay_encode(&passed, out, sizeof out);
    link_tag_relay(target->session->ack_key, out, size);
    const struct address to = session_address(target->session);
    outbox_send(&context->outbox, atomic_load_explicit(&target->session->endpoint, memory_order_relaxed), &to, out,
                size);
    counters_add(context->counters, COUNTER_RELAYED_BYTES, size);
}

/* The limits of the sender come before the look-up, so that nobody takes the shard's mutex more often than he may send.
 * Returns what the packet counts as. */
static enum counter relay(struct context *context, const struct packet *packet, const struct session *session,
                          const struct relay_message *message) {
    uint32_t counted = packet->size < RELAY_COUNTED_MIN ? RELAY_COUNTED_MIN : (uint32_t)packet->size;
    struct relay_target target;
    if (!session_is_at(session, &packet->from)) return COUNTER_RELAY_ELSEWHERE;
    if (!link_check_relay(session->beat_key, packet->data, packet->size)) return COUNTER_RELAY_FORGED;
    enum counter what = judge_sender(context, packet, message->session_id, counted);
    if (what != COUNTER_RELAYED) return what;
    if (!shard_relay_target(node_shard_of(context->node, message->session_id), message->session_id, message->member_id,
                            context->now, &target))
        return COUNTER_RELAY_NO_TARGET;
    what = judge_receiver(context, target.session_id, counted);
    if (what == COUNTER_RELAYED) pass_on(context, message, &target);
    return what;
}

void handle_relay(struct context *context, const struct packet *packet) {
    struct relay_message message;
    if (!relay_decode(packet->data, packet->size, &message)) {
        counters_count(context->counters, COUNTER_MALFORMED);
        return;
    }
    if (node_config(context->node)->relay == RELAY_NEVER) {
        counters_count(context->counters, COUNTER_RELAY_OFF);
        return;
    }
    const struct session *session = node_find_session(context->node, message.session_id);
    if (session)
        counters_count(context->counters, relay(context, packet, session, &message));
    else
        reset_answer(context, packet, message.session_id);
}

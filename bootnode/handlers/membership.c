#include "bootnode/handlers/membership.h"

#include "bootnode/handlers/proof.h"
#include "bootnode/handlers/reset.h"
#include "bootnode/handlers/sealed.h"
#include "bootnode/table/shard_members.h"

static void update(struct context *context, const struct sealed_packet *sealed, struct update_body *body) {
    proof_judge(context, &body->has_proof, &body->proof);
    if (shard_update(sealed->shard, sealed->session_id, body, context->now))
        counters_count(context->counters, COUNTER_UPDATE);
}

void handle_update(struct context *context, const struct packet *packet) {
    struct sealed_packet sealed;
    struct update_body body;
    if (!sealed_open(context, packet, &sealed)) return;
    struct reader reader = reader_over(sealed.body, sealed.body_size);
    read_update_body(&reader, &body);
    if (!reader_finished(&reader))
        counters_count(context->counters, COUNTER_MALFORMED);
    else if (!packet_came_home(context, packet, sealed.session))
        counters_count(context->counters, COUNTER_STRAY_SEALED);
    else if (!sealed_accept(context, &sealed))
        return;
    else if (!rate_limit_session(context->node->limits, RATE_UPDATE, sealed.session_id, context->now))
        counters_count(context->counters, COUNTER_RATE_LIMITED_UPDATE);
    else
        update(context, &sealed, &body);
}

static void send_introduction(struct context *context, struct session *session, uint64_t session_id, uint16_t token,
                              const struct member_record *record) {
    uint8_t body[MEMBER_RECORD_MAX];
    struct writer writer = writer_over(body, sizeof body);
    write_member_record(&writer, record);
    sealed_send(&context->outbox, session, session_id, MESSAGE_INTRODUCE, token, body, writer_size(&writer));
}

static void introduce(struct context *context, const struct sealed_packet *sealed,
                      const uint8_t target_id[static MEMBER_ID_SIZE]) {
    struct introduction introduction;
    if (!shard_introduce(sealed->shard, sealed->session_id, target_id, context->now, &introduction)) return;
    struct session *target = node_find_session(context->node, introduction.target_id);
    if (!target) return;
    send_introduction(context, target, introduction.target_id, introduction.target_token, &introduction.for_target);
    send_introduction(context, sealed->session, sealed->session_id, introduction.requester_token,
                      &introduction.for_requester);
    counters_count(context->counters, COUNTER_INTRODUCE);
}

void handle_introduce(struct context *context, const struct packet *packet) {
    struct sealed_packet sealed;
    uint8_t target_id[MEMBER_ID_SIZE];
    if (!sealed_open(context, packet, &sealed)) return;
    struct reader reader = reader_over(sealed.body, sealed.body_size);
    read_bytes(&reader, target_id, sizeof target_id);
    if (!reader_finished(&reader))
        counters_count(context->counters, COUNTER_MALFORMED);
    else if (!packet_came_home(context, packet, sealed.session))
        counters_count(context->counters, COUNTER_STRAY_SEALED);
    else if (!sealed_accept(context, &sealed))
        return;
    else if (!rate_limit_session(context->node->limits, RATE_INTRODUCE, sealed.session_id, context->now))
        counters_count(context->counters, COUNTER_RATE_LIMITED_INTRODUCE);
    else
        introduce(context, &sealed, target_id);
}

/* Answered at the registered address, wherever LEAVE came from: it is authentic, its source address is not. */
void handle_leave(struct context *context, const struct packet *packet) {
    struct sealed_packet sealed;
    if (!sealed_open(context, packet, &sealed) || !sealed_accept(context, &sealed)) return;
    enum leave_reason reason;
    struct reader reader = reader_over(sealed.body, sealed.body_size);
    read_leave_body(&reader, &reason);
    if (!reader_finished(&reader)) {
        counters_count(context->counters, COUNTER_MALFORMED);
        return;
    }
    struct address registered = session_address(sealed.session);
    uint8_t endpoint = atomic_load_explicit(&sealed.session->endpoint, memory_order_relaxed);
    if (!shard_leave(sealed.shard, sealed.session_id, reason, context->now)) return;
    counters_count(context->counters, reason == LEAVE_MOVED ? COUNTER_MOVED_AWAY : COUNTER_LEAVE);
    reset_send(context, endpoint, &registered, sealed.session_id);
}

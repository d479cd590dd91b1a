#include "bootnode/handlers/path.h"

#include "bootnode/handlers/sealed.h"
#include "bootnode/table/shard_members.h"

void path_offer(struct context *context, const struct packet *packet, const struct session *session,
                uint64_t session_id) {
    uint8_t answer[PATH_SIZE];
    struct path_message path = {.session_id = session_id};
    if (packet_is_kept_out(context, packet)) return;
    if (!cookie_make(&context->node->cookies, &packet->from, context_cookie_second(context), &path.cookie)) return;
    (void)path_encode(&path, answer, sizeof answer); /* has room */
    link_tag_path(session->ack_key, answer);
    if (packet_answer(context, packet, answer, sizeof answer)) counters_count(context->counters, COUNTER_PATH);
}

void handle_move(struct context *context, const struct packet *packet) {
    struct sealed_packet sealed;
    struct cookie cookie;
    if (packet_is_kept_out(context, packet) || !sealed_open(context, packet, &sealed)) return;
    struct reader reader = reader_over(sealed.body, sealed.body_size);
    read_cookie(&reader, &cookie);
    if (!reader_finished(&reader)) {
        counters_count(context->counters, COUNTER_MALFORMED);
    } else if (!cookie_check(&context->node->cookies, &packet->from, context_cookie_second(context), &cookie)) {
        counters_count(context->counters, COUNTER_COOKIE_BAD);
    } else if (!sealed_accept(context, &sealed)) {
        return;
    } else if (!rate_limit_session(context->node->limits, RATE_MOVE, sealed.session_id, context->now)) {
        counters_count(context->counters, COUNTER_RATE_LIMITED_MOVE);
    } else if (shard_move(sealed.shard, sealed.session_id, &packet->from, packet_endpoint(context, packet),
                          context->now)) {
        counters_count(context->counters, COUNTER_MOVE);
    } else {
        counters_count(context->counters, COUNTER_MOVE_REFUSED);
    }
}

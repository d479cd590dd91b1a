#include "bootnode/context.h"

uint64_t context_cookie_second(const struct context *context) {
    const struct node *node = context->node;
    return node_is_clustered(node) ? node->wall_ms(node->wall_context) / 1000 : context->second;
}

bool packet_is_kept_out(struct context *context, const struct packet *packet) {
    enum access_rule rule = access_ask(context->node->access, &packet->from);
    if (rule == ACCESS_OPEN) return false;
    counters_count(context->counters, rule == ACCESS_BANNED ? COUNTER_DENIED_BAN : COUNTER_DENIED_DENY);
    return true;
}

uint8_t packet_endpoint(struct context *context, const struct packet *packet) {
    struct address local = {.port = 0};
    if (packet->local) local = packet->local(packet->batch, packet->index);
    return endpoints_index(&context->node->endpoints, packet->listener, &local);
}

bool packet_came_to(const struct context *context, const struct packet *packet, uint8_t endpoint) {
    static const struct address any;
    const struct endpoint *known = &context->node->endpoints.items[endpoint];
    if (known->listener != packet->listener) return false;
    if (!packet->local || address_same_ip(&known->local, &any)) return true;
    const struct address local = packet->local(packet->batch, packet->index);
    return address_same_ip(&known->local, &local);
}

bool packet_came_home(const struct context *context, const struct packet *packet, const struct session *session) {
    return session_is_at(session, &packet->from) &&
           packet_came_to(context, packet, atomic_load_explicit(&session->endpoint, memory_order_relaxed));
}

bool packet_answer(struct context *context, const struct packet *packet, const uint8_t *data, size_t size) {
    if (size == 0 || size > packet->size || address_classify(&packet->from) == ADDRESS_UNUSABLE) return false;
    outbox_send(&context->outbox, packet_endpoint(context, packet), &packet->from, data, size);
    return true;
}

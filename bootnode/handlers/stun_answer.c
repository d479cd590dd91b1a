#include "bootnode/handlers/stun_answer.h"

#include "common/clock.h"
#include "common/stun.h"

/* As whoever asks from outside has to know them. */
static void tell_outside(const struct public_addresses *outside, struct stun_response *response) {
    if (address_classify(&response->mapped) != ADDRESS_PUBLIC) return;
    response->origin = public_address_of_local(outside, &response->origin);
    response->other = public_address_of_local(outside, &response->other);
}

/* From where to answer, and what to say of it: where there is another address, from the corner that the request asks
 * for. False: silence. */
static bool choose_endpoint(struct context *context, const struct packet *packet, struct stun_request *request,
                            uint8_t *endpoint, struct stun_response *response) {
    struct endpoints *endpoints = &context->node->endpoints;
    struct address local = {.port = 0};
    struct stun_route route;
    if (packet->local) local = packet->local(packet->batch, packet->index);
    const struct address *asked = address_is_unspecified(&local) ? &context->node->bound[packet->listener] : &local;
    if (stun_alternate_route(&context->node->stun, packet->listener, asked, request->change, &route)) {
        response->origin = route.origin;
        response->other = route.other;
        tell_outside(&context->node->outside, response);
        *endpoint = endpoints_index(endpoints, route.listener, &route.origin);
        return true;
    }
    *endpoint = endpoints_index(endpoints, packet->listener, &local);
    return stun_refuse_change(request);
}

/* A node's question shows that it is one. Who forges a node's address uses up the answers to others there, not its; and
 * who bans the network of another node keeps people out, not the node. */
static bool is_of_node(const struct node *node, const struct stun_request *request) {
    return node_is_clustered(node) &&
           probe_mark_holds(node->probe_key, node->node_id, node->wall_ms(node->wall_context), request->transaction);
}

/* The one answer that is larger than its request: by 12 to 24 bytes, and where there is another address by up to 72,
 * for a client that wants to know is told by nothing but an answer. So it is limited more strictly than others. Whoever
 * forges sources gains nothing more by CHANGE-REQUEST and RESPONSE-PORT: the answer goes to the same address, once, and
 * the port he could forge as well. Whoever does not reaches his own address alone, and no well-known port of it. */
void handle_stun(struct context *context, const struct packet *packet) {
    struct stun_request request;
    uint8_t answer[STUN_RESPONSE_MAX], endpoint;
    struct stun_response response = {.mapped = packet->from};
    const bool decodes = stun_decode_request(packet->data, packet->size, &request);
    const bool of_node = decodes && is_of_node(context->node, &request);
    if (!of_node && packet_is_kept_out(context, packet)) return;
    if (!decodes || address_classify(&packet->from) == ADDRESS_UNUSABLE ||
        !choose_endpoint(context, packet, &request, &endpoint, &response)) {
        counters_count(context->counters, COUNTER_MALFORMED);
        return;
    }
    if (!rate_limit_source(context->node->limits, of_node ? RATE_PROBE : RATE_STUN, &packet->from, context->now)) {
        counters_count(context->counters, COUNTER_RATE_LIMITED_STUN);
        return;
    }
    struct address to = packet->from;
    if (request.response_port) to.port = request.response_port;
    if (request.clock) response.wall_ms = context->node->wall_ms(context->node->wall_context);
    size_t size = stun_encode_response(&request, &response, answer, sizeof answer);
    if (size == 0) return;
    outbox_send(&context->outbox, endpoint, &to, answer, size);
    counters_count(context->counters, COUNTER_STUN);
}

#include "bootnode/handlers/stun_answer.h"

#include "common/clock.h"
#include "common/stun.h"

/* The one answer that is larger than its request: 12 to 24 bytes more, by the format. So it is limited more strictly
 * than others. RESPONSE-PORT names another port of the same source, which whoever forges sources could forge as well:
 * the answer goes to nobody else, and is no longer. */
void handle_stun(struct context *context, const struct packet *packet) {
    struct stun_request request;
    uint8_t answer[STUN_RESPONSE_MAX];
    if (!stun_decode_request(packet->data, packet->size, &request) || !stun_refuse_change(&request) ||
        address_classify(&packet->from) == ADDRESS_UNUSABLE) {
        counters_count(context->counters, COUNTER_MALFORMED);
        return;
    }
    if (!rate_limit_source(context->node->limits, RATE_STUN, &packet->from, context->now)) {
        counters_count(context->counters, COUNTER_RATE_LIMITED);
        return;
    }
    struct stun_response response = {.mapped = packet->from, .wall_ms = request.clock ? clock_wall_ms() : 0};
    struct address to = packet->from;
    if (request.response_port) to.port = request.response_port;
    size_t size = stun_encode_response(&request, &response, answer, sizeof answer);
    if (size == 0) return;
    outbox_send(&context->outbox, packet_endpoint(context, packet), &to, answer, size);
    counters_count(context->counters, COUNTER_STUN);
}

#include "bootnode/handlers/reset.h"

#include <assert.h>
#include <sodium.h>

static_assert(RESET_TOKEN_SIZE == crypto_shorthash_siphashx24_BYTES, "token size");

void reset_token(const uint8_t reset_key[static 16], uint64_t session_id, uint8_t out[static RESET_TOKEN_SIZE]) {
    uint8_t id[8];
    struct writer writer = writer_over(id, sizeof id);
    write_u64(&writer, session_id);
    crypto_shorthash_siphashx24(out, id, sizeof id, reset_key);
}

static size_t encode(const struct context *context, uint64_t session_id, uint8_t out[static RESET_SIZE]) {
    struct reset reset = {.session_id = session_id};
    reset_token(context->node->reset_key, session_id, reset.token);
    return reset_encode(&reset, out, RESET_SIZE);
}

void reset_send(struct context *context, uint8_t endpoint, const struct address *to, uint64_t session_id) {
    uint8_t packet[RESET_SIZE];
    outbox_send(&context->outbox, endpoint, to, packet, encode(context, session_id, packet));
    counters_count(context->counters, COUNTER_RESET);
}

/* The source may be forged, so what it has a share in is the worker's time. Returns what the answer counts as. */
static enum counter judge(const struct context *context, const struct address *source) {
    struct rate_limiter *limits = context->node->limits;
    if (!rate_limit_source(limits, RATE_RESET, source, context->now)) return COUNTER_RATE_LIMITED_RESET;
    if (context->sessions_behind && !rate_limit_session(limits, RATE_RESET_BUSY, context->shard_index, context->now))
        return COUNTER_RATE_LIMITED_RESET_BUSY;
    return COUNTER_RESET;
}

/* Of another node of the cluster, which is there no more: its sessions are gone, and nobody else can say so. While it
 * lives, be it that it drains, it speaks for itself, and we do not know what lives there: a RESET of ours would be for
 * whoever asks. */
static bool is_of_lost_node(const struct node *node, uint8_t id) {
    const struct homes *homes = node_homes(node);
    return node_is_clustered(node) && homes && homes->node_count > 0 && homes->nodes[id].address_count == 0 &&
           !cluster_set_has(&homes->aside, id);
}

void reset_answer(struct context *context, const struct packet *packet, uint64_t session_id) {
    uint8_t answer[RESET_SIZE];
    const uint8_t node = session_name_of(session_id).node;
    const bool foreign = node != context->node->node_id;
    if (foreign && !is_of_lost_node(context->node, node)) {
        counters_count(context->counters, COUNTER_FOREIGN);
        return;
    }
    if (packet_is_kept_out(context, packet)) return;
    enum counter what = judge(context, &packet->from);
    if (what == COUNTER_RESET && !packet_answer(context, packet, answer, encode(context, session_id, answer))) return;
    counters_count(context->counters, what);
    if (foreign && what == COUNTER_RESET) counters_count(context->counters, COUNTER_RESET_FOREIGN);
}

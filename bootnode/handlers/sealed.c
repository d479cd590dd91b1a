#include "bootnode/handlers/sealed.h"

#include <sodium.h>

#include "bootnode/handlers/reset.h"
#include "bootnode/table/shard_members.h"

static bool open_packet(const struct session *session, const struct sealed_header *header, const struct packet *packet,
                        struct sealed_packet *out) {
    uint8_t key[SUITE_KEY_SIZE];
    link_seal_key(session->secret, LINK_TO_BOOTNODE, key);
    bool opened = link_open(key, header, packet->data, packet->size, out->body, &out->body_size);
    sodium_memzero(key, sizeof key);
    return opened;
}

bool sealed_open(struct context *context, const struct packet *packet, struct sealed_packet *out) {
    struct sealed_header header;
    if (!sealed_header_decode(packet->data, packet->size, &header) || header.token != 0) {
        counters_count(context->counters, COUNTER_MALFORMED);
        return false;
    }
    out->session_id = header.session_id;
    out->session = node_find_session(context->node, header.session_id);
    if (!out->session) {
        reset_answer(context, packet, header.session_id);
        return false;
    }
    out->shard = node_shard_of(context->node, header.session_id);
    if (!open_packet(out->session, &header, packet, out)) {
        counters_count(context->counters, COUNTER_SEALED_FORGED);
        return false;
    }
    out->counter = header.counter;
    return true;
}

bool sealed_accept(struct context *context, const struct sealed_packet *sealed) {
    if (shard_accept_sealed(sealed->shard, sealed->session_id, sealed->counter)) return true;
    counters_count(context->counters, COUNTER_SEALED_OLD);
    return false;
}

void sealed_send(struct outbox *outbox, struct session *session, uint64_t session_id, enum message_type type,
                 uint16_t token, const uint8_t *body, size_t size) {
    if (session_has_sign(session, SESSION_ASTRAY)) return;
    uint8_t key[SUITE_KEY_SIZE], packet[UDP_DATAGRAM_MAX];
    const struct sealed_header header = {
        .type = (uint8_t)type,
        .session_id = session_id,
        .counter = atomic_fetch_add_explicit(&session->seal_counter, 1, memory_order_relaxed) + 1,
        .token = token};
    struct address to = session_address(session);
    link_seal_key(session->secret, LINK_TO_CLIENT, key);
    size_t sealed = link_seal(key, &header, body, size, packet, sizeof packet);
    sodium_memzero(key, sizeof key);
    if (sealed > 0)
        outbox_send(outbox, atomic_load_explicit(&session->endpoint, memory_order_relaxed), &to, packet, sealed);
}

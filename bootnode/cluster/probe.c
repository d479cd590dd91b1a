#include "bootnode/cluster/probe.h"

#include <string.h>

#include "common/clock.h"

/* Who has been gone for long is asked, too, in case that it is back and the board is not, but has time. */
static bool is_missed(const struct view_node *node, uint64_t now) {
    return node->member || node->expected || now < later(node->beacon_ms, node->answer_ms) + PROBE_MISSED_MS;
}

bool probe_is_due(const struct probe *probe, const struct view *view, uint8_t id, uint64_t now) {
    const struct view_node *node = &view->nodes[id];
    const uint64_t asked = probe->nodes[id].asked_ms;
    if (id == view->own.id || !node->known || node->replaced) return false;
    const bool hurry = is_missed(node, now) && (!view->board || now >= node->beacon_ms + PROBE_BEACON_LATE_MS);
    return asked == 0 || now >= asked + (hurry ? PROBE_HURRY_MS : PROBE_REST_MS);
}

size_t probe_ask(struct probe *probe, const struct view *view, uint8_t id, uint64_t now,
                 const uint8_t random[static 12 * HOME_ADDRESSES_MAX],
                 struct probe_packet out[static HOME_ADDRESSES_MAX]) {
    const struct beacon *said = &view->nodes[id].said;
    struct probe_node *node = &probe->nodes[id];
    for (size_t i = 0; i < said->address_count; i++) {
        struct probe_request *open = &node->open[i][node->next];
        struct stun_request request = {.classic = false};
        open->sent_ms = now;
        stun_make_transaction(random + 12 * i, open->transaction);
        memcpy(request.transaction, open->transaction, sizeof request.transaction);
        out[i].to = said->addresses[i];
        out[i].size = stun_encode_request(&request, out[i].data, sizeof out[i].data);
    }
    node->next = (node->next + 1) % PROBE_OPEN;
    node->asked_ms = now;
    return said->address_count;
}

static bool answers(struct probe_request *open, const uint8_t *data, size_t size, uint64_t now) {
    struct stun_response response;
    if (open->sent_ms == 0 || now >= open->sent_ms + PROBE_WAIT_MS) return false;
    if (!stun_decode_response(data, size, open->transaction, &response)) return false;
    open->sent_ms = 0;
    return true;
}

static bool take_from(struct probe_node *node, const struct beacon *said, const struct address *from,
                      const uint8_t *data, size_t size, uint64_t now) {
    for (size_t i = 0; i < said->address_count; i++)
        for (size_t j = 0; j < PROBE_OPEN && address_equal(&said->addresses[i], from); j++)
            if (answers(&node->open[i][j], data, size, now)) return true;
    return false;
}

bool probe_take(struct probe *probe, const struct view *view, const struct address *from, const uint8_t *data,
                size_t size, uint64_t now, uint8_t *id) {
    if (!stun_may_be_response(data, size)) return false;
    for (size_t i = 0; i < CLUSTER_NODES_MAX; i++) {
        if (!view->nodes[i].known || !take_from(&probe->nodes[i], &view->nodes[i].said, from, data, size, now))
            continue;
        *id = (uint8_t)i;
        return true;
    }
    return false;
}

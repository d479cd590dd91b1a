#include "client/peer/transport.h"

#include <sodium.h>
#include <string.h>

#include "common/holds.h"

bool transport_holds(const struct transport *transport) {
    if (!transport->live) return sodium_is_zero((const uint8_t *)transport, sizeof *transport);
    return transport->local_index != 0 && transport->suite != 0;
}

void transport_start(struct transport *transport, enum suite suite, const struct noise_keys *keys, uint32_t local_index,
                     uint32_t remote_index, uint64_t now) {
    transport->live = true;
    transport->suite = suite;
    transport->local_index = local_index;
    transport->remote_index = remote_index;
    transport->set = NULL;
    transport->created = now;
    transport->send_counter = 0;
    replay_window_init(&transport->window);
    transport->keys = *keys;
    HOLDS(transport_holds(transport));
}

void transport_wipe(struct transport *transport) {
    sodium_memzero(transport, sizeof *transport);
    HOLDS(transport_holds(transport));
}

bool transport_usable(const struct transport *transport, uint64_t now) {
    return transport->live && now - transport->created < TRANSPORT_REJECT_MS;
}

size_t transport_seal(struct transport *transport, const uint8_t *frames, size_t size, uint8_t *out, size_t capacity,
                      uint64_t now) {
    if (!transport_usable(transport, now) || capacity < PEER_DATA_OVERHEAD || size > capacity - PEER_DATA_OVERHEAD)
        return 0;
    uint64_t counter = transport->send_counter++;
    size_t header = peer_data_header_encode(transport->remote_index, counter, out, capacity);
    suite_seal(transport->suite, transport->keys.send, counter, out, header, frames, size, out + header);
    return header + size + SUITE_TAG_SIZE;
}

bool transport_open(struct transport *transport, const uint8_t *packet, const struct peer_data *data, uint8_t *frames,
                    size_t *size, uint64_t now) {
    if (!transport_usable(transport, now) || data->sealed_size < SUITE_TAG_SIZE) return false;
    if (data->sealed_size - SUITE_TAG_SIZE > PEER_FRAMES_MAX) return false;
    if (!replay_window_check(&transport->window, data->counter)) return false;
    if (!suite_open(transport->suite, transport->keys.receive, data->counter, packet, PEER_DATA_HEADER_SIZE,
                    data->sealed, data->sealed_size, frames))
        return false;
    if (!replay_window_accept(&transport->window, data->counter)) return false;
    *size = data->sealed_size - SUITE_TAG_SIZE;
    return true;
}

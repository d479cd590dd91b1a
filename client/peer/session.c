#include "client/peer/session.h"

#include <sodium.h>
#include <string.h>

void session_start(struct session_keys *session, enum suite suite, const struct noise_keys *keys, uint32_t local_index,
                   uint32_t remote_index, uint64_t now) {
    session->live = true;
    session->suite = suite;
    session->local_index = local_index;
    session->remote_index = remote_index;
    session->created = now;
    session->send_counter = 0;
    replay_window_init(&session->window);
    session->keys = *keys;
}

void session_wipe(struct session_keys *session) { sodium_memzero(session, sizeof *session); }

bool session_usable(const struct session_keys *session, uint64_t now) {
    return session->live && now - session->created < SESSION_REJECT_MS;
}

size_t session_seal(struct session_keys *session, const uint8_t *frames, size_t size, uint8_t *out, size_t capacity,
                    uint64_t now) {
    if (!session_usable(session, now) || capacity < PEER_DATA_OVERHEAD || size > capacity - PEER_DATA_OVERHEAD) return 0;
    uint64_t counter = session->send_counter++;
    size_t header = peer_data_header_encode(session->remote_index, counter, out, capacity);
    suite_seal(session->suite, session->keys.send, counter, out, header, frames, size, out + header);
    return header + size + SUITE_TAG_SIZE;
}

bool session_open(struct session_keys *session, const uint8_t *packet, const struct peer_data *data, uint8_t *frames,
                  size_t *size, uint64_t now) {
    if (!session_usable(session, now) || data->sealed_size < SUITE_TAG_SIZE) return false;
    if (data->sealed_size - SUITE_TAG_SIZE > PEER_FRAMES_MAX) return false;
    if (!replay_window_check(&session->window, data->counter)) return false;
    if (!suite_open(session->suite, session->keys.receive, data->counter, packet, PEER_DATA_HEADER_SIZE, data->sealed,
                    data->sealed_size, frames))
        return false;
    if (!replay_window_accept(&session->window, data->counter)) return false;
    *size = data->sealed_size - SUITE_TAG_SIZE;
    return true;
}

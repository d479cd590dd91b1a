/* The transport phase between two peers: what a finished handshake leaves. Pure. One owner, the crypto thread.
 *
 * Invariant: a send counter is used once; a received counter is accepted once (replay window); nothing is sealed or
 * opened with keys older than TRANSPORT_REJECT_MS (PROTOCOL.md §3.2 rules 6 and 7), and they are wiped then. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/names.h"
#include "common/noise.h"
#include "common/replay_window.h"
#include "common/wire/peer_packets.h"

#define TRANSPORT_REKEY_MS 120000
#define TRANSPORT_REJECT_MS 180000

struct transport {
    bool live;
    enum suite suite;
    uint32_t local_index;      /* others name it to reach us */
    uint32_t remote_index;     /* we name it */
    const struct key_set *set; /* of its handshake, whose copies may come late; NULL: it is not known any more */
    uint64_t created;
    uint64_t send_counter;
    struct replay_window window;
    struct noise_keys keys;
};

void transport_start(struct transport *transport, enum suite suite, const struct noise_keys *keys, uint32_t local_index,
                     uint32_t remote_index, uint64_t now);
void transport_wipe(struct transport *transport);
bool transport_usable(const struct transport *transport, uint64_t now);
/* Seals `frames` into a DATA packet. Returns its size; 0 when not usable or too large. */
MUST_USE size_t transport_seal(struct transport *transport, const uint8_t *frames, size_t size, uint8_t *out,
                               size_t capacity, uint64_t now);
/* Opens a DATA packet that names our index: `frames` needs PEER_FRAMES_MAX bytes. False when forged, replayed or too
 * old. */
MUST_USE bool transport_open(struct transport *transport, const uint8_t *packet, const struct peer_data *data,
                             uint8_t *frames, size_t *size, uint64_t now);
/* Live, with all that it takes, or wiped. */
bool transport_holds(const struct transport *transport);

/* Sealed packets of sessions, in and out. PROTOCOL.md §2.1. */
#pragma once

#include "bootnode/context.h"
#include "common/attributes.h"

struct sealed_packet {
    struct session *session;
    struct shard *shard;
    uint64_t session_id, counter;
    uint8_t body[UDP_DATAGRAM_MAX];
    size_t body_size;
};

/* Opens a packet of a live session, outside the mutex. False: it was dropped and counted, or, when nobody has that id,
 * answered with RESET. */
MUST_USE bool sealed_open(struct context *context, const struct packet *packet, struct sealed_packet *out);
/* Takes its counter: false, and counted, where that is not above the last. After it is known that the packet came from
 * where it may come from, so that a copy from elsewhere, which may be faster, takes nothing from it. */
MUST_USE bool sealed_accept(struct context *context, const struct sealed_packet *sealed);
/* Seals a body for a session and sends it to the session's address, unless that is in doubt. `token`: 0 where the
 * message has none. */
void sealed_send(struct outbox *outbox, struct session *session, uint64_t session_id, enum message_type type,
                 uint16_t token, const uint8_t *body, size_t size);

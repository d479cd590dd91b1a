/* Which packet is whose: by nonce, attempt or session, by pair tag, by index. A room takes none of another's. */
#include <string.h>

#include "client/room/parts.h"

static struct peer *peer_by_tag(const struct chatroom *room, const uint8_t tag[static PAIR_TAG_SIZE]) {
    const struct member *member = members_by_tag(&room->members, tag);
    return member ? member->peer : NULL;
}

/* A peer of this room by our index in the packet. */
static struct peer *peer_by_index(const struct chatroom *room, uint32_t index) {
    struct peer *peer = indices_find(room->host->indices, index);
    return peer && peer->host == &room->peer_host ? peer : NULL;
}

/* `sender`: whom a relay named; NULL: nobody stands in between. */
static bool is_from(const struct peer *peer, const struct peer *sender) {
    return peer && (!sender || peer == sender);
}

static struct peer *receive_probe(struct chatroom *room, const struct peer *sender, const struct path *from,
                                  const uint8_t *packet, size_t size) {
    struct peer_probe probe;
    if (!peer_probe_decode(packet, size, &probe)) return NULL;
    struct peer *peer = peer_by_tag(room, probe.pair_tag);
    if (!is_from(peer, sender) || !peer_mac_check(room->keys.mac_key, packet, size)) return NULL;
    peer_receive_probe(peer, from, room->now);
    return peer;
}

static struct peer *receive_initiation(struct chatroom *room, const struct peer *sender, const struct path *from,
                                       const uint8_t *packet, size_t size) {
    struct peer_initiation initiation = {.noise_size = handshake_initiation_noise_size(&room->keys)};
    if (!peer_initiation_decode(packet, size, &initiation)) return NULL;
    struct peer *peer = peer_by_tag(room, initiation.pair_tag);
    if (!is_from(peer, sender) || !peer_mac_check(room->keys.mac_key, packet, size)) return NULL;
    peer_receive_initiation(peer, packet, &initiation, from, room->now);
    return peer;
}

static struct peer *receive_answer(struct chatroom *room, const struct peer *sender, const struct path *from,
                                   const uint8_t *packet, size_t size) {
    struct peer_answer answer;
    bool response = packet[0] == PEER_RESPONSE;
    bool whole =
        response ? peer_response_decode(packet, size, &answer) : peer_confirmation_decode(packet, size, &answer);
    if (!whole) return NULL;
    struct peer *peer = peer_by_index(room, answer.receiver_index);
    if (!is_from(peer, sender) || !peer_mac_check(room->keys.mac_key, packet, size)) return NULL;
    if (response)
        peer_receive_response(peer, &answer, from, room->now);
    else
        peer_receive_confirmation(peer, &answer, from, room->now);
    return peer;
}

static struct peer *receive_data(struct chatroom *room, const struct peer *sender, const struct path *from,
                                 const uint8_t *packet, size_t size) {
    struct peer_data data;
    if (!peer_data_decode(packet, size, &data)) return NULL;
    struct peer *peer = peer_by_index(room, data.receiver_index);
    if (!is_from(peer, sender)) return NULL;
    peer_receive_data(peer, packet, &data, from, room->now);
    return peer;
}

static struct peer *receive(struct chatroom *room, const struct peer *sender, const struct path *from,
                            const uint8_t *packet, size_t size) {
    switch (packet[0]) {
    case PEER_PROBE: return receive_probe(room, sender, from, packet, size);
    case PEER_INITIATION: return receive_initiation(room, sender, from, packet, size);
    case PEER_RESPONSE:
    case PEER_CONFIRMATION: return receive_answer(room, sender, from, packet, size);
    case PEER_DATA: return receive_data(room, sender, from, packet, size);
    default: return NULL;
    }
}

static void after_packet(struct chatroom *room, struct peer *peer) {
    peer_tick(peer, room->now);
    if (room->state < CHATROOM_LEAVING) status_check(peer->owner, &room->events, room->now);
}

/* Comes out of another peer's packet, or a bootnode's: who is finished now is swept by the next tick. */
void chatroom_receive_relayed(struct chatroom *room, const struct path *from,
                              const uint8_t member[static MEMBER_ID_SIZE], const uint8_t *packet, size_t size) {
    const struct member *sender = members_find(&room->members, member);
    struct peer *peer = sender && room->host->relays ? receive(room, sender->peer, from, packet, size) : NULL;
    if (peer) after_packet(room, peer);
}

bool chatroom_receive(struct chatroom *room, uint16_t socket, const struct address *from, const uint8_t *packet,
                      size_t size, uint64_t now) {
    room->now = now;
    if (size == 0 || room->state == CHATROOM_LEFT) return false;
    if (packet[0] < PEER_PROBE) {
        bool ours = meeting_receive(room, from, packet, size);
        if (ours) chatroom_tick(room, now);
        return ours;
    }
    if (address_classify(from) == ADDRESS_UNUSABLE) return false; /* no answer could be sent there */
    struct path path = path_direct(from);
    path.socket = socket;
    struct peer *peer = receive(room, NULL, &path, packet, size);
    if (!peer) return false;
    after_packet(room, peer);
    const struct member *member = peer->owner;
    if (member->finished) members_sweep(&room->members);
    return true;
}

#include "client/room/packets.h"

#include <string.h>

/* Where and when a packet came, and who may take it. */
struct arrival {
    const struct members *members;
    const struct peer_host *host;
    const struct peer *sender; /* whom a relay named; NULL: nobody stands in between */
    const struct path *from;
    uint64_t now;
};

static struct peer *peer_by_tag(const struct members *members, const uint8_t tag[static PAIR_TAG_SIZE]) {
    const struct member *member = members_by_tag(members, tag);
    return member ? member->peer : NULL;
}

/* A peer of this room by our index in the packet. */
static struct peer *peer_by_index(const struct peer_host *host, uint32_t index) {
    struct peer *peer = indices_find(host->indices, index);
    return peer && peer->host == host ? peer : NULL;
}

/* `sender`: whom a relay named; NULL: nobody stands in between. */
static bool is_from(const struct peer *peer, const struct peer *sender) {
    return peer && (!sender || peer == sender);
}

static struct peer *receive_probe(const struct arrival *arrival, const uint8_t *packet, size_t size) {
    struct peer_probe probe;
    if (!peer_probe_decode(packet, size, &probe)) return NULL;
    struct peer *peer = peer_by_tag(arrival->members, probe.pair_tag);
    if (!is_from(peer, arrival->sender) || !peer_mac_check(arrival->host->room->set.mac_key, packet, size)) return NULL;
    peer_receive_probe(peer, arrival->from, arrival->now);
    return peer;
}

static struct peer *receive_initiation(const struct arrival *arrival, const uint8_t *packet, size_t size) {
    struct peer_initiation initiation = {.noise_size = handshake_initiation_noise_size(arrival->host->room)};
    if (!peer_initiation_decode(packet, size, &initiation)) return NULL;
    struct peer *peer = peer_by_tag(arrival->members, initiation.pair_tag);
    if (!is_from(peer, arrival->sender) || !peer_mac_check(arrival->host->room->set.mac_key, packet, size)) return NULL;
    peer_receive_initiation(peer, packet, &initiation, arrival->from, arrival->now);
    return peer;
}

static struct peer *receive_answer(const struct arrival *arrival, const uint8_t *packet, size_t size) {
    struct peer_answer answer;
    bool response = packet[0] == PEER_RESPONSE;
    bool whole =
        response ? peer_response_decode(packet, size, &answer) : peer_confirmation_decode(packet, size, &answer);
    if (!whole) return NULL;
    struct peer *peer = peer_by_index(arrival->host, answer.receiver_index);
    if (!is_from(peer, arrival->sender) || !peer_mac_check(arrival->host->room->set.mac_key, packet, size)) return NULL;
    if (response)
        peer_receive_response(peer, &answer, arrival->from, arrival->now);
    else
        peer_receive_confirmation(peer, &answer, arrival->from, arrival->now);
    return peer;
}

static struct peer *receive_cookie_reply(const struct arrival *arrival, const uint8_t *packet, size_t size) {
    struct peer_cookie_reply reply;
    if (!peer_cookie_reply_decode(packet, size, &reply)) return NULL;
    struct peer *peer = peer_by_index(arrival->host, reply.receiver_index);
    if (!is_from(peer, arrival->sender) || !peer_mac_check(arrival->host->room->set.mac_key, packet, size)) return NULL;
    peer_receive_cookie_reply(peer, &reply, arrival->from, arrival->now);
    return peer;
}

static struct peer *receive_data(const struct arrival *arrival, const uint8_t *packet, size_t size) {
    struct peer_data data;
    if (!peer_data_decode(packet, size, &data)) return NULL;
    struct peer *peer = peer_by_index(arrival->host, data.receiver_index);
    if (!is_from(peer, arrival->sender)) return NULL;
    peer_receive_data(peer, packet, &data, arrival->from, arrival->now);
    return peer;
}

struct peer *packets_receive(const struct members *members, const struct peer_host *host, const struct peer *sender,
                             const struct path *from, const uint8_t *packet, size_t size, uint64_t now) {
    const struct arrival arrival = {.members = members, .host = host, .sender = sender, .from = from, .now = now};
    switch (packet[0]) {
    case PEER_PROBE: return receive_probe(&arrival, packet, size);
    case PEER_INITIATION: return receive_initiation(&arrival, packet, size);
    case PEER_RESPONSE:
    case PEER_CONFIRMATION: return receive_answer(&arrival, packet, size);
    case PEER_COOKIE_REPLY: return receive_cookie_reply(&arrival, packet, size);
    case PEER_DATA: return receive_data(&arrival, packet, size);
    default: return NULL;
    }
}

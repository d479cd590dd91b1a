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

/* The pair tag says of which member it is, and under which key set; the MAC proves that the sender has that. */
static struct peer *peer_by_tag(const struct arrival *arrival, const uint8_t tag[static PAIR_TAG_SIZE],
                                const uint8_t *packet, size_t size, const struct key_set **set) {
    size_t number;
    const struct member *member = members_by_tag(arrival->members, tag, &number);
    if (!member || (arrival->sender && member->peer != arrival->sender)) return NULL;
    *set = &arrival->host->sets->list[number];
    return peer_mac_check((*set)->mac_key, packet, size) ? member->peer : NULL;
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

/* The peer whose handshake has that index. */
static struct peer *peer_by_handshake(const struct arrival *arrival, uint32_t index, const uint8_t *packet,
                                      size_t size) {
    struct peer *peer = peer_by_index(arrival->host, index);
    const struct key_set *set = peer ? peer_set_of(peer, index) : NULL;
    return set && is_from(peer, arrival->sender) && peer_mac_check(set->mac_key, packet, size) ? peer : NULL;
}

static struct peer *receive_probe(const struct arrival *arrival, const uint8_t *packet, size_t size) {
    struct peer_probe probe;
    if (!peer_probe_decode(packet, size, &probe)) return NULL;
    const struct key_set *set;
    struct peer *peer = peer_by_tag(arrival, probe.pair_tag, packet, size, &set);
    if (!peer) return NULL;
    peer_receive_probe(peer, arrival->from, arrival->now);
    return peer;
}

static struct peer *receive_initiation(const struct arrival *arrival, const uint8_t *packet, size_t size) {
    struct peer_initiation initiation = {.noise_size = handshake_initiation_noise_size(arrival->host->room)};
    if (!peer_initiation_decode(packet, size, &initiation)) return NULL;
    const struct key_set *set;
    struct peer *peer = peer_by_tag(arrival, initiation.pair_tag, packet, size, &set);
    if (!peer) return NULL;
    peer_receive_initiation(peer, set, packet, &initiation, arrival->from, arrival->now);
    return peer;
}

static struct peer *receive_answer(const struct arrival *arrival, const uint8_t *packet, size_t size) {
    struct peer_answer answer;
    bool response = packet[0] == PEER_RESPONSE;
    bool whole =
        response ? peer_response_decode(packet, size, &answer) : peer_confirmation_decode(packet, size, &answer);
    if (!whole) return NULL;
    struct peer *peer = peer_by_handshake(arrival, answer.receiver_index, packet, size);
    if (!peer) return NULL;
    if (response)
        peer_receive_response(peer, &answer, arrival->from, arrival->now);
    else
        peer_receive_confirmation(peer, &answer, arrival->from, arrival->now);
    return peer;
}

static struct peer *receive_cookie_reply(const struct arrival *arrival, const uint8_t *packet, size_t size) {
    struct peer_cookie_reply reply;
    if (!peer_cookie_reply_decode(packet, size, &reply)) return NULL;
    struct peer *peer = peer_by_handshake(arrival, reply.receiver_index, packet, size);
    if (!peer) return NULL;
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

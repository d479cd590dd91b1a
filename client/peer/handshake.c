#include "client/peer/handshake.h"

#include <sodium.h>
#include <string.h>

#define PROLOGUE_LABEL "gochat peer 1"
#define RENEWAL_LABEL "gochat renewal 1"
#define PROLOGUE_MAX (sizeof PROLOGUE_LABEL - 1 + ROOM_ID_SIZE + 2 * MEMBER_ID_SIZE + 2 + NOISE_HASH_SIZE)

bool handshake_is_initiator(const uint8_t own[static MEMBER_ID_SIZE], const uint8_t other[static MEMBER_ID_SIZE]) {
    return memcmp(own, other, MEMBER_ID_SIZE) < 0;
}

enum suite handshake_suite(const struct handshake_pair *pair) {
    return suite_choose(pair->own_mask, pair->other_mask);
}

size_t handshake_initiation_noise_size(const struct room_keys *room) {
    return room->has_secret ? NOISE_XX_1_OVERHEAD + SUITE_TAG_SIZE : NOISE_XX_1_OVERHEAD;
}

/* Everything the two must agree on: a changed mask, room or renewed session breaks the handshake. */
static size_t prologue_write(const struct handshake_pair *pair, const struct transport *bound_to,
                             uint8_t out[static PROLOGUE_MAX]) {
    const uint8_t *initiator_id = pair->initiator ? pair->own_id : pair->other_id;
    const uint8_t *responder_id = pair->initiator ? pair->other_id : pair->own_id;
    struct writer writer = writer_over(out, PROLOGUE_MAX);
    write_bytes(&writer, PROLOGUE_LABEL, sizeof PROLOGUE_LABEL - 1);
    write_bytes(&writer, pair->room->id, ROOM_ID_SIZE);
    write_bytes(&writer, initiator_id, MEMBER_ID_SIZE);
    write_bytes(&writer, responder_id, MEMBER_ID_SIZE);
    write_u8(&writer, pair->initiator ? pair->own_mask : pair->other_mask);
    write_u8(&writer, pair->initiator ? pair->other_mask : pair->own_mask);
    if (bound_to) write_bytes(&writer, bound_to->keys.hash, NOISE_HASH_SIZE);
    return writer_size(&writer);
}

static bool machine_init(struct noise *noise, const struct handshake_pair *pair, const struct key_set *set,
                         const struct transport *bound_to) {
    enum suite suite = handshake_suite(pair);
    if (suite == 0) return false;
    uint8_t prologue[PROLOGUE_MAX];
    size_t prologue_size = prologue_write(pair, bound_to, prologue);
    noise_init(noise, &(struct noise_config){.pattern = pair->room->has_secret ? NOISE_XXPSK3 : NOISE_XX,
                                             .suite = suite,
                                             .initiator = pair->initiator,
                                             .prologue = prologue,
                                             .prologue_size = prologue_size,
                                             .static_secret = pair->identity->noise_secret,
                                             .static_public = pair->identity->noise_public,
                                             .psk = pair->room->has_secret ? set->psk : NULL});
    return true;
}

/* Shows that its sender has the keys of the session that is renewed, before any public-key work: BLAKE2b over what the
 * packet says, under both keys. */
static void renewal_tag(const struct handshake_pair *pair, const uint8_t *packet, const struct transport *bound_to,
                        uint8_t out[static TAG_SIZE]) {
    uint8_t key[2 * NOISE_KEY_SIZE];
    const struct noise_keys *keys = &bound_to->keys;
    crypto_generichash_state state;
    memcpy(key, pair->initiator ? keys->send : keys->receive, NOISE_KEY_SIZE);
    memcpy(key + NOISE_KEY_SIZE, pair->initiator ? keys->receive : keys->send, NOISE_KEY_SIZE);
    crypto_generichash_init(&state, key, sizeof key, TAG_SIZE);
    crypto_generichash_update(&state, (const uint8_t *)RENEWAL_LABEL, sizeof RENEWAL_LABEL - 1);
    crypto_generichash_update(&state, packet, PEER_INITIATION_HEAD);
    crypto_generichash_final(&state, out, TAG_SIZE);
    sodium_memzero(key, sizeof key);
    sodium_memzero(&state, sizeof state);
}

bool handshake_renewal_valid(const struct handshake_pair *pair, const uint8_t packet[static PEER_HANDSHAKE_SIZE],
                             const struct transport *bound_to) {
    uint8_t tag[TAG_SIZE];
    renewal_tag(pair, packet, bound_to, tag);
    return sodium_memcmp(packet + PEER_INITIATION_HEAD, tag, TAG_SIZE) == 0;
}

bool handshake_initiate(const struct handshake_pair *pair, const struct key_set *set, uint32_t index,
                        const struct transport *bound_to, uint64_t now, struct handshake_attempt *out) {
    uint8_t message[NOISE_XX_1_OVERHEAD + SUITE_TAG_SIZE];
    struct peer_initiation initiation = {.bound = bound_to != NULL,
                                         .sender_index = index,
                                         .bound_index = bound_to ? bound_to->remote_index : 0,
                                         .noise = message,
                                         .noise_size = handshake_initiation_noise_size(pair->room)};
    if (!machine_init(&out->noise, pair, set, bound_to)) return false;
    if (noise_write(&out->noise, NULL, 0, message, sizeof message) != initiation.noise_size) return false;
    pair_tag_derive(set->mac_key, pair->own_id, pair->other_id, initiation.pair_tag);
    size_t size = peer_initiation_encode(&initiation, out->packet, sizeof out->packet);
    if (bound_to) renewal_tag(pair, out->packet, bound_to, out->packet + PEER_INITIATION_HEAD);
    peer_mac_write(set->mac_key, out->packet, size);
    out->active = true;
    out->set = set;
    out->bound = bound_to != NULL;
    out->index = index;
    out->started = now;
    return true;
}

bool handshake_cookie_fits(const struct handshake_attempt *attempt, const struct peer_cookie_reply *reply) {
    return attempt->active && !attempt->bound && reply->receiver_index == attempt->index &&
           sodium_memcmp(reply->echo, attempt->packet + PEER_INITIATION_NOISE, PEER_ECHO_SIZE) == 0;
}

void handshake_use_cookie(const struct handshake_attempt *attempt, const uint8_t cookie[static PEER_COOKIE_SIZE],
                          uint8_t out[static PEER_HANDSHAKE_SIZE]) {
    memcpy(out, attempt->packet, PEER_HANDSHAKE_SIZE);
    peer_second_mac_write(cookie, out);
    peer_mac_write(attempt->set->mac_key, out, PEER_HANDSHAKE_SIZE);
}

void handshake_ask_for_cookie(const struct key_set *set, const struct peer_initiation *initiation,
                              const uint8_t cookie[static PEER_COOKIE_SIZE],
                              uint8_t out[static PEER_COOKIE_REPLY_SIZE]) {
    struct peer_cookie_reply reply = {.receiver_index = initiation->sender_index};
    memcpy(reply.echo, initiation->noise, sizeof reply.echo);
    memcpy(reply.cookie, cookie, sizeof reply.cookie);
    size_t size = peer_cookie_reply_encode(&reply, out, PEER_COOKIE_REPLY_SIZE);
    peer_mac_write(set->mac_key, out, size);
}

bool handshake_is_copy(const struct handshake_pending *pending, const uint8_t packet[static PEER_HANDSHAKE_SIZE]) {
    return pending->active && memcmp(pending->initiation, packet, sizeof pending->initiation) == 0;
}

bool handshake_respond(const struct handshake_pair *pair, const struct key_set *set, const uint8_t *packet,
                       const struct peer_initiation *initiation, uint32_t index, const struct transport *bound_to,
                       uint64_t now, struct handshake_pending *out) {
    uint8_t nothing[1], message[NOISE_XX_2_OVERHEAD];
    size_t payload_size;
    struct handshake_pending pending = {.active = true,
                                        .bound = bound_to != NULL,
                                        .set = set,
                                        .index = index,
                                        .remote_index = initiation->sender_index,
                                        .started = now};
    if (!machine_init(&pending.noise, pair, set, bound_to)) return false;
    if (!noise_read(&pending.noise, initiation->noise, initiation->noise_size, nothing, sizeof nothing, &payload_size))
        return false;
    if (payload_size != 0) return false;
    if (noise_write(&pending.noise, NULL, 0, message, sizeof message) != sizeof message) return false;
    struct peer_answer response = {.sender_index = index,
                                   .receiver_index = initiation->sender_index,
                                   .noise = message,
                                   .noise_size = sizeof message};
    size_t size = peer_response_encode(&response, pending.response, sizeof pending.response);
    peer_mac_write(set->mac_key, pending.response, size);
    memcpy(pending.initiation, packet, sizeof pending.initiation);
    *out = pending;
    sodium_memzero(&pending, sizeof pending);
    return true;
}

static bool result_take(struct noise *noise, struct handshake_result *result) {
    memcpy(result->remote_static, noise->remote_static, sizeof result->remote_static);
    return noise_split(noise, &result->keys);
}

static uint64_t token_make(void) {
    uint8_t bytes[PEER_TOKEN_SIZE];
    randombytes_buf(bytes, sizeof bytes);
    struct reader reader = reader_over(bytes, sizeof bytes);
    return read_u64(&reader);
}

size_t handshake_confirm(const struct handshake_attempt *attempt, const struct peer_answer *response,
                         const struct frame_introduction *introduction, uint8_t *out, size_t capacity,
                         struct handshake_result *result) {
    uint8_t nothing[1], payload[PEER_CONFIRMATION_PAYLOAD_MAX], message[PEER_CONFIRMATION_MAX];
    size_t payload_size;
    struct noise noise = attempt->noise;
    if (!noise_read(&noise, response->noise, response->noise_size, nothing, sizeof nothing, &payload_size)) return 0;
    if (payload_size != 0) return 0;
    struct writer writer = writer_over(payload, sizeof payload);
    write_introduction(&writer, introduction);
    result->token = token_make();
    write_u64(&writer, result->token);
    size_t message_size = noise_write(&noise, payload, writer_size(&writer), message, sizeof message);
    if (message_size == 0 || !result_take(&noise, result)) return 0;
    struct peer_answer confirmation = {.sender_index = attempt->index,
                                       .receiver_index = response->sender_index,
                                       .noise = message,
                                       .noise_size = message_size};
    size_t size = peer_confirmation_encode(&confirmation, out, capacity);
    if (size) peer_mac_write(attempt->set->mac_key, out, size);
    return size;
}

bool handshake_accept(const struct handshake_pair *pair, const struct handshake_pending *pending,
                      const struct peer_answer *confirmation, struct handshake_result *result) {
    uint8_t payload[PEER_CONFIRMATION_PAYLOAD_MAX];
    size_t payload_size;
    struct noise noise = pending->noise;
    if (confirmation->sender_index != pending->remote_index) return false;
    if (!noise_read(&noise, confirmation->noise, confirmation->noise_size, payload, sizeof payload, &payload_size))
        return false;
    struct reader reader = reader_over(payload, payload_size);
    read_introduction(&reader, &result->introduction);
    result->token = read_u64(&reader);
    if (!reader_finished(&reader) || !result_take(&noise, result)) return false;
    return handshake_introduction_valid(pair, &result->introduction, result->remote_static);
}

bool handshake_introduction_valid(const struct handshake_pair *pair, const struct frame_introduction *introduction,
                                  const uint8_t remote_static[static 32]) {
    uint8_t id[MEMBER_ID_SIZE];
    member_id_derive(pair->room, introduction->identity, id);
    return sodium_memcmp(id, pair->other_id, MEMBER_ID_SIZE) == 0 &&
           identity_matches(introduction->identity, remote_static);
}

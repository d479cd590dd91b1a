#include "common/wire/peer_packets.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "common/noise.h"

static_assert(ROOM_MAC_KEY_SIZE == crypto_shorthash_siphashx24_KEYBYTES, "MAC key size");
static_assert(TAG_SIZE == crypto_shorthash_siphashx24_BYTES, "MAC size");
#define INITIATION_NOISE_ROOM 76 /* the Noise message and zeros behind it */
#define ANSWER_OVERHEAD (16 + TAG_SIZE)
#define RESPONSE_NOISE NOISE_XX_2_OVERHEAD
#define CONFIRMATION_NOISE_MIN (NOISE_XX_3_OVERHEAD + PEER_INTRODUCTION_MIN + PEER_TOKEN_SIZE)
#define CONFIRMATION_NOISE_MAX (NOISE_XX_3_OVERHEAD + PEER_CONFIRMATION_PAYLOAD_MAX)

static_assert(ANSWER_OVERHEAD + RESPONSE_NOISE == PEER_HANDSHAKE_SIZE, "RESPONSE size");
static_assert(PEER_INITIATION_HEAD + 2 * TAG_SIZE == PEER_HANDSHAKE_SIZE, "INITIATION size");
static_assert(PEER_COOKIE_SIZE == crypto_shorthash_siphashx24_KEYBYTES, "a cookie is the key of the second MAC");
static_assert(PEER_FRAMES_MAX % FRAMES_ALIGNMENT == 0, "a full DATA packet needs no padding");

void pair_tag_derive(const uint8_t mac_key[static ROOM_MAC_KEY_SIZE], const uint8_t from[static MEMBER_ID_SIZE],
                     const uint8_t to[static MEMBER_ID_SIZE], uint8_t out[static PAIR_TAG_SIZE]) {
    uint8_t message[4 + 2 * MEMBER_ID_SIZE] = {'p', 'a', 'i', 'r'}, hash[TAG_SIZE];
    memcpy(message + 4, from, MEMBER_ID_SIZE);
    memcpy(message + 4 + MEMBER_ID_SIZE, to, MEMBER_ID_SIZE);
    crypto_shorthash_siphashx24(hash, message, sizeof message, mac_key);
    memcpy(out, hash, PAIR_TAG_SIZE);
}

void peer_mac_write(const uint8_t mac_key[static ROOM_MAC_KEY_SIZE], uint8_t *packet, size_t size) {
    assert(size >= PEER_MAC_MIN);
    crypto_shorthash_siphashx24(packet + size - TAG_SIZE, packet, size - TAG_SIZE, mac_key);
}

bool peer_mac_check(const uint8_t mac_key[static ROOM_MAC_KEY_SIZE], const uint8_t *packet, size_t size) {
    uint8_t mac[TAG_SIZE];
    if (size < PEER_MAC_MIN) return false;
    crypto_shorthash_siphashx24(mac, packet, size - TAG_SIZE, mac_key);
    return sodium_memcmp(packet + size - TAG_SIZE, mac, TAG_SIZE) == 0;
}

void peer_second_mac_write(const uint8_t cookie[static PEER_COOKIE_SIZE], uint8_t packet[static PEER_HANDSHAKE_SIZE]) {
    crypto_shorthash_siphashx24(packet + PEER_INITIATION_HEAD, packet, PEER_INITIATION_HEAD, cookie);
}

bool peer_second_mac_check(const uint8_t cookie[static PEER_COOKIE_SIZE],
                           const uint8_t packet[static PEER_HANDSHAKE_SIZE]) {
    uint8_t mac[TAG_SIZE];
    crypto_shorthash_siphashx24(mac, packet, PEER_INITIATION_HEAD, cookie);
    return sodium_memcmp(packet + PEER_INITIATION_HEAD, mac, TAG_SIZE) == 0;
}

static uint32_t read_index(struct reader *reader) {
    uint32_t index = read_u32(reader);
    if (index == 0) reader_fail(reader);
    return index;
}

#define PROBE_PADDING (PEER_PROBE_SIZE - 16 - TAG_SIZE)

bool peer_probe_decode(const uint8_t *packet, size_t size, struct peer_probe *out) {
    struct reader reader = packet_open(packet, size, PEER_PROBE, PEER_PROBE_SIZE, PEER_PROBE_SIZE);
    read_protocol_version(&reader);
    read_zeros(&reader, 6);
    read_bytes(&reader, out->pair_tag, sizeof out->pair_tag);
    read_zeros(&reader, PROBE_PADDING);
    read_skip(&reader, TAG_SIZE);
    return reader_finished(&reader);
}

size_t peer_probe_encode(const struct peer_probe *probe, uint8_t *out, size_t capacity) {
    struct writer writer = packet_start(out, capacity, PEER_PROBE);
    write_u8(&writer, PROTOCOL_VERSION);
    write_zeros(&writer, 6);
    write_bytes(&writer, probe->pair_tag, sizeof probe->pair_tag);
    write_zeros(&writer, PROBE_PADDING + TAG_SIZE);
    return writer_size(&writer);
}

static bool initiation_noise_fits(size_t noise_size) {
    return noise_size == NOISE_XX_1_OVERHEAD || noise_size == NOISE_XX_1_OVERHEAD + SUITE_TAG_SIZE;
}

bool peer_initiation_decode(const uint8_t *packet, size_t size, struct peer_initiation *out) {
    struct reader reader = packet_open(packet, size, PEER_INITIATION, PEER_HANDSHAKE_SIZE, PEER_HANDSHAKE_SIZE);
    if (!initiation_noise_fits(out->noise_size)) return false;
    read_protocol_version(&reader);
    out->bound = read_flag(&reader);
    read_zeros(&reader, 1);
    out->sender_index = read_index(&reader);
    read_bytes(&reader, out->pair_tag, sizeof out->pair_tag);
    out->bound_index = read_u32(&reader);
    if (out->bound != (out->bound_index != 0)) reader_fail(&reader);
    out->noise = read_view(&reader, out->noise_size);
    read_zeros(&reader, INITIATION_NOISE_ROOM - out->noise_size);
    read_bytes(&reader, out->second_mac, sizeof out->second_mac);
    read_skip(&reader, TAG_SIZE);
    return reader_finished(&reader);
}

size_t peer_initiation_encode(const struct peer_initiation *message, uint8_t *out, size_t capacity) {
    struct writer writer = packet_start(out, capacity, PEER_INITIATION);
    if (!initiation_noise_fits(message->noise_size)) return 0;
    write_u8(&writer, PROTOCOL_VERSION);
    write_flag(&writer, message->bound);
    write_zeros(&writer, 1);
    write_u32(&writer, message->sender_index);
    write_bytes(&writer, message->pair_tag, sizeof message->pair_tag);
    write_u32(&writer, message->bound ? message->bound_index : 0);
    write_bytes(&writer, message->noise, message->noise_size);
    write_zeros(&writer, INITIATION_NOISE_ROOM - message->noise_size);
    write_bytes(&writer, message->second_mac, sizeof message->second_mac);
    write_zeros(&writer, TAG_SIZE);
    return writer_size(&writer);
}

/* RESPONSE and CONFIRMATION differ in type and size alone. */
static bool decode_answer(uint8_t type, size_t least, size_t most, const uint8_t *packet, size_t size,
                          struct peer_answer *out) {
    struct reader reader = packet_open(packet, size, type, ANSWER_OVERHEAD + least, ANSWER_OVERHEAD + most);
    read_protocol_version(&reader);
    read_zeros(&reader, 2);
    out->sender_index = read_index(&reader);
    out->receiver_index = read_index(&reader);
    read_zeros(&reader, 4);
    if (reader.failed) return false;
    out->noise_size = size - ANSWER_OVERHEAD;
    out->noise = read_view(&reader, out->noise_size);
    return true;
}

static size_t encode_answer(uint8_t type, size_t least, size_t most, const struct peer_answer *answer, uint8_t *out,
                            size_t capacity) {
    struct writer writer = packet_start(out, capacity, type);
    if (answer->noise_size < least || answer->noise_size > most) return 0;
    write_u8(&writer, PROTOCOL_VERSION);
    write_zeros(&writer, 2);
    write_u32(&writer, answer->sender_index);
    write_u32(&writer, answer->receiver_index);
    write_zeros(&writer, 4);
    write_bytes(&writer, answer->noise, answer->noise_size);
    write_zeros(&writer, TAG_SIZE);
    return writer_size(&writer);
}

bool peer_response_decode(const uint8_t *packet, size_t size, struct peer_answer *out) {
    return decode_answer(PEER_RESPONSE, RESPONSE_NOISE, RESPONSE_NOISE, packet, size, out);
}

size_t peer_response_encode(const struct peer_answer *response, uint8_t *out, size_t capacity) {
    return encode_answer(PEER_RESPONSE, RESPONSE_NOISE, RESPONSE_NOISE, response, out, capacity);
}

bool peer_confirmation_decode(const uint8_t *packet, size_t size, struct peer_answer *out) {
    return decode_answer(PEER_CONFIRMATION, CONFIRMATION_NOISE_MIN, CONFIRMATION_NOISE_MAX, packet, size, out);
}

size_t peer_confirmation_size(const struct peer_answer *confirmation) {
    return ANSWER_OVERHEAD + confirmation->noise_size;
}

size_t peer_confirmation_encode(const struct peer_answer *confirmation, uint8_t *out, size_t capacity) {
    return encode_answer(PEER_CONFIRMATION, CONFIRMATION_NOISE_MIN, CONFIRMATION_NOISE_MAX, confirmation, out,
                         capacity);
}

#define COOKIE_REPLY_PADDING (PEER_COOKIE_REPLY_SIZE - 8 - PEER_ECHO_SIZE - PEER_COOKIE_SIZE - TAG_SIZE)

bool peer_cookie_reply_decode(const uint8_t *packet, size_t size, struct peer_cookie_reply *out) {
    struct reader reader = packet_open(packet, size, PEER_COOKIE_REPLY, PEER_COOKIE_REPLY_SIZE, PEER_COOKIE_REPLY_SIZE);
    read_protocol_version(&reader);
    read_zeros(&reader, 2);
    out->receiver_index = read_index(&reader);
    read_bytes(&reader, out->echo, sizeof out->echo);
    read_bytes(&reader, out->cookie, sizeof out->cookie);
    read_zeros(&reader, COOKIE_REPLY_PADDING);
    read_skip(&reader, TAG_SIZE);
    return reader_finished(&reader);
}

size_t peer_cookie_reply_encode(const struct peer_cookie_reply *reply, uint8_t *out, size_t capacity) {
    struct writer writer = packet_start(out, capacity, PEER_COOKIE_REPLY);
    write_u8(&writer, PROTOCOL_VERSION);
    write_zeros(&writer, 2);
    write_u32(&writer, reply->receiver_index);
    write_bytes(&writer, reply->echo, sizeof reply->echo);
    write_bytes(&writer, reply->cookie, sizeof reply->cookie);
    write_zeros(&writer, COOKIE_REPLY_PADDING + TAG_SIZE);
    return writer_size(&writer);
}

bool peer_data_decode(const uint8_t *packet, size_t size, struct peer_data *out) {
    struct reader reader = packet_open(packet, size, PEER_DATA, PEER_DATA_OVERHEAD, PACKET_MAX);
    read_zeros(&reader, 3);
    out->receiver_index = read_index(&reader);
    out->counter = read_u64(&reader);
    out->sealed_size = reader_left(&reader);
    if (out->sealed_size % FRAMES_ALIGNMENT != 0) reader_fail(&reader);
    out->sealed = read_view(&reader, out->sealed_size);
    return reader_finished(&reader);
}

size_t peer_data_header_encode(uint32_t receiver_index, uint64_t counter, uint8_t *out, size_t capacity) {
    struct writer writer = packet_start(out, capacity, PEER_DATA);
    write_zeros(&writer, 3);
    write_u32(&writer, receiver_index);
    write_u64(&writer, counter);
    return writer_size(&writer);
}

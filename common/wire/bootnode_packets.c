#include "common/wire/bootnode_packets.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "common/noise.h"
#include "common/wire/peer_packets.h"

/* Noise messages with the smallest and the largest body. */
#define REGISTER_NOISE_MIN (NOISE_NK_1_OVERHEAD + REGISTER_BODY_MIN)
#define REGISTER_NOISE_MAX (NOISE_NK_1_OVERHEAD + REGISTER_BODY_MAX)
#define WELCOME_NOISE_MIN (NOISE_NK_2_OVERHEAD + WELCOME_BODY_SIZE)

#define PATH_TAG_SIZE 8
static_assert(BUCKET_BITS <= 16, "bits of a bucket");
static_assert(COOKIE_MESSAGE_MAX <= HELLO_SIZE, "no answer is longer than its request");

#define TYPE_INDEX(type) ((type)-MESSAGE_HELLO)

/* Packet sizes that a sealed type can have; 0 for types that are not sealed. */
struct size_range {
    uint16_t least, most;
};
#define BODY_SIZES(least, most)                                                                                        \
    { SEALED_OVERHEAD + (least), SEALED_OVERHEAD + (most) }

static const struct size_range sealed_sizes[] = {
    [TYPE_INDEX(MESSAGE_CHANGES)] = BODY_SIZES(CHANGES_HEADER_DELTA_SIZE, PACKET_MAX - SEALED_OVERHEAD),
    [TYPE_INDEX(MESSAGE_UPDATE)] = BODY_SIZES(UPDATE_BODY_MIN, UPDATE_BODY_MAX),
    [TYPE_INDEX(MESSAGE_INTRODUCE)] = BODY_SIZES(MEMBER_ID_SIZE, MEMBER_RECORD_MAX),
    [TYPE_INDEX(MESSAGE_MOVE)] = BODY_SIZES(COOKIE_SIZE, COOKIE_SIZE),
    [TYPE_INDEX(MESSAGE_LEAVE)] = BODY_SIZES(LEAVE_BODY_SIZE, LEAVE_BODY_SIZE),
    [TYPE_INDEX(MESSAGE_NOTICE)] = BODY_SIZES(NOTICE_BODY_SIZE, NOTICE_BODY_MAX),
};

bool hello_decode(const uint8_t *packet, size_t size, struct hello *out) {
    struct reader reader = packet_open(packet, size, MESSAGE_HELLO, HELLO_SIZE, PACKET_MAX);
    bool ours = (out->version = read_u8(&reader)) == PROTOCOL_VERSION;
    out->bucket = read_u16(&reader);
    out->nonce = read_u64(&reader);
    read_bytes(&reader, out->key, sizeof out->key);
    out->asks = ours && !sodium_is_zero(out->key, sizeof out->key);
    if (!ours) return !reader.failed; /* what another version puts around the nonce is its own affair */
    if (out->bucket >= BUCKETS) reader_fail(&reader);
    out->homes_silent = read_flag(&reader);
    read_zeros(&reader, reader_left(&reader));
    return reader_finished(&reader);
}

size_t hello_encode(const struct hello *hello, uint8_t *out, size_t capacity) {
    struct writer writer = packet_start(out, capacity, MESSAGE_HELLO);
    write_u8(&writer, hello->version);
    write_u16(&writer, hello->bucket);
    write_u64(&writer, hello->nonce);
    write_bytes(&writer, hello->key, sizeof hello->key);
    write_flag(&writer, hello->homes_silent);
    write_zeros(&writer, HELLO_SIZE - 13 - sizeof hello->key);
    return writer_size(&writer);
}

bool cookie_message_decode(const uint8_t *packet, size_t size, struct cookie_message *out) {
    struct reader reader = packet_open(packet, size, MESSAGE_COOKIE, COOKIE_MESSAGE_SIZE, COOKIE_MESSAGE_MAX);
    read_protocol_version(&reader);
    out->spread_ms = read_u16(&reader);
    out->nonce = read_u64(&reader);
    read_bytes(&reader, out->bootnode_public, sizeof out->bootnode_public);
    read_address(&reader, &out->seen);
    out->homes = (struct named_homes){.replicas = read_u8(&reader), .count = read_u8(&reader)};
    read_cookie(&reader, &out->cookie);
    if (out->homes.replicas != 0 || out->homes.count != 0) read_homes(&reader, &out->homes);
    return reader_finished(&reader);
}

size_t cookie_message_encode(const struct cookie_message *message, uint8_t *out, size_t capacity) {
    struct writer writer = packet_start(out, capacity, MESSAGE_COOKIE);
    write_u8(&writer, PROTOCOL_VERSION);
    write_u16(&writer, message->spread_ms);
    write_u64(&writer, message->nonce);
    write_bytes(&writer, message->bootnode_public, sizeof message->bootnode_public);
    write_address(&writer, &message->seen);
    write_u8(&writer, message->homes.replicas);
    write_u8(&writer, message->homes.count);
    write_cookie(&writer, &message->cookie);
    if (message->homes.replicas != 0) write_homes(&writer, &message->homes);
    return writer_size(&writer);
}

static bool register_noise_fits(size_t noise_size) {
    return noise_size >= REGISTER_NOISE_MIN && noise_size <= REGISTER_NOISE_MAX;
}

bool register_decode(const uint8_t *packet, size_t size, struct register_message *out) {
    struct reader reader = packet_open(packet, size, MESSAGE_REGISTER, REGISTER_SIZE, PACKET_MAX);
    read_protocol_version(&reader);
    out->noise_size = read_u16(&reader);
    if (!register_noise_fits(out->noise_size)) reader_fail(&reader);
    out->attempt = read_u64(&reader);
    read_cookie(&reader, &out->cookie);
    out->noise = read_view(&reader, out->noise_size);
    read_zeros(&reader, reader_left(&reader));
    return reader_finished(&reader);
}

size_t register_start(const struct register_message *message, uint8_t *out, size_t capacity) {
    struct writer writer = packet_start(out, capacity, MESSAGE_REGISTER);
    if (!register_noise_fits(message->noise_size)) return 0;
    write_u8(&writer, PROTOCOL_VERSION);
    write_u16(&writer, (uint16_t)message->noise_size);
    write_u64(&writer, message->attempt);
    write_cookie(&writer, &message->cookie);
    return writer_size(&writer);
}

size_t register_finish(uint8_t *packet, size_t noise_size, size_t capacity) {
    if (capacity < REGISTER_SIZE || !register_noise_fits(noise_size)) return 0;
    if (packet[2] != noise_size >> 8 || packet[3] != (noise_size & 0xff)) return 0;
    memset(packet + REGISTER_HEADER_SIZE + noise_size, 0, REGISTER_SIZE - REGISTER_HEADER_SIZE - noise_size);
    return REGISTER_SIZE;
}

bool welcome_decode(const uint8_t *packet, size_t size, struct welcome_message *out) {
    struct reader reader =
        packet_open(packet, size, MESSAGE_WELCOME, WELCOME_HEADER_SIZE + WELCOME_NOISE_MIN, WELCOME_MAX);
    read_zeros(&reader, 3);
    out->attempt = read_u64(&reader);
    out->noise_size = reader_left(&reader);
    out->noise = read_view(&reader, out->noise_size);
    return reader_finished(&reader);
}

size_t welcome_start(uint64_t attempt, uint8_t *out, size_t capacity) {
    struct writer writer = packet_start(out, capacity, MESSAGE_WELCOME);
    write_zeros(&writer, 3);
    write_u64(&writer, attempt);
    return writer_size(&writer);
}

bool reset_decode(const uint8_t *packet, size_t size, struct reset *out) {
    struct reader reader = packet_open(packet, size, MESSAGE_RESET, RESET_SIZE, RESET_SIZE);
    read_zeros(&reader, 3);
    out->session_id = read_u64(&reader);
    read_bytes(&reader, out->token, sizeof out->token);
    return reader_finished(&reader);
}

size_t reset_encode(const struct reset *reset, uint8_t *out, size_t capacity) {
    struct writer writer = packet_start(out, capacity, MESSAGE_RESET);
    write_zeros(&writer, 3);
    write_u64(&writer, reset->session_id);
    write_bytes(&writer, reset->token, sizeof reset->token);
    return writer_size(&writer);
}

bool refused_decode(const uint8_t *packet, size_t size, struct refused *out) {
    struct reader reader = packet_open(packet, size, MESSAGE_REFUSED, REFUSED_SIZE, REFUSED_SIZE);
    out->reason = (enum refusal)read_u8(&reader);
    if (out->reason < REFUSAL_VERSION || out->reason >= REFUSAL_END) reader_fail(&reader);
    out->retry_s = read_u16(&reader);
    out->nonce = read_u64(&reader);
    return reader_finished(&reader);
}

size_t refused_encode(const struct refused *refused, uint8_t *out, size_t capacity) {
    struct writer writer = packet_start(out, capacity, MESSAGE_REFUSED);
    write_u8(&writer, (uint8_t)refused->reason);
    write_u16(&writer, refused->retry_s);
    write_u64(&writer, refused->nonce);
    return writer_size(&writer);
}

/* The one decoder that runs for nearly every packet: over a reader of constant size the compiler sees that no read can
 * fail, and drops the checks. */
bool beat_decode(const uint8_t *packet, size_t size, struct beat *out) {
    if (size != BEAT_SIZE) return false;
    struct reader reader = reader_over(packet, BEAT_SIZE);
    uint8_t type = read_u8(&reader);
    if (type != MESSAGE_HEARTBEAT && type != MESSAGE_BEAT_ACK) reader_fail(&reader);
    out->flag = read_flag(&reader);
    out->token = read_u16(&reader);
    out->session_id = read_u64(&reader);
    out->counter = read_u32(&reader);
    out->version.epoch = read_u32(&reader);
    out->version.count = read_u32(&reader);
    read_skip(&reader, TAG_SIZE);
    return reader_finished(&reader);
}

/* Ten words, the last four of which are the tag's. */
size_t beat_encode(uint8_t type, const struct beat *beat, uint8_t *out, size_t capacity) {
    const uint32_t words[BEAT_SIZE / 4] = {
        htobe32((uint32_t)type << 24 | (uint32_t)beat->flag << 16 | beat->token),
        htobe32((uint32_t)(beat->session_id >> 32)),
        htobe32((uint32_t)beat->session_id),
        htobe32(beat->counter),
        htobe32(beat->version.epoch),
        htobe32(beat->version.count),
    };
    if (capacity < sizeof words) return 0;
    memcpy(out, words, sizeof words);
    return sizeof words;
}

bool path_decode(const uint8_t *packet, size_t size, struct path_message *out) {
    struct reader reader = packet_open(packet, size, MESSAGE_PATH, PATH_SIZE, PATH_SIZE);
    read_zeros(&reader, 3);
    out->session_id = read_u64(&reader);
    read_cookie(&reader, &out->cookie);
    read_skip(&reader, PATH_TAG_SIZE);
    return reader_finished(&reader);
}

size_t path_encode(const struct path_message *path, uint8_t *out, size_t capacity) {
    struct writer writer = packet_start(out, capacity, MESSAGE_PATH);
    write_zeros(&writer, 3);
    write_u64(&writer, path->session_id);
    write_cookie(&writer, &path->cookie);
    write_zeros(&writer, PATH_TAG_SIZE);
    return writer_size(&writer);
}

bool relay_decode(const uint8_t *packet, size_t size, struct relay_message *out) {
    struct reader reader = packet_open(packet, size, MESSAGE_RELAY, RELAY_OVERHEAD + RELAY_PACKET_MIN, PACKET_MAX);
    read_zeros(&reader, 3);
    out->session_id = read_u64(&reader);
    read_bytes(&reader, out->member_id, sizeof out->member_id);
    out->packet_size = reader.failed ? 0 : size - RELAY_OVERHEAD;
    out->packet = read_view(&reader, out->packet_size);
    read_skip(&reader, TAG_SIZE);
    return reader_finished(&reader) && peer_type(out->packet[0]);
}

size_t relay_encode(const struct relay_message *relay, uint8_t *out, size_t capacity) {
    if (relay->packet_size < RELAY_PACKET_MIN || relay->packet_size > RELAY_PACKET_MAX) return 0;
    if (!peer_type(relay->packet[0])) return 0;
    struct writer writer = packet_start(out, capacity, MESSAGE_RELAY);
    write_zeros(&writer, 3);
    write_u64(&writer, relay->session_id);
    write_bytes(&writer, relay->member_id, sizeof relay->member_id);
    write_bytes(&writer, relay->packet, relay->packet_size);
    write_zeros(&writer, TAG_SIZE);
    return writer_size(&writer);
}

static struct size_range sealed_size(uint8_t type) {
    static const struct size_range none = {UINT16_MAX, 0};
    size_t index = (size_t)TYPE_INDEX(type);
    bool sealed = index < sizeof sealed_sizes / sizeof *sealed_sizes && sealed_sizes[index].most > 0;
    return sealed ? sealed_sizes[index] : none;
}

bool sealed_header_decode(const uint8_t *packet, size_t size, struct sealed_header *out) {
    out->type = size > 0 ? packet[0] : 0;
    struct size_range sizes = sealed_size(out->type);
    struct reader reader = packet_open(packet, size, out->type, sizes.least, sizes.most);
    read_zeros(&reader, 1);
    out->token = read_u16(&reader);
    out->session_id = read_u64(&reader);
    out->counter = read_u64(&reader);
    bool has_token = out->type == MESSAGE_CHANGES || out->type == MESSAGE_INTRODUCE || out->type == MESSAGE_NOTICE;
    if (out->counter == 0 || (out->token != 0 && !has_token)) reader_fail(&reader);
    return !reader.failed;
}

size_t sealed_header_encode(const struct sealed_header *header, uint8_t *out, size_t capacity) {
    struct writer writer = packet_start(out, capacity, header->type);
    write_zeros(&writer, 1);
    write_u16(&writer, header->token);
    write_u64(&writer, header->session_id);
    write_u64(&writer, header->counter);
    return writer_size(&writer);
}

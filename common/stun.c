#include "common/stun.h"

#include <string.h>

#include "common/bytes.h"

#define MAGIC_COOKIE 0x2112a442U
#define FINGERPRINT_XOR 0x5354554eU
#define FINGERPRINT_SIZE 8 /* with its attribute header */
#define FAMILY_IPV4 1
#define FAMILY_IPV6 2
#define COMPREHENSION_OPTIONAL 0x8000

enum message_type { BINDING_REQUEST = 0x0001, BINDING_SUCCESS = 0x0101, BINDING_ERROR = 0x0111 };

enum attribute_type {
    MAPPED_ADDRESS = 0x0001,
    CHANGE_REQUEST = 0x0003,
    SOURCE_ADDRESS = 0x0004,  /* RESPONSE-ORIGIN, */
    CHANGED_ADDRESS = 0x0005, /* OTHER-ADDRESS of RFC 3489 */
    USERNAME = 0x0006,
    MESSAGE_INTEGRITY = 0x0008,
    ERROR_CODE = 0x0009,
    UNKNOWN_ATTRIBUTES = 0x000a,
    REALM = 0x0014,
    NONCE = 0x0015,
    MESSAGE_INTEGRITY_SHA256 = 0x001c,
    PASSWORD_ALGORITHM = 0x001d,
    USERHASH = 0x001e,
    XOR_MAPPED_ADDRESS = 0x0020,
    RESPONSE_PORT = 0x0027,
    FINGERPRINT = 0x8028,
    RESPONSE_ORIGIN = 0x802b,
    OTHER_ADDRESS = 0x802c,
    CLOCK = 0xc0f1, /* ours: PROTOCOL.md §4 */
};

struct attribute {
    uint16_t type;
    uint16_t size;
    const uint8_t *value;
    size_t offset; /* of its header in the message */
};

/* Required attributes of RFC 8489 that a server without credentials may ignore (§6.3.1, §9). */
static bool is_known(uint16_t type) {
    static const uint16_t known[] = {
        MAPPED_ADDRESS, USERNAME, MESSAGE_INTEGRITY,        ERROR_CODE,         UNKNOWN_ATTRIBUTES, REALM,
        NONCE,          USERHASH, MESSAGE_INTEGRITY_SHA256, PASSWORD_ALGORITHM, XOR_MAPPED_ADDRESS,
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i] == type) return true;
    return false;
}

/* ITU V.42, as §14.7 wants; one request is short, so no table. */
static uint32_t crc32(const uint8_t *data, size_t size) {
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320U : 0);
    }
    return ~crc;
}

static bool fingerprint_matches(const uint8_t *message, const struct attribute *attribute) {
    struct reader reader = reader_over(attribute->value, attribute->size);
    uint32_t given = read_u32(&reader);
    return reader_finished(&reader) && given == (crc32(message, attribute->offset) ^ FINGERPRINT_XOR);
}

static struct reader value_of(const struct attribute *attribute) {
    return reader_over(attribute->value, attribute->size);
}

static bool take_change(struct stun_request *request, const struct attribute *attribute) {
    struct reader reader = value_of(attribute);
    request->change_asked = true;
    request->change = (enum stun_change)(read_u32(&reader) & STUN_CHANGE_BOTH);
    return reader_finished(&reader);
}

/* Two bytes and, as some count it, two of padding. */
static bool take_response_port(struct stun_request *request, const struct attribute *attribute) {
    struct reader reader = value_of(attribute);
    request->response_port = read_u16(&reader);
    if (attribute->size == 4) read_skip(&reader, 2);
    return reader_finished(&reader) && request->response_port >= STUN_RESPONSE_PORT_MIN;
}

/* Zero, and as long as the answer, so that this makes no answer longer than its request. */
static void take_clock(struct stun_request *request, const struct attribute *attribute) {
    struct reader reader = value_of(attribute);
    request->clock = read_u64(&reader) == 0 && reader_finished(&reader) && !request->classic;
}

static void note_unknown(struct stun_request *request, uint16_t type) {
    if (request->unknown_count < sizeof request->unknown / sizeof *request->unknown)
        request->unknown[request->unknown_count++] = type;
}

static bool take_attribute(struct stun_request *request, const struct attribute *attribute) {
    if (attribute->type == CHANGE_REQUEST) return take_change(request, attribute);
    if (attribute->type == RESPONSE_PORT) return take_response_port(request, attribute);
    if (attribute->type == CLOCK) take_clock(request, attribute);
    if (attribute->type < COMPREHENSION_OPTIONAL && !is_known(attribute->type)) note_unknown(request, attribute->type);
    return true;
}

static struct attribute read_attribute(struct reader *reader) {
    struct attribute attribute = {.offset = reader->at};
    attribute.type = read_u16(reader);
    attribute.size = read_u16(reader);
    attribute.value = read_view(reader, attribute.size);
    read_skip(reader, (size_t)-attribute.size & 3);
    return attribute;
}

static bool decode_attributes(struct reader *reader, struct stun_request *request) {
    bool sealed = false; /* after MESSAGE-INTEGRITY only FINGERPRINT counts (§14.5) */
    while (reader_left(reader) > 0) {
        struct attribute attribute = read_attribute(reader);
        if (reader->failed) return false;
        if (attribute.type == FINGERPRINT) {
            request->fingerprint = true;
            return reader_finished(reader) && fingerprint_matches(reader->data, &attribute);
        }
        if (!sealed && !take_attribute(request, &attribute)) return false;
        sealed |= attribute.type == MESSAGE_INTEGRITY || attribute.type == MESSAGE_INTEGRITY_SHA256;
    }
    return reader_finished(reader);
}

bool stun_decode_request(const uint8_t *data, size_t size, struct stun_request *out) {
    struct reader reader = reader_over(data, size);
    *out = (struct stun_request){.classic = false};
    uint16_t type = read_u16(&reader), length = read_u16(&reader);
    read_bytes(&reader, out->transaction, sizeof out->transaction);
    if (reader.failed || type != BINDING_REQUEST || length % 4 != 0 || length != reader_left(&reader)) return false;
    struct reader cookie = reader_over(out->transaction, 4);
    out->classic = read_u32(&cookie) != MAGIC_COOKIE;
    return decode_attributes(&reader, out);
}

bool stun_refuse_change(struct stun_request *request) {
    if (request->classic) return request->change == STUN_CHANGE_NOTHING;
    if (request->change_asked) note_unknown(request, CHANGE_REQUEST);
    return true;
}

static void write_address(struct writer *writer, uint16_t type, const struct address *address,
                          const uint8_t mask[static STUN_TRANSACTION_SIZE]) {
    bool ipv4 = address_is_ipv4(address);
    uint16_t size = ipv4 ? 4 : 16;
    uint8_t value[18] = {(uint8_t)(address->port >> 8), (uint8_t)address->port};
    const struct address plain = address_unscoped(*address);
    memcpy(value + 2, plain.ip + sizeof plain.ip - size, size);
    /* The port is masked with the cookie, the address with cookie and transaction id (§14.2). */
    for (size_t i = 0; i < 2; i++) value[i] ^= mask[i];
    for (size_t i = 0; i < size; i++) value[2 + i] ^= mask[i];
    write_u16(writer, type);
    write_u16(writer, (uint16_t)(4 + size));
    write_u16(writer, ipv4 ? FAMILY_IPV4 : FAMILY_IPV6);
    write_bytes(writer, value, 2U + size);
}

static const uint8_t no_mask[STUN_TRANSACTION_SIZE];

static void write_success(struct writer *writer, const struct stun_request *request,
                          const struct stun_response *response) {
    bool classic = request->classic;
    write_address(writer, classic ? MAPPED_ADDRESS : XOR_MAPPED_ADDRESS, &response->mapped,
                  classic ? no_mask : request->transaction);
    if (response->origin.port)
        write_address(writer, classic ? SOURCE_ADDRESS : RESPONSE_ORIGIN, &response->origin, no_mask);
    if (response->other.port)
        write_address(writer, classic ? CHANGED_ADDRESS : OTHER_ADDRESS, &response->other, no_mask);
    if (!request->clock || response->wall_ms == 0) return;
    write_u16(writer, CLOCK);
    write_u16(writer, 8);
    write_u64(writer, response->wall_ms);
}

static void write_unknown(struct writer *writer, const struct stun_request *request) {
    write_u16(writer, ERROR_CODE);
    write_u16(writer, 4);
    write_u32(writer, 4 << 8 | 20); /* class and number of 420; no reason phrase */
    write_u16(writer, UNKNOWN_ATTRIBUTES);
    write_u16(writer, (uint16_t)(2 * request->unknown_count));
    for (size_t i = 0; i < request->unknown_count; i++) write_u16(writer, request->unknown[i]);
    if (request->unknown_count % 2 != 0) write_zeros(writer, 2);
}

/* Sets the length, and adds the fingerprint. */
static size_t finish(struct writer *writer, bool fingerprint) {
    size_t size = writer_size(writer);
    if (size == 0) return 0;
    struct writer length = writer_over(writer->data + 2, 2);
    write_u16(&length, (uint16_t)(size - STUN_HEADER_SIZE + (fingerprint ? FINGERPRINT_SIZE : 0)));
    if (!fingerprint) return size;
    uint32_t sum = crc32(writer->data, size) ^ FINGERPRINT_XOR;
    write_u16(writer, FINGERPRINT);
    write_u16(writer, 4);
    write_u32(writer, sum);
    return writer_size(writer);
}

static struct writer begin(enum message_type type, const uint8_t transaction[static STUN_TRANSACTION_SIZE],
                           uint8_t *out, size_t capacity) {
    struct writer writer = writer_over(out, capacity);
    write_u16(&writer, (uint16_t)type);
    write_u16(&writer, 0);
    write_bytes(&writer, transaction, STUN_TRANSACTION_SIZE);
    return writer;
}

size_t stun_encode_response(const struct stun_request *request, const struct stun_response *response, uint8_t *out,
                            size_t capacity) {
    bool error = request->unknown_count > 0;
    struct writer writer = begin(error ? BINDING_ERROR : BINDING_SUCCESS, request->transaction, out, capacity);
    if (error)
        write_unknown(&writer, request);
    else
        write_success(&writer, request, response);
    return finish(&writer, request->fingerprint);
}

/* --- The client's half --- */

void stun_make_transaction(const uint8_t random[static 12], uint8_t out[static STUN_TRANSACTION_SIZE]) {
    struct writer writer = writer_over(out, STUN_TRANSACTION_SIZE);
    write_u32(&writer, MAGIC_COOKIE);
    write_bytes(&writer, random, 12);
}

size_t stun_encode_request(const struct stun_request *request, uint8_t *out, size_t capacity) {
    struct writer writer = begin(BINDING_REQUEST, request->transaction, out, capacity);
    if (request->change_asked) {
        write_u16(&writer, CHANGE_REQUEST);
        write_u16(&writer, 4);
        write_u32(&writer, request->change);
    }
    if (request->response_port) {
        write_u16(&writer, RESPONSE_PORT);
        write_u16(&writer, 4);
        write_u16(&writer, request->response_port);
        write_zeros(&writer, 2);
    }
    if (request->clock) {
        write_u16(&writer, CLOCK);
        write_u16(&writer, 8);
        write_zeros(&writer, 8);
    }
    return finish(&writer, request->fingerprint);
}

static bool read_address(const struct attribute *attribute, const uint8_t mask[static STUN_TRANSACTION_SIZE],
                         struct address *out) {
    static const uint8_t ipv4_prefix[12] = {[10] = 0xff, [11] = 0xff};
    struct reader reader = value_of(attribute);
    uint8_t value[18], family = (uint8_t)read_u16(&reader);
    size_t size = family == FAMILY_IPV4 ? 4 : 16;
    read_bytes(&reader, value, 2 + size);
    if (!reader_finished(&reader) || (family != FAMILY_IPV4 && family != FAMILY_IPV6)) return false;
    for (size_t i = 0; i < 2; i++) value[i] ^= mask[i];
    for (size_t i = 0; i < size; i++) value[2 + i] ^= mask[i];
    *out = (struct address){.port = (uint16_t)(value[0] << 8 | value[1])};
    if (size == 4) memcpy(out->ip, ipv4_prefix, sizeof ipv4_prefix);
    memcpy(out->ip + sizeof out->ip - size, value + 2, size);
    *out = address_unscoped(*out); /* a scope of the server's would be none of ours */
    return true;
}

/* A class of 3 to 6 and a number below 100 (§14.8); the reason is for people who read English. */
static bool read_error(const struct attribute *attribute, uint16_t *out) {
    struct reader reader = value_of(attribute);
    uint32_t code = read_u32(&reader);
    uint16_t class = code >> 8 & 7, number = code & 0xff;
    *out = (uint16_t)(class * 100 + number);
    return !reader.failed && class >= 3 && class <= 6 && number < 100;
}

struct answer {
    struct stun_response *out;
    const uint8_t *transaction;
    bool masked; /* XOR-MAPPED-ADDRESS was there: MAPPED-ADDRESS, which some routers rewrite, no longer counts */
};

/* Of an attribute that comes twice the last counts; we send no request for which that would matter. */
static bool take_answer(struct answer *answer, const struct attribute *attribute) {
    struct stun_response *out = answer->out;
    struct reader reader = value_of(attribute);
    struct address ignored;
    switch (attribute->type) {
    case XOR_MAPPED_ADDRESS: answer->masked = true; return read_address(attribute, answer->transaction, &out->mapped);
    case MAPPED_ADDRESS: return read_address(attribute, no_mask, answer->masked ? &ignored : &out->mapped);
    case RESPONSE_ORIGIN: return read_address(attribute, no_mask, &out->origin);
    case OTHER_ADDRESS: return read_address(attribute, no_mask, &out->other);
    case ERROR_CODE: return read_error(attribute, &out->error);
    case CLOCK: out->wall_ms = read_u64(&reader); return reader_finished(&reader);
    default: return attribute->type >= COMPREHENSION_OPTIONAL || is_known(attribute->type);
    }
}

static bool take_answers(struct reader *reader, struct answer *answer) {
    while (reader_left(reader) > 0) {
        struct attribute attribute = read_attribute(reader);
        if (reader->failed) return false;
        if (attribute.type == FINGERPRINT)
            return reader_finished(reader) && fingerprint_matches(reader->data, &attribute);
        if (!take_answer(answer, &attribute)) return false;
    }
    return reader_finished(reader);
}

bool stun_decode_response(const uint8_t *data, size_t size, const uint8_t transaction[static STUN_TRANSACTION_SIZE],
                          struct stun_response *out) {
    struct reader reader = reader_over(data, size);
    struct answer answer = {.out = out, .transaction = transaction};
    uint8_t given[STUN_TRANSACTION_SIZE];
    *out = (struct stun_response){.error = 0};
    uint16_t type = read_u16(&reader), length = read_u16(&reader);
    read_bytes(&reader, given, sizeof given);
    if (reader.failed || length % 4 != 0 || length != reader_left(&reader)) return false;
    if (memcmp(given, transaction, sizeof given) != 0 || !take_answers(&reader, &answer)) return false;
    if (type == BINDING_SUCCESS) return out->error == 0 && out->mapped.port != 0;
    return type == BINDING_ERROR && out->error != 0;
}

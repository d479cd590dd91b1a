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
    FINGERPRINT = 0x8028,
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

/* Classic clients always send CHANGE-REQUEST. Without a flag it asks for nothing; with one it asks for an answer from
 * another address, which we do not have: there silence is the answer that such clients understand. */
static bool wants_change(const struct attribute *attribute) {
    struct reader reader = reader_over(attribute->value, attribute->size);
    return read_u32(&reader) != 0 || !reader_finished(&reader);
}

static void note_unknown(struct stun_request *request, uint16_t type) {
    if (request->unknown_count < sizeof request->unknown / sizeof *request->unknown)
        request->unknown[request->unknown_count++] = type;
}

static bool take_attribute(struct stun_request *request, const struct attribute *attribute) {
    if (attribute->type >= COMPREHENSION_OPTIONAL || is_known(attribute->type)) return true;
    if (attribute->type == CHANGE_REQUEST && request->classic) return !wants_change(attribute);
    note_unknown(request, attribute->type);
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

static void write_mapped(struct writer *writer, const struct stun_request *request, const struct address *mapped) {
    bool ipv4 = address_is_ipv4(mapped);
    uint16_t size = ipv4 ? 4 : 16;
    uint8_t value[18] = {(uint8_t)(mapped->port >> 8), (uint8_t)mapped->port};
    memcpy(value + 2, mapped->ip + sizeof mapped->ip - size, size);
    if (!request->classic) {
        /* The port is masked with the cookie, the address with cookie and transaction id (§14.2). */
        for (size_t i = 0; i < 2; i++) value[i] ^= request->transaction[i];
        for (size_t i = 0; i < size; i++) value[2 + i] ^= request->transaction[i];
    }
    write_u16(writer, request->classic ? MAPPED_ADDRESS : XOR_MAPPED_ADDRESS);
    write_u16(writer, (uint16_t)(4 + size));
    write_u16(writer, ipv4 ? FAMILY_IPV4 : FAMILY_IPV6);
    write_bytes(writer, value, 2U + size);
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

static void write_length(uint8_t *message, size_t size) {
    struct writer writer = writer_over(message + 2, 2);
    write_u16(&writer, (uint16_t)(size - STUN_HEADER_SIZE));
}

size_t stun_encode_response(const struct stun_request *request, const struct address *mapped, uint8_t *out,
                            size_t capacity) {
    struct writer writer = writer_over(out, capacity);
    bool error = request->unknown_count > 0;
    write_u16(&writer, error ? BINDING_ERROR : BINDING_SUCCESS);
    write_u16(&writer, 0);
    write_bytes(&writer, request->transaction, sizeof request->transaction);
    if (error)
        write_unknown(&writer, request);
    else
        write_mapped(&writer, request, mapped);
    size_t size = writer_size(&writer);
    if (size == 0) return 0;
    write_length(out, size + (request->fingerprint ? FINGERPRINT_SIZE : 0));
    if (request->fingerprint) {
        uint32_t fingerprint = crc32(out, size) ^ FINGERPRINT_XOR;
        write_u16(&writer, FINGERPRINT);
        write_u16(&writer, 4);
        write_u32(&writer, fingerprint);
    }
    return writer_size(&writer);
}

/* The codec: what it costs to read and write each message that comes often, and to authenticate it. Every row is one
 * call through a pointer; the first row is such a call that does nothing. The bytes are in the cache.
 *
 * usage: codec */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "bench/support/measure.h"
#include "common/link.h"
#include "common/stun.h"

#define OPERATIONS 200000u
#define ENTRIES 3u

struct packet {
    uint8_t data[PACKET_MAX];
    size_t size;
};

static struct packet hello, cookie, registration, beat, path, reset, changes, stun, scratch;
static uint8_t register_body[REGISTER_BODY_MAX], changes_body[PACKET_MAX];
static size_t register_body_size, changes_body_size;
static uint8_t tag_key[LINK_TAG_KEY_SIZE], seal_key[SUITE_KEY_SIZE];
static const struct beat plain_beat = {.session_id = 0x123456789a0001, .counter = 7, .version = {1, 2}};
static const struct sealed_header changes_header = {MESSAGE_CHANGES, 0x123456789a0001, 9, 7};
static struct address public_address;

/* One operation each */

static bool nothing(void) {
    return true;
}

static bool decode_hello(void) {
    struct hello out;
    return hello_decode(hello.data, hello.size, &out);
}

static bool decode_cookie(void) {
    struct cookie_message out;
    return cookie_message_decode(cookie.data, cookie.size, &out);
}

static bool encode_cookie(void) {
    const struct cookie_message message = {.nonce = 1, .seen = public_address};
    return cookie_message_encode(&message, scratch.data, sizeof scratch.data) > 0;
}

static bool decode_register(void) {
    struct register_message out;
    return register_decode(registration.data, registration.size, &out);
}

static bool decode_register_body(void) {
    struct reader reader = reader_over(register_body, register_body_size);
    struct register_body out;
    read_register_body(&reader, &out);
    return reader_finished(&reader);
}

static bool decode_beat(void) {
    struct beat out;
    return beat_decode(beat.data, beat.size, &out);
}

static bool encode_beat(void) {
    return beat_encode(MESSAGE_BEAT_ACK, &plain_beat, scratch.data, sizeof scratch.data) > 0;
}

static bool check_beat(void) {
    return link_check_beat(tag_key, beat.data);
}

static bool tag_beat(void) {
    link_tag_beat(tag_key, scratch.data);
    return true;
}

static bool decode_path(void) {
    struct path_message out;
    return path_decode(path.data, path.size, &out);
}

static bool encode_reset(void) {
    const struct reset message = {.session_id = plain_beat.session_id};
    return reset_encode(&message, scratch.data, sizeof scratch.data) > 0;
}

static bool decode_sealed_header(void) {
    struct sealed_header out;
    return sealed_header_decode(changes.data, changes.size, &out);
}

static bool seal_changes(void) {
    return link_seal(seal_key, &changes_header, changes_body, changes_body_size, scratch.data, sizeof scratch.data) > 0;
}

static bool open_changes(void) {
    size_t size;
    return link_open(seal_key, &changes_header, changes.data, changes.size, scratch.data, &size);
}

static bool decode_changes(void) {
    struct reader reader = reader_over(changes_body, changes_body_size);
    struct changes_header header;
    struct change_entry entry;
    read_changes_header(&reader, &header);
    while (reader_left(&reader) > 0 && !reader.failed) read_change_entry(&reader, header.kind, &entry);
    return reader_finished(&reader);
}

static size_t write_changes(uint8_t *out, size_t capacity) {
    const struct changes_header header = {.kind = CHANGES_DELTA, .to = {1, 2 + ENTRIES}, .from = 2};
    struct change_entry entry = {.change = CHANGE_JOINED, .record = {.suite_mask = 1, .candidates = {.count = 2}}};
    for (size_t i = 0; i < entry.record.candidates.count; i++) entry.record.candidates.items[i] = public_address;
    struct writer writer = writer_over(out, capacity);
    write_changes_header(&writer, &header);
    for (uint8_t i = 0; i < ENTRIES; i++) {
        entry.record.id[0] = i;
        write_change_entry(&writer, &entry);
    }
    return writer_size(&writer);
}

static bool encode_changes(void) {
    return write_changes(scratch.data, sizeof scratch.data) > 0;
}

static bool decode_stun(void) {
    struct stun_request out;
    return stun_decode_request(stun.data, stun.size, &out);
}

static bool encode_stun(void) {
    const struct stun_request request = {.transaction = {0x21, 0x12, 0xa4, 0x42}};
    const struct stun_response response = {.mapped = public_address};
    return stun_encode_response(&request, &response, scratch.data, sizeof scratch.data) > 0;
}

/* The messages that are read */

static void write_register(void) {
    struct register_body body = {.suite_mask = 1, .revision = 1, .candidates = {.count = 2}};
    for (size_t i = 0; i < body.candidates.count; i++) body.candidates.items[i] = public_address;
    struct writer writer = writer_over(register_body, sizeof register_body);
    write_register_body(&writer, &body);
    register_body_size = writer_size(&writer);
    const struct register_message message = {.attempt = 1, .noise_size = NOISE_NK_1_OVERHEAD + register_body_size};
    (void)register_start(&message, registration.data, PACKET_MAX);
    registration.size = register_finish(registration.data, message.noise_size, PACKET_MAX);
}

static void write_messages(void) {
    static const uint8_t binding_request[STUN_HEADER_SIZE] = {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42};
    if (!address_parse("198.51.100.7:9595", 0, &public_address)) measure_die("codec: no address");
    randombytes_buf(tag_key, sizeof tag_key);
    randombytes_buf(seal_key, sizeof seal_key);
    hello.size = hello_encode(&(struct hello){.version = PROTOCOL_VERSION, .nonce = 1}, hello.data, PACKET_MAX);
    cookie.size =
        cookie_message_encode(&(struct cookie_message){.nonce = 1, .seen = public_address}, cookie.data, PACKET_MAX);
    write_register();
    beat.size = beat_encode(MESSAGE_HEARTBEAT, &plain_beat, beat.data, PACKET_MAX);
    link_tag_beat(tag_key, beat.data);
    path.size = path_encode(&(struct path_message){.session_id = plain_beat.session_id}, path.data, PACKET_MAX);
    reset.size = reset_encode(&(struct reset){.session_id = plain_beat.session_id}, reset.data, PACKET_MAX);
    changes_body_size = write_changes(changes_body, sizeof changes_body);
    changes.size =
        link_seal(seal_key, &changes_header, changes_body, changes_body_size, changes.data, sizeof changes.data);
    memcpy(stun.data, binding_request, sizeof binding_request);
    stun.size = sizeof binding_request;
}

/* A row of the table */

struct row {
    const char *name;
    bool (*once)(void);
};

static const struct row rows[] = {
    {"nothing", nothing},
    {"HEARTBEAT decode", decode_beat},
    {"HEARTBEAT check tag", check_beat},
    {"BEAT_ACK encode", encode_beat},
    {"BEAT_ACK tag", tag_beat},
    {"STUN request decode", decode_stun},
    {"STUN response encode", encode_stun},
    {"HELLO decode", decode_hello},
    {"COOKIE encode", encode_cookie},
    {"COOKIE decode", decode_cookie},
    {"REGISTER decode", decode_register},
    {"REGISTER body decode, 2 candidates", decode_register_body},
    {"PATH decode", decode_path},
    {"RESET encode", encode_reset},
    {"sealed header decode", decode_sealed_header},
    {"CHANGES body encode, 3 joined", encode_changes},
    {"CHANGES body decode, 3 joined", decode_changes},
    {"CHANGES seal", seal_changes},
    {"CHANGES open", open_changes},
};
#define ROWS (sizeof rows / sizeof *rows)

static void repeat(void *context, size_t operations) {
    const struct row *row = context;
    bool (*volatile once)(void) = row->once;
    for (size_t i = 0; i < operations; i++)
        if (!once()) measure_die(row->name);
}

int main(void) {
    struct variant variants[ROWS];
    struct row copies[ROWS];
    if (sodium_init() < 0) measure_die("codec: no libsodium");
    write_messages();
    memcpy(copies, rows, sizeof rows);
    for (size_t i = 0; i < ROWS; i++)
        variants[i] =
            (struct variant){.name = copies[i].name, .operations = OPERATIONS, .run = repeat, .context = &copies[i]};
    measure("one message, in the cache", variants, ROWS);
    return 0;
}

#include "client/message/message.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/bytes.h"
#include "common/memory.h"

#define CONTEXT "gochat message 3"
#define CONTEXT_SIZE (sizeof CONTEXT - 1)
#define PREFIX_SIZE (CONTEXT_SIZE + ROOM_ID_SIZE)

/* What is signed: context, room id, and the message up to its signature. */
static uint8_t *signed_bytes(const uint8_t *room_id, const uint8_t *message, size_t size) {
    uint8_t *bytes = allocate(PREFIX_SIZE + size);
    memcpy(bytes, CONTEXT, CONTEXT_SIZE);
    memcpy(bytes + CONTEXT_SIZE, room_id, ROOM_ID_SIZE);
    memcpy(bytes + PREFIX_SIZE, message, size);
    return bytes;
}

static void sign(const struct identity *identity, const uint8_t *room_id, uint8_t *message, size_t size) {
    uint8_t *bytes = signed_bytes(room_id, message, size);
    crypto_sign_detached(message + size, NULL, bytes, PREFIX_SIZE + size, identity->secret);
    free(bytes);
}

static bool is_signed(const uint8_t *author, const uint8_t *room_id, const uint8_t *message, size_t size) {
    uint8_t *bytes = signed_bytes(room_id, message, size);
    bool valid = crypto_sign_verify_detached(message + size, bytes, PREFIX_SIZE + size, author) == 0;
    free(bytes);
    return valid;
}

static bool is_text(const char *text, size_t size) {
    return size > 0 && size <= MESSAGE_TEXT_MAX && text_is_utf8(text, size);
}

static bool is_nick(const char *nick, size_t size) {
    return size > 0 && size <= TEXT_NICK_MAX && text_is_utf8(nick, size);
}

size_t message_encode(const struct identity *identity, const uint8_t room_id[static ROOM_ID_SIZE],
                      const struct chat_message *message, uint8_t *out, size_t capacity) {
    struct writer writer = writer_over(out, capacity);
    size_t size;
    if (!is_text(message->text, message->text_size) || !is_nick(message->nick, message->nick_size)) return 0;
    write_u8(&writer, MESSAGE_VERSION);
    write_u8(&writer, (uint8_t)message->kind);
    write_bytes(&writer, identity->public, sizeof identity->public);
    write_u64(&writer, message->run);
    write_u64(&writer, message->sequence);
    write_u64(&writer, message->sent_ms);
    write_u32(&writer, (uint32_t)message->text_size);
    if (message->kind == CHAT_PRIVATE) write_bytes(&writer, message->recipient, sizeof message->recipient);
    write_u8(&writer, (uint8_t)message->nick_size);
    write_bytes(&writer, message->nick, message->nick_size);
    write_bytes(&writer, message->text, message->text_size);
    size = writer_size(&writer);
    if (!write_space(&writer, crypto_sign_BYTES)) return 0;
    sign(identity, room_id, out, size);
    return writer_size(&writer);
}

bool message_parse(const uint8_t *data, size_t size, struct chat_message *out) {
    struct reader reader = reader_over(data, size);
    uint8_t version = read_u8(&reader), kind = read_u8(&reader);
    memset(out, 0, sizeof *out);
    if (version != MESSAGE_VERSION || kind >= CHAT_KINDS) return false;
    out->kind = (enum chat_kind)kind;
    read_bytes(&reader, out->author, sizeof out->author);
    out->run = read_u64(&reader);
    out->sequence = read_u64(&reader);
    out->sent_ms = read_u64(&reader);
    out->text_size = read_u32(&reader);
    if (kind == CHAT_PRIVATE) read_bytes(&reader, out->recipient, sizeof out->recipient);
    out->nick_size = read_u8(&reader);
    out->nick = (const char *)read_view(&reader, out->nick_size);
    out->text = (const char *)read_view(&reader, out->text_size);
    read_skip(&reader, crypto_sign_BYTES);
    if (!reader_finished(&reader) || out->sequence == 0) return false;
    return is_nick(out->nick, out->nick_size) && is_text(out->text, out->text_size);
}

bool message_verify(const uint8_t *data, size_t size, const uint8_t room_id[static ROOM_ID_SIZE],
                    const struct chat_message *message) {
    return is_signed(message->author, room_id, data, size - crypto_sign_BYTES);
}

bool message_decode(const uint8_t *data, size_t size, const uint8_t room_id[static ROOM_ID_SIZE],
                    struct chat_message *out) {
    return message_parse(data, size, out) && message_verify(data, size, room_id, out);
}

void message_id_format(enum chat_kind kind, uint64_t run, uint64_t sequence, char out[static MESSAGE_ID_TEXT_SIZE]) {
    snprintf(out, MESSAGE_ID_TEXT_SIZE, "%016" PRIx64 "-%s%" PRIu64, run, kind == CHAT_PRIVATE ? "p" : "", sequence);
}

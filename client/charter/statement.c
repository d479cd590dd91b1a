#include "client/charter/statement.h"

#include <sodium.h>

#include "common/text.h"

#define CONTEXT "gochat charter 1"
#define CONTEXT_SIZE (sizeof CONTEXT - 1)
#define SIGNED_MAX (CONTEXT_SIZE + ROOM_ID_SIZE + STATEMENT_HEAD_SIZE + STATEMENT_BODY_MAX)

static void write_said(struct writer *writer, const struct statement *statement) {
    write_u8(writer, (uint8_t)statement->kind);
    write_u64(writer, statement->stamp);
    write_bytes(writer, statement->subject, sizeof statement->subject);
    write_bytes(writer, statement->author, sizeof statement->author);
    write_u16(writer, (uint16_t)statement->body_size);
    write_bytes(writer, statement->body, statement->body_size);
}

/* What is signed, which may be an epoch's secret; returns its size. */
static size_t signed_bytes(const struct statement *statement, const uint8_t *room, uint8_t out[static SIGNED_MAX]) {
    struct writer writer = writer_over(out, SIGNED_MAX);
    write_bytes(&writer, CONTEXT, CONTEXT_SIZE);
    write_bytes(&writer, room, ROOM_ID_SIZE);
    write_said(&writer, statement);
    return writer_size(&writer);
}

void statement_sign(struct statement *statement, const uint8_t room[static ROOM_ID_SIZE],
                    const struct identity *identity) {
    uint8_t bytes[SIGNED_MAX];
    memcpy(statement->author, identity->public, sizeof statement->author);
    size_t size = signed_bytes(statement, room, bytes);
    crypto_sign_detached(statement->signature, NULL, bytes, size, identity->secret);
    sodium_memzero(bytes, sizeof bytes);
}

bool statement_verify(const struct statement *statement, const uint8_t room[static ROOM_ID_SIZE]) {
    uint8_t bytes[SIGNED_MAX];
    size_t size = signed_bytes(statement, room, bytes);
    bool right = crypto_sign_verify_detached(statement->signature, bytes, size, statement->author) == 0;
    sodium_memzero(bytes, sizeof bytes);
    return right;
}

void statement_write(struct writer *writer, const struct statement *statement) {
    write_said(writer, statement);
    write_bytes(writer, statement->signature, sizeof statement->signature);
}

bool statement_holds(const struct statement *statement) {
    if (statement->body_size > STATEMENT_BODY_MAX) return false;
    if (statement->kind != STATEMENT_PERSON && !sodium_is_zero(statement->subject, sizeof statement->subject))
        return false;
    switch (statement->kind) {
    case STATEMENT_PERSON: return statement->body_size == 1 && statement->body[0] < STANDING_SAID;
    case STATEMENT_EPOCH: return statement->body_size == STATEMENT_EPOCH_BODY;
    case STATEMENT_TOPIC: return text_is_utf8((const char *)statement->body, statement->body_size);
    case STATEMENT_RULE: return statement->body_size == 1 && statement->body[0] < MEMBERSHIP_RULES;
    case STATEMENT_KINDS: break;
    }
    return false;
}

bool statement_read(struct reader *reader, struct statement *out) {
    memset(out, 0, sizeof *out);
    uint8_t kind = read_u8(reader);
    out->kind = kind < STATEMENT_KINDS ? (enum statement_kind)kind : STATEMENT_KINDS;
    out->stamp = read_u64(reader);
    read_bytes(reader, out->subject, sizeof out->subject);
    read_bytes(reader, out->author, sizeof out->author);
    out->body_size = read_u16(reader);
    if (out->body_size > sizeof out->body) reader_fail(reader);
    read_bytes(reader, out->body, reader->failed ? 0 : out->body_size);
    read_bytes(reader, out->signature, sizeof out->signature);
    if (!reader->failed && !statement_holds(out)) reader_fail(reader);
    return !reader->failed;
}

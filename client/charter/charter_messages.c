#include "client/charter/charter_messages.h"

#include <sodium.h>
#include <string.h>

size_t charter_digest_encode(const uint8_t digest[static CHARTER_DIGEST_SIZE],
                             uint8_t out[static CHARTER_DIGEST_MESSAGE_SIZE]) {
    struct writer writer = writer_over(out, CHARTER_DIGEST_MESSAGE_SIZE);
    write_u8(&writer, CHARTER_DIGEST);
    write_bytes(&writer, digest, CHARTER_DIGEST_SIZE);
    return writer_size(&writer);
}

bool charter_digest_decode(const uint8_t *data, size_t size, uint8_t digest[static CHARTER_DIGEST_SIZE]) {
    struct reader reader = reader_over(data, size);
    if (read_u8(&reader) != CHARTER_DIGEST) return false;
    read_bytes(&reader, digest, CHARTER_DIGEST_SIZE);
    return reader_finished(&reader);
}

size_t charter_verdict_encode(enum verdict verdict, uint8_t out[static 2]) {
    out[0] = CHARTER_VERDICT;
    out[1] = (uint8_t)verdict;
    return 2;
}

bool charter_verdict_decode(const uint8_t *data, size_t size, enum verdict *verdict) {
    if (size != 2 || data[0] != CHARTER_VERDICT || data[1] == 0 || data[1] >= VERDICTS) return false;
    *verdict = (enum verdict)data[1];
    return true;
}

size_t charter_statements_encode(enum charter_telling telling, const struct founding *founding,
                                 const struct statement *const *statements, size_t count, uint8_t *out,
                                 size_t capacity) {
    struct writer writer = writer_over(out, capacity);
    if (count > CHARTER_STATEMENTS_MAX) return 0;
    write_u8(&writer, CHARTER_STATEMENTS);
    write_u8(&writer, (uint8_t)telling);
    write_bytes(&writer, founding->owner, sizeof founding->owner);
    write_bytes(&writer, founding->nonce, sizeof founding->nonce);
    write_u8(&writer, (uint8_t)count);
    for (size_t i = 0; i < count; i++) statement_write(&writer, statements[i]);
    return writer_size(&writer);
}

bool charter_statements_decode(const uint8_t *data, size_t size, struct charter_statements *out) {
    struct statement ignored;
    out->reader = reader_over(data, size);
    if (read_u8(&out->reader) != CHARTER_STATEMENTS) return false;
    out->telling = (enum charter_telling)read_u8(&out->reader);
    read_bytes(&out->reader, out->founding.owner, sizeof out->founding.owner);
    read_bytes(&out->reader, out->founding.nonce, sizeof out->founding.nonce);
    out->count = read_u8(&out->reader);
    if (out->telling >= TELLINGS || out->count > CHARTER_STATEMENTS_MAX) return false;
    struct reader ahead = out->reader;
    for (size_t i = 0; i < out->count && statement_read(&ahead, &ignored); i++) continue;
    sodium_memzero(&ignored, sizeof ignored);
    return reader_finished(&ahead);
}

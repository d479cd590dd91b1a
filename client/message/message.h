/* A chat message as it travels and as others may pass it on: signed by its author. PROTOCOL.md §3.3 "A message". */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/keys/identity.h"
#include "common/attributes.h"
#include "common/names.h"
#include "common/text.h"

#define MESSAGE_VERSION 3 /* the first byte */
#define MESSAGE_TEXT_MAX 65536
/* At most: only a private one names its recipient, and nicks are of 1 to TEXT_NICK_MAX bytes. */
#define MESSAGE_OVERHEAD (62 + MEMBER_ID_SIZE + 1 + TEXT_NICK_MAX + 64)
#define MESSAGE_ID_TEXT_SIZE 40 /* "0123456789abcdef-p18446744073709551615" and the zero */

/* A message's kind, also on the wire (PROTOCOL.md §3.3). Values above CHAT_KINDS are of later versions. */
enum chat_kind {
    CHAT_TEXT,
    CHAT_ACTION,  /* /me */
    CHAT_NICK,    /* the text is the author's nick from now on; never in an event or input */
    CHAT_PRIVATE, /* to one peer alone */
    CHAT_KINDS,
};

struct chat_message {
    enum chat_kind kind;
    uint8_t author[32];                /* Ed25519 */
    uint8_t recipient[MEMBER_ID_SIZE]; /* of a private one; else zero */
    uint64_t run, sequence, sent_ms;   /* private ones have a sequence of their own */
    const char *nick;                  /* into the packet, like the text: not zero-terminated, not filtered */
    size_t nick_size;
    const char *text;
    size_t text_size;
};

/* Returns the size, 0 when text or nick are too long, empty or no UTF-8, or `capacity` is small. The author is the
 * identity. */
MUST_USE size_t message_encode(const struct identity *identity, const uint8_t room_id[static ROOM_ID_SIZE],
                               const struct chat_message *message, uint8_t *out, size_t capacity);
/* Checks form and UTF-8, but not the signature. False also for kinds of later versions. */
MUST_USE bool message_parse(const uint8_t *data, size_t size, struct chat_message *out);
/* The signature alone, of a message that message_parse took: it costs more than all other checks together, so it comes
 * after them. */
MUST_USE bool message_verify(const uint8_t *data, size_t size, const uint8_t room_id[static ROOM_ID_SIZE],
                             const struct chat_message *message);
/* Both. */
MUST_USE bool message_decode(const uint8_t *data, size_t size, const uint8_t room_id[static ROOM_ID_SIZE],
                             struct chat_message *out);
/* "<run in 16 hex digits>-<sequence>", with a 'p' before a private one's sequence. */
void message_id_format(enum chat_kind kind, uint64_t run, uint64_t sequence, char out[static MESSAGE_ID_TEXT_SIZE]);

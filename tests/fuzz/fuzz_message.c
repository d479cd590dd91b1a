/* Chat messages, as a member sends them who signs whatever there is: what is taken is exactly what would be said. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "client/message/message.h"
#include "common/text.h"

#define AUTHOR_OFFSET 2
#define SIGNED_MIN 62
#define CONTEXT "gochat message 3"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t room_tag[ROOM_TAG_SIZE] = "a room's own tag";

static void require(bool condition) {
    if (!condition) abort();
}

/* The data with the author's key in its place, and signed. */
static uint8_t *sign(const struct identity *author, const uint8_t *data, size_t size) {
    uint8_t *whole = malloc(size + crypto_sign_BYTES);
    size_t prefix = sizeof CONTEXT - 1 + sizeof room_tag;
    uint8_t *prefixed = malloc(prefix + size);
    require(whole != NULL && prefixed != NULL);
    memcpy(whole, data, size);
    memcpy(whole + AUTHOR_OFFSET, author->public, sizeof author->public);
    memcpy(prefixed, CONTEXT, sizeof CONTEXT - 1);
    memcpy(prefixed + sizeof CONTEXT - 1, room_tag, sizeof room_tag);
    memcpy(prefixed + prefix, whole, size);
    crypto_sign_detached(whole + size, NULL, prefixed, prefix + size, author->secret);
    free(prefixed);
    return whole;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint8_t seed[32] = {1};
    struct identity author;
    struct chat_message message;
    char id[MESSAGE_ID_TEXT_SIZE];
    identity_from_seed(seed, &author);
    require(!message_decode(data, size, room_tag, &message)); /* nobody signed it */
    if (size < SIGNED_MIN) return 0;                          /* signing takes longer than all else here */
    uint8_t *whole = sign(&author, data, size);
    if (message_decode(whole, size + crypto_sign_BYTES, room_tag, &message)) {
        uint8_t *again = malloc(size + crypto_sign_BYTES);
        require(again != NULL);
        require(message.kind < CHAT_KINDS && message.sequence > 0 && message.text_size > 0);
        require(text_is_utf8(message.text, message.text_size));
        require(message.nick_size > 0 && message.nick_size <= TEXT_NICK_MAX);
        require(text_is_utf8(message.nick, message.nick_size));
        require(message_encode(&author, room_tag, &message, again, size + crypto_sign_BYTES) ==
                size + crypto_sign_BYTES);
        require(memcmp(again, whole, size + crypto_sign_BYTES) == 0);
        require(message_encode(&author, room_tag, &message, again, size + crypto_sign_BYTES - 1) == 0);
        message_id_format(message.kind, message.run, message.sequence, id);
        require(strlen(id) < sizeof id);
        free(again);
    }
    free(whole);
    return 0;
}

#include "bootnode/table/tokens.h"

#include <assert.h>
#include <sodium.h>

static_assert(crypto_shorthash_siphashx24_KEYBYTES == sizeof((struct tokens *)0)->key, "size of the key");
static_assert(crypto_shorthash_siphashx24_BYTES == sizeof((struct tokens *)0)->drawn, "all of the hash is used");

void tokens_draw(struct tokens *tokens) {
    if (tokens->number++ == 0) randombytes_buf(tokens->key, sizeof tokens->key);
    crypto_shorthash_siphashx24((uint8_t *)tokens->drawn, (const uint8_t *)&tokens->number, sizeof tokens->number,
                                tokens->key);
    tokens->left = TOKENS_DRAWN;
}

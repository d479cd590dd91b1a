/* Tokens, which a client echoes to show that it hears (session.h): 16 bits each, which nobody can foretell who knows
 * all the others. SipHash of a number that rises, under a key of their own, a quarter of it for each: BEAT_ACK needs
 * one, and a hash for each would make it a tenth dearer. Two together are what else must not be foretold and is no
 * secret: asking the kernel for each would be a system call.
 *
 * One for each worker, one for each shard, used under its mutex, and one for its slabs. All zero at first. */
#pragma once

#include <stdint.h>

#define TOKENS_DRAWN 8

struct tokens {
    uint8_t key[16];
    uint64_t number; /* 0: there is no key yet */
    uint16_t drawn[TOKENS_DRAWN];
    unsigned left;
};

/* Draws TOKENS_DRAWN more. */
void tokens_draw(struct tokens *tokens);
static inline uint16_t tokens_next(struct tokens *tokens) {
    if (tokens->left == 0) tokens_draw(tokens);
    return tokens->drawn[--tokens->left];
}
/* Two of them, as one number. */
static inline uint32_t tokens_next_pair(struct tokens *tokens) {
    uint32_t high = tokens_next(tokens);
    return high << 16 | tokens_next(tokens);
}

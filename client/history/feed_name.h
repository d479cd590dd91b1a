/* The name of a feed: one author in one run, of whom messages are counted from 1 on. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct feed_name {
    uint8_t author[32]; /* Ed25519 */
    uint64_t run;
};

static inline struct feed_name feed_name_of(const uint8_t author[static 32], uint64_t run) {
    struct feed_name name = {.run = run};
    memcpy(name.author, author, sizeof name.author);
    return name;
}

static inline bool feed_name_equal(const struct feed_name *a, const struct feed_name *b) {
    return a->run == b->run && memcmp(a->author, b->author, sizeof a->author) == 0;
}

/* One HELLO as the doctor lives it: says it, says it again, takes the COOKIE or REFUSED that answers (PROTOCOL.md
 * §2.2). Pure: times in, packets in and out.
 *
 * An answer counts from where HELLO went, with the nonce of one of its tries; each has its own, so that a late answer
 * says how long it took. Where another key is shown than the caller knows, that one is asked for, once. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/attributes.h"
#include "common/wire/bootnode_packets.h"

#define GREETING_WAIT_MS 500 /* for each try */
#define GREETING_TRIES 5     /* at most: what PROTOCOL.md §2.6 allows where nobody has answered yet */

enum greeting_state { GREETING_UNUSED, GREETING_WAITING, GREETING_ANSWERED, GREETING_REFUSED, GREETING_SILENT };

struct greeting {
    enum greeting_state state;
    struct address to;
    struct hello hello;
    bool answered; /* by COOKIE: the next two are known, whatever the state */
    struct cookie_message cookie;
    uint64_t rtt_ms;
    enum refusal refusal; /* of GREETING_REFUSED */
    uint64_t nonce;       /* of the first try; 1 more for each other one */
    unsigned tries, sent;
    uint64_t sent_at[GREETING_TRIES];
    uint64_t due; /* the next try, or the end of patience */
};

/* The first packet is due at `now`. `tries`: 1 … GREETING_TRIES. */
void greeting_start(struct greeting *greeting, const struct address *to, uint16_t bucket, unsigned tries, uint64_t now);
/* It was answered: whether the node has this key, too. Where that is not answered, what was said before stands. */
void greeting_ask_key(struct greeting *greeting, const uint8_t key[static 32], uint64_t now);
/* When tick has something to do; NEVER once it is over. */
uint64_t greeting_due(const struct greeting *greeting);
/* The size of the packet to send to `to` now, or 0; then it may have become silent. */
MUST_USE size_t greeting_tick(struct greeting *greeting, uint64_t now, uint8_t out[static HELLO_SIZE]);
/* True for the answer to it, which ends it. */
MUST_USE bool greeting_receive(struct greeting *greeting, const struct address *from, const uint8_t *data, size_t size,
                               uint64_t now);
static inline bool greeting_shows(const struct greeting *greeting, const uint8_t key[static 32]) {
    return greeting->answered && memcmp(greeting->cookie.bootnode_public, key, 32) == 0;
}

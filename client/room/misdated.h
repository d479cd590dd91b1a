/* Messages that were passed on, and not taken because of the times that they bear: whose they are and how many, to be
 * told to people. Pure; PROTOCOL.md §3.5 rule 5.
 *
 * Invariants: each message of an author's run counts once, as far as its author is remembered: MISDATED_AUTHORS of
 * them, those with something to tell last to be forgotten. There is nothing to tell before MISDATED_WAIT_MS have passed
 * since the first, since the author may bring them itself, nor twice within MISDATED_EVERY_MS: so nobody who passes on
 * old ones for ever fills a screen. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/history/feed_name.h"
#include "client/message/message.h"
#include "common/attributes.h"
#include "common/text.h"

#define MISDATED_AUTHORS 8
#define MISDATED_WAIT_MS 3000
#define MISDATED_EVERY_MS 60000

struct misdated_author {
    struct feed_name feed;
    char nick[TEXT_NICK_MAX + 1]; /* by its own word */
    uint64_t highest;             /* sequence; what comes below it was counted */
    uint64_t count;               /* that nobody was told of; 0: the place may be taken */
};

struct misdated {
    struct misdated_author authors[MISDATED_AUTHORS];
    uint64_t others;    /* of authors that there was no room for */
    uint64_t due;       /* 0: there is nothing to tell */
    uint64_t not_again; /* before */
};

/* Would it count, as far as its author is remembered? */
MUST_USE bool misdated_is_news(const struct misdated *misdated, const struct chat_message *chat);
/* Zeroed is empty. */
void misdated_add(struct misdated *misdated, const struct chat_message *chat, uint64_t now);
/* When there is something to tell; NEVER. */
uint64_t misdated_due(const struct misdated *misdated);
/* All that there is to tell now: into `out` (MISDATED_AUTHORS), and those of others. Returns how many authors. */
size_t misdated_take(struct misdated *misdated, struct misdated_author *out, uint64_t *others, uint64_t now);

/* Somebody who has another secret is in another room, and so is who misspelt one: they see nobody, and nothing is
 * wrong. When that is to be told, once. Pure.
 *
 * Who joins a room with a secret and is told of nobody there for SOLITUDE_EMPTY_MS, or only of members who prove
 * nothing for SOLITUDE_UNPROVEN_MS, hears about it, unless somebody was connected meanwhile. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SOLITUDE_EMPTY_MS 5000
#define SOLITUDE_UNPROVEN_MS 15000 /* more than the slowest way through NATs takes */

struct solitude {
    bool over;      /* there is nothing (more) to tell */
    uint64_t since; /* the first whole list of members; 0: it has not come */
};

enum solitude_news { SOLITUDE_NONE, SOLITUDE_EMPTY, SOLITUDE_UNPROVEN };

/* The list of members is whole. */
void solitude_begin(struct solitude *solitude, uint64_t now);
/* Somebody proved to have the secret, or there is none. */
void solitude_end(struct solitude *solitude);
/* `listed`: how many members there are besides us. */
uint64_t solitude_due(const struct solitude *solitude, size_t listed);
enum solitude_news solitude_take(struct solitude *solitude, size_t listed, uint64_t now);

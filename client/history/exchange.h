/* What one member of a room offers of the history and was asked for, and what it asked for. PROTOCOL.md §3.5. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/history/codec.h"

#define HISTORY_PATIENCE_MS 1500 /* for a summary, an answer, somebody to ask */
#define EXCHANGE_ASKS 64         /* remembered a peer: answers may come late */
#define EXCHANGE_REQUESTS 32     /* of a peer that wait for their answer */

struct exchange_request {
    struct history_range range;
    uint64_t next;          /* sequence to look for; 0: none is left */
    uint64_t since, number; /* of what is found there: backlog.h */
};

struct exchange {
    bool summarised; /* it said what it holds, since it was greeted */
    uint64_t greeted, summary_at;
    struct backlog_row *rows; /* what it holds that was not asked for yet */
    size_t row_count;
    struct {
        struct history_range range;
        bool open; /* somebody waits for the answer */
    } asks[EXCHANGE_ASKS];
    size_t ask_count;
    struct exchange_request requests[EXCHANGE_REQUESTS]; /* in the order they came */
    size_t request_count;
    size_t under_way;        /* bytes of all this that it has not acknowledged */
    uint64_t tokens, filled; /* bytes that it may still have; ms */
};

void exchange_init(struct exchange *exchange, uint64_t now);
void exchange_clear(struct exchange *exchange);

/* What one member of a room offers of the history and was asked for, and what it asks for. Pure: what is to be sent
 * comes as a message to queue, what came in as news. PROTOCOL.md §3.5. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/history/backlog.h"
#include "client/history/codec.h"
#include "client/history/shares.h"
#include "common/attributes.h"
#include "common/bucket.h"
#include "common/names.h"

#define HISTORY_PATIENCE_MS 1500 /* for a summary, an answer, somebody to ask; more for who is far away */
#define EXCHANGE_ASKS 64         /* remembered a member: answers may come late */
#define EXCHANGE_REQUESTS 32     /* of a member that wait for their answer */

struct exchange_request {
    struct history_range range;
    uint64_t next;          /* sequence to look for; 0: none is left */
    uint64_t since, number; /* of what is found there: backlog.h */
};

struct exchange {
    void *owner; /* the caller's: whom it is with */
    uint8_t id[MEMBER_ID_SIZE];
    uint64_t greeted;         /* ms; before that, when it began */
    bool summarised;          /* it said what it holds, since it was greeted */
    uint64_t summary_at;      /* ms; 0: never */
    struct backlog_row *rows; /* what it holds that was not asked for yet */
    size_t row_count;
    struct {
        struct history_range range;
        bool open; /* somebody waits for the answer */
    } asks[EXCHANGE_ASKS];
    size_t ask_count;
    struct exchange_request requests[EXCHANGE_REQUESTS]; /* in the order they came */
    size_t request_count;
    size_t under_way;    /* bytes of all this that it has not acknowledged */
    struct bucket taken; /* bytes that are still taken from it: more than an honest member passes on */
};

/* Zeroed but for what is told. */
void exchange_init(struct exchange *exchange, void *owner, const uint8_t id[static MEMBER_ID_SIZE], uint64_t now);
void exchange_clear(struct exchange *exchange);

/* It is told what we hold, now or once more, and shall tell what it holds. False: too much is under way to it. */
bool exchange_greet(struct exchange *exchange, uint64_t now);
/* Until when its summary may still come; 0: it has come. */
uint64_t exchange_summary_until(const struct exchange *exchange);
/* So much was queued to it, */
void exchange_queued(struct exchange *exchange, size_t size);
/* was acknowledged, */
void exchange_acknowledged(struct exchange *exchange, size_t size);
/* or all of it is gone: it will be asked for again. */
void exchange_dropped(struct exchange *exchange);

bool exchange_can_ask(const struct exchange *exchange);
/* The request for it, to be queued; the caller's. Whether it can be asked is the caller's to find out. */
MUST_USE struct blob *exchange_ask(struct exchange *exchange, const struct history_range *range);
/* We no longer wait for what it has of this; it may still come. */
void exchange_abandon(struct exchange *exchange, const struct feed_name *feed);
/* The next answer to what it asked for, to be queued; the caller's. NULL: there is none now, or enough is under way. */
MUST_USE struct blob *exchange_answer(struct exchange *exchange, const struct backlog *backlog, struct shares *shares,
                                      uint64_t now);

enum exchange_news {
    EXCHANGE_NOTHING,   /* wrong, or not asked for, or of a later version */
    EXCHANGE_OFFERED,   /* `rows` are what it holds now */
    EXCHANGE_REQUESTED, /* exchange_answer has something to do */
    EXCHANGE_PASSED_ON, /* a message that it was asked for, unchecked but for its form */
    EXCHANGE_ANSWERED,  /* it has sent all that it had of the feed that it was asked for */
};

struct exchange_received {
    struct feed_name feed; /* ANSWERED, PASSED_ON */
    const uint8_t *message;
    size_t size;
    uint64_t age; /* PASSED_ON: how long the member has had it, ms, by its word */
};

/* A message of the stream that is none of the chat. `out` points into it. */
enum exchange_news exchange_receive(struct exchange *exchange, const struct backlog *backlog, const uint8_t *message,
                                    size_t size, uint64_t now, struct exchange_received *out);

/* What the history needs of the room that it belongs to. Its calls come from within history_* calls, and none of them
 * may lead back into one. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/history/exchange.h"
#include "client/history/feeds.h"

enum history_presence {
    HISTORY_AWAY,      /* nothing is expected of this member */
    HISTORY_PRESENT,   /* it may still be reached */
    HISTORY_REACHABLE, /* it can be asked */
};

struct history_host {
    void *context;
    bool enabled; /* keep, pass on and ask for what was said */
    /* The members one after the other, always in the same order; NULL: behind the last one. */
    struct exchange *(*member)(void *context, size_t index);
    /* The member that has this feed, in this very run; NULL: it is not here. */
    struct exchange *(*author)(void *context, const struct feed_name *feed);
    enum history_presence (*presence)(void *context, const struct exchange *with);
    /* By how much longer its answers may take than those of most, in ms: HISTORY_PATIENCE_MS and this is the patience.
     */
    uint64_t (*excess)(void *context, const struct exchange *with);
    /* Queues a message to the member; `tag` comes back by history_acknowledged. False: it cannot be had. */
    bool (*queue)(void *context, struct exchange *with, struct blob *blob, uint64_t tag, uint64_t now);
    /* Somebody was asked: what comes is no news. */
    void (*asked)(void *context, uint64_t now);
    /* The next message of its feed. */
    void (*show)(void *context, const struct held *held, uint64_t now);
    /* So many before this one, which is shown next, cannot be had any more. */
    void (*lost)(void *context, const struct held *next, uint64_t count, uint64_t now);
};

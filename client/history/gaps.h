/* What is missing of a feed: whom to ask for it, and how long to wait. It sends nothing: PROTOCOL.md §3.5 rules 4 to 6
 * decided for one feed at a time. */
#pragma once

#include "client/history/host.h"

enum gaps_verdict {
    GAPS_CLOSED,  /* nothing is missing that can be had */
    GAPS_WAIT,    /* more may come */
    GAPS_GIVE_UP, /* what is missing before what is held does not come */
};

struct gaps_decision {
    struct exchange *whom;      /* is to be asked now (exchange_ask), which counts as done; NULL: nobody */
    struct history_range range; /* for this */
    enum gaps_verdict verdict;
    uint64_t until; /* GAPS_WAIT: then it is to be decided again */
};

struct gaps_decision gaps_decide(struct feed *feed, const struct history_host *host, uint64_t now);
/* Until when the summary of somebody new may still come; 0: of nobody. */
uint64_t gaps_summaries_until(const struct history_host *host);

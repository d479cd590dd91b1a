/* What was said to all in a room, whoever brings it: it is shown in order and once, kept for those who come later, and
 * what is missing is asked for. This file conducts the parts: feeds are what is to be shown, the backlog is what is
 * kept, an exchange is what one member and we have to tell each other, gaps decides whom to ask. Pure: it knows no
 * room, no peer and no event, only its host. PROTOCOL.md §3.5.
 *
 * Invariant: a member's messages of one run reach host.show in the order of their sequence, each once at most; what is
 * left out is told by host.lost before, unless it was said before anything of that run was shown. */
#pragma once

#include "client/history/backlog.h"
#include "client/history/exchange.h"
#include "client/history/feeds.h"
#include "client/history/host.h"
#include "common/attributes.h"

#define HISTORY_TAG (UINT64_C(1) << 63) /* of what is queued to members, and its size */

struct history {
    struct history_host host;
    struct feed_name own; /* the feed that is ours */
    struct backlog backlog;
    struct feeds feeds;
    struct shares shares;     /* how much of the backlog may still be passed on */
    uint64_t gaps_due, swept; /* ms */
    bool expecting;           /* more may come */
    bool ended;               /* nothing is answered any more */
};

void history_init(struct history *history, const struct history_host *host, const struct feed_name *own);
void history_clear(struct history *history);

/* We said this. */
void history_said(struct history *history, uint64_t sequence, struct blob *blob, uint64_t now);
/* This was said, by whom it says: checked. `from` is the member that it came from: the author itself, unless it was
 * passed on. `age`: how long others have had it, ms. */
void history_heard(struct history *history, const struct feed_name *name, uint64_t sequence,
                   const struct backlog_source *from, const uint8_t *message, size_t size, uint64_t age, uint64_t now);
/* Would history_heard do anything with it, whatever it says? */
MUST_USE bool history_is_news(const struct history *history, const struct feed_name *name, uint64_t sequence);
/* A message of the stream that is none of the chat, and waited there for `waited` ms. True: it brings `out`, which we
 * asked for, unchecked; history_heard takes it once it is checked. */
MUST_USE bool history_received(struct history *history, struct exchange *from, const uint8_t *message, size_t size,
                               uint64_t waited, uint64_t now, struct exchange_received *out);
/* Tells the member what we hold: it is connected, or has forgotten us. */
void history_greet(struct history *history, struct exchange *with, uint64_t now);
/* What was queued with this tag, which is a HISTORY_TAG, has arrived. */
void history_acknowledged(struct history *history, struct exchange *by, uint64_t tag, uint64_t now);
/* Nothing is answered from now on. */
void history_end(struct history *history);

void history_tick(struct history *history, uint64_t now);
/* When history_tick has something to do that cannot wait. */
uint64_t history_due(const struct history *history);
/* May more come, that what has come should wait for? */
bool history_expects(const struct history *history);
/* Its parts hold. */
bool history_holds(const struct history *history);
/* When something was said that is so old, by our clock. Nothing is older than what is kept: more is nobody's word to
 * take. */
int64_t history_time(uint64_t age, uint64_t now);

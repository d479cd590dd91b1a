#include "client/history/history.h"

#include <stdlib.h>
#include <string.h>

#include "client/history/gaps.h"
#include "common/clock.h"
#include "common/holds.h"
#include "common/memory.h"

#define SWEEP_EVERY_MS 1000

void history_init(struct history *history, const struct history_host *host, const struct feed_name *own) {
    *history = (struct history){.host = *host, .own = *own};
}

void history_clear(struct history *history) {
    feeds_clear(&history->feeds);
    backlog_clear(&history->backlog);
    shares_clear(&history->shares);
}

int64_t history_time(uint64_t age, uint64_t now) {
    return (int64_t)(now - (age < BACKLOG_AGE_MS ? age : BACKLOG_AGE_MS));
}

static void keep(struct history *history, const struct feed_name *feed, uint64_t sequence,
                 const struct backlog_source *from, struct blob *blob, uint64_t age, uint64_t now) {
    if (history->host.enabled) backlog_add(&history->backlog, feed, sequence, from, blob, age, now);
}

/* Takes the blob. */
static void tell(struct history *history, struct exchange *with, struct blob *blob, uint64_t now) {
    if (history->host.queue(history->host.context, with, blob, HISTORY_TAG | blob->size, now))
        exchange_queued(with, blob->size);
    blob_drop(blob);
}

/* --- What is shown --- */

static void show(struct history *history, struct feed *feed, uint64_t now) {
    struct held held;
    while (feeds_take(&history->feeds, feed, &held)) {
        history->host.show(history->host.context, &held, now);
        blob_drop(held.blob);
    }
}

/* Gives up the gap before what is held, says so, and shows that. */
static void give_up(struct history *history, struct feed *feed, uint64_t now) {
    uint64_t lost = feeds_skip(feed);
    if (lost > 0) history->host.lost(history->host.context, feed->held, lost, now);
    feed->tried_count = 0;
    show(history, feed, now);
}

/* What is acknowledged is shown some time, so where too much is held, a gap is given up. */
static void make_room(struct history *history, struct feed *feed, uint64_t now) {
    if (feed->held_count == FEED_HELD_MOST) give_up(history, feed, now);
    for (struct feed *most; (most = feeds_too_much(&history->feeds));) give_up(history, most, now);
}

static void ask(struct history *history, const struct gaps_decision *decision, uint64_t now) {
    tell(history, decision->whom, exchange_ask(decision->whom, &decision->range), now);
    history->expecting = true;
    history->host.asked(history->host.context, now);
}

/* Shows what can be shown, and asks for or waits for the rest. */
static void close_gaps(struct history *history, struct feed *feed, uint64_t now) {
    show(history, feed, now);
    if (!feed->held && !feed->restless) return;
    for (;;) {
        struct gaps_decision decision = gaps_decide(feed, &history->host, now);
        if (decision.whom) ask(history, &decision, now);
        feed->restless = decision.verdict == GAPS_WAIT;
        if (feed->restless) history->gaps_due = earlier(history->gaps_due, decision.until);
        if (feed->restless) return;
        if (decision.verdict == GAPS_CLOSED) break;
        give_up(history, feed, now);
    }
    feed->tried_count = 0;
}

/* --- What comes --- */

void history_said(struct history *history, uint64_t sequence, struct blob *blob, uint64_t now) {
    static const struct backlog_source ourselves = {.id = {0}, .itself = true};
    keep(history, &history->own, sequence, &ourselves, blob, 0, now);
}

bool history_is_news(const struct history *history, const struct feed_name *name, uint64_t sequence) {
    const struct feed *feed = feeds_find(&history->feeds, name);
    return !feed || (sequence > feed->shown && !feed_is_held(feed, sequence));
}

void history_heard(struct history *history, const struct feed_name *name, uint64_t sequence,
                   const struct backlog_source *from, const uint8_t *message, size_t size, uint64_t age, uint64_t now) {
    struct feed *feed = feeds_of(&history->feeds, name, from->itself ? FEED_MET : FEED_PASSED_ON, from->id, now);
    if (!feed || sequence <= feed->shown) return;
    struct blob *blob = blob_create(message, size);
    make_room(history, feed, now);
    if (feeds_hold(&history->feeds, feed, sequence, !from->itself, history_time(age, now), blob, now))
        keep(history, name, sequence, from, blob, age, now);
    blob_drop(blob);
    close_gaps(history, feed, now);
}

static void answer(struct history *history, struct exchange *with, uint64_t now) {
    struct blob *blob;
    while (!history->ended && (blob = exchange_answer(with, &history->backlog, &history->shares, now)))
        tell(history, with, blob, now);
}

static bool is_of_use(const struct history *history, const struct backlog_row *row) {
    const struct feed *feed = feeds_find(&history->feeds, &row->feed);
    return !feed_name_equal(&row->feed, &history->own) && (!feed || feed->shown < row->highest);
}

static void offered(struct history *history, struct exchange *by, uint64_t now) {
    if (!history->host.enabled) by->row_count = 0;
    history->gaps_due = now;                   /* who waited for this summary waits no longer */
    for (size_t i = by->row_count; i-- > 0;) { /* who spoke first is asked for first */
        struct backlog_row *row = &by->rows[i];
        struct feed *feed =
            is_of_use(history, row) ? feeds_of(&history->feeds, &row->feed, FEED_PROMISED, by->id, now) : NULL;
        if (feed)
            feed->restless = true;
        else
            *row = by->rows[--by->row_count];
    }
}

static struct feed *asked_of(const struct history *history, const struct exchange *by, const struct feed_name *name) {
    struct feed *feed = feeds_find(&history->feeds, name);
    return feed && memcmp(feed->asked.peer, by->id, sizeof by->id) == 0 ? feed : NULL;
}

static void progress(struct history *history, const struct exchange *by, const struct feed_name *name, uint64_t now) {
    struct feed *feed = asked_of(history, by, name);
    if (feed) feed->asked.progress = now;
}

static void answered(struct history *history, const struct exchange *by, const struct feed_name *name, uint64_t now) {
    struct feed *feed = asked_of(history, by, name);
    history->gaps_due = now; /* others may wait to ask this member */
    if (feed) feed->asked.open = false;
}

bool history_received(struct history *history, struct exchange *from, const uint8_t *message, size_t size,
                      uint64_t waited, uint64_t now, struct exchange_received *out) {
    switch (exchange_receive(from, &history->backlog, message, size, now, out)) {
    case EXCHANGE_NOTHING: break;
    case EXCHANGE_OFFERED: offered(history, from, now); break;
    case EXCHANGE_REQUESTED: answer(history, from, now); break;
    case EXCHANGE_ANSWERED: answered(history, from, &out->feed, now); break;
    case EXCHANGE_PASSED_ON:
        progress(history, from, &out->feed, now);
        out->age += waited;
        return true;
    }
    return false;
}

/* --- What we tell --- */

static struct blob *summary(const struct backlog *backlog) {
    struct backlog_row *rows = allocate(HISTORY_ROWS_MAX * sizeof *rows);
    uint8_t *encoded = allocate(HISTORY_SUMMARY_MAX);
    size_t count = backlog_rows(backlog, rows, HISTORY_ROWS_MAX);
    struct blob *blob = blob_create(encoded, codec_summary_encode(rows, count, encoded, HISTORY_SUMMARY_MAX));
    free(encoded);
    free(rows);
    return blob;
}

void history_greet(struct history *history, struct exchange *with, uint64_t now) {
    if (!exchange_greet(with, now)) return;
    backlog_expire(&history->backlog, now);
    tell(history, with, summary(&history->backlog), now);
}

void history_acknowledged(struct history *history, struct exchange *by, uint64_t tag, uint64_t now) {
    exchange_acknowledged(by, (size_t)(tag & ~HISTORY_TAG));
    answer(history, by, now);
}

void history_end(struct history *history) {
    history->ended = true;
}

/* --- Time --- */

static bool is_expecting(struct history *history, uint64_t now) {
    uint64_t summaries = gaps_summaries_until(&history->host);
    if (summaries > now) {
        history->gaps_due = earlier(history->gaps_due, summaries);
        return true;
    }
    for (size_t i = 0; i < history->feeds.count; i++)
        if (history->feeds.list[i]->restless) return true;
    return false;
}

static void gaps_tick(struct history *history, uint64_t now) {
    if (now < history->gaps_due) return;
    history->gaps_due = NEVER;
    for (size_t i = 0; i < history->feeds.count; i++)
        if (history->feeds.list[i]->restless) close_gaps(history, history->feeds.list[i], now);
    history->expecting = is_expecting(history, now);
}

void history_tick(struct history *history, uint64_t now) {
    gaps_tick(history, now);
    if (now - history->swept < SWEEP_EVERY_MS) return;
    history->swept = now;
    backlog_expire(&history->backlog, now);
    HOLDS(history_holds(history));
}

uint64_t history_due(const struct history *history) {
    return history->gaps_due;
}

bool history_holds(const struct history *history) {
    return feeds_holds(&history->feeds) && backlog_holds(&history->backlog) && shares_holds(&history->shares);
}

bool history_expects(const struct history *history) {
    return history->expecting;
}

#include "client/history/gaps.h"

#include <string.h>

#include "common/clock.h"

#define HELD_MOST_MS 30000
#define AGAIN_MS 100 /* who offers has enough to answer already */

/* --- Whom to ask --- */

static bool is_reachable(const struct history_host *host, const struct exchange *with) {
    return host->presence(host->context, with) == HISTORY_REACHABLE;
}

/* What lies before what is held; everything, where nothing is. */
static struct history_range missing(const struct feed *feed) {
    return (struct history_range){
        .feed = feed->name, .from = feed->shown + 1, .to = feed->held ? feed->held->sequence - 1 : UINT64_MAX};
}

static void note_asked(struct feed *feed, struct exchange *whom, const struct history_range *range, uint64_t now,
                       struct gaps_decision *out) {
    feed->asked.open = true;
    feed->asked.progress = now;
    memcpy(feed->asked.peer, whom->id, sizeof feed->asked.peer);
    out->whom = whom;
    out->range = *range;
}

struct offer {
    struct exchange *by;
    struct backlog_row *row;
};

static bool offers(const struct backlog_row *row, const struct history_range *wanted) {
    return row->lowest <= wanted->to && row->highest >= wanted->from && feed_name_equal(&row->feed, &wanted->feed);
}

/* What comes first is wanted first; of those that have it, the one with least to do. */
static bool is_better(const struct offer *a, const struct offer *b, uint64_t from) {
    if (!b->row) return true;
    uint64_t starts_a = a->row->lowest > from ? a->row->lowest : from;
    uint64_t starts_b = b->row->lowest > from ? b->row->lowest : from;
    if (starts_a != starts_b) return starts_a < starts_b;
    return a->by->ask_count < b->by->ask_count;
}

static void best_of(struct exchange *by, const struct history_range *wanted, struct offer *best) {
    for (size_t i = 0; i < by->row_count; i++) {
        struct offer offer = {by, &by->rows[i]};
        if (offers(offer.row, wanted) && is_better(&offer, best, wanted->from)) *best = offer;
    }
}

static struct offer best_offer(const struct history_host *host, const struct history_range *wanted, bool idle_only) {
    struct offer best = {NULL, NULL};
    struct exchange *with;
    for (size_t i = 0; (with = host->member(host->context, i)); i++)
        if (is_reachable(host, with) && (!idle_only || exchange_can_ask(with))) best_of(with, wanted, &best);
    return best;
}

/* Each row is asked for once. */
static bool ask_who_offers(struct feed *feed, const struct history_host *host, uint64_t now,
                           struct gaps_decision *out) {
    struct history_range range = missing(feed);
    struct offer offer = best_offer(host, &range, true);
    if (!offer.row) return false;
    if (offer.row->lowest > range.from) range.from = offer.row->lowest;
    if (offer.row->highest < range.to) range.to = offer.row->highest;
    note_asked(feed, offer.by, &range, now, out);
    if (range.to < offer.row->highest)
        offer.row->lowest = range.to + 1;
    else
        *offer.row = offer.by->rows[--offer.by->row_count];
    return true;
}

static bool try_member(struct feed *feed, const struct history_host *host, struct exchange *with, uint64_t now,
                       struct gaps_decision *out) {
    struct history_range range = missing(feed);
    if (feed->tried_count == FEED_TRIED_MOST || feed_has_tried(feed, with->id)) return false;
    if (!is_reachable(host, with) || !exchange_can_ask(with)) return false;
    note_asked(feed, with, &range, now, out);
    memcpy(feed->tried[feed->tried_count++], with->id, MEMBER_ID_SIZE);
    return true;
}

static bool ask_author(struct feed *feed, const struct history_host *host, uint64_t now, struct gaps_decision *out) {
    struct exchange *author = host->author(host->context, &feed->name);
    return author && try_member(feed, host, author, now, out);
}

static bool ask_others(struct feed *feed, const struct history_host *host, uint64_t now, struct gaps_decision *out) {
    struct exchange *with;
    for (size_t i = 0; (with = host->member(host->context, i)); i++)
        if (try_member(feed, host, with, now, out)) return true;
    return false;
}

/* Only what a message that we hold proves to be missing is asked of those who did not offer it. */
static bool ask(struct feed *feed, const struct history_host *host, uint64_t now, struct gaps_decision *out) {
    bool proven = feed->begun && feed->held;
    return (proven && ask_author(feed, host, now, out)) || ask_who_offers(feed, host, now, out) ||
           (proven && ask_others(feed, host, now, out));
}

/* --- How long to wait --- */

uint64_t gaps_summaries_until(const struct history_host *host) {
    uint64_t until = 0;
    const struct exchange *with;
    for (size_t i = 0; (with = host->member(host->context, i)); i++) {
        uint64_t own = exchange_summary_until(with);
        if (own == 0 || host->presence(host->context, with) == HISTORY_AWAY) continue;
        until = later(until, own + host->excess(host->context, with));
    }
    return until;
}

static struct exchange *member_by_id(const struct history_host *host, const uint8_t id[static MEMBER_ID_SIZE]) {
    struct exchange *with;
    for (size_t i = 0; (with = host->member(host->context, i)); i++)
        if (memcmp(with->id, id, MEMBER_ID_SIZE) == 0) return with;
    return NULL;
}

/* Until when it may answer. */
static uint64_t answers_until(const struct feed *feed, const struct history_host *host, const struct exchange *whom) {
    return feed->asked.progress + HISTORY_PATIENCE_MS + host->excess(host->context, whom);
}

static bool is_answering(struct feed *feed, const struct history_host *host, uint64_t now, uint64_t *until) {
    if (!feed->asked.open) return false;
    struct exchange *with = member_by_id(host, feed->asked.peer);
    if (with) *until = answers_until(feed, host, with);
    if (with && is_reachable(host, with) && now < *until) return true;
    if (with) exchange_abandon(with, &feed->name);
    feed->asked.open = false;
    return false;
}

/* Somebody to ask may be as far away as the one who is farthest. */
static uint64_t patience_of(const struct feed *feed, const struct history_host *host) {
    uint64_t most = 0;
    const struct exchange *with;
    for (size_t i = 0; (with = host->member(host->context, i)); i++)
        if (host->presence(host->context, with) != HISTORY_AWAY) most = later(most, host->excess(host->context, with));
    return feed->since + HISTORY_PATIENCE_MS + most;
}

/* Until when more may come; asks for it. A time that has passed: nothing more is expected. */
static uint64_t wait_until(struct feed *feed, const struct history_host *host, uint64_t now,
                           struct gaps_decision *out) {
    if (!host->enabled) return 0;
    uint64_t summaries = feed->begun ? 0 : gaps_summaries_until(host);
    uint64_t patience = patience_of(feed, host), until;
    if (now < earlier(summaries, patience)) return earlier(summaries, patience);
    if (is_answering(feed, host, now, &until)) return until;
    if (ask(feed, host, now, out)) return answers_until(feed, host, out->whom);
    struct history_range range = missing(feed);
    if (best_offer(host, &range, false).row) return now + AGAIN_MS;
    return feed->held && feed->begun ? patience : 0;
}

struct gaps_decision gaps_decide(struct feed *feed, const struct history_host *host, uint64_t now) {
    struct gaps_decision decision = {.whom = NULL};
    decision.until = wait_until(feed, host, now, &decision);
    if (feed->held) decision.until = earlier(decision.until, feed->since + HELD_MOST_MS);
    if (decision.until > now)
        decision.verdict = GAPS_WAIT;
    else
        decision.verdict = feed->held ? GAPS_GIVE_UP : GAPS_CLOSED;
    return decision;
}

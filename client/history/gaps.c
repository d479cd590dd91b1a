#include <string.h>

#include "client/room/parts.h"

#define HELD_MOST_MS 30000
#define AGAIN_MS 100 /* who offers has enough to answer already */

static uint64_t earlier(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

/* --- Whom to ask --- */

/* What lies before what is held; everything, where nothing is. */
static struct history_range missing(const struct feed *feed) {
    return (struct history_range){
        .feed = feed->name, .from = feed->shown + 1, .to = feed->held ? feed->held->sequence - 1 : UINT64_MAX};
}

static bool ask_peer(struct chatroom *room, struct feed *feed, struct member *member,
                     const struct history_range *range) {
    if (!exchange_ask(room, member, range)) return false;
    room->expecting = true;
    gathering_expect(&room->gathering, room->now);
    feed->asked.open = true;
    feed->asked.progress = room->now;
    memcpy(feed->asked.peer, member->peer->pair.other_id, MEMBER_ID_SIZE);
    return true;
}

struct offer {
    struct member *member;
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
    return a->member->exchange.ask_count < b->member->exchange.ask_count;
}

static void best_of_peer(struct member *member, const struct history_range *wanted, struct offer *best) {
    for (size_t i = 0; i < member->exchange.row_count; i++) {
        struct offer offer = {member, &member->exchange.rows[i]};
        if (offers(offer.row, wanted) && is_better(&offer, best, wanted->from)) *best = offer;
    }
}

static struct offer best_offer(const struct chatroom *room, const struct history_range *wanted, bool idle_only) {
    struct offer best = {NULL, NULL};
    for (size_t i = 0; i < room->members.count; i++) {
        struct member *member = room->members.list[i];
        if (peer_reachable(member->peer) && (!idle_only || exchange_can_ask(member)))
            best_of_peer(member, wanted, &best);
    }
    return best;
}

/* Each row is asked for once. */
static bool ask_who_offers(struct chatroom *room, struct feed *feed) {
    struct history_range range = missing(feed);
    struct offer offer = best_offer(room, &range, true);
    if (!offer.row) return false;
    if (offer.row->lowest > range.from) range.from = offer.row->lowest;
    if (offer.row->highest < range.to) range.to = offer.row->highest;
    if (!ask_peer(room, feed, offer.member, &range)) return false;
    if (range.to < offer.row->highest)
        offer.row->lowest = range.to + 1;
    else
        *offer.row = offer.member->exchange.rows[--offer.member->exchange.row_count];
    return true;
}

static bool try_peer(struct chatroom *room, struct feed *feed, struct member *member) {
    struct history_range range = missing(feed);
    if (feed->tried_count == FEED_TRIED_MOST || feed_has_tried(feed, member->peer->pair.other_id)) return false;
    if (!peer_reachable(member->peer) || !exchange_can_ask(member) || !ask_peer(room, feed, member, &range))
        return false;
    memcpy(feed->tried[feed->tried_count++], member->peer->pair.other_id, MEMBER_ID_SIZE);
    return true;
}

static bool ask_author(struct chatroom *room, struct feed *feed) {
    uint8_t id[MEMBER_ID_SIZE];
    member_id_derive(&room->keys, feed->name.author, id);
    struct member *author = members_find(&room->members, id);
    return author && author->peer->introduction.run == feed->name.run && try_peer(room, feed, author);
}

static bool ask_others(struct chatroom *room, struct feed *feed) {
    for (size_t i = 0; i < room->members.count; i++)
        if (try_peer(room, feed, room->members.list[i])) return true;
    return false;
}

/* Only what a message that we hold proves to be missing is asked of those who did not offer it. */
static bool ask(struct chatroom *room, struct feed *feed) {
    bool proven = feed->begun && feed->held;
    return (proven && ask_author(room, feed)) || ask_who_offers(room, feed) || (proven && ask_others(room, feed));
}

/* --- How long to wait --- */

static bool is_answering(const struct chatroom *room, struct feed *feed) {
    if (!feed->asked.open) return false;
    struct member *member = members_find(&room->members, feed->asked.peer);
    if (member && peer_reachable(member->peer) && room->now < feed->asked.progress + HISTORY_PATIENCE_MS) return true;
    if (member) exchange_abandon(member, &feed->name);
    feed->asked.open = false;
    return false;
}

/* Until when more may come; asks for it. A time that has passed: nothing more is expected. */
static uint64_t wait_until(struct chatroom *room, struct feed *feed) {
    uint64_t summaries = feed->begun ? 0 : exchange_summaries_due(room);
    uint64_t patience = feed->since + HISTORY_PATIENCE_MS;
    if (!room->host->history) return 0;
    if (room->now < earlier(summaries, patience)) return earlier(summaries, patience);
    if (is_answering(room, feed) || ask(room, feed)) return feed->asked.progress + HISTORY_PATIENCE_MS;
    struct history_range range = missing(feed);
    if (best_offer(room, &range, false).row) return room->now + AGAIN_MS;
    return feed->held && feed->begun ? patience : 0;
}

void gaps_close(struct chatroom *room, struct feed *feed) {
    heard_show(room, feed);
    if (!feed->held && !feed->restless) return;
    for (;;) {
        uint64_t due = wait_until(room, feed);
        if (feed->held) due = earlier(due, feed->since + HELD_MOST_MS);
        feed->restless = due > room->now;
        if (feed->restless) room->gaps_due = earlier(room->gaps_due, due);
        if (feed->restless) return;
        if (!feed->held) break;
        heard_give_up(room, feed);
    }
    feed->tried_count = 0;
}

/* --- What happens --- */

static bool is_of_use(const struct chatroom *room, const struct backlog_row *row) {
    const struct feed *feed = feeds_find(&room->feeds, &row->feed);
    bool own = row->feed.run == room->run &&
               memcmp(row->feed.author, room->host->identity->public, sizeof row->feed.author) == 0;
    return !own && (!feed || feed->shown < row->highest);
}

void gaps_offered(struct chatroom *room, struct member *member) {
    struct exchange *exchange = &member->exchange;
    room->gaps_due = room->now;                      /* who waited for this summary waits no longer */
    for (size_t i = exchange->row_count; i-- > 0;) { /* who spoke first is asked for first */
        struct backlog_row *row = &exchange->rows[i];
        struct feed *feed = is_of_use(room, row) ? feeds_of(&room->feeds, &row->feed, FEED_PROMISED, room->now) : NULL;
        if (feed)
            feed->restless = true;
        else
            *row = exchange->rows[--exchange->row_count];
    }
}

void gaps_progress(struct chatroom *room, const struct member *member, const struct feed_name *name) {
    struct feed *feed = feeds_find(&room->feeds, name);
    if (feed && memcmp(feed->asked.peer, member->peer->pair.other_id, MEMBER_ID_SIZE) == 0)
        feed->asked.progress = room->now;
}

void gaps_answered(struct chatroom *room, const struct member *member, const struct feed_name *name) {
    struct feed *feed = feeds_find(&room->feeds, name);
    room->gaps_due = room->now; /* others may wait to ask this member */
    if (feed && memcmp(feed->asked.peer, member->peer->pair.other_id, MEMBER_ID_SIZE) == 0) feed->asked.open = false;
}

/* May more history come, that what has come should wait for? */
static bool is_expecting(struct chatroom *room) {
    uint64_t summaries = exchange_summaries_due(room);
    if (summaries > room->now) {
        room->gaps_due = earlier(room->gaps_due, summaries);
        return true;
    }
    for (size_t i = 0; i < room->feeds.count; i++)
        if (room->feeds.list[i]->restless) return true;
    return false;
}

void gaps_tick(struct chatroom *room) {
    if (room->now < room->gaps_due) return;
    room->gaps_due = UINT64_MAX;
    for (size_t i = 0; i < room->feeds.count; i++)
        if (room->feeds.list[i]->restless) gaps_close(room, room->feeds.list[i]);
    room->expecting = is_expecting(room);
}

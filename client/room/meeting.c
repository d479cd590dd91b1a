#include "client/room/meeting.h"

#include <stdio.h>
#include <string.h>

#include "client/room/reach.h"
#include "client/room/status.h"
#include "common/clock.h"
#include "common/why.h"

#define OTHERS_WAIT_MS 1000 /* for the lists of the others, once one has come */

static unsigned bootnode_of(const struct session_context *which) {
    return which->meeting->sessions.bootnode[which->index];
}

static bool is_home(const struct session_context *which) {
    return signpost_is_home(&which->meeting->signposts, which->index);
}

static void on_send(void *context, const struct address *to, const uint8_t *data, size_t size) {
    const struct session_context *which = context;
    const struct outside *outside = which->meeting->host->outside;
    outside->send(outside->context, PATH_SOCKET_MAIN, to, data, size);
}

/* What a bootnode may tell everyone: private addresses it tells where they are of use. */
void meeting_own_candidates(const struct meeting *meeting, struct candidate_list *out) {
    sessions_own_candidates(&meeting->sessions, out);
}

/* The candidates that we may send to. */
size_t meeting_usable(const struct meeting *meeting, const struct candidate_list *candidates,
                      struct address out[static RECORD_CANDIDATES_MAX]) {
    size_t number = 0;
    for (size_t i = 0; i < meeting->sessions.end && !rendezvous_reachable(&meeting->sessions.list[number]); i++)
        if (rendezvous_reachable(&meeting->sessions.list[i])) number = i;
    return sessions_usable(&meeting->sessions, number, &meeting->host->links, candidates, out);
}

/* --- Who is there --- */

/* Who is reached through a bootnode is, where that lists it under a better key set, by the session under that: the
 * other one may be left. */
static void follow_relay(const struct meeting *meeting, struct peer *peer, unsigned number, uint64_t now) {
    const struct sessions *sessions = &meeting->sessions;
    if (!peer->has_path || peer->path.kind != PATH_BOOTNODE || peer->path.bootnode == number) return;
    const size_t before = sessions->set[peer->path.bootnode], set = sessions->set[number];
    const uint32_t both = (before == KEY_SETS_NONE ? 0 : UINT32_C(1) << before) | UINT32_C(1) << set;
    if (before == set || key_sets_best(sessions->sets, both) != set) return;
    if (rendezvous_can_relay(&sessions->list[number])) peer_reroute(peer, peer->path.bootnode, number, now);
}

static void on_listed(void *context, const struct member_record *record, uint64_t now) {
    const struct session_context *which = context;
    struct meeting *meeting = which->meeting;
    const struct sessions *sessions = &meeting->sessions;
    if (meeting->left || sessions->set[which->index] == KEY_SETS_NONE) return;
    if (memcmp(record->id, meeting->self->id, MEMBER_ID_SIZE) == 0) return;
    struct member *member = members_find(meeting->members, record->id);
    if (!member)
        member = members_add(meeting->members, meeting->peer_host, record,
                             sessions_of(sessions, sessions->bootnode[which->index]), sessions->bootnodes, now);
    if (!member) return;
    struct peer *peer = member->peer;
    struct sessions_usable usable;
    sessions_gather(sessions, which->index, &meeting->host->links, record, &usable);
    if (!(peer->listed >> which->index & 1)) member->left_by_itself = false;
    peer_listed(peer, which->index, record, usable.addresses, usable.count, now);
    follow_relay(meeting, peer, which->index, now);
    gate_listed(meeting->gate, member, sessions->set[which->index]);
    status_welcome(member, meeting->events);
}

static void on_delisted(void *context, const uint8_t id[static MEMBER_ID_SIZE], enum leave_reason reason, bool resync,
                        uint64_t now) {
    const struct session_context *which = context;
    struct member *member = members_find(which->meeting->members, id);
    if (!member) return;
    member->left_by_itself |= reason == LEAVE_SAID && !resync;
    if (reason == LEAVE_MOVED) signpost_member_moved(&which->meeting->signposts, which->index, now);
    peer_delisted(member->peer, which->index, resync, now);
}

static void on_introduced(void *context, const struct member_record *record, uint64_t now) {
    const struct session_context *which = context;
    const struct member *member = members_find(which->meeting->members, record->id);
    if (!member) return;
    struct sessions_usable usable;
    sessions_gather(&which->meeting->sessions, which->index, &which->meeting->host->links, record, &usable);
    peer_introduced(member->peer, which->index, usable.addresses, usable.count, now);
}

/* What a node of a cluster listed before it reset our session it does not know any more; others do. */
static bool list_counts(const struct meeting *meeting, size_t number) {
    const struct rendezvous *rendezvous = &meeting->sessions.list[number];
    const bool is_gone = signpost_is_home(&meeting->signposts, number) && rendezvous->state != RENDEZVOUS_ACTIVE;
    return rendezvous_reachable(rendezvous) && !is_gone;
}

/* Which lists count? After anything that may have changed that. */
static void look_who_is_reachable(struct meeting *meeting, uint64_t now) {
    struct peer_host *host = meeting->peer_host;
    const uint32_t clustered = signpost_sessions(&meeting->signposts);
    const uint64_t settled = signpost_settled(&meeting->signposts, now);
    uint32_t reachable = 0;
    for (size_t i = 0; (i = sessions_next(&meeting->sessions, i)) < meeting->sessions.end; i++)
        reachable |= (uint32_t)list_counts(meeting, i) << i;
    if (reachable == host->reachable && clustered == host->clustered && settled == host->settled) return;
    host->reachable = reachable;
    host->clustered = clustered;
    host->settled = settled;
    for (size_t i = 0; i < meeting->members->count; i++) peer_weigh(meeting->members->list[i]->peer, now);
}

/* --- When input may begin --- */

static bool others_may_tell(const struct meeting *meeting) {
    for (size_t i = 0; (i = sessions_next(&meeting->sessions, i)) < meeting->sessions.end; i++) {
        const struct rendezvous *rendezvous = &meeting->sessions.list[i];
        bool searches = rendezvous->state <= RENDEZVOUS_ACTIVE && rendezvous->state != RENDEZVOUS_SIGNPOST;
        if (!rendezvous_listed(rendezvous) && !rendezvous->lost && searches) return true;
    }
    return false;
}

static void check_complete(struct meeting *meeting, uint64_t now) {
    if (meeting->complete || meeting->complete_due == NEVER) return;
    if (now < meeting->complete_due && others_may_tell(meeting)) return;
    meeting->complete = true;
    meeting->owner.complete(meeting->owner.context);
}

static void on_complete(void *context, uint64_t now) {
    struct meeting *meeting = ((const struct session_context *)context)->meeting;
    look_who_is_reachable(meeting, now);
    if (meeting->complete_due == NEVER) meeting->complete_due = now + OTHERS_WAIT_MS;
    check_complete(meeting, now);
}

/* --- The bootnodes themselves --- */

/* It may introduce, and relay, to those whom we do not reach. */
static void retry_peers(struct meeting *meeting, uint64_t now) {
    for (size_t i = 0; i < meeting->members->count; i++) peer_retry(meeting->members->list[i]->peer, now);
}

static void on_seen(void *context, const struct address *mapped) {
    const struct session_context *which = context;
    which->meeting->host->seen(which->meeting->host->context, mapped);
}

static void on_registered(void *context, uint64_t now) {
    const struct session_context *which = context;
    struct meeting *meeting = which->meeting;
    const struct rendezvous *rendezvous = &meeting->sessions.list[which->index];
    meeting->host->proven(meeting->host->context, bootnode_of(which), rendezvous->registering.bootnode_key);
    if (is_home(which))
        meeting->host->met(meeting->host->context, bootnode_of(which), rendezvous->registering.bootnode_key,
                           &rendezvous->bootnode, now);
    signpost_registered(&meeting->signposts, which->index);
    on_seen(context, &rendezvous->mapped);
    bootnode_news_registered(&meeting->news, which->index);
    retry_peers(meeting, now);
}

static void on_moved(void *context) {
    const struct session_context *which = context;
    which->meeting->host->moved(which->meeting->host->context);
}

static void on_lost(void *context, const char *why, uint64_t now) {
    const struct session_context *which = context;
    bootnode_news_lost(&which->meeting->news, which->index, why);
    look_who_is_reachable(which->meeting, now);
    check_complete(which->meeting, now);
}

static void on_back(void *context, uint64_t now) {
    const struct session_context *which = context;
    bootnode_news_back(&which->meeting->news, which->index);
    look_who_is_reachable(which->meeting, now);
    retry_peers(which->meeting, now);
}

static void on_refused(void *context, const char *why) {
    const struct session_context *which = context;
    bootnode_news_refused(&which->meeting->news, which->index, why);
}

static void on_busy(void *context, uint64_t wait_ms) {
    const struct session_context *which = context;
    bootnode_news_busy(&which->meeting->news, which->index, wait_ms);
}

/* Two sessions of one member at one bootnode would take each other's place. In a cluster each node has one. */
static const struct bootnode *same_bootnode(const struct session_context *which, const uint8_t key[static 32]) {
    const struct meeting *meeting = which->meeting;
    const struct sessions *sessions = &meeting->sessions;
    for (size_t i = 0; i < sessions->end; i++) {
        const struct rendezvous *other = &sessions->list[i];
        if (!sessions_is_entry(sessions, i) || sessions->set[i] != sessions->set[which->index]) continue;
        bool knows_key = other->state >= RENDEZVOUS_WAITING && other->state <= RENDEZVOUS_ACTIVE;
        if (i != which->index && knows_key && registering_has_key(&other->registering, key))
            return &meeting->host->bootnodes[sessions->bootnode[i]];
    }
    return NULL;
}

static bool is_other(const struct session_context *which, const uint8_t key[static 32], struct why *why) {
    const struct bootnode *same = same_bootnode(which, key);
    return !same || why_fail(why, "%s and %s are the same bootnode, by its key: the first is left out",
                             which->meeting->host->bootnodes[bootnode_of(which)].name, same->name);
}

/* A home has the key that we know, or, where we know none yet, the one that its entry has. */
static bool home_is_trusted(const struct session_context *which, const uint8_t key[static 32], struct why *why) {
    const struct chatroom_host *host = which->meeting->host;
    uint8_t known[32];
    if (host->known(host->context, bootnode_of(which), known))
        return host->trusted(host->context, bootnode_of(which), key, why);
    return signpost_has_key(&which->meeting->signposts, which->index, key, why);
}

static bool on_trusted(void *context, const uint8_t key[static 32], struct why *why) {
    const struct session_context *which = context;
    const struct chatroom_host *host = which->meeting->host;
    if (is_home(which)) return home_is_trusted(which, key, why);
    return is_other(which, key, why) && host->trusted(host->context, bootnode_of(which), key, why);
}

static bool on_known(void *context, uint8_t key[static 32]) {
    const struct session_context *which = context;
    return which->meeting->host->known(which->meeting->host->context, bootnode_of(which), key);
}

/* Who is known by the new key under another name already is left out, before it has a session that takes the place. */
static enum rendezvous_succession on_succeeded(void *context, const uint8_t key[static 32], struct why *why) {
    const struct session_context *which = context;
    const struct chatroom_host *host = which->meeting->host;
    if (!host->succeeded(host->context, bootnode_of(which), key)) return RENDEZVOUS_STAYS;
    if (!is_home(which)) return is_other(which, key, why) ? RENDEZVOUS_FOLLOWS : RENDEZVOUS_LEAVES;
    signpost_succeeded(&which->meeting->signposts, which->index, key);
    return RENDEZVOUS_FOLLOWS;
}

static bool on_barred(void *context, const char *why) {
    const struct session_context *which = context;
    const struct chatroom_host *host = which->meeting->host;
    if (is_home(which)) return signpost_barred(&which->meeting->signposts, which->index, why);
    return host->barred(host->context, bootnode_of(which), why);
}

static enum rendezvous_place on_named(void *context, const struct named_homes *homes, bool vouched, uint64_t now) {
    const struct session_context *which = context;
    return signpost_named(&which->meeting->signposts, which->index, homes, vouched, now);
}

static bool on_may_greet(void *context, const struct address *to, uint64_t now) {
    const struct session_context *which = context;
    return signpost_may_greet(&which->meeting->signposts, which->index, to, now);
}

static void on_answered(void *context, const struct address *from) {
    const struct session_context *which = context;
    signpost_answered(&which->meeting->signposts, which->index, from);
}

static void on_relayed(void *context, const uint8_t id[static MEMBER_ID_SIZE], const uint8_t *packet, size_t size,
                       uint64_t now) {
    const struct session_context *which = context;
    struct path from = path_through_bootnode((uint8_t)which->index);
    const struct meeting_owner *owner = &which->meeting->owner;
    owner->relayed(owner->context, &from, id, packet, size, now);
}

/* --- All of them --- */

static const struct rendezvous_owner calls = {.send = on_send,
                                              .presence = {.listed = on_listed,
                                                           .delisted = on_delisted,
                                                           .complete = on_complete,
                                                           .moved = on_moved,
                                                           .introduced = on_introduced,
                                                           .relayed = on_relayed},
                                              .registered = on_registered,
                                              .seen = on_seen,
                                              .lost = on_lost,
                                              .back = on_back,
                                              .refused = on_refused,
                                              .busy = on_busy,
                                              .named = on_named,
                                              .may_greet = on_may_greet,
                                              .answered = on_answered,
                                              .trusted = on_trusted,
                                              .barred = on_barred,
                                              .known = on_known,
                                              .succeeded = on_succeeded};

void meeting_init(struct meeting *meeting, uint64_t now) {
    const struct chatroom_host *host = meeting->host;
    struct sessions *sessions = &meeting->sessions;
    meeting->complete_due = NEVER;
    sessions->owner = calls;
    sessions->room = &meeting->self->keys;
    sessions->sets = &meeting->self->sets;
    sessions->identity = host->identity;
    sessions->suite_mask = host->suite_mask;
    for (unsigned i = 0; i < BOOTNODE_SESSIONS; i++)
        sessions->contexts[i] = (struct session_context){.meeting = meeting, .index = i};
    sessions_init(sessions, host->bootnode_count);
    meeting->signposts.host = host;
    meeting->signposts.events = meeting->events;
    meeting->signposts.members = meeting->members;
    meeting->signposts.sessions = sessions;
    signpost_init(&meeting->signposts);
    meeting->news = (struct bootnode_news){
        .host = host, .events = meeting->events, .sessions = sessions, .signposts = &meeting->signposts};
    meeting->entries.host = host;
    meeting->entries.peer_host = meeting->peer_host;
    meeting->entries.members = meeting->members;
    meeting->entries.sessions = sessions;
    meeting->entries.signposts = &meeting->signposts;
    entries_init(&meeting->entries, now);
}

void meeting_clear(struct meeting *meeting) {
    for (size_t i = 0; (i = sessions_next(&meeting->sessions, i)) < meeting->sessions.end; i++)
        rendezvous_clear(&meeting->sessions.list[i]);
}

bool meeting_holds(const struct meeting *meeting) {
    for (size_t i = 0; i < meeting->members->count; i++) {
        const struct peer *peer = meeting->members->list[i]->peer;
        for (size_t j = 0; j < BOOTNODE_SESSIONS; j++)
            if (peer->listed >> j & 1 && !rendezvous_find(&meeting->sessions.list[j], peer->pair.other_id))
                return false;
    }
    return entries_hold(&meeting->entries);
}

bool meeting_receive(struct meeting *meeting, const struct address *from, const uint8_t *packet, size_t size,
                     uint64_t now) {
    for (size_t i = 0; (i = sessions_next(&meeting->sessions, i)) < meeting->sessions.end; i++)
        if (rendezvous_receive(&meeting->sessions.list[i], from, packet, size, now)) return true;
    return false;
}

void meeting_tick(struct meeting *meeting, uint64_t now) {
    for (size_t i = 0; (i = sessions_next(&meeting->sessions, i)) < meeting->sessions.end; i++)
        rendezvous_tick(&meeting->sessions.list[i], now);
    if (!meeting->left) signpost_tick(&meeting->signposts, now);
    if (!meeting->left) entries_tick(&meeting->entries, now);
    look_who_is_reachable(meeting, now);
    check_complete(meeting, now);
}

uint64_t meeting_due(const struct meeting *meeting, uint64_t now) {
    uint64_t due = meeting->complete ? NEVER : meeting->complete_due;
    if (!meeting->left) due = earlier(due, signpost_due(&meeting->signposts, now));
    if (!meeting->left) due = earlier(due, entries_due(&meeting->entries));
    for (size_t i = 0; (i = sessions_next(&meeting->sessions, i)) < meeting->sessions.end; i++)
        due = earlier(due, rendezvous_due(&meeting->sessions.list[i]));
    return due;
}

/* Each round of punching asks the next one of those that list it. */
void meeting_introduce(struct meeting *meeting, const struct peer *peer) {
    for (size_t i = 0; i < meeting->sessions.end; i++) {
        size_t at = (peer->rounds + i) % meeting->sessions.end;
        if (!(peer->listed >> at & 1) || meeting->sessions.list[at].state != RENDEZVOUS_ACTIVE) continue;
        rendezvous_introduce(&meeting->sessions.list[at], peer->pair.other_id);
        return;
    }
}

void meeting_leave(struct meeting *meeting, uint64_t now) {
    meeting->left = true;
    for (size_t i = 0; (i = sessions_next(&meeting->sessions, i)) < meeting->sessions.end; i++)
        rendezvous_leave(&meeting->sessions.list[i], now);
}

bool meeting_left(const struct meeting *meeting) {
    for (size_t i = 0; (i = sessions_next(&meeting->sessions, i)) < meeting->sessions.end; i++) {
        enum rendezvous_state state = meeting->sessions.list[i].state;
        if (state != RENDEZVOUS_ENDED && state != RENDEZVOUS_BARRED) return false;
    }
    return true;
}

void meeting_want_set(struct meeting *meeting, size_t set, uint64_t until, uint64_t now) {
    if (meeting->left) return;
    entries_want(&meeting->entries, set, until, now);
    look_who_is_reachable(meeting, now);
}

void meeting_drop_set(struct meeting *meeting, size_t set, uint64_t now) {
    entries_drop(&meeting->entries, set, now);
    look_who_is_reachable(meeting, now);
}

void meeting_set_candidates(struct meeting *meeting, const struct candidate_list *candidates, uint64_t now) {
    meeting->sessions.own = *candidates;
    meeting->sessions.own_known = true;
    for (size_t i = 0; (i = sessions_next(&meeting->sessions, i)) < meeting->sessions.end; i++)
        rendezvous_set_candidates(&meeting->sessions.list[i], candidates, now);
}

void meeting_set_addresses(struct meeting *meeting, unsigned bootnode, uint64_t now) {
    signpost_set_addresses(&meeting->signposts, bootnode, now);
}

void meeting_unresolved(struct meeting *meeting, unsigned bootnode, const char *why, uint64_t now) {
    char text[512];
    snprintf(text, sizeof text, "its name is not found: %s; trying again", why);
    for (size_t i = 0; i < meeting->sessions.end; i++)
        if (sessions_is_entry(&meeting->sessions, i) && meeting->sessions.bootnode[i] == bootnode &&
            meeting->sessions.list[i].doors.count == 0)
            rendezvous_unresolved(&meeting->sessions.list[i], text, now);
}

bool meeting_misses(const struct meeting *meeting, unsigned bootnode, uint64_t now) {
    const struct sessions *sessions = &meeting->sessions;
    const size_t entry = sessions_entry(sessions, bootnode, key_sets_current(sessions->sets));
    if (entry == SESSIONS_NONE) return false;
    return rendezvous_silent(&sessions->list[entry], now) || signpost_is_lost(&meeting->signposts, bootnode);
}

void meeting_check(struct meeting *meeting, uint64_t now) {
    for (size_t i = 0; (i = sessions_next(&meeting->sessions, i)) < meeting->sessions.end; i++)
        rendezvous_check(&meeting->sessions.list[i], now);
}

void meeting_resumed(struct meeting *meeting, uint64_t gap, uint64_t now) {
    for (size_t i = 0; (i = sessions_next(&meeting->sessions, i)) < meeting->sessions.end; i++)
        rendezvous_resumed(&meeting->sessions.list[i], gap, now);
}

#include "client/room/meeting.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "client/room/reach.h"
#include "client/room/status.h"
#include "common/clock.h"
#include "common/why.h"

#define OTHERS_WAIT_MS 1000 /* for the lists of the others, once one has come */
#define CANDIDATES_MOST (BOOTNODES_MAX * RECORD_CANDIDATES_MAX)

struct usable {
    struct address addresses[CANDIDATES_MOST];
    size_t count;
};

static struct event *bootnode_event(const struct meeting_session *which, enum event_type type, const char *text) {
    const struct meeting *meeting = which->meeting;
    struct event *event = room_events_make_text(meeting->events, type, NULL, text, text ? strlen(text) : 0);
    event->bootnode = meeting->rendezvous[which->index].bootnode;
    event->bootnode_name = meeting->host->bootnodes[which->index].name;
    return event;
}

static void on_send(void *context, const struct address *to, const uint8_t *data, size_t size) {
    const struct meeting_session *which = context;
    const struct outside *outside = which->meeting->host->outside;
    outside->send(outside->context, PATH_SOCKET_MAIN, to, data, size);
}

/* --- Addresses --- */

static bool is_listed(const struct candidate_list *list, const struct address *address) {
    for (uint8_t i = 0; i < list->count; i++)
        if (address_equal(&list->items[i], address)) return true;
    return false;
}

static void list_public(struct candidate_list *list, const struct address *address) {
    if (list->count == RECORD_CANDIDATES_MAX || is_listed(list, address)) return;
    if (address_classify(address) == ADDRESS_PUBLIC) list->items[list->count++] = *address;
}

/* What a bootnode may tell everyone: private addresses it tells where they are of use. */
void meeting_own_candidates(const struct meeting *meeting, struct candidate_list *out) {
    const struct candidate_list *own = &meeting->rendezvous[0].own.candidates; /* the same at each */
    *out = (struct candidate_list){0};
    for (size_t i = 0; i < meeting->count; i++) list_public(out, &meeting->rendezvous[i].mapped);
    for (size_t i = 0; i < meeting->count; i++) {
        const struct address *other = rendezvous_mapped_other(&meeting->rendezvous[i]);
        if (other) list_public(out, other);
    }
    for (uint8_t i = 0; i < own->count; i++) list_public(out, &own->items[i]);
}

static bool any_on_loopback(const struct meeting *meeting) {
    for (size_t i = 0; i < meeting->count; i++)
        if (address_classify(&meeting->rendezvous[i].bootnode) == ADDRESS_LOOPBACK) return true;
    return false;
}

/* Ourselves, or a bootnode? */
static bool is_no_peer(const struct meeting *meeting, const struct address *address) {
    if (is_listed(&meeting->rendezvous[0].own.candidates, address)) return true;
    for (size_t i = 0; i < meeting->count; i++) {
        const struct rendezvous *rendezvous = &meeting->rendezvous[i];
        const struct address *other = rendezvous_mapped_other(rendezvous);
        size_t door;
        if (address_equal(address, &rendezvous->mapped) || (other && address_equal(address, other)) ||
            doors_find(&rendezvous->doors, address, &door))
            return true;
    }
    return false;
}

static size_t usable_of(const struct meeting *meeting, const struct rendezvous *from,
                        const struct candidate_list *candidates, struct address out[static RECORD_CANDIDATES_MAX]) {
    const struct reach_view view = {.links = &meeting->host->links,
                                    .bootnode = from->bootnode,
                                    .mapped = from->mapped,
                                    .loopback = any_on_loopback(meeting)};
    size_t count = 0;
    for (unsigned i = 0; i < candidates->count; i++) {
        const struct address *candidate = &candidates->items[i];
        struct address beside;
        if (candidate_is_seen(candidates, i) && reach_beside(&view, candidate, &beside) &&
            !is_no_peer(meeting, &beside))
            count += reach_candidate(&view, &beside, &out[count], RECORD_CANDIDATES_MAX - count);
        if (!is_no_peer(meeting, candidate))
            count += reach_candidate(&view, candidate, &out[count], RECORD_CANDIDATES_MAX - count);
    }
    return count;
}

/* The candidates that we may send to. */
size_t meeting_usable(const struct meeting *meeting, const struct candidate_list *candidates,
                      struct address out[static RECORD_CANDIDATES_MAX]) {
    return usable_of(meeting, &meeting->rendezvous[0], candidates, out);
}

/* --- Who is there --- */

static void add_usable(struct usable *usable, const struct address *address) {
    for (size_t i = 0; i < usable->count; i++)
        if (address_equal(&usable->addresses[i], address)) return;
    usable->addresses[usable->count++] = *address;
}

/* The best of each, then the second best of each: the record of `from`, which is the news, and what the other bootnodes
 * say of the same member. */
static void gather(const struct meeting_session *from, const struct member_record *news, struct usable *out) {
    struct meeting *meeting = from->meeting;
    struct address told[BOOTNODES_MAX][RECORD_CANDIDATES_MAX];
    const struct rendezvous *all = meeting->rendezvous;
    size_t counts[BOOTNODES_MAX] = {usable_of(meeting, &all[from->index], &news->candidates, told[0])}, sources = 1;
    out->count = 0;
    for (size_t i = 0; i < meeting->count; i++) {
        if (i == from->index || !rendezvous_reachable(&all[i])) continue;
        const struct member_record *record = rendezvous_find(&all[i], news->id);
        if (!record) continue;
        counts[sources] = usable_of(meeting, &all[i], &record->candidates, told[sources]);
        sources++;
    }
    for (size_t rank = 0; rank < RECORD_CANDIDATES_MAX; rank++)
        for (size_t i = 0; i < sources; i++)
            if (rank < counts[i]) add_usable(out, &told[i][rank]);
}

static void on_listed(void *context, const struct member_record *record, uint64_t now) {
    const struct meeting_session *which = context;
    struct meeting *meeting = which->meeting;
    if (meeting->left || memcmp(record->id, meeting->self->id, MEMBER_ID_SIZE) == 0) return;
    struct member *member = members_find(meeting->members, record->id);
    bool is_new = member == NULL;
    if (is_new) member = members_add(meeting->members, meeting->peer_host, record, which->index, meeting->count, now);
    if (!member) return;
    struct peer *peer = member->peer;
    struct usable usable;
    gather(which, record, &usable);
    if (!(peer->listed >> which->index & 1)) member->left_by_itself = false;
    bool revived = peer_listed(peer, which->index, record, usable.addresses, usable.count, now);
    if (!is_new && !revived) return;
    room_events_emit(meeting->events, room_events_make(meeting->events, EVENT_PEER_JOINED, peer));
    status_joined(member);
}

static void on_delisted(void *context, const uint8_t id[static MEMBER_ID_SIZE], enum leave_reason reason, bool resync,
                        uint64_t now) {
    const struct meeting_session *which = context;
    struct member *member = members_find(which->meeting->members, id);
    if (!member) return;
    member->left_by_itself |= reason == LEAVE_SAID && !resync;
    peer_delisted(member->peer, which->index, resync, now);
}

static void on_introduced(void *context, const struct member_record *record, uint64_t now) {
    const struct meeting_session *which = context;
    const struct member *member = members_find(which->meeting->members, record->id);
    if (!member) return;
    struct usable usable;
    gather(which, record, &usable);
    peer_introduced(member->peer, usable.addresses, usable.count, now);
}

/* Which lists count? After anything that may have changed that. */
static void look_who_is_reachable(struct meeting *meeting, uint64_t now) {
    uint8_t reachable = 0;
    for (size_t i = 0; i < meeting->count; i++)
        reachable |= (uint8_t)(rendezvous_reachable(&meeting->rendezvous[i]) << i);
    if (reachable == meeting->peer_host->reachable) return;
    meeting->peer_host->reachable = reachable;
    for (size_t i = 0; i < meeting->members->count; i++) peer_weigh(meeting->members->list[i]->peer, now);
}

/* --- When input may begin --- */

static bool others_may_tell(const struct meeting *meeting) {
    for (size_t i = 0; i < meeting->count; i++) {
        const struct rendezvous *rendezvous = &meeting->rendezvous[i];
        if (!rendezvous_listed(rendezvous) && !rendezvous->lost && rendezvous->state != RENDEZVOUS_BARRED) return true;
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
    struct meeting *meeting = ((const struct meeting_session *)context)->meeting;
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
    const struct meeting_session *which = context;
    which->meeting->host->seen(which->meeting->host->context, mapped);
}

static void on_registered(void *context, uint64_t now) {
    const struct meeting_session *which = context;
    struct meeting *meeting = which->meeting;
    const struct rendezvous *rendezvous = &meeting->rendezvous[which->index];
    const struct address *other = rendezvous_mapped_other(rendezvous);
    meeting->host->proven(meeting->host->context, which->index, rendezvous->registering.bootnode_key);
    on_seen(context, &rendezvous->mapped);
    struct event *event = bootnode_event(which, EVENT_REGISTERED, NULL);
    event->mapped = rendezvous->mapped;
    if (other) event->mapped_other = *other;
    room_events_emit(meeting->events, event);
    retry_peers(meeting, now);
}

static void on_moved(void *context) {
    const struct meeting_session *which = context;
    which->meeting->host->moved(which->meeting->host->context);
}

static void on_lost(void *context, const char *why, uint64_t now) {
    const struct meeting_session *which = context;
    room_events_emit(which->meeting->events, bootnode_event(which, EVENT_BOOTNODE_LOST, why));
    look_who_is_reachable(which->meeting, now);
    check_complete(which->meeting, now);
}

static void on_back(void *context, uint64_t now) {
    const struct meeting_session *which = context;
    room_events_emit(which->meeting->events, bootnode_event(which, EVENT_BOOTNODE_BACK, NULL));
    look_who_is_reachable(which->meeting, now);
    retry_peers(which->meeting, now);
}

static void on_refused(void *context, const char *why) {
    const struct meeting_session *which = context;
    char text[1280], address[ADDRESS_TEXT_SIZE];
    snprintf(text, sizeof text, "bootnode %s: %s; trying again",
             address_format(&which->meeting->rendezvous[which->index].bootnode, address), why);
    room_events_error(which->meeting->events, text);
}

static void on_busy(void *context, uint64_t wait_ms) {
    const struct meeting_session *which = context;
    char text[ADDRESS_TEXT_SIZE + 64], address[ADDRESS_TEXT_SIZE];
    snprintf(text, sizeof text, "bootnode %s is busy; trying again in %" PRIu64 " s",
             address_format(&which->meeting->rendezvous[which->index].bootnode, address), (wait_ms + 999) / 1000);
    room_events_notice(which->meeting->events, text);
}

/* Two sessions of one member at one bootnode would take each other's place. */
static const struct bootnode *same_bootnode(const struct meeting_session *which, const uint8_t key[static 32]) {
    const struct meeting *meeting = which->meeting;
    for (size_t i = 0; i < meeting->count; i++) {
        const struct rendezvous *other = &meeting->rendezvous[i];
        bool knows_key = other->state >= RENDEZVOUS_WAITING && other->state <= RENDEZVOUS_ACTIVE;
        if (i != which->index && knows_key && registering_has_key(&other->registering, key))
            return &meeting->host->bootnodes[i];
    }
    return NULL;
}

static bool is_other(const struct meeting_session *which, const uint8_t key[static 32], struct why *why) {
    const struct bootnode *same = same_bootnode(which, key);
    return !same || why_fail(why, "%s and %s are the same bootnode, by its key: the first is left out",
                             which->meeting->host->bootnodes[which->index].name, same->name);
}

static bool on_trusted(void *context, const uint8_t key[static 32], struct why *why) {
    const struct meeting_session *which = context;
    const struct chatroom_host *host = which->meeting->host;
    return is_other(which, key, why) && host->trusted(host->context, which->index, key, why);
}

static bool on_known(void *context, uint8_t key[static 32]) {
    const struct meeting_session *which = context;
    return which->meeting->host->known(which->meeting->host->context, which->index, key);
}

/* Who is known by the new key under another name already is left out, before it has a session that takes the place. */
static enum rendezvous_succession on_succeeded(void *context, const uint8_t key[static 32], struct why *why) {
    const struct meeting_session *which = context;
    const struct chatroom_host *host = which->meeting->host;
    if (!host->succeeded(host->context, which->index, key)) return RENDEZVOUS_STAYS;
    return is_other(which, key, why) ? RENDEZVOUS_FOLLOWS : RENDEZVOUS_LEAVES;
}

static bool on_barred(void *context, const char *why) {
    const struct meeting_session *which = context;
    const struct chatroom_host *host = which->meeting->host;
    return host->barred(host->context, which->index, why);
}

static void on_relayed(void *context, const uint8_t id[static MEMBER_ID_SIZE], const uint8_t *packet, size_t size,
                       uint64_t now) {
    const struct meeting_session *which = context;
    struct path from = path_through_bootnode((uint8_t)which->index);
    const struct meeting_owner *owner = &which->meeting->owner;
    owner->relayed(owner->context, &from, id, packet, size, now);
}

/* --- All of them --- */

void meeting_init(struct meeting *meeting, uint64_t now) {
    const struct chatroom_host *host = meeting->host;
    meeting->count = host->bootnode_count;
    meeting->complete_due = NEVER;
    for (unsigned i = 0; i < meeting->count; i++) {
        struct meeting_session *which = &meeting->sessions[i];
        *which = (struct meeting_session){.meeting = meeting, .index = i};
        struct rendezvous_owner owner = {.context = which,
                                         .send = on_send,
                                         .presence = {.context = which,
                                                      .listed = on_listed,
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
                                         .trusted = on_trusted,
                                         .barred = on_barred,
                                         .known = on_known,
                                         .succeeded = on_succeeded};
        rendezvous_init(&meeting->rendezvous[i], &owner, &meeting->self->keys, host->identity, host->suite_mask,
                        host->bootnodes[i].addresses, host->bootnodes[i].address_count, now);
    }
}

void meeting_clear(struct meeting *meeting) {
    for (size_t i = 0; i < meeting->count; i++) rendezvous_clear(&meeting->rendezvous[i]);
}

bool meeting_holds(const struct meeting *meeting) {
    for (size_t i = 0; i < meeting->members->count; i++) {
        const struct peer *peer = meeting->members->list[i]->peer;
        for (size_t j = 0; j < meeting->count; j++)
            if (peer->listed >> j & 1 && !rendezvous_find(&meeting->rendezvous[j], peer->pair.other_id)) return false;
    }
    return true;
}

bool meeting_receive(struct meeting *meeting, const struct address *from, const uint8_t *packet, size_t size,
                     uint64_t now) {
    for (size_t i = 0; i < meeting->count; i++)
        if (rendezvous_receive(&meeting->rendezvous[i], from, packet, size, now)) return true;
    return false;
}

void meeting_tick(struct meeting *meeting, uint64_t now) {
    for (size_t i = 0; i < meeting->count; i++) rendezvous_tick(&meeting->rendezvous[i], now);
    check_complete(meeting, now);
}

uint64_t meeting_due(const struct meeting *meeting) {
    uint64_t due = meeting->complete ? NEVER : meeting->complete_due;
    for (size_t i = 0; i < meeting->count; i++) due = earlier(due, rendezvous_due(&meeting->rendezvous[i]));
    return due;
}

/* Each round of punching asks the next one of those that list it. */
void meeting_introduce(struct meeting *meeting, const struct peer *peer) {
    for (size_t i = 0; i < meeting->count; i++) {
        size_t at = (peer->rounds + i) % meeting->count;
        if (!(peer->listed >> at & 1) || meeting->rendezvous[at].state != RENDEZVOUS_ACTIVE) continue;
        rendezvous_introduce(&meeting->rendezvous[at], peer->pair.other_id);
        return;
    }
}

void meeting_leave(struct meeting *meeting, uint64_t now) {
    meeting->left = true;
    for (size_t i = 0; i < meeting->count; i++) rendezvous_leave(&meeting->rendezvous[i], now);
}

bool meeting_left(const struct meeting *meeting) {
    for (size_t i = 0; i < meeting->count; i++) {
        enum rendezvous_state state = meeting->rendezvous[i].state;
        if (state != RENDEZVOUS_ENDED && state != RENDEZVOUS_BARRED) return false;
    }
    return true;
}

void meeting_set_candidates(struct meeting *meeting, const struct candidate_list *candidates, uint64_t now) {
    for (size_t i = 0; i < meeting->count; i++) rendezvous_set_candidates(&meeting->rendezvous[i], candidates, now);
}

void meeting_set_addresses(struct meeting *meeting, unsigned bootnode, uint64_t now) {
    const struct bootnode *moved = &meeting->host->bootnodes[bootnode];
    rendezvous_set_addresses(&meeting->rendezvous[bootnode], moved->addresses, moved->address_count, now);
}

void meeting_unresolved(struct meeting *meeting, unsigned bootnode, const char *why, uint64_t now) {
    char text[512];
    if (meeting->rendezvous[bootnode].doors.count > 0) return;
    snprintf(text, sizeof text, "its name is not found: %s; trying again", why);
    rendezvous_unresolved(&meeting->rendezvous[bootnode], text, now);
}

void meeting_check(struct meeting *meeting, uint64_t now) {
    for (size_t i = 0; i < meeting->count; i++) rendezvous_check(&meeting->rendezvous[i], now);
}

void meeting_resumed(struct meeting *meeting, uint64_t gap, uint64_t now) {
    for (size_t i = 0; i < meeting->count; i++) rendezvous_resumed(&meeting->rendezvous[i], gap, now);
}

/* The bootnodes of a room: one session with each, and one view of who is there. What they say is merged: a member is
 * here while one that can be reached lists it (peer.c weighs that), and may be at any address that one of them told. */
#include <stdio.h>
#include <string.h>

#include "client/room/parts.h"
#include "common/clock.h"

#define OTHERS_WAIT_MS 1000 /* for the lists of the others, once one has come */
#define CANDIDATES_MOST (BOOTNODES_MAX * RECORD_CANDIDATES_MAX)

struct usable {
    struct address addresses[CANDIDATES_MOST];
    size_t count;
};

static struct event *bootnode_event(const struct chatroom_bootnode *which, enum event_type type, const char *text) {
    const struct chatroom *room = which->room;
    struct event *event = room_events_make_text(&room->events, type, NULL, text, text ? strlen(text) : 0);
    event->bootnode = room->rendezvous[which->index].bootnode;
    event->bootnode_name = room->host->bootnodes[which->index].name;
    return event;
}

static void on_send(void *context, const struct address *to, const uint8_t *data, size_t size) {
    const struct chatroom_bootnode *which = context;
    const struct outside *outside = which->room->host->outside;
    outside->send(outside->context, PATH_SOCKET_MAIN, to, data, size);
}

/* --- Who is there --- */

static void add_usable(struct usable *usable, const struct address *address) {
    for (size_t i = 0; i < usable->count; i++)
        if (address_equal(&usable->addresses[i], address)) return;
    usable->addresses[usable->count++] = *address;
}

/* The best of each, then the second best of each: the record of `from`, which is the news, and what the other bootnodes
 * say of the same member. */
static void gather(const struct chatroom_bootnode *from, const struct member_record *news, struct usable *out) {
    struct chatroom *room = from->room;
    struct address told[BOOTNODES_MAX][RECORD_CANDIDATES_MAX];
    size_t counts[BOOTNODES_MAX] = {meeting_usable(room, &news->candidates, told[0])}, sources = 1;
    out->count = 0;
    for (size_t i = 0; i < room->rendezvous_count; i++) {
        if (i == from->index || !rendezvous_reachable(&room->rendezvous[i])) continue;
        const struct member_record *record = rendezvous_find(&room->rendezvous[i], news->id);
        if (!record) continue;
        counts[sources] = meeting_usable(room, &record->candidates, told[sources]);
        sources++;
    }
    for (size_t rank = 0; rank < RECORD_CANDIDATES_MAX; rank++)
        for (size_t i = 0; i < sources; i++)
            if (rank < counts[i]) add_usable(out, &told[i][rank]);
}

static void on_listed(void *context, const struct member_record *record, enum change change) {
    const struct chatroom_bootnode *which = context;
    struct chatroom *room = which->room;
    (void)change; /* whether it is new to us is ours to know: an unlisted peer may still be here */
    if (room->state >= CHATROOM_LEAVING || memcmp(record->id, room->member_id, MEMBER_ID_SIZE) == 0) return;
    struct member *member = members_find(&room->members, record->id);
    bool is_new = member == NULL;
    if (is_new)
        member = members_add(&room->members, &room->peer_host, record, which->index, room->rendezvous_count, room->now);
    if (!member) return;
    struct peer *peer = member->peer;
    struct usable usable;
    gather(which, record, &usable);
    if (!(peer->listed >> which->index & 1)) member->left_by_itself = false;
    bool revived = peer_listed(peer, which->index, record, usable.addresses, usable.count, room->now);
    if (!is_new && !revived) return;
    room_events_emit(&room->events, room_events_make(&room->events, EVENT_PEER_JOINED, peer));
    status_joined(member);
}

static void on_delisted(void *context, const uint8_t id[static MEMBER_ID_SIZE], enum leave_reason reason, bool resync) {
    const struct chatroom_bootnode *which = context;
    struct member *member = members_find(&which->room->members, id);
    if (!member) return;
    member->left_by_itself |= reason == LEAVE_SAID && !resync;
    peer_delisted(member->peer, which->index, resync, which->room->now);
}

static void on_introduced(void *context, const struct member_record *record) {
    const struct chatroom_bootnode *which = context;
    const struct member *member = members_find(&which->room->members, record->id);
    if (!member) return;
    struct usable usable;
    gather(which, record, &usable);
    peer_introduced(member->peer, usable.addresses, usable.count, which->room->now);
}

/* Which lists count? After anything that may have changed that. */
static void look_who_is_reachable(struct chatroom *room) {
    uint8_t reachable = 0;
    for (size_t i = 0; i < room->rendezvous_count; i++)
        reachable |= (uint8_t)(rendezvous_reachable(&room->rendezvous[i]) << i);
    if (reachable == room->peer_host.reachable) return;
    room->peer_host.reachable = reachable;
    for (size_t i = 0; i < room->members.count; i++) peer_weigh(room->members.list[i]->peer, room->now);
}

/* --- When input may begin --- */

static bool others_may_tell(const struct chatroom *room) {
    for (size_t i = 0; i < room->rendezvous_count; i++) {
        const struct rendezvous *rendezvous = &room->rendezvous[i];
        if (!rendezvous_listed(rendezvous) && !rendezvous->lost && rendezvous->state != RENDEZVOUS_BARRED) return true;
    }
    return false;
}

static void check_complete(struct chatroom *room) {
    if (room->complete || room->complete_due == NEVER) return;
    if (room->now < room->complete_due && others_may_tell(room)) return;
    room->complete = true;
    struct event *event = room_events_make(&room->events, EVENT_CREDIT, NULL);
    event->credit = CHATROOM_INPUTS;
    room_events_emit(&room->events, event);
}

static void on_complete(void *context) {
    struct chatroom *room = ((const struct chatroom_bootnode *)context)->room;
    look_who_is_reachable(room);
    if (room->complete_due == NEVER) room->complete_due = room->now + OTHERS_WAIT_MS;
    check_complete(room);
}

/* --- The bootnodes themselves --- */

/* It may introduce, and relay, to those whom we do not reach. */
static void retry_peers(struct chatroom *room) {
    for (size_t i = 0; i < room->members.count; i++) peer_retry(room->members.list[i]->peer, room->now);
}

static void on_registered(void *context, const struct address *mapped) {
    const struct chatroom_bootnode *which = context;
    struct chatroom *room = which->room;
    room->host->proven(room->host->context, which->index, room->rendezvous[which->index].bootnode_key);
    room->host->seen(room->host->context, mapped);
    struct event *event = bootnode_event(which, EVENT_REGISTERED, NULL);
    event->mapped = *mapped;
    room_events_emit(&room->events, event);
    retry_peers(room);
}

static void on_moved(void *context) {
    const struct chatroom_bootnode *which = context;
    which->room->host->moved(which->room->host->context);
}

static void on_lost(void *context, const char *why) {
    const struct chatroom_bootnode *which = context;
    room_events_emit(&which->room->events, bootnode_event(which, EVENT_BOOTNODE_LOST, why));
    look_who_is_reachable(which->room);
    check_complete(which->room);
}

static void on_back(void *context) {
    const struct chatroom_bootnode *which = context;
    room_events_emit(&which->room->events, bootnode_event(which, EVENT_BOOTNODE_BACK, NULL));
    look_who_is_reachable(which->room);
    retry_peers(which->room);
}

static void on_refused(void *context, const char *why) {
    const struct chatroom_bootnode *which = context;
    char text[1280], address[ADDRESS_TEXT_SIZE];
    snprintf(text, sizeof text, "bootnode %s: %s; trying again",
             address_format(&which->room->rendezvous[which->index].bootnode, address), why);
    room_events_error(&which->room->events, text);
}

/* Two sessions of one member at one bootnode would take each other's place. */
static const struct bootnode *same_bootnode(const struct chatroom_bootnode *which, const uint8_t key[static 32]) {
    const struct chatroom *room = which->room;
    for (size_t i = 0; i < room->rendezvous_count; i++) {
        const struct rendezvous *other = &room->rendezvous[i];
        bool knows_key = other->state >= RENDEZVOUS_WAITING && other->state <= RENDEZVOUS_ACTIVE;
        if (i != which->index && knows_key && memcmp(other->bootnode_key, key, sizeof other->bootnode_key) == 0)
            return &room->host->bootnodes[i];
    }
    return NULL;
}

static bool on_trusted(void *context, const uint8_t key[static 32], char *why, size_t why_size) {
    const struct chatroom_bootnode *which = context;
    const struct chatroom_host *host = which->room->host;
    const struct bootnode *same = same_bootnode(which, key);
    if (same) {
        snprintf(why, why_size, "%s and %s are the same bootnode, by its key: the first is left out",
                 host->bootnodes[which->index].name, same->name);
        return false;
    }
    return host->trusted(host->context, which->index, key, why, why_size);
}

static bool on_barred(void *context, const char *why) {
    const struct chatroom_bootnode *which = context;
    const struct chatroom_host *host = which->room->host;
    return host->barred(host->context, which->index, why);
}

static void on_relayed(void *context, const uint8_t id[static MEMBER_ID_SIZE], const uint8_t *packet, size_t size) {
    const struct chatroom_bootnode *which = context;
    struct path from = path_through_bootnode((uint8_t)which->index);
    chatroom_receive_relayed(which->room, &from, id, packet, size);
}

/* --- All of them --- */

void meeting_init(struct chatroom *room) {
    const struct chatroom_host *host = room->host;
    room->rendezvous_count = host->bootnode_count;
    room->complete_due = NEVER;
    for (unsigned i = 0; i < room->rendezvous_count; i++) {
        struct chatroom_bootnode *which = &room->bootnodes[i];
        *which = (struct chatroom_bootnode){.room = room, .index = i};
        struct rendezvous_owner owner = {
            .context = which,
            .send = on_send,
            .presence = {.context = which,
                         .members = {.context = which, .listed = on_listed, .delisted = on_delisted},
                         .complete = on_complete,
                         .moved = on_moved,
                         .introduced = on_introduced,
                         .relayed = on_relayed},
            .registered = on_registered,
            .lost = on_lost,
            .back = on_back,
            .refused = on_refused,
            .trusted = on_trusted,
            .barred = on_barred};
        rendezvous_init(&room->rendezvous[i], &owner, &room->keys, host->identity, host->suite_mask,
                        host->bootnodes[i].addresses, host->bootnodes[i].address_count, room->now);
    }
}

void meeting_clear(struct chatroom *room) {
    for (size_t i = 0; i < room->rendezvous_count; i++) rendezvous_clear(&room->rendezvous[i]);
}

bool meeting_receive(struct chatroom *room, const struct address *from, const uint8_t *packet, size_t size) {
    for (size_t i = 0; i < room->rendezvous_count; i++)
        if (rendezvous_receive(&room->rendezvous[i], from, packet, size, room->now)) return true;
    return false;
}

void meeting_tick(struct chatroom *room) {
    for (size_t i = 0; i < room->rendezvous_count; i++) rendezvous_tick(&room->rendezvous[i], room->now);
    check_complete(room);
}

uint64_t meeting_due(const struct chatroom *room) {
    uint64_t due = room->complete ? NEVER : room->complete_due;
    for (size_t i = 0; i < room->rendezvous_count; i++) {
        uint64_t own = rendezvous_due(&room->rendezvous[i]);
        if (own < due) due = own;
    }
    return due;
}

/* Each round of punching asks the next one of those that list it. */
void meeting_introduce(struct chatroom *room, const struct peer *peer) {
    for (size_t i = 0; i < room->rendezvous_count; i++) {
        size_t at = (peer->rounds + i) % room->rendezvous_count;
        if (!(peer->listed >> at & 1) || room->rendezvous[at].state != RENDEZVOUS_ACTIVE) continue;
        rendezvous_introduce(&room->rendezvous[at], peer->pair.other_id);
        return;
    }
}

void meeting_leave(struct chatroom *room) {
    for (size_t i = 0; i < room->rendezvous_count; i++) rendezvous_leave(&room->rendezvous[i], room->now);
}

bool meeting_left(const struct chatroom *room) {
    for (size_t i = 0; i < room->rendezvous_count; i++) {
        enum rendezvous_state state = room->rendezvous[i].state;
        if (state != RENDEZVOUS_ENDED && state != RENDEZVOUS_BARRED) return false;
    }
    return true;
}

void chatroom_set_candidates(struct chatroom *room, const struct candidate_list *candidates, uint64_t now) {
    for (size_t i = 0; i < room->rendezvous_count; i++)
        rendezvous_set_candidates(&room->rendezvous[i], candidates, now);
}

void chatroom_bootnode_moved(struct chatroom *room, unsigned bootnode, uint64_t now) {
    const struct bootnode *moved = &room->host->bootnodes[bootnode];
    rendezvous_set_addresses(&room->rendezvous[bootnode], moved->addresses, moved->address_count, now);
}

void chatroom_bootnode_unresolved(struct chatroom *room, unsigned bootnode, const char *why) {
    char text[512];
    if (room->rendezvous[bootnode].address_count > 0) return;
    snprintf(text, sizeof text, "its name is not found: %s; trying again", why);
    rendezvous_unresolved(&room->rendezvous[bootnode], text);
}

bool chatroom_lost_bootnode(const struct chatroom *room, unsigned bootnode) {
    return room->rendezvous[bootnode].lost;
}

void chatroom_check_bootnodes(struct chatroom *room, uint64_t now) {
    for (size_t i = 0; i < room->rendezvous_count; i++) rendezvous_check(&room->rendezvous[i], now);
}

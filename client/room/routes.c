/* How packets to peers travel: directly, through members, through bootnodes; and what we pass on for others.
 * PROTOCOL.md §3.4. */
#include <string.h>

#include "client/room/parts.h"

#define MEMBERS_TRIED 2
/* For each sender; bursts are a second's worth. */
#define RELAY_PACKETS 100
#define RELAY_BYTES (128 * 1024)

/* --- Ours --- */

static bool relays_for_us(const struct peer *member) {
    return peer_reachable(member) && member->path.kind == PATH_DIRECT;
}

static void send_through_member(struct chatroom *room, const struct peer *peer, const struct path *to,
                                const uint8_t *packet, size_t size) {
    struct member *member = members_find(&room->members, to->member);
    if (member && relays_for_us(member->peer))
        peer_pass_on(member->peer, FRAME_RELAY, peer->pair.other_id, packet, size, room->now);
}

void routes_send(void *context, const struct peer *peer, const struct path *to, const uint8_t *packet, size_t size) {
    struct chatroom *room = context;
    switch (to->kind) {
    case PATH_DIRECT:
        room->host->outside->send(room->host->outside->context, to->socket, &to->address, packet, size);
        break;
    case PATH_MEMBER: send_through_member(room, peer, to, packet, size); break;
    case PATH_BOOTNODE: rendezvous_relay(&room->rendezvous[to->bootnode], peer->pair.other_id, packet, size); break;
    }
}

static bool may_relay(const struct peer *member, const struct peer *peer) {
    return member != peer && member->listed && relays_for_us(member);
}

/* The nearest but for `taken`; NULL: none. */
static const struct peer *nearest_member(const struct chatroom *room, const struct peer *peer,
                                         const struct peer *taken) {
    const struct peer *nearest = NULL;
    for (size_t i = 0; i < room->members.count; i++) {
        const struct peer *member = room->members.list[i]->peer;
        if (member == taken || !may_relay(member, peer)) continue;
        if (!nearest || member->rtt_us < nearest->rtt_us) nearest = member;
    }
    return nearest;
}

/* Who knows the peer is found out by trying: first the nearest two, in later rounds others, one and one more. */
static size_t relaying_members(const struct chatroom *room, const struct peer *peer, struct path *out) {
    const struct peer *first = nearest_member(room, peer, NULL), *second = NULL;
    size_t count = 0, skipped = peer->rounds;
    for (size_t i = 0; peer->rounds > 0 && i < room->members.count; i++) {
        const struct peer *member = room->members.list[(i + skipped) % room->members.count]->peer;
        if (member == first || !may_relay(member, peer)) continue;
        second = member;
        break;
    }
    if (peer->rounds == 0 && first) second = nearest_member(room, peer, first);
    if (first) out[count++] = path_through_member(first->pair.other_id);
    if (second) out[count++] = path_through_member(second->pair.other_id);
    return count;
}

_Static_assert(MEMBERS_TRIED + BOOTNODES_MAX <= PEER_RELAYS, "all of them may be tried at once");

size_t routes_ways_through(void *context, const struct peer *peer, struct path out[static PEER_RELAYS]) {
    const struct chatroom *room = context;
    size_t count = room->host->relays ? relaying_members(room, peer, out) : 0;
    for (size_t i = 0; room->host->relays && i < room->rendezvous_count; i++)
        if (peer->listed >> i & 1 && rendezvous_can_relay(&room->rendezvous[i]))
            out[count++] = path_through_bootnode((uint8_t)i);
    return count;
}

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
void meeting_own_candidates(void *context, const struct peer *peer, struct candidate_list *out) {
    const struct chatroom *room = context;
    const struct candidate_list *own = &room->rendezvous[0].own.candidates; /* the same at each */
    (void)peer;
    *out = (struct candidate_list){0};
    for (size_t i = 0; i < room->rendezvous_count; i++) list_public(out, &room->rendezvous[i].mapped);
    for (uint8_t i = 0; i < own->count; i++) list_public(out, &own->items[i]);
}

static bool any_on_loopback(const struct chatroom *room) {
    for (size_t i = 0; i < room->rendezvous_count; i++)
        if (address_classify(&room->rendezvous[i].bootnode) == ADDRESS_LOOPBACK) return true;
    return false;
}

/* Ourselves, or a bootnode? */
static bool is_no_peer(const struct chatroom *room, const struct address *address) {
    for (size_t i = 0; i < room->rendezvous_count; i++)
        if (address_equal(address, &room->rendezvous[i].mapped) ||
            address_equal(address, &room->rendezvous[i].bootnode))
            return true;
    return false;
}

/* The candidates that we may send to. Loopback ones only where a bootnode is on loopback itself: on one machine. */
size_t meeting_usable(void *context, const struct candidate_list *candidates,
                      struct address out[static RECORD_CANDIDATES_MAX]) {
    const struct chatroom *room = context;
    size_t count = 0;
    bool loopback = any_on_loopback(room);
    for (size_t i = 0; i < candidates->count; i++) {
        const struct address *candidate = &candidates->items[i];
        enum address_class class = address_classify(candidate);
        if (class == ADDRESS_UNUSABLE || class == ADDRESS_LINK_LOCAL) continue;
        if (class == ADDRESS_LOOPBACK && !loopback) continue;
        if (!is_no_peer(room, candidate)) out[count++] = *candidate;
    }
    return count;
}

/* --- Others' --- */

static const struct bucket_kind packets_kind = {.burst = RELAY_PACKETS * 1000, .amount = RELAY_PACKETS, .per_ms = 1};
static const struct bucket_kind bytes_kind = {
    .burst = (uint64_t)RELAY_BYTES * 1000, .amount = RELAY_BYTES, .per_ms = 1};

/* A share for each sender: a thousandth of a packet, and of a byte, a millisecond. */
static bool relay_allowed(struct member *from, size_t size, uint64_t now) {
    uint64_t packets = bucket_level(&from->relay_packets, &packets_kind, now);
    uint64_t bytes = bucket_level(&from->relay_bytes, &bytes_kind, now);
    if (packets < 1000 || bytes < size * 1000) return false;
    return bucket_take(&from->relay_packets, &packets_kind, 1000, now) &&
           bucket_take(&from->relay_bytes, &bytes_kind, size * 1000, now);
}

static bool is_of_peers(const struct frame_relay *relay) {
    return relay->packet[0] >= PEER_PROBE && relay->packet[0] < PEER_TYPE_END;
}

void routes_pass_on(void *context, struct peer *from, const struct frame_relay *relay) {
    struct chatroom *room = context;
    struct member *to = members_find(&room->members, relay->member), *sender = from->owner;
    if (!to || to == sender || !is_of_peers(relay) || room->state >= CHATROOM_LEAVING) return;
    if (!relays_for_us(to->peer) || !relays_for_us(from) || !relay_allowed(sender, relay->size, room->now)) return;
    peer_pass_on(to->peer, FRAME_RELAYED, from->pair.other_id, relay->packet, relay->size, room->now);
}

void routes_came_through(void *context, struct peer *through, const struct frame_relay *relay) {
    struct chatroom *room = context;
    struct path from = path_through_member(through->pair.other_id);
    chatroom_receive_relayed(room, &from, relay->member, relay->packet, relay->size);
}

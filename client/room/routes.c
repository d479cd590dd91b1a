#include "client/room/routes.h"

#include <string.h>

#define MEMBERS_TRIED 2

/* --- Ours --- */

/* Whoever is not let in is none of those whom we tell who speaks with whom. */
static bool relays_for_us(const struct peer *peer) {
    const struct member *member = peer->owner;
    return member->admitted && peer_reachable(peer) && peer->path.kind == PATH_DIRECT && sending_is_proven(peer);
}

static void send_through_member(const struct routes *routes, const struct peer *peer, const struct path *to,
                                const uint8_t *packet, size_t size, uint64_t now) {
    const struct member *member = members_find(routes->members, to->member);
    if (member && relays_for_us(member->peer))
        peer_pass_on(member->peer, FRAME_RELAY, peer->pair.other_id, packet, size, now);
}

void routes_send(const struct routes *routes, const struct peer *peer, const struct path *to, const uint8_t *packet,
                 size_t size, uint64_t now) {
    switch (to->kind) {
    case PATH_DIRECT:
        routes->host->outside->send(routes->host->outside->context, to->socket, &to->address, packet, size);
        break;
    case PATH_MEMBER: send_through_member(routes, peer, to, packet, size, now); break;
    case PATH_BOOTNODE:
        /* What it does not take is lost, as on any way. */
        (void)rendezvous_relay(&routes->meeting->sessions.list[to->bootnode], peer->pair.other_id, packet, size);
        break;
    }
}

static bool may_relay(const struct peer *member, const struct peer *peer) {
    return member != peer && member->listed && relays_for_us(member);
}

/* The nearest but for `taken`; NULL: none. */
static const struct peer *nearest_member(const struct routes *routes, const struct peer *peer,
                                         const struct peer *taken) {
    const struct peer *nearest = NULL;
    for (size_t i = 0; i < routes->members->count; i++) {
        const struct peer *member = routes->members->list[i]->peer;
        if (member == taken || !may_relay(member, peer)) continue;
        if (!nearest || member->rtt_us < nearest->rtt_us) nearest = member;
    }
    return nearest;
}

/* Who knows the peer is found out by trying: first the nearest two, in later rounds others, one and one more. */
static size_t relaying_members(const struct routes *routes, const struct peer *peer, struct path *out) {
    const struct peer *first = nearest_member(routes, peer, NULL), *second = NULL;
    size_t count = 0, skipped = peer->rounds;
    for (size_t i = 0; peer->rounds > 0 && i < routes->members->count; i++) {
        const struct peer *member = routes->members->list[(i + skipped) % routes->members->count]->peer;
        if (member == first || !may_relay(member, peer)) continue;
        second = member;
        break;
    }
    if (peer->rounds == 0 && first) second = nearest_member(routes, peer, first);
    if (first) out[count++] = path_through_member(first->pair.other_id);
    if (second) out[count++] = path_through_member(second->pair.other_id);
    return count;
}

/* Where more than can be tried at once list it, each has its turn. */
size_t routes_ways_through(const struct routes *routes, const struct peer *peer, struct path out[static PEER_RELAYS]) {
    const struct sessions *sessions = &routes->meeting->sessions;
    if (!routes->host->relays) return 0;
    size_t count = relaying_members(routes, peer, out);
    size_t skipped = sessions->end > PEER_RELAYS - MEMBERS_TRIED ? peer->rounds : 0;
    for (size_t i = 0; i < sessions->end && count < PEER_RELAYS; i++) {
        size_t at = (i + skipped) % sessions->end;
        if (peer->listed >> at & 1 && rendezvous_can_relay(&sessions->list[at]))
            out[count++] = path_through_bootnode((uint8_t)at);
    }
    return count;
}

_Static_assert(MEMBERS_TRIED + BOOTNODES_MAX <= PEER_RELAYS, "bootnodes without a cluster may all be tried at once");

/* --- Others' --- */

void routes_pass_on(const struct routes *routes, struct member *from, const struct frame_relay *relay, uint64_t now) {
    const struct member *to = members_find(routes->members, relay->member);
    if (!to || to == from) return; /* relays_for_us: and both are let in */
    if (!relays_for_us(to->peer) || !relays_for_us(from->peer) ||
        !relaying_take(routes->host->relaying, &from->relaying, relay->size, now))
        return;
    peer_pass_on(to->peer, FRAME_RELAYED, from->peer->pair.other_id, relay->packet, relay->size, now);
}

#include "client/peer/peer.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/peer/linking.h"
#include "client/peer/paths.h"
#include "client/peer/probes.h"
#include "client/peer/talking.h"

#define OLD_NEWS_MS 5000

struct peer *peer_create(const struct peer_host *host, const struct member_record *record, uint64_t now) {
    struct peer *peer = calloc(1, sizeof *peer);
    if (!peer) abort();
    peer->host = host;
    peer->pair.room = host->room;
    peer->pair.identity = host->identity;
    memcpy(peer->pair.own_id, host->own_id, MEMBER_ID_SIZE);
    memcpy(peer->pair.other_id, record->id, MEMBER_ID_SIZE);
    peer->pair.initiator = handshake_is_initiator(host->own_id, record->id);
    peer->pair.own_mask = host->own_mask;
    peer->pair.other_mask = record->suite_mask;
    pair_tag_derive(host->room->mac_key, record->id, host->own_id, peer->tag_in);
    peer->created = peer->heard = peer->heard_here = peer->sent = now;
    linking_init(peer, now);
    paths_init(peer);
    peer->epoch = ++*host->epochs;
    delivery_sender_init(&peer->sender, ++*host->streams);
    delivery_receiver_init(&peer->receiver);
    return peer;
}

void peer_destroy(struct peer *peer) {
    peer->has_path = false;
    probes_forget(peer);
    free(peer->probing);
    linking_forget(peer);
    delivery_sender_clear(&peer->sender);
    delivery_receiver_clear(&peer->receiver);
    sodium_memzero(peer, sizeof *peer);
    free(peer);
}

/* A client that said bye is here again: known by its keys, but nothing of the old conversation holds. */
static void revive(struct peer *peer, uint64_t now) {
    linking_forget(peer);
    peer->state = PEER_LIVE;
    peer->connected = peer->has_path = peer->demoted = false;
    probes_forget(peer);
    peer->introduce_self = peer->introduction_open = peer->acknowledge = false;
    peer->heard = peer->sent = now;
    peer->asked = 0;
    peer->rounds = 0;
    peer->bye_tries = 0;
    peer->epoch = ++*peer->host->epochs;
    peer_drop_queue(peer);
    delivery_receiver_clear(&peer->receiver);
    delivery_receiver_init(&peer->receiver);
}

/* What a bootnode said before it was lost counts only while there is none that can be asked. */
static void weigh(struct peer *peer, bool said, uint64_t now) {
    uint8_t reachable = peer->host->reachable;
    bool absent = reachable ? !(peer->listed & reachable) : !peer->listed;
    if (absent && !peer->absent) {
        peer->delisted = now;
        peer->said_absent = false;
    }
    peer->absent = absent;
    peer->said_absent |= absent && said;
}

void peer_weigh(struct peer *peer, uint64_t now) {
    weigh(peer, false, now);
}

/* A bootnode that heard of it later than others tells of its coming when it has already said bye. */
static bool is_old_news(const struct peer *peer, uint8_t bit, uint64_t now) {
    return !(peer->listed_once & bit) && now - peer->heard < OLD_NEWS_MS;
}

bool peer_listed(struct peer *peer, unsigned bootnode, const struct member_record *record, const struct address *usable,
                 size_t count, uint64_t now) {
    uint8_t bit = (uint8_t)(1u << bootnode);
    bool revived = peer->state == PEER_GONE && !is_old_news(peer, bit, now);
    bool was_listed = peer->listed;
    bool other_suites = peer->pair.other_mask != record->suite_mask;
    peer->listed |= bit;
    peer->listed_once |= bit;
    weigh(peer, false, now);
    peer->pair.other_mask = record->suite_mask;
    punch_set_candidates(&peer->punch, usable, count, now);
    if (peer->state == PEER_BLOCKED || (peer->state == PEER_GONE && !revived)) return false;
    if (revived) revive(peer, now);
    if (peer_reachable(peer) && peer->path.kind != PATH_DIRECT) paths_seek(peer, now);
    /* A handshake under way was bound to the old mask and cannot succeed. */
    bool linked = peer_reachable(peer) || peer->next.live;
    if (!linked && (revived || !was_listed || other_suites || !peer->punch.active)) {
        peer->rounds = 0;
        linking_start(peer, now);
    }
    return revived;
}

void peer_delisted(struct peer *peer, unsigned bootnode, bool resync, uint64_t now) {
    uint8_t bit = (uint8_t)(1u << bootnode);
    if (!(peer->listed & bit)) return;
    peer->listed &= (uint8_t)~bit;
    weigh(peer, !resync, now);
}

void peer_introduced(struct peer *peer, const struct address *usable, size_t count, uint64_t now) {
    if (peer->state != PEER_LIVE) return;
    punch_set_candidates(&peer->punch, usable, count, now);
    if (!peer_reachable(peer) && !peer->punch.active && !peer->next.live) linking_start(peer, now);
}

void peer_retry(struct peer *peer, uint64_t now) {
    if (peer->state != PEER_LIVE || peer_reachable(peer) || peer->punch.active || peer->next.live) return;
    peer->rounds = 0;
    peer->host->introduce(peer->host->context, peer);
    linking_start(peer, now);
}

void peer_network_changed(struct peer *peer, uint64_t now) {
    peer_retry(peer, now);
    if (!peer_reachable(peer)) return;
    path_log_add(&peer->log, NOTE_NETWORK, NULL, 0, now);
    sending_ping(peer, now);
    paths_seek(peer, now);
}

/* Keys grow old all the same. */
void peer_resumed(struct peer *peer, uint64_t gap, uint64_t now) {
    if (peer->delisted) peer->delisted += gap;
    peer->heard = peer->heard_here = now;
    peer->asked = 0;
    peer->ping_sent = 0;
    peer_retry(peer, now);
    if (peer_reachable(peer) && linking_usable(peer, now)) sending_ping(peer, now);
}

bool peer_queue(struct peer *peer, struct blob *blob, uint64_t tag, uint64_t now) {
    if (!delivery_queue(&peer->sender, blob, tag, now)) return false;
    if (peer->connected) talking_flush(peer, now);
    return true;
}

void peer_drop_queue(struct peer *peer) {
    delivery_sender_clear(&peer->sender);
    delivery_sender_init(&peer->sender, ++*peer->host->streams);
}

void peer_tick(struct peer *peer, uint64_t now) {
    linking_tick(peer, now);
    paths_tick(peer, now);
    probes_tick(peer, now);
    talking_tick(peer, now);
}

uint64_t peer_due(const struct peer *peer, uint64_t now) {
    uint64_t due = linking_due(peer, now), paths = paths_due(peer), talking = talking_due(peer, now);
    uint64_t probes = probes_due(peer);
    if (paths < due) due = paths;
    if (probes < due) due = probes;
    return talking < due ? talking : due;
}

#include "client/room/parts.h"

#define STATUS_EVERY_MS 1000
#define RTT_STEP_US 500 /* and a tenth: less is noise */

static enum peer_standing standing_of(const struct peer *peer) {
    if (peer->state == PEER_BLOCKED) return STANDING_BLOCKED;
    return peer_reachable(peer) ? STANDING_CONNECTED : STANDING_CONNECTING;
}

static bool rtt_changed(const struct peer *peer) {
    uint32_t before = peer->told.rtt_us, now = peer_rtt_us(peer);
    uint32_t step = now > before ? now - before : before - now;
    return step >= RTT_STEP_US && step >= before / 10;
}

static void take(struct peer *peer, enum peer_standing standing, uint64_t now) {
    peer->told.standing = standing;
    peer->told.rtt_us = peer_rtt_us(peer);
    peer->told.path = peer->path;
    peer->told.at = now;
}

void status_joined(struct peer *peer) {
    peer->told.present = true;
    take(peer, STANDING_CONNECTING, 0);
}

void status_left(struct peer *peer) {
    peer->told.present = false;
}

uint64_t status_due(const struct chatroom *room, const struct peer *peer) {
    if (!peer->told.present || room->state >= CHATROOM_LEAVING) return UINT64_MAX;
    enum peer_standing standing = standing_of(peer);
    if (standing != peer->told.standing) return 0;
    if (standing != STANDING_CONNECTED) return UINT64_MAX;
    bool changed = rtt_changed(peer) || !path_equal(&peer->path, &peer->told.path);
    return changed ? peer->told.at + STATUS_EVERY_MS : UINT64_MAX;
}

void status_check(const struct chatroom *room, struct peer *peer) {
    if (status_due(room, peer) > room->now) return;
    take(peer, standing_of(peer), room->now);
    struct event *event = chatroom_event(room, EVENT_PEER_STATUS, peer);
    event->standing = peer->told.standing;
    event->rtt_ms = peer->told.rtt_us / 1000.0;
    chatroom_emit(room, event);
}

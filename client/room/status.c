#include "client/room/status.h"

#include "common/clock.h"

#define STATUS_EVERY_MS 1000
#define RTT_STEP_US 500 /* and a tenth: less is noise */

static enum peer_standing standing_of(const struct member *member) {
    if (member->barred) return STANDING_BLOCKED;
    return peer_reachable(member->peer) ? STANDING_CONNECTED : STANDING_CONNECTING;
}

static bool rtt_changed(const struct member *member) {
    uint32_t before = member->told.rtt_us, now = sending_rtt_us(member->peer);
    uint32_t step = now > before ? now - before : before - now;
    return step >= RTT_STEP_US && step >= before / 10;
}

static void take(struct member *member, enum peer_standing standing, uint64_t now) {
    member->told.standing = standing;
    member->told.verified = member->verified;
    member->told.rtt_us = sending_rtt_us(member->peer);
    member->told.path = member->peer->path;
    member->told.at = now;
}

void status_welcome(struct member *member, const struct room_events *events) {
    if (member->told.present || !member->admitted || member->peer->state == PEER_GONE) return;
    room_events_emit(events, room_events_make(events, EVENT_PEER_JOINED, member->peer));
    member->told.present = true;
    take(member, STANDING_CONNECTING, 0);
}

void status_left(struct member *member) {
    member->told.present = false;
}

uint64_t status_due(const struct member *member) {
    if (!member->told.present) return NEVER;
    enum peer_standing standing = standing_of(member);
    if (standing != member->told.standing || member->verified != member->told.verified) return 0;
    if (standing != STANDING_CONNECTED) return NEVER;
    bool changed = rtt_changed(member) || !path_equal(&member->peer->path, &member->told.path);
    return changed ? member->told.at + STATUS_EVERY_MS : NEVER;
}

void status_check(struct member *member, const struct room_events *events, uint64_t now) {
    if (status_due(member) > now) return;
    take(member, standing_of(member), now);
    struct event *event = room_events_make(events, EVENT_PEER_STATUS, member->peer);
    event->standing = member->told.standing;
    event->rtt_ms = member->told.rtt_us / 1000.0;
    room_events_emit(events, event);
}

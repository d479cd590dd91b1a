#include "client/peer/rounds.h"

#include "client/peer/linking.h"
#include "client/peer/sending.h"
#include "common/clock.h"

#define FORCED_INTERVAL_MS 5000
#define PROBE_LATE_MS 1000
#define ROUND_WAIT_FIRST_MS UINT64_C(2000)
#define ROUND_WAIT_MOST_MS UINT64_C(60000)
#define MEMBER_WAIT_MS 400 /* those who meet directly need no relay: PROTOCOL.md §3.4 rule 1 */
#define BOOTNODE_WAIT_MS 800
#define RELAYS_AGAIN_MS 500

void rounds_init(struct peer *peer) {
    punch_init(&peer->punch);
    peer->relays_due = NEVER;
    peer->retry = NEVER;
}

/* After a round in vain, or with a path that has died, nothing is gained by waiting. */
static bool in_a_hurry(const struct peer *peer) {
    return peer->demoted || peer->rounds > 0;
}

void rounds_start(struct peer *peer, uint64_t now) {
    peer->relay_count = 0;
    peer->relays_due = NEVER;
    if (peer->pair.initiator) {
        peer->retry = now + ROUND_WAIT_FIRST_MS; /* should there be no index left */
        if (!linking_begin(peer, now)) return;
    }
    peer->relays_due = now + (in_a_hurry(peer) ? 0 : MEMBER_WAIT_MS);
    peer->retry = NEVER;
    path_log_add(&peer->log, NOTE_ROUND, NULL, peer->rounds + 1, now);
    punch_start(&peer->punch, now);
}

void rounds_done(struct peer *peer) {
    linking_abandon(peer);
    punch_stop(&peer->punch);
    peer->relay_count = 0;
    peer->relays_due = NEVER;
    peer->retry = NEVER;
    peer->rounds = 0;
}

static struct path_try *relay_find(struct peer *peer, const struct path *path) {
    for (size_t i = 0; i < peer->relay_count; i++)
        if (path_equal(&peer->relays[i].path, path)) return &peer->relays[i];
    return NULL;
}

/* The responder knows a relay that we have not tried yet: one packet, as to any other place that it is heard from. */
static void relay_learn(struct peer *peer, const struct path *path, uint64_t now) {
    if (!peer->punch.active || relay_find(peer, path) || peer->relay_count == PEER_RELAYS) return;
    struct path_try *try = &peer->relays[peer->relay_count++];
    path_try_start(try, path, now);
    try->sent = PATH_TRIES - 1;
}

/* A PROBE on a working session: the other side has lost it. Anyone in the room could forge that, so not too often. */
static bool probe_counts(const struct peer *peer, uint64_t now) {
    if (!linking_usable(peer, now) || peer->demoted) return true;
    /* It was on its way while the session was made. */
    bool late = now - peer->current.created < PROBE_LATE_MS + sending_excess_ms(peer);
    return !late && now - peer->forced >= FORCED_INTERVAL_MS;
}

void rounds_probed(struct peer *peer, const struct path *from, uint64_t now) {
    bool busy = peer->punch.active || peer->renewing || peer->next.live;
    if (!busy && probe_counts(peer, now)) {
        peer->forced = now;
        rounds_start(peer, now);
    }
    if (from->kind != PATH_DIRECT)
        relay_learn(peer, from, now);
    else if (from->socket == PATH_SOCKET_MAIN)
        punch_learn(&peer->punch, &from->address, now);
}

/* A bootnode vouches for who sent what it relays; a member may say anything. */
bool rounds_knows(struct peer *peer, const struct path *from) {
    if (peer->has_path && path_equal(from, &peer->path)) return true;
    switch (from->kind) {
    case PATH_DIRECT: return punch_names(&peer->punch, &from->address);
    case PATH_MEMBER: return relay_find(peer, from) != NULL;
    case PATH_BOOTNODE: break;
    }
    return true;
}

static void send_punch(struct peer *peer, const struct path *to, uint64_t now) {
    if (peer->pair.initiator) {
        linking_initiate(peer, to, now);
        return;
    }
    struct peer_probe probe;
    pair_tag_derive(peer->pair.room->mac_key, peer->pair.own_id, peer->pair.other_id, probe.pair_tag);
    uint8_t packet[PEER_PROBE_SIZE];
    size_t size = peer_probe_encode(&probe, packet, sizeof packet);
    peer_mac_write(peer->pair.room->mac_key, packet, size);
    peer->host->send(peer->host->context, peer, to, packet, size, now);
}

/* Who may relay now, in addition to those who could before. */
static void relays_look(struct peer *peer, uint64_t now) {
    struct path found[PEER_RELAYS];
    size_t count = peer->host->ways_through(peer->host->context, peer, found);
    peer->relays_due = now + RELAYS_AGAIN_MS;
    for (size_t i = 0; i < count && peer->relay_count < PEER_RELAYS; i++) {
        if (relay_find(peer, &found[i])) continue;
        bool later = found[i].kind == PATH_BOOTNODE && !in_a_hurry(peer);
        uint64_t wait = later ? BOOTNODE_WAIT_MS - MEMBER_WAIT_MS : 0;
        path_try_start(&peer->relays[peer->relay_count++], &found[i], now + wait);
        path_log_add(&peer->log, NOTE_RELAY, &found[i], 0, now);
    }
}

/* A round without success: the next one after 2, 4, 8 … 60 s, and the bootnode tells the other side to punch as well.
 * An answer may still be under way. */
void rounds_end(struct peer *peer, uint64_t now) {
    punch_stop(&peer->punch);
    peer->relays_due = NEVER;
    path_log_add(&peer->log, NOTE_IN_VAIN, NULL, 0, now);
    uint64_t wait = peer->rounds >= 5 ? ROUND_WAIT_MOST_MS : ROUND_WAIT_FIRST_MS << peer->rounds;
    peer->rounds++;
    peer->retry = now + wait;
}

static uint64_t round_at(const struct peer *peer) {
    return peer->state == PEER_LIVE ? peer->retry : NEVER;
}

static bool is_on(const struct peer *peer) {
    return peer->state == PEER_LIVE && peer->punch.active;
}

static uint64_t unblocked(const struct peer *peer, uint64_t due) {
    return due > peer->punch_blocked ? due : peer->punch_blocked;
}

static uint64_t punch_at(const struct peer *peer) {
    return is_on(peer) ? unblocked(peer, punch_due(&peer->punch)) : NEVER;
}

static void punch_run(struct peer *peer, uint64_t now) {
    struct address to;
    while (punch_due(&peer->punch) <= now && sending_unasked(peer, now)) {
        if (!punch_next(&peer->punch, now, &to)) return;
        struct path path = path_direct(&to);
        send_punch(peer, &path, now);
    }
}

static uint64_t relays_at(const struct peer *peer) {
    return is_on(peer) ? peer->relays_due : NEVER;
}

static uint64_t relay_at(const struct peer *peer) {
    uint64_t due = NEVER;
    for (size_t i = 0; is_on(peer) && i < peer->relay_count; i++) due = earlier(due, peer->relays[i].due);
    return unblocked(peer, due);
}

static void relays_run(struct peer *peer, uint64_t now) {
    for (size_t i = 0; i < peer->relay_count; i++) {
        struct path_try *try = &peer->relays[i];
        if (now < try->due || !sending_unasked(peer, now)) continue;
        send_punch(peer, &try->path, now);
        path_try_sent(try, now);
    }
}

static uint64_t over_at(const struct peer *peer) {
    return is_on(peer) && relay_at(peer) == NEVER ? punch_exhausted_at(&peer->punch) : NEVER;
}

void rounds_tick(struct peer *peer, uint64_t now) {
    if (now >= round_at(peer)) {
        peer->host->introduce(peer->host->context, peer);
        rounds_start(peer, now);
    }
    if (now >= punch_at(peer)) punch_run(peer, now);
    if (now >= relays_at(peer)) relays_look(peer, now);
    if (now >= relay_at(peer)) relays_run(peer, now);
    if (now >= over_at(peer)) rounds_end(peer, now);
}

void rounds_alarms(const struct peer *peer, uint64_t alarms[static PEER_ALARMS]) {
    alarms[ALARM_ROUND] = round_at(peer);
    alarms[ALARM_PUNCH] = punch_at(peer);
    alarms[ALARM_RELAYS] = relays_at(peer);
    alarms[ALARM_RELAY] = relay_at(peer);
    alarms[ALARM_ROUND_OVER] = over_at(peer);
}

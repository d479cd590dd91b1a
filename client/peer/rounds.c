#include "client/peer/rounds.h"

#include <stddef.h>

#include "client/peer/linking.h"
#include "client/peer/sending.h"
#include "client/peer/touch.h"
#include "common/clock.h"

#define FORCED_INTERVAL_MS 5000
#define PROBE_LATE_MS 1000
#define ROUND_WAIT_FIRST_MS UINT64_C(2000)
#define ROUND_WAIT_MOST_MS UINT64_C(60000)
#define MEMBER_WAIT_MS 400 /* those who meet directly need no relay: PROTOCOL.md §3.4 rule 1 */
#define BOOTNODE_WAIT_MS 800
#define RELAYS_AGAIN_MS 500
#define PUT_OFF_MS 500
#define PROBE_ANSWER_MS 100 /* after the last INITIATION a PROBE of a candidate draws one */
#define ECHO_MS 5000        /* an INTRODUCE so soon after our own is its echo */

/* In the first round, the second …; then one, to the best alone: PROTOCOL.md §3.2 rule 1. */
static const uint8_t round_packets[] = {8, 1, 1}, round_tries[] = {PATH_TRIES, PATH_TRIES, 5};

#define ROUNDS (sizeof round_packets / sizeof *round_packets)

void rounds_init(struct peer *peer) {
    punch_init(&peer->punch);
    peer->relays_due = NEVER;
    peer->retry = NEVER;
}

/* After a round in vain, or with a path that has died, nothing is gained by waiting. */
static bool in_a_hurry(const struct peer *peer) {
    return peer->demoted || peer->rounds > 0;
}

static struct rush *rush_of(const struct peer *peer) {
    return &peer->host->budget->rush;
}

/* Those whose turn it is begin at their next tick. */
static void call_others(struct rush *rush) {
    struct rush_place *place;
    while ((place = rush_call(rush))) {
        struct peer *called = (struct peer *)((char *)place - offsetof(struct peer, place));
        called->called = true;
        called->alarms[ALARM_ROUND] = 0;
        touch_peer(called);
    }
}

static void give_way(struct peer *peer) {
    peer->called = false;
    rush_leave(rush_of(peer), &peer->place);
    call_others(rush_of(peer));
}

/* The round goes on without a turn: nobody waits for who may never answer. */
static void go_on(struct peer *peer) {
    rush_go_on(rush_of(peer), &peer->place);
    call_others(rush_of(peer));
}

static void set_pace(struct peer *peer) {
    punch_pace(&peer->punch, rush_stretch(rush_of(peer)), rush_answer_ms(rush_of(peer)));
}

static uint64_t member_wait(const struct peer *peer) {
    return in_a_hurry(peer) ? 0 : MEMBER_WAIT_MS + rush_patience_ms(rush_of(peer));
}

static void begin(struct peer *peer, uint64_t now) {
    peer->called = false;
    if (peer->pair.initiator && !linking_begin(peer, now)) {
        peer->retry = now + ROUND_WAIT_FIRST_MS;
        give_way(peer);
        return;
    }
    peer->turn_over = now + rush_turn_ms(rush_of(peer));
    peer->relays_due = now + member_wait(peer);
    peer->retry = NEVER;
    peer->put_off = false;
    path_log_add(&peer->log, NOTE_ROUND, NULL, peer->rounds + 1, now);
    set_pace(peer);
    /* No bootnode can say that it left, nor bring a sign of it. */
    if (!peer->host->reachable && peer->rounds >= ROUNDS) trials_allow_answered(&peer->trials);
    uint8_t most = peer->rounds < ROUNDS ? round_packets[peer->rounds] : 1;
    punch_start(&peer->punch, most, peer->rounds >= ROUNDS, now);
}

/* A round that is under way ends here, and its turn with it: who begins anew is behind those that wait. */
void rounds_start(struct peer *peer, uint64_t now) {
    if (peer->place.state == RUSH_WAITS || peer->called) return;
    punch_stop(&peer->punch);
    peer->relay_count = 0;
    peer->relays_due = peer->retry = NEVER;
    give_way(peer);
    if (!peer->pair.initiator) {
        go_on(peer);
        begin(peer, now);
    } else if (rush_ask(rush_of(peer), &peer->place)) {
        begin(peer, now);
    }
}

bool rounds_active(const struct peer *peer) {
    return peer->punch.active || peer->place.state == RUSH_WAITS || peer->called;
}

void rounds_answered(struct peer *peer) {
    linking_abandon(peer);
    punch_stop(&peer->punch);
    peer->relay_count = 0;
    peer->relays_due = NEVER;
    peer->retry = NEVER;
    peer->rounds = 0;
    if (peer->place.state != RUSH_TAKEN) give_way(peer);
}

void rounds_done(struct peer *peer) {
    rounds_answered(peer);
    give_way(peer);
}

/* Once a round: a copy of INITIATION may come from anybody. */
void rounds_asked(struct peer *peer, uint64_t now) {
    if (!peer->punch.active || peer->put_off) return;
    peer->put_off = true;
    punch_put_off(&peer->punch, now + later(PUT_OFF_MS, rush_answer_ms(rush_of(peer))));
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
    if (!linking_usable(peer, now) || peer->demoted || peer->attempt.active) return true;
    /* It was on its way while the session was made. */
    bool late = now - peer->current.created < PROBE_LATE_MS + sending_excess_ms(peer);
    return !late && now - peer->forced >= FORCED_INTERVAL_MS;
}

static void send_punch(struct peer *peer, const struct path *to, uint64_t now);

/* A packet for a packet, whatever was sent there before: this is not a round, and no other address gets anything. */
static void answer_probe(struct peer *peer, const struct path *from, uint64_t now) {
    if (!trials_probed(&peer->trials, now) || !sending_unasked(peer, now) || !linking_begin(peer, now)) return;
    send_punch(peer, from, now);
}

/* Of a candidate an INITIATION to there may be on its way; of a relay that is known it is worth another one. */
static bool wants_answer(struct peer *peer, const struct path *from, uint64_t now) {
    if (from->kind != PATH_DIRECT) return relay_find(peer, from) != NULL;
    if (!peer->punch.active || !punch_names(&peer->punch, &from->address)) return false;
    return punch_spent(&peer->punch, &from->address) || now - peer->attempt.sent.last >= PROBE_ANSWER_MS;
}

/* In a round: the way from there is open now. An address that nobody told of has one packet, too. */
static void probed_in_round(struct peer *peer, const struct path *from, uint64_t now) {
    if (wants_answer(peer, from, now))
        answer_probe(peer, from, now);
    else if (from->kind != PATH_DIRECT)
        relay_learn(peer, from, now);
    else if (from->socket == PATH_SOCKET_MAIN)
        punch_learn(&peer->punch, &from->address, now);
}

bool rounds_sign(struct peer *peer, struct punch *punch, uint64_t now) {
    if (!trials_sign(&peer->trials, now)) return false;
    for (unsigned ipv4 = 0; ipv4 <= 1; ipv4++) {
        struct address best;
        if (!punch_best(&peer->punch, ipv4, &best)) continue;
        trials_allow_one(&peer->trials, &best);
        budget_allow_one(peer->host->budget, &best, now);
        if (punch->active) punch_once_more(punch, &best, now);
    }
    return true;
}

/* A bootnode vouches for who sent what it relays, so that begins a round; anything else may be forged. */
void rounds_probed(struct peer *peer, const struct path *from, uint64_t now) {
    rush_hurry(rush_of(peer), &peer->place);
    if (rounds_active(peer)) {
        probed_in_round(peer, from, now);
        return;
    }
    if (linking_is_confirming(peer)) {
        if (trials_probed(&peer->trials, now)) linking_confirm_to(peer, from, now);
        return;
    }
    if (peer->renewing || peer->next.live || !probe_counts(peer, now)) return;
    if (linking_usable(peer, now) && !peer->attempt.active) peer->forced = now;
    if (from->kind == PATH_BOOTNODE && rounds_sign(peer, &peer->punch, now))
        rounds_start(peer, now);
    else
        answer_probe(peer, from, now);
}

void rounds_introduce(struct peer *peer, uint64_t now) {
    peer->introduction_asked = now;
    peer->host->introduce(peer->host->context, peer);
}

/* The other side shall get its sign, too; it takes that for the echo of its own. */
void rounds_introduced(struct peer *peer, uint64_t now) {
    bool echo = peer->introduction_asked && now - peer->introduction_asked < ECHO_MS;
    peer->introduction_asked = 0;
    if (echo || !rounds_sign(peer, &peer->punch, now) || rounds_active(peer)) return;
    rounds_introduce(peer, now);
    rounds_start(peer, now);
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
        linking_initiate(peer, to, SENDING_CANDIDATE, now);
        return;
    }
    struct peer_probe probe;
    const struct key_set *set = linking_set(peer);
    pair_tag_derive(set->mac_key, peer->pair.own_id, peer->pair.other_id, probe.pair_tag);
    uint8_t packet[PEER_PROBE_SIZE];
    size_t size = peer_probe_encode(&probe, packet, sizeof packet);
    peer_mac_write(set->mac_key, packet, size);
    (void)sending_packet(peer, to, SENDING_CANDIDATE, packet, size, now);
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
        struct path_try *try = &peer->relays[peer->relay_count++];
        path_try_start(try, &found[i], now + wait);
        try->sent = (uint8_t)(PATH_TRIES - (peer->rounds < ROUNDS ? round_tries[peer->rounds] : 1));
        path_log_add(&peer->log, NOTE_RELAY, &found[i], 0, now);
    }
}

/* A round without success: the next one after 2, 4, 8 … 60 s, and the bootnode tells the other side to punch as well.
 * An answer may still be under way. */
void rounds_end(struct peer *peer, uint64_t now) {
    punch_stop(&peer->punch);
    peer->relays_due = NEVER;
    path_log_add(&peer->log, NOTE_IN_VAIN, NULL, 0, now);
    give_way(peer);
    uint64_t wait = peer->rounds >= 5 ? ROUND_WAIT_MOST_MS : ROUND_WAIT_FIRST_MS << peer->rounds;
    peer->rounds++;
    peer->retry = now + wait;
}

static enum budget_kind kind_of(const struct punch_candidate *candidate) {
    return candidate->named ? BUDGET_NAMED : BUDGET_TOLD;
}

/* What answers a packet from there is the sender's own expense. */
static bool is_allowed(struct peer *peer, const struct punch_candidate *candidate, uint64_t now) {
    return candidate->answers ||
           trials_may(&peer->trials, peer->host->budget, kind_of(candidate), &candidate->address, now);
}

bool rounds_next(struct peer *peer, struct punch *punch, uint64_t now, struct address *out) {
    const struct punch_candidate *candidate;
    while ((candidate = punch_peek(punch, now)) && !is_allowed(peer, candidate, now)) {
        struct address full = candidate->address;
        punch_refuse(punch, &full);
    }
    if (!candidate || !sending_unasked(peer, now)) return false;
    bool counted = candidate->answers ||
                   trials_take(&peer->trials, peer->host->budget, kind_of(candidate), &candidate->address, now);
    return counted && punch_next(punch, now, out);
}

static uint64_t round_at(const struct peer *peer) {
    if (peer->state != PEER_LIVE) return NEVER;
    return peer->called ? 0 : peer->retry;
}

static void round_run(struct peer *peer, uint64_t now) {
    if (peer->called) {
        begin(peer, now);
    } else {
        rounds_introduce(peer, now);
        rounds_start(peer, now);
    }
}

static uint64_t turn_at(const struct peer *peer) {
    return peer->place.state == RUSH_TAKEN && !peer->called ? peer->turn_over : NEVER;
}

/* A round goes on; who was answered has not much to wait for. */
static void turn_run(struct peer *peer) {
    if (peer->punch.active)
        go_on(peer);
    else
        give_way(peer);
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
    set_pace(peer);
    while (rounds_next(peer, &peer->punch, now, &to)) {
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
        if (try->due != NEVER) try->due = later(try->due, now + rush_answer_ms(rush_of(peer)));
    }
}

static uint64_t over_at(const struct peer *peer) {
    return is_on(peer) && relay_at(peer) == NEVER ? punch_exhausted_at(&peer->punch) : NEVER;
}

void rounds_tick(struct peer *peer, uint64_t now) {
    if (now >= turn_at(peer)) turn_run(peer);
    if (now >= round_at(peer)) round_run(peer, now);
    if (now >= punch_at(peer)) punch_run(peer, now);
    if (now >= relays_at(peer)) relays_look(peer, now);
    if (now >= relay_at(peer)) relays_run(peer, now);
    if (now >= over_at(peer)) rounds_end(peer, now);
}

void rounds_alarms(const struct peer *peer, uint64_t alarms[static PEER_ALARMS]) {
    alarms[ALARM_ROUND] = round_at(peer);
    alarms[ALARM_TURN] = turn_at(peer);
    alarms[ALARM_PUNCH] = punch_at(peer);
    alarms[ALARM_RELAYS] = relays_at(peer);
    alarms[ALARM_RELAY] = relay_at(peer);
    alarms[ALARM_ROUND_OVER] = over_at(peer);
}

#include "client/peer/linking.h"

#include <sodium.h>
#include <string.h>

#include "client/peer/paths.h"
#include "client/peer/peer.h"
#include "client/peer/sending.h"
#include "client/peer/talking.h"

#define FORCED_INTERVAL_MS 5000
#define PROBE_LATE_MS 1000
#define WORK 1000 /* an INITIATION, in thousandths */
#define PENDING_LIFE_MS 10000
#define CONFIRMATION_FIRST_MS 100
#define CONFIRMATION_TRIES 6
#define ROUND_WAIT_FIRST_MS UINT64_C(2000)
#define ROUND_WAIT_MOST_MS UINT64_C(60000)
#define RENEWAL_AGAIN_MS 5000
#define MEMBER_WAIT_MS 400 /* those who meet directly need no relay: PROTOCOL.md §3.4 rule 1 */
#define BOOTNODE_WAIT_MS 800
#define RELAYS_AGAIN_MS 500

/* Four at once, then two a second. */
static const struct bucket_kind work_kind = {.burst = 4 * WORK, .amount = 2, .per_ms = 1};

bool linking_usable(const struct peer *peer, uint64_t now) {
    return transport_usable(&peer->current, now);
}

static void transport_drop(struct peer *peer, struct transport *transport) {
    indices_release(peer->host->indices, transport->local_index);
    transport_wipe(transport);
}

static void attempt_drop(struct peer *peer) {
    if (peer->attempt.active) indices_release(peer->host->indices, peer->attempt.index);
    sodium_memzero(&peer->attempt, sizeof peer->attempt);
}

/* The index of a confirmed handshake belongs to its transport. */
static void pending_drop(struct peer *peer, struct handshake_pending *pending) {
    if (pending->active && !pending->done) indices_release(peer->host->indices, pending->index);
    sodium_memzero(pending, sizeof *pending);
}

void linking_drop_previous(struct peer *peer) {
    transport_drop(peer, &peer->previous);
}

void linking_forget(struct peer *peer) {
    attempt_drop(peer);
    for (size_t i = 0; i < PEER_PENDING; i++) pending_drop(peer, &peer->pending[i]);
    transport_drop(peer, &peer->current);
    transport_drop(peer, &peer->previous);
    transport_drop(peer, &peer->next);
    peer->confirmation_size = 0;
}

static bool attempt_begin(struct peer *peer, const struct transport *bound_to, uint64_t now) {
    attempt_drop(peer);
    uint32_t index = indices_take(peer->host->indices, peer);
    if (index && handshake_initiate(&peer->pair, index, bound_to, now, &peer->attempt)) return true;
    indices_release(peer->host->indices, index);
    sodium_memzero(&peer->attempt, sizeof peer->attempt);
    return false;
}

/* After a round in vain, or with a path that has died, nothing is gained by waiting. */
static bool in_a_hurry(const struct peer *peer) {
    return peer->demoted || peer->rounds > 0;
}

void linking_start(struct peer *peer, uint64_t now) {
    peer->relay_count = 0;
    peer->relays_due = UINT64_MAX;
    if (peer->pair.initiator) {
        peer->renewing = false;
        peer->retry = now + ROUND_WAIT_FIRST_MS; /* should there be no index left */
        if (!attempt_begin(peer, NULL, now)) return;
    }
    peer->relays_due = now + (in_a_hurry(peer) ? 0 : MEMBER_WAIT_MS);
    peer->retry = UINT64_MAX;
    path_log_add(&peer->log, NOTE_ROUND, NULL, peer->rounds + 1, now);
    punch_start(&peer->punch, now);
}

void linking_done(struct peer *peer) {
    attempt_drop(peer);
    punch_stop(&peer->punch);
    peer->renewing = false;
    peer->relay_count = 0;
    peer->relays_due = UINT64_MAX;
    peer->retry = UINT64_MAX;
    peer->rounds = 0;
}

/* The new transport is sent on from now; the former one still receives what is under way. */
static void transport_rotate(struct peer *peer, const struct transport *fresh) {
    transport_drop(peer, &peer->previous);
    peer->previous = peer->current;
    peer->current = *fresh;
}

/* Where a handshake was answered from is the path. A renewal keeps the path it runs on: that moves by validation only.
 */
static void take_path(struct peer *peer, bool bound, const struct path *from, uint64_t now) {
    if (bound && peer->has_path) return;
    path_log_add(&peer->log, NOTE_ANSWERED, from, peer->rtt_us, now);
    paths_set(peer, from, now);
}

void linking_promote_next(struct peer *peer, uint64_t now) {
    struct transport fresh = peer->next;
    sodium_memzero(&peer->next, sizeof peer->next);
    transport_rotate(peer, &fresh);
    sodium_memzero(&fresh, sizeof fresh);
    memcpy(peer->current_static, peer->next_static, sizeof peer->current_static);
    peer->static_proven = true;
    if (peer->confirmation_tries == 1) peer->rtt_us = (uint32_t)(now - peer->confirmation_sent) * 1000;
    take_path(peer, peer->next_bound, &peer->next_path, now);
    peer->confirmation_size = 0;
    linking_done(peer);
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
    bool late = now - peer->current.created < PROBE_LATE_MS; /* it was on its way while the session was made */
    return !late && now - peer->forced >= FORCED_INTERVAL_MS;
}

void peer_receive_probe(struct peer *peer, const struct path *from, uint64_t now) {
    if (!peer->pair.initiator || peer->state != PEER_LIVE) return;
    if (!peer->attempt.active && !peer->next.live && probe_counts(peer, now)) {
        peer->forced = now;
        linking_start(peer, now);
    }
    if (from->kind != PATH_DIRECT)
        relay_learn(peer, from, now);
    else if (from->socket == PATH_SOCKET_MAIN)
        punch_learn(&peer->punch, &from->address, now);
}

void linking_init(struct peer *peer, uint64_t now) {
    punch_init(&peer->punch);
    peer->relays_due = UINT64_MAX;
    peer->retry = UINT64_MAX;
    for (size_t i = 0; i < PEER_PENDING; i++) bucket_fill(&peer->work[i], &work_kind, now);
}

/* A bootnode vouches for who sent what it relays; a member may say anything. */
static bool is_known(struct peer *peer, const struct path *from) {
    if (peer->has_path && path_equal(from, &peer->path)) return true;
    switch (from->kind) {
    case PATH_DIRECT: return punch_names(&peer->punch, &from->address);
    case PATH_MEMBER: return relay_find(peer, from) != NULL;
    case PATH_BOOTNODE: break;
    }
    return true;
}

static size_t pending_place(struct peer *peer, bool bound, const struct path *from) {
    return bound || is_known(peer, from) ? PEER_PENDING_KNOWN : PEER_PENDING_STRANGE;
}

static const struct transport *bound_transport(const struct peer *peer, uint32_t index, uint64_t now) {
    if (peer->current.local_index == index && transport_usable(&peer->current, now)) return &peer->current;
    if (peer->previous.local_index == index && transport_usable(&peer->previous, now)) return &peer->previous;
    return NULL;
}

static void send_response(struct peer *peer, const struct handshake_pending *pending, const struct path *to,
                          uint64_t now) {
    peer->host->send(peer->host->context, peer, to, pending->response, sizeof pending->response);
    peer->answered = now;
}

void peer_receive_initiation(struct peer *peer, const uint8_t *packet, const struct peer_initiation *message,
                             const struct path *from, uint64_t now) {
    if (peer->pair.initiator || peer->state != PEER_LIVE) return;
    for (size_t i = 0; i < PEER_PENDING; i++) {
        const struct handshake_pending *known = &peer->pending[i];
        if (!known->active || memcmp(known->initiation, packet, PEER_HANDSHAKE_SIZE) != 0) continue;
        if (!known->done) send_response(peer, known, from, now);
        return;
    }
    const struct transport *bound_to = message->bound ? bound_transport(peer, message->bound_index, now) : NULL;
    size_t place = pending_place(peer, bound_to != NULL, from);
    if ((message->bound && !bound_to) || !bucket_take(&peer->work[place], &work_kind, WORK, now)) return;
    uint32_t index = indices_take(peer->host->indices, peer);
    if (!index) return;
    struct handshake_pending fresh;
    if (!handshake_respond(&peer->pair, packet, message, index, bound_to, now, &fresh)) {
        indices_release(peer->host->indices, index);
        return;
    }
    struct handshake_pending *slot = &peer->pending[place];
    pending_drop(peer, slot);
    *slot = fresh;
    sodium_memzero(&fresh, sizeof fresh);
    send_response(peer, slot, from, now);
}

static void send_confirmation(struct peer *peer, uint64_t now) {
    peer->host->send(peer->host->context, peer, &peer->next_path, peer->confirmation, peer->confirmation_size);
    peer->confirmation_sent = now;
    peer->confirmation_due = now + (CONFIRMATION_FIRST_MS << peer->confirmation_tries++);
}

void peer_receive_response(struct peer *peer, const struct peer_answer *message, const struct path *from,
                           uint64_t now) {
    if (!peer->attempt.active || message->receiver_index != peer->attempt.index) return;
    struct frame_introduction self;
    struct handshake_result result;
    uint8_t confirmation[PEER_CONFIRMATION_MAX];
    sending_introduction(peer, &self);
    size_t size =
        handshake_confirm(&peer->pair, &peer->attempt, message, &self, confirmation, sizeof confirmation, &result);
    if (size == 0) return;
    /* Somebody else in the room answers for a member whom we know. */
    if (peer->static_proven && sodium_memcmp(result.remote_static, peer->current_static, 32) != 0) {
        sodium_memzero(&result, sizeof result);
        return;
    }
    transport_drop(peer, &peer->next);
    transport_start(&peer->next, handshake_suite(&peer->pair), &result.keys, peer->attempt.index, message->sender_index,
                    now);
    memcpy(peer->next_static, result.remote_static, sizeof peer->next_static);
    sodium_memzero(&result, sizeof result);
    peer->next_bound = peer->attempt.bound;
    peer->next_path = peer->next_bound && peer->has_path ? peer->path : *from;
    sodium_memzero(&peer->attempt, sizeof peer->attempt); /* its index is the transport's now */
    linking_done(peer);
    memcpy(peer->confirmation, confirmation, size);
    peer->confirmation_size = size;
    peer->confirmation_tries = 0;
    send_confirmation(peer, now);
}

static struct handshake_pending *pending_find(struct peer *peer, uint32_t index) {
    for (size_t i = 0; i < PEER_PENDING; i++)
        if (peer->pending[i].active && peer->pending[i].index == index) return &peer->pending[i];
    return NULL;
}

void peer_receive_confirmation(struct peer *peer, const struct peer_answer *message, const struct path *from,
                               uint64_t now) {
    struct handshake_pending *pending = pending_find(peer, message->receiver_index);
    if (!pending || peer->state != PEER_LIVE) return;
    if (pending->done) { /* our introduction was lost, or went to where somebody had sent a copy of this from */
        if (peer->current.local_index == pending->index) sending_introduce(peer, from, now);
        return;
    }
    struct handshake_result result;
    if (!handshake_accept(&peer->pair, pending, message, &result)) return;
    pending->done = true;
    peer->rtt_us = (uint32_t)(now - peer->answered) * 1000;
    take_path(peer, pending->bound, from, now);
    struct transport fresh;
    transport_start(&fresh, handshake_suite(&peer->pair), &result.keys, pending->index, pending->remote_index, now);
    transport_rotate(peer, &fresh);
    memcpy(peer->current_static, result.remote_static, sizeof peer->current_static);
    sodium_memzero(&fresh, sizeof fresh);
    sodium_memzero(&pending->noise, sizeof pending->noise);
    peer->heard = peer->heard_here = now;
    peer->asked = 0;
    peer->introduce_self = true;
    linking_done(peer);
    talking_introduced(peer, &result.introduction, now);
    sodium_memzero(&result, sizeof result);
}

static void send_punch(struct peer *peer, const struct path *to) {
    if (peer->pair.initiator) {
        peer->host->send(peer->host->context, peer, to, peer->attempt.packet, sizeof peer->attempt.packet);
        return;
    }
    struct peer_probe probe;
    pair_tag_derive(peer->pair.room->mac_key, peer->pair.own_id, peer->pair.other_id, probe.pair_tag);
    uint8_t packet[PEER_PROBE_SIZE];
    size_t size = peer_probe_encode(&probe, packet, sizeof packet);
    peer_mac_write(peer->pair.room->mac_key, packet, size);
    peer->host->send(peer->host->context, peer, to, packet, size);
}

bool linking_punch_allowed(struct peer *peer, uint64_t now) {
    if (now < peer->punch_blocked) return false;
    uint64_t wait = budget_wait(peer->host->budget, now);
    if (wait) peer->punch_blocked = now + wait;
    return wait == 0;
}

static void punch_run(struct peer *peer, uint64_t now) {
    struct address to;
    while (punch_due(&peer->punch) <= now && linking_punch_allowed(peer, now)) {
        if (!punch_next(&peer->punch, now, &to)) return;
        struct path path = path_direct(&to);
        send_punch(peer, &path);
    }
}

static void try_run(struct peer *peer, struct path_try *try, uint64_t now) {
    if (now < try->due || !linking_punch_allowed(peer, now)) return;
    send_punch(peer, &try->path);
    path_try_sent(try, now);
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

static void relays_run(struct peer *peer, uint64_t now) {
    if (!peer->punch.active) return;
    if (now >= peer->relays_due) relays_look(peer, now);
    for (size_t i = 0; i < peer->relay_count; i++) try_run(peer, &peer->relays[i], now);
}

static bool relays_exhausted(const struct peer *peer) {
    for (size_t i = 0; i < peer->relay_count; i++)
        if (peer->relays[i].due != UINT64_MAX) return false;
    return true;
}

/* A round without success: the next one after 2, 4, 8 … 60 s, and the bootnode tells the other side to punch as well.
 */
static void round_end(struct peer *peer, uint64_t now) {
    punch_stop(&peer->punch);
    peer->relays_due = UINT64_MAX;
    path_log_add(&peer->log, NOTE_IN_VAIN, NULL, 0, now);
    attempt_drop(peer);
    uint64_t wait = peer->rounds >= 5 ? ROUND_WAIT_MOST_MS : ROUND_WAIT_FIRST_MS << peer->rounds;
    peer->rounds++;
    peer->retry = now + wait;
}

static void transports_age(struct peer *peer, uint64_t now) {
    struct transport *all[] = {&peer->current, &peer->previous, &peer->next};
    for (size_t i = 0; i < 3; i++)
        if (all[i]->live && !transport_usable(all[i], now)) transport_drop(peer, all[i]);
    for (size_t i = 0; i < PEER_PENDING; i++)
        if (peer->pending[i].active && now - peer->pending[i].started >= PENDING_LIFE_MS)
            pending_drop(peer, &peer->pending[i]);
}

static uint64_t renewal_due(const struct peer *peer) {
    if (!peer->pair.initiator || !peer->current.live || peer->attempt.active || peer->next.live) return UINT64_MAX;
    if (!peer->has_path || peer->demoted || peer->state != PEER_LIVE) return UINT64_MAX;
    uint64_t due = peer->current.created + TRANSPORT_REKEY_MS, again = peer->renewed + RENEWAL_AGAIN_MS;
    return peer->renewed > peer->current.created && again > due ? again : due;
}

static void renewal_begin(struct peer *peer, uint64_t now) {
    peer->renewed = now;
    if (!attempt_begin(peer, &peer->current, now)) return;
    path_try_start(&peer->renewal, &peer->path, now);
    peer->renewing = true;
}

static void renewal_run(struct peer *peer, uint64_t now) {
    if (!peer->renewing) return;
    try_run(peer, &peer->renewal, now);
    if (peer->renewal.due != UINT64_MAX || now - peer->renewed < RENEWAL_AGAIN_MS) return;
    peer->renewing = false;
    attempt_drop(peer);
}

/* CONFIRMATION is out, nothing was heard on the new transport: repeat, then give the handshake up. */
static void confirmation_tick(struct peer *peer, uint64_t now) {
    if (peer->confirmation_size == 0 || now < peer->confirmation_due) return;
    if (peer->confirmation_tries < CONFIRMATION_TRIES) {
        send_confirmation(peer, now);
        return;
    }
    peer->confirmation_size = 0;
    transport_drop(peer, &peer->next);
    if (!linking_usable(peer, now) || peer->demoted) round_end(peer, now);
}

void linking_tick(struct peer *peer, uint64_t now) {
    transports_age(peer, now);
    if (peer->state != PEER_LIVE) return;
    confirmation_tick(peer, now);
    if (now >= renewal_due(peer)) renewal_begin(peer, now);
    if (now >= peer->retry) {
        peer->host->introduce(peer->host->context, peer);
        linking_start(peer, now);
    }
    renewal_run(peer, now);
    punch_run(peer, now);
    relays_run(peer, now);
    if (punch_exhausted(&peer->punch, now) && relays_exhausted(peer)) round_end(peer, now);
}

static uint64_t earlier(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

uint64_t linking_due(const struct peer *peer, uint64_t now) {
    if (peer->state != PEER_LIVE) return UINT64_MAX;
    uint64_t due = punch_due(&peer->punch);
    for (size_t i = 0; peer->punch.active && i < peer->relay_count; i++) due = earlier(due, peer->relays[i].due);
    if (peer->renewing) due = earlier(due, peer->renewal.due);
    if (due < peer->punch_blocked) due = peer->punch_blocked;
    if (peer->punch.active || peer->renewing) due = earlier(due, now + 500); /* to see that a round is over */
    due = earlier(due, peer->relays_due);
    due = earlier(due, peer->retry);
    due = earlier(due, renewal_due(peer));
    if (peer->confirmation_size) due = earlier(due, peer->confirmation_due);
    if (peer->current.live) due = earlier(due, peer->current.created + TRANSPORT_REJECT_MS);
    if (peer->previous.live) due = earlier(due, peer->previous.created + TRANSPORT_REJECT_MS);
    return due;
}

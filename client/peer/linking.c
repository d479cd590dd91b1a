#include "client/peer/linking.h"

#include <sodium.h>
#include <string.h>

#include "common/clock.h"

#define WORK 1000             /* for one packet of a handshake, in thousandths */
#define ATTEMPT_LIFE_MS 30000 /* an INITIATION is sent in the next round, too */
#define PENDING_LIFE_MS 30000
#define CONFIRMATION_FIRST_MS 100
#define CONFIRMATION_TRIES 6
#define CONFIRMATION_LIFE_MS 6300
#define CONFIRMATION_LIFE_MOST_MS 20000
#define RENEWAL_AGAIN_MS 5000

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

void linking_abandon(struct peer *peer) {
    attempt_drop(peer);
    peer->renewing = false;
}

/* --- Key sets --- */

static const struct key_set *set_with(const struct peer *peer, size_t number) {
    return &peer->host->sets->list[number];
}

static const struct key_set *held_set(const struct peer *peer) {
    size_t number = key_sets_best(peer->host->sets, peer->held);
    return set_with(peer, number == KEY_SETS_NONE ? key_sets_current(peer->host->sets) : number);
}

/* Those that some of these sessions are under. */
static uint32_t sets_of(const struct peer *peer, uint32_t sessions) {
    uint32_t sets = 0;
    for (size_t i = 0; i < KEY_SETS_MAX; i++) sets |= (uint32_t)((sessions & peer->host->listing[i]) != 0) << i;
    return sets & key_sets_used(peer->host->sets);
}

/* Who was killed is listed for some time under sets that it may not have after a restart. */
const struct key_set *linking_set(const struct peer *peer) {
    const uint32_t all = sets_of(peer, peer->listed), fresh = sets_of(peer, peer->unheeded);
    const bool current = all >> key_sets_current(peer->host->sets) & 1;
    const uint32_t sets = fresh && !current ? fresh : all;
    return sets ? set_with(peer, key_sets_best(peer->host->sets, sets)) : held_set(peer);
}

const struct key_set *linking_set_of(const struct peer *peer, uint32_t index) {
    const struct transport *all[] = {&peer->current, &peer->previous, &peer->next};
    if (peer->attempt.active && peer->attempt.index == index) return peer->attempt.set;
    for (size_t i = 0; i < PEER_PENDING; i++)
        if (peer->pending[i].active && peer->pending[i].index == index) return peer->pending[i].set;
    for (size_t i = 0; i < 3; i++)
        if (all[i]->live && all[i]->local_index == index) return all[i]->set;
    return NULL;
}

bool linking_forget_set(struct peer *peer, const struct key_set *set) {
    struct transport *all[] = {&peer->current, &peer->previous, &peer->next};
    bool initiated = peer->attempt.active && peer->attempt.set == set;
    if (initiated) linking_abandon(peer);
    for (size_t i = 0; i < PEER_PENDING; i++)
        if (peer->pending[i].set == set) pending_drop(peer, &peer->pending[i]);
    for (size_t i = 0; i < 3; i++)
        if (all[i]->set == set) all[i]->set = NULL;
    return initiated;
}

static void note_held(struct peer *peer, const struct key_set *set) {
    if (set) peer->held |= UINT32_C(1) << key_sets_number(peer->host->sets, set);
}

/* --- The initiator --- */

static bool attempt_begin(struct peer *peer, const struct key_set *set, const struct transport *bound_to,
                          uint64_t now) {
    attempt_drop(peer);
    uint32_t index = indices_take(peer->host->indices, peer);
    if (index && handshake_initiate(&peer->pair, set, index, bound_to, now, &peer->attempt)) {
        bucket_fill(&peer->attempt.work, &work_kind, now);
        return true;
    }
    indices_release(peer->host->indices, index);
    sodium_memzero(&peer->attempt, sizeof peer->attempt);
    return false;
}

/* Copies that went out in rounds before may still be answered. */
bool linking_begin(struct peer *peer, uint64_t now) {
    const struct handshake_attempt *attempt = &peer->attempt;
    const struct key_set *set = linking_set(peer);
    peer->renewing = false;
    if (attempt->active && !attempt->bound && attempt->set == set && now - attempt->started < ATTEMPT_LIFE_MS)
        return true;
    return attempt_begin(peer, set, NULL, now);
}

static void note_copy(struct handshake_copies *copies, uint64_t now) {
    if (copies->count++ == 0) copies->first = now;
    copies->last = now;
}

/* The last of the copies was answered now, or one before it. */
static void note_answer(struct peer *peer, const struct handshake_copies *copies, uint64_t now) {
    peer->rtt_us = (uint32_t)(now - copies->last) * 1000;
    peer->rtt_exact = copies->count == 1;
    peer->rtt_at_most_ms = now - copies->first;
    rush_answered(&peer->host->budget->rush, now - copies->last);
}

void linking_initiate(struct peer *peer, const struct path *to, enum sending_grounds grounds, uint64_t now) {
    struct handshake_attempt *attempt = &peer->attempt;
    uint8_t proven[PEER_HANDSHAKE_SIZE];
    const uint8_t *packet = attempt->packet;
    if (attempt->cookies > 0 && path_equal(to, &attempt->cookie_from)) {
        handshake_use_cookie(attempt, attempt->cookie, proven);
        packet = proven;
    }
    if (sending_packet(peer, to, grounds, packet, PEER_HANDSHAKE_SIZE, now)) note_copy(&attempt->sent, now);
}

/* Each copy that was sent unasked draws one more at most, whoever says how often that it was not enough. */
void linking_take_cookie(struct peer *peer, const struct peer_cookie_reply *message, const struct path *from,
                         uint64_t now) {
    struct handshake_attempt *attempt = &peer->attempt;
    if (!handshake_cookie_fits(attempt, message) || 2 * attempt->cookies >= attempt->sent.count) return;
    attempt->cookies++;
    attempt->cookie_from = *from;
    memcpy(attempt->cookie, message->cookie, sizeof attempt->cookie);
    linking_initiate(peer, from, SENDING_HEARD, now);
}

/* The new transport is sent on from now; the former one still receives what is under way. */
static void transport_rotate(struct peer *peer, const struct transport *fresh) {
    transport_drop(peer, &peer->previous);
    peer->previous = peer->current;
    peer->current = *fresh;
}

void linking_promote_next(struct peer *peer, uint64_t now) {
    struct transport fresh = peer->next;
    sodium_memzero(&peer->next, sizeof peer->next);
    note_held(peer, fresh.set);
    transport_rotate(peer, &fresh);
    sodium_memzero(&fresh, sizeof fresh);
    memcpy(peer->current_static, peer->next_static, sizeof peer->current_static);
    peer->static_proven = true;
    note_answer(peer, &peer->confirmations, now);
    peer->confirmation_size = 0;
}

void linking_init(struct peer *peer, uint64_t now) {
    for (size_t i = 0; i < PEER_PENDING; i++) bucket_fill(&peer->work[i], &work_kind, now);
}

static const struct transport *bound_transport(const struct peer *peer, uint32_t index, uint64_t now) {
    if (peer->current.local_index == index && transport_usable(&peer->current, now)) return &peer->current;
    if (peer->previous.local_index == index && transport_usable(&peer->previous, now)) return &peer->previous;
    return NULL;
}

static void send_response(struct peer *peer, struct handshake_pending *pending, const struct path *to, uint64_t now) {
    if (sending_packet(peer, to, SENDING_HEARD, pending->response, sizeof pending->response, now))
        note_copy(&pending->sent, now);
}

/* Our introduction may not have arrived: the initiator repeats CONFIRMATION, and RESPONSE is what pays for that. */
static bool is_open(const struct peer *peer, const struct handshake_pending *pending) {
    return peer->current.local_index == pending->index && (peer->introduction_open || peer->introduce_self);
}

/* Who is known to be there, or proved to be, has a place that nobody can take who cannot do as much; not so behind a
 * member that relays, which may do both itself. */
static size_t place_of(struct peer *peer, const uint8_t *packet, const struct peer_initiation *message,
                       const struct path *from, bool known, uint64_t now) {
    uint8_t cookie[PEER_COOKIE_SIZE];
    size_t unproven = known ? PEER_PENDING_KNOWN : PEER_PENDING_STRANGE;
    if (sodium_is_zero(message->second_mac, sizeof message->second_mac)) return unproven;
    cookies_bake(&peer->cookies, from, now, cookie);
    if (!peer_second_mac_check(cookie, packet)) return unproven;
    if (known && from->kind != PATH_MEMBER) return PEER_PENDING_PROVEN;
    return PEER_PENDING_PROVEN_STRANGE + cookies_place(&peer->cookies, from, PEER_STRANGERS, now);
}

/* A handshake that is under way stays until its other side had time to go on with it. */
static bool may_work(struct peer *peer, size_t place, uint64_t now) {
    const struct handshake_pending *pending = &peer->pending[place];
    uint64_t wait = round_trip_timeout_ms(&peer->sender.round_trip);
    bool under_way = pending->active && !pending->done && now - pending->started < wait;
    return !under_way && bucket_take(&peer->work[place], &work_kind, WORK, now);
}

static void ask_for_cookie(struct peer *peer, const struct key_set *set, const struct peer_initiation *message,
                           const struct path *from, uint64_t now) {
    uint8_t cookie[PEER_COOKIE_SIZE], packet[PEER_COOKIE_REPLY_SIZE];
    cookies_bake(&peer->cookies, from, now, cookie);
    handshake_ask_for_cookie(set, message, cookie, packet);
    (void)sending_packet(peer, from, SENDING_HEARD, packet, sizeof packet, now);
}

static void respond(struct peer *peer, size_t place, const struct key_set *set, const uint8_t *packet,
                    const struct peer_initiation *message, const struct transport *bound_to, const struct path *from,
                    uint64_t now) {
    uint32_t index = indices_take(peer->host->indices, peer);
    if (!index) return;
    struct handshake_pending fresh;
    if (!handshake_respond(&peer->pair, set, packet, message, index, bound_to, now, &fresh)) {
        indices_release(peer->host->indices, index);
        return;
    }
    bucket_fill(&fresh.work, &work_kind, now);
    struct handshake_pending *slot = &peer->pending[place];
    pending_drop(peer, slot);
    *slot = fresh;
    sodium_memzero(&fresh, sizeof fresh);
    send_response(peer, slot, from, now);
}

void linking_respond(struct peer *peer, const struct key_set *set, const uint8_t *packet,
                     const struct peer_initiation *message, const struct path *from, bool known_place, uint64_t now) {
    for (size_t i = 0; i < PEER_PENDING; i++) {
        struct handshake_pending *known = &peer->pending[i];
        if (!handshake_is_copy(known, packet)) continue;
        if (!known->done || is_open(peer, known)) send_response(peer, known, from, now);
        return;
    }
    const struct transport *bound_to = message->bound ? bound_transport(peer, message->bound_index, now) : NULL;
    if (message->bound && (!bound_to || !handshake_renewal_valid(&peer->pair, packet, bound_to))) return;
    size_t place = bound_to ? PEER_PENDING_BOUND : place_of(peer, packet, message, from, known_place, now);
    if (may_work(peer, place, now))
        respond(peer, place, set, packet, message, bound_to, from, now);
    else if (place == PEER_PENDING_KNOWN || place == PEER_PENDING_STRANGE)
        ask_for_cookie(peer, set, message, from, now);
}

/* One more INITIATION, whose RESPONSE pays for another CONFIRMATION: to a candidate, if it had not all that it may get;
 * else what is left of what came from there may do for that. */
static void draw_response(struct peer *peer, uint64_t now) {
    const struct path *to = &peer->next_path;
    if (peer->next_bound || to->kind != PATH_DIRECT) return;
    bool spends = punch_spend(&peer->punch, &to->address) &&
                  trials_take(&peer->trials, peer->host->budget, BUDGET_TOLD, &to->address, now);
    enum sending_grounds grounds = spends ? SENDING_CANDIDATE : SENDING_HEARD;
    (void)sending_packet(peer, to, grounds, peer->initiation, sizeof peer->initiation, now);
}

static bool is_paid(const struct peer *peer) {
    return sending_left(peer, &peer->next_path) >= peer->confirmation_size;
}

/* What came from there pays for it, until it is known who receives there. Where nothing is left for the next one, that
 * has to come first. */
static void send_confirmation(struct peer *peer, uint64_t now) {
    peer->confirmation_waits =
        !sending_packet(peer, &peer->next_path, SENDING_HEARD, peer->confirmation, peer->confirmation_size, now);
    uint64_t pause = peer->confirmation_waits ? peer->confirmation_first : peer->confirmation_pause;
    peer->confirmation_due = earlier(now + pause, peer->confirmation_over);
    if (!peer->confirmation_waits) {
        note_copy(&peer->confirmations, now);
        peer->confirmation_pause *= 2;
        if (++peer->confirmation_tries == CONFIRMATION_TRIES) peer->confirmation_due = peer->confirmation_over;
    }
    if (peer->confirmations.count > 1 && !is_paid(peer)) draw_response(peer, now);
}

/* RESPONSE answered one of the copies of INITIATION, nobody knows which: an answer to CONFIRMATION takes as long as the
 * last of them would have at least, and as long as the first at most. */
static void plan_confirmations(struct peer *peer, const struct handshake_copies *initiations, uint64_t now) {
    uint64_t least = now - initiations->last, life = 3 * (now - initiations->first);
    if (life < CONFIRMATION_LIFE_MS) life = CONFIRMATION_LIFE_MS;
    if (life > CONFIRMATION_LIFE_MOST_MS) life = CONFIRMATION_LIFE_MOST_MS;
    peer->confirmations = (struct handshake_copies){.count = 0};
    peer->confirmation_tries = 0;
    peer->next_is_beside = false;
    peer->confirmation_first = peer->confirmation_pause = least > CONFIRMATION_FIRST_MS ? least : CONFIRMATION_FIRST_MS;
    peer->confirmation_over = now + life;
}

void linking_paid(struct peer *peer, uint64_t now) {
    if (peer->confirmation_size && peer->confirmation_waits && peer->state == PEER_LIVE && is_paid(peer))
        send_confirmation(peer, now);
}

bool linking_is_confirming(const struct peer *peer) {
    return peer->confirmation_size && !peer->next_bound;
}

/* The last copy may still be under way. */
void linking_confirm_to(struct peer *peer, const struct path *to, uint64_t now) {
    if (peer->confirmation_waits || now - peer->confirmations.last < CONFIRMATION_FIRST_MS) return;
    if (!sending_packet(peer, to, SENDING_HEARD, peer->confirmation, peer->confirmation_size, now)) return;
    note_copy(&peer->confirmations, now);
    if (path_equal(to, &peer->next_path)) return;
    peer->next_beside = *to;
    peer->next_is_beside = true;
}

bool linking_confirm(struct peer *peer, const struct peer_answer *message, const struct path *from, uint64_t now) {
    linking_paid(peer, now);
    if (!peer->attempt.active || message->receiver_index != peer->attempt.index) return false;
    if (!bucket_take(&peer->attempt.work, &work_kind, WORK, now)) return false;
    struct frame_introduction self;
    struct handshake_result result;
    uint8_t confirmation[PEER_CONFIRMATION_MAX];
    sending_introduction(peer, &self);
    size_t size = handshake_confirm(&peer->attempt, message, &self, confirmation, sizeof confirmation, &result);
    if (size == 0) return false;
    /* Somebody else in the room answers for a member whom we know. */
    if (peer->static_proven && sodium_memcmp(result.remote_static, peer->current_static, 32) != 0) {
        sodium_memzero(&result, sizeof result);
        return false;
    }
    transport_drop(peer, &peer->next);
    transport_start(&peer->next, handshake_suite(&peer->pair), &result.keys, peer->attempt.index, message->sender_index,
                    now);
    peer->next.set = peer->attempt.set;
    memcpy(peer->next_static, result.remote_static, sizeof peer->next_static);
    peer->next_token = result.token;
    sodium_memzero(&result, sizeof result);
    peer->next_bound = peer->attempt.bound;
    peer->next_path = peer->next_bound && peer->has_path ? peer->path : *from;
    rush_answered(&peer->host->budget->rush, now - peer->attempt.sent.last);
    plan_confirmations(peer, &peer->attempt.sent, now);
    memcpy(peer->initiation, peer->attempt.packet, sizeof peer->initiation);
    sodium_memzero(&peer->attempt, sizeof peer->attempt); /* its index is the transport's now */
    memcpy(peer->confirmation, confirmation, size);
    peer->confirmation_size = size;
    send_confirmation(peer, now);
    return true;
}

static struct handshake_pending *pending_find(struct peer *peer, uint32_t index) {
    for (size_t i = 0; i < PEER_PENDING; i++)
        if (peer->pending[i].active && peer->pending[i].index == index) return &peer->pending[i];
    return NULL;
}

enum linked linking_accept(struct peer *peer, const struct peer_answer *message, uint64_t now,
                           struct frame_introduction *introduction, bool *bound) {
    struct handshake_pending *pending = pending_find(peer, message->receiver_index);
    if (!pending) return LINKED_NOTHING;
    if (pending->done) return peer->current.local_index == pending->index ? LINKED_AGAIN : LINKED_NOTHING;
    struct handshake_result result;
    if (!bucket_take(&pending->work, &work_kind, WORK, now)) return LINKED_NOTHING;
    if (!handshake_accept(&peer->pair, pending, message, &result)) return LINKED_NOTHING;
    pending->done = true;
    note_answer(peer, &pending->sent, now);
    struct transport fresh;
    transport_start(&fresh, handshake_suite(&peer->pair), &result.keys, pending->index, pending->remote_index, now);
    fresh.set = pending->set;
    note_held(peer, pending->set);
    transport_rotate(peer, &fresh);
    memcpy(peer->current_static, result.remote_static, sizeof peer->current_static);
    *introduction = result.introduction;
    peer->answers_confirmation = true;
    peer->confirmation_token = result.token;
    *bound = pending->bound;
    sodium_memzero(&fresh, sizeof fresh);
    sodium_memzero(&result, sizeof result);
    sodium_memzero(&pending->noise, sizeof pending->noise);
    return LINKED_NEW;
}

static uint64_t keys_at(const struct peer *peer) {
    const struct transport *all[] = {&peer->current, &peer->previous, &peer->next};
    uint64_t at = NEVER;
    for (size_t i = 0; i < 3; i++)
        if (all[i]->live) at = earlier(at, all[i]->created + TRANSPORT_REJECT_MS);
    return at;
}

static void transports_age(struct peer *peer, uint64_t now) {
    struct transport *all[] = {&peer->current, &peer->previous, &peer->next};
    for (size_t i = 0; i < 3; i++)
        if (all[i]->live && !transport_usable(all[i], now)) transport_drop(peer, all[i]);
}

static uint64_t pending_at(const struct peer *peer) {
    uint64_t at = NEVER;
    for (size_t i = 0; i < PEER_PENDING; i++)
        if (peer->pending[i].active) at = earlier(at, peer->pending[i].started + PENDING_LIFE_MS);
    return at;
}

static void pending_age(struct peer *peer, uint64_t now) {
    for (size_t i = 0; i < PEER_PENDING; i++)
        if (peer->pending[i].active && now - peer->pending[i].started >= PENDING_LIFE_MS)
            pending_drop(peer, &peer->pending[i]);
}

static uint64_t renewal_over(const struct peer *peer) {
    return peer->renewed + RENEWAL_AGAIN_MS + sending_excess_ms(peer);
}

static uint64_t renewal_at(const struct peer *peer) {
    if (!peer->pair.initiator || !peer->current.live || peer->renewing || peer->punch.active || peer->next.live)
        return NEVER;
    if (!peer->has_path || peer->demoted || peer->state != PEER_LIVE) return NEVER;
    uint64_t due = peer->current.created + TRANSPORT_REKEY_MS, again = renewal_over(peer);
    return peer->renewed > peer->current.created && again > due ? again : due;
}

static void renewal_begin(struct peer *peer, uint64_t now) {
    peer->renewed = now;
    if (!attempt_begin(peer, held_set(peer), &peer->current, now)) return;
    path_try_start(&peer->renewal, &peer->path, now);
    peer->renewing = true;
}

/* The next packet; after the last one, when it was in vain. */
static uint64_t renewing_at(const struct peer *peer) {
    if (!peer->renewing || peer->state != PEER_LIVE) return NEVER;
    if (peer->renewal.due == NEVER) return renewal_over(peer);
    return peer->renewal.due > peer->punch_blocked ? peer->renewal.due : peer->punch_blocked;
}

static void renewal_run(struct peer *peer, uint64_t now) {
    if (peer->renewal.due == NEVER) {
        linking_abandon(peer);
    } else if (sending_unasked(peer, now)) {
        linking_initiate(peer, &peer->renewal.path, SENDING_HEARD, now);
        path_try_sent(&peer->renewal, now);
        if (peer->renewal.due != NEVER) peer->renewal.due += sending_excess_ms(peer);
    }
}

static uint64_t confirmation_at(const struct peer *peer) {
    return peer->confirmation_size && peer->state == PEER_LIVE ? peer->confirmation_due : NEVER;
}

/* Nothing was heard on the new transport: repeats CONFIRMATION, then gives the handshake up. */
static bool confirmation_repeat(struct peer *peer, uint64_t now) {
    if (peer->confirmation_tries < CONFIRMATION_TRIES && now < peer->confirmation_over) {
        send_confirmation(peer, now);
        return true;
    }
    peer->confirmation_size = 0;
    transport_drop(peer, &peer->next);
    return false;
}

bool linking_tick(struct peer *peer, uint64_t now) {
    if (now >= keys_at(peer)) transports_age(peer, now);
    if (now >= pending_at(peer)) pending_age(peer, now);
    bool given_up = now >= confirmation_at(peer) && !confirmation_repeat(peer, now);
    if (now >= renewal_at(peer)) renewal_begin(peer, now);
    if (now >= renewing_at(peer)) renewal_run(peer, now);
    return given_up;
}

void linking_alarms(const struct peer *peer, uint64_t alarms[static PEER_ALARMS]) {
    alarms[ALARM_KEYS] = keys_at(peer);
    alarms[ALARM_PENDING] = pending_at(peer);
    alarms[ALARM_CONFIRMATION] = confirmation_at(peer);
    alarms[ALARM_RENEWAL] = renewal_at(peer);
    alarms[ALARM_RENEWING] = renewing_at(peer);
}

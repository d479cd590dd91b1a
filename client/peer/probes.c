#include "client/peer/probes.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "client/peer/checks.h"
#include "client/peer/sending.h"
#include "common/clock.h"
#include "common/memory.h"

#define RELAYED_FOR_MS 10000 /* seeking had its chance */
#define LOOK_AGAIN_MS 10000  /* a mapping, or an address, may become known */

static struct probing *probing_of(struct peer *peer) {
    if (!peer->probing) peer->probing = allocate_zeroed(1, sizeof *peer->probing);
    return peer->probing;
}

static bool is_under_way(const struct peer *peer) {
    return peer->probing && peer->probing->state != PROBING_IDLE;
}

static bool is_relayed(const struct peer *peer) {
    return peer->state == PEER_LIVE && peer->connected && peer->has_path && !peer->demoted && !peer->bye_tries &&
           peer->path.kind != PATH_DIRECT;
}

/* --- Sockets --- */

static bool is_in_use(const struct peer *peer, uint16_t socket) {
    return peer->has_path && peer->path.kind == PATH_DIRECT && peer->path.socket == socket;
}

/* All but the one that the path runs on. */
static void close_sockets(struct peer *peer) {
    struct probing *probing = peer->probing;
    size_t kept = 0;
    for (size_t i = 0; i < probing->socket_count; i++) {
        uint16_t socket = probing->sockets[i];
        if (is_in_use(peer, socket))
            probing->sockets[kept++] = socket;
        else
            peer->host->outside->close_socket(peer->host->outside->context, socket);
    }
    probing->socket_count = kept;
}

static void end(struct peer *peer) {
    budget_probe_end(peer->host->budget);
    close_sockets(peer);
}

static void stop(struct peer *peer) {
    bool counted = is_under_way(peer);
    probing_stop(peer->probing);
    if (counted)
        end(peer);
    else
        close_sockets(peer);
}

/* Ten minutes after the last attempt there may be others: who leaves and comes back gains nothing. */
void probes_forget(struct peer *peer) {
    if (!peer->probing) return;
    stop(peer);
    memset(peer->probing->attempts, 0, sizeof peer->probing->attempts);
}

/* --- Agreeing --- */

static void send_step(struct peer *peer, enum probing_step step, bool hard, uint32_t attempt, uint64_t now) {
    struct frame frame = {.type = FRAME_PROBING, .probing = {.step = step, .hard = hard, .attempt = attempt}};
    sending_frame(peer, &frame, &peer->path, false, now);
}

static bool may_guess(struct peer *peer, const struct address *target, uint64_t now) {
    return trials_may(&peer->trials, peer->host->budget, BUDGET_GUESSED, target, now);
}

/* False without the sockets, if it takes any. */
static bool run(struct peer *peer, bool hard, uint32_t number, uint64_t now) {
    struct probing *probing = peer->probing;
    struct address target;
    if (!punch_public(&peer->punch, &target) || !may_guess(peer, &target, now)) return false;
    close_sockets(peer);
    if (hard)
        probing->socket_count =
            peer->host->outside->open_sockets(peer->host->outside->context, PROBING_SOCKETS, probing->sockets);
    if (hard && probing->socket_count < PROBING_SOCKETS_LEAST) {
        close_sockets(peer);
        return false;
    }
    path_log_add(&peer->log, hard ? NOTE_GUESSED_AT : NOTE_GUESSING, NULL,
                 hard ? (uint32_t)probing->socket_count : PROBING_PACKETS, now);
    probing->excess = sending_excess_ms(peer);
    probing_run(probing, hard, number, &target, now);
    return true;
}

/* An attempt that follows another at once has the place of that among those that probe. */
static bool take_place(struct peer *peer) {
    return is_under_way(peer) || budget_probe_begin(peer->host->budget);
}

static void begin_offer(struct peer *peer, uint64_t now) {
    struct probing *probing = probing_of(peer);
    struct address target;
    bool hard;
    bool possible = probing_choose(probing, *peer->host->mapping, peer->other_mapping, now, &hard) &&
                    punch_public(&peer->punch, &target) && may_guess(peer, &target, now);
    if (possible && take_place(peer)) {
        probing->excess = sending_excess_ms(peer);
        probing_offer(probing, hard, randombytes_random(), now);
    } else {
        probing_put_off(probing, LOOK_AGAIN_MS, now);
    }
}

static bool accept_offer(struct peer *peer, const struct frame_probing *offer, uint64_t now) {
    bool hard = !offer->hard, others = is_under_way(peer);
    if (!is_relayed(peer) || !probing_may_begin(probing_of(peer), hard, now) ||
        !probing_fits(hard, *peer->host->mapping, peer->other_mapping) || !take_place(peer))
        return false;
    if (run(peer, hard, offer->attempt, now)) return true;
    if (others)
        stop(peer);
    else
        budget_probe_end(peer->host->budget);
    return false;
}

static void offered(struct peer *peer, const struct frame_probing *offer, uint64_t now) {
    const struct probing *probing = probing_of(peer);
    bool known = probing->state == PROBING_RUNNING && probing->number == offer->attempt;
    bool accepted = !peer->pair.initiator && (known || accept_offer(peer, offer, now));
    send_step(peer, accepted ? PROBING_ACCEPT : PROBING_OVER, !offer->hard, offer->attempt, now);
}

static void put_off(struct peer *peer, uint64_t now) {
    path_log_add(&peer->log, NOTE_NO_GUESS, NULL, 0, now);
    probing_put_off(peer->probing, PROBING_RETRY_MS, now);
    end(peer);
}

static void accepted(struct peer *peer, const struct frame_probing *answer, uint64_t now) {
    struct probing *probing = peer->probing;
    if (probing->state != PROBING_OFFERED || answer->hard == probing->hard) return;
    if (is_relayed(peer) && run(peer, probing->hard, probing->number, now)) return;
    send_step(peer, PROBING_OVER, probing->hard, probing->number, now);
    put_off(peer, now);
}

void probes_told(struct peer *peer, const struct frame_probing *told, uint64_t now) {
    if (told->step == PROBING_OFFER) {
        offered(peer, told, now);
    } else if (is_under_way(peer) && told->attempt == peer->probing->number) {
        if (told->step == PROBING_ACCEPT)
            accepted(peer, told, now);
        else if (peer->probing->state == PROBING_OFFERED)
            put_off(peer, now);
        else
            probing_settle(peer->probing, now);
    }
}

/* A cone's socket is reached at the port that a bootnode told; who is behind the other NAT comes from another one. */
static bool found_by_guessing(const struct peer *peer) {
    const struct probing *probing = peer->probing;
    if (peer->path.kind != PATH_DIRECT) return false;
    return probing->hard ? peer->path.socket != PATH_SOCKET_MAIN
                         : address_same_ip(&peer->path.address, &probing->target) &&
                               peer->path.address.port != probing->target.port;
}

void probes_path_changed(struct peer *peer, uint64_t now) {
    if (!peer->probing) return;
    switch (peer->probing->state) {
    case PROBING_IDLE: close_sockets(peer); break;
    case PROBING_OFFERED:
        if (!is_relayed(peer)) put_off(peer, now);
        break;
    case PROBING_RUNNING:
        if (is_relayed(peer)) break;
        if (found_by_guessing(peer)) probing_prove(peer->probing);
        probing_settle(peer->probing, now);
        break;
    case PROBING_LINGERING: break;
    }
}

void probes_heard(struct peer *peer, const struct path *from, uint64_t now) {
    if (is_under_way(peer)) probing_heard(peer->probing, from, now);
}

/* --- Time --- */

static void send_probes(struct peer *peer, uint64_t now) {
    struct probing *probing = peer->probing;
    struct path to;
    bool is_check;
    while (probing_packet_due(probing) <= now) {
        if (!sending_unasked(peer, now)) return;
        if (!probing_next(probing, now, &to, &is_check)) return;
        struct frame frame = {.type = FRAME_PING, .token = probing->token};
        if (is_check)
            checks_ping(peer, &to, SENDING_HEARD, now);
        else if (trials_take(&peer->trials, peer->host->budget, BUDGET_GUESSED, &to.address, now))
            sending_frame_to_candidate(peer, &frame, &to, now);
        else
            probing_settle(probing, now);
    }
}

/* When the initiator looks whether to offer. After an attempt in vain it may go on in the other roles, without waiting
 * for its end. */
static uint64_t offer_at(const struct peer *peer) {
    if (!peer->pair.initiator || !is_relayed(peer)) return NEVER;
    uint64_t due = peer->relayed_since + RELAYED_FOR_MS + sending_excess_ms(peer);
    if (!peer->probing) return due;
    if (peer->probing->state != PROBING_IDLE && peer->probing->state != PROBING_LINGERING) return NEVER;
    return later(due, probing_offer_at(peer->probing));
}

/* Its PINGs need a session. */
static bool may_not_go_on(const struct peer *peer) {
    return peer->state != PEER_LIVE || peer->bye_tries || !peer->current.live;
}

static uint64_t probing_at(const struct peer *peer) {
    if (!is_under_way(peer)) return NEVER;
    if (may_not_go_on(peer)) return 0;
    uint64_t packet = probing_packet_due(peer->probing);
    return earlier(probing_due(peer->probing), packet > peer->punch_blocked ? packet : peer->punch_blocked);
}

static void go_on(struct peer *peer, uint64_t now) {
    struct probing *probing = peer->probing;
    if (may_not_go_on(peer)) {
        stop(peer);
        return;
    }
    enum probing_state before = probing->state;
    probing_tick(probing, now);
    if (probing->state == PROBING_IDLE) {
        if (before == PROBING_OFFERED) path_log_add(&peer->log, NOTE_NO_GUESS, NULL, 0, now);
        end(peer);
        return;
    }
    if (before == PROBING_RUNNING && probing->state == PROBING_LINGERING) {
        path_log_add(&peer->log, NOTE_NOT_GUESSED, NULL, probing->packets, now);
        if (!probing->hard) send_step(peer, PROBING_OVER, false, probing->number, now);
    }
    if (probing_offer_next(probing, now)) send_step(peer, PROBING_OFFER, probing->hard, probing->number, now);
    send_probes(peer, now);
}

void probes_tick(struct peer *peer, uint64_t now) {
    if (now >= offer_at(peer)) begin_offer(peer, now);
    if (now >= probing_at(peer)) go_on(peer, now);
}

void probes_alarms(const struct peer *peer, uint64_t alarms[static PEER_ALARMS]) {
    alarms[ALARM_OFFER] = offer_at(peer);
    alarms[ALARM_PROBING] = probing_at(peer);
}

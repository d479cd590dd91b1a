#include "client/peer/paths.h"

#include <string.h>

#include "client/peer/checks.h"
#include "client/peer/linking.h"
#include "client/peer/probes.h"
#include "client/peer/rounds.h"
#include "client/peer/sending.h"
#include "client/peer/sizing.h"
#include "common/clock.h"
#include "common/holds.h"

#define ASKED_MS 1000 /* unanswered for so long: other paths are looked at */
#define CHECK_INTERVAL_MS 1000
#define CHECK_LATE_MS 10000 /* after this no answer counts */
#define SEEK_FIRST_MS UINT64_C(2000)
#define SEEK_MOST_MS UINT64_C(60000)
#define SEEK_DOUBLINGS 5
#define OFFERED_PINGS 5
/* In the first round, the second …; then one, to the best alone. */
static const uint8_t seek_packets[] = {4, 2, 1};

#define SEEKS (sizeof seek_packets / sizeof *seek_packets)

void paths_init(struct peer *peer) {
    punch_init(&peer->seek);
    peer->seek_due = NEVER;
}

static bool on_path(const struct peer *peer, const struct path *path) {
    return peer->has_path && path_equal(path, &peer->path);
}

static bool unanswered(const struct peer *peer, uint64_t now) {
    return peer->asked && now - peer->asked >= ASKED_MS + sending_excess_ms(peer);
}

void paths_set(struct peer *peer, const struct path *path, bool proven, uint64_t now) {
    HOLDS(path_holds(path));
    bool changed = !on_path(peer, path);
    proof_begin(&peer->proof, proven || path->kind != PATH_DIRECT);
    if (proven && path->kind == PATH_DIRECT) trials_answered(&peer->trials, peer->host->budget, &path->address);
    peer->path = *path;
    peer->has_path = true;
    peer->demoted = false;
    peer->asked = 0;
    peer->heard_here = now;
    if (!changed) return;
    memset(peer->checks, 0, sizeof peer->checks);
    peer->seek_rounds = 0;
    peer->seek_due = path->kind == PATH_DIRECT ? NEVER : now;
    if (path->kind == PATH_DIRECT) punch_stop(&peer->seek);
    delivery_path_changed(&peer->sender);
    sizing_path_changed(peer);
    peer->relayed_since = path->kind == PATH_DIRECT ? 0 : peer->relayed_since ? peer->relayed_since : now;
    probes_path_changed(peer, now);
    if (peer->connected) peer->host->path_changed(peer->host->context, peer);
}

/* --- Checks --- */

/* Both sides may have taken different paths that work. So that they meet on one, the responder follows at once, the
 * initiator when its own path is silent for long. */
static bool other_side_moved(const struct peer *peer, const struct path_check *check, uint64_t now) {
    if (!peer->pair.initiator) return peer->heard_here < check->sent;
    return now - peer->heard_here >= ASKED_MS + sending_excess_ms(peer);
}

/* Why this path is to be taken; NOTE_NONE: it is not. */
static enum path_note_kind reason(const struct peer *peer, const struct path_check *check, uint64_t now) {
    uint64_t rtt_us = (now - check->sent) * 1000;
    if (!peer->has_path || peer->demoted) return NOTE_ONLY_ONE;
    if (path_kind_better(&check->path, &peer->path)) return NOTE_BETTER_KIND;
    if (check->path.kind != peer->path.kind) return NOTE_NONE;
    if (rtt_us + 1000 < UINT64_C(3) * sending_rtt_us(peer) / 4) return NOTE_FASTER;
    return other_side_moved(peer, check, now) ? NOTE_FOLLOWED : NOTE_NONE;
}

void paths_pong(struct peer *peer, uint64_t token, const struct path *from, uint64_t now) {
    for (size_t i = 0; i < PEER_CHECKS; i++) {
        const struct path_check check = peer->checks[i];
        bool late = now - check.sent >= CHECK_LATE_MS + sending_excess_ms(peer);
        if (!check.sent || late || check.token != token || !path_equal(&check.path, from)) continue;
        peer->checks[i].sent = 0;
        if (from->kind == PATH_DIRECT) trials_answered(&peer->trials, peer->host->budget, &from->address);
        enum path_note_kind why = on_path(peer, from) ? NOTE_NONE : reason(peer, &check, now);
        if (why == NOTE_NONE) return;
        peer->rtt_us = (uint32_t)(now - check.sent) * 1000;
        path_log_add(&peer->log, why, from, peer->rtt_us, now);
        paths_set(peer, from, true, now);
        delivery_sample(&peer->sender, peer->rtt_us);
        rounds_done(peer);
        return;
    }
}

/* Is it worth knowing whether the peer receives there? */
static bool worth_a_check(const struct peer *peer, const struct path *from, uint64_t now) {
    if (peer->checked && now - peer->checked < CHECK_INTERVAL_MS) return false;
    if (peer->answers && !answers_may_ask(peer->answers)) return false;
    if (peer->demoted || unanswered(peer, now)) return true;
    if (from->kind != peer->path.kind) return path_kind_better(from, &peer->path);
    return from->kind == PATH_DIRECT;
}

/* It answers after all. */
static void revive(struct peer *peer) {
    if (!peer->demoted || peer->state != PEER_LIVE) return;
    peer->demoted = false;
    rounds_done(peer);
}

void paths_proven(struct peer *peer) {
    if (sending_is_proven(peer)) revive(peer);
}

void paths_heard(struct peer *peer, const struct path *from, uint64_t now) {
    peer->heard = now;
    peer->unheeded = 0;
    if (!peer->has_path) return;
    if (on_path(peer, from)) {
        peer->heard_here = now;
        peer->asked = 0;
        peer->doubted = false;
        if (sending_is_proven(peer))
            revive(peer);
        else
            peer->ask |= proof_ping_at(&peer->proof, sending_repeat_ms(peer)) <= now;
    } else if (peer->state == PEER_LIVE && worth_a_check(peer, from, now)) {
        peer->checked = now;
        checks_ping(peer, from, SENDING_HEARD, now);
    }
}

/* --- Seeking --- */

static bool may_seek(const struct peer *peer) {
    return peer->state == PEER_LIVE && peer->connected && peer->has_path && !peer->demoted && !peer->bye_tries;
}

/* What the other side offered itself for this round, beside what the bootnode told; nobody checked that it is theirs,
 * so fewer packets go there, and none into our own network. */
static void seek_offered(struct peer *peer, uint64_t now) {
    struct address usable[RECORD_CANDIDATES_MAX];
    size_t count = peer->host->usable(peer->host->context, &peer->offered, usable);
    for (size_t i = 0; i < count; i++)
        if (address_classify(&usable[i]) == ADDRESS_PUBLIC) punch_name(&peer->seek, &usable[i], OFFERED_PINGS, now);
}

static void punch_to_seek(struct peer *peer, uint64_t now) {
    bool late = peer->seek_rounds >= SEEKS;
    punch_copy_candidates(&peer->seek, &peer->punch, now);
    punch_start(&peer->seek, late ? 1 : seek_packets[peer->seek_rounds], late, now);
    seek_offered(peer, now);
    path_log_add(&peer->log, NOTE_SEEKING, NULL, (uint32_t)peer->seek.count, now);
}

static void own_offer(const struct peer *peer, bool answer, struct frame *out) {
    *out = (struct frame){.type = FRAME_CANDIDATES, .candidates = {.answer = answer, .mapping = *peer->host->mapping}};
    peer->host->own_candidates(peer->host->context, peer, &out->candidates.candidates);
}

/* The answer is no longer than this: it leaves room for as many candidates as there may be. */
static void offer(struct peer *peer, uint64_t now) {
    struct frame frame;
    uint8_t buffer[PEER_FRAMES_MAX];
    struct writer writer = writer_over(buffer, sizeof buffer);
    own_offer(peer, false, &frame);
    frame_write(&writer, &frame);
    write_zeros(&writer, FRAME_CANDIDATES_MAX - writer.at);
    sending_frames(peer, &writer, &peer->path, false, now);
}

/* The best of them, as many as there is room for. */
static void shorten(struct candidate_list *candidates, size_t room) {
    size_t most = room > FRAME_CANDIDATES_MIN ? (room - FRAME_CANDIDATES_MIN) / CANDIDATE_MAX : 0;
    if (candidates->count > most) candidates->count = (uint8_t)most;
}

static void answer_offer(struct peer *peer, uint64_t now) {
    struct frame frame;
    own_offer(peer, true, &frame);
    if (peer->answers) shorten(&frame.candidates.candidates, answers_room(peer->answers, &peer->answers->path));
    sending_frame(peer, &frame, &peer->path, false, now);
}

void paths_seek(struct peer *peer, uint64_t now) {
    if (!may_seek(peer) || peer->seek.active || !linking_usable(peer, now)) return;
    peer->offered.count = 0;
    offer(peer, now);
    peer->seek_answered = false;
    punch_to_seek(peer, now);
}

/* One packet for a sign of life, of which there are not many: whoever names other ports of a stranger each time draws
 * no more than that. */
void paths_told(struct peer *peer, const struct address *address, uint64_t now) {
    const struct path path = path_direct(address);
    paths_seek(peer, now);
    if (!may_seek(peer) || !linking_usable(peer, now) || !trials_sign(&peer->trials, now)) return;
    trials_allow_one(&peer->trials, address);
    if (sending_unasked(peer, now) && trials_take(&peer->trials, peer->host->budget, BUDGET_TOLD, address, now))
        checks_ping(peer, &path, SENDING_CANDIDATE, now);
}

/* Who is on a direct path already seeks nothing. One answer a seek counts, and a round that the other side begins is a
 * sign of life, of which there are not many: a member could name other strangers each time. */
void paths_offered(struct peer *peer, const struct frame_candidates *offered, uint64_t now) {
    peer->other_mapping = offered->mapping;
    if (!may_seek(peer) || peer->path.kind == PATH_DIRECT || peer->seek.active != offered->answer) return;
    if (!offered->answer) {
        if (!rounds_sign(peer, &peer->seek, now)) return;
        peer->offered = offered->candidates;
        answer_offer(peer, now);
        peer->seek_answered = true;
        punch_to_seek(peer, now);
    } else if (!peer->seek_answered) {
        peer->seek_answered = true;
        peer->offered = offered->candidates;
        (void)rounds_sign(peer, &peer->seek, now);
        seek_offered(peer, now);
    }
}

static void seek_again_later(struct peer *peer, uint64_t now) {
    unsigned doublings = peer->seek_rounds < SEEK_DOUBLINGS ? peer->seek_rounds : SEEK_DOUBLINGS;
    uint64_t wait = SEEK_FIRST_MS << doublings;
    peer->seek_rounds++;
    peer->seek_due = now + (wait < SEEK_MOST_MS ? wait : SEEK_MOST_MS);
}

static uint64_t seek_at(const struct peer *peer) {
    return may_seek(peer) ? peer->seek_due : NEVER;
}

static uint64_t seeking_at(const struct peer *peer) {
    uint64_t due = may_seek(peer) ? punch_due(&peer->seek) : NEVER;
    return due > peer->punch_blocked ? due : peer->punch_blocked;
}

static void seek_run(struct peer *peer, uint64_t now) {
    struct address to;
    while (rounds_next(peer, &peer->seek, now, &to)) {
        struct path path = path_direct(&to);
        if (!on_path(peer, &path)) checks_ping(peer, &path, SENDING_CANDIDATE, now);
    }
}

static uint64_t seek_over_at(const struct peer *peer) {
    return may_seek(peer) ? punch_exhausted_at(&peer->seek) : NEVER;
}

/* --- A dead path --- */

static void demote(struct peer *peer, uint64_t now) {
    path_log_add(&peer->log, NOTE_SILENT, &peer->path, 0, now);
    peer->demoted = true;
    peer->asked = linking_usable(peer, now) ? 0 : now;
    punch_stop(&peer->seek);
    peer->seek_due = NEVER;
    if (peer->path.kind == PATH_DIRECT) proof_lapse(&peer->proof);
    if (peer->path.kind == PATH_DIRECT && peer->path.socket == PATH_SOCKET_MAIN && peer->proof.ever)
        punch_keep(&peer->punch, &peer->path.address, now);
    peer->host->path_lost(peer->host->context, peer, now);
    rounds_start(peer, now);
}

/* Without a session nothing can be asked. */
static uint64_t demote_at(const struct peer *peer) {
    if (!may_seek(peer)) return NEVER;
    if (!peer->current.live) return 0;
    uint64_t unanswered_since = peer->asked ? peer->asked : NEVER;
    if (peer->path.kind == PATH_DIRECT && peer->proof.waiting)
        unanswered_since = earlier(unanswered_since, peer->proof.waiting);
    uint64_t silent = unanswered_since != NEVER ? unanswered_since + PEER_DEMOTE_MS + sending_excess_ms(peer) : NEVER;
    return earlier(silent, peer->current.created + TRANSPORT_REJECT_MS);
}

void paths_tick(struct peer *peer, uint64_t now) {
    if (now >= demote_at(peer)) demote(peer, now);
    if (now >= seek_at(peer)) {
        if (peer->pair.initiator) paths_seek(peer, now);
        seek_again_later(peer, now);
    }
    if (now >= seeking_at(peer)) seek_run(peer, now);
    if (now >= seek_over_at(peer)) punch_stop(&peer->seek);
}

void paths_alarms(const struct peer *peer, uint64_t alarms[static PEER_ALARMS]) {
    alarms[ALARM_DEMOTE] = demote_at(peer);
    alarms[ALARM_SEEK] = seek_at(peer);
    alarms[ALARM_SEEKING] = seeking_at(peer);
    alarms[ALARM_SEEK_OVER] = seek_over_at(peer);
}

#include "client/peer/peer.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "client/peer/linking.h"
#include "client/peer/paths.h"
#include "client/peer/probes.h"
#include "client/peer/returning.h"
#include "client/peer/rounds.h"
#include "client/peer/sizing.h"
#include "client/peer/talking.h"
#include "client/peer/touch.h"
#include "common/clock.h"
#include "common/holds.h"
#include "common/memory.h"

/* --- Alarms --- */

static void look_at_clock(const struct peer *peer, uint64_t now, uint64_t alarms[static PEER_ALARMS]) {
    linking_alarms(peer, alarms);
    rounds_alarms(peer, alarms);
    paths_alarms(peer, alarms);
    probes_alarms(peer, alarms);
    talking_alarms(peer, now, alarms);
    sizing_alarms(peer, alarms);
    returning_alarms(peer, alarms);
}

/* After anything that may have changed what is due. */
static void set_alarms(struct peer *peer, uint64_t now) {
    look_at_clock(peer, now, peer->alarms);
    touch_peer(peer);
}

struct peer *peer_take_touched(struct peer **touched) {
    struct peer *peer = *touched;
    if (!peer) return NULL;
    *touched = peer->next_touched;
    peer->is_touched = false;
    return peer;
}

static void untouch(struct peer *peer) {
    struct peer **at = peer->host->touched;
    if (!peer->is_touched) return;
    while (*at != peer) at = &(*at)->next_touched;
    (void)peer_take_touched(at);
}

static uint64_t first_of(const struct peer *peer, size_t count) {
    uint64_t first = NEVER;
    for (size_t i = 0; i < count; i++) first = earlier(first, peer->alarms[i]);
    return first;
}

uint64_t peer_due(const struct peer *peer) {
    return first_of(peer, ALARMS_URGENT);
}

uint64_t peer_ready(const struct peer *peer) {
    return first_of(peer, PEER_ALARMS);
}

static bool alarms_hold(const struct peer *peer, uint64_t now) {
    uint64_t anew[PEER_ALARMS];
    look_at_clock(peer, now, anew);
    for (size_t i = 0; i < PEER_ALARMS; i++)
        if (peer->alarms[i] > now && peer->alarms[i] != anew[i]) return false;
    return true;
}

static bool transport_is_ours(const struct peer *peer, const struct transport *transport) {
    if (!transport_holds(transport)) return false;
    return !transport->live || indices_find(peer->host->indices, transport->local_index) == peer;
}

static bool transports_hold(const struct peer *peer) {
    const struct transport *all[] = {&peer->current, &peer->previous, &peer->next};
    for (size_t i = 0; i < 3; i++)
        if (!transport_is_ours(peer, all[i])) return false;
    return peer->pair.initiator || !peer->next.live;
}

bool peer_holds(const struct peer *peer, uint64_t now) {
    bool initiates = peer->attempt.active || peer->renewing || peer->confirmation_size > 0;
    bool responds = false;
    for (size_t i = 0; i < PEER_PENDING; i++) responds |= peer->pending[i].active;
    return transports_hold(peer) && returning_holds(peer) && !(initiates && !peer->pair.initiator) &&
           !(responds && peer->pair.initiator) && (peer->has_path || !peer->demoted) &&
           (!peer->has_path || path_holds(&peer->path)) && alarms_hold(peer, now);
}

bool peer_reachable(const struct peer *peer) {
    return peer->state == PEER_LIVE && peer->connected && peer->has_path && !peer->demoted;
}

/* --- Life --- */

struct peer *peer_create(const struct peer_host *host, const struct member_record *record, uint64_t now) {
    struct peer *peer = allocate_zeroed(1, sizeof *peer);
    peer->host = host;
    peer->pair.room = host->room;
    peer->pair.identity = host->identity;
    memcpy(peer->pair.own_id, host->own_id, MEMBER_ID_SIZE);
    memcpy(peer->pair.other_id, record->id, MEMBER_ID_SIZE);
    peer->pair.initiator = handshake_is_initiator(host->own_id, record->id);
    peer->pair.own_mask = host->own_mask;
    peer->pair.other_mask = record->suite_mask;
    peer->created = peer->heard = peer->heard_here = peer->sent = now;
    linking_init(peer, now);
    trials_init(&peer->trials, now);
    rounds_init(peer);
    paths_init(peer);
    path_mtu_init(&peer->mtu);
    peer->epoch = ++*host->epochs;
    delivery_sender_init(&peer->sender, ++*host->streams);
    delivery_receiver_init(&peer->receiver);
    answers_fill(&peer->answering, now);
    set_alarms(peer, now);
    return peer;
}

void peer_destroy(struct peer *peer) {
    rounds_done(peer);
    untouch(peer);
    peer->has_path = false;
    probes_forget(peer);
    free(peer->probing);
    linking_forget(peer);
    delivery_sender_clear(&peer->sender);
    delivery_receiver_clear(&peer->receiver);
    sodium_memzero(peer, sizeof *peer);
    free(peer);
}

/* What a bootnode said before it was lost counts only while there is none that can be asked. */
static void weigh(struct peer *peer, bool said, uint64_t now) {
    uint32_t reachable = peer->host->reachable;
    bool absent = reachable ? !(peer->listed & reachable) : !peer->listed;
    if (said) peer->said_at = now;
    if (absent && !peer->absent) {
        peer->delisted = now;
        /* Others listed it until they were lost: what this one said meanwhile is its word. */
        peer->said_absent = peer->said & reachable && now - peer->said_at < UNSAID_MS;
    }
    peer->absent = absent;
    peer->said_absent |= absent && said;
}

void peer_weigh(struct peer *peer, uint64_t now) {
    weigh(peer, false, now);
    set_alarms(peer, now);
}

/* Somewhere else than before, or here after it was not: not just with other addresses beside the one where it was seen,
 * which it can name as often as it wants. */
static bool has_moved(struct peer *peer, unsigned bootnode, const struct member_record *record) {
    struct address *before = &peer->seen[bootnode];
    for (unsigned i = 0; i < record->candidates.count; i++) {
        if (!candidate_is_seen(&record->candidates, i)) continue;
        bool moved = before->port && !address_equal(before, &record->candidates.items[i]);
        *before = record->candidates.items[i];
        return moved || !peer->listed;
    }
    return !peer->listed;
}

/* Something is different, so what was in vain may not be any more. */
static void begin_anew(struct peer *peer, uint64_t now) {
    if (!trials_renew(&peer->trials, now)) return;
    peer->rounds = peer->seek_rounds = 0;
}

/* The first of them that the peer was not known to have; NULL: none. */
static const struct address *find_news(const struct peer *peer, const struct address *usable, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (address_classify(&usable[i]) == ADDRESS_PUBLIC && !punch_names(&peer->punch, &usable[i])) return &usable[i];
    return NULL;
}

static bool listed(struct peer *peer, unsigned bootnode, const struct member_record *record,
                   const struct address *usable, size_t count, uint64_t now) {
    bool moved = has_moved(peer, bootnode, record);
    bool other_suites = peer->pair.other_mask != record->suite_mask;
    bool revived = returning_listed(peer, bootnode, now);
    peer->said &= ~(UINT32_C(1) << bootnode);
    weigh(peer, false, now);
    peer->pair.other_mask = record->suite_mask;
    const struct address *news = find_news(peer, usable, count);
    punch_set_candidates(&peer->punch, usable, count, now);
    if (peer->state == PEER_GONE && !revived) return false;
    if (revived) returning_revive(peer, now);
    if (moved || revived || other_suites) begin_anew(peer, now);
    if (peer_reachable(peer) && peer->path.kind != PATH_DIRECT) {
        if (news)
            paths_told(peer, news, now);
        else
            paths_seek(peer, now);
    }
    /* A handshake under way was bound to the old mask and cannot succeed. */
    if (other_suites) linking_abandon(peer);
    bool linked = peer_reachable(peer) || peer->next.live;
    if (linked) return revived;
    if (moved || revived || other_suites || (!rounds_active(peer) && trials_sign(&peer->trials, now)))
        rounds_start(peer, now);
    return revived;
}

bool peer_listed(struct peer *peer, unsigned bootnode, const struct member_record *record, const struct address *usable,
                 size_t count, uint64_t now) {
    bool revived = listed(peer, bootnode, record, usable, count, now);
    set_alarms(peer, now);
    return revived;
}

void peer_delisted(struct peer *peer, unsigned bootnode, bool resync, uint64_t now) {
    uint32_t bit = UINT32_C(1) << bootnode;
    if (!(peer->listed & bit)) return;
    peer->listed &= ~bit;
    peer->unheeded &= ~bit;
    if (!resync) peer->said |= bit;
    weigh(peer, !resync, now);
    set_alarms(peer, now);
}

void peer_forget_session(struct peer *peer, unsigned session, unsigned heir, uint64_t now) {
    const uint32_t bit = UINT32_C(1) << session;
    peer_delisted(peer, session, true, now);
    peer->said &= ~bit;
    if (!(peer->listed_once & bit)) return;
    peer->listed_once = (peer->listed_once & ~bit) | UINT32_C(1) << heir;
    peer->seen[session] = (struct address){.port = 0};
}

bool peer_only_listed_by(const struct peer *peer, uint32_t sessions) {
    return peer->listed_once && !(peer->listed_once & ~sessions);
}

void peer_introduced(struct peer *peer, unsigned bootnode, const struct address *usable, size_t count, uint64_t now) {
    punch_set_candidates(&peer->punch, usable, count, now);
    if (peer->state == PEER_GONE)
        returning_asked_for(peer, bootnode);
    else if (!peer_reachable(peer) && !peer->next.live)
        rounds_introduced(peer, now);
    set_alarms(peer, now);
}

static void retry(struct peer *peer, uint64_t now) {
    if (peer->state != PEER_LIVE || peer_reachable(peer) || rounds_active(peer) || peer->next.live) return;
    begin_anew(peer, now);
    rounds_introduce(peer, now);
    rounds_start(peer, now);
}

/* The other side may take us for gone, too: so it hears that we look for it. */
static void come_back(struct peer *peer, uint64_t now) {
    returning_revive(peer, now);
    retry(peer, now);
}

void peer_tick(struct peer *peer, uint64_t now) {
    HOLDS(peer_holds(peer, now));
    if (peer_ready(peer) > now) return;
    if (now >= returning_at(peer)) come_back(peer, now);
    if (linking_tick(peer, now) && (!linking_usable(peer, now) || peer->demoted)) rounds_end(peer, now);
    rounds_tick(peer, now);
    paths_tick(peer, now);
    probes_tick(peer, now);
    talking_tick(peer, now);
    sizing_tick(peer, now);
    set_alarms(peer, now);
}

void peer_retry(struct peer *peer, uint64_t now) {
    retry(peer, now);
    set_alarms(peer, now);
}

bool peer_is_turned_away(const struct peer *peer) {
    return peer->turned_away || peer->dismissed;
}

void peer_call_back(struct peer *peer, uint64_t now) {
    returning_call(peer);
    set_alarms(peer, now);
}

const struct key_set *peer_set_of(const struct peer *peer, uint32_t index) {
    return linking_set_of(peer, index);
}

/* A round goes on with another handshake. */
void peer_forget_set(struct peer *peer, size_t number, uint64_t now) {
    bool initiated = linking_forget_set(peer, &peer->host->sets->list[number]);
    peer->held &= ~(UINT32_C(1) << number);
    if (initiated && peer->punch.active) rounds_start(peer, now);
    set_alarms(peer, now);
}

void peer_has_set(struct peer *peer, size_t number) {
    peer->held |= UINT32_C(1) << number;
}

static void turn_over(struct path *path, unsigned from, unsigned to) {
    if (path->kind == PATH_BOOTNODE && path->bootnode == from) path->bootnode = (uint8_t)to;
}

void peer_reroute(struct peer *peer, unsigned from, unsigned to, uint64_t now) {
    turn_over(&peer->path, from, to);
    turn_over(&peer->next_path, from, to);
    turn_over(&peer->renewal.path, from, to);
    for (size_t i = 0; i < PEER_CHECKS; i++) turn_over(&peer->checks[i].path, from, to);
    set_alarms(peer, now);
}

void peer_network_changed(struct peer *peer, uint64_t now) {
    retry(peer, now);
    if (peer_reachable(peer)) {
        path_log_add(&peer->log, NOTE_NETWORK, NULL, 0, now);
        sending_ping(peer, now);
        if (peer->path.kind != PATH_DIRECT) begin_anew(peer, now);
        paths_seek(peer, now);
    }
    set_alarms(peer, now);
}

/* Keys grow old all the same. */
void peer_resumed(struct peer *peer, uint64_t gap, uint64_t now) {
    if (peer->delisted) peer->delisted += gap;
    peer->heard = peer->heard_here = now;
    peer->asked = 0;
    peer->ping_sent = 0;
    proof_ask_anew(&peer->proof);
    retry(peer, now);
    if (peer_reachable(peer) && linking_usable(peer, now)) sending_ping(peer, now);
    set_alarms(peer, now);
}

bool peer_queue(struct peer *peer, struct blob *blob, uint64_t tag, uint64_t now) {
    if (!delivery_queue(&peer->sender, blob, tag, now)) return false;
    if (peer->connected) talking_flush(peer, now);
    set_alarms(peer, now);
    return true;
}

void peer_drop_queue(struct peer *peer, uint64_t now) {
    talking_drop_queue(peer);
    set_alarms(peer, now);
}

void peer_say_bye(struct peer *peer, uint64_t now) {
    talking_say_bye(peer, now);
    set_alarms(peer, now);
}

void peer_dismiss(struct peer *peer, uint64_t now) {
    if (peer->state != PEER_LIVE || peer->dismissed) return;
    talking_dismiss(peer, now);
    set_alarms(peer, now);
}

bool peer_bye_done(const struct peer *peer) {
    bool is_due_later = !peer->connected && linking_is_confirming(peer);
    return peer->bye_tries > 0 && !is_due_later && peer->alarms[ALARM_BYE] == NEVER;
}

/* --- Packets --- */

void peer_receive_probe(struct peer *peer, const struct path *from, uint64_t now) {
    if (!peer->pair.initiator || peer->state != PEER_LIVE) return;
    sending_came(peer, from, PEER_PROBE_SIZE);
    linking_paid(peer, now);
    rounds_probed(peer, from, now);
    set_alarms(peer, now);
}

void peer_receive_initiation(struct peer *peer, const struct key_set *set, const uint8_t *packet,
                             const struct peer_initiation *message, const struct path *from, uint64_t now) {
    if (peer->pair.initiator || peer->state != PEER_LIVE) return;
    bool known = rounds_knows(peer, from);
    sending_came(peer, from, PEER_HANDSHAKE_SIZE);
    linking_respond(peer, set, packet, message, from, known, now);
    if (known) rounds_asked(peer, now);
    set_alarms(peer, now);
}

void peer_receive_cookie_reply(struct peer *peer, const struct peer_cookie_reply *message, const struct path *from,
                               uint64_t now) {
    sending_came(peer, from, PEER_COOKIE_REPLY_SIZE);
    if (peer->state == PEER_LIVE) linking_take_cookie(peer, message, from, now);
    set_alarms(peer, now);
}

void peer_receive_response(struct peer *peer, const struct peer_answer *message, const struct path *from,
                           uint64_t now) {
    sending_came(peer, from, PEER_HANDSHAKE_SIZE);
    if (linking_confirm(peer, message, from, now)) rounds_answered(peer);
    set_alarms(peer, now);
}

/* Where a handshake was answered from is the path. A renewal keeps the path it runs on: that moves by validation only.
 */
static void take_path(struct peer *peer, bool bound, const struct path *from, bool proven, uint64_t now) {
    if (bound && peer->has_path) return;
    path_log_add(&peer->log, NOTE_ANSWERED, from, peer->rtt_us, now);
    paths_set(peer, from, proven, now);
}

void peer_receive_confirmation(struct peer *peer, const struct peer_answer *message, const struct path *from,
                               uint64_t now) {
    struct frame_introduction introduction;
    bool bound;
    if (peer->state != PEER_LIVE) return;
    sending_came(peer, from, peer_confirmation_size(message));
    switch (linking_accept(peer, message, now, &introduction, &bound)) {
    case LINKED_NOTHING: return;
    case LINKED_AGAIN:
        if (answers_allowed(&peer->answering, FRAME_INTRODUCTION, now)) sending_introduce(peer, from, now);
        break;
    case LINKED_NEW:
        take_path(peer, bound, from, false, now);
        peer->heard = peer->heard_here = now;
        peer->unheeded = 0;
        peer->asked = 0;
        peer->introduce_self = true;
        rounds_done(peer);
        talking_introduced(peer, &introduction, now);
        break;
    }
    set_alarms(peer, now);
}

/* On `next` nothing counts before the introduction that proves who answered, and the token that proves that whoever
 * that is has CONFIRMATION: who knows our static key can make the session's keys without. */
static bool introduction_first(struct peer *peer, struct reader *reader, const struct path *from, uint64_t now) {
    struct frame frame, pong;
    bool keeps_path = peer->next_bound && peer->has_path;
    if (!frame_next(reader, &frame) || frame.type != FRAME_INTRODUCTION) return false;
    if (!handshake_introduction_valid(&peer->pair, &frame.introduction, peer->next_static)) return false;
    if (!frame_next(reader, &pong) || pong.type != FRAME_PONG || pong.token != peer->next_token) return false;
    bool beside = peer->next_is_beside && path_equal(from, &peer->next_beside);
    if (!keeps_path && !beside && !path_equal(from, &peer->next_path)) return false;
    linking_promote_next(peer, now);
    take_path(peer, peer->next_bound, from, !peer->next_is_beside, now);
    rounds_done(peer);
    if (peer->state == PEER_LIVE) talking_introduced(peer, &frame.introduction, now);
    return true;
}

static struct transport *transport_find(struct peer *peer, uint32_t index) {
    struct transport *all[] = {&peer->current, &peer->previous, &peer->next};
    for (size_t i = 0; i < 3; i++)
        if (all[i]->live && all[i]->local_index == index) return all[i];
    return NULL;
}

/* What is said in answer meanwhile is gathered. */
static void take_frames(struct peer *peer, struct reader *reader, const struct path *from, uint64_t now) {
    struct frame frame;
    paths_heard(peer, from, now);
    probes_heard(peer, from, now);
    while (frame_next(reader, &frame)) {
        if (peer->state == PEER_GONE && frame.type != FRAME_BYE) continue;
        talking_take(peer, &frame, from, now);
    }
}

static void receive_frames(struct peer *peer, const uint8_t *packet, const struct peer_data *data,
                           const struct path *from, uint64_t now) {
    uint8_t frames[PEER_FRAMES_MAX];
    size_t size;
    struct answers answers;
    struct transport *transport = transport_find(peer, data->receiver_index);
    if (!transport || !transport_open(transport, packet, data, frames, &size, now)) return;
    struct reader reader = reader_over(frames, size);
    bool promoted = transport == &peer->next;
    sending_came(peer, from, PEER_DATA_HEADER_SIZE + data->sealed_size);
    if (promoted && !introduction_first(peer, &reader, from, now)) return;
    if (!promoted && transport == &peer->current) peer->introduction_open = false;
    answers_begin(&answers, from, size);
    /* cppcheck-suppress autoVariables ; talking_answer takes it away again */
    peer->answers = &answers;
    take_frames(peer, &reader, from, now);
    if (promoted) peer->ask = true; /* which tells the responder that its introduction arrived */
    talking_answer(peer, now);
}

void peer_receive_data(struct peer *peer, const uint8_t *packet, const struct peer_data *data, const struct path *from,
                       uint64_t now) {
    receive_frames(peer, packet, data, from, now);
    set_alarms(peer, now);
}

void peer_pass_on(struct peer *peer, enum frame_type type, const uint8_t member[static MEMBER_ID_SIZE],
                  const uint8_t *packet, size_t size, uint64_t now) {
    if (!peer_reachable(peer) || peer->path.kind != PATH_DIRECT || !linking_usable(peer, now)) return;
    struct frame frame = {.type = type, .relay = {.packet = packet, .size = size}};
    memcpy(frame.relay.member, member, MEMBER_ID_SIZE);
    uint8_t buffer[PEER_FRAMES_MAX];
    struct writer writer = writer_over(buffer, sizeof buffer);
    frame_write(&writer, &frame);
    if (!writer.failed) sending_frames(peer, &writer, &peer->path, false, now);
    set_alarms(peer, now);
}

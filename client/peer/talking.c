#include "client/peer/talking.h"

#include <stdio.h>
#include <string.h>

#include "client/peer/cutting.h"
#include "client/peer/linking.h"
#include "client/peer/paths.h"
#include "client/peer/probes.h"
#include "client/peer/rounds.h"
#include "client/peer/sending.h"
#include "client/peer/sizing.h"
#include "common/clock.h"

#define SILENT_MS 15000 /* absence */
#define IDLE_MS 12000   /* then a path is asked: before SILENT_MS an answer has three chances */

#define PING_REPEAT_MS 1000
#define DOUBTED_MS 500  /* after a PING of the responder's nothing came for so long: the PONG may be lost, */
#define DOUBTS_MS 10000 /* on a session that is so young */
#define UNLISTED_PING_MS 2000
#define ABSENT_ASKED_MS 2000 /* so long after the first question: two answers may be lost */
#define DISMISSED_MS 3000    /* so long at most a bye waits for what was said before it */
#define BYE_REPEAT_MS 150
#define BYE_TRIES 3
#define UNPROVEN_SPARE 256 /* bytes */
#define FLUSH_PACKETS 32   /* in one go; the rest waits for the next tick, so that one peer cannot hold up the others */

/* May a segment go now? Before the peer has shown that it receives there only if something is left then for the PINGs
 * that ask whether it does, and for what goes along. */
static bool may_send_segment(const struct peer *peer, uint64_t now) {
    size_t left = sending_left(peer, &peer->path);
    if (left == SIZE_MAX) return true;
    return !peer->demoted && proof_allows(&peer->proof) &&
           left >= delivery_next_bytes(&peer->sender, now) + UNPROVEN_SPARE;
}

/* The next segment to send, if one is due, and how it is to be cut. */
static void take_segment(struct peer *peer, struct cutting *cutting, uint64_t now) {
    struct frame_segment segment;
    if (!may_send_segment(peer, now)) return;
    delivery_set_room(&peer->sender, sizing_room(peer), now);
    if (!delivery_next(&peer->sender, now, &segment)) return;
    if (delivery_doubts_room(&peer->sender, now)) {
        sizing_doubt(peer, now);
        delivery_room_fell(&peer->sender, sizing_room(peer), now);
    }
    cutting_begin(cutting, &segment, delivery_room(&peer->sender, segment.sequence));
    if (cutting_packets(&segment, sizing_room(peer)) > 1) sizing_wanted(peer, now);
}

/* One packet with what is due: introduction, acknowledgement, a segment or a piece of one. False when nothing was. */
static bool flush_packet(struct peer *peer, struct cutting *cutting, uint64_t now) {
    uint8_t buffer[PEER_FRAMES_OWN_MAX];
    struct writer writer = writer_over(buffer, sizeof buffer);
    struct frame frame;
    bool introduce = peer->introduce_self;
    if (introduce) sending_write_introduction(peer, &writer); /* before all else */
    if (peer->answers) answers_move(&peer->answers->path, &writer);
    bool more = writer.at > 0 || peer->acknowledge || cutting->open;
    bool ask = peer->ask || introduce || (more && sending_wants_ping(peer, cutting->open, now));
    if (ask) sending_write_ping(peer, &writer, now);
    peer->ask = false;
    if (peer->acknowledge && delivery_receiver_acknowledgement(&peer->receiver, &frame.acknowledgement)) {
        frame.type = FRAME_ACKNOWLEDGEMENT;
        frame_write(&writer, &frame);
    }
    peer->acknowledge = false;
    if (!cutting->open) take_segment(peer, cutting, now);
    bool segment = cutting->open && cutting_write(cutting, &writer);
    if (writer.at == 0) return false;
    if (ask) sending_leave_room(&writer);
    peer->ask = !ask && segment && sending_wants_ping(peer, true, now); /* in the next one */
    /* The introduction goes along until they are heard on this transport, but is no reason of its own to send again. */
    peer->introduce_self = false;
    peer->introduction_open |= introduce;
    sending_frames(peer, &writer, &peer->path, segment || introduce || ask, now);
    return true;
}

void talking_flush(struct peer *peer, uint64_t now) {
    struct cutting cutting = {.open = false};
    if (peer->state != PEER_LIVE || !peer->has_path || !linking_usable(peer, now)) return;
    if (peer->answers && !peer->answers->over) return; /* at the end of that packet */
    if (peer->introduction_open && delivery_due(&peer->sender, now) <= now) peer->introduce_self = true;
    for (int packets = 0; packets < FLUSH_PACKETS || cutting.open; packets++)
        if (!flush_packet(peer, &cutting, now)) break;
}

static void send_answers(struct peer *peer, struct answers_place *place, const struct path *to, uint64_t now) {
    uint8_t buffer[ANSWERS_FRAMES_MAX];
    struct writer writer = writer_over(buffer, sizeof buffer);
    if (place->size == 0) return;
    answers_move(place, &writer);
    sending_frames(peer, &writer, to, false, now);
}

/* Who is gone is told nothing but answers. */
void talking_answer(struct peer *peer, uint64_t now) {
    struct answers *answers = peer->answers;
    answers->over = true;
    send_answers(peer, &answers->here, &answers->from, now);
    talking_flush(peer, now);
    send_answers(peer, &answers->path, &peer->path, now);
    peer->answers = NULL;
}

static void nick_of(const struct frame_introduction *introduction, char out[static TEXT_NICK_MAX + 1]) {
    if (!text_nick(introduction->nick, introduction->nick_size, out) && !*out) memcpy(out, "?", 2);
}

void talking_set_nick(struct peer *peer, const char *nick) {
    snprintf(peer->introduction.nick, sizeof peer->introduction.nick, "%s", nick);
    peer->introduction.nick_size = (uint8_t)strlen(peer->introduction.nick);
}

/* The path stays what it is. */
void talking_drop_queue(struct peer *peer) {
    struct round_trip trip = peer->sender.round_trip;
    delivery_sender_clear(&peer->sender);
    delivery_sender_init(&peer->sender, ++*peer->host->streams);
    peer->sender.round_trip = trip;
}

/* Another run has not heard why it is to go. */
static void keep_it(struct peer *peer) {
    if (!peer->dismissed) return;
    peer->dismissed = peer->awaited = false;
    peer->bye_tries = 0;
}

void talking_introduced(struct peer *peer, const struct frame_introduction *introduction, uint64_t now) {
    bool first = !peer->connected;
    bool new_run = first || introduction->run != peer->introduction.run;
    bool forgot_us = !first && (new_run || introduction->epoch != peer->introduction.epoch);
    char nick[TEXT_NICK_MAX + 1], before[TEXT_NICK_MAX + 1];
    nick_of(introduction, nick);
    memcpy(before, peer->introduction.nick, sizeof before);
    peer->introduction = *introduction;
    peer->clock_began_ms = introduction->wall_ms > now ? introduction->wall_ms - now : 0;
    talking_set_nick(peer, first ? nick : before);
    if (first)
        peer->host->identified(peer->host->context, peer, now);
    else if (strcmp(nick, before) != 0)
        peer->host->renamed(peer->host->context, peer, nick, now);
    /* A restart on their side: they have none of our stream, and theirs begins anew. */
    if (forgot_us) delivery_restart(&peer->sender, ++*peer->host->streams);
    if (new_run) {
        keep_it(peer);
        probes_forget(peer);
        linking_drop_previous(peer); /* whose late segments would be taken for the new run's */
        delivery_receiver_clear(&peer->receiver);
        delivery_receiver_init(&peer->receiver);
    }
    if (peer->rtt_exact) delivery_sample(&peer->sender, peer->rtt_us);
    if (forgot_us) peer->host->returned(peer->host->context, peer, now);
    if (!first) return;
    peer->connected = true;
    peer->bye_tries = 0; /* none that it could have heard */
    peer->heard = now;
    peer->host->connected(peer->host->context, peer, now);
}

/* For the messages that a segment completes. */
struct arrival {
    struct peer *peer;
    uint64_t now;
};

static void take_message(void *context, const uint8_t *message, size_t size, uint64_t age) {
    const struct arrival *arrival = context;
    struct peer *peer = arrival->peer;
    peer->host->message(peer->host->context, peer, message, size, age, arrival->now);
}

static bool is_busy(const struct peer *peer, uint64_t now) {
    const struct peer_host *host = peer->host;
    return host->outside->busy(host->outside->context) || host->sated(host->context, peer, now);
}

static void handle_segment(struct peer *peer, const struct frame_segment *segment, uint64_t now) {
    struct arrival arrival = {.peer = peer, .now = now};
    if (is_busy(peer, now)) return;
    if (delivery_receiver_take(&peer->receiver, segment, now, take_message, &arrival)) peer->acknowledge = true;
}

static void handle_piece(struct peer *peer, const struct frame_piece *piece, uint64_t now) {
    struct arrival arrival = {.peer = peer, .now = now};
    if (is_busy(peer, now)) return;
    if (delivery_receiver_take_piece(&peer->receiver, piece, now, take_message, &arrival)) peer->acknowledge = true;
}

static void handle_acknowledgement(struct peer *peer, const struct frame_acknowledgement *ack, uint64_t now) {
    uint64_t tag;
    if (!peer->proof.ever) return; /* it cannot have seen what it acknowledges: our first PING was not answered */
    delivery_acknowledged(&peer->sender, ack, now);
    while (delivery_completed(&peer->sender, &tag)) peer->host->acknowledged(peer->host->context, peer, tag, now);
}

static void handle_ping(struct peer *peer, uint64_t token, const struct path *from, uint64_t now) {
    struct frame pong = {.type = FRAME_PONG, .token = token};
    if (peer->has_path && path_equal(from, &peer->path)) peer->doubted = true;
    sending_frame(peer, &pong, from, false, now);
}

static void handle_pong(struct peer *peer, uint64_t token, const struct path *from, uint64_t now) {
    uint64_t sent;
    if (!peer->has_path || !path_equal(from, &peer->path) || !proof_answered(&peer->proof, token, &sent)) {
        if (!sizing_pong(peer, token, from, now)) paths_pong(peer, token, from, now);
        return;
    }
    peer->rtt_us = (uint32_t)(now - sent) * 1000;
    if (peer->ping_sent == sent) peer->ping_sent = 0;
    if (from->kind == PATH_DIRECT) trials_answered(&peer->trials, peer->host->budget, &from->address);
    delivery_sample(&peer->sender, peer->rtt_us);
    paths_proven(peer);
}

static void be_gone(struct peer *peer, uint64_t now) {
    peer->state = PEER_GONE;
    peer->turned_away = peer->dismissed;
    rounds_done(peer);
    delivery_sender_clear(&peer->sender);
    peer->host->said_bye(peer->host->context, peer, now);
}

static void handle_bye(struct peer *peer, uint64_t now) {
    if (peer->bye_tries) { /* the answer to ours, or theirs crossing it */
        peer->bye_tries = BYE_TRIES;
        peer->bye_due = now;
        return;
    }
    struct frame frame = {.type = FRAME_BYE};
    sending_frame(peer, &frame, &peer->path, false, now);
    if (peer->state == PEER_GONE) return;
    be_gone(peer, now);
}

/* Who relays for us asks us to relay nothing: a packet takes one turn. */
static void handle_relay(struct peer *peer, const struct frame *frame, const struct path *from, uint64_t now) {
    if (from->kind != PATH_DIRECT || !*peer->host->relaying_allowed || peer->state != PEER_LIVE) return;
    if (frame->type == FRAME_RELAY)
        peer->host->pass_on(peer->host->context, peer, &frame->relay, now);
    else
        peer->host->came_through(peer->host->context, peer, &frame->relay, now);
}

/* Others are answered, or pass something on, because of it. */
static bool counts_once(enum frame_type type) {
    switch (type) {
    case FRAME_BYE:
    case FRAME_RELAY:
    case FRAME_RELAYED:
    case FRAME_CANDIDATES:
    case FRAME_PROBING: return true;
    default: return false;
    }
}

void talking_take(struct peer *peer, const struct frame *frame, const struct path *from, uint64_t now) {
    if (counts_once(frame->type) && !answers_take_once(peer->answers, frame->type)) return;
    switch (frame->type) {
    case FRAME_SEGMENT: handle_segment(peer, &frame->segment, now); break;
    case FRAME_PIECE: handle_piece(peer, &frame->piece, now); break;
    case FRAME_ACKNOWLEDGEMENT: handle_acknowledgement(peer, &frame->acknowledgement, now); break;
    case FRAME_PING: handle_ping(peer, frame->token, from, now); break;
    case FRAME_PONG: handle_pong(peer, frame->token, from, now); break;
    case FRAME_BYE: handle_bye(peer, now); break;
    case FRAME_RELAY:
    case FRAME_RELAYED: handle_relay(peer, frame, from, now); break;
    case FRAME_CANDIDATES: paths_offered(peer, &frame->candidates, now); break;
    case FRAME_PROBING: probes_told(peer, &frame->probing, now); break;
    default: break; /* also an introduction: one a handshake is enough */
    }
}

void talking_say_bye(struct peer *peer, uint64_t now) {
    if (!peer->connected || peer->state != PEER_LIVE || !linking_usable(peer, now)) {
        peer->bye_tries = BYE_TRIES;
        peer->bye_due = now;
        return;
    }
    struct frame frame = {.type = FRAME_BYE};
    sending_frame(peer, &frame, &peer->path, false, now);
    peer->bye_tries++;
    peer->bye_due = now + BYE_REPEAT_MS;
}

static bool may_talk(const struct peer *peer) {
    return peer->state == PEER_LIVE && peer->connected && !peer->bye_tries && peer->current.live;
}

/* A responder that has no proof of our address may send us too little to get one, so we send something. */
static uint64_t doubted_at(const struct peer *peer) {
    uint64_t last = later(peer->heard_here, peer->proof.asked), until = peer->current.created + DOUBTS_MS;
    return peer->pair.initiator && peer->doubted && last < until ? last + DOUBTED_MS : NEVER;
}

/* When the next PING is due: idle for long, or unanswered, or the bootnode says that the peer is gone. */
static uint64_t ping_at(const struct peer *peer) {
    if (!may_talk(peer)) return NEVER;
    uint64_t idle = earlier(peer->heard, peer->sent) + IDLE_MS;
    uint64_t repeat = peer->asked ? (peer->ping_sent ? peer->ping_sent : peer->asked) + PING_REPEAT_MS : NEVER;
    uint64_t due = earlier(idle, repeat);
    if (peer->absent)
        due = earlier(due, (peer->ping_sent > peer->heard ? peer->ping_sent : peer->heard) + UNLISTED_PING_MS);
    /* A silent peer stays idle, however often it was asked. */
    bool too_early = peer->ping_sent && due < peer->ping_sent + PING_REPEAT_MS;
    if (too_early) due = peer->ping_sent + PING_REPEAT_MS;
    bool proves = peer->has_path && peer->path.kind == PATH_DIRECT && !peer->demoted;
    return proves ? earlier(earlier(due, doubted_at(peer)), proof_ping_at(&peer->proof, sending_repeat_ms(peer))) : due;
}

/* Nobody said that it left: it may be on its way to a bootnode that can be reached. Whoever lives has found the homes
 * of a cluster soon after we did, since all members of a room are told of new ones together, and miss dead ones alike.
 */
static uint64_t unsaid_at(const struct peer *peer) {
    const struct peer_host *host = peer->host;
    const uint64_t last = peer->delisted + UNSAID_MS;
    if ((peer->listed_once & ~host->clustered) || host->settled == NEVER) return last;
    return earlier(last, later(peer->delisted + HOMES_UNSAID_MS, host->settled + HOMES_SETTLED_MS));
}

/* Absent at every bootnode that can be reached: for a peer that was never connected their word is enough, if it is one.
 */
static uint64_t absent_at(const struct peer *peer) {
    if (!peer->absent) return NEVER;
    uint64_t excess = sending_excess_ms(peer);
    if (peer->state == PEER_GONE) return peer->delisted + PEER_DEMOTE_MS + excess; /* may still repeat its bye */
    if (!peer->connected) return peer->said_absent ? peer->delisted : unsaid_at(peer);
    uint64_t silent = peer->heard + SILENT_MS + excess;
    /* A bootnode that began anew knows nobody: who was reached through it alone gets the time to come back. */
    if (!peer->said_absent) silent = later(silent, unsaid_at(peer));
    if (peer->demoted) /* asked for long, or, after the keys had grown too old, by punching */
        return peer->current.live ? silent : later(silent, peer->asked + SILENT_MS + excess);
    if (!peer->asked) return NEVER; /* ping_at sees to that */
    return later(silent, peer->asked + ABSENT_ASKED_MS + excess);
}

static uint64_t bye_at(const struct peer *peer, uint64_t now) {
    if (peer->dismissed) return peer->bye_tries == 0 && !peer->sender.first ? 0 : peer->bye_due;
    bool says = peer->bye_tries && peer->connected && peer->state == PEER_LIVE;
    return says && (peer->bye_tries < BYE_TRIES || now < peer->bye_due) ? peer->bye_due : NEVER;
}

static uint64_t flush_at(const struct peer *peer, uint64_t now) {
    if (!may_talk(peer)) return NEVER;
    if (peer->acknowledge || peer->introduce_self || peer->ask) return 0;
    return may_send_segment(peer, now) ? delivery_due(&peer->sender, now) : NEVER;
}

void talking_dismiss(struct peer *peer, uint64_t now) {
    peer->dismissed = true;
    peer->bye_due = now + DISMISSED_MS;
}

static void bye_run(struct peer *peer, uint64_t now) {
    if (!peer->dismissed || peer->bye_tries < BYE_TRIES) {
        talking_say_bye(peer, now);
        return;
    }
    if (peer->state == PEER_LIVE) be_gone(peer, now);
    peer->dismissed = false;
    peer->bye_tries = 0;
}

void talking_tick(struct peer *peer, uint64_t now) {
    if (now >= absent_at(peer)) {
        peer->host->absent(peer->host->context, peer, now);
        return;
    }
    if (now >= bye_at(peer, now)) bye_run(peer, now);
    if (now >= ping_at(peer)) sending_ping(peer, now);
    if (now >= flush_at(peer, now)) talking_flush(peer, now);
}

void talking_alarms(const struct peer *peer, uint64_t now, uint64_t alarms[static PEER_ALARMS]) {
    alarms[ALARM_ABSENT] = absent_at(peer);
    alarms[ALARM_BYE] = bye_at(peer, now);
    alarms[ALARM_PING] = ping_at(peer);
    alarms[ALARM_FLUSH] = flush_at(peer, now);
}

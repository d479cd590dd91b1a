#include "client/peer/sending.h"

#include <sodium.h>
#include <string.h>

#include "common/udp.h"

#define PING_ROOM 32 /* bytes of frames: a PONG and a PING */

void sending_introduction(const struct peer *peer, struct frame_introduction *out) {
    memset(out, 0, sizeof *out);
    memcpy(out->identity, peer->host->identity->public, sizeof out->identity);
    out->run = peer->host->run;
    out->epoch = peer->epoch;
    out->wall_ms = peer->host->outside->wall_ms(peer->host->outside->context);
    out->nick_size = (uint8_t)strnlen(peer->host->nick, TEXT_NICK_MAX);
    memcpy(out->nick, peer->host->nick, out->nick_size);
}

uint32_t sending_rtt_us(const struct peer *peer) {
    return peer->sender.round_trip.measured ? peer->sender.round_trip.smoothed_us : peer->rtt_us;
}

uint64_t sending_excess_ms(const struct peer *peer) {
    bool measured = peer->sender.round_trip.measured;
    return round_trip_excess_ms(measured ? round_trip_timeout_ms(&peer->sender.round_trip) : peer->rtt_at_most_ms);
}

/* Where the peer has stopped to answer it may be no more: what goes there is counted like what goes to any other of its
 * candidates. */
static bool is_allowed(struct peer *peer, const struct path *to, uint64_t now) {
    if (!peer->demoted || to->kind != PATH_DIRECT || !path_equal(to, &peer->path)) return true;
    return trials_take(&peer->trials, peer->host->budget, BUDGET_TOLD, &to->address, now);
}

static bool on_path(const struct peer *peer, const struct path *to) {
    return peer->has_path && path_equal(to, &peer->path);
}

bool sending_is_proven(const struct peer *peer) {
    return peer->has_path && (peer->path.kind != PATH_DIRECT || peer->proof.given);
}

/* A relay has proven where it is to whoever sends through it, and pays for what it passes on. */
static bool needs_credit(const struct peer *peer, const struct path *to) {
    return to->kind == PATH_DIRECT && !(on_path(peer, to) && peer->proof.given);
}

size_t sending_left(const struct peer *peer, const struct path *to) {
    return needs_credit(peer, to) ? credit_left(&peer->credit, &to->address) : SIZE_MAX;
}

bool sending_packet(struct peer *peer, const struct path *to, enum sending_grounds grounds, const uint8_t *packet,
                    size_t size, uint64_t now) {
    if (grounds == SENDING_CANDIDATE && to->kind == PATH_DIRECT)
        credit_charge(&peer->credit, &to->address, size);
    else if (needs_credit(peer, to) && !credit_take(&peer->credit, &to->address, size))
        return false;
    if (on_path(peer, to) && to->kind == PATH_DIRECT) proof_sent(&peer->proof, size);
    peer->host->send(peer->host->context, peer, to, packet, size, now);
    return true;
}

/* The address that a flood from elsewhere shall not make us forget. */
static const struct address *kept_address(const struct peer *peer) {
    const struct path *path = peer->next.live ? &peer->next_path : &peer->path;
    return (peer->next.live || peer->has_path) && path->kind == PATH_DIRECT ? &path->address : NULL;
}

/* While an address is proven nothing is saved up: once it is not any more, what came last counts. */
void sending_came(struct peer *peer, const struct path *from, size_t size) {
    if (from->kind != PATH_DIRECT) return;
    if (needs_credit(peer, from))
        credit_came(&peer->credit, &from->address, size, kept_address(peer));
    else
        credit_came_alone(&peer->credit, &from->address, size, kept_address(peer));
}

static void send_frames(struct peer *peer, struct writer *frames, const struct path *to, enum sending_grounds grounds,
                        bool wants_answer, uint64_t now) {
    uint8_t packet[UDP_DATAGRAM_MAX];
    if (!is_allowed(peer, to, now)) return;
    frames_pad(frames);
    if (grounds == SENDING_HEARD && sending_left(peer, to) < PEER_DATA_OVERHEAD + writer_size(frames)) return;
    size_t size = transport_seal(&peer->current, frames->data, writer_size(frames), packet, sizeof packet, now);
    if (size == 0 || !sending_packet(peer, to, grounds, packet, size, now)) return;
    peer->sent = now;
    if (wants_answer && !peer->asked && path_equal(to, &peer->path)) peer->asked = now;
}

void sending_frames(struct peer *peer, struct writer *frames, const struct path *to, bool wants_answer, uint64_t now) {
    send_frames(peer, frames, to, SENDING_HEARD, wants_answer, now);
}

/* What goes neither to the path nor back is no answer, and what does not fit is one too many. */
static void gather(struct peer *peer, const struct frame *frame, const struct path *to, uint64_t now) {
    struct answers *answers = peer->answers;
    struct answers_place *place = NULL;
    if (on_path(peer, to))
        place = &answers->path;
    else if (path_equal(to, &answers->from))
        place = &answers->here;
    if (place && answers_allowed(&peer->answering, frame->type, now)) (void)answers_add(answers, place, frame);
}

void sending_frame(struct peer *peer, const struct frame *frame, const struct path *to, bool wants_answer,
                   uint64_t now) {
    uint8_t buffer[PEER_FRAMES_MAX];
    struct writer writer = writer_over(buffer, sizeof buffer);
    if (peer->answers) {
        gather(peer, frame, to, now);
        return;
    }
    frame_write(&writer, frame);
    if (frame->type == FRAME_PING) sending_leave_room(&writer);
    sending_frames(peer, &writer, to, wants_answer, now);
}

void sending_frame_to_candidate(struct peer *peer, const struct frame *frame, const struct path *to, uint64_t now) {
    uint8_t buffer[PEER_FRAMES_MAX];
    struct writer writer = writer_over(buffer, sizeof buffer);
    frame_write(&writer, frame);
    if (frame->type == FRAME_PING) sending_leave_room(&writer);
    send_frames(peer, &writer, to, SENDING_CANDIDATE, false, now);
}

uint64_t sending_repeat_ms(const struct peer *peer) {
    return round_trip_timeout_ms(&peer->sender.round_trip);
}

bool sending_wants_ping(const struct peer *peer, bool wants_answer, uint64_t now) {
    return peer->path.kind == PATH_DIRECT && proof_wants_ping(&peer->proof, wants_answer, sending_repeat_ms(peer), now);
}

void sending_write_ping(struct peer *peer, struct writer *writer, uint64_t now) {
    struct frame frame = {.type = FRAME_PING};
    peer->ping_sent = now;
    if (sending_left(peer, &peer->path) < PEER_DATA_OVERHEAD + PING_ROOM) { /* it would not go */
        proof_put_off(&peer->proof, now);
        return;
    }
    randombytes_buf(&frame.token, sizeof frame.token);
    proof_asked(&peer->proof, frame.token, now);
    frame_write(writer, &frame);
}

void sending_leave_room(struct writer *frames) {
    if (frames->at < PING_ROOM) write_zeros(frames, PING_ROOM - frames->at);
}

void sending_write_introduction(const struct peer *peer, struct writer *writer) {
    struct frame frame = {.type = FRAME_INTRODUCTION};
    sending_introduction(peer, &frame.introduction);
    frame_write(writer, &frame);
    if (!peer->answers_confirmation) return;
    frame_write(writer, &(struct frame){.type = FRAME_PONG, .token = peer->confirmation_token});
}

/* Who did not hear our introduction yet takes nothing else. */
void sending_ping(struct peer *peer, uint64_t now) {
    uint8_t buffer[PEER_FRAMES_MAX];
    struct writer writer = writer_over(buffer, sizeof buffer);
    if (peer->introduction_open) sending_write_introduction(peer, &writer);
    sending_write_ping(peer, &writer, now);
    sending_leave_room(&writer);
    sending_frames(peer, &writer, &peer->path, true, now);
}

void sending_introduce(struct peer *peer, const struct path *to, uint64_t now) {
    uint8_t buffer[PEER_FRAMES_MAX];
    struct writer writer = writer_over(buffer, sizeof buffer);
    sending_write_introduction(peer, &writer);
    if (on_path(peer, to)) sending_write_ping(peer, &writer, now);
    peer->introduction_open = true;
    sending_frames(peer, &writer, to, true, now);
}

bool sending_unasked(struct peer *peer, uint64_t now) {
    if (now < peer->punch_blocked) return false;
    uint64_t wait = budget_wait(peer->host->budget, now);
    if (wait) peer->punch_blocked = now + wait;
    return wait == 0;
}

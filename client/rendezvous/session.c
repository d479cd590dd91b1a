#include "client/rendezvous/session.h"

#include <sodium.h>
#include <string.h>

#include "common/udp.h"

#define REPEAT_MS 500
#define RESET_WAIT_MS 500 /* and up to as much again: PROTOCOL.md §2.3 rule 10 */
#define RESET_DOUBLINGS 7
#define RESET_LASTING_MS 60000
#define RESETS_TOLD 3
#define LEAVE_TRIES 5
#define UPDATE_DOUBLINGS 7
#define NOTICE_MOST_MS 60000
#define CHECK_PAUSE_MS 1000

static void send_beat(struct rendezvous *rendezvous, bool ask, uint64_t now) {
    struct beat beat = {.flag = ask,
                        .session_id = rendezvous->session_id,
                        .counter = ++rendezvous->beat_counter,
                        .version = rendezvous->membership.version};
    uint8_t packet[BEAT_SIZE];
    size_t size = beat_encode(MESSAGE_HEARTBEAT, &beat, packet, sizeof packet);
    link_tag_beat(rendezvous->beat_key, packet);
    rendezvous->owner.send(rendezvous->owner.context, &rendezvous->bootnode, packet, size);
    if (ask && !rendezvous->answer_due) {
        rendezvous->answer_due = true;
        rendezvous->next_repeat = now + REPEAT_MS;
    }
}

void rendezvous_send_sealed(struct rendezvous *rendezvous, enum message_type type, const uint8_t *body,
                            size_t body_size) {
    struct sealed_header header = {
        .type = (uint8_t)type, .session_id = rendezvous->session_id, .counter = ++rendezvous->seal_counter};
    uint8_t packet[UDP_DATAGRAM_MAX];
    size_t size = link_seal(rendezvous->seal_key, &header, body, body_size, packet, sizeof packet);
    rendezvous->owner.send(rendezvous->owner.context, &rendezvous->bootnode, packet, size);
}

/* Something authentic came: the bootnode lives. */
static void heard(struct rendezvous *rendezvous, uint64_t now) {
    rendezvous->heard = now;
    rendezvous->ever_active = true;
    if (!rendezvous->lost) return;
    rendezvous->lost = false;
    rendezvous->owner.back(rendezvous->owner.context);
}

static void list_complete(struct rendezvous *rendezvous) {
    rendezvous->listed = true;
    rendezvous->owner.complete(rendezvous->owner.context);
}

static void start_keys(struct rendezvous *rendezvous, const struct noise_keys *keys) {
    uint8_t secret[LINK_SECRET_SIZE];
    link_secret(keys, false, secret);
    link_tag_key(secret, LINK_TO_BOOTNODE, rendezvous->beat_key);
    link_tag_key(secret, LINK_TO_CLIENT, rendezvous->ack_key);
    link_seal_key(secret, LINK_TO_BOOTNODE, rendezvous->seal_key);
    link_seal_key(secret, LINK_TO_CLIENT, rendezvous->open_key);
    sodium_memzero(secret, sizeof secret);
    rendezvous->seal_counter = 0;
    replay_window_init(&rendezvous->window);
    rendezvous->beat_counter = rendezvous->last_acked = 0;
}

void rendezvous_session_start(struct rendezvous *rendezvous, const struct noise_keys *keys,
                              const struct welcome_body *body, struct reader *members, uint32_t told, uint64_t now) {
    start_keys(rendezvous, keys);
    memset(rendezvous->attempts, 0, sizeof rendezvous->attempts);
    rendezvous->session_id = body->session_id;
    memcpy(rendezvous->reset_token, body->reset_token, RESET_TOKEN_SIZE);
    rendezvous->beat_ms = body->beat_ms < 1000 ? 1000 : body->beat_ms;
    rendezvous->answer_every = body->answer_every ? body->answer_every : 1;
    rendezvous->state = RENDEZVOUS_ACTIVE;
    rendezvous->registered = now;
    rendezvous->tries = 0;
    rendezvous->last_refusal = 0;
    rendezvous->answer_due = rendezvous->moving = false;
    rendezvous->relays = body->relays;
    rendezvous->beats = 0;
    rendezvous->update_due = told == rendezvous->revision ? UINT64_MAX : now;
    rendezvous->update_tries = 0;

    rendezvous->owner.registered(rendezvous->owner.context, &rendezvous->mapped);
    heard(rendezvous, now);
    bool complete = body->complete && body->version.epoch != 0 &&
                    membership_welcome(&rendezvous->membership, body->version, members, &rendezvous->owner.members);
    if (!complete) rendezvous->membership.version = (struct room_version){0};
    if (complete) list_complete(rendezvous);
    send_beat(rendezvous, true, now);
    rendezvous->next_beat = now + rendezvous->beat_ms;
}

static void handle_beat_ack(struct rendezvous *rendezvous, const uint8_t *packet, size_t size, uint64_t now) {
    struct beat beat;
    if (!beat_decode(packet, size, &beat) || beat.session_id != rendezvous->session_id) return;
    if (!link_check_beat(rendezvous->ack_key, packet)) return;
    if (beat.counter > rendezvous->beat_counter || beat.counter <= rendezvous->last_acked) return;
    rendezvous->last_acked = beat.counter;
    rendezvous->answer_due = false;
    heard(rendezvous, now);
}

/* An UPDATE has arrived when our own record shows its revision. */
static void check_update(struct rendezvous *rendezvous) {
    const struct member_record *own = membership_find(&rendezvous->membership, rendezvous->member_id);
    if (own && own->revision == rendezvous->revision) rendezvous->update_due = UINT64_MAX;
}

static void handle_changes(struct rendezvous *rendezvous, const uint8_t *body, size_t size, uint64_t now) {
    enum membership_result result = membership_apply(&rendezvous->membership, body, size, &rendezvous->owner.members);
    if (result == MEMBERSHIP_MALFORMED) return;
    check_update(rendezvous);
    if (result == MEMBERSHIP_APPLIED) list_complete(rendezvous);
    /* While parts are missing a beat would ask for all of them again: the regular beat heals that. */
    if (result != MEMBERSHIP_PARTIAL) send_beat(rendezvous, false, now);
}

static void handle_introduce(struct rendezvous *rendezvous, const uint8_t *body, size_t size) {
    struct reader reader = reader_over(body, size);
    struct member_record record;
    read_member_record(&reader, &record);
    if (reader_finished(&reader)) rendezvous->owner.introduced(rendezvous->owner.context, &record);
}

static void handle_notice(struct rendezvous *rendezvous, const uint8_t *body, size_t size, uint64_t now) {
    struct reader reader = reader_over(body, size);
    struct notice_body notice;
    read_notice_body(&reader, &notice);
    if (!reader_finished(&reader) || rendezvous->state != RENDEZVOUS_ACTIVE) return;
    rendezvous_lose(rendezvous, "the bootnode is shutting down");
    uint64_t wait = notice.retry_ms > NOTICE_MOST_MS ? NOTICE_MOST_MS : notice.retry_ms;
    rendezvous_restart(rendezvous, wait, now);
}

static void handle_sealed(struct rendezvous *rendezvous, const uint8_t *packet, size_t size, uint64_t now) {
    struct sealed_header header;
    uint8_t body[UDP_DATAGRAM_MAX];
    size_t body_size;
    if (!sealed_header_decode(packet, size, &header) || header.session_id != rendezvous->session_id) return;
    if (!replay_window_check(&rendezvous->window, header.counter)) return;
    if (!link_open(rendezvous->open_key, &header, packet, size, body, &body_size)) return;
    if (!replay_window_accept(&rendezvous->window, header.counter)) return;
    heard(rendezvous, now);
    switch (header.type) {
    case MESSAGE_CHANGES: handle_changes(rendezvous, body, body_size, now); break;
    case MESSAGE_INTRODUCE: handle_introduce(rendezvous, body, body_size); break;
    case MESSAGE_NOTICE: handle_notice(rendezvous, body, body_size, now); break;
    default: break;
    }
}

static void handle_path(struct rendezvous *rendezvous, const uint8_t *packet, size_t size, uint64_t now) {
    struct path_message path;
    if (!path_decode(packet, size, &path) || path.session_id != rendezvous->session_id) return;
    if (!link_check_path(rendezvous->ack_key, packet)) return;
    /* Every beat from the new address brings a PATH: one answer in a while is enough, or the two would chase each
     * other. */
    if (rendezvous->moving && now - rendezvous->moved_at < REPEAT_MS) return;
    rendezvous->moving = true;
    rendezvous->moved_at = now;
    uint8_t body[COOKIE_SIZE];
    struct writer writer = writer_over(body, sizeof body);
    write_cookie(&writer, &path.cookie);
    rendezvous_send_sealed(rendezvous, MESSAGE_MOVE, body, writer_size(&writer));
    /* The answer to this beat comes to the new address, or the repeats bring another PATH. */
    rendezvous->answer_due = false;
    send_beat(rendezvous, true, now);
    rendezvous->owner.moved(rendezvous->owner.context);
}

/* One reset is a bootnode that was restarted. Several sessions in a row that do not last: another client has our
 * identity, and the two take each other's place; the longer each waits, the longer the other is left in peace. */
static uint64_t reset_wait(struct rendezvous *rendezvous, uint64_t now) {
    bool lasted = now - rendezvous->registered >= RESET_LASTING_MS;
    rendezvous->resets = lasted ? 0 : rendezvous->resets + 1;
    if (rendezvous->resets == RESETS_TOLD)
        rendezvous->owner.refused(rendezvous->owner.context, "another client uses our identity in this room");
    unsigned doublings = rendezvous->resets < RESET_DOUBLINGS ? rendezvous->resets : RESET_DOUBLINGS;
    return (uint64_t)RESET_WAIT_MS << doublings;
}

static void handle_reset(struct rendezvous *rendezvous, const uint8_t *packet, size_t size, uint64_t now) {
    struct reset reset;
    if (!reset_decode(packet, size, &reset) || reset.session_id != rendezvous->session_id) return;
    if (sodium_memcmp(reset.token, rendezvous->reset_token, RESET_TOKEN_SIZE) != 0) return;
    if (rendezvous->state == RENDEZVOUS_LEAVING) {
        rendezvous->state = RENDEZVOUS_ENDED;
        rendezvous->due = UINT64_MAX;
    } else {
        rendezvous_restart(rendezvous, reset_wait(rendezvous, now), now);
    }
}

/* No counter: a copy of an old one is no sign of life. Who it is from and whether it is fresh, the peer's own session
 * says. */
static void handle_relay(struct rendezvous *rendezvous, const uint8_t *packet, size_t size) {
    struct relay_message relay;
    if (rendezvous->state != RENDEZVOUS_ACTIVE || !relay_decode(packet, size, &relay)) return;
    if (!link_check_relay(rendezvous->ack_key, packet, size)) return;
    rendezvous->owner.relayed(rendezvous->owner.context, relay.member_id, relay.packet, relay.packet_size);
}

bool rendezvous_session_receive(struct rendezvous *rendezvous, const uint8_t *packet, size_t size, uint64_t now) {
    struct reader reader = reader_over(packet, size);
    read_skip(&reader, SESSION_ID_OFFSET);
    if (read_u64(&reader) != rendezvous->session_id || reader.failed) return false;
    if (rendezvous->state != RENDEZVOUS_ACTIVE && rendezvous->state != RENDEZVOUS_LEAVING) return false;
    switch (packet[0]) {
    case MESSAGE_BEAT_ACK: handle_beat_ack(rendezvous, packet, size, now); break;
    case MESSAGE_PATH: handle_path(rendezvous, packet, size, now); break;
    case MESSAGE_RESET: handle_reset(rendezvous, packet, size, now); break;
    case MESSAGE_RELAY: handle_relay(rendezvous, packet, size); break;
    default: handle_sealed(rendezvous, packet, size, now); break;
    }
    return true;
}

static void send_update(struct rendezvous *rendezvous, uint64_t now) {
    struct update_body update = {.revision = rendezvous->revision, .candidates = rendezvous->candidates};
    uint8_t body[UDP_DATAGRAM_MAX];
    struct writer writer = writer_over(body, sizeof body);
    write_update_body(&writer, &update);
    rendezvous_send_sealed(rendezvous, MESSAGE_UPDATE, body, writer_size(&writer));
    rendezvous->update_due = now + ((uint64_t)REPEAT_MS << rendezvous->update_tries);
    if (rendezvous->update_tries < UPDATE_DOUBLINGS) rendezvous->update_tries++;
}

static void send_leave(struct rendezvous *rendezvous, uint64_t now) {
    if (rendezvous->tries >= LEAVE_TRIES) {
        rendezvous->state = RENDEZVOUS_ENDED;
        rendezvous->due = UINT64_MAX;
        return;
    }
    rendezvous_send_sealed(rendezvous, MESSAGE_LEAVE, NULL, 0);
    rendezvous->due = now + (100u << rendezvous->tries++);
}

void rendezvous_session_tick(struct rendezvous *rendezvous, uint64_t now) {
    if (rendezvous->state == RENDEZVOUS_LEAVING) {
        if (now >= rendezvous->due) send_leave(rendezvous, now);
        return;
    }
    if (now >= rendezvous->update_due) send_update(rendezvous, now);
    if (now >= rendezvous->next_beat) {
        bool ask = ++rendezvous->beats % rendezvous->answer_every == 0;
        send_beat(rendezvous, ask || rendezvous->answer_due, now);
        /* From the schedule, not from now: a late tick must not stretch the interval; after a pause, start over. */
        rendezvous->next_beat += rendezvous->beat_ms;
        if (rendezvous->next_beat <= now) rendezvous->next_beat = now + rendezvous->beat_ms;
    }
    if (rendezvous->answer_due && now >= rendezvous->next_repeat) {
        rendezvous->next_repeat = now + REPEAT_MS;
        send_beat(rendezvous, true, now);
    }
}

uint64_t rendezvous_session_due(const struct rendezvous *rendezvous) {
    if (rendezvous->state == RENDEZVOUS_LEAVING) return rendezvous->due;
    uint64_t due = rendezvous->next_beat;
    if (rendezvous->answer_due && rendezvous->next_repeat < due) due = rendezvous->next_repeat;
    if (rendezvous->update_due < due) due = rendezvous->update_due;
    return due;
}

void rendezvous_set_candidates(struct rendezvous *rendezvous, const struct candidate_list *candidates, uint64_t now) {
    rendezvous->candidates = *candidates;
    rendezvous->revision++;
    rendezvous->update_tries = 0;
    if (rendezvous->state == RENDEZVOUS_ACTIVE) rendezvous->update_due = now;
}

void rendezvous_introduce(struct rendezvous *rendezvous, const uint8_t id[static MEMBER_ID_SIZE]) {
    if (rendezvous->state == RENDEZVOUS_ACTIVE)
        rendezvous_send_sealed(rendezvous, MESSAGE_INTRODUCE, id, MEMBER_ID_SIZE);
}

void rendezvous_check(struct rendezvous *rendezvous, uint64_t now) {
    if (rendezvous->checked && now - rendezvous->checked < CHECK_PAUSE_MS) return;
    bool asks = rendezvous->state == RENDEZVOUS_ACTIVE, looks = rendezvous_looks(rendezvous);
    if (asks && !rendezvous->answer_due) send_beat(rendezvous, true, now);
    if (looks && rendezvous->due > now) rendezvous->due = now;
    if (asks || looks) rendezvous->checked = now;
}

void rendezvous_resumed(struct rendezvous *rendezvous, uint64_t gap, uint64_t now) {
    rendezvous->heard = gap < now - rendezvous->heard ? rendezvous->heard + gap : now;
    rendezvous->checked = 0;
    rendezvous_check(rendezvous, now);
}

bool rendezvous_can_relay(const struct rendezvous *rendezvous) {
    return rendezvous->state == RENDEZVOUS_ACTIVE && rendezvous->relays;
}

bool rendezvous_relay(struct rendezvous *rendezvous, const uint8_t id[static MEMBER_ID_SIZE], const uint8_t *packet,
                      size_t size) {
    if (!rendezvous_can_relay(rendezvous)) return false;
    struct relay_message relay = {.session_id = rendezvous->session_id, .packet = packet, .packet_size = size};
    memcpy(relay.member_id, id, MEMBER_ID_SIZE);
    uint8_t out[UDP_DATAGRAM_MAX];
    size_t out_size = relay_encode(&relay, out, sizeof out);
    if (out_size == 0) return false;
    link_tag_relay(rendezvous->beat_key, out, out_size);
    rendezvous->owner.send(rendezvous->owner.context, &rendezvous->bootnode, out, out_size);
    return true;
}

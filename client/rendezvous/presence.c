#include "client/rendezvous/presence.h"

#include <sodium.h>
#include <string.h>

#include "common/clock.h"
#include "common/udp.h"

#define REPEAT_MS 500 /* at least: what repeats follows the measured round trip */
#define LEAVE_TRIES 5
#define UPDATE_DOUBLINGS 7

static void note_ask(struct presence *presence, uint64_t now) {
    unsigned slot = presence->next_ask++ % PRESENCE_ASKED;
    presence->asks[slot].counter = presence->beat_counter;
    presence->asks[slot].at = now;
}

static void send_beat_to(struct presence *presence, const struct address *to, bool ask, uint64_t now) {
    struct beat beat = {.flag = ask,
                        .token = presence->token,
                        .session_id = presence->id,
                        .counter = ++presence->beat_counter,
                        .version = presence->membership.version};
    uint8_t packet[BEAT_SIZE];
    size_t size = beat_encode(MESSAGE_HEARTBEAT, &beat, packet, sizeof packet);
    link_tag_beat(presence->beat_key, packet);
    presence->link.send(presence->link.context, to, packet, size);
    if (!to) presence->echoed = true;
    if (!ask) return;
    note_ask(presence, now);
    if (presence->answer_due) return;
    presence->answer_due = true;
    presence->asked = now;
    presence->next_repeat = now + presence->repeat_ms;
}

static void send_beat(struct presence *presence, bool ask, uint64_t now) {
    send_beat_to(presence, NULL, ask, now);
}

static void send_sealed(struct presence *presence, enum message_type type, const uint8_t *body, size_t body_size) {
    struct sealed_header header = {
        .type = (uint8_t)type, .session_id = presence->id, .counter = ++presence->seal_counter};
    uint8_t packet[UDP_DATAGRAM_MAX];
    size_t size = link_seal(presence->seal_key, &header, body, body_size, packet, sizeof packet);
    presence->link.send(presence->link.context, NULL, packet, size);
}

/* Something authentic came: the bootnode lives. */
static void heard(const struct presence *presence, const struct address *from, uint64_t now) {
    presence->link.heard(presence->link.context, from, now);
}

static void list_complete(struct presence *presence, uint64_t now) {
    presence->listed = true;
    presence->owner->complete(presence->owner->context, now);
}

static void start_keys(struct presence *presence, const struct noise_keys *keys) {
    uint8_t secret[LINK_SECRET_SIZE];
    link_secret(keys, false, secret);
    link_tag_key(secret, LINK_TO_BOOTNODE, presence->beat_key);
    link_tag_key(secret, LINK_TO_CLIENT, presence->ack_key);
    link_seal_key(secret, LINK_TO_BOOTNODE, presence->seal_key);
    link_seal_key(secret, LINK_TO_CLIENT, presence->open_key);
    sodium_memzero(secret, sizeof secret);
    presence->seal_counter = presence->token_number = 0;
    replay_window_init(&presence->window);
    presence->beat_counter = presence->last_acked = 0;
    memset(presence->asks, 0, sizeof presence->asks);
}

/* The membership knows no time. */
struct telling {
    const struct presence_owner *owner;
    uint64_t now;
};

static void on_listed(void *context, const struct member_record *record, enum change change) {
    const struct telling *telling = context;
    (void)change; /* whether it is new is the owner's to know */
    telling->owner->listed(telling->owner->context, record, telling->now);
}

static void on_delisted(void *context, const uint8_t id[static MEMBER_ID_SIZE], enum leave_reason reason, bool resync) {
    const struct telling *telling = context;
    telling->owner->delisted(telling->owner->context, id, reason, resync, telling->now);
}

static struct membership_observer observer_of(struct telling *telling) {
    return (struct membership_observer){.context = telling, .listed = on_listed, .delisted = on_delisted};
}

void presence_init(struct presence *presence, const struct presence_link *link, const struct presence_owner *owner,
                   const uint8_t member_id[static MEMBER_ID_SIZE], const struct update_body *own) {
    *presence =
        (struct presence){.link = *link, .owner = owner, .own = own, .update_due = NEVER, .repeat_ms = REPEAT_MS};
    presence->parts_due = NEVER;
    memcpy(presence->member_id, member_id, MEMBER_ID_SIZE);
    membership_init(&presence->membership);
}

void presence_clear(struct presence *presence) {
    membership_clear(&presence->membership);
    sodium_memzero(presence, sizeof *presence);
}

void presence_start(struct presence *presence, const struct noise_keys *keys, const struct welcome_body *body,
                    uint32_t told, uint64_t now) {
    start_keys(presence, keys);
    presence->id = body->session_id;
    memcpy(presence->reset_token, body->reset_token, RESET_TOKEN_SIZE);
    presence->beat_ms = body->beat_ms < 1000 ? 1000 : body->beat_ms;
    presence->answer_every = body->answer_every ? body->answer_every : 1;
    presence->answer_due = presence->moving = presence->leaving = false;
    presence->relays = body->relays;
    presence->token = body->token;
    presence->parts_due = NEVER;
    presence->clock_began_ms = body->wall_ms > now ? body->wall_ms - now : 0;
    presence->beats = 0;
    presence->update_due = told == presence->own->revision ? NEVER : now;
    presence->update_tries = 0;
}

void presence_confirm(struct presence *presence, const struct welcome_body *body, struct reader *members,
                      uint64_t now) {
    struct telling telling = {.owner = presence->owner, .now = now};
    const struct membership_observer observer = observer_of(&telling);
    bool complete = body->complete && body->version.epoch != 0 &&
                    membership_welcome(&presence->membership, body->version, members, &observer);
    if (!complete) presence->membership.version = (struct room_version){0};
    if (complete) list_complete(presence, now);
    send_beat(presence, true, now);
    presence->next_beat = now + presence->beat_ms;
}

void presence_end(struct presence *presence) {
    presence->id = 0;
}

/* The answer names the beat, so that repeats do no harm to the measurement. */
static void measure(const struct presence *presence, uint32_t counter, uint64_t now) {
    for (size_t i = 0; i < PRESENCE_ASKED; i++)
        if (presence->asks[i].counter == counter)
            presence->link.measured(presence->link.context, now - presence->asks[i].at);
}

static void take_token(struct presence *presence, uint16_t token) {
    if (token == presence->token) return;
    presence->token = token;
    presence->echoed = false;
}

static void handle_beat_ack(struct presence *presence, const struct address *from, const uint8_t *packet, size_t size,
                            uint64_t now) {
    struct beat beat;
    if (!beat_decode(packet, size, &beat) || beat.session_id != presence->id) return;
    if (!link_check_beat(presence->ack_key, packet)) return;
    if (beat.counter > presence->beat_counter || beat.counter <= presence->last_acked) return;
    presence->last_acked = beat.counter;
    /* What was answered before a restart is not what is asked after it. */
    if (presence->asked <= now) presence->answer_due = false;
    measure(presence, beat.counter, now);
    heard(presence, from, now);
    take_token(presence, beat.token);
    /* We missed what was sent last: until a beat shows that we hear again, nothing more comes. */
    if (beat.flag && !presence->echoed && !presence->leaving) send_beat(presence, false, now);
}

/* An UPDATE has arrived when our own record shows its revision. */
static void check_update(struct presence *presence) {
    const struct member_record *own = membership_find(&presence->membership, presence->member_id);
    if (own && own->revision == presence->own->revision) presence->update_due = NEVER;
}

static void handle_changes(struct presence *presence, const uint8_t *body, size_t size, uint64_t now) {
    struct telling telling = {.owner = presence->owner, .now = now};
    const struct membership_observer observer = observer_of(&telling);
    enum membership_result result = membership_apply(&presence->membership, body, size, &observer);
    if (result == MEMBERSHIP_MALFORMED) return;
    check_update(presence);
    if (result == MEMBERSHIP_APPLIED) list_complete(presence, now);
    /* While parts are on their way a beat would ask for all of them again. */
    presence->parts_due = result == MEMBERSHIP_PARTIAL ? now + presence->repeat_ms : NEVER;
    if (result != MEMBERSHIP_PARTIAL) send_beat(presence, false, now);
}

static void handle_introduce(struct presence *presence, const uint8_t *body, size_t size, uint64_t now) {
    struct reader reader = reader_over(body, size);
    struct member_record record;
    read_member_record(&reader, &record);
    if (reader_finished(&reader)) presence->owner->introduced(presence->owner->context, &record, now);
}

/* From the time at which it should be back it is asked like one that is silent; it tells each client another time. */
static void await_restart(struct presence *presence, uint64_t now) {
    presence->answer_due = true;
    presence->asked = now + presence->wait_ms;
    presence->next_repeat = presence->asked;
    presence->next_beat = presence->next_repeat + presence->beat_ms;
}

/* Of the last one that was sent, in whichever order they come. */
static void take_sealed_token(struct presence *presence, const struct sealed_header *header) {
    if (header->counter < presence->token_number) return;
    presence->token_number = header->counter;
    take_token(presence, header->token);
}

/* It is repeated until a beat shows that it was heard. */
static enum presence_news take_homes(struct presence *presence, const struct sealed_header *header,
                                     const struct notice_body *notice, uint64_t now) {
    take_sealed_token(presence, header);
    if (!presence->echoed) send_beat(presence, false, now);
    presence->elsewhere = notice->homes;
    return PRESENCE_ELSEWHERE;
}

static enum presence_news handle_notice(struct presence *presence, const struct sealed_header *header,
                                        const uint8_t *body, size_t size, uint64_t now) {
    struct reader reader = reader_over(body, size);
    struct notice_body notice;
    read_notice_body(&reader, &notice);
    if (!reader_finished(&reader) || presence->leaving) return PRESENCE_ON;
    if (notice.kind == NOTICE_ELSEWHERE) return take_homes(presence, header, &notice, now);
    presence->wait_ms = notice.retry_ms > NOTICE_MOST_MS ? NOTICE_MOST_MS : notice.retry_ms;
    if (notice.kind == NOTICE_ENDING) return PRESENCE_DRAINING;
    await_restart(presence, now);
    return PRESENCE_RESTARTING;
}

static enum presence_news handle_sealed(struct presence *presence, const struct address *from, const uint8_t *packet,
                                        size_t size, uint64_t now) {
    struct sealed_header header;
    uint8_t body[UDP_DATAGRAM_MAX];
    size_t body_size;
    if (!sealed_header_decode(packet, size, &header) || header.session_id != presence->id) return PRESENCE_ON;
    if (!replay_window_check(&presence->window, header.counter)) return PRESENCE_ON;
    if (!link_open(presence->open_key, &header, packet, size, body, &body_size)) return PRESENCE_ON;
    if (!replay_window_accept(&presence->window, header.counter)) return PRESENCE_ON;
    heard(presence, from, now);
    if (header.type == MESSAGE_CHANGES || header.type == MESSAGE_INTRODUCE) take_sealed_token(presence, &header);
    switch (header.type) {
    case MESSAGE_CHANGES: handle_changes(presence, body, body_size, now); break;
    case MESSAGE_INTRODUCE:
        if (!presence->echoed && !presence->leaving) send_beat(presence, false, now);
        handle_introduce(presence, body, body_size, now);
        break;
    case MESSAGE_NOTICE: return handle_notice(presence, &header, body, body_size, now);
    default: break;
    }
    return PRESENCE_ON;
}

static void handle_path(struct presence *presence, const struct address *from, const uint8_t *packet, size_t size,
                        uint64_t now) {
    struct path_message path;
    if (!path_decode(packet, size, &path) || path.session_id != presence->id) return;
    if (!link_check_path(presence->ack_key, packet)) return;
    /* Every beat from the new address brings a PATH: one answer in a while is enough, or the two would chase each
     * other. */
    if (presence->moving && now - presence->moved_at < REPEAT_MS) return;
    presence->moving = true;
    presence->moved_at = now;
    uint8_t body[COOKIE_SIZE];
    struct writer writer = writer_over(body, sizeof body);
    write_cookie(&writer, &path.cookie);
    presence->link.turned(presence->link.context, from, now);
    send_sealed(presence, MESSAGE_MOVE, body, writer_size(&writer));
    /* The answer to this beat comes to the new address, or the repeats bring another PATH. */
    presence->answer_due = false;
    send_beat(presence, true, now);
    presence->owner->moved(presence->owner->context);
}

static enum presence_news handle_reset(struct presence *presence, const uint8_t *packet, size_t size) {
    struct reset reset;
    if (!reset_decode(packet, size, &reset) || reset.session_id != presence->id) return PRESENCE_ON;
    if (sodium_memcmp(reset.token, presence->reset_token, RESET_TOKEN_SIZE) != 0) return PRESENCE_ON;
    return presence->leaving ? PRESENCE_LEFT : PRESENCE_RESET;
}

/* No counter: a copy of an old one is no sign of life. Who it is from and whether it is fresh, the peer's own session
 * says. */
static void handle_relay(struct presence *presence, const uint8_t *packet, size_t size, uint64_t now) {
    struct relay_message relay;
    if (presence->leaving || !relay_decode(packet, size, &relay)) return;
    if (!link_check_relay(presence->ack_key, packet, size)) return;
    presence->owner->relayed(presence->owner->context, relay.member_id, relay.packet, relay.packet_size, now);
}

enum presence_news presence_receive(struct presence *presence, const struct address *from, const uint8_t *packet,
                                    size_t size, uint64_t now) {
    struct reader reader = reader_over(packet, size);
    read_skip(&reader, SESSION_ID_OFFSET);
    if (read_u64(&reader) != presence->id || reader.failed) return PRESENCE_FOREIGN;
    switch (packet[0]) {
    case MESSAGE_BEAT_ACK: handle_beat_ack(presence, from, packet, size, now); return PRESENCE_ON;
    case MESSAGE_PATH: handle_path(presence, from, packet, size, now); return PRESENCE_ON;
    case MESSAGE_RESET: return handle_reset(presence, packet, size);
    case MESSAGE_RELAY: handle_relay(presence, packet, size, now); return PRESENCE_ON;
    default: return handle_sealed(presence, from, packet, size, now);
    }
}

static void send_update(struct presence *presence, uint64_t now) {
    uint8_t body[UDP_DATAGRAM_MAX];
    struct writer writer = writer_over(body, sizeof body);
    write_update_body(&writer, presence->own);
    send_sealed(presence, MESSAGE_UPDATE, body, writer_size(&writer));
    presence->update_due = now + (presence->repeat_ms << presence->update_tries);
    if (presence->update_tries < UPDATE_DOUBLINGS) presence->update_tries++;
}

static enum presence_news send_leave(struct presence *presence, uint64_t now) {
    if (presence->leave_tries >= LEAVE_TRIES) return PRESENCE_LEFT;
    uint8_t body[LEAVE_BODY_SIZE];
    struct writer writer = writer_over(body, sizeof body);
    write_leave_body(&writer, presence->leave_reason);
    send_sealed(presence, MESSAGE_LEAVE, body, writer_size(&writer));
    presence->leave_due = now + (100u << presence->leave_tries++);
    return PRESENCE_ON;
}

enum presence_news presence_tick(struct presence *presence, uint64_t now) {
    if (presence->leaving) return now >= presence->leave_due ? send_leave(presence, now) : PRESENCE_ON;
    if (now >= presence->update_due) send_update(presence, now);
    if (now >= presence->next_beat) {
        bool ask = ++presence->beats % presence->answer_every == 0;
        send_beat(presence, ask || presence->answer_due, now);
        /* From the schedule, not from now: a late tick must not stretch the interval; after a pause, start over. */
        presence->next_beat += presence->beat_ms;
        if (presence->next_beat <= now) presence->next_beat = now + presence->beat_ms;
    }
    if (now >= presence->parts_due) {
        presence->parts_due = now + presence->repeat_ms;
        send_beat(presence, false, now);
    }
    if (presence->answer_due && now >= presence->next_repeat) {
        presence->next_repeat = now + presence->repeat_ms;
        send_beat(presence, true, now);
    }
    return PRESENCE_ON;
}

uint64_t presence_due(const struct presence *presence) {
    if (presence->leaving) return presence->leave_due;
    uint64_t due = earlier(presence->next_beat, earlier(presence->update_due, presence->parts_due));
    return presence->answer_due ? earlier(due, presence->next_repeat) : due;
}

void presence_update(struct presence *presence, uint64_t at) {
    presence->update_tries = 0;
    presence->update_due = at;
}

void presence_update_sooner(struct presence *presence, uint64_t now) {
    if (presence->update_due != NEVER) presence->update_due = earlier(presence->update_due, now);
}

void presence_ask(struct presence *presence, uint64_t now) {
    if (!presence->answer_due) send_beat(presence, true, now);
}

void presence_ask_at(struct presence *presence, const struct address *to, uint64_t now) {
    send_beat_to(presence, to, true, now);
}

void presence_resumed(struct presence *presence, uint64_t now) {
    memset(presence->asks, 0, sizeof presence->asks);
    if (!presence->answer_due || presence->asked > now) return;
    presence->asked = now;
    presence->next_repeat = now;
}

void presence_leave(struct presence *presence, enum leave_reason reason, uint64_t now) {
    presence->leaving = true;
    presence->leave_reason = reason;
    presence->leave_tries = 0;
    (void)send_leave(presence, now); /* the first try is never the last one */
}

void presence_introduce(struct presence *presence, const uint8_t id[static MEMBER_ID_SIZE]) {
    send_sealed(presence, MESSAGE_INTRODUCE, id, MEMBER_ID_SIZE);
}

bool presence_relay(struct presence *presence, const uint8_t id[static MEMBER_ID_SIZE], const uint8_t *packet,
                    size_t size) {
    if (!presence->relays) return false;
    struct relay_message relay = {.session_id = presence->id, .packet = packet, .packet_size = size};
    memcpy(relay.member_id, id, MEMBER_ID_SIZE);
    uint8_t out[UDP_DATAGRAM_MAX];
    size_t out_size = relay_encode(&relay, out, sizeof out);
    if (out_size == 0) return false;
    link_tag_relay(presence->beat_key, out, out_size);
    presence->link.send(presence->link.context, NULL, out, out_size);
    return true;
}

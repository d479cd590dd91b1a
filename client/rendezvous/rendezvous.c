#include "client/rendezvous/rendezvous.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/udp.h"
#include "common/why.h"

#define RETRY_FIRST_MS 250
#define RETRY_MOST_MS 4000
#define REGISTER_TRIES 4 /* then a new HELLO: the cookie may have aged */
#define ABSENT_MS 3000   /* never reached: say so after this */
#define LOST_MS 15500    /* reached before: PROTOCOL.md §2.3 rule 4, "within 16 s" */
#define REFUSED_MOST_S 60
#define RESET_WAIT_MS 500 /* and up to as much again: PROTOCOL.md §2.3 rule 10 */
#define RESET_DOUBLINGS 7
#define RESET_LASTING_MS 60000
#define RESETS_TOLD 3
#define CHECK_PAUSE_MS 1000
#define REFUSAL_KEY (-1) /* our own reason, beside the enum's: the key is not the known one */

/* 250, 500, 1000 … 4000 ms, each stretched by up to a quarter, so that clients that lost a bootnode together do not
 * come back together. */
static uint64_t retry_delay(unsigned tries) {
    uint64_t delay = tries >= 4 ? RETRY_MOST_MS : (uint64_t)RETRY_FIRST_MS << tries;
    return delay + randombytes_uniform((uint32_t)delay / 4 + 1);
}

static void on_send(void *context, const uint8_t *data, size_t size) {
    const struct rendezvous *rendezvous = context;
    rendezvous->owner.send(rendezvous->owner.context, &rendezvous->bootnode, data, size);
}

static void on_heard(void *context, uint64_t now) {
    struct rendezvous *rendezvous = context;
    rendezvous->heard = now;
    rendezvous->ever_active = true;
    if (!rendezvous->lost) return;
    rendezvous->lost = false;
    rendezvous->owner.back(rendezvous->owner.context, now);
}

void rendezvous_init(struct rendezvous *rendezvous, const struct rendezvous_owner *owner, const struct room_keys *room,
                     const struct identity *identity, uint8_t suite_mask, const struct address *addresses, size_t count,
                     uint64_t now) {
    memset(rendezvous, 0, sizeof *rendezvous);
    rendezvous->owner = *owner;
    rendezvous->room = room;
    rendezvous->identity = identity;
    member_id_derive(room, identity->public, rendezvous->member_id);
    rendezvous->suite_mask = suite_mask;
    rendezvous->address_count = count;
    memcpy(rendezvous->addresses, addresses, count * sizeof *addresses);
    if (count > 0) rendezvous->bootnode = addresses[0];
    rendezvous->heard = now;
    presence_init(&rendezvous->presence,
                  &(struct presence_link){.context = rendezvous, .send = on_send, .heard = on_heard},
                  &rendezvous->owner.presence, rendezvous->member_id, &rendezvous->own);
    rendezvous->state = RENDEZVOUS_HELLO;
    rendezvous->due = count > 0 ? now : NEVER;
}

static void restart(struct rendezvous *rendezvous, uint64_t delay, uint64_t now) {
    rendezvous->state = RENDEZVOUS_HELLO;
    rendezvous->tries = 0;
    rendezvous->due = now + delay + (delay ? randombytes_uniform((uint32_t)delay + 1) : 0);
    presence_end(&rendezvous->presence);
}

static void lose(struct rendezvous *rendezvous, const char *why, uint64_t now) {
    if (rendezvous->lost) return;
    rendezvous->lost = true;
    rendezvous->owner.lost(rendezvous->owner.context, why, now);
}

static bool looks(const struct rendezvous *rendezvous) {
    return rendezvous->state == RENDEZVOUS_HELLO && rendezvous->tries > 0;
}

void rendezvous_set_addresses(struct rendezvous *rendezvous, const struct address *addresses, size_t count,
                              uint64_t now) {
    bool first = rendezvous->address_count == 0;
    rendezvous->address_count = count;
    memcpy(rendezvous->addresses, addresses, count * sizeof *addresses);
    if (!first || rendezvous->state != RENDEZVOUS_HELLO) return;
    rendezvous->bootnode = addresses[0];
    rendezvous->heard = now; /* it is absent only from now on */
    rendezvous->due = now;
}

void rendezvous_unresolved(struct rendezvous *rendezvous, const char *why, uint64_t now) {
    if (rendezvous->state == RENDEZVOUS_HELLO) lose(rendezvous, why, now);
}

void rendezvous_clear(struct rendezvous *rendezvous) {
    presence_clear(&rendezvous->presence);
    for (size_t i = 0; i < RENDEZVOUS_ATTEMPTS; i++) noise_wipe(&rendezvous->attempts[i].noise);
    sodium_memzero(rendezvous, sizeof *rendezvous);
}

bool rendezvous_reachable(const struct rendezvous *rendezvous) {
    return rendezvous->presence.listed && !rendezvous->lost;
}

static void send_hello(struct rendezvous *rendezvous, uint64_t now) {
    if (rendezvous->tries == 0) randombytes_buf(&rendezvous->nonce, sizeof rendezvous->nonce);
    struct hello hello = {.version = PROTOCOL_VERSION, .nonce = rendezvous->nonce};
    if (rendezvous->tries > 0)
        rendezvous->bootnode = rendezvous->addresses[rendezvous->tries % rendezvous->address_count];
    uint8_t packet[HELLO_SIZE];
    size_t size = hello_encode(&hello, packet, sizeof packet);
    rendezvous->owner.send(rendezvous->owner.context, &rendezvous->bootnode, packet, size);
    rendezvous->due = now + retry_delay(rendezvous->tries++);
}

static size_t register_payload(struct rendezvous *rendezvous, uint8_t *out, size_t capacity) {
    struct register_body body = {.suite_mask = rendezvous->suite_mask,
                                 .revision = rendezvous->own.revision,
                                 .candidates = rendezvous->own.candidates};
    memcpy(body.room_tag, rendezvous->room->tag, ROOM_TAG_SIZE);
    memcpy(body.member_id, rendezvous->member_id, MEMBER_ID_SIZE);
    owner_token_derive(rendezvous->identity->seed, rendezvous->room->tag, rendezvous->bootnode_key, body.owner_token);
    struct writer writer = writer_over(out, capacity);
    write_register_body(&writer, &body);
    return writer_size(&writer);
}

static void send_register(struct rendezvous *rendezvous, uint64_t now) {
    unsigned slot = rendezvous->next_attempt++ % RENDEZVOUS_ATTEMPTS;
    uint8_t packet[REGISTER_SIZE], prologue[LINK_PROLOGUE_SIZE], payload[REGISTER_BODY_MAX];
    size_t payload_size = register_payload(rendezvous, payload, sizeof payload);
    size_t noise_size = payload_size + NOISE_NK_1_OVERHEAD;
    struct register_message message = {.cookie = rendezvous->cookie, .noise_size = noise_size};
    randombytes_buf(&message.attempt, sizeof message.attempt);
    (void)register_start(&message, packet, sizeof packet); /* REGISTER_SIZE has room for it */
    size_t size = register_finish(packet, noise_size, sizeof packet);
    link_prologue(packet, prologue);

    struct noise *noise = &rendezvous->attempts[slot].noise;
    rendezvous->attempts[slot].attempt = message.attempt;
    rendezvous->attempts[slot].revision = rendezvous->own.revision;
    noise_init(noise, &(struct noise_config){.pattern = NOISE_NK,
                                             .suite = SUITE_CHACHA20_POLY1305,
                                             .initiator = true,
                                             .prologue = prologue,
                                             .prologue_size = sizeof prologue,
                                             .remote_static = rendezvous->bootnode_key});
    uint8_t *space = packet + REGISTER_HEADER_SIZE;
    bool written = noise_write(noise, payload, payload_size, space, noise_size) == noise_size;
    sodium_memzero(payload, sizeof payload);
    /* A low-order bootnode key cannot be spoken to; the next COOKIE may bring another. */
    if (written) rendezvous->owner.send(rendezvous->owner.context, &rendezvous->bootnode, packet, size);
    rendezvous->due = now + retry_delay(++rendezvous->tries);
}

/* A stranger's key. At first contact that is the end, as with ssh; later it may be a forged packet, and those whom we
 * talk to must not lose us for it: go on trying. */
static void bar(struct rendezvous *rendezvous, const char *why, uint64_t now) {
    if (!rendezvous->ever_active && rendezvous->owner.barred(rendezvous->owner.context, why)) {
        rendezvous->state = RENDEZVOUS_BARRED;
        rendezvous->due = NEVER;
        return;
    }
    if (rendezvous->last_refusal != REFUSAL_KEY) rendezvous->owner.refused(rendezvous->owner.context, why);
    rendezvous->last_refusal = REFUSAL_KEY;
    restart(rendezvous, RETRY_MOST_MS, now);
}

static bool handle_cookie(struct rendezvous *rendezvous, const struct address *from, const uint8_t *packet, size_t size,
                          uint64_t now) {
    struct cookie_message message;
    if (rendezvous->state != RENDEZVOUS_HELLO || !cookie_message_decode(packet, size, &message)) return false;
    if (message.nonce != rendezvous->nonce || rendezvous->tries == 0) return false;
    struct why why;
    if (!rendezvous->owner.trusted(rendezvous->owner.context, message.bootnode_public, &why)) {
        bar(rendezvous, why.text, now);
        return true;
    }
    /* Nobody with another key may answer what was sent to that one. */
    if (memcmp(rendezvous->bootnode_key, message.bootnode_public, sizeof rendezvous->bootnode_key) != 0)
        sodium_memzero(rendezvous->attempts, sizeof rendezvous->attempts);
    memcpy(rendezvous->bootnode_key, message.bootnode_public, sizeof rendezvous->bootnode_key);
    rendezvous->bootnode = *from;
    rendezvous->cookie = message.cookie;
    rendezvous->mapped = message.seen;
    rendezvous->tries = 0;
    rendezvous->state = RENDEZVOUS_WAITING;
    rendezvous->due = now + (message.spread_ms ? randombytes_uniform((uint32_t)message.spread_ms + 1) : 0);
    return true;
}

static void activate(struct rendezvous *rendezvous, const struct noise_keys *keys, const struct welcome_body *body,
                     struct reader *members, uint32_t told, uint64_t now) {
    presence_start(&rendezvous->presence, keys, body, told, now);
    memset(rendezvous->attempts, 0, sizeof rendezvous->attempts);
    rendezvous->state = RENDEZVOUS_ACTIVE;
    rendezvous->registered = now;
    rendezvous->tries = 0;
    rendezvous->last_refusal = 0;
    rendezvous->owner.registered(rendezvous->owner.context, &rendezvous->mapped, now);
    on_heard(rendezvous, now);
    presence_confirm(&rendezvous->presence, body, members, now);
}

static bool handle_welcome(struct rendezvous *rendezvous, const uint8_t *packet, size_t size, uint64_t now) {
    struct welcome_message message;
    if (rendezvous->state != RENDEZVOUS_REGISTERING || !welcome_decode(packet, size, &message)) return false;
    for (size_t i = 0; i < RENDEZVOUS_ATTEMPTS; i++) {
        if (rendezvous->attempts[i].attempt != message.attempt || message.attempt == 0) continue;
        struct noise noise = rendezvous->attempts[i].noise; /* a forged WELCOME must not spoil the real one */
        uint8_t payload[UDP_DATAGRAM_MAX];
        size_t payload_size;
        struct noise_keys keys;
        if (!noise_read(&noise, message.noise, message.noise_size, payload, sizeof payload, &payload_size)) return true;
        if (!noise_split(&noise, &keys)) return true;
        struct reader reader = reader_over(payload, payload_size);
        struct welcome_body body;
        read_welcome_body(&reader, &body);
        uint32_t told = rendezvous->attempts[i].revision;
        if (!reader.failed) activate(rendezvous, &keys, &body, &reader, told, now);
        sodium_memzero(&keys, sizeof keys);
        return true;
    }
    return false;
}

static const char *refusal_text(enum refusal reason) {
    static const char *const texts[] = {
        [REFUSAL_VERSION] = "the bootnode speaks another version of the protocol",
        [REFUSAL_ROOM_FULL] = "the room is full",
        [REFUSAL_SOURCE_LIMIT] = "the bootnode serves no more clients from this network right now",
        [REFUSAL_BOOTNODE_FULL] = "the bootnode is full",
        [REFUSAL_DRAINING] = "the bootnode is shutting down",
        [REFUSAL_OWNER] = "the bootnode knows this member of the room under another owner",
    };
    return (size_t)reason < sizeof texts / sizeof *texts && texts[reason] ? texts[reason] : "the bootnode refused";
}

static bool refusal_is_ours(const struct rendezvous *rendezvous, const struct refused *refused) {
    if (rendezvous->state == RENDEZVOUS_HELLO) return rendezvous->tries > 0 && refused->nonce == rendezvous->nonce;
    if (rendezvous->state != RENDEZVOUS_REGISTERING) return false;
    for (size_t i = 0; i < RENDEZVOUS_ATTEMPTS; i++)
        if (refused->nonce && rendezvous->attempts[i].attempt == refused->nonce) return true;
    return false;
}

static bool handle_refused(struct rendezvous *rendezvous, const uint8_t *packet, size_t size, uint64_t now) {
    struct refused refused;
    if (!refused_decode(packet, size, &refused) || !refusal_is_ours(rendezvous, &refused)) return false;
    if (rendezvous->last_refusal != (int)refused.reason)
        rendezvous->owner.refused(rendezvous->owner.context, refusal_text(refused.reason));
    rendezvous->last_refusal = (int)refused.reason;
    uint64_t wait_s = refused.retry_s < 1 ? 1 : refused.retry_s;
    if (wait_s > REFUSED_MOST_S) wait_s = REFUSED_MOST_S;
    restart(rendezvous, wait_s * 1000, now);
    return true;
}

/* --- The session --- */

static bool has_session(const struct rendezvous *rendezvous) {
    return rendezvous->state == RENDEZVOUS_ACTIVE || rendezvous->state == RENDEZVOUS_LEAVING;
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

static void take_news(struct rendezvous *rendezvous, enum presence_news news, uint64_t now) {
    switch (news) {
    case PRESENCE_RESET: restart(rendezvous, reset_wait(rendezvous, now), now); break;
    case PRESENCE_DRAINING:
        lose(rendezvous, "the bootnode is shutting down", now);
        restart(rendezvous, rendezvous->presence.wait_ms, now);
        break;
    case PRESENCE_LEFT:
        rendezvous->state = RENDEZVOUS_ENDED;
        rendezvous->due = NEVER;
        break;
    case PRESENCE_ON:
    case PRESENCE_FOREIGN: break;
    }
}

static bool handle_of_session(struct rendezvous *rendezvous, const uint8_t *packet, size_t size, uint64_t now) {
    if (!has_session(rendezvous)) return false;
    enum presence_news news = presence_receive(&rendezvous->presence, packet, size, now);
    take_news(rendezvous, news, now);
    return news != PRESENCE_FOREIGN;
}

/* While it is being looked for, any of its addresses may answer; the one that does first is it. */
static bool from_bootnode(struct rendezvous *rendezvous, const struct address *from) {
    if (address_equal(from, &rendezvous->bootnode)) return true;
    for (size_t i = 0; rendezvous->state == RENDEZVOUS_HELLO && i < rendezvous->address_count; i++)
        if (address_equal(from, &rendezvous->addresses[i])) return true;
    return false;
}

bool rendezvous_receive(struct rendezvous *rendezvous, const struct address *from, const uint8_t *packet, size_t size,
                        uint64_t now) {
    if (size == 0 || packet[0] < MESSAGE_HELLO || packet[0] >= MESSAGE_TYPE_END) return false;
    if (!from_bootnode(rendezvous, from)) return false;
    switch (packet[0]) {
    case MESSAGE_COOKIE: return handle_cookie(rendezvous, from, packet, size, now);
    case MESSAGE_WELCOME: return handle_welcome(rendezvous, packet, size, now);
    case MESSAGE_REFUSED: return handle_refused(rendezvous, packet, size, now);
    default: return handle_of_session(rendezvous, packet, size, now);
    }
}

/* Said once when the bootnode was never reached, or was silent for too long. */
static uint64_t lost_at(const struct rendezvous *rendezvous) {
    if (rendezvous->lost || rendezvous->state >= RENDEZVOUS_LEAVING) return NEVER;
    return rendezvous->heard + (rendezvous->ever_active ? LOST_MS : ABSENT_MS);
}

static void notice_silence(struct rendezvous *rendezvous, uint64_t now) {
    if (now < lost_at(rendezvous)) return;
    lose(rendezvous, rendezvous->address_count > 0 ? "no answer; trying again" : "its name is not found; trying again",
         now);
    if (rendezvous->state == RENDEZVOUS_ACTIVE) restart(rendezvous, 0, now);
}

void rendezvous_tick(struct rendezvous *rendezvous, uint64_t now) {
    notice_silence(rendezvous, now);
    if (has_session(rendezvous)) {
        take_news(rendezvous, presence_tick(&rendezvous->presence, now), now);
        return;
    }
    if (now < rendezvous->due) return;
    switch (rendezvous->state) {
    case RENDEZVOUS_HELLO: send_hello(rendezvous, now); break;
    case RENDEZVOUS_WAITING:
        rendezvous->state = RENDEZVOUS_REGISTERING;
        send_register(rendezvous, now);
        break;
    case RENDEZVOUS_REGISTERING:
        if (rendezvous->tries >= REGISTER_TRIES)
            restart(rendezvous, 0, now);
        else
            send_register(rendezvous, now);
        break;
    default: break;
    }
}

uint64_t rendezvous_due(const struct rendezvous *rendezvous) {
    return earlier(lost_at(rendezvous),
                   has_session(rendezvous) ? presence_due(&rendezvous->presence) : rendezvous->due);
}

void rendezvous_leave(struct rendezvous *rendezvous, uint64_t now) {
    bool active = rendezvous->state == RENDEZVOUS_ACTIVE;
    rendezvous->state = active ? RENDEZVOUS_LEAVING : RENDEZVOUS_ENDED;
    rendezvous->due = NEVER;
    if (active) presence_leave(&rendezvous->presence, now);
}

void rendezvous_set_candidates(struct rendezvous *rendezvous, const struct candidate_list *candidates, uint64_t now) {
    rendezvous->own.candidates = *candidates;
    rendezvous->own.revision++;
    if (rendezvous->state == RENDEZVOUS_ACTIVE) presence_update(&rendezvous->presence, now);
}

void rendezvous_introduce(struct rendezvous *rendezvous, const uint8_t id[static MEMBER_ID_SIZE]) {
    if (rendezvous->state == RENDEZVOUS_ACTIVE) presence_introduce(&rendezvous->presence, id);
}

void rendezvous_check(struct rendezvous *rendezvous, uint64_t now) {
    if (rendezvous->checked && now - rendezvous->checked < CHECK_PAUSE_MS) return;
    bool asks = rendezvous->state == RENDEZVOUS_ACTIVE, seeks = looks(rendezvous);
    if (asks) presence_ask(&rendezvous->presence, now);
    if (seeks && rendezvous->due > now) rendezvous->due = now;
    if (asks || seeks) rendezvous->checked = now;
}

void rendezvous_resumed(struct rendezvous *rendezvous, uint64_t gap, uint64_t now) {
    rendezvous->heard = gap < now - rendezvous->heard ? rendezvous->heard + gap : now;
    rendezvous->checked = 0;
    rendezvous_check(rendezvous, now);
}

bool rendezvous_can_relay(const struct rendezvous *rendezvous) {
    return rendezvous->state == RENDEZVOUS_ACTIVE && rendezvous->presence.relays;
}

bool rendezvous_relay(struct rendezvous *rendezvous, const uint8_t id[static MEMBER_ID_SIZE], const uint8_t *packet,
                      size_t size) {
    return rendezvous->state == RENDEZVOUS_ACTIVE && presence_relay(&rendezvous->presence, id, packet, size);
}

const struct member_record *rendezvous_find(const struct rendezvous *rendezvous,
                                            const uint8_t id[static MEMBER_ID_SIZE]) {
    return membership_find(&rendezvous->presence.membership, id);
}

bool rendezvous_listed(const struct rendezvous *rendezvous) {
    return rendezvous->presence.listed;
}

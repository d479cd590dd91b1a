#include "client/rendezvous/rendezvous.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "client/rendezvous/session.h"
#include "common/udp.h"

#define RETRY_FIRST_MS 250
#define RETRY_MOST_MS 4000
#define REGISTER_TRIES 4 /* then a new HELLO: the cookie may have aged */
#define ABSENT_MS 3000   /* never reached: say so after this */
#define LOST_MS 15500    /* reached before: PROTOCOL.md §2.3 rule 4, "within 16 s" */
#define REFUSED_MOST_S 60
#define REFUSAL_KEY (-1) /* our own reason, beside the enum's: the key is not the known one */

/* 250, 500, 1000 … 4000 ms, each stretched by up to a quarter, so that clients that lost a bootnode together do not
 * come back together. */
static uint64_t retry_delay(unsigned tries) {
    uint64_t delay = tries >= 4 ? RETRY_MOST_MS : (uint64_t)RETRY_FIRST_MS << tries;
    return delay + randombytes_uniform((uint32_t)delay / 4 + 1);
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
    rendezvous->update_due = UINT64_MAX;
    membership_init(&rendezvous->membership);
    rendezvous->state = RENDEZVOUS_HELLO;
    rendezvous->due = count > 0 ? now : UINT64_MAX;
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

void rendezvous_unresolved(struct rendezvous *rendezvous, const char *why) {
    if (rendezvous->state == RENDEZVOUS_HELLO) rendezvous_lose(rendezvous, why);
}

void rendezvous_clear(struct rendezvous *rendezvous) {
    membership_clear(&rendezvous->membership);
    for (size_t i = 0; i < RENDEZVOUS_ATTEMPTS; i++) noise_wipe(&rendezvous->attempts[i].noise);
    sodium_memzero(rendezvous, sizeof *rendezvous);
}

void rendezvous_restart(struct rendezvous *rendezvous, uint64_t delay, uint64_t now) {
    rendezvous->state = RENDEZVOUS_HELLO;
    rendezvous->tries = 0;
    rendezvous->due = now + delay + (delay ? randombytes_uniform((uint32_t)delay + 1) : 0);
    rendezvous->session_id = 0;
}

void rendezvous_lose(struct rendezvous *rendezvous, const char *why) {
    if (rendezvous->lost) return;
    rendezvous->lost = true;
    rendezvous->owner.lost(rendezvous->owner.context, why);
}

bool rendezvous_looks(const struct rendezvous *rendezvous) {
    return rendezvous->state == RENDEZVOUS_HELLO && rendezvous->tries > 0;
}

bool rendezvous_reachable(const struct rendezvous *rendezvous) {
    return rendezvous->listed && !rendezvous->lost;
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
    struct register_body body = {
        .suite_mask = rendezvous->suite_mask, .revision = rendezvous->revision, .candidates = rendezvous->candidates};
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
    register_start(&message, packet, sizeof packet);
    size_t size = register_finish(packet, noise_size, sizeof packet);
    link_prologue(packet, prologue);

    struct noise *noise = &rendezvous->attempts[slot].noise;
    rendezvous->attempts[slot].attempt = message.attempt;
    rendezvous->attempts[slot].revision = rendezvous->revision;
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
        rendezvous->due = UINT64_MAX;
        return;
    }
    if (rendezvous->last_refusal != REFUSAL_KEY) rendezvous->owner.refused(rendezvous->owner.context, why);
    rendezvous->last_refusal = REFUSAL_KEY;
    rendezvous_restart(rendezvous, RETRY_MOST_MS, now);
}

static bool handle_cookie(struct rendezvous *rendezvous, const struct address *from, const uint8_t *packet, size_t size,
                          uint64_t now) {
    struct cookie_message message;
    if (rendezvous->state != RENDEZVOUS_HELLO || !cookie_message_decode(packet, size, &message)) return false;
    if (message.nonce != rendezvous->nonce || rendezvous->tries == 0) return false;
    char why[1024];
    if (!rendezvous->owner.trusted(rendezvous->owner.context, message.bootnode_public, why, sizeof why)) {
        bar(rendezvous, why, now);
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
        if (!reader.failed) rendezvous_session_start(rendezvous, &keys, &body, &reader, told, now);
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
    rendezvous_restart(rendezvous, wait_s * 1000, now);
    return true;
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
    default: return rendezvous_session_receive(rendezvous, packet, size, now);
    }
}

/* Said once when the bootnode was never reached, or was silent for too long. */
static uint64_t lost_at(const struct rendezvous *rendezvous) {
    if (rendezvous->lost || rendezvous->state >= RENDEZVOUS_LEAVING) return UINT64_MAX;
    return rendezvous->heard + (rendezvous->ever_active ? LOST_MS : ABSENT_MS);
}

static void notice_silence(struct rendezvous *rendezvous, uint64_t now) {
    if (now < lost_at(rendezvous)) return;
    rendezvous_lose(rendezvous,
                    rendezvous->address_count > 0 ? "no answer; trying again" : "its name is not found; trying again");
    if (rendezvous->state == RENDEZVOUS_ACTIVE) rendezvous_restart(rendezvous, 0, now);
}

void rendezvous_tick(struct rendezvous *rendezvous, uint64_t now) {
    notice_silence(rendezvous, now);
    if (rendezvous->state == RENDEZVOUS_ACTIVE || rendezvous->state == RENDEZVOUS_LEAVING) {
        rendezvous_session_tick(rendezvous, now);
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
            rendezvous_restart(rendezvous, 0, now);
        else
            send_register(rendezvous, now);
        break;
    default: break;
    }
}

uint64_t rendezvous_due(const struct rendezvous *rendezvous) {
    uint64_t due = lost_at(rendezvous);
    uint64_t state_due = rendezvous->state == RENDEZVOUS_ACTIVE || rendezvous->state == RENDEZVOUS_LEAVING
                             ? rendezvous_session_due(rendezvous)
                             : rendezvous->due;
    return state_due < due ? state_due : due;
}

void rendezvous_leave(struct rendezvous *rendezvous, uint64_t now) {
    bool has_session = rendezvous->state == RENDEZVOUS_ACTIVE;
    rendezvous->state = has_session ? RENDEZVOUS_LEAVING : RENDEZVOUS_ENDED;
    rendezvous->tries = 0;
    rendezvous->due = has_session ? now : UINT64_MAX;
    if (has_session) rendezvous_session_tick(rendezvous, now);
}

#include "client/rendezvous/rendezvous.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/udp.h"
#include "common/why.h"

#define REGISTER_RETRY_LEAST_MS 500
#define REGISTER_RETRY_MOST_MS 4000
#define REGISTER_TRIES RENDEZVOUS_ATTEMPTS /* then a new HELLO: the cookie may have aged */
#define ABSENT_MS 5000                     /* never reached: say so after this */
#define NAMELESS_MS 3000                   /* and this, while its name is not found */
#define LOST_MS 15500                      /* reached before: PROTOCOL.md §2.3 rule 4, "within 16 s" */
#define ANSWER_LEAST_MS 500 /* an answer is given that long, or what was measured, before it is asked for again */
#define DETOUR_MS 250       /* and that long again before it is asked for elsewhere */
#define DETOUR_EVERY_MS 500 /* at each other door; doubles */
#define DETOUR_DOUBLINGS 3
#define LOOK_MS 4000              /* an answer is due: HELLO as well, since the session may be known nowhere */
#define RENDEZVOUS_SILENT_MS 3000 /* an answer is due: the name may stand for something else */
#define UPDATE_WAIT_MS 500        /* for a fresh cookie, where the proof's is too old */
#define WRONG_KEY_MS 4000
#define REFUSED_MOST_S 60
#define RESET_WAIT_MS 500 /* and up to as much again: PROTOCOL.md §2.3 rule 10 */
#define RESET_DOUBLINGS 7
#define RESET_LASTING_MS 60000
#define RESETS_TOLD 3
#define CHECK_PAUSE_MS 1000
#define REFUSAL_KEY (-1) /* our own reason, beside the enum's: the key is not the known one */

/* What was measured, twice as long with each try, 4 s at most where that is enough; each stretched by up to a quarter,
 * so that clients that lost a bootnode together do not come back together. */
static uint64_t register_delay(const struct rendezvous *rendezvous, unsigned tries) {
    uint64_t first = doors_timeout_ms(&rendezvous->doors, REGISTER_RETRY_LEAST_MS), delay = first;
    while (--tries > 0 && delay < REGISTER_RETRY_MOST_MS) delay *= 2;
    if (delay > REGISTER_RETRY_MOST_MS) delay = first > REGISTER_RETRY_MOST_MS ? first : REGISTER_RETRY_MOST_MS;
    return delay + randombytes_uniform((uint32_t)delay / 4 + 1);
}

static void on_send(void *context, const struct address *to, const uint8_t *data, size_t size) {
    const struct rendezvous *rendezvous = context;
    rendezvous->owner.send(rendezvous->owner.context, to ? to : &rendezvous->bootnode, data, size);
}

static void lives(struct rendezvous *rendezvous, uint64_t now) {
    if (rendezvous->heard < now) rendezvous->heard = now;
    rendezvous->ever_active = true;
    rendezvous->detours = 0;
    rendezvous->detour_due = 0;
    if (!rendezvous->lost) return;
    rendezvous->lost = false;
    rendezvous->owner.back(rendezvous->owner.context, now);
}

/* --- Which of its addresses --- */

static bool is_own(const struct rendezvous *rendezvous, const struct address *address) {
    const struct candidate_list *own = &rendezvous->own.candidates;
    for (uint8_t i = 0; i < own->count; i++)
        if (address_equal(&own->items[i], address)) return true;
    return false;
}

/* No NAT is in between, so that what was seen there stays as it is, whether or not we ask again. */
static bool proof_stands(const struct rendezvous *rendezvous) {
    const struct update_body *own = &rendezvous->own;
    return own->has_proof && is_own(rendezvous, &own->proof.address) &&
           address_is_ipv4(&own->proof.address) != address_is_ipv4(&rendezvous->bootnode);
}

/* What goes out now has a proof that may be too old, or another run's of the bootnode: then the address is not told. */
static void note_age_of_proof(struct rendezvous *rendezvous, uint64_t now) {
    struct address_proof fresh;
    if (rendezvous->own.has_proof && !doors_proof(&rendezvous->doors, now, &fresh)) rendezvous->proof_aged = true;
}

/* Where we are seen at the other family; another address is told at once, and so is one that was told in vain. */
static void look_at_proof(struct rendezvous *rendezvous, uint64_t now) {
    struct update_body *own = &rendezvous->own;
    struct address_proof proof;
    bool has = doors_proof(&rendezvous->doors, now, &proof);
    if (!has && (!own->has_proof || proof_stands(rendezvous))) return;
    bool changed =
        has != own->has_proof || rendezvous->proof_aged || !address_equal(&proof.address, &own->proof.address);
    rendezvous->proof_aged = false;
    own->has_proof = has;
    own->proof = has ? proof : (struct address_proof){0};
    if (has && is_own(rendezvous, &proof.address)) doors_rest(&rendezvous->doors);
    if (!changed) return;
    own->revision++;
    if (has) rendezvous->owner.seen(rendezvous->owner.context, &own->proof.address);
    if (rendezvous->state == RENDEZVOUS_ACTIVE) presence_update(&rendezvous->presence, now);
}

static void use_door(struct rendezvous *rendezvous, size_t index, uint64_t now) {
    const struct door *door = &rendezvous->doors.list[index];
    doors_use(&rendezvous->doors, index, now);
    rendezvous->bootnode = door->address;
    if (door->answered) {
        rendezvous->mapped = door->seen;
        rendezvous->cookie = door->cookie;
    }
    look_at_proof(rendezvous, now);
}

/* The session's packets come from where it is, and so it is where they come from. */
static void on_heard(void *context, const struct address *from, uint64_t now) {
    struct rendezvous *rendezvous = context;
    size_t index;
    if (doors_find(&rendezvous->doors, from, &index) && (index != rendezvous->doors.at || rendezvous->doors.seeking))
        use_door(rendezvous, index, now);
    lives(rendezvous, now);
}

static void on_measured(void *context, uint64_t took_ms) {
    struct rendezvous *rendezvous = context;
    uint64_t most = ROUND_TRIP_MOST_US / 1000;
    round_trip_sample(&rendezvous->doors.trip, (uint32_t)((took_ms < most ? took_ms : most) * 1000));
    rendezvous->presence.repeat_ms = doors_timeout_ms(&rendezvous->doors, ANSWER_LEAST_MS);
}

static void on_turned(void *context, const struct address *to, uint64_t now) {
    struct rendezvous *rendezvous = context;
    size_t index;
    if (doors_find(&rendezvous->doors, to, &index) && index != rendezvous->doors.at) use_door(rendezvous, index, now);
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
    doors_init(&rendezvous->doors);
    (void)doors_set(&rendezvous->doors, addresses, count, false, now);
    if (count > 0) rendezvous->bootnode = addresses[0];
    rendezvous->heard = now;
    const struct presence_link link = {
        .context = rendezvous, .send = on_send, .heard = on_heard, .measured = on_measured, .turned = on_turned};
    presence_init(&rendezvous->presence, &link, &rendezvous->owner.presence, rendezvous->member_id, &rendezvous->own);
    rendezvous->state = RENDEZVOUS_HELLO;
    rendezvous->due = count > 0 ? now : NEVER;
}

static void restart(struct rendezvous *rendezvous, uint64_t delay, uint64_t now) {
    rendezvous->state = RENDEZVOUS_HELLO;
    rendezvous->tries = 0;
    rendezvous->doors.seeking = false;
    rendezvous->due = now + delay + (delay ? randombytes_uniform((uint32_t)delay + 1) : 0);
    presence_end(&rendezvous->presence);
}

static void lose(struct rendezvous *rendezvous, const char *why, uint64_t now) {
    if (rendezvous->lost) return;
    rendezvous->lost = true;
    rendezvous->owner.lost(rendezvous->owner.context, why, now);
}

static bool looks(const struct rendezvous *rendezvous) {
    return rendezvous->state == RENDEZVOUS_HELLO && rendezvous->doors.seeking;
}

static bool keeps_session(const struct rendezvous *rendezvous) {
    return rendezvous->state > RENDEZVOUS_HELLO && rendezvous->state <= RENDEZVOUS_LEAVING;
}

void rendezvous_set_addresses(struct rendezvous *rendezvous, const struct address *addresses, size_t count,
                              uint64_t now) {
    bool first = rendezvous->doors.count == 0;
    bool new = doors_set(&rendezvous->doors, addresses, count, keeps_session(rendezvous), now);
    if (new) rendezvous->detour_due = rendezvous->detours = 0;
    if (!keeps_session(rendezvous)) rendezvous->bootnode = *doors_address(&rendezvous->doors, rendezvous->doors.at);
    if (!first || rendezvous->state != RENDEZVOUS_HELLO) return;
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

static void seek(struct rendezvous *rendezvous, uint64_t now) {
    uint64_t nonce;
    randombytes_buf(&nonce, sizeof nonce);
    doors_seek(&rendezvous->doors, nonce, now);
}

static void greet(struct rendezvous *rendezvous, uint64_t now) {
    struct hello hello = {.version = PROTOCOL_VERSION};
    struct address to;
    while (doors_greet(&rendezvous->doors, now, &to, &hello.nonce)) {
        uint8_t packet[HELLO_SIZE];
        size_t size = hello_encode(&hello, packet, sizeof packet);
        rendezvous->owner.send(rendezvous->owner.context, &to, packet, size);
    }
}

static size_t register_payload(struct rendezvous *rendezvous, uint8_t *out, size_t capacity) {
    struct register_body body = {.suite_mask = rendezvous->suite_mask,
                                 .revision = rendezvous->own.revision,
                                 .candidates = rendezvous->own.candidates,
                                 .has_proof = rendezvous->own.has_proof,
                                 .proof = rendezvous->own.proof};
    memcpy(body.room_tag, rendezvous->room->tag, ROOM_TAG_SIZE);
    memcpy(body.member_id, rendezvous->member_id, MEMBER_ID_SIZE);
    owner_token_derive(rendezvous->identity->seed, rendezvous->room->tag, rendezvous->bootnode_key, body.owner_token);
    struct writer writer = writer_over(out, capacity);
    write_register_body(&writer, &body);
    return writer_size(&writer);
}

static void send_register(struct rendezvous *rendezvous, uint64_t now) {
    note_age_of_proof(rendezvous, now);
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
    rendezvous->due = now + register_delay(rendezvous, ++rendezvous->tries);
}

/* Where several doors answered HELLO, each has its turn. */
static void register_again(struct rendezvous *rendezvous, uint64_t now) {
    size_t next = doors_next_answered(&rendezvous->doors, rendezvous->doors.at);
    if (next != rendezvous->doors.at) use_door(rendezvous, next, now);
    send_register(rendezvous, now);
}

static void register_first(struct rendezvous *rendezvous, uint64_t now) {
    size_t index;
    rendezvous->state = RENDEZVOUS_REGISTERING;
    if (doors_choose(&rendezvous->doors, &index)) use_door(rendezvous, index, now);
    send_register(rendezvous, now);
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
    restart(rendezvous, WRONG_KEY_MS, now);
}

static bool has_key(const struct rendezvous *rendezvous, const uint8_t key[static 32]) {
    return memcmp(rendezvous->bootnode_key, key, sizeof rendezvous->bootnode_key) == 0;
}

/* Nobody with another key may answer what was sent to that one. */
static void take_key(struct rendezvous *rendezvous, const uint8_t key[static 32]) {
    if (!has_key(rendezvous, key)) sodium_memzero(rendezvous->attempts, sizeof rendezvous->attempts);
    memcpy(rendezvous->bootnode_key, key, sizeof rendezvous->bootnode_key);
}

static void wait_for_spread(struct rendezvous *rendezvous, uint16_t spread_ms, uint64_t now) {
    rendezvous->tries = 0;
    rendezvous->state = RENDEZVOUS_WAITING;
    rendezvous->spread = now + (spread_ms ? randombytes_uniform((uint32_t)spread_ms + 1) : 0);
}

/* A better door has a moment to answer, too, and the other family for what it sees. */
static void plan_register(struct rendezvous *rendezvous) {
    uint64_t settled = doors_settled_at(&rendezvous->doors);
    rendezvous->due = rendezvous->spread > settled ? rendezvous->spread : settled;
}

/* The first that answers says whose key counts; from the others only the same bootnode's answer is of use. */
static bool handle_cookie(struct rendezvous *rendezvous, const struct address *from, const uint8_t *packet, size_t size,
                          uint64_t now) {
    struct cookie_message message;
    struct why why;
    if (rendezvous->state > RENDEZVOUS_ACTIVE || !cookie_message_decode(packet, size, &message)) return false;
    if (!doors_expects(&rendezvous->doors, from, message.nonce)) return false;
    bool first = rendezvous->state == RENDEZVOUS_HELLO;
    if (first && !rendezvous->owner.trusted(rendezvous->owner.context, message.bootnode_public, &why)) {
        bar(rendezvous, why.text, now);
        return true;
    }
    if (first) take_key(rendezvous, message.bootnode_public);
    if (!has_key(rendezvous, message.bootnode_public)) return true;
    doors_answered(&rendezvous->doors, from, &message, now);
    rendezvous->answered = now;
    rendezvous->presence.repeat_ms = doors_timeout_ms(&rendezvous->doors, ANSWER_LEAST_MS);
    if (first) wait_for_spread(rendezvous, message.spread_ms, now);
    if (rendezvous->state == RENDEZVOUS_WAITING) plan_register(rendezvous);
    if (rendezvous->state == RENDEZVOUS_REGISTERING || rendezvous->state == RENDEZVOUS_ACTIVE)
        look_at_proof(rendezvous, now);
    if (rendezvous->state == RENDEZVOUS_ACTIVE) presence_update_sooner(&rendezvous->presence, now);
    return true;
}

static void activate(struct rendezvous *rendezvous, const struct noise_keys *keys, const struct welcome_body *body,
                     struct reader *members, uint32_t told, uint64_t now) {
    rendezvous->restarts = false;
    rendezvous->heard = now; /* whatever the former one said of its restart */
    presence_start(&rendezvous->presence, keys, body, told, now);
    memset(rendezvous->attempts, 0, sizeof rendezvous->attempts);
    rendezvous->state = RENDEZVOUS_ACTIVE;
    rendezvous->registered = now;
    rendezvous->tries = 0;
    rendezvous->last_refusal = 0;
    rendezvous->owner.registered(rendezvous->owner.context, now);
    lives(rendezvous, now);
    presence_confirm(&rendezvous->presence, body, members, now);
}

/* A late one, too: whoever began anew meanwhile needs no second session. */
static bool handle_welcome(struct rendezvous *rendezvous, const struct address *from, const uint8_t *packet,
                           size_t size, uint64_t now) {
    struct welcome_message message;
    size_t door;
    if (rendezvous->state > RENDEZVOUS_REGISTERING || !welcome_decode(packet, size, &message)) return false;
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
        if (!reader.failed && doors_find(&rendezvous->doors, from, &door)) {
            use_door(rendezvous, door, now);
            activate(rendezvous, &keys, &body, &reader, told, now);
        }
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

static bool refusal_is_ours(const struct rendezvous *rendezvous, const struct address *from,
                            const struct refused *refused) {
    if (rendezvous->state == RENDEZVOUS_HELLO)
        return looks(rendezvous) && doors_expects(&rendezvous->doors, from, refused->nonce);
    if (rendezvous->state != RENDEZVOUS_REGISTERING) return false;
    for (size_t i = 0; i < RENDEZVOUS_ATTEMPTS; i++)
        if (refused->nonce && rendezvous->attempts[i].attempt == refused->nonce) return true;
    return false;
}

static bool handle_refused(struct rendezvous *rendezvous, const struct address *from, const uint8_t *packet,
                           size_t size, uint64_t now) {
    struct refused refused;
    if (!refused_decode(packet, size, &refused) || !refusal_is_ours(rendezvous, from, &refused)) return false;
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
    case PRESENCE_RESET: restart(rendezvous, rendezvous->restarts ? 0 : reset_wait(rendezvous, now), now); break;
    case PRESENCE_RESTARTING:
        rendezvous->restarts = true;
        rendezvous->heard = now + rendezvous->presence.wait_ms;
        break;
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

/* Since when the answer is missing that should have come; NEVER: it is not. */
static uint64_t missing_since(const struct rendezvous *rendezvous) {
    if (rendezvous->state != RENDEZVOUS_ACTIVE || !rendezvous->presence.answer_due) return NEVER;
    return rendezvous->presence.asked + doors_timeout_ms(&rendezvous->doors, ANSWER_LEAST_MS);
}

/* Another door offers to move the session there. While the one in use answers, it stays. */
static bool is_needless(const struct rendezvous *rendezvous, const struct address *from, uint8_t type, uint64_t now) {
    return type == MESSAGE_PATH && !address_equal(from, &rendezvous->bootnode) && now < missing_since(rendezvous);
}

static bool handle_of_session(struct rendezvous *rendezvous, const struct address *from, const uint8_t *packet,
                              size_t size, uint64_t now) {
    if (!has_session(rendezvous) || is_needless(rendezvous, from, packet[0], now)) return false;
    enum presence_news news = presence_receive(&rendezvous->presence, from, packet, size, now);
    take_news(rendezvous, news, now);
    return news != PRESENCE_FOREIGN;
}

bool rendezvous_receive(struct rendezvous *rendezvous, const struct address *from, const uint8_t *packet, size_t size,
                        uint64_t now) {
    if (size == 0 || packet[0] < MESSAGE_HELLO || packet[0] >= MESSAGE_TYPE_END) return false;
    size_t door;
    if (!doors_find(&rendezvous->doors, from, &door)) return false;
    switch (packet[0]) {
    case MESSAGE_COOKIE: return handle_cookie(rendezvous, from, packet, size, now);
    case MESSAGE_WELCOME: return handle_welcome(rendezvous, from, packet, size, now);
    case MESSAGE_REFUSED: return handle_refused(rendezvous, from, packet, size, now);
    default: return handle_of_session(rendezvous, from, packet, size, now);
    }
}

/* Said once when the bootnode was never reached, or was silent for too long. */
static uint64_t lost_at(const struct rendezvous *rendezvous) {
    if (rendezvous->lost || rendezvous->state >= RENDEZVOUS_LEAVING) return NEVER;
    uint64_t longer = round_trip_excess_ms(round_trip_timeout_ms(&rendezvous->doors.trip));
    if (rendezvous->ever_active) return rendezvous->heard + LOST_MS + longer;
    if (rendezvous->doors.count == 0) return rendezvous->heard + NAMELESS_MS;
    return (rendezvous->answered > rendezvous->heard ? rendezvous->answered : rendezvous->heard) + ABSENT_MS + longer;
}

static void notice_silence(struct rendezvous *rendezvous, uint64_t now) {
    if (now < lost_at(rendezvous)) return;
    lose(rendezvous, rendezvous->doors.count > 0 ? "no answer; trying again" : "its name is not found; trying again",
         now);
    if (rendezvous->state == RENDEZVOUS_ACTIVE) restart(rendezvous, 0, now);
}

/* --- While the door in use is silent --- */

static uint64_t after(uint64_t time, uint64_t ms) {
    return time == NEVER ? NEVER : time + ms;
}

static uint64_t detour_at(const struct rendezvous *rendezvous) {
    uint64_t first = after(missing_since(rendezvous), DETOUR_MS);
    if (rendezvous->doors.count < 2) return NEVER;
    return first > rendezvous->detour_due ? first : rendezvous->detour_due;
}

static void try_detours(struct rendezvous *rendezvous, uint64_t now) {
    if (now < detour_at(rendezvous)) return;
    for (size_t i = 0; i < rendezvous->doors.count; i++)
        if (i != rendezvous->doors.at)
            presence_ask_at(&rendezvous->presence, doors_address(&rendezvous->doors, i), now);
    rendezvous->detour_due = now + ((uint64_t)DETOUR_EVERY_MS << rendezvous->detours);
    if (rendezvous->detours < DETOUR_DOUBLINGS) rendezvous->detours++;
}

/* A bootnode that does not know the session, and cannot say so as itself, answers HELLO. */
static uint64_t look_at(const struct rendezvous *rendezvous) {
    return rendezvous->doors.seeking ? NEVER : after(missing_since(rendezvous), LOOK_MS);
}

/* The session is answered nowhere, HELLO is: for long enough, so that both questions had their time. */
static uint64_t give_up_at(const struct rendezvous *rendezvous) {
    const struct doors *doors = &rendezvous->doors;
    if (!doors->seeking || !doors->first_answer || missing_since(rendezvous) == NEVER) return NEVER;
    return doors->first_answer + doors_timeout_ms(doors, ANSWER_LEAST_MS);
}

static void register_elsewhere(struct rendezvous *rendezvous, uint64_t now) {
    size_t index;
    if (!doors_choose(&rendezvous->doors, &index)) return;
    presence_end(&rendezvous->presence);
    wait_for_spread(rendezvous, rendezvous->doors.list[index].spread_ms, now);
    plan_register(rendezvous);
}

static void endure_silence(struct rendezvous *rendezvous, uint64_t now) {
    try_detours(rendezvous, now);
    if (now >= look_at(rendezvous)) seek(rendezvous, now);
    if (now >= give_up_at(rendezvous)) register_elsewhere(rendezvous, now);
}

/* --- Time --- */

static bool greets(const struct rendezvous *rendezvous) {
    return looks(rendezvous) || (rendezvous->state > RENDEZVOUS_HELLO && rendezvous->state <= RENDEZVOUS_ACTIVE);
}

static void act(struct rendezvous *rendezvous, uint64_t now) {
    if (has_session(rendezvous) || now < rendezvous->due) return;
    switch (rendezvous->state) {
    case RENDEZVOUS_HELLO:
        seek(rendezvous, now);
        rendezvous->due = NEVER;
        break;
    case RENDEZVOUS_WAITING: register_first(rendezvous, now); break;
    case RENDEZVOUS_REGISTERING:
        if (rendezvous->tries >= REGISTER_TRIES)
            restart(rendezvous, 0, now);
        else
            register_again(rendezvous, now);
        break;
    default: break;
    }
}

void rendezvous_tick(struct rendezvous *rendezvous, uint64_t now) {
    notice_silence(rendezvous, now);
    if (has_session(rendezvous)) take_news(rendezvous, presence_tick(&rendezvous->presence, now), now);
    endure_silence(rendezvous, now);
    act(rendezvous, now);
    if (!greets(rendezvous)) return;
    greet(rendezvous, now);
    if (rendezvous->state == RENDEZVOUS_ACTIVE && !rendezvous->doors.seeking) look_at_proof(rendezvous, now);
}

static uint64_t silence_due(const struct rendezvous *rendezvous) {
    return earlier(detour_at(rendezvous), earlier(look_at(rendezvous), give_up_at(rendezvous)));
}

uint64_t rendezvous_due(const struct rendezvous *rendezvous) {
    uint64_t due = has_session(rendezvous) ? presence_due(&rendezvous->presence) : rendezvous->due;
    if (greets(rendezvous)) due = earlier(due, doors_due(&rendezvous->doors));
    return earlier(earlier(due, lost_at(rendezvous)), silence_due(rendezvous));
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
    if (rendezvous->state != RENDEZVOUS_ACTIVE) return;
    note_age_of_proof(rendezvous, now);
    doors_hurry(&rendezvous->doors, now);
    presence_update(&rendezvous->presence, rendezvous->proof_aged ? now + UPDATE_WAIT_MS : now);
}

void rendezvous_introduce(struct rendezvous *rendezvous, const uint8_t id[static MEMBER_ID_SIZE]) {
    if (rendezvous->state == RENDEZVOUS_ACTIVE) presence_introduce(&rendezvous->presence, id);
}

void rendezvous_check(struct rendezvous *rendezvous, uint64_t now) {
    if (rendezvous->checked && now - rendezvous->checked < CHECK_PAUSE_MS) return;
    bool asks = rendezvous->state == RENDEZVOUS_ACTIVE, seeks = looks(rendezvous);
    if (asks) presence_ask(&rendezvous->presence, now);
    if (asks || seeks) doors_hurry(&rendezvous->doors, now);
    if (asks || seeks) rendezvous->checked = now;
}

void rendezvous_resumed(struct rendezvous *rendezvous, uint64_t gap, uint64_t now) {
    if (rendezvous->heard < now) rendezvous->heard = gap < now - rendezvous->heard ? rendezvous->heard + gap : now;
    if (rendezvous->state == RENDEZVOUS_ACTIVE) presence_resumed(&rendezvous->presence, now);
    rendezvous->checked = 0;
    rendezvous_check(rendezvous, now);
}

bool rendezvous_silent(const struct rendezvous *rendezvous, uint64_t now) {
    return rendezvous->lost || now >= after(missing_since(rendezvous), RENDEZVOUS_SILENT_MS);
}

const struct address *rendezvous_mapped_other(const struct rendezvous *rendezvous) {
    return rendezvous->own.has_proof ? &rendezvous->own.proof.address : NULL;
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

#include "client/rendezvous/rendezvous.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/udp.h"
#include "common/why.h"

#define REGISTER_RETRY_LEAST_MS 500
#define REGISTER_RETRY_MOST_MS 4000
#define REGISTER_TRIES REGISTERING_ATTEMPTS /* then a new HELLO: the cookie may have aged */
#define ABSENT_MS 5000                      /* never reached: say so after this */
#define NAMELESS_MS 3000                    /* and this, while its name is not found */
#define LOST_MS 15500                       /* reached before: PROTOCOL.md §2.3 rule 4, "within 16 s" */
#define UPDATE_WAIT_MS 500                  /* for a fresh cookie, where the proof's is too old */
#define WRONG_KEY_MS 4000
#define REFUSED_MOST_S 60
#define RESET_WAIT_MS 500 /* and up to as much again: PROTOCOL.md §2.3 rule 10 */
#define RESET_DOUBLINGS 7
#define RESET_LASTING_MS 60000
#define RESETS_TOLD 3
#define CHECK_PAUSE_MS 1000
#define ELSEWHERE_MOST 2 /* REFUSED elsewhere in a row, then a wait */
#define ELSEWHERE_WAIT_MS 1000
#define ASK_MS 600       /* a signpost that is asked gets HELLO twice, if it has not answered */
#define REFUSAL_KEY (-1) /* our own reason, beside the enum's: the key is not the known one */

/* What was measured, twice as long with each try, 4 s at most where that is enough; each stretched by up to a quarter,
 * so that clients that lost a bootnode together do not come back together. */
static uint64_t register_delay(const struct rendezvous *rendezvous, unsigned tries) {
    uint64_t first = doors_timeout_ms(&rendezvous->doors, REGISTER_RETRY_LEAST_MS), delay = first;
    while (--tries > 0 && delay < REGISTER_RETRY_MOST_MS) delay *= 2;
    if (delay > REGISTER_RETRY_MOST_MS) delay = later(first, REGISTER_RETRY_MOST_MS);
    return delay + randombytes_uniform((uint32_t)delay / 4 + 1);
}

static void on_send(void *context, const struct address *to, const uint8_t *data, size_t size) {
    const struct rendezvous *rendezvous = context;
    rendezvous->owner.send(rendezvous->owner.context, to ? to : &rendezvous->bootnode, data, size);
}

static void lives(struct rendezvous *rendezvous, uint64_t now) {
    if (rendezvous->heard < now) rendezvous->heard = now;
    rendezvous->ever_active = true;
    rendezvous->silence = (struct silence){0};
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
    round_trip_sample(&rendezvous->doors.trip, took_ms * 1000);
    rendezvous->presence.repeat_ms = doors_timeout_ms(&rendezvous->doors, SILENCE_LEAST_MS);
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
    registering_init(&rendezvous->registering, room, identity, suite_mask);
    doors_init(&rendezvous->doors);
    (void)doors_set(&rendezvous->doors, addresses, count, false, now);
    if (count > 0) rendezvous->bootnode = addresses[0];
    rendezvous->heard = now;
    const struct presence_link link = {
        .context = rendezvous, .send = on_send, .heard = on_heard, .measured = on_measured, .turned = on_turned};
    presence_init(&rendezvous->presence, &link, &rendezvous->owner.presence, rendezvous->registering.member_id,
                  &rendezvous->own);
    rendezvous->state = RENDEZVOUS_HELLO;
    rendezvous->due = count > 0 ? now : NEVER;
}

static void restart(struct rendezvous *rendezvous, uint64_t delay, uint64_t now) {
    rendezvous->state = RENDEZVOUS_HELLO;
    rendezvous->asking = (struct asking){0};
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
    if (new) rendezvous->silence = (struct silence){0};
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
    registering_clear(&rendezvous->registering);
    sodium_memzero(rendezvous, sizeof *rendezvous);
}

bool rendezvous_reachable(const struct rendezvous *rendezvous) {
    return rendezvous->presence.listed && !rendezvous->lost;
}

static uint64_t missing_since(const struct rendezvous *rendezvous) {
    return rendezvous->state == RENDEZVOUS_ACTIVE ? silence_since(&rendezvous->presence, &rendezvous->doors) : NEVER;
}

/* A signpost that is asked again led nowhere, so it is another door's turn. */
static void seek(struct rendezvous *rendezvous, uint64_t now) {
    const struct doors *doors = &rendezvous->doors;
    bool again = rendezvous->state == RENDEZVOUS_SIGNPOST && doors->count > 0;
    uint64_t nonce;
    randombytes_buf(&nonce, sizeof nonce);
    rendezvous->sought = now;
    doors_seek(&rendezvous->doors, nonce, again ? (doors->at + 1) % doors->count : 0, now);
}

static void greet(struct rendezvous *rendezvous, uint64_t now) {
    const struct rendezvous_owner *owner = &rendezvous->owner;
    struct hello hello = {.version = PROTOCOL_VERSION,
                          .bucket = room_bucket(rendezvous->registering.room->set.tag),
                          .homes_silent = rendezvous->homes_silent};
    struct address to;
    if (rendezvous->asking.asks) memcpy(hello.key, rendezvous->asking.key, sizeof hello.key);
    while (doors_greet(&rendezvous->doors, now, &to, &hello.nonce)) {
        uint8_t packet[HELLO_SIZE];
        if (!owner->may_greet(owner->context, &to, now)) continue;
        size_t size = hello_encode(&hello, packet, sizeof packet);
        owner->send(owner->context, &to, packet, size);
    }
}

static void send_register(struct rendezvous *rendezvous, uint64_t now) {
    uint8_t packet[REGISTER_SIZE];
    note_age_of_proof(rendezvous, now);
    size_t size = registering_write(&rendezvous->registering, &rendezvous->cookie, &rendezvous->own, packet);
    /* Who cannot be spoken to may have another key in the next COOKIE. */
    if (size > 0) rendezvous->owner.send(rendezvous->owner.context, &rendezvous->bootnode, packet, size);
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

/* It may have replaced the key that we know, and have both. Where several addresses are asked, one may know what
 * another does not. */
static void meet_stranger(struct rendezvous *rendezvous, const uint8_t shown[static 32], const char *why,
                          uint64_t now) {
    uint8_t known[32];
    if (rendezvous->owner.known(rendezvous->owner.context, known) &&
        asking_begin(&rendezvous->asking, known, shown, now))
        seek(rendezvous, now);
    else if (!rendezvous->asking.asks || rendezvous->doors.count == 1)
        bar(rendezvous, why, now);
}

static bool awaits_known_key(const struct rendezvous *rendezvous) {
    return rendezvous->asking.asks && looks(rendezvous);
}

/* Nobody there has the key that we know. */
static void give_up_asking(struct rendezvous *rendezvous, uint64_t now) {
    struct why why;
    if (!awaits_known_key(rendezvous) || now < rendezvous->asking.until) return;
    if (rendezvous->owner.trusted(rendezvous->owner.context, rendezvous->asking.shown, &why))
        restart(rendezvous, 0, now); /* another room has learned of it meanwhile */
    else
        bar(rendezvous, why.text, now);
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

/* Who was told to wait does so, whatever else is answered late. After a wrong key the right one is welcome: somebody
 * who forges is not to keep us out. */
static bool waits(const struct rendezvous *rendezvous) {
    return rendezvous->state == RENDEZVOUS_HELLO && !looks(rendezvous) && rendezvous->last_refusal != REFUSAL_KEY;
}

/* Nothing is waited for: where it sends us, others are asked. A session goes on. */
static bool is_elsewhere(struct rendezvous *rendezvous, const struct cookie_message *message,
                         const struct address *from, uint64_t now) {
    size_t door;
    if (message->homes.replicas == 0) return false;
    if (rendezvous->mapped.port == 0) rendezvous->mapped = message->seen;
    enum rendezvous_place place = rendezvous->owner.named(rendezvous->owner.context, &message->homes, now);
    if (place == RENDEZVOUS_HERE || rendezvous->state == RENDEZVOUS_ACTIVE) return false;
    rendezvous->state = RENDEZVOUS_SIGNPOST;
    rendezvous->due = NEVER;
    if (doors_find(&rendezvous->doors, from, &door)) use_door(rendezvous, door, now);
    return true;
}

/* A session that was greeted though it answers, for what its bootnode knows of others. */
static void stop_asking(struct rendezvous *rendezvous, uint64_t now) {
    if (rendezvous->doors.seeking && now < missing_since(rendezvous)) use_door(rendezvous, rendezvous->doors.at, now);
}

/* The first that answers says whose key counts; from the others only the same bootnode's answer is of use. */
static bool handle_cookie(struct rendezvous *rendezvous, const struct address *from, const uint8_t *packet, size_t size,
                          uint64_t now) {
    struct cookie_message message;
    struct why why;
    if (rendezvous->state > RENDEZVOUS_ACTIVE || !cookie_message_decode(packet, size, &message)) return false;
    if (!doors_expects(&rendezvous->doors, from, message.nonce)) return false;
    if (waits(rendezvous)) return true;
    bool first = rendezvous->state <= RENDEZVOUS_SIGNPOST;
    if (first && !rendezvous->owner.trusted(rendezvous->owner.context, message.bootnode_public, &why)) {
        meet_stranger(rendezvous, message.bootnode_public, why.text, now);
        return true;
    }
    if (first) registering_take_key(&rendezvous->registering, message.bootnode_public);
    if (!registering_has_key(&rendezvous->registering, message.bootnode_public)) return true;
    doors_answered(&rendezvous->doors, from, &message, now);
    rendezvous->answered = now;
    rendezvous->owner.answered(rendezvous->owner.context, from);
    rendezvous->presence.repeat_ms = doors_timeout_ms(&rendezvous->doors, SILENCE_LEAST_MS);
    if (is_elsewhere(rendezvous, &message, from, now)) return true;
    if (first) wait_for_spread(rendezvous, message.spread_ms, now);
    if (rendezvous->state == RENDEZVOUS_WAITING) plan_register(rendezvous);
    if (rendezvous->state == RENDEZVOUS_REGISTERING || rendezvous->state == RENDEZVOUS_ACTIVE)
        look_at_proof(rendezvous, now);
    if (rendezvous->state == RENDEZVOUS_ACTIVE) {
        presence_update_sooner(&rendezvous->presence, now);
        stop_asking(rendezvous, now);
    }
    return true;
}

/* False: there is to be no session. */
static bool take_successor(struct rendezvous *rendezvous, const struct welcome_body *welcome, uint64_t now) {
    struct why why;
    if (!welcome->succeeded) return true;
    switch (rendezvous->owner.succeeded(rendezvous->owner.context, welcome->successor, &why)) {
    case RENDEZVOUS_STAYS: return true;
    case RENDEZVOUS_LEAVES: bar(rendezvous, why.text, now); return false;
    case RENDEZVOUS_FOLLOWS: break;
    }
    registering_take_key(&rendezvous->registering, welcome->successor);
    rendezvous->asking = (struct asking){0};
    return true;
}

static void activate(struct rendezvous *rendezvous, struct registering_welcome *welcome, uint64_t now) {
    rendezvous->restarts = false;
    rendezvous->heard = now; /* whatever the former one said of its restart */
    presence_start(&rendezvous->presence, &welcome->keys, &welcome->body, welcome->revision, now);
    registering_forget(&rendezvous->registering);
    rendezvous->state = RENDEZVOUS_ACTIVE;
    rendezvous->registered = now;
    rendezvous->tries = 0;
    rendezvous->last_refusal = 0;
    rendezvous->elsewhere = 0;
    rendezvous->owner.registered(rendezvous->owner.context, now);
    lives(rendezvous, now);
    presence_confirm(&rendezvous->presence, &welcome->body, &welcome->members, now);
}

/* A late one, too: whoever began anew meanwhile needs no second session. */
static bool handle_welcome(struct rendezvous *rendezvous, size_t door, const uint8_t *packet, size_t size,
                           uint64_t now) {
    struct welcome_message message;
    struct registering_welcome welcome;
    if (rendezvous->state > RENDEZVOUS_REGISTERING || !welcome_decode(packet, size, &message)) return false;
    if (!registering_awaits(&rendezvous->registering, message.attempt)) return false;
    if (!registering_read(&rendezvous->registering, &message, &welcome)) return true;
    use_door(rendezvous, door, now);
    if (take_successor(rendezvous, &welcome.body, now)) activate(rendezvous, &welcome, now);
    sodium_memzero(&welcome.keys, sizeof welcome.keys);
    return true;
}

/* It named us its homes, and is none any more: asked again at once, but not again and again. */
static void refuse_elsewhere(struct rendezvous *rendezvous, uint64_t now) {
    bool waits = ++rendezvous->elsewhere > ELSEWHERE_MOST;
    if (waits) rendezvous->elsewhere = 0;
    restart(rendezvous, waits ? ELSEWHERE_WAIT_MS : 0, now);
}

static bool refusal_is_ours(const struct rendezvous *rendezvous, const struct address *from,
                            const struct refused *refused) {
    if (rendezvous->state == RENDEZVOUS_HELLO)
        return looks(rendezvous) && doors_expects(&rendezvous->doors, from, refused->nonce);
    return rendezvous->state == RENDEZVOUS_REGISTERING && registering_awaits(&rendezvous->registering, refused->nonce);
}

/* At one address of several there is no time now, or not any more: it may be another machine's. */
static bool others_may_have_time(struct rendezvous *rendezvous, const struct address *from, enum refusal reason,
                                 uint64_t wait_ms, uint64_t now) {
    if (rendezvous->state != RENDEZVOUS_HELLO || (reason != REFUSAL_BUSY && reason != REFUSAL_DRAINING)) return false;
    return doors_refused(&rendezvous->doors, from, now + wait_ms, now);
}

static void tell_refusal(const struct rendezvous *rendezvous, enum refusal reason, uint64_t wait_ms) {
    const struct rendezvous_owner *owner = &rendezvous->owner;
    if (reason == REFUSAL_BUSY)
        owner->busy(owner->context, wait_ms);
    else
        owner->refused(owner->context, registering_refusal(reason));
}

static bool handle_refused(struct rendezvous *rendezvous, const struct address *from, const uint8_t *packet,
                           size_t size, uint64_t now) {
    struct refused refused;
    if (!refused_decode(packet, size, &refused) || !refusal_is_ours(rendezvous, from, &refused)) return false;
    if (refused.reason == REFUSAL_ELSEWHERE) {
        refuse_elsewhere(rendezvous, now);
        return true;
    }
    uint64_t wait_s = refused.retry_s < 1 ? 1 : refused.retry_s;
    if (wait_s > REFUSED_MOST_S) wait_s = REFUSED_MOST_S;
    if (others_may_have_time(rendezvous, from, refused.reason, wait_s * 1000, now)) return true;
    bool is_new = rendezvous->last_refusal != (int)refused.reason;
    rendezvous->last_refusal = (int)refused.reason;
    rendezvous->resets = 0; /* our place was not taken by another client of our identity: there is none */
    restart(rendezvous, wait_s * 1000, now);
    if (is_new) tell_refusal(rendezvous, refused.reason, rendezvous->due - now);
    if (refused.reason == REFUSAL_BUSY) rendezvous->answered = rendezvous->due; /* it is there, and said when to come */
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
    case PRESENCE_ELSEWHERE:
        rendezvous->owner.vouched(rendezvous->owner.context, &rendezvous->presence.elsewhere, now);
        (void)rendezvous->owner.named(rendezvous->owner.context, &rendezvous->presence.elsewhere, now);
        break;
    case PRESENCE_LEFT:
        rendezvous->state = RENDEZVOUS_ENDED;
        rendezvous->due = NEVER;
        break;
    case PRESENCE_ON:
    case PRESENCE_FOREIGN: break;
    }
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
    case MESSAGE_WELCOME: return handle_welcome(rendezvous, door, packet, size, now);
    case MESSAGE_REFUSED: return handle_refused(rendezvous, from, packet, size, now);
    default: return handle_of_session(rendezvous, from, packet, size, now);
    }
}

/* Said once when the bootnode was never reached, or was silent for too long. */
static uint64_t lost_at(const struct rendezvous *rendezvous) {
    if (rendezvous->lost || rendezvous->state >= RENDEZVOUS_LEAVING || rendezvous->state == RENDEZVOUS_SIGNPOST)
        return NEVER;
    uint64_t longer = round_trip_excess_ms(round_trip_timeout_ms(&rendezvous->doors.trip));
    if (rendezvous->ever_active) return rendezvous->heard + LOST_MS + longer;
    if (rendezvous->doors.count == 0) return rendezvous->heard + NAMELESS_MS;
    return (rendezvous->answered > rendezvous->heard ? rendezvous->answered : rendezvous->heard) + ABSENT_MS + longer;
}

static const char *why_lost(const struct rendezvous *rendezvous) {
    if (rendezvous->doors.count == 0) return "its name is not found; trying again";
    if (rendezvous->last_refusal == REFUSAL_BUSY) return "it is busy; trying again";
    return "no answer; trying again";
}

static void notice_silence(struct rendezvous *rendezvous, uint64_t now) {
    if (now < lost_at(rendezvous)) return;
    lose(rendezvous, why_lost(rendezvous), now);
    if (rendezvous->state == RENDEZVOUS_ACTIVE) restart(rendezvous, 0, now);
}

/* --- While the door in use is silent --- */

static void register_elsewhere(struct rendezvous *rendezvous, uint64_t now) {
    size_t index;
    if (!doors_choose(&rendezvous->doors, &index)) return;
    presence_end(&rendezvous->presence);
    wait_for_spread(rendezvous, rendezvous->doors.list[index].spread_ms, now);
    plan_register(rendezvous);
}

static void endure_silence(struct rendezvous *rendezvous, uint64_t now) {
    uint64_t since = missing_since(rendezvous);
    if (now >= silence_detour_at(&rendezvous->silence, &rendezvous->doors, since))
        silence_detour(&rendezvous->silence, &rendezvous->presence, &rendezvous->doors, now);
    if (now >= silence_look_at(&rendezvous->doors, since)) seek(rendezvous, now);
    if (now >= silence_over_at(&rendezvous->doors, since)) register_elsewhere(rendezvous, now);
}

/* --- Time --- */

static bool greets(const struct rendezvous *rendezvous) {
    bool seeks = rendezvous->state <= RENDEZVOUS_SIGNPOST;
    return seeks ? rendezvous->doors.seeking : rendezvous->state <= RENDEZVOUS_ACTIVE;
}

/* Whom we do not need is not asked for long. */
static uint64_t asked_until(const struct rendezvous *rendezvous) {
    bool asks = rendezvous->state == RENDEZVOUS_SIGNPOST && rendezvous->doors.seeking;
    return asks ? rendezvous->sought + doors_timeout_ms(&rendezvous->doors, ASK_MS) : NEVER;
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
    give_up_asking(rendezvous, now);
    if (now >= asked_until(rendezvous)) rendezvous->doors.seeking = false;
    act(rendezvous, now);
    if (!greets(rendezvous)) return;
    greet(rendezvous, now);
    if (rendezvous->state == RENDEZVOUS_ACTIVE && !rendezvous->doors.seeking) look_at_proof(rendezvous, now);
}

static uint64_t silence_due(const struct rendezvous *rendezvous) {
    uint64_t since = missing_since(rendezvous);
    uint64_t detour = silence_detour_at(&rendezvous->silence, &rendezvous->doors, since);
    return earlier(detour,
                   earlier(silence_look_at(&rendezvous->doors, since), silence_over_at(&rendezvous->doors, since)));
}

uint64_t rendezvous_due(const struct rendezvous *rendezvous) {
    uint64_t due = has_session(rendezvous) ? presence_due(&rendezvous->presence) : rendezvous->due;
    if (greets(rendezvous)) due = earlier(due, doors_due(&rendezvous->doors));
    if (awaits_known_key(rendezvous)) due = earlier(due, rendezvous->asking.until);
    due = earlier(due, asked_until(rendezvous));
    return earlier(earlier(due, lost_at(rendezvous)), silence_due(rendezvous));
}

static void leave(struct rendezvous *rendezvous, enum leave_reason reason, uint64_t now) {
    bool active = rendezvous->state == RENDEZVOUS_ACTIVE;
    rendezvous->state = active ? RENDEZVOUS_LEAVING : RENDEZVOUS_ENDED;
    rendezvous->due = NEVER;
    if (active) presence_leave(&rendezvous->presence, reason, now);
}

void rendezvous_leave(struct rendezvous *rendezvous, uint64_t now) {
    bool moving = rendezvous->state == RENDEZVOUS_LEAVING && rendezvous->presence.leave_reason == LEAVE_MOVED;
    if (!moving) leave(rendezvous, LEAVE_SAID, now);
}

void rendezvous_move_away(struct rendezvous *rendezvous, uint64_t now) {
    leave(rendezvous, LEAVE_MOVED, now);
}

void rendezvous_ask(struct rendezvous *rendezvous, uint64_t now) {
    bool may_ask = rendezvous->state == RENDEZVOUS_SIGNPOST || rendezvous->state == RENDEZVOUS_ACTIVE;
    if (may_ask && !rendezvous->doors.seeking) seek(rendezvous, now);
}

uint64_t rendezvous_silent_since(const struct rendezvous *rendezvous, uint64_t now) {
    uint64_t since = NEVER;
    if (rendezvous->lost || rendezvous->state == RENDEZVOUS_BARRED) return rendezvous->heard;
    if (rendezvous->state == RENDEZVOUS_ACTIVE) since = missing_since(rendezvous);
    if (looks(rendezvous)) since = later(rendezvous->heard, rendezvous->answered);
    if (rendezvous->state == RENDEZVOUS_REGISTERING && rendezvous->tries > 1) since = rendezvous->answered;
    return since <= now ? since : NEVER;
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
    return rendezvous->lost || now >= silence_told_at(missing_since(rendezvous));
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

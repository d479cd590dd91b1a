#include "client/rendezvous/entering.h"

#include <sodium.h>
#include <string.h>

#include "client/rendezvous/finding.h"
#include "common/clock.h"
#include "common/why.h"

#define REGISTER_RETRY_LEAST_MS 500
#define REGISTER_RETRY_MOST_MS 4000
#define REGISTER_TRIES REGISTERING_ATTEMPTS /* then a new HELLO: the cookie may have aged */
#define WRONG_KEY_MS 4000
#define REFUSED_MOST_S 60
#define ELSEWHERE_MOST 2 /* REFUSED elsewhere in a row, then a wait */
#define ELSEWHERE_WAIT_MS 1000
#define REFUSAL_KEY (-1) /* our own reason, beside the enum's: the key is not the known one */

/* --- REGISTER --- */

/* What was measured, twice as long with each try, 4 s at most where that is enough; each stretched by up to a quarter,
 * so that clients that lost a bootnode together do not come back together. */
static uint64_t register_delay(const struct rendezvous *rendezvous, unsigned tries) {
    uint64_t first = doors_timeout_ms(&rendezvous->doors, REGISTER_RETRY_LEAST_MS), delay = first;
    while (--tries > 0 && delay < REGISTER_RETRY_MOST_MS) delay *= 2;
    if (delay > REGISTER_RETRY_MOST_MS) delay = later(first, REGISTER_RETRY_MOST_MS);
    return delay + randombytes_uniform((uint32_t)delay / 4 + 1);
}

static void send_register(struct rendezvous *rendezvous, uint64_t now) {
    uint8_t packet[REGISTER_SIZE];
    finding_note_age_of_proof(rendezvous, now);
    size_t size = registering_write(&rendezvous->registering, &rendezvous->cookie, &rendezvous->own, packet);
    /* Who cannot be spoken to may have another key in the next COOKIE. */
    if (size > 0) rendezvous->owner.send(rendezvous->owner.context, &rendezvous->bootnode, packet, size);
    rendezvous->due = now + register_delay(rendezvous, ++rendezvous->tries);
}

/* Where several doors answered HELLO, each has its turn. */
void entering_register_again(struct rendezvous *rendezvous, uint64_t now) {
    if (rendezvous->tries >= REGISTER_TRIES) {
        finding_restart(rendezvous, 0, now);
        return;
    }
    size_t next = doors_next_answered(&rendezvous->doors, rendezvous->doors.at);
    if (next != rendezvous->doors.at) finding_use(rendezvous, next, now);
    send_register(rendezvous, now);
}

void entering_register(struct rendezvous *rendezvous, uint64_t now) {
    size_t index;
    rendezvous->state = RENDEZVOUS_REGISTERING;
    if (doors_choose(&rendezvous->doors, &index)) finding_use(rendezvous, index, now);
    send_register(rendezvous, now);
}

/* --- Keys --- */

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
    finding_restart(rendezvous, WRONG_KEY_MS, now);
}

/* It may have replaced the key that we know, and have both. Where several addresses are asked, one may know what
 * another does not. */
static void meet_stranger(struct rendezvous *rendezvous, const uint8_t shown[static 32], const char *why,
                          uint64_t now) {
    uint8_t known[32];
    if (rendezvous->owner.known(rendezvous->owner.context, known) &&
        asking_begin(&rendezvous->asking, known, shown, now))
        finding_seek(rendezvous, now);
    else if (!rendezvous->asking.asks || rendezvous->doors.count == 1)
        bar(rendezvous, why, now);
}

bool entering_awaits_known_key(const struct rendezvous *rendezvous) {
    return rendezvous->asking.asks && finding_looks(rendezvous);
}

void entering_give_up_asking(struct rendezvous *rendezvous, uint64_t now) {
    struct why why;
    if (!entering_awaits_known_key(rendezvous) || now < rendezvous->asking.until) return;
    if (rendezvous->owner.trusted(rendezvous->owner.context, rendezvous->asking.shown, &why))
        finding_restart(rendezvous, 0, now); /* another room has learned of it meanwhile */
    else
        bar(rendezvous, why.text, now);
}

/* --- When to register --- */

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

void entering_wait(struct rendezvous *rendezvous, uint16_t spread_ms, uint64_t now) {
    wait_for_spread(rendezvous, spread_ms, now);
    plan_register(rendezvous);
}

/* Who was told to wait does so, whatever else is answered late. After a wrong key the right one is welcome: somebody
 * who forges is not to keep us out. */
static bool waits(const struct rendezvous *rendezvous) {
    return rendezvous->state == RENDEZVOUS_HELLO && !finding_looks(rendezvous) &&
           rendezvous->last_refusal != REFUSAL_KEY;
}

/* Nothing is waited for: where it sends us, others are asked. A session goes on. */
static bool is_elsewhere(struct rendezvous *rendezvous, const struct cookie_message *message,
                         const struct address *from, uint64_t now) {
    size_t door;
    if (message->homes.replicas == 0) return false;
    if (rendezvous->mapped.port == 0) rendezvous->mapped = message->seen;
    enum rendezvous_place place = rendezvous->owner.named(rendezvous->owner.context, &message->homes, false, now);
    if (place == RENDEZVOUS_HERE || rendezvous->state == RENDEZVOUS_ACTIVE) return false;
    rendezvous->state = RENDEZVOUS_SIGNPOST;
    rendezvous->due = NEVER;
    if (doors_find(&rendezvous->doors, from, &door)) finding_use(rendezvous, door, now);
    return true;
}

/* A session that was greeted though it answers, for what its bootnode knows of others. */
static void stop_asking(struct rendezvous *rendezvous, uint64_t now) {
    if (rendezvous->doors.seeking && now < finding_missing_since(rendezvous))
        finding_use(rendezvous, rendezvous->doors.at, now);
}

/* --- What it answers --- */

/* The first that answers says whose key counts; from the others only the same bootnode's answer is of use. */
bool entering_take_cookie(struct rendezvous *rendezvous, const struct address *from, const uint8_t *packet, size_t size,
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
        finding_look_at_proof(rendezvous, now);
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
    finding_lives(rendezvous, now);
    presence_confirm(&rendezvous->presence, &welcome->body, &welcome->members, now);
}

bool entering_take_welcome(struct rendezvous *rendezvous, size_t door, const uint8_t *packet, size_t size,
                           uint64_t now) {
    struct welcome_message message;
    struct registering_welcome welcome;
    if (rendezvous->state > RENDEZVOUS_REGISTERING || !welcome_decode(packet, size, &message)) return false;
    if (!registering_awaits(&rendezvous->registering, message.attempt)) return false;
    if (!registering_read(&rendezvous->registering, &message, &welcome)) return true;
    finding_use(rendezvous, door, now);
    if (take_successor(rendezvous, &welcome.body, now)) activate(rendezvous, &welcome, now);
    sodium_memzero(&welcome.keys, sizeof welcome.keys);
    return true;
}

/* It named us its homes, and is none any more: asked again at once, but not again and again. */
static void refuse_elsewhere(struct rendezvous *rendezvous, uint64_t now) {
    bool waits = ++rendezvous->elsewhere > ELSEWHERE_MOST;
    if (waits) rendezvous->elsewhere = 0;
    finding_restart(rendezvous, waits ? ELSEWHERE_WAIT_MS : 0, now);
}

static bool refusal_is_ours(const struct rendezvous *rendezvous, const struct address *from,
                            const struct refused *refused) {
    if (rendezvous->state == RENDEZVOUS_HELLO)
        return finding_looks(rendezvous) && doors_expects(&rendezvous->doors, from, refused->nonce);
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

bool entering_take_refused(struct rendezvous *rendezvous, const struct address *from, const uint8_t *packet,
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
    finding_restart(rendezvous, wait_s * 1000, now);
    if (is_new) tell_refusal(rendezvous, refused.reason, rendezvous->due - now);
    if (refused.reason == REFUSAL_BUSY) rendezvous->answered = rendezvous->due; /* it is there, and said when to come */
    return true;
}

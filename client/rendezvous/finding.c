#include "client/rendezvous/finding.h"

#include <sodium.h>
#include <string.h>

#include "common/clock.h"

/* --- Whether it is there --- */

void finding_lives(struct rendezvous *rendezvous, uint64_t now) {
    if (rendezvous->heard < now) rendezvous->heard = now;
    rendezvous->ever_active = true;
    rendezvous->silence = (struct silence){0};
    if (!rendezvous->lost) return;
    rendezvous->lost = false;
    rendezvous->owner.back(rendezvous->owner.context, now);
}

void finding_lose(struct rendezvous *rendezvous, const char *why, uint64_t now) {
    if (rendezvous->lost) return;
    rendezvous->lost = true;
    rendezvous->owner.lost(rendezvous->owner.context, why, now);
}

uint64_t finding_missing_since(const struct rendezvous *rendezvous) {
    return rendezvous->state == RENDEZVOUS_ACTIVE ? silence_since(&rendezvous->presence, &rendezvous->doors) : NEVER;
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

void finding_note_age_of_proof(struct rendezvous *rendezvous, uint64_t now) {
    struct address_proof fresh;
    if (rendezvous->own.has_proof && !doors_proof(&rendezvous->doors, now, &fresh)) rendezvous->proof_aged = true;
}

void finding_look_at_proof(struct rendezvous *rendezvous, uint64_t now) {
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

void finding_use(struct rendezvous *rendezvous, size_t index, uint64_t now) {
    const struct door *door = &rendezvous->doors.list[index];
    doors_use(&rendezvous->doors, index, now);
    rendezvous->bootnode = door->address;
    if (door->answered) {
        rendezvous->mapped = door->seen;
        rendezvous->cookie = door->cookie;
    }
    finding_look_at_proof(rendezvous, now);
}

/* --- Whom to greet --- */

void finding_restart(struct rendezvous *rendezvous, uint64_t delay, uint64_t now) {
    rendezvous->state = RENDEZVOUS_HELLO;
    rendezvous->asking = (struct asking){0};
    rendezvous->tries = 0;
    rendezvous->doors.seeking = false;
    rendezvous->due = now + delay + (delay ? randombytes_uniform((uint32_t)delay + 1) : 0);
    presence_end(&rendezvous->presence);
}

bool finding_looks(const struct rendezvous *rendezvous) {
    return rendezvous->state == RENDEZVOUS_HELLO && rendezvous->doors.seeking;
}

/* A signpost that is asked again led nowhere, so it is another door's turn. */
void finding_seek(struct rendezvous *rendezvous, uint64_t now) {
    const struct doors *doors = &rendezvous->doors;
    bool again = rendezvous->state == RENDEZVOUS_SIGNPOST && doors->count > 0;
    uint64_t nonce;
    randombytes_buf(&nonce, sizeof nonce);
    rendezvous->sought = now;
    doors_seek(&rendezvous->doors, nonce, again ? (doors->at + 1) % doors->count : 0, now);
}

void finding_greet(struct rendezvous *rendezvous, uint64_t now) {
    const struct rendezvous_owner *owner = &rendezvous->owner;
    struct hello hello = {.version = PROTOCOL_VERSION,
                          .bucket = room_bucket(rendezvous->registering.tag),
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

#include "client/peer/proof.h"

#include "common/clock.h"
#include "common/holds.h"

bool proof_holds(const struct proof *proof) {
    return proof->proven <= proof->bytes && proof->asked_bytes <= proof->bytes && proof->waiting <= proof->asked &&
           proof->next < PROOF_PINGS && (proof->ever || !proof->given) &&
           (!proof->given || proof->bytes - proof->proven <= PROOF_BYTES);
}

void proof_begin(struct proof *proof, bool given) {
    *proof = (struct proof){.given = given, .ever = given};
}

void proof_lapse(struct proof *proof) {
    proof->given = false;
    proof->packets = 0;
}

void proof_sent(struct proof *proof, size_t bytes) {
    proof->bytes += bytes;
    if (!proof->given)
        proof->packets++;
    else if (proof->bytes - proof->proven > PROOF_BYTES)
        proof_lapse(proof);
    HOLDS(proof_holds(proof));
}

static uint64_t repeat_at(const struct proof *proof, uint64_t repeat_ms) {
    unsigned doublings = proof->pinged > 0 ? (proof->pinged - 1) / 2 : 0;
    if (doublings > PROOF_DOUBLINGS) doublings = PROOF_DOUBLINGS;
    return proof->asked + (later(repeat_ms, PROOF_REPEAT_MS) << doublings);
}

bool proof_wants_ping(const struct proof *proof, bool wants_answer, uint64_t repeat_ms, uint64_t now) {
    uint64_t since = proof->bytes - proof->asked_bytes;
    if (!proof->asked) return !proof->given || wants_answer;
    bool often = proof->pinged < PROOF_PINGS / 2; /* so that those stay remembered to which PONGs are under way */
    if (!proof->given) return now >= (often ? proof->asked + PROOF_AGAIN_MS : repeat_at(proof, repeat_ms));
    if (proof->waiting) return (often && since >= PROOF_ASK_BYTES / 2) || now >= repeat_at(proof, repeat_ms);
    return since >= PROOF_ASK_BYTES || (wants_answer && now - proof->asked >= PROOF_ASK_MS);
}

uint64_t proof_ping_at(const struct proof *proof, uint64_t repeat_ms) {
    if (proof->given && proof->bytes - proof->asked_bytes >= PROOF_ASK_BYTES) return proof->asked;
    return proof->waiting || !proof->given ? repeat_at(proof, repeat_ms) : NEVER;
}

void proof_asked(struct proof *proof, uint64_t token, uint64_t now) {
    proof->pings[proof->next] = (struct proof_ping){.token = token, .sent = now, .bytes = proof->bytes};
    proof->next = (proof->next + 1) % PROOF_PINGS;
    proof->asked = now;
    proof->asked_bytes = proof->bytes;
    if (!proof->waiting) proof->waiting = now;
    proof->pinged++;
    HOLDS(proof_holds(proof));
}

void proof_put_off(struct proof *proof, uint64_t now) {
    proof->asked = now;
}

bool proof_answered(struct proof *proof, uint64_t token, uint64_t *sent) {
    for (size_t i = 0; i < PROOF_PINGS; i++) {
        struct proof_ping *ping = &proof->pings[i];
        if (!ping->sent || ping->token != token) continue;
        *sent = ping->sent;
        proof->proven = later(proof->proven, ping->bytes);
        proof->given = proof->bytes - proof->proven <= PROOF_BYTES;
        proof->ever = true;
        proof->waiting = 0;
        proof->pinged = proof->packets = 0;
        ping->sent = 0;
        HOLDS(proof_holds(proof));
        return true;
    }
    return false;
}

bool proof_allows(const struct proof *proof) {
    return proof->given || proof->packets < PROOF_FIRST_PACKETS;
}

void proof_ask_anew(struct proof *proof) {
    proof->waiting = 0;
    proof->pinged = 0;
}

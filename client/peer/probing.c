#include "client/peer/probing.h"

#include <sodium.h>
#include <string.h>

#include "common/clock.h"

#define RATE 128           /* packets a second: the budget of all peers is 150 */
#define EASY_WAITS_MS 2000 /* until all sockets of the hard side have opened their mappings */
/* The hard side's packets open mappings; repeated, because some are lost. */
#define SWEEPS 3
#define SWEEP_EVERY_MS 3000
#define OFFERS 5
#define OFFER_EVERY_MS 500
#define TRAIL_PACKETS 5
#define TRAIL_EVERY_MS 200
#define FEISTEL_ROUNDS 4

/* --- Ports --- */

void probing_ports_init(struct probing_ports *ports) {
    randombytes_buf(ports->key, sizeof ports->key);
    ports->next = 0;
}

/* A permutation of 16 bits, as Luby and Rackoff make one (1988) of a keyed function. */
static uint16_t permute(const uint8_t key[static crypto_shorthash_KEYBYTES], uint16_t value) {
    uint8_t left = (uint8_t)(value >> 8), right = (uint8_t)value;
    for (uint8_t round = 0; round < FEISTEL_ROUNDS; round++) {
        uint8_t hash[crypto_shorthash_BYTES];
        crypto_shorthash(hash, (const uint8_t[]){round, right}, 2, key);
        uint8_t mixed = left ^ hash[0];
        left = right;
        right = mixed;
    }
    return (uint16_t)(left << 8 | right);
}

uint16_t probing_ports_next(struct probing_ports *ports) {
    while (ports->next <= UINT16_MAX) {
        uint16_t port = permute(ports->key, (uint16_t)ports->next++);
        if (port >= PROBING_PORT_FIRST) return port;
    }
    return 0;
}

/* --- Agreeing --- */

bool probing_fits(bool hard, enum nat_mapping own, enum nat_mapping other) {
    enum nat_mapping hard_one = hard ? own : other, easy_one = hard ? other : own;
    return hard_one != NAT_MAPPING_INDEPENDENT && easy_one != NAT_MAPPING_DEPENDENT;
}

/* As that side; NEVER: not any more. */
static uint64_t begins_at(const struct probing *probing, bool hard) {
    return probing->attempts[hard] < PROBING_ATTEMPTS ? probing->not_before[hard] : NEVER;
}

uint64_t probing_offer_at(const struct probing *probing) {
    return later(earlier(begins_at(probing, true), begins_at(probing, false)), probing->put_off);
}

static bool is_sooner_hard(const struct probing *probing) {
    if (probing->proven) return probing->proven_hard;
    return begins_at(probing, true) <= begins_at(probing, false);
}

bool probing_choose(const struct probing *probing, enum nat_mapping own, enum nat_mapping other, uint64_t now,
                    bool *hard) {
    bool may_be_hard = probing_fits(true, own, other), may_be_easy = probing_fits(false, own, other);
    *hard = may_be_hard && (!may_be_easy || is_sooner_hard(probing));
    return (may_be_hard || may_be_easy) && now >= begins_at(probing, *hard);
}

bool probing_may_begin(const struct probing *probing, bool hard, uint64_t now) {
    return probing->state != PROBING_OFFERED && now >= begins_at(probing, hard);
}

void probing_offer(struct probing *probing, bool hard, uint32_t number, uint64_t now) {
    probing->state = PROBING_OFFERED;
    probing->hard = hard;
    probing->number = number;
    probing->since = now;
    probing->offers = 0;
}

static uint64_t offer_due(const struct probing *probing) {
    uint64_t due = probing->since + (uint64_t)probing->offers * OFFER_EVERY_MS;
    return probing->offers == OFFERS ? due + probing->excess : due;
}

bool probing_offer_next(struct probing *probing, uint64_t now) {
    if (probing->state != PROBING_OFFERED || probing->offers == OFFERS || now < offer_due(probing)) return false;
    probing->offers++;
    return true;
}

void probing_put_off(struct probing *probing, uint64_t wait, uint64_t now) {
    if (probing->state == PROBING_OFFERED) probing->state = PROBING_IDLE;
    probing->put_off = now + wait;
}

void probing_run(struct probing *probing, bool hard, uint32_t number, const struct address *target, uint64_t now) {
    probing->state = PROBING_RUNNING;
    probing->hard = hard;
    probing->number = number;
    probing->target = *target;
    probing->since = now;
    probing->probes = probing->packets = 0;
    probing->trail.left = 0;
    probing->attempts[hard]++;
    probing->not_before[hard] = now + PROBING_AGAIN_MS;
    randombytes_buf(&probing->token, sizeof probing->token);
    probing_ports_init(&probing->ports);
}

/* --- Running --- */

void probing_heard(struct probing *probing, const struct path *from, uint64_t now) {
    if (probing->state != PROBING_RUNNING || from->kind != PATH_DIRECT || probing->trail.left > 0) return;
    probing->trail.path = *from;
    probing->trail.left = TRAIL_PACKETS;
    probing->trail.due = now;
}

void probing_prove(struct probing *probing) {
    probing->proven = true;
    probing->proven_hard = probing->hard;
}

void probing_settle(struct probing *probing, uint64_t now) {
    if (probing->state != PROBING_RUNNING) return;
    probing->state = PROBING_LINGERING;
    probing->since = now;
}

void probing_stop(struct probing *probing) {
    probing->state = PROBING_IDLE;
}

void probing_tick(struct probing *probing, uint64_t now) {
    if (probing->state == PROBING_OFFERED && probing->offers == OFFERS && now >= offer_due(probing))
        probing_put_off(probing, PROBING_RETRY_MS, now);
    else if (probing->state == PROBING_RUNNING && now - probing->since >= PROBING_MS)
        probing_settle(probing, now);
    else if (probing->state == PROBING_LINGERING && now - probing->since >= PROBING_LINGER_MS + probing->excess)
        probing->state = PROBING_IDLE;
}

static uint64_t spaced(unsigned packets) {
    return (uint64_t)packets * 1000 / RATE;
}

static uint64_t probe_due(const struct probing *probing) {
    if (!probing->hard) return probing->since + EASY_WAITS_MS + spaced(probing->probes);
    unsigned count = (unsigned)probing->socket_count;
    if (probing->probes >= SWEEPS * count) return NEVER;
    return probing->since + probing->probes / count * SWEEP_EVERY_MS + spaced(probing->probes % count);
}

uint64_t probing_packet_due(const struct probing *probing) {
    if (probing->state != PROBING_RUNNING || probing->packets == PROBING_PACKETS) return NEVER;
    uint64_t probe = probe_due(probing);
    bool trailing = probing->trail.left > 0 && probing->trail.due < probe;
    uint64_t due = trailing ? probing->trail.due : probe;
    return due < probing->since + PROBING_MS ? due : NEVER;
}

static struct path next_probe(struct probing *probing) {
    struct path path = path_direct(&probing->target);
    if (probing->hard)
        path.socket = probing->sockets[probing->probes % probing->socket_count];
    else
        path.address.port = probing_ports_next(&probing->ports);
    probing->probes++;
    return path;
}

bool probing_next(struct probing *probing, uint64_t now, struct path *to, bool *is_check) {
    if (now >= probing->since + PROBING_MS || probing_packet_due(probing) > now) return false;
    *is_check = probing->trail.left > 0 && probing->trail.due <= now;
    probing->packets++;
    if (*is_check) {
        *to = probing->trail.path;
        probing->trail.left--;
        probing->trail.due = now + TRAIL_EVERY_MS;
    } else {
        *to = next_probe(probing);
    }
    return true;
}

uint64_t probing_due(const struct probing *probing) {
    switch (probing->state) {
    case PROBING_IDLE: break;
    case PROBING_OFFERED: return offer_due(probing);
    case PROBING_RUNNING: return probing->since + PROBING_MS;
    case PROBING_LINGERING: return probing->since + PROBING_LINGER_MS + probing->excess;
    }
    return NEVER;
}

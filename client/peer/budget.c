#include "client/peer/budget.h"

#include <sodium.h>
#include <stddef.h>

#include "common/holds.h"

#define PACKET 1000 /* thousandths */
#define BURST 50

/* With a full bucket, too, no second sees more. A millisecond brings thousandths of what a second brings. */
static const struct bucket_kind packets_kind = {.burst = BURST * PACKET, .amount = BUDGET_PACKETS - BURST, .per_ms = 1};

bool budget_holds(const struct punch_budget *budget) {
    return budget->packets.tokens <= packets_kind.burst && budget->probings <= BUDGET_PROBINGS &&
           rush_holds(&budget->rush);
}

void budget_init(struct punch_budget *budget, uint64_t now) {
    uint8_t key[TALLY_KEY_SIZE];
    bucket_fill(&budget->packets, &packets_kind, now);
    budget->probings = 0;
    budget->rush = (struct rush){.first = NULL};
    randombytes_buf(key, sizeof key);
    tally_init(&budget->networks, key, BUDGET_NETWORK, now);
    tally_init(&budget->named_hosts, key, BUDGET_NAMED_HOST, now);
    tally_init(&budget->named_networks, key, BUDGET_NAMED_NETWORK, now);
    sodium_memzero(key, sizeof key);
}

uint64_t budget_wait(struct punch_budget *budget, uint64_t now) {
    uint64_t wait = bucket_wait(&budget->packets, &packets_kind, PACKET, now);
    if (wait == 0) budget->packets.tokens -= PACKET;
    HOLDS(budget_holds(budget));
    return wait;
}

/* Whoever has one IPv6 address has its /64; and so has each of its neighbours. */
static size_t network_size(const struct address *address) {
    return address_is_ipv4(address) ? sizeof address->ip : sizeof address->ip / 2;
}

static unsigned network_left(struct punch_budget *budget, const struct address *to, uint64_t now) {
    return tally_left(&budget->networks, to->ip, network_size(to), now);
}

bool budget_may(struct punch_budget *budget, enum budget_kind kind, const struct address *to, uint64_t now) {
    switch (kind) {
    case BUDGET_TOLD: return network_left(budget, to, now) > 0;
    case BUDGET_GUESSED: return network_left(budget, to, now) > BUDGET_NETWORK - BUDGET_GUESSES;
    case BUDGET_NAMED: break;
    }
    return tally_left(&budget->named_hosts, to->ip, sizeof to->ip, now) > 0 &&
           tally_left(&budget->named_networks, to->ip, network_size(to), now) > 0;
}

bool budget_take(struct punch_budget *budget, enum budget_kind kind, const struct address *to, uint64_t now) {
    if (!budget_may(budget, kind, to, now)) return false;
    if (kind != BUDGET_NAMED) return tally_take(&budget->networks, to->ip, network_size(to), now);
    return tally_take(&budget->named_hosts, to->ip, sizeof to->ip, now) &&
           tally_take(&budget->named_networks, to->ip, network_size(to), now);
}

void budget_give_back(struct punch_budget *budget, const struct address *there, unsigned count) {
    tally_give_back(&budget->networks, there->ip, network_size(there), count);
}

void budget_give_back_named(struct punch_budget *budget, const struct address *there, unsigned count) {
    tally_give_back(&budget->named_hosts, there->ip, sizeof there->ip, count);
    tally_give_back(&budget->named_networks, there->ip, network_size(there), count);
}

void budget_allow_one(struct punch_budget *budget, const struct address *to, uint64_t now) {
    if (network_left(budget, to, now) == 0) budget_give_back(budget, to, 1);
}

bool budget_probe_begin(struct punch_budget *budget) {
    if (budget->probings >= BUDGET_PROBINGS) return false;
    budget->probings++;
    return true;
}

void budget_probe_end(struct punch_budget *budget) {
    budget->probings--;
    HOLDS(budget_holds(budget));
}

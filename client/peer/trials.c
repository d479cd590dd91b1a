#include "client/peer/trials.h"

#include <string.h>

#include "common/holds.h"

#define PROBED_EVERY_MS 500

/* Tokens are milliseconds, of which none is lost however often a bucket is looked into. */
static const struct bucket_kind named_kind = {
    .burst = TRIALS_NAMED_BURST * TRIALS_NAMED_EVERY_MS, .amount = 1, .per_ms = 1};
static const struct bucket_kind sign_kind = {.burst = 4 * TRIALS_SIGN_EVERY_MS, .amount = 1, .per_ms = 1};
static const struct bucket_kind renewal_kind = {.burst = 3 * TRIALS_RENEWAL_EVERY_MS, .amount = 1, .per_ms = 1};
/* As many as the other side sends in a round at once, then two a second. */
static const struct bucket_kind probe_kind = {.burst = 10 * PROBED_EVERY_MS, .amount = 1, .per_ms = 1};

bool trials_holds(const struct trials *trials) {
    for (size_t i = 0; i < trials->count; i++)
        if (trials->hosts[i].packets > TRIALS_PACKETS) return false;
    return trials->count <= TRIALS_HOSTS && bucket_holds(&trials->named, &named_kind);
}

void trials_init(struct trials *trials, uint64_t now) {
    memset(trials, 0, sizeof *trials);
    bucket_fill(&trials->named, &named_kind, now);
    bucket_fill(&trials->signs, &sign_kind, now);
    bucket_fill(&trials->renewals, &renewal_kind, now);
    bucket_fill(&trials->probes, &probe_kind, now);
}

static struct trials_host *find(struct trials *trials, const struct address *address) {
    for (size_t i = 0; i < trials->count; i++)
        if (memcmp(trials->hosts[i].ip, address->ip, sizeof address->ip) == 0) return &trials->hosts[i];
    return NULL;
}

/* NULL: there is no room for one more. */
static struct trials_host *find_or_add(struct trials *trials, const struct address *address) {
    struct trials_host *known = find(trials, address);
    if (known || trials->count == TRIALS_HOSTS) return known;
    struct trials_host *host = &trials->hosts[trials->count++];
    *host = (struct trials_host){.packets = 0};
    memcpy(host->ip, address->ip, sizeof host->ip);
    return host;
}

/* So that they can be given back; hosts that were told come first. */
static void count_named(struct trials *trials, const struct address *to) {
    struct trials_host *host = trials->count < TRIALS_HOSTS / 2 ? find_or_add(trials, to) : find(trials, to);
    if (host) host->named++;
}

bool trials_may(struct trials *trials, struct punch_budget *budget, enum budget_kind kind, const struct address *to,
                uint64_t now) {
    if (!budget_may(budget, kind, to, now)) return false;
    if (kind == BUDGET_NAMED) return bucket_level(&trials->named, &named_kind, now) >= TRIALS_NAMED_EVERY_MS;
    const struct trials_host *host = find(trials, to);
    if (!host) return trials->count < TRIALS_HOSTS;
    return kind == BUDGET_GUESSED || host->packets < TRIALS_PACKETS;
}

bool trials_take(struct trials *trials, struct punch_budget *budget, enum budget_kind kind, const struct address *to,
                 uint64_t now) {
    if (!trials_may(trials, budget, kind, to, now) || !budget_take(budget, kind, to, now)) return false;
    if (kind == BUDGET_NAMED) {
        count_named(trials, to);
        return bucket_take(&trials->named, &named_kind, TRIALS_NAMED_EVERY_MS, now);
    }
    struct trials_host *host = find_or_add(trials, to);
    if (kind == BUDGET_GUESSED)
        host->guesses++;
    else
        host->packets++;
    HOLDS(trials_holds(trials));
    return true;
}

void trials_answered(struct trials *trials, struct punch_budget *budget, const struct address *there) {
    struct trials_host *host = find_or_add(trials, there);
    if (!host) return;
    budget_give_back(budget, there, (unsigned)host->packets + host->guesses);
    budget_give_back_named(budget, there, host->named);
    host->packets = host->guesses = host->named = 0;
    host->answered = true;
}

/* Who roams for long answers in many places; of those the latest few are remembered. */
bool trials_renew(struct trials *trials, uint64_t now) {
    size_t answered = 0, kept = 0;
    if (!bucket_take(&trials->renewals, &renewal_kind, TRIALS_RENEWAL_EVERY_MS, now)) return false;
    for (size_t i = 0; i < trials->count; i++) answered += trials->hosts[i].answered;
    for (size_t i = 0; i < trials->count; i++) {
        struct trials_host host = trials->hosts[i];
        if (!host.answered || answered-- > TRIALS_HOSTS / 2) continue;
        host.packets = host.guesses = host.named = 0;
        trials->hosts[kept++] = host;
    }
    trials->count = kept;
    return true;
}

bool trials_sign(struct trials *trials, uint64_t now) {
    return bucket_take(&trials->signs, &sign_kind, TRIALS_SIGN_EVERY_MS, now);
}

static void allow_one(struct trials_host *host) {
    if (host->packets >= TRIALS_PACKETS) host->packets = TRIALS_PACKETS - 1;
}

void trials_allow_one(struct trials *trials, const struct address *to) {
    struct trials_host *host = find(trials, to);
    if (host) allow_one(host);
}

void trials_allow_answered(struct trials *trials) {
    for (size_t i = 0; i < trials->count; i++)
        if (trials->hosts[i].answered) allow_one(&trials->hosts[i]);
}

bool trials_probed(struct trials *trials, uint64_t now) {
    return bucket_take(&trials->probes, &probe_kind, PROBED_EVERY_MS, now);
}

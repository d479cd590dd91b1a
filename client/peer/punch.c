#include "client/peer/punch.h"

#include <string.h>

#include "common/clock.h"

#define PUNCH_PAUSE_MS 500
#define PUNCH_PAUSE_MOST_MS 2000

/* Between the first packet and the second, and so on; PUNCH_PAUSE_MS from there. */
static const uint16_t pauses_ms[] = {20, 40, 80, 160, 320};

#define PAUSES (sizeof pauses_ms / sizeof pauses_ms[0])

static uint64_t pause_after(const struct punch *punch, uint8_t sent, uint8_t most) {
    uint64_t pause = sent > 0 && sent <= PAUSES && sent < most ? pauses_ms[sent - 1] : PUNCH_PAUSE_MS;
    if (punch->stretch > 1) pause *= punch->stretch;
    return earlier(later(pause, punch->answer_ms), PUNCH_PAUSE_MOST_MS);
}

/* FNV-1a. Two addresses that share a place share their packets, so a collision can only make less of them. */
static uint8_t *remembered(struct punch *punch, const struct address *address) {
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < sizeof address->ip; i++) hash = (hash ^ address->ip[i]) * 16777619u;
    hash = (hash ^ (address->port & 0xff)) * 16777619u;
    hash = (hash ^ (address->port >> 8)) * 16777619u;
    return &punch->forgotten[(hash >> 16 ^ hash) % PUNCH_MEMORY];
}

static void forget(struct punch *punch, const struct punch_candidate *candidate) {
    uint8_t *sent = remembered(punch, &candidate->address);
    if (*sent < candidate->sent) *sent = candidate->sent;
}

static struct punch_candidate *find(struct punch *punch, const struct address *address) {
    for (size_t i = 0; i < punch->count; i++)
        if (address_equal(&punch->candidates[i].address, address)) return &punch->candidates[i];
    return NULL;
}

static void append(struct punch *punch, const struct punch_candidate *candidate) {
    punch->candidates[punch->count++] = *candidate;
}

static struct punch_candidate newcomer(struct punch *punch, const struct address *address, bool learned, uint64_t now) {
    return (struct punch_candidate){.address = *address,
                                    .due = now,
                                    .sent = *remembered(punch, address),
                                    .most = learned ? PUNCH_PACKETS : punch->most,
                                    .learned = learned};
}

void punch_init(struct punch *punch) {
    memset(punch, 0, sizeof *punch);
}

static bool family_is_listed(const struct punch *punch, const struct address *address) {
    for (size_t i = 0; i < punch->count; i++) {
        const struct punch_candidate *candidate = &punch->candidates[i];
        if (!candidate->learned && address_is_ipv4(&candidate->address) == address_is_ipv4(address)) return true;
    }
    return false;
}

static void add_recorded(struct punch *punch, struct punch *old, const struct address *address, uint64_t now) {
    const struct punch_candidate *known = find(old, address);
    struct punch_candidate candidate = known ? *known : newcomer(punch, address, false, now);
    if (find(punch, address) || address_classify(address) == ADDRESS_UNUSABLE) return;
    if (candidate.answers) candidate.due = now;
    if (candidate.learned) candidate.most = punch->most;
    if (punch->best_alone && family_is_listed(punch, address)) candidate.most = 0;
    candidate.learned = candidate.answers = candidate.named = false;
    append(punch, &candidate);
}

/* Walks from the newest, so that the oldest are those left over, and puts them back in their order. */
static void keep_learned(struct punch *punch, struct punch *old) {
    size_t room = PUNCH_CANDIDATES - punch->count, first = old->count;
    while (first > 0 && room > 0) {
        const struct punch_candidate *candidate = &old->candidates[--first];
        if (candidate->learned && !find(punch, &candidate->address)) room--;
    }
    for (size_t i = first; i < old->count; i++)
        if (old->candidates[i].learned && !find(punch, &old->candidates[i].address)) append(punch, &old->candidates[i]);
}

void punch_set_candidates(struct punch *punch, const struct address *addresses, size_t count, uint64_t now) {
    struct punch old = *punch;
    punch->count = 0;
    for (size_t i = 0; i < count && punch->count < PUNCH_RECORDED; i++) add_recorded(punch, &old, &addresses[i], now);
    keep_learned(punch, &old);
    for (size_t i = 0; i < old.count; i++)
        if (!find(punch, &old.candidates[i].address)) forget(punch, &old.candidates[i]);
}

/* At most PUNCH_RECORDED are not learned, so a full list has one that is. */
static void drop_oldest_learned(struct punch *punch) {
    size_t at = 0;
    while (!punch->candidates[at].learned) at++;
    forget(punch, &punch->candidates[at]);
    punch->count--;
    memmove(&punch->candidates[at], &punch->candidates[at + 1], (punch->count - at) * sizeof punch->candidates[0]);
}

/* NULL when nothing can be sent there. */
static struct punch_candidate *find_or_add(struct punch *punch, const struct address *address, uint64_t now) {
    struct punch_candidate *known = find(punch, address), candidate;
    if (known || address_classify(address) == ADDRESS_UNUSABLE) return known;
    candidate = newcomer(punch, address, true, now);
    candidate.answers = true;
    if (punch->count == PUNCH_CANDIDATES) drop_oldest_learned(punch);
    append(punch, &candidate);
    return &punch->candidates[punch->count - 1];
}

void punch_learn(struct punch *punch, const struct address *address, uint64_t now) {
    struct punch_candidate *candidate = find_or_add(punch, address, now);
    if (candidate && candidate->answers) candidate->due = now;
}

void punch_keep(struct punch *punch, const struct address *address, uint64_t now) {
    struct punch_candidate *candidate = find_or_add(punch, address, now);
    if (!candidate || !candidate->answers) return;
    candidate->answers = candidate->named = false;
    candidate->most = punch->most;
    candidate->due = now;
}

void punch_name(struct punch *punch, const struct address *address, uint8_t packets, uint64_t now) {
    if (find(punch, address)) return;
    struct punch_candidate *candidate = find_or_add(punch, address, now);
    if (!candidate) return;
    candidate->answers = false;
    candidate->named = true;
    candidate->most = packets;
    candidate->due = now;
}

void punch_copy_candidates(struct punch *punch, const struct punch *from, uint64_t now) {
    struct address recorded[PUNCH_RECORDED];
    size_t count = 0;
    for (size_t i = 0; i < from->count && count < PUNCH_RECORDED; i++)
        if (!from->candidates[i].learned) recorded[count++] = from->candidates[i].address;
    punch_set_candidates(punch, recorded, count, now);
}

bool punch_names(const struct punch *punch, const struct address *address) {
    for (size_t i = 0; i < punch->count; i++)
        if (!punch->candidates[i].answers && address_equal(&punch->candidates[i].address, address)) return true;
    return false;
}

bool punch_spent(const struct punch *punch, const struct address *address) {
    for (size_t i = 0; i < punch->count; i++)
        if (address_equal(&punch->candidates[i].address, address))
            return !punch->candidates[i].answers && punch->candidates[i].sent >= punch->candidates[i].most;
    return false;
}

void punch_once_more(struct punch *punch, const struct address *address, uint64_t now) {
    struct punch_candidate *candidate = find(punch, address);
    if (!candidate || candidate->sent < candidate->most || candidate->sent >= PUNCH_PACKETS) return;
    candidate->most = candidate->sent + 1;
    candidate->due = now;
}

bool punch_best(const struct punch *punch, bool ipv4, struct address *out) {
    for (size_t i = 0; i < punch->count; i++) {
        if (punch->candidates[i].learned || address_is_ipv4(&punch->candidates[i].address) != ipv4) continue;
        *out = punch->candidates[i].address;
        return true;
    }
    return false;
}

bool punch_public(const struct punch *punch, struct address *out) {
    for (size_t i = 0; i < punch->count; i++) {
        if (punch->candidates[i].learned || address_classify(&punch->candidates[i].address) != ADDRESS_PUBLIC) continue;
        *out = punch->candidates[i].address;
        return true;
    }
    return false;
}

void punch_start(struct punch *punch, uint8_t most, bool best_alone, uint64_t now) {
    size_t count = punch->count;
    punch->count = 0;
    for (size_t i = 0; i < count; i++) {
        struct punch_candidate candidate = punch->candidates[i];
        if (candidate.answers || candidate.named) continue;
        bool beside = best_alone && !candidate.learned && family_is_listed(punch, &candidate.address);
        candidate.most = beside ? 0 : most;
        append(punch, &candidate);
    }
    punch->most = most;
    punch->best_alone = best_alone;
    punch->active = true;
    memset(punch->forgotten, 0, sizeof punch->forgotten);
    for (size_t i = 0; i < punch->count; i++) {
        punch->candidates[i].due = i == 0 ? now : now + punch->answer_ms;
        punch->candidates[i].sent = 0;
    }
}

void punch_pace(struct punch *punch, unsigned stretch, uint64_t answer_ms) {
    punch->stretch = stretch;
    punch->answer_ms = answer_ms;
}

void punch_put_off(struct punch *punch, uint64_t until) {
    for (size_t i = 0; i < punch->count; i++) punch->candidates[i].due = later(punch->candidates[i].due, until);
}

bool punch_spend(struct punch *punch, const struct address *address) {
    struct punch_candidate *candidate = find(punch, address);
    if (!candidate || candidate->answers || candidate->sent >= PUNCH_PACKETS) return false;
    candidate->sent++;
    return true;
}

void punch_stop(struct punch *punch) {
    punch->active = false;
}

/* The candidate that waits longest; of several, the best. */
static const struct punch_candidate *earliest(const struct punch *punch) {
    const struct punch_candidate *found = NULL;
    for (size_t i = 0; punch->active && i < punch->count; i++) {
        const struct punch_candidate *candidate = &punch->candidates[i];
        if (candidate->sent < candidate->most && (!found || candidate->due < found->due)) found = candidate;
    }
    return found;
}

const struct punch_candidate *punch_peek(const struct punch *punch, uint64_t now) {
    const struct punch_candidate *next = earliest(punch);
    return next && next->due <= now ? next : NULL;
}

void punch_refuse(struct punch *punch, const struct address *address) {
    struct punch_candidate *candidate = find(punch, address);
    if (candidate) candidate->most = candidate->sent;
}

bool punch_next(struct punch *punch, uint64_t now, struct address *out) {
    const struct punch_candidate *next = punch_peek(punch, now);
    struct punch_candidate *candidate;
    if (!next) return false;
    candidate = &punch->candidates[next - punch->candidates];
    candidate->sent++;
    candidate->due = candidate->answers ? NEVER : now + pause_after(punch, candidate->sent, candidate->most);
    *out = candidate->address;
    return true;
}

uint64_t punch_due(const struct punch *punch) {
    const struct punch_candidate *next = earliest(punch);
    return next ? next->due : NEVER;
}

uint64_t punch_exhausted_at(const struct punch *punch) {
    uint64_t last = 0;
    if (!punch->active) return NEVER;
    for (size_t i = 0; i < punch->count; i++) {
        const struct punch_candidate *candidate = &punch->candidates[i];
        if (candidate->answers) continue;
        if (candidate->sent < candidate->most) return NEVER;
        if (candidate->most == 0) continue;
        if (candidate->due > last) last = candidate->due;
    }
    return last;
}

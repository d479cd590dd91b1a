#include "bench/load/tally.h"

#include <inttypes.h>
#include <stdio.h>

#define NAMES_MAX 4
/* The counters of a page are read one after the other while the others' datagrams come in. */
#define SKEW_SHARE 64
/* Uptimes are rounded. */
#define UPTIME_STEP_S 0.01

enum relation {
    EXACTLY,
    MORE_UNSURE,  /* theirs may be more by the sessions that we gave up unheard */
    LESS_DROPS,   /* theirs may be less by what a kernel dropped or did not take */
    LESS_LIMITED, /* and by what they limited */
    MORE_OTHERS,  /* theirs may be more by those, and by the sessions of others that were there before */
    AT_LEAST,     /* theirs may be more */
    AT_MOST,      /* theirs may be less */
};

#define OURS(field) offsetof(struct tally, field)
#define NOTHING SIZE_MAX

static const struct rule {
    const char *what;
    size_t ours;
    enum relation relation;
    const char *theirs[NAMES_MAX]; /* summed */
} rules[] = {
    {"datagrams", OURS(datagrams), LESS_DROPS, {"gochat_received_total"}},
    {"heartbeats",
     OURS(beats),
     LESS_LIMITED, /* no beat is, but RESET for one */
     {"gochat_heartbeat_total", "gochat_heartbeat_old_total", "gochat_heartbeat_forged_total"}},
    {"answered heartbeats", OURS(beats_answered), AT_LEAST, {"gochat_beat_ack_total"}},
    {"registrations", OURS(registered), MORE_UNSURE, {"gochat_sessions_confirmed_total"}},
    {"leaves", OURS(left), EXACTLY, {"gochat_sessions_left_total"}},
    {"moves", OURS(moved), EXACTLY, {"gochat_sessions_moved_total"}},
    {"sessions that fell silent", OURS(fell_silent), MORE_OTHERS, {"gochat_sessions_expired_total"}},
    {"STUN requests", OURS(stun), LESS_LIMITED, {"gochat_stun_total"}},
    {"STUN answers", OURS(stun_answered), AT_LEAST, {"gochat_stun_total"}},
    {"forged heartbeats", NOTHING, EXACTLY, {"gochat_heartbeat_forged_total"}},
    {"forged packets", NOTHING, EXACTLY, {"gochat_sealed_forged_total"}},
    {"answered HELLOs", OURS(hellos_answered), AT_LEAST, {"gochat_hello_total"}},
    {"failed handshakes", OURS(handshakes_forged), AT_MOST, {"gochat_handshake_bad_total"}},
    {"foreign sessions", OURS(junk), AT_MOST, {"gochat_foreign_total"}},
    {"malformed datagrams",
     OURS(junk),
     AT_MOST,
     {"gochat_malformed_total", "gochat_unknown_type_total", "gochat_oversize_total"}},
};

static uint64_t growth(const struct tally *before, const struct tally *after, size_t offset) {
    if (offset == NOTHING) return 0;
    return *(const uint64_t *)((const char *)after + offset) - *(const uint64_t *)((const char *)before + offset);
}

static bool their_growth(const struct tally *before, const struct tally *after, const char *name, uint64_t *sum) {
    double was, is;
    if (!scrape_value(before->theirs, name, &was) || !scrape_value(after->theirs, name, &is)) return false;
    *sum += is > was ? (uint64_t)(is - was) : 0;
    return true;
}

/* What may be missing from theirs. */
static uint64_t less(const struct tally *before, const struct tally *after, enum relation relation) {
    uint64_t missing = 0;
    if (relation != LESS_DROPS && relation != LESS_LIMITED) return 0;
    (void)their_growth(before, after, "gochat_worker_overflowed_total", &missing);
    if (relation == LESS_LIMITED) (void)their_growth(before, after, "gochat_rate_limited_total", &missing);
    return missing + growth(before, after, OURS(failed));
}

static uint64_t beyond(uint64_t theirs, uint64_t ours) {
    return theirs > ours ? theirs - ours : 0;
}

/* What theirs may have beyond ours. */
static uint64_t more(const struct tally *before, const struct tally *after, enum relation relation) {
    uint64_t unsure = growth(before, after, OURS(unsure));
    double sessions = 0;
    if (relation == AT_LEAST) return UINT64_MAX;
    if (relation == MORE_UNSURE) return unsure;
    if (relation != MORE_OTHERS || !scrape_value(before->theirs, "gochat_sessions", &sessions)) return 0;
    return unsure + beyond((uint64_t)sessions, before->living);
}

/* --- Who else is there --- */

/* What one datagram of another client counts as, and no other one of it does; ours are all that may be ours. */
static const struct sign {
    size_t ours;
    const char *theirs[NAMES_MAX];
} signs[] = {
    {OURS(hellos), {"gochat_hello_total"}},
    {OURS(registers), {"gochat_register_total"}},
    {OURS(beats), {"gochat_heartbeat_total", "gochat_heartbeat_old_total", "gochat_heartbeat_forged_total"}},
    {OURS(left), {"gochat_sessions_left_total"}},
    {OURS(moved), {"gochat_sessions_moved_total"}},
    {OURS(stun), {"gochat_stun_total"}},
    {OURS(junk),
     {"gochat_malformed_total", "gochat_unknown_type_total", "gochat_oversize_total", "gochat_foreign_total"}},
};

/* Counters that it does not tell count nothing. */
static uint64_t sum_growth(const struct tally *before, const struct tally *after, const char *const *names) {
    uint64_t sum = 0;
    for (size_t i = 0; i < NAMES_MAX && names[i]; i++) (void)their_growth(before, after, names[i], &sum);
    return sum;
}

static bool others_are_there(const struct tally *before, const struct tally *after) {
    static const char *const arriving[NAMES_MAX] = {"gochat_received_total", "gochat_worker_overflowed_total"};
    static const char *const confirming[NAMES_MAX] = {"gochat_sessions_confirmed_total"};
    uint64_t datagrams = beyond(sum_growth(before, after, arriving), growth(before, after, OURS(datagrams)));
    uint64_t confirmed = beyond(sum_growth(before, after, confirming), growth(before, after, OURS(registered)));
    uint64_t done = 0, beats = 0;
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        uint64_t theirs = beyond(sum_growth(before, after, signs[i].theirs), growth(before, after, signs[i].ours));
        if (signs[i].ours == OURS(beats)) beats = theirs;
        done += theirs;
    }
    return done > 0 && done <= datagrams + datagrams / SKEW_SHARE && confirmed <= beats;
}

static bool was_restarted(const struct tally *before, const struct tally *after) {
    double was, is;
    if (!scrape_value(before->theirs, "gochat_uptime_seconds", &was) ||
        !scrape_value(after->theirs, "gochat_uptime_seconds", &is))
        return false;
    double begun_by_s = (double)before->told_us / 1e6 - was, begun_from_s = (double)after->asked_us / 1e6 - is;
    return begun_from_s > begun_by_s + UPTIME_STEP_S;
}

/* --- The rules --- */

/* What of theirs others may have caused cannot be too much. */
static bool agrees(const struct rule *rule, uint64_t ours, uint64_t theirs, uint64_t missing, uint64_t extra,
                   bool others) {
    bool enough = rule->relation == AT_MOST || theirs + missing >= ours;
    return enough && (others || theirs <= ours || theirs - ours <= extra);
}

static void apply(const struct rule *rule, const struct tally *before, const struct tally *after,
                  struct disagreements *out) {
    uint64_t ours = growth(before, after, rule->ours), theirs = 0;
    uint64_t missing = less(before, after, rule->relation), extra = more(before, after, rule->relation);
    char *line = out->lines[out->count];
    for (size_t i = 0; i < NAMES_MAX && rule->theirs[i]; i++) {
        if (their_growth(before, after, rule->theirs[i], &theirs)) continue;
        snprintf(line, DISAGREEMENT_SIZE, "%s: the bootnode does not tell %s", rule->what, rule->theirs[i]);
        out->count++;
        return;
    }
    if (agrees(rule, ours, theirs, missing, extra, out->others)) return;
    snprintf(line, DISAGREEMENT_SIZE, "%s: we count %" PRIu64 ", the bootnode %" PRIu64 ", dropped or limited %" PRIu64,
             rule->what, ours, theirs, missing);
    out->count++;
}

void tally_compare(const struct tally *before, const struct tally *after, struct disagreements *out) {
    _Static_assert(sizeof rules / sizeof *rules <= DISAGREEMENTS_MAX, "one line a rule");
    out->count = 0;
    out->restarted = was_restarted(before, after);
    out->others = !out->restarted && others_are_there(before, after);
    for (size_t i = 0; !out->restarted && i < sizeof rules / sizeof *rules; i++) apply(&rules[i], before, after, out);
}

#include "bench/load/fill.h"

#include <stdio.h>

#include "bench/load/fleet.h"
#include "bench/load/fleet_parts.h"
#include "bench/load/lifesign.h"
#include "bench/load/load_now.h"
#include "bench/load/places.h"
#include "bench/load/registration.h"
#include "bench/load/report.h"
#include "common/why.h"

#define WAIT_US 1000
/* One that is not answered begins anew; where nobody is the bootnode is not there. */
#define NOBODY_US 20000000
#define PROGRESS_US 100000
/* Announcements are coalesced for 100 ms and repeated after 250 ms: a room that was quiet for longer is told. */
#define QUIET_US 400000
#define SETTLE_US 10000000

struct filling {
    struct fleet *fleet;
    void (*progress)(void *context, uint64_t registered);
    void *context;
    uint32_t next; /* member to begin with */
    uint64_t registered_before, shown_us;
};

static void begin_more(struct filling *filling, uint64_t now_us) {
    struct fleet *fleet = filling->fleet;
    for (; filling->next < fleet->count && fleet->absent > 0; filling->next++) {
        if (places_count(fleet, filling->next, MEMBER_ABSENT) < fleet->layers) continue;
        if (!registration_wants_more(&fleet->registrations)) return;
        fleet->members[filling->next].node = NODES_ENTRY;
        if (!registration_start(fleet, filling->next, now_us)) return;
        fleet->absent--;
    }
}

static void show(struct filling *filling, uint64_t now_us) {
    if (!filling->progress || now_us - filling->shown_us < PROGRESS_US) return;
    filling->shown_us = now_us;
    filling->progress(filling->context, filling->fleet->counts.registered - filling->registered_before);
}

/* Whose figures a line has: one thread fails first, and its own are all it knows. */
static const char *whose(const struct fleet *fleet) {
    return fleet->share.count > 1 ? " of one thread" : "";
}

static void say_refused(const struct fleet *fleet, struct why *why) {
    unsigned most = 0;
    uint64_t total = 0;
    for (unsigned i = 0; i < REFUSAL_END; i++) {
        total += fleet->registrations.refused[i];
        if (fleet->registrations.refused[i] > fleet->registrations.refused[most]) most = i;
    }
    why_fail(why, "the bootnode refused %llu registrations of %u%s: %s", (unsigned long long)total, fleet->count,
             whose(fleet), report_refusal(most));
}

static bool nobody_is_answered(const struct fleet *fleet) {
    return nodes_all_missing_us(&fleet->nodes) > NOBODY_US;
}

static bool went_wrong(struct fleet *fleet, struct why *why) {
    if (fleet->draining)
        why_fail(why, "the bootnode is shutting down");
    else if (fleet->registrations.failed)
        say_refused(fleet, why);
    else if (fleet_must_stop(fleet))
        why_fail(why, fleet->no_memory ? "out of memory" : "interrupted");
    else if (nobody_is_answered(fleet))
        why_fail(why, "the bootnode did not answer anybody for 20 s, %llu sessions of %u%s had registered by then",
                 (unsigned long long)fleet->counts.registered, fleet->count, whose(fleet));
    return fleet->registrations.failed || fleet_must_stop(fleet) || nobody_is_answered(fleet);
}

static bool all_know_their_rooms(const struct fleet *fleet) {
    for (uint32_t i = 0; i < fleet->places; i++)
        if (fleet->members[i].version.epoch == 0 && (!fleet->homes || fleet->members[i].state == MEMBER_ACTIVE))
            return false;
    return true;
}

/* Nobody is announced any more, and everyone was told of everyone. */
static void settle(struct fleet *fleet) {
    uint64_t now = load_now_us(), end = now + SETTLE_US, look = now;
    while (!fleet_must_stop(fleet) && now < end &&
           (now - fleet->changed_us < QUIET_US || now < look || !all_know_their_rooms(fleet))) {
        if (now >= look) look = now + PROGRESS_US;
        fleet_drive(fleet, WAIT_US);
        now = load_now_us();
    }
}

static bool is_wanting(const struct fleet *fleet) {
    return fleet->absent > 0 || fleet->registrations.active > 0 || fleet->churners > 0 || fleet_missing(fleet) > 0;
}

bool fill_fleet(struct fleet *fleet, void (*progress)(void *context, uint64_t registered), void *context,
                struct fill_result *out, struct why *why) {
    uint64_t start = load_now_us(), now = start;
    struct filling filling = {
        .fleet = fleet, .progress = progress, .context = context, .registered_before = fleet->counts.registered};
    bool needed = is_wanting(fleet);
    fleet->registrations.failed = false;
    fleet->swept_us = start;
    lifesign_forget(fleet, start);
    while (is_wanting(fleet)) {
        begin_more(&filling, now);
        fleet_drive(fleet, WAIT_US);
        if (went_wrong(fleet, why)) return false;
        now = load_now_us();
        show(&filling, now);
    }
    *out = (struct fill_result){.registered = fleet->counts.registered - filling.registered_before,
                                .elapsed_us = now - start};
    if (needed) settle(fleet);
    return true;
}

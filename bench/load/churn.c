#include "bench/load/churn.h"

#include "bench/load/fleet_parts.h"
#include "bench/load/places.h"
#include "bench/load/registration.h"

#define AWAY_US 2000000
#define LEAVE_FIRST_US 100000
#define LEAVE_TRIES 5
#define CHOICES 8
#define DEAF_US 1000000

static void say_leave(struct fleet *fleet, uint32_t member, uint8_t tries, uint64_t now_us) {
    fleet_send_leave(fleet, member, LEAVE_SAID);
    fleet_plan(fleet, &(struct agenda_entry){.due_us = now_us + ((uint64_t)LEAVE_FIRST_US << tries),
                                             .member = member,
                                             .errand = ERRAND_LEAVE,
                                             .tries = (uint8_t)(tries + 1)});
}

/* From all its nodes it leaves; the last of its places comes back, by the entry. */
static void go_out(struct fleet *fleet, uint32_t member, uint64_t back_us) {
    if (!fleet->homes) {
        fleet_go_away(fleet, member, back_us);
    } else if (places_count(fleet, member, MEMBER_LEAVING) > 1) {
        fleet_forget(fleet, member);
        fleet->members[member].state = MEMBER_ABSENT;
        fleet_returned(fleet, member);
    } else {
        fleet_go_away(fleet, member, back_us);
        fleet->members[member].node = NODES_ENTRY;
    }
}

static bool choose(struct fleet *fleet, uint32_t *member) {
    for (unsigned i = 0; i < 2 * CHOICES; i++) {
        *member = (uint32_t)(fleet_random(fleet) % fleet->count);
        bool quiet = fleet->room_churners[fleet_room(fleet, *member)] == 0;
        if (places_all_active(fleet, *member) && (quiet || i >= CHOICES)) return true;
    }
    return false;
}

static void leave(struct fleet *fleet, uint32_t member, uint64_t now_us) {
    if (fleet->members[member].flags & MEMBER_WATCHED) oracle_leaves(fleet->oracle, fleet_place(fleet, member));
    for (uint32_t place = member; place < fleet->places; place += fleet->count) {
        if (fleet->members[place].state != MEMBER_ACTIVE) continue;
        fleet->members[place].state = MEMBER_LEAVING;
        fleet_set_out(fleet, place);
        say_leave(fleet, place, 0, now_us);
    }
}

void churn_step(struct fleet *fleet, uint64_t now_us) {
    struct row_state *row = &fleet->row;
    if (now_us < row->churned_us) return; /* the row is about to begin */
    uint64_t passed = now_us - row->churned_us;
    row->churned_us = now_us;
    if (!row->running || row->options.churn_percent <= 0 ||
        (double)(now_us - row->began_us) > row->options.duration_s * 1e6)
        return;
    row->churn_debt += (double)fleet->count * row->options.churn_percent / 100 * (double)passed / 1e6;
    while (row->churn_debt >= 1) {
        uint32_t member;
        row->churn_debt--;
        if (choose(fleet, &member)) leave(fleet, member, now_us);
    }
}

void churn_errand(struct fleet *fleet, const struct agenda_entry *entry, uint64_t now_us) {
    if (fleet->members[entry->member].state != MEMBER_LEAVING) return;
    if (entry->tries < LEAVE_TRIES) {
        say_leave(fleet, entry->member, entry->tries, now_us);
    } else {
        /* It fell silent while this was asked of it. */
        bool silent = fleet->homes && nodes_missing_us(&fleet->nodes, fleet->members[entry->member].node) >= DEAF_US;
        fleet->misdeeds.unanswered += !silent;
        fleet->counts.abandoned += silent;
        fleet->counts.unsure += silent;
        go_out(fleet, entry->member, now_us + AWAY_US);
    }
}

void churn_return(struct fleet *fleet, uint64_t now_us) {
    struct agenda_entry entry;
    while (registration_has_place(&fleet->registrations) && agenda_next(&fleet->returns, now_us, &entry))
        if (fleet->members[entry.member].state == MEMBER_AWAY) (void)registration_start(fleet, entry.member, now_us);
}

void churn_left(struct fleet *fleet, uint32_t member, uint64_t now_us) {
    fleet->counts.left++;
    fleet->nodes.list[fleet->members[member].node].left++;
    go_out(fleet, member, now_us + AWAY_US);
}

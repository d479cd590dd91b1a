#include "bench/load/fall.h"

#include "bench/load/fleet.h"
#include "bench/load/fleet_parts.h"
#include "bench/load/load_now.h"
#include "bench/load/silence.h"

#define LAST_WORD_WINDOW 1024
#define WAIT_US 1000
#define LATE_MOST_US 250000 /* the bootnode promises to find them by then */

static void note_expiring(struct fleet *fleet) {
    uint64_t now_us = load_now_us();
    uint32_t longest = 0, shortest = UINT32_MAX;
    for (uint32_t i = 0; i < fleet->places; i++) {
        uint32_t rested_ms = fleet_ms(now_us) - fleet->beaten_ms[i];
        if (fleet->members[i].state != MEMBER_SILENT) continue;
        if (rested_ms > longest) longest = rested_ms;
        if (rested_ms < shortest) shortest = rested_ms;
    }
    if (shortest == UINT32_MAX) return;
    uint64_t expiry_us = now_us + fleet->expiry_ms * UINT64_C(1000);
    fleet->row.expiring_from_us = expiry_us - longest * UINT64_C(1000);
    fleet->row.expiring_until_us = expiry_us - shortest * UINT64_C(1000) + LATE_MOST_US;
}

void fall_expiring(const struct fleet *fleet, uint64_t *from_us, uint64_t *until_us) {
    *from_us = fleet->row.expiring_from_us;
    *until_us = fleet->row.expiring_until_us;
}

/* All of its sessions at once: the member is silent when the last of them is. */
static void say_last(struct fleet *fleet, uint32_t member) {
    for (uint32_t place = member; place < fleet->places; place += fleet->count) {
        struct member *self = &fleet->members[place];
        if (self->state != MEMBER_SILENT) continue;
        fleet->counts.fell_silent++;
        if (!(self->flags & MEMBER_WATCHED)) continue;
        self->flags |= MEMBER_LAST_WORD;
        fleet->row.last_words++;
    }
    for (uint32_t place = member; place < fleet->places; place += fleet->count)
        if (fleet->members[place].flags & MEMBER_LAST_WORD) silence_say_last(fleet, place, 0, load_now_us());
}

void fall_silent(struct fleet *fleet) {
    uint32_t window = fleet_window(fleet, LAST_WORD_WINDOW);
    for (uint32_t i = 0; i < fleet->count && !fleet_must_stop(fleet); i++) {
        say_last(fleet, i);
        while (fleet->row.last_words >= window && !fleet_must_stop(fleet)) fleet_drive(fleet, WAIT_US);
    }
    while (fleet->row.last_words > 0 && !fleet_must_stop(fleet)) fleet_drive(fleet, WAIT_US);
    note_expiring(fleet);
}

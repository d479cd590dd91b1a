#include "bench/load/rebind.h"

#include "bench/load/beats.h"
#include "bench/load/fleet.h"
#include "bench/load/fleet_parts.h"
#include "bench/load/load_now.h"
#include "common/why.h"

#define REBIND_WINDOW 1024
#define REBIND_WAIT_US 1000
#define REBIND_PAUSE_US 600000 /* between two tries of one session: over the time in which it heeds no second PATH */
#define REBIND_VAIN_ROUNDS 8   /* in a row, then those left do not move any more */

/* Everyone who did not move yet beats, which draws PATH, or, where MOVE came but not the answer to it, that answer; no
 * more at once than the bootnode's buffers hold. */
static void rebind_round(struct fleet *fleet) {
    uint32_t sent = 0, begun_with = fleet->astray, window = fleet_window(fleet, REBIND_WINDOW);
    for (uint32_t i = 0; i < fleet->places && !fleet_must_stop(fleet); i++) {
        if (!(fleet->members[i].flags & MEMBER_ASTRAY)) continue;
        beats_send(fleet, i, true, load_now_us());
        sent++;
        for (unsigned waits = 0; waits < 100 && sent > begun_with - fleet->astray + window; waits++)
            fleet_drive(fleet, REBIND_WAIT_US);
    }
    uint64_t end = load_now_us() + REBIND_PAUSE_US;
    while (fleet->astray > 0 && load_now_us() < end) fleet_drive(fleet, REBIND_WAIT_US);
}

bool rebind_sessions(struct fleet *fleet, struct why *why) {
    fleet_flush(fleet);
    if (!wire_rebind(fleet->wire, why)) return false;
    for (uint32_t i = 0; i < fleet->places; i++) {
        struct member *member = &fleet->members[i];
        if (member->state != MEMBER_ACTIVE) continue;
        fleet->astray += !(member->flags & MEMBER_ASTRAY);
        member->flags |= MEMBER_ASTRAY;
    }
    for (unsigned vain = 0; vain < REBIND_VAIN_ROUNDS && fleet->astray > 0 && !fleet_must_stop(fleet);) {
        uint32_t before = fleet->astray;
        rebind_round(fleet);
        vain = fleet->astray < before ? 0 : vain + 1;
    }
    fleet->misdeeds.stuck += fleet->astray;
    return true;
}

#include "bench/load/lifesign.h"

#include "bench/load/beats.h"
#include "bench/load/comeback.h"
#include "bench/load/fleet_parts.h"

/* A step that takes longer is one in which we did not run. */
#define STEP_MOST_US 200000
#define ASK_AFTER_US 2000000
#define LOST_US 15500000
#define CHOICES 16

static uint64_t last_sign(const struct fleet *fleet) {
    uint64_t answered_us = fleet->registrations.answered_us;
    return fleet->heard_us > answered_us ? fleet->heard_us : answered_us;
}

static void ask(struct fleet *fleet, uint64_t now_us) {
    fleet->lifesign.asked_us = now_us;
    for (unsigned i = 0; i < CHOICES; i++) {
        uint32_t member = (uint32_t)(fleet_random(fleet) % fleet->count);
        if (fleet->members[member].state != MEMBER_ACTIVE) continue;
        (void)beats_send(fleet, member, true, now_us);
        return;
    }
}

void lifesign_forget(struct fleet *fleet, uint64_t now_us) {
    fleet->lifesign = (struct lifesign){.stepped_us = now_us, .heard_us = last_sign(fleet)};
}

void lifesign_step(struct fleet *fleet, uint64_t now_us) {
    struct lifesign *sign = &fleet->lifesign;
    uint64_t passed_us = now_us - sign->stepped_us;
    sign->stepped_us = now_us;
    if (last_sign(fleet) != sign->heard_us || now_us < fleet->comeback.expected_us) {
        lifesign_forget(fleet, now_us);
        return;
    }
    sign->missing_us += passed_us < STEP_MOST_US ? passed_us : STEP_MOST_US;
    if (sign->missing_us < ASK_AFTER_US || now_us - sign->asked_us < REPEAT_US) return;
    if (sign->missing_us < LOST_US)
        ask(fleet, now_us);
    else
        comeback_lost(fleet, now_us);
}

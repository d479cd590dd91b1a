#include "bench/load/debts.h"

#include <stdlib.h>

#include "bench/load/beats.h"
#include "bench/load/fleet_parts.h"

void debts_add(struct fleet *fleet, const struct debt *debt) {
    if (fleet->debt_count == fleet->debt_capacity) {
        size_t capacity = fleet->debt_capacity ? 2 * fleet->debt_capacity : 1024;
        struct debt *debts = realloc(fleet->debts, capacity * sizeof *debts);
        if (!debts) return;
        fleet->debts = debts;
        fleet->debt_capacity = capacity;
    }
    fleet->debts[fleet->debt_count++] = *debt;
}

static void move(struct fleet *fleet, uint32_t member, const struct cookie *cookie, uint64_t now_us) {
    uint8_t body[COOKIE_SIZE];
    struct writer writer = writer_over(body, sizeof body);
    write_cookie(&writer, cookie);
    fleet_send_sealed(fleet, member, MESSAGE_MOVE, body, writer_size(&writer));
    beats_send(fleet, member, true, now_us);
}

void debts_pay(struct fleet *fleet, uint64_t now_us) {
    for (; fleet->debt_next < fleet->debt_count; fleet->debt_next++) {
        const struct debt *debt = &fleet->debts[fleet->debt_next];
        const struct member *member = &fleet->members[debt->member];
        if (member->state != MEMBER_ACTIVE && member->state != MEMBER_CONFIRMING) continue;
        if (debt->moves)
            move(fleet, debt->member, &debt->cookie, now_us);
        else if (member->flags & MEMBER_OWES_BEAT)
            beats_send(fleet, debt->member, false, now_us);
    }
    fleet->debt_next = fleet->debt_count = 0;
}

#include "bench/load/comeback.h"

#include "bench/load/beats.h"
#include "bench/load/comeback_result.h"
#include "bench/load/fleet_parts.h"

#define NOTICE_MOST_MS 60000
#define TOLD_US 90000000 /* that, the slowest asking, and some time for those whose NOTICE was lost */
#define ASK_TRIES 31     /* for 15.5 s */
#define ASKS_WITHIN_US 12000000
#define RESET_DOUBLINGS 7
#define LASTING_S 60

static void lose(struct fleet *fleet, uint32_t member, uint64_t now_us) {
    struct comeback *comeback = &fleet->comeback;
    struct member *self = &fleet->members[member];
    if (self->flags & MEMBER_WATCHED) oracle_withdraw(fleet->oracle, fleet_place(fleet, member), now_us);
    if (self->flags & MEMBER_RETURNS) return;
    self->flags |= MEMBER_RETURNS;
    if (comeback->began_us == 0) comeback->began_us = now_us;
    comeback->result.lost++;
    fleet->nodes.list[self->node].lost++;
}

void comeback_done(struct fleet *fleet, uint32_t member, uint64_t now_us) {
    struct comeback *comeback = &fleet->comeback;
    if (!(fleet->members[member].flags & MEMBER_RETURNS)) return;
    uint64_t took_ms = (now_us - comeback->began_us) / 1000;
    fleet->members[member].flags &= (uint8_t)~MEMBER_RETURNS;
    comeback->result.back++;
    histogram_add(&comeback->result.back_ms, took_ms);
    if (fleet_missing(fleet) > 0) return;
    if (took_ms > comeback->result.all_ms) comeback->result.all_ms = took_ms;
    comeback->began_us = 0;
    for (uint8_t i = 0; i < fleet->nodes.count; i++) fleet->nodes.list[i].expected_us = 0;
}

/* --- A restart that was told --- */

static void ask_at(struct fleet *fleet, uint32_t member, uint8_t tries, uint64_t due_us) {
    fleet_plan(fleet, &(struct agenda_entry){.due_us = due_us, .member = member, .errand = ERRAND_ASK, .tries = tries});
}

void comeback_notice(struct fleet *fleet, uint32_t member, uint32_t retry_ms, uint64_t now_us) {
    struct comeback *comeback = &fleet->comeback;
    uint64_t due_us = now_us + UINT64_C(1000) * (retry_ms < NOTICE_MOST_MS ? retry_ms : NOTICE_MOST_MS);
    lose(fleet, member, now_us);
    comeback->result.told++;
    comeback->told_until_us = now_us + TOLD_US;
    uint64_t *expected_us = &fleet->nodes.list[fleet->members[member].node].expected_us;
    if (due_us > *expected_us) *expected_us = due_us;
    fleet->members[member].state = MEMBER_ASKING;
    fleet->members[member].asked = UINT32_MAX;
    ask_at(fleet, member, 0, due_us);
}

/* The session is let go unheard. */
static void abandon(struct fleet *fleet, uint32_t member, uint64_t back_us, uint64_t now_us) {
    lose(fleet, member, now_us);
    fleet->counts.abandoned++;
    fleet->counts.unsure++;
    fleet_come_back(fleet, member, back_us);
    if (fleet->homes) fleet->members[member].node = NODES_ENTRY;
}

void comeback_errand(struct fleet *fleet, const struct agenda_entry *entry, uint64_t now_us) {
    if (fleet->members[entry->member].state != MEMBER_ASKING) return;
    if (entry->tries == ASK_TRIES) {
        abandon(fleet, entry->member, now_us, now_us);
        return;
    }
    uint32_t counter = beats_send(fleet, entry->member, true, now_us);
    if (entry->tries == 0) fleet->members[entry->member].asked = counter;
    ask_at(fleet, entry->member, (uint8_t)(entry->tries + 1), now_us + REPEAT_US);
}

/* What is answered from before is nothing that was asked since. */
void comeback_answered(struct fleet *fleet, uint32_t member, uint32_t counter, uint64_t now_us) {
    if (counter < fleet->members[member].asked) return;
    fleet->members[member].state = MEMBER_ACTIVE;
    comeback_done(fleet, member, now_us);
}

/* --- Others --- */

static uint64_t reset_wait_us(struct fleet *fleet, struct member *member, uint64_t now_us) {
    uint16_t lasted_s = (uint16_t)((uint16_t)(now_us / 1000000) - member->registered_s);
    member->resets = lasted_s >= LASTING_S ? 0 : (uint8_t)(member->resets + (member->resets < RESET_DOUBLINGS));
    uint64_t wait_us = (uint64_t)REPEAT_US << member->resets;
    return wait_us + fleet_random(fleet) % wait_us;
}

void comeback_reset(struct fleet *fleet, uint32_t member, uint64_t now_us) {
    struct member *self = &fleet->members[member];
    bool asked = self->state == MEMBER_ASKING;
    fleet->counts.resets++;
    fleet->counts.beats_reset++;
    if (beats_overdue(fleet, member, now_us)) {
        fleet->misdeeds.overdue++;
        fleet->counts.unsure++; /* it expired, which nobody had it do */
    } else if (now_us >= fleet->comeback.told_until_us) {
        fleet->misdeeds.resets++;
    }
    lose(fleet, member, now_us);
    fleet_come_back(fleet, member, asked ? now_us : now_us + reset_wait_us(fleet, self, now_us));
}

void comeback_lost(struct fleet *fleet, uint8_t node, uint64_t now_us) {
    for (uint32_t i = 0; i < fleet->places; i++)
        if (fleet->members[i].state == MEMBER_ACTIVE && fleet->members[i].node == node)
            abandon(fleet, i, now_us + fleet_random(fleet) % ASKS_WITHIN_US, now_us);
}

/* --- What came of it --- */

void comeback_take(struct fleet *fleet, struct comeback_result *out) {
    uint64_t missing = fleet_missing(fleet);
    *out = fleet->comeback.result;
    fleet->comeback.result = (struct comeback_result){.lost = missing};
}

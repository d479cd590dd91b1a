/* What a session sends because of what it received, and how it moves to another port. */
#include <sodium.h>
#include <stdlib.h>

#include "bench/load/fleet_parts.h"
#include "bench/load/load_now.h"
#include "common/suite.h"

#define REBIND_WINDOW 1024
#define REBIND_WAIT_US 1000
#define REBIND_PAUSE_US 600000 /* between two tries of one session: over the time in which it heeds no second PATH */
#define REBIND_VAIN_ROUNDS 8   /* in a row, then those left do not move any more */

void fleet_send_sealed(struct fleet *fleet, uint32_t member, enum message_type type, const uint8_t *body, size_t size) {
    struct member *self = &fleet->members[member];
    size_t socket = fleet_socket(fleet, member);
    uint8_t key[SUITE_KEY_SIZE];
    const struct sealed_header header = {
        .type = (uint8_t)type, .session_id = self->session_id, .counter = ++self->sealed};
    link_seal_key(self->secret, LINK_TO_BOOTNODE, key);
    fleet_commit(fleet, socket, link_seal(key, &header, body, size, fleet_space(fleet, socket), PACKET_MAX));
    sodium_memzero(key, sizeof key);
}

/* Without memory it is as if the packet had been lost. */
void debt_add(struct fleet *fleet, const struct debt *debt) {
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
    beat_send(fleet, member, true, now_us);
}

void debts_pay(struct fleet *fleet, uint64_t now_us) {
    for (; fleet->debt_next < fleet->debt_count; fleet->debt_next++) {
        const struct debt *debt = &fleet->debts[fleet->debt_next];
        const struct member *member = &fleet->members[debt->member];
        if (member->state != MEMBER_ACTIVE && member->state != MEMBER_CONFIRMING) continue;
        if (debt->moves)
            move(fleet, debt->member, &debt->cookie, now_us);
        else if (member->flags & MEMBER_OWES_BEAT)
            beat_send(fleet, debt->member, false, now_us);
    }
    fleet->debt_next = fleet->debt_count = 0;
}

void path_receive(struct fleet *fleet, const uint8_t *packet, size_t size, uint64_t now_us) {
    struct path_message path;
    if (!path_decode(packet, size, &path)) {
        fleet->misdeeds.malformed++;
        return;
    }
    uint32_t number = session_index_find(&fleet->index, path.session_id);
    if (number == SESSION_INDEX_NONE) return;
    struct member *member = &fleet->members[number];
    if (!link_check_path(member->ack_key, packet)) {
        fleet->misdeeds.forged++;
        return;
    }
    fleet->heard_us = now_us;
    if (member->state != MEMBER_ACTIVE && member->state != MEMBER_CONFIRMING) return;
    if (!(member->flags & MEMBER_ASTRAY)) fleet->astray++;
    member->flags |= MEMBER_ASTRAY;
    if (member->moved_ms != 0 && fleet_ms(now_us) - member->moved_ms < REPEAT_US / 1000) return;
    member->moved_ms = fleet_ms(now_us);
    debt_add(fleet, &(struct debt){.member = number, .moves = true, .cookie = path.cookie});
}

/* Everyone who did not move yet beats, which draws PATH, or, where MOVE came but not the answer to it, that answer; no
 * more at once than the bootnode's buffers hold. */
static void rebind_round(struct fleet *fleet) {
    uint32_t sent = 0, begun_with = fleet->astray;
    for (uint32_t i = 0; i < fleet->count && !fleet_must_stop(fleet); i++) {
        if (!(fleet->members[i].flags & MEMBER_ASTRAY)) continue;
        beat_send(fleet, i, true, load_now_us());
        sent++;
        for (unsigned waits = 0; waits < 100 && sent > begun_with - fleet->astray + REBIND_WINDOW; waits++)
            fleet_drive(fleet, REBIND_WAIT_US);
    }
    uint64_t end = load_now_us() + REBIND_PAUSE_US;
    while (fleet->astray > 0 && load_now_us() < end) fleet_drive(fleet, REBIND_WAIT_US);
}

bool movement_rebind(struct fleet *fleet, char *why, size_t why_size) {
    fleet_flush(fleet);
    if (!wire_rebind(fleet->wire, why, why_size)) return false;
    for (uint32_t i = 0; i < fleet->count; i++) {
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

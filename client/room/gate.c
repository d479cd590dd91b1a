#include "client/room/gate.h"

#include <string.h>

bool gate_is_kept(const struct gate *gate) {
    return gate->keeper.admits != NULL;
}

bool gate_presumes(const struct gate *gate) {
    return !gate_is_kept(gate) || gate->keeper.presumes(gate->keeper.context);
}

void gate_listed(const struct gate *gate, struct member *member, size_t set) {
    if (member->decided || member->told.present) return;
    member->admitted = !gate_is_kept(gate) || (set == key_sets_current(gate->sets) && gate_presumes(gate));
}

static struct gate_visit visit_of(const struct gate *gate, const struct peer *peer) {
    struct gate_visit visit = {.role = KEY_SET_UNUSED};
    memcpy(visit.identity, peer->introduction.identity, sizeof visit.identity);
    if (!peer->current.set) return visit;
    visit.role = gate->sets->roles[key_sets_number(gate->sets, peer->current.set)];
    memcpy(visit.tag, peer->current.set->tag, sizeof visit.tag);
    return visit;
}

bool gate_decide(const struct gate *gate, struct member *member) {
    const struct peer *peer = member->peer;
    const struct gate_visit visit = visit_of(gate, peer);
    member->decided = gate_is_kept(gate);
    member->admitted = !member->decided || gate->keeper.admits(gate->keeper.context, peer->pair.other_id, &visit);
    return member->admitted;
}

bool gate_belongs(const struct gate *gate, const struct member *member) {
    return gate->keeper.belongs && gate->keeper.belongs(gate->keeper.context, member->peer->introduction.identity);
}

void gate_met(const struct gate *gate, const struct member *member, uint64_t now) {
    if (gate_is_kept(gate)) gate->keeper.met(gate->keeper.context, member->peer->pair.other_id, member->admitted, now);
}

void gate_dropped(const struct gate *gate, const struct member *member, uint64_t now) {
    if (gate->keeper.dropped) gate->keeper.dropped(gate->keeper.context, member->peer->pair.other_id, now);
}

const char *gate_role(const struct gate *gate, const struct member *member) {
    return gate->keeper.role ? gate->keeper.role(gate->keeper.context, member->peer->pair.other_id) : NULL;
}

void gate_left(const struct gate *gate, const struct member *member) {
    if (gate_is_kept(gate)) gate->keeper.left(gate->keeper.context, member->peer->pair.other_id);
}

static bool is_of_charter(const uint8_t *message, size_t size) {
    return size > 0 && message[0] >= GATE_MESSAGE_FIRST && message[0] <= GATE_MESSAGE_LAST;
}

bool gate_told(const struct gate *gate, const struct member *member, const uint8_t *message, size_t size,
               uint64_t now) {
    if (!gate_is_kept(gate) || !is_of_charter(message, size)) return false;
    gate->keeper.told(gate->keeper.context, member->peer->pair.other_id, message, size, now);
    return true;
}

#include "bench/load/fleet_parts.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "bench/load/interrupt.h"
#include "bench/load/mix.h"
#include "common/suite.h"

uint64_t fleet_random(struct fleet *fleet) {
    return mix_next(&fleet->random);
}

/* The inverse of fleet_watched_room. */
struct oracle_place fleet_place(const struct fleet *fleet, uint32_t member) {
    uint64_t room = fleet_room(fleet, member);
    uint32_t watch = (uint32_t)((room * fleet->watched + fleet->rooms - 1) / fleet->rooms);
    return (struct oracle_place){.room = watch,
                                 .position = fleet_member(fleet, member) % fleet->room_size,
                                 .layer = fleet->layers > 1 ? member / fleet->count : 0};
}

uint32_t fleet_key_number(const struct fleet *fleet, uint32_t member) {
    struct oracle_place place = {.room = fleet->watched, .position = fleet_member(fleet, member) % fleet->room_size};
    if (fleet->members[member].flags & MEMBER_WATCHED) place = fleet_place(fleet, member);
    return place.room * fleet->room_size + place.position;
}

uint64_t *fleet_arriving(const struct fleet *fleet, uint32_t member) {
    struct oracle_place place = fleet_place(fleet, member);
    size_t row = (size_t)place.layer * fleet->watched + place.room;
    return fleet->arriving + (row * fleet->room_size + place.position) * oracle_words(fleet->oracle);
}

uint8_t *fleet_space(struct fleet *fleet, size_t socket) {
    uint8_t *space = wire_reserve(fleet->wire, socket);
    if (!space) {
        wire_flush(fleet->wire, socket);
        space = wire_reserve(fleet->wire, socket);
    }
    fleet->no_space = space == NULL;
    return space ? space : fleet->scratch;
}

void fleet_commit(struct fleet *fleet, size_t socket, size_t size) {
    if (fleet->no_space || size == 0) return;
    wire_commit(fleet->wire, socket, size);
    if (fleet->is_dirty[socket]) return;
    fleet->is_dirty[socket] = true;
    fleet->dirty[fleet->dirty_count++] = (uint32_t)socket;
}

void fleet_flush(struct fleet *fleet) {
    for (size_t i = 0; i < fleet->dirty_count; i++) {
        wire_flush(fleet->wire, fleet->dirty[i]);
        fleet->is_dirty[fleet->dirty[i]] = false;
    }
    fleet->dirty_count = 0;
}

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

void fleet_send_leave(struct fleet *fleet, uint32_t member, enum leave_reason reason) {
    uint8_t body[LEAVE_BODY_SIZE];
    struct writer writer = writer_over(body, sizeof body);
    write_leave_body(&writer, reason);
    fleet_send_sealed(fleet, member, MESSAGE_LEAVE, body, writer_size(&writer));
}

bool fleet_widen_sockets(struct fleet *fleet) {
    size_t count = wire_sockets(fleet->wire) + 1, was = fleet->sockets + 1;
    struct beat_turn *turns = realloc(fleet->order.turns, count * sizeof *turns);
    if (turns) fleet->order.turns = turns;
    uint32_t *dirty = realloc(fleet->dirty, count * sizeof *dirty);
    if (dirty) fleet->dirty = dirty;
    bool *is_dirty = realloc(fleet->is_dirty, count * sizeof *is_dirty);
    if (is_dirty) fleet->is_dirty = is_dirty;
    if (!turns || !dirty || !is_dirty) return false;
    memset(turns + was, 0, (count - was) * sizeof *turns);
    memset(is_dirty + was, 0, (count - was) * sizeof *is_dirty);
    fleet->sockets = count - 1;
    return true;
}

void fleet_plan(struct fleet *fleet, const struct agenda_entry *entry) {
    struct agenda *agenda = entry->errand == ERRAND_RETURN ? &fleet->returns : &fleet->agenda;
    if (!agenda_add(agenda, entry)) fleet->no_memory = true;
}

uint32_t fleet_window(const struct fleet *fleet, uint32_t window) {
    uint64_t own = share_of(window, fleet->share);
    return own > 0 ? (uint32_t)own : 1;
}

bool fleet_must_stop(const struct fleet *fleet) {
    bool halted = fleet->halted && atomic_load_explicit(fleet->halted, memory_order_relaxed);
    return halted || fleet->draining || fleet->no_memory || interrupted();
}

void fleet_heard(struct fleet *fleet, uint32_t member, uint64_t now_us) {
    fleet->heard_us = now_us;
    fleet->nodes.list[fleet->members[member].node].heard_us = now_us;
}

void fleet_forget(struct fleet *fleet, uint32_t member) {
    struct member *self = &fleet->members[member];
    if (self->session_id != 0) session_index_remove(&fleet->index, member);
    if (self->session_id != 0 && self->state != MEMBER_CONFIRMING) fleet->nodes.list[self->node].sessions--;
    if (self->flags & MEMBER_ASTRAY) fleet->astray--;
    if (self->flags & MEMBER_LAST_WORD) fleet->row.last_words--;
    self->flags &= MEMBER_LASTING;
    self->session_id = 0;
}

void fleet_set_out(struct fleet *fleet, uint32_t member) {
    fleet->churners++;
    fleet->members[member].flags |= MEMBER_CHURNS;
    fleet->room_churners[fleet_room(fleet, member)]++;
}

void fleet_go_away(struct fleet *fleet, uint32_t member, uint64_t back_us) {
    fleet_forget(fleet, member);
    fleet->members[member].state = MEMBER_AWAY;
    fleet_plan(fleet, &(struct agenda_entry){.due_us = back_us, .member = member, .errand = ERRAND_RETURN});
}

void fleet_come_back(struct fleet *fleet, uint32_t member, uint64_t back_us) {
    fleet_set_out(fleet, member);
    fleet_go_away(fleet, member, back_us);
}

void fleet_returned(struct fleet *fleet, uint32_t member) {
    if (!(fleet->members[member].flags & MEMBER_CHURNS)) return;
    fleet->members[member].flags &= (uint8_t)~MEMBER_CHURNS;
    fleet->room_churners[fleet_room(fleet, member)]--;
    fleet->churners--;
}

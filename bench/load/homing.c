#include "bench/load/homing.h"

#include "bench/load/fleet_parts.h"
#include "bench/load/places.h"
#include "common/why.h"

#define SEEK_US 5000000
#define PATIENCE_US 10000000 /* so long after one home has its session, those of other nodes are left */
#define LEAVE_FIRST_US 100000
#define LEAVE_TRIES 5

static struct member_homes *homes_of(const struct fleet *fleet, uint32_t place) {
    return &fleet->homes[fleet_member(fleet, place)];
}

static bool is_home(const struct member_homes *homes, uint8_t node) {
    for (uint8_t i = 0; i < homes->count; i++)
        if (homes->nodes[i] == node) return true;
    return false;
}

/* --- Who is told --- */

/* False when it cannot be kept: then nothing more comes of this run. */
static bool learn(struct fleet *fleet, const struct named_homes *named, struct member_homes *out) {
    struct why why;
    *out = (struct member_homes){.count = named->count < named->replicas ? named->count : named->replicas};
    struct address like = wire_local(fleet->wire, 0);
    for (uint8_t i = 0; i < out->count; i++) {
        uint8_t before = fleet->nodes.count;
        out->nodes[i] = nodes_learn(&fleet->nodes, &named->list[i], &like, fleet->wire, &why);
        if (out->nodes[i] == NODES_NONE) return false;
        if (fleet->nodes.count != before && !fleet_widen_sockets(fleet)) return false;
    }
    return true;
}

static bool take(struct fleet *fleet, uint32_t place, const struct named_homes *named) {
    struct member_homes homes;
    if (!places_open(fleet, named->replicas) || !learn(fleet, named, &homes)) {
        fleet->no_memory = true;
        return false;
    }
    *homes_of(fleet, place) = homes;
    return true;
}

static void go_to(struct fleet *fleet, uint32_t place, uint8_t node, uint64_t at_us) {
    fleet->members[place].node = node;
    fleet_come_back(fleet, place, at_us);
}

/* --- Leaving what is no home --- */

static void say_leave(struct fleet *fleet, uint32_t place, uint8_t tries, uint64_t now_us) {
    fleet_send_leave(fleet, place, LEAVE_MOVED);
    fleet_plan(fleet, &(struct agenda_entry){.due_us = now_us + ((uint64_t)LEAVE_FIRST_US << tries),
                                             .member = place,
                                             .errand = ERRAND_MOVE,
                                             .tries = (uint8_t)(tries + 1)});
}

/* Nobody says whether it has the session yet. */
static void let_go(struct fleet *fleet, uint32_t place) {
    fleet->counts.abandoned++;
    fleet->counts.unsure++;
    fleet_forget(fleet, place);
    fleet->members[place].state = MEMBER_ABSENT;
}

static void depart(struct fleet *fleet, uint32_t place, uint64_t now_us) {
    struct member *self = &fleet->members[place];
    if (self->flags & MEMBER_WATCHED) oracle_withdraw(fleet->oracle, fleet_place(fleet, place), now_us);
    fleet->order.stale = true;
    if (nodes_is_silent(&fleet->nodes, self->node)) {
        let_go(fleet, place);
        return;
    }
    self->state = MEMBER_MOVING;
    say_leave(fleet, place, 0, now_us);
}

static void depart_all(struct fleet *fleet, uint32_t place, uint64_t now_us) {
    const struct member_homes *homes = homes_of(fleet, place);
    for (uint32_t i = fleet_member(fleet, place); i < fleet->places; i += fleet->count)
        if (fleet->members[i].state == MEMBER_ACTIVE && !is_home(homes, fleet->members[i].node))
            depart(fleet, i, now_us);
}

static uint32_t homes_reached(const struct fleet *fleet, uint32_t place) {
    const struct member_homes *homes = homes_of(fleet, place);
    uint32_t count = 0;
    for (uint8_t i = 0; i < homes->count; i++) {
        uint32_t there = places_at(fleet, place, homes->nodes[i]);
        count += there != PLACES_NONE && fleet->members[there].state == MEMBER_ACTIVE;
    }
    return count;
}

static bool has_others(const struct fleet *fleet, uint32_t place) {
    const struct member_homes *homes = homes_of(fleet, place);
    for (uint32_t i = fleet_member(fleet, place); i < fleet->places; i += fleet->count)
        if (fleet->members[i].state == MEMBER_ACTIVE && !is_home(homes, fleet->members[i].node)) return true;
    return false;
}

static void depart_later(struct fleet *fleet, uint32_t place, uint64_t now_us) {
    fleet_plan(fleet, &(struct agenda_entry){.due_us = now_us + PATIENCE_US, .member = place, .errand = ERRAND_DEPART});
}

void homing_arrived(struct fleet *fleet, uint32_t place, uint64_t now_us) {
    if (!fleet->homes) return;
    fleet->order.stale = true;
    if (!has_others(fleet, place)) return;
    if (homes_reached(fleet, place) == homes_of(fleet, place)->count) depart_all(fleet, place, now_us);
}

/* --- Coming to the homes --- */

/* A home that nobody of its places is at: the place itself goes there, where it is on its way, others by a free one. */
static bool next_home(const struct fleet *fleet, uint32_t place, uint8_t *node) {
    const struct member_homes *homes = homes_of(fleet, place);
    for (uint8_t i = 0; i < homes->count; i++) {
        *node = homes->nodes[i];
        if (places_at(fleet, place, *node) == PLACES_NONE) return true;
    }
    return false;
}

static void fill_homes(struct fleet *fleet, uint32_t place, uint64_t now_us) {
    uint8_t node;
    while (next_home(fleet, place, &node)) {
        uint32_t free = places_vacant(fleet, place);
        if (free == PLACES_NONE) return;
        go_to(fleet, free, node, now_us);
    }
}

static enum homing settle(struct fleet *fleet, uint32_t place, const struct named_homes *named) {
    struct member *self = &fleet->members[place];
    const struct member_homes *homes = homes_of(fleet, place);
    uint8_t node;
    /* Another place of the same member may be on its way there, too: this one is not needed then. */
    bool here = self->node != NODES_ENTRY && named->node == fleet->nodes.list[self->node].id &&
                is_home(homes, self->node) && places_at(fleet, place, self->node) == place;
    if (here) return HOMING_HERE;
    if (!next_home(fleet, place, &node)) return HOMING_NEEDLESS;
    self->node = node;
    return HOMING_ELSEWHERE;
}

enum homing homing_cookie(struct fleet *fleet, uint32_t place, const struct named_homes *named, uint64_t now_us) {
    if (named->replicas == 0) return HOMING_HERE;
    if (!take(fleet, place, named)) return HOMING_NEEDLESS;
    enum homing homing = settle(fleet, place, named);
    fill_homes(fleet, place, now_us);
    if (has_others(fleet, place)) depart_later(fleet, place, now_us);
    return homing;
}

void homing_notice(struct fleet *fleet, uint32_t place, const struct named_homes *named, uint64_t now_us) {
    if (named->replicas == 0 || !take(fleet, place, named)) return;
    fill_homes(fleet, place, now_us);
    homing_arrived(fleet, place, now_us);
    if (has_others(fleet, place)) depart_later(fleet, place, now_us);
}

/* --- Silent nodes --- */

void homing_ask(struct fleet *fleet, uint32_t place, uint64_t at_us) {
    if (!fleet->homes || places_at(fleet, place, NODES_ENTRY) != PLACES_NONE) return;
    uint32_t free = places_vacant(fleet, place);
    if (free != PLACES_NONE) go_to(fleet, free, NODES_ENTRY, at_us);
}

void homing_seek(struct fleet *fleet, uint8_t node, uint64_t now_us) {
    struct node_entry *silent = &fleet->nodes.list[node];
    if (!fleet->homes || node == NODES_ENTRY || !nodes_is_silent(&fleet->nodes, node)) return;
    if (silent->sought_us != 0 && now_us - silent->sought_us < SEEK_US) return;
    silent->sought_us = now_us;
    for (uint32_t i = 0; i < fleet->places; i++)
        if (fleet->members[i].node == node && fleet->members[i].state == MEMBER_ACTIVE)
            homing_ask(fleet, i, now_us + fleet_random(fleet) % SEEK_US);
}

/* --- Errands --- */

void homing_left(struct fleet *fleet, uint32_t place, uint64_t now_us) {
    (void)now_us;
    fleet->counts.left++;
    fleet->nodes.list[fleet->members[place].node].left++;
    fleet_forget(fleet, place);
    fleet->members[place].state = MEMBER_ABSENT;
}

static void leave_again(struct fleet *fleet, const struct agenda_entry *entry, uint64_t now_us) {
    if (fleet->members[entry->member].state != MEMBER_MOVING) return;
    if (entry->tries < LEAVE_TRIES)
        say_leave(fleet, entry->member, entry->tries, now_us);
    else
        let_go(fleet, entry->member);
}

void homing_errand(struct fleet *fleet, const struct agenda_entry *entry, uint64_t now_us) {
    if (entry->errand == ERRAND_MOVE) {
        leave_again(fleet, entry, now_us);
        return;
    }
    if (!has_others(fleet, entry->member)) return;
    if (homes_reached(fleet, entry->member) > 0)
        depart_all(fleet, entry->member, now_us);
    else
        depart_later(fleet, entry->member, now_us);
}

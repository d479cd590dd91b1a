#include "bench/load/fleet.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "bench/load/beats.h"
#include "bench/load/churn.h"
#include "bench/load/comeback.h"
#include "bench/load/debts.h"
#include "bench/load/fleet_parts.h"
#include "bench/load/homing.h"
#include "bench/load/inbox.h"
#include "bench/load/interrupt.h"
#include "bench/load/lifesign.h"
#include "bench/load/load_now.h"
#include "bench/load/node_facts.h"
#include "bench/load/registration.h"
#include "bench/load/silence.h"
#include "bench/load/wire.h"

#define STEP_REGISTRATIONS 16 /* between two looks at what came */
#define RECEIVE_LIMIT 512
#define JUDGE_EVERY_US 100000

/* --- Life --- */

static void mark_watched(struct fleet *fleet) {
    for (uint32_t i = 0; i < fleet->watched; i++) {
        uint32_t first = fleet_watched_room(fleet, i) * fleet->room_size;
        for (uint32_t member = first; member < fleet->count && member - first < fleet->room_size; member++)
            fleet->members[member].flags = MEMBER_WATCHED;
    }
}

static void *table(size_t count, size_t size) {
    return calloc(count + 1, size);
}

static bool allocate(struct fleet *fleet) {
    size_t watched = (size_t)fleet->watched * fleet->room_size;
    fleet->members = aligned_alloc(64, (fleet->count + 1) * sizeof *fleet->members);
    fleet->beaten_ms = table(fleet->count, sizeof *fleet->beaten_ms);
    fleet->oracle = oracle_create(fleet->watched, fleet->room_size);
    fleet->asked = table(ASKED_RING, sizeof *fleet->asked);
    fleet->order.members = table(fleet->count, sizeof *fleet->order.members);
    fleet->order.turns = table(fleet->sockets, sizeof *fleet->order.turns);
    fleet->dirty = table(fleet->sockets, sizeof *fleet->dirty);
    fleet->is_dirty = table(fleet->sockets, sizeof *fleet->is_dirty);
    fleet->room_churners = table(fleet->rooms, sizeof *fleet->room_churners);
    if (fleet->oracle) fleet->arriving = table(watched * oracle_words(fleet->oracle), sizeof *fleet->arriving);
    return fleet->members && fleet->beaten_ms && fleet->oracle && fleet->asked && fleet->order.members &&
           fleet->order.turns && fleet->dirty && fleet->is_dirty && fleet->room_churners && fleet->arriving;
}

/* Of `rooms` rooms only the last one may not be full. */
static void take_share(struct fleet *fleet, const struct load_options *options, struct share share) {
    uint64_t size = options->room_size, rooms = (options->sessions + size - 1) / size;
    uint64_t before = share_before(rooms, share) * size, up_to = before + share_of(rooms, share) * size;
    uint64_t watched = options->watched_rooms < rooms ? options->watched_rooms : rooms;
    fleet->share = share;
    fleet->all = options->sessions;
    fleet->before = (uint32_t)(before < options->sessions ? before : options->sessions);
    fleet->layers = 1;
    fleet->count = fleet->places = fleet->absent =
        (uint32_t)(up_to < options->sessions ? up_to : options->sessions) - fleet->before;
    fleet->room_size = options->room_size;
    fleet->rooms = (uint32_t)share_of(rooms, share);
    fleet->watched = (uint32_t)share_of(watched, share);
}

struct fleet *fleet_create(const struct load_options *options, struct share share, struct wire *wire,
                           const atomic_bool *halted) {
    struct fleet *fleet = calloc(1, sizeof *fleet);
    uint8_t seed[32];
    if (!fleet) return NULL;
    fleet->wire = wire;
    fleet->sockets = wire_sockets(wire);
    nodes_init(&fleet->nodes, fleet->sockets);
    fleet->halted = halted;
    take_share(fleet, options, share);
    randombytes_buf(seed, sizeof seed);
    randombytes_buf(&fleet->random, sizeof fleet->random);
    registration_init(&fleet->registrations, options->window, share);
    if (!allocate(fleet) || !fleet_names_create(&fleet->names, seed, fleet_key_count(fleet)) ||
        !session_index_create(&fleet->index, fleet->members, fleet->count)) {
        fleet_destroy(fleet);
        return NULL;
    }
    memset(fleet->members, 0, (fleet->count + 1) * sizeof *fleet->members);
    mark_watched(fleet);
    return fleet;
}

void fleet_destroy(struct fleet *fleet) {
    if (!fleet) return;
    session_index_destroy(&fleet->index);
    fleet_names_destroy(&fleet->names);
    agenda_destroy(&fleet->agenda);
    agenda_destroy(&fleet->returns);
    oracle_destroy(fleet->oracle);
    free(fleet->homes);
    free(fleet->members);
    free(fleet->beaten_ms);
    free(fleet->asked);
    free(fleet->order.members);
    free(fleet->order.turns);
    free(fleet->dirty);
    free(fleet->is_dirty);
    free(fleet->room_churners);
    free(fleet->arriving);
    free(fleet->debts);
    free(fleet);
}

struct wire *fleet_wire(const struct fleet *fleet) {
    return fleet->wire;
}

struct fleet_counts fleet_counts(const struct fleet *fleet) {
    struct fleet_counts counts = fleet->counts;
    counts.registering = fleet->registrations.active;
    counts.absent = fleet->absent;
    counts.living = counts.registered - counts.left - counts.fell_silent - counts.resets - counts.abandoned;
    return counts;
}

void fleet_nodes(const struct fleet *fleet, struct node_facts *out) {
    node_facts_look(out, &fleet->nodes);
}

/* --- Steps --- */

static void run_errands(struct fleet *fleet, uint64_t now_us) {
    struct agenda_entry entry;
    while (agenda_next(&fleet->agenda, now_us, &entry)) {
        if (entry.errand == ERRAND_LAST_WORD)
            silence_errand(fleet, &entry, now_us);
        else if (entry.errand == ERRAND_ASK)
            comeback_errand(fleet, &entry, now_us);
        else if (entry.errand == ERRAND_MOVE || entry.errand == ERRAND_DEPART)
            homing_errand(fleet, &entry, now_us);
        else
            churn_errand(fleet, &entry, now_us);
    }
    churn_return(fleet, now_us);
}

bool fleet_step(struct fleet *fleet, uint32_t registrations, uint64_t now_us) {
    if (fleet->count == 0) return false;
    debts_pay(fleet, now_us);
    run_errands(fleet, now_us);
    churn_step(fleet, now_us);
    lifesign_step(fleet, now_us);
    beats_reorder(fleet, now_us);
    beats_keep_alive(fleet, now_us);
    bool more = registration_step(fleet, registrations, now_us);
    fleet_flush(fleet);
    if (now_us - fleet->judged_us >= JUDGE_EVERY_US) {
        fleet->judged_us = now_us;
        oracle_judge(fleet->oracle, now_us);
    }
    return more;
}

static void take(void *context, size_t socket, const uint8_t *data, size_t size) {
    (void)socket;
    (void)inbox_receive(context, data, size, load_now_us());
}

void fleet_drive(struct fleet *fleet, uint64_t wait_us) {
    bool more = fleet_step(fleet, STEP_REGISTRATIONS, load_now_us());
    wire_receive(fleet->wire, more ? 0 : wait_us, RECEIVE_LIMIT, take, fleet);
}

bool fleet_keep_alive(struct fleet *fleet) {
    wire_receive(fleet->wire, 0, RECEIVE_LIMIT, take, fleet);
    fleet_step(fleet, 1, load_now_us());
    return fleet->registrations.active > 0;
}

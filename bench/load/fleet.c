#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "bench/load/fleet_parts.h"
#include "bench/load/interrupt.h"
#include "bench/load/load_now.h"

#define STEP_REGISTRATIONS 16 /* between two looks at what came */
#define RECEIVE_LIMIT 512
#define JUDGE_EVERY_US 100000

/* --- life --- */

static void mark_watched(struct fleet *fleet) {
    for (uint32_t i = 0; i < fleet->watched; i++) {
        uint32_t first = fleet_watched_room(fleet, i) * fleet->room_size;
        for (uint32_t member = first; member < fleet->count && member - first < fleet->room_size; member++)
            fleet->members[member].flags = MEMBER_WATCHED;
    }
}

/* The inverse of fleet_watched_room. */
struct oracle_place fleet_place(const struct fleet *fleet, uint32_t member) {
    uint64_t room = fleet_room(fleet, member);
    uint32_t watch = (uint32_t)((room * fleet->watched + fleet->rooms - 1) / fleet->rooms);
    return (struct oracle_place){.room = watch, .position = member % fleet->room_size};
}

uint64_t *fleet_arriving(const struct fleet *fleet, uint32_t member) {
    struct oracle_place place = fleet_place(fleet, member);
    return fleet->arriving + ((size_t)place.room * fleet->room_size + place.position) * oracle_words(fleet->oracle);
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

struct fleet *fleet_create(const struct load_options *options, struct wire *wire) {
    struct fleet *fleet = calloc(1, sizeof *fleet);
    uint8_t seed[32];
    if (!fleet) return NULL;
    fleet->wire = wire;
    fleet->sockets = wire_sockets(wire);
    fleet->count = fleet->absent = options->sessions;
    fleet->room_size = options->room_size;
    fleet->rooms = (uint32_t)(((uint64_t)options->sessions + options->room_size - 1) / options->room_size);
    fleet->watched = options->watched_rooms < fleet->rooms ? options->watched_rooms : fleet->rooms;
    randombytes_buf(seed, sizeof seed);
    randombytes_buf(&fleet->random, sizeof fleet->random);
    fleet_names_init(&fleet->names, seed);
    registrations_init(&fleet->registrations);
    if (!allocate(fleet) || !session_index_create(&fleet->index, fleet->members, fleet->count)) {
        fleet_destroy(fleet);
        return NULL;
    }
    memset(fleet->members, 0, (fleet->count + 1) * sizeof *fleet->members);
    mark_watched(fleet);
    return fleet;
}

void fleet_destroy(struct fleet *fleet) {
    if (!fleet) return;
    verdict_forget(fleet);
    session_index_destroy(&fleet->index);
    agenda_destroy(&fleet->agenda);
    oracle_destroy(fleet->oracle);
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
    counts.living = counts.registered - counts.left - counts.fell_silent - counts.resets;
    return counts;
}

/* SplitMix64 (Steele, Lea, Flood 2014). */
uint64_t fleet_random(struct fleet *fleet) {
    uint64_t value = fleet->random += 0x9e3779b97f4a7c15ULL;
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9ULL;
    value = (value ^ value >> 27) * 0x94d049bb133111ebULL;
    return value ^ value >> 31;
}

void fleet_forget(struct fleet *fleet, uint32_t member) {
    struct member *self = &fleet->members[member];
    if (self->session_id != 0) session_index_remove(&fleet->index, member);
    if (self->flags & MEMBER_ASTRAY) fleet->astray--;
    if (self->flags & MEMBER_LAST_WORD) fleet->row.last_words--;
    self->flags &= MEMBER_WATCHED | MEMBER_CHURNS;
    self->session_id = 0;
}

bool fleet_must_stop(const struct fleet *fleet) {
    return fleet->draining || fleet->no_memory || interrupted();
}

void fleet_plan(struct fleet *fleet, const struct agenda_entry *entry) {
    if (!agenda_add(&fleet->agenda, entry)) fleet->no_memory = true;
}

/* --- out --- */

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

static void run_errands(struct fleet *fleet, uint64_t now_us) {
    struct agenda_entry entry;
    while (agenda_next(&fleet->agenda, now_us, &entry)) {
        if (entry.errand == ERRAND_LAST_WORD)
            silence_errand(fleet, &entry, now_us);
        else
            churn_errand(fleet, &entry, now_us);
    }
}

bool fleet_step(struct fleet *fleet, uint32_t registrations, uint64_t now_us) {
    if (fleet->count == 0) return false;
    debts_pay(fleet, now_us);
    run_errands(fleet, now_us);
    churn_step(fleet, now_us);
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
    (void)fleet_receive(context, data, size, load_now_us());
}

void fleet_drive(struct fleet *fleet, uint64_t wait_us) {
    bool more = fleet_step(fleet, STEP_REGISTRATIONS, load_now_us());
    wire_receive(fleet->wire, more ? 0 : wait_us, RECEIVE_LIMIT, take, fleet);
}

void fleet_keep_alive(struct fleet *fleet) {
    wire_receive(fleet->wire, 0, RECEIVE_LIMIT, take, fleet);
    fleet_step(fleet, 1, load_now_us());
}

/* --- in --- */

static void take_reset(struct fleet *fleet, const uint8_t *packet, size_t size, uint64_t now_us) {
    struct reset reset;
    if (!reset_decode(packet, size, &reset)) {
        fleet->misdeeds.malformed++;
        return;
    }
    uint32_t number = session_index_find(&fleet->index, reset.session_id);
    if (number == SESSION_INDEX_NONE) return;
    const struct member *member = &fleet->members[number];
    if (sodium_memcmp(reset.token, member->reset_token, RESET_TOKEN_SIZE) != 0) {
        fleet->misdeeds.forged++;
        return;
    }
    fleet->heard_us = now_us;
    if (member->state == MEMBER_CONFIRMING) {
        registration_reset(fleet, number, now_us);
    } else if (member->state == MEMBER_LEAVING) {
        churn_left(fleet, number, now_us);
    } else if (member->state == MEMBER_ACTIVE) {
        fleet->misdeeds.resets++;
        fleet->counts.resets++;
        fleet->counts.beats_reset++;
        churn_reset(fleet, number, now_us);
    }
}

static void take_sealed(struct fleet *fleet, const uint8_t *packet, size_t size, uint64_t now_us) {
    struct sealed_header header;
    uint8_t key[SUITE_KEY_SIZE], body[PACKET_MAX];
    size_t body_size;
    if (!sealed_header_decode(packet, size, &header)) {
        fleet->misdeeds.malformed++;
        return;
    }
    uint32_t number = session_index_find(&fleet->index, header.session_id);
    if (number == SESSION_INDEX_NONE) return;
    link_seal_key(fleet->members[number].secret, LINK_TO_CLIENT, key);
    if (!link_open(key, &header, packet, size, body, &body_size)) {
        fleet->misdeeds.forged++;
        return;
    }
    fleet->heard_us = now_us;
    if (header.type == MESSAGE_CHANGES) changes_receive(fleet, number, body, body_size, now_us);
    if (header.type == MESSAGE_NOTICE) fleet->draining = true;
}

uint64_t fleet_receive(struct fleet *fleet, const uint8_t *packet, size_t size, uint64_t now_us) {
    switch (size > 0 && size <= PACKET_MAX ? packet[0] : 0) {
    case MESSAGE_BEAT_ACK: return beat_answered(fleet, packet, size, now_us);
    case MESSAGE_COOKIE:
    case MESSAGE_WELCOME:
    case MESSAGE_REFUSED: registration_receive(fleet, packet, size, now_us); break;
    case MESSAGE_PATH: path_receive(fleet, packet, size, now_us); break;
    case MESSAGE_RESET: take_reset(fleet, packet, size, now_us); break;
    case MESSAGE_CHANGES:
    case MESSAGE_NOTICE: take_sealed(fleet, packet, size, now_us); break;
    default: fleet->misdeeds.malformed++;
    }
    return TRAFFIC_NO_ANSWER;
}

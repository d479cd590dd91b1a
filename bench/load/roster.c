#include "bench/load/roster.h"

#include <string.h>

#include "bench/load/beats.h"
#include "bench/load/debts.h"
#include "bench/load/fleet_parts.h"

static bool watched(const struct fleet *fleet, uint32_t member) {
    return fleet->members[member].flags & MEMBER_WATCHED;
}

/* The position of an id in the member's room, which is watched; false when it is none of its. */
static bool position_of(const struct fleet *fleet, uint32_t member, const uint8_t id[static MEMBER_ID_SIZE],
                        uint32_t *position) {
    uint32_t number;
    if (!fleet_names_find(&fleet->names, id, &number)) return false;
    *position = number % fleet->room_size;
    return number / fleet->room_size == fleet_place(fleet, member).room;
}

static bool collect(const struct fleet *fleet, uint32_t member, const struct member_record *record) {
    uint32_t position;
    if (!position_of(fleet, member, record->id, &position)) return false;
    fleet_arriving(fleet, member)[position / 64] |= (uint64_t)1 << position % 64;
    return true;
}

static void collect_nobody(const struct fleet *fleet, uint32_t member) {
    memset(fleet_arriving(fleet, member), 0, oracle_words(fleet->oracle) * sizeof(uint64_t));
}

static void tell_all(struct fleet *fleet, uint32_t member, uint64_t now_us) {
    oracle_sees_all(fleet->oracle, fleet_place(fleet, member), fleet_arriving(fleet, member), now_us);
}

bool roster_welcome(struct fleet *fleet, uint32_t member, struct reader *records, uint64_t now_us) {
    if (!watched(fleet, member)) return true;
    collect_nobody(fleet, member);
    while (reader_left(records) > 0) {
        struct member_record record;
        read_member_record(records, &record);
        if (records->failed || !collect(fleet, member, &record)) return false;
    }
    tell_all(fleet, member, now_us);
    return true;
}

/* Of that position in the member's room, at any node. */
static bool is_overdue(const struct fleet *fleet, uint32_t member, uint32_t position, uint64_t now_us) {
    uint32_t other = fleet_room(fleet, member) * fleet->room_size + position;
    for (; other < fleet->places; other += fleet->count)
        if (beats_overdue(fleet, other, now_us)) return true;
    return false;
}

static bool tell_entry(struct fleet *fleet, uint32_t member, const struct change_entry *entry, uint64_t now_us) {
    uint32_t position;
    struct oracle_place place = fleet_place(fleet, member);
    if (!position_of(fleet, member, entry->record.id, &position)) return false;
    if (position == place.position) return true;
    if (entry->change == CHANGE_LEFT && is_overdue(fleet, member, position, now_us))
        oracle_leaves(fleet->oracle, (struct oracle_place){.room = place.room, .position = position});
    if (entry->change == CHANGE_LEFT && entry->reason == LEAVE_MOVED)
        oracle_sees_moved(fleet->oracle, place, position, now_us);
    else if (entry->change == CHANGE_LEFT)
        oracle_sees_left(fleet->oracle, place, position, entry->reason == LEAVE_SAID, now_us);
    else
        oracle_sees_present(fleet->oracle, place, position, now_us);
    return true;
}

static bool take_delta(struct fleet *fleet, uint32_t member, const struct changes_header *header,
                       struct reader *entries, uint64_t now_us) {
    struct member *self = &fleet->members[member];
    if (header->to.epoch != self->version.epoch || header->from != self->version.count) return true;
    while (watched(fleet, member) && reader_left(entries) > 0) {
        struct change_entry entry;
        read_change_entry(entries, CHANGES_DELTA, &entry);
        if (entries->failed || !tell_entry(fleet, member, &entry, now_us)) return false;
    }
    self->version = header->to;
    return true;
}

/* The first half of an id: no two members have the same. */
static uint64_t half(const uint8_t id[static MEMBER_ID_SIZE]) {
    struct reader reader = reader_over(id, MEMBER_ID_SIZE);
    return read_u64(&reader);
}

/* Parts are taken in the order in which they are sent; where one is missing the next beat asks for all of them again.
 * The version is the member's own once the last part was taken. False when malformed. */
static bool take_part(struct fleet *fleet, uint32_t member, const struct changes_header *header, struct reader *entries,
                      uint64_t now_us) {
    struct member *self = &fleet->members[member];
    bool first = half(header->low) == 0;
    if (!first && (header->to.count != self->arriving_count || half(header->low) != self->arriving_high)) return true;
    if (first && watched(fleet, member)) collect_nobody(fleet, member);
    self->arriving_count = header->to.count;
    self->arriving_high = half(header->high);
    while (watched(fleet, member) && reader_left(entries) > 0) {
        struct change_entry entry;
        read_change_entry(entries, CHANGES_FULL, &entry);
        if (entries->failed || !collect(fleet, member, &entry.record)) return false;
    }
    bool older = header->to.epoch == self->version.epoch && (int32_t)(header->to.count - self->version.count) < 0;
    if (self->arriving_high != UINT64_MAX || older) return true;
    self->version = header->to;
    if (watched(fleet, member)) tell_all(fleet, member, now_us);
    return true;
}

/* Acknowledged by a beat, and so is a gap asked about; but not while parts are missing (PROTOCOL.md §2.3, rule 7). */
void roster_owe_beat(struct fleet *fleet, uint32_t member) {
    struct member *self = &fleet->members[member];
    if (self->flags & MEMBER_OWES_BEAT) return;
    self->flags |= MEMBER_OWES_BEAT;
    debts_add(fleet, &(struct debt){.member = member});
}

void roster_changes(struct fleet *fleet, uint32_t member, const uint8_t *body, size_t size, uint64_t now_us) {
    struct reader reader = reader_over(body, size);
    struct changes_header header;
    read_changes_header(&reader, &header);
    struct room_version before = fleet->members[member].version;
    bool full = header.kind == CHANGES_FULL;
    if (reader.failed || !(full ? take_part : take_delta)(fleet, member, &header, &reader, now_us)) {
        fleet->misdeeds.malformed++;
        return;
    }
    fleet->changed_us = now_us;
    if (!full || !room_version_equal(before, fleet->members[member].version)) roster_owe_beat(fleet, member);
}

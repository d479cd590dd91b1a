#include "bootnode/table/room.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/bytes.h"

static_assert((ROOM_RING & (ROOM_RING - 1)) == 0, "the ring goes on where the count wraps");

#define RING_START 4U
#define MEMBERS_START 4U

static uint64_t prefix_of(const uint8_t member_id[static MEMBER_ID_SIZE]) {
    struct reader reader = reader_over(member_id, MEMBER_ID_SIZE);
    return read_u64(&reader);
}

struct room *room_create(const uint8_t tag[static ROOM_TAG_SIZE]) {
    struct room *room = calloc(1, sizeof *room);
    if (!room) return NULL;
    memcpy(room->tag, tag, sizeof room->tag);
    do room->version.epoch = randombytes_random();
    while (room->version.epoch == 0);
    return room;
}

void room_destroy(struct room *room) {
    free(room->members);
    free(room->ring);
    free(room);
}

uint32_t room_position(const struct room *room, const uint8_t member_id[static MEMBER_ID_SIZE]) {
    uint64_t prefix = prefix_of(member_id);
    uint32_t low = 0, high = room->member_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct room_member *member = &room->members[middle];
        bool below = member->id_prefix != prefix ? member->id_prefix < prefix
                                                 : memcmp(member->session->member_id, member_id, MEMBER_ID_SIZE) < 0;
        if (below)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct room *room, uint32_t position, const uint8_t member_id[static MEMBER_ID_SIZE]) {
    return position < room->member_count && room->members[position].id_prefix == prefix_of(member_id) &&
           memcmp(room->members[position].session->member_id, member_id, MEMBER_ID_SIZE) == 0;
}

struct session *room_find(const struct room *room, const uint8_t member_id[static MEMBER_ID_SIZE]) {
    uint32_t position = room_position(room, member_id);
    return is_at(room, position, member_id) ? room->members[position].session : NULL;
}

/* Without memory the ring stays as it is and forgets earlier: clients further behind get the full list. */
static void grow_ring(struct room *room) {
    uint32_t capacity = room->ring_capacity ? 2 * room->ring_capacity : RING_START;
    struct room_change *ring = calloc(capacity, sizeof *ring);
    if (!ring) return;
    for (uint32_t i = 0; i < room->ring_held; i++) {
        uint32_t count = room->version.count - i;
        ring[count % capacity] = room->ring[count % room->ring_capacity];
    }
    free(room->ring);
    room->ring = ring;
    room->ring_capacity = capacity;
}

/* An update needs no telling when anything follows, nor does a join that was followed by leaving. */
static void cover_former(struct room *room, const uint8_t member_id[static MEMBER_ID_SIZE], enum change change) {
    for (uint32_t i = 0; i < room->ring_held; i++) {
        struct room_change *former = &room->ring[(room->version.count - i) % room->ring_capacity];
        if (former->change == CHANGE_LEFT || (former->change == CHANGE_JOINED && change != CHANGE_LEFT)) continue;
        if (memcmp(former->member_id, member_id, MEMBER_ID_SIZE) == 0) former->covered = true;
    }
}

static void remember(struct room *room, const uint8_t member_id[static MEMBER_ID_SIZE], enum change change,
                     enum leave_reason reason) {
    if (room->ring_held == room->ring_capacity && room->ring_capacity < ROOM_RING) grow_ring(room);
    cover_former(room, member_id, change);
    room->version.count++;
    if (room->ring_capacity > 0) {
        struct room_change *entry = &room->ring[room->version.count % room->ring_capacity];
        *entry = (struct room_change){.change = (uint8_t)change, .reason = (uint8_t)reason};
        memcpy(entry->member_id, member_id, MEMBER_ID_SIZE);
        if (room->ring_held < room->ring_capacity) room->ring_held++;
    }
    uint64_t version = (uint64_t)room->version.epoch << 32 | room->version.count;
    for (uint32_t i = 0; i < room->member_count; i++)
        atomic_store_explicit(&room->members[i].session->room_version, version, memory_order_relaxed);
}

static bool insert_member(struct room *room, uint32_t position, struct session *session) {
    if (room->member_count == room->member_capacity) {
        uint32_t capacity = room->member_capacity ? 2 * room->member_capacity : MEMBERS_START;
        struct room_member *members = reallocarray(room->members, capacity, sizeof *members);
        if (!members) return false;
        room->members = members;
        room->member_capacity = capacity;
    }
    struct room_member *place = &room->members[position];
    memmove(place + 1, place, (room->member_count - position) * sizeof *place);
    *place = (struct room_member){.id_prefix = prefix_of(session->member_id), .session = session};
    room->member_count++;
    return true;
}

bool room_join(struct room *room, struct session *session, struct session **replaced) {
    uint32_t position = room_position(room, session->member_id);
    *replaced = NULL;
    if (is_at(room, position, session->member_id)) {
        *replaced = room->members[position].session;
        room->members[position].session = session;
    } else if (!insert_member(room, position, session)) {
        return false;
    }
    remember(room, session->member_id, *replaced ? CHANGE_UPDATED : CHANGE_JOINED, LEAVE_SILENT);
    return true;
}

void room_leave(struct room *room, const struct session *session, enum leave_reason reason) {
    uint32_t position = room_position(room, session->member_id);
    assert(position < room->member_count && room->members[position].session == session);
    struct room_member *place = &room->members[position];
    room->member_count--;
    memmove(place, place + 1, (room->member_count - position) * sizeof *place);
    remember(room, session->member_id, CHANGE_LEFT, reason);
}

void room_updated(struct room *room, const struct session *session) {
    remember(room, session->member_id, CHANGE_UPDATED, LEAVE_SILENT);
}

uint64_t room_announce_at(const struct room *room, uint64_t now) {
    uint64_t due = room->announced_ms + ROOM_QUIET_MS;
    return due <= now || room->announced_ms > now ? WHEEL_AT_ONCE : due;
}

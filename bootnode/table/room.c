#include "bootnode/table/room.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/bytes.h"
#include "common/holds.h"

static_assert((ROOM_RING & (ROOM_RING - 1)) == 0, "the ring goes on where the count wraps");

#define RING_START 4U
#define MEMBERS_START 4U

static_assert(ROOM_RING <= UINT8_MAX && ROOM_MEMBERS_MAX <= UINT16_MAX, "sizes of the counts");
static_assert(sizeof(struct room_change) == MEMBER_ID_SIZE + 1, "64 of them in every busy room");

struct room *room_create(const uint8_t tag[static ROOM_TAG_SIZE], struct tokens *epochs) {
    struct room *room = calloc(1, sizeof *room);
    if (!room) return NULL;
    memcpy(room->tag, tag, sizeof room->tag);
    do room->version.epoch = tokens_next_pair(epochs);
    while (room->version.epoch == 0);
    return room;
}

void room_destroy(struct room *room) {
    if (room->member_capacity) free(room->many);
    free(room->ring);
    free(room);
}

uint32_t room_position(const struct room *room, const uint8_t member_id[static MEMBER_ID_SIZE]) {
    struct session *const *members = room_members(room);
    uint32_t low = 0, high = room->member_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (memcmp(members[middle]->member_id, member_id, MEMBER_ID_SIZE) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct room *room, uint32_t position, const uint8_t member_id[static MEMBER_ID_SIZE]) {
    return position < room->member_count &&
           memcmp(room_members(room)[position]->member_id, member_id, MEMBER_ID_SIZE) == 0;
}

struct session *room_find(const struct room *room, const uint8_t member_id[static MEMBER_ID_SIZE]) {
    uint32_t position = room_position(room, member_id);
    return is_at(room, position, member_id) ? room_members(room)[position] : NULL;
}

void room_copy_version(const struct room *room, struct session *member) {
    uint64_t version = (uint64_t)room->version.epoch << 32 | room->version.count;
    if (atomic_load_explicit(&member->room_version, memory_order_relaxed) != version)
        atomic_store_explicit(&member->room_version, version, memory_order_relaxed);
}

/* While `version.count` is that of a change not yet in the ring. Without memory the ring stays as it is and forgets
 * earlier: clients further behind get the full list. */
static void grow_ring(struct room *room) {
    uint32_t capacity = room->ring_capacity ? 2 * room->ring_capacity : RING_START;
    struct room_change *ring = calloc(capacity, sizeof *ring);
    if (!ring) return;
    for (uint32_t i = 1; i <= room->ring_held; i++) {
        uint32_t count = room->version.count - i;
        ring[count % capacity] = room->ring[count % room->ring_capacity];
    }
    free(room->ring);
    room->ring = ring;
    room->ring_capacity = (uint8_t)capacity;
}

/* An update needs no telling when anything follows, nor does a join that was followed by leaving. */
static void cover_former(struct room *room, const uint8_t member_id[static MEMBER_ID_SIZE], enum change change) {
    for (uint32_t i = 1; i <= room->ring_held; i++) {
        struct room_change *former = &room->ring[(room->version.count - i) % room->ring_capacity];
        if (former->change == CHANGE_LEFT || (former->change == CHANGE_JOINED && change != CHANGE_LEFT)) continue;
        if (memcmp(former->member_id, member_id, MEMBER_ID_SIZE) == 0) former->covered = true;
    }
}

static void remember(struct room *room, const uint8_t member_id[static MEMBER_ID_SIZE], enum change change,
                     enum leave_reason reason) {
    bool first = room->version.count++ == 0 && room->ring_held == 0;
    room->deaf &= change == CHANGE_LEFT;
    if (first) return;
    if (room->ring_held == room->ring_capacity && room->ring_capacity < ROOM_RING) grow_ring(room);
    if (room->ring_capacity == 0) return;
    cover_former(room, member_id, change);
    struct room_change *entry = &room->ring[room->version.count % room->ring_capacity];
    *entry = (struct room_change){.change = change & 7, .reason = reason & 3};
    memcpy(entry->member_id, member_id, MEMBER_ID_SIZE);
    if (room->ring_held < room->ring_capacity) room->ring_held++;
}

/* A quarter more, and a few: what is large is never half empty. */
static bool grow_members(struct room *room) {
    uint32_t capacity = room->member_capacity + room->member_capacity / 4 + MEMBERS_START;
    struct session *sole = room->sole;
    struct session **many = room->member_capacity ? room->many : NULL;
    struct session **members = reallocarray(many, capacity, sizeof(struct session *));
    if (!members) return false;
    if (room->member_capacity == 0) members[0] = sole;
    room->many = members;
    room->member_capacity = (uint16_t)capacity;
    return true;
}

/* Members from `position` on, to move them. */
static struct session **places_from(struct room *room, uint32_t position) {
    return (room->member_capacity ? room->many : &room->sole) + position;
}

static bool insert_member(struct room *room, uint32_t position, struct session *session) {
    uint32_t capacity = room->member_capacity ? room->member_capacity : 1;
    if (room->member_count == capacity && !grow_members(room)) return false;
    struct session **place = places_from(room, position);
    memmove(place + 1, place, (room->member_count - position) * sizeof(struct session *));
    *place = session;
    room->member_count++;
    return true;
}

bool room_join(struct room *room, struct session *session, struct session **replaced) {
    uint32_t position = room_position(room, session->member_id);
    *replaced = NULL;
    if (is_at(room, position, session->member_id)) {
        *replaced = room_members(room)[position];
        *places_from(room, position) = session;
    } else if (!insert_member(room, position, session)) {
        return false;
    }
    remember(room, session->member_id, *replaced ? CHANGE_UPDATED : CHANGE_JOINED, LEAVE_SILENT);
    room_copy_version(room, session);
    HOLDS(room_holds(room));
    return true;
}

void room_leave(struct room *room, const struct session *session, enum leave_reason reason) {
    uint32_t position = room_position(room, session->member_id);
    assert(position < room->member_count && room_members(room)[position] == session);
    struct session **place = places_from(room, position);
    room->member_count--;
    memmove(place, place + 1, (room->member_count - position) * sizeof(struct session *));
    remember(room, session->member_id, CHANGE_LEFT, reason);
    HOLDS(room_holds(room));
}

void room_updated(struct room *room, const struct session *session) {
    remember(room, session->member_id, CHANGE_UPDATED, LEAVE_SILENT);
    HOLDS(room_holds(room));
}

uint64_t room_announce_at(const struct room *room, uint32_t pause_ms, uint64_t now) {
    uint64_t due = room->announced_ms + (room->deaf && pause_ms < ROOM_DEAF_MS ? ROOM_DEAF_MS : pause_ms);
    return due <= now || room->announced_ms > now ? WHEEL_AT_ONCE : due;
}

/* --- The invariants --- */

static struct room_version copy_of(const struct session *member) {
    uint64_t copy = atomic_load_explicit(&member->room_version, memory_order_relaxed);
    return (struct room_version){.epoch = (uint32_t)(copy >> 32), .count = (uint32_t)copy};
}

bool room_copy_holds(const struct session *member, struct room_version told) {
    struct room_version copy = copy_of(member);
    return told.epoch != copy.epoch || copy.count - told.count <= INT32_MAX;
}

/* Is a later one of this member in the ring than that of `ago` changes ago? */
static bool is_followed(const struct room *room, uint32_t ago) {
    const struct room_change *change = &room->ring[(room->version.count - ago) % room->ring_capacity];
    for (uint32_t i = 0; i < ago; i++) {
        const struct room_change *later = &room->ring[(room->version.count - i) % room->ring_capacity];
        if (memcmp(later->member_id, change->member_id, MEMBER_ID_SIZE) == 0) return true;
    }
    return false;
}

static bool ring_holds(const struct room *room) {
    if (room->ring_held > room->ring_capacity || room->ring_capacity > ROOM_RING) return false;
    for (uint32_t ago = 0; ago < room->ring_held; ago++) {
        const struct room_change *change = &room->ring[(room->version.count - ago) % room->ring_capacity];
        if (change->covered && !is_followed(room, ago)) return false;
    }
    return true;
}

static bool member_holds(const struct room *room, const struct session *member) {
    struct room_version copy = copy_of(member);
    if (copy.epoch != room->version.epoch || room->version.count - copy.count > INT32_MAX) return false;
    if (session_state(member) != SESSION_CONFIRMED || member->told_count == 0) return true;
    return room_copy_holds(member, (struct room_version){copy.epoch, member->told_count});
}

bool room_holds(const struct room *room) {
    struct session *const *members = room_members(room);
    if (room->member_count > (room->member_capacity ? room->member_capacity : 1)) return false;
    for (uint32_t i = 0; i < room->member_count; i++) {
        if (!member_holds(room, members[i])) return false;
        if (i > 0 && memcmp(members[i - 1]->member_id, members[i]->member_id, MEMBER_ID_SIZE) >= 0) return false;
    }
    return ring_holds(room);
}

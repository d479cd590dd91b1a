/* A room: its members, its version, and what changed lately. Everything under the owner shard's mutex.
 *
 * Invariants:
 * 1. `version.count` rises by one with each change, and the ring holds the last `ring_held` changes, change number c at
 * c modulo its capacity, so a client at most that far behind can be brought up by a delta; every other one needs the
 * full list. The first change is never remembered: nobody has a version before it.
 * 2. The copy of the version in a member's hot line is never above the room's and never below what this member's client
 * was told, be it by WELCOME, BEAT_ACK or CHANGES; a beat with a version above the copy would count as one of another
 * epoch, and draw the full list. A change writes no copies, so it costs the same in a room of any size: who joins gets
 * its copy then, above what WELCOME told; the others' lag behind until the announcer's walk, which each change is
 * followed by, reaches them (announce.h). Until then their beats count as up to date, which delays their healing by
 * as much as the announcement is delayed.
 * 3. Members are sorted by id. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bootnode/table/session.h"
#include "common/attributes.h"

#define ROOM_RING 64u
#define ROOM_QUIET_MS 100    /* between two announcements, at least */
#define ROOM_DEAF_MS 1000    /* instead, where nobody listens */
#define ROOM_MEMBERS_MAX 512 /* that a configuration may allow */

struct room_change {
    uint8_t member_id[MEMBER_ID_SIZE];
    uint8_t change : 3;  /* enum change: joined, left, updated */
    uint8_t reason : 2;  /* enum leave_reason */
    uint8_t covered : 1; /* a later change of this member in the ring makes this one superfluous */
};

struct room {
    struct cds_lfht_node node; /* in the shard's table, by tag */
    union {
        struct wheel_node announce; /* when the owner worker must look at it next */
        struct rcu_head reclaim;    /* once it is in no wheel any more */
    };
    uint8_t tag[ROOM_TAG_SIZE];
    struct room_version version;
    union { /* see room_members */
        struct session *sole;
        struct session **many;
    };
    struct room_change *ring;
    uint64_t announced_ms;    /* last time changes went out to all */
    uint32_t announced_count; /* version.count that went out then */
    uint16_t member_count, member_capacity;
    uint8_t ring_held, ring_capacity; /* grows to ROOM_RING, so that small quiet rooms stay small */
    uint8_t repeats;                  /* how many times it was repeated to members behind */
    bool deaf;                        /* the last walk met nobody who listens, and since then none came or spoke */
};

/* All members; a room of one, as most may be, needs no array. */
static inline struct session *const *room_members(const struct room *room) {
    return room->member_capacity ? room->many : &room->sole;
}

/* Makes an empty room, with an epoch that nobody can foretell. NULL without memory. */
MUST_USE struct room *room_create(const uint8_t tag[static ROOM_TAG_SIZE], struct tokens *epochs);
void room_destroy(struct room *room);
struct session *room_find(const struct room *room, const uint8_t member_id[static MEMBER_ID_SIZE]);
/* Index of the first member whose id is not below this one: members from there on are in ascending order. */
uint32_t room_position(const struct room *room, const uint8_t member_id[static MEMBER_ID_SIZE]);
/* Adds or replaces (same member id: `replaced` is the predecessor, already out of the room, change = updated; else
 * NULL, change = joined). False without memory: nothing changed. */
MUST_USE bool room_join(struct room *room, struct session *session, struct session **replaced);
/* The session must be a member. */
void room_leave(struct room *room, const struct session *session, enum leave_reason reason);
/* The member's address or candidates changed. */
void room_updated(struct room *room, const struct session *session);
/* The member's copy becomes the room's version. Before anything of that version goes to this member. */
void room_copy_version(const struct room *room, struct session *member);
/* When changes made at `now` may go out to all: WHEEL_AT_ONCE in a room quiet for `pause_ms` (or since before the clock
 * fell back), else once it was. A room that falls silent is not walked through for every member that expires. */
uint64_t room_announce_at(const struct room *room, uint32_t pause_ms, uint64_t now);

/* Invariant 2 for one member: its copy is not below `told`, which went out to it. Any thread that has the session. */
bool room_copy_holds(const struct session *member, struct room_version told);
/* Whether the invariants hold. Walks over the members and the ring. */
bool room_holds(const struct room *room);

/* A room: its members, its version, and what changed lately. Everything under the owner shard's mutex.
 *
 * Invariant: `version.count` rises by one with each change, and the ring holds the last `ring_held` changes, change
 * number c at c modulo ROOM_RING, so a client at most that far behind can be brought up by a delta; every other one
 * needs the full list. The copy of the version in each member's hot line is set before the change can be announced.
 * Members are sorted by id. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bootnode/table/session.h"

#define ROOM_RING 64u
#define ROOM_QUIET_MS 100
#define ROOM_MEMBERS_MAX 512 /* that a configuration may allow */

struct room_change {
    uint8_t member_id[MEMBER_ID_SIZE];
    uint8_t change; /* enum change: joined, left, updated */
    uint8_t reason; /* enum leave_reason */
    bool covered;   /* a later change of this member in the ring makes this one superfluous */
};

struct room_member {
    uint64_t id_prefix; /* first bytes of the member id: a search rarely leaves this array */
    struct session *session;
};

struct room {
    struct cds_lfht_node node; /* in the shard's table, by tag */
    uint8_t tag[ROOM_TAG_SIZE];
    struct room_version version;
    struct room_member *members;
    uint32_t member_count, member_capacity;
    struct room_change *ring;
    uint32_t ring_held, ring_capacity; /* grows to ROOM_RING, so that small quiet rooms stay small */
    struct wheel_node announce;        /* when the owner worker must look at it next */
    uint64_t announced_ms;             /* last time changes went out to all */
    uint32_t announced_count;          /* version.count that went out then */
    uint8_t repeats;                   /* how many times it was repeated to members behind */
    struct rcu_head reclaim;
};

/* Makes an empty room with a random epoch. NULL without memory. */
struct room *room_create(const uint8_t tag[static ROOM_TAG_SIZE]);
void room_destroy(struct room *room);
struct session *room_find(const struct room *room, const uint8_t member_id[static MEMBER_ID_SIZE]);
/* Index of the first member whose id is not below this one: members from there on are in ascending order. */
uint32_t room_position(const struct room *room, const uint8_t member_id[static MEMBER_ID_SIZE]);
/* The member id after this one; false after the last. */
bool member_id_next(uint8_t member_id[static MEMBER_ID_SIZE]);
/* Adds or replaces (same member id: `replaced` is the predecessor, already out of the room, change = updated; else
 * NULL, change = joined). False without memory: nothing changed. */
bool room_join(struct room *room, struct session *session, struct session **replaced);
/* The session must be a member. */
void room_leave(struct room *room, const struct session *session, enum leave_reason reason);
/* The member's address or candidates changed. */
void room_updated(struct room *room, const struct session *session);
/* When changes made at `now` may go out to all: WHEEL_AT_ONCE in a room quiet for ROOM_QUIET_MS (or since before the
 * clock fell back), else once it was. */
uint64_t room_announce_at(const struct room *room, uint64_t now);

/* What a viewer at this address may know of a member: the seen address, candidates with that IP, private ones when both
 * are behind one IP (PROTOCOL.md §2.3 rule 8). */
void room_record(const struct session *member, const struct address *viewer, struct member_record *out);

/* How far the telling of one client has come. Start with zeroes but for `at`. */
struct changes_cursor {
    struct room_version at; /* the client's version, moved forward by each datagram; epoch 0 asks for a full list */
    struct room_version to; /* full: of all parts; a room that changes in between begins again */
    bool full, done;
    uint8_t next_low[MEMBER_ID_SIZE]; /* full: the lowest member id that was not covered yet */
};
#define ROOM_CHANGES_MIN (CHANGES_HEADER_FULL_SIZE + 1 + MEMBER_RECORD_MAX)
/* Writes the body of the next CHANGES datagram that brings a client at address `viewer` forward; `capacity` must be at
 * least ROOM_CHANGES_MIN. Chooses delta or full itself, and tells the client's own record, too. Returns the size, 0
 * when nothing is left to be said. */
size_t room_write_changes(const struct room *room, const struct address *viewer, struct changes_cursor *cursor,
                          uint8_t *out, size_t capacity);
/* Member records of all others into WELCOME's rest; true when all fitted. */
bool room_write_welcome(const struct room *room, const uint8_t viewer_id[static MEMBER_ID_SIZE],
                        const struct address *viewer, struct writer *writer);

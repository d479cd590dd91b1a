/* The bootnodes of a room: sessions with each, and one view of who is there. What they say is merged: a member is
 * here while one that can be reached lists it (peer.c weighs that), and may be at any address that one of them told. */
#pragma once

#include "client/rendezvous/rendezvous.h"
#include "client/room/bootnode_news.h"
#include "client/room/entries.h"
#include "client/room/gate.h"
#include "client/room/host.h"
#include "client/room/members.h"
#include "client/room/room_events.h"
#include "client/room/sessions.h"
#include "client/room/signpost.h"

/* Whom the meeting tells, from within meeting_* calls. */
struct meeting_owner {
    void *context;
    /* Who is here is known, as far as it can be: input may begin. Once. */
    void (*complete)(void *context);
    /* A packet of PROTOCOL.md §3 from a member came this way. Only its sender proves who that is. */
    void (*relayed)(void *context, const struct path *from, const uint8_t id[static MEMBER_ID_SIZE],
                    const uint8_t *packet, size_t size, uint64_t now);
};

struct meeting {
    struct meeting_owner owner;
    const struct chatroom_host *host;
    const struct room_self *self;
    const struct room_events *events;
    struct members *members;
    const struct gate *gate;
    struct peer_host *peer_host; /* of new members; `reachable` is kept there */
    struct sessions sessions;
    struct signposts signposts;
    struct entries entries;
    struct bootnode_news news;
    bool left;             /* nobody is welcome any more */
    bool complete;         /* `owner` was told */
    uint64_t complete_due; /* not later than this; NEVER: no full list has come */
};

/* Zeroed, but for the members from `owner` to `peer_host`. What they point to outlives it, and it stays where it is. */
void meeting_init(struct meeting *meeting, uint64_t now);
void meeting_clear(struct meeting *meeting);
/* Is the packet one of theirs, and for this room? Then handles it. */
bool meeting_receive(struct meeting *meeting, const struct address *from, const uint8_t *packet, size_t size,
                     uint64_t now);
void meeting_tick(struct meeting *meeting, uint64_t now);
uint64_t meeting_due(const struct meeting *meeting, uint64_t now);
/* Our own addresses changed. */
void meeting_set_candidates(struct meeting *meeting, const struct candidate_list *candidates, uint64_t now);
/* The host has other addresses for a bootnode. */
void meeting_set_addresses(struct meeting *meeting, unsigned bootnode, uint64_t now);
/* A bootnode's name is not found now; nothing where its address is known. */
void meeting_unresolved(struct meeting *meeting, unsigned bootnode, const char *why, uint64_t now);
/* A key set, which is there, is to be registered under until then: see entries_want; */
void meeting_want_set(struct meeting *meeting, size_t set, uint64_t until, uint64_t now);
/* and one is to be dropped. */
void meeting_drop_set(struct meeting *meeting, size_t set, uint64_t now);
/* See rendezvous_check, */
void meeting_check(struct meeting *meeting, uint64_t now);
/* and rendezvous_resumed. */
void meeting_resumed(struct meeting *meeting, uint64_t gap, uint64_t now);
/* Asks a bootnode that knows the peer that both sides punch again. */
void meeting_introduce(struct meeting *meeting, const struct peer *peer);
/* What a bootnode may tell everyone of us. */
void meeting_own_candidates(const struct meeting *meeting, struct candidate_list *out);
/* Those of the other's candidates that we may send to; returns how many. */
size_t meeting_usable(const struct meeting *meeting, const struct candidate_list *candidates,
                      struct address out[static RECORD_CANDIDATES_MAX]);
/* Does this bootnode not answer, for longer than it should take? Its name may stand for something else by now. */
bool meeting_misses(const struct meeting *meeting, unsigned bootnode, uint64_t now);
/* A member counts as listed by a bootnode only while that bootnode's list has it. */
bool meeting_holds(const struct meeting *meeting);
/* Takes leave of all, */
void meeting_leave(struct meeting *meeting, uint64_t now);
/* which they have answered, or would not. */
bool meeting_left(const struct meeting *meeting);

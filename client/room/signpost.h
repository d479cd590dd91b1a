/* The bootnodes of a room that are signposts: keeps a session with each node that the room is to be registered with
 * (rendezvous/homing.h), and tells of the bootnode as a whole. PROTOCOL.md §2.6.
 *
 * A bootnode whose COOKIE names nodes is a signpost, without a session of its own: another one under each key set,
 * whose tags have other homes. Two names of one cluster, by its key, are one: the second one is a signpost more. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/rendezvous/homing.h"
#include "client/room/host.h"
#include "client/room/members.h"
#include "client/room/room_events.h"
#include "client/room/sessions.h"
#include "common/attributes.h"
#include "common/why.h"

struct signpost {
    bool helped;        /* nodes that were met before are asked beside its own addresses */
    bool active;        /* its entry named nodes, */
    uint8_t key[32];    /* with this key, */
    bool rekeyed;       /* and with another one before */
    uint64_t since;     /* then */
    bool ever;          /* one of its homes could be reached */
    bool lost;          /* told so */
    bool told_stranger; /* that a node has another key */
    struct homing homing;
};

struct signposts {
    const struct chatroom_host *host;
    const struct room_events *events;
    struct members *members;
    struct sessions *sessions;
    struct signpost list[BOOTNODE_SESSIONS]; /* by the number of the entry */
};

/* Zeroed, but for the pointers. */
void signpost_init(struct signposts *signposts);
/* Is the session with that number one with a home? */
bool signpost_is_home(const struct signposts *signposts, size_t number);
/* Which node it is with; HOMING_ENTRY: with none. */
int signpost_node(const struct signposts *signposts, size_t number);
/* Which home it is, for an event. */
void signpost_describe(const struct signposts *signposts, size_t number, struct event *event);
/* The session with that number was told which nodes are homes; `vouched` as rendezvous_owner has it. */
enum rendezvous_place signpost_named(struct signposts *signposts, size_t number, const struct named_homes *named,
                                     bool vouched, uint64_t now);
/* May a home have this key, where none is known yet? As its entry has. */
MUST_USE bool signpost_has_key(const struct signposts *signposts, size_t number, const uint8_t key[static 32],
                               struct why *why);
/* Nothing is to be behind that entry any more: takes leave of the homes. */
void signpost_end(struct signposts *signposts, size_t entry, uint64_t now);
/* The session with that number has ended: it is nobody's any more, and what it told counts as told by `heir`. */
void signpost_give_up(struct signposts *signposts, size_t number, size_t heir, uint64_t now);
/* Is there a cluster with this key? */
bool signpost_exists(const struct signposts *signposts, const uint8_t key[static 32]);
/* The cluster's key is this one from now on. */
void signpost_succeeded(struct signposts *signposts, size_t number, const uint8_t key[static 32]);
/* A home has a wrong key at first contact. True: it is given up, as rendezvous_owner has it. */
bool signpost_barred(struct signposts *signposts, size_t number, const char *why);
/* A member moved from that home: maybe we are to move, too, and did not hear of it. */
void signpost_member_moved(struct signposts *signposts, size_t number, uint64_t now);
/* Has another home of the same cluster a session? */
bool signpost_is_served(const struct signposts *signposts, size_t number);
/* Counts HELLO to addresses where nobody proved yet to be a node. */
bool signpost_may_greet(const struct signposts *signposts, size_t number, const struct address *to, uint64_t now);
/* COOKIE came from there, */
void signpost_answered(const struct signposts *signposts, size_t number, const struct address *from);
/* and WELCOME, by which it has proven its key. */
void signpost_registered(const struct signposts *signposts, size_t number);
/* Is the bootnode a cluster, and none of its homes to be reached? */
bool signpost_is_lost(const struct signposts *signposts, unsigned bootnode);
/* The sessions of clusters, those of their names included. */
uint32_t signpost_sessions(const struct signposts *signposts);
/* Since when a home that answers has listed us, in each cluster, under the present key set;
 * NEVER: in one of them none does. */
uint64_t signpost_settled(const struct signposts *signposts, uint64_t now);
/* What the bootnode's name stands for now. */
void signpost_set_addresses(struct signposts *signposts, unsigned bootnode, uint64_t now);
void signpost_tick(struct signposts *signposts, uint64_t now);
uint64_t signpost_due(const struct signposts *signposts, uint64_t now);

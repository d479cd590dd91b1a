/* What the files of chatroom.h say to each other. */
#pragma once

#include "client/history/history.h"
#include "client/message/message.h"
#include "client/rendezvous/rendezvous.h"
#include "client/room/authors.h"
#include "client/room/chatroom.h"
#include "client/room/gathering.h"
#include "client/room/members.h"
#include "client/room/room_events.h"
#include "client/room/status.h"
#include "client/room/timeline.h"

struct outgoing; /* a message under way */

/* Which one of the room's bootnodes calls. */
struct chatroom_bootnode {
    struct chatroom *room;
    unsigned index;
};

struct chatroom {
    const struct chatroom_host *host;
    const char *name; /* the engine's, which outlives the room */
    struct room_keys keys;
    uint64_t run;
    uint8_t member_id[MEMBER_ID_SIZE];           /* ours, at every bootnode */
    struct rendezvous rendezvous[BOOTNODES_MAX]; /* by the index of the bootnode */
    struct chatroom_bootnode bootnodes[BOOTNODES_MAX];
    size_t rendezvous_count;
    struct peer_host peer_host;
    struct members members;
    struct room_events events;
    uint64_t now; /* of the call we are in */
    enum chatroom_state state;
    uint64_t state_since;
    enum chatroom_outcome outcome;

    uint32_t streams, epochs; /* counted per run: PROTOCOL.md §3.3; other rooms do not see how busy this one is */
    uint64_t sequence, private_sequence; /* of our last messages */
    uint64_t delivery_tag;               /* of what was last queued to peers */
    struct outgoing *outgoing;
    size_t outgoing_count, outgoing_bytes;
    unsigned credit_owed; /* withheld while too many bytes wait */
    bool any_said;
    bool any_alone;       /* a message was accepted with nobody present */
    bool any_undelivered; /* somebody present left without acknowledging */

    struct authors authors;
    struct history history;
    struct gathering gathering; /* of struct event */

    bool complete;         /* input may begin: who is here is known, as far as can be */
    uint64_t complete_due; /* not later than this; NEVER: no full list has come */
};

/* chatroom.c */
/* The member will acknowledge nothing more. `undelivered`: it was somebody who should have got it. */
void chatroom_give_up(struct chatroom *room, struct member *member, bool undelivered);

/* chatroom_paths.c: a peer_host's way to others */
void routes_send(void *context, const struct peer *peer, const struct path *to, const uint8_t *packet, size_t size);
size_t routes_ways_through(void *context, const struct peer *peer, struct path out[static PEER_RELAYS]);
void meeting_own_candidates(void *context, const struct peer *peer, struct candidate_list *out);
size_t meeting_usable(void *context, const struct candidate_list *candidates,
                      struct address out[static RECORD_CANDIDATES_MAX]);
void routes_pass_on(void *context, struct peer *from, const struct frame_relay *relay);
void routes_came_through(void *context, struct peer *through, const struct frame_relay *relay);

/* chatroom_packets.c: a packet that somebody relayed for this member; any other's in it is dropped */
void chatroom_receive_relayed(struct chatroom *room, const struct path *from,
                              const uint8_t member[static MEMBER_ID_SIZE], const uint8_t *packet, size_t size);

/* chatroom_bootnodes.c: what the bootnodes tell, and are told */
void meeting_init(struct chatroom *room);
void meeting_clear(struct chatroom *room);
/* Is the packet one of theirs, and for this room? Then handles it. */
bool meeting_receive(struct chatroom *room, const struct address *from, const uint8_t *packet, size_t size);
void meeting_tick(struct chatroom *room);
uint64_t meeting_due(const struct chatroom *room);
/* Asks a bootnode that knows the peer that both sides punch again. */
void meeting_introduce(struct chatroom *room, const struct peer *peer);
void meeting_leave(struct chatroom *room);
bool meeting_left(const struct chatroom *room);

/* chatroom_messages.c: what is said */
void outgoing_acknowledged(struct chatroom *room, struct member *member, uint64_t tag);
/* The peer will acknowledge nothing more. `undelivered`: it was somebody who should have got them. */
void outgoing_give_up(struct chatroom *room, struct member *member, bool undelivered);
/* Gives up whoever holds up all others. */
void outgoing_tick(struct chatroom *room, uint64_t now);
uint64_t outgoing_due(const struct chatroom *room);
void outgoing_clear(struct chatroom *room);

/* chatroom_heard.c: what is heard: a message of the stream from the peer, which waited there for `age` ms, */
void heard_receive(struct chatroom *room, struct peer *peer, const uint8_t *message, size_t size, uint64_t age);
/* Shows what is next of an author's, */
void heard_show(struct chatroom *room, const struct held *held);
/* or that so many before it are lost. */
void heard_lost(struct chatroom *room, const struct held *next, uint64_t count);

/* chatroom_gathered.c: what is shown next, in the order in which it was said (gathering.h) */
/* An event about what an author said to all, at this time of our clock; takes it. */
void gathered_add(struct chatroom *room, struct event *event, int64_t time, bool passed_on);
/* Shows what has waited long enough, */
void gathered_show(struct chatroom *room);
/* and what has not. */
void gathered_show_all(struct chatroom *room);

/* chatroom_nicks.c: whose nick is whose */
/* First contact. False: the nick is another key's. */
bool nicks_identified(struct chatroom *room, struct peer *peer);
/* The peer wants another nick, made by text_nick. */
void nicks_renamed(struct chatroom *room, struct peer *peer, const char *nick);

/* What somebody was called who said so itself, in a message that others pass on: empty when that is another's nick. */
void nicks_claimed(const struct chatroom *room, const struct chat_message *chat, char out[static TEXT_NICK_MAX + 1]);

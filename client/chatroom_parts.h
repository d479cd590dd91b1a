/* What the files of chatroom.h say to each other. */
#pragma once

#include "client/chatroom.h"

/* chatroom.c */
struct peer *chatroom_peer(const struct chatroom *room, const uint8_t id[static MEMBER_ID_SIZE]);
/* Forgets the peers that are finished. */
void chatroom_sweep(struct chatroom *room);

/* An event of this room; the caller fills in the rest and emits it. */
struct event *chatroom_event(const struct chatroom *room, enum event_type type, const struct peer *peer);
struct event *chatroom_text_event(const struct chatroom *room, enum event_type type, const struct peer *peer,
                                  const char *text, size_t size);
void chatroom_emit(const struct chatroom *room, struct event *event);
void chatroom_error(const struct chatroom *room, const char *text);

/* chatroom_paths.c: a peer_host's way to others */
void paths_send(void *context, const struct peer *peer, const struct path *to, const uint8_t *packet, size_t size);
size_t paths_relays(void *context, const struct peer *peer, struct path out[static PEER_RELAYS]);
void paths_own_candidates(void *context, const struct peer *peer, struct candidate_list *out);
size_t paths_usable(void *context, const struct candidate_list *candidates,
                    struct address out[static RECORD_CANDIDATES_MAX]);
void paths_relay(void *context, struct peer *from, const struct frame_relay *relay);
void paths_relayed(void *context, struct peer *through, const struct frame_relay *relay);

/* chatroom_packets.c: a packet that somebody relayed for this member; any other's in it is dropped */
void chatroom_receive_relayed(struct chatroom *room, const struct path *from,
                              const uint8_t member[static MEMBER_ID_SIZE], const uint8_t *packet, size_t size);

/* chatroom_bootnodes.c: what the bootnodes tell, and are told */
void bootnodes_init(struct chatroom *room);
void bootnodes_clear(struct chatroom *room);
/* Is the packet one of theirs, and for this room? Then handles it. */
bool bootnodes_receive(struct chatroom *room, const struct address *from, const uint8_t *packet, size_t size);
void bootnodes_tick(struct chatroom *room);
uint64_t bootnodes_due(const struct chatroom *room);
/* Asks a bootnode that knows the peer that both sides punch again. */
void bootnodes_introduce(struct chatroom *room, const struct peer *peer);
void bootnodes_leave(struct chatroom *room);
bool bootnodes_left(const struct chatroom *room);

/* chatroom_messages.c: what is said and heard */
void messages_received(struct chatroom *room, struct peer *peer, const uint8_t *message, size_t size);
void messages_acknowledged(struct chatroom *room, struct peer *peer, uint64_t tag);
/* The peer will acknowledge nothing more. `undelivered`: it was somebody who should have got them. */
void messages_give_up(struct chatroom *room, struct peer *peer, bool undelivered);
/* Gives up whoever holds up all others. */
void messages_tick(struct chatroom *room, uint64_t now);
uint64_t messages_due(const struct chatroom *room);
void messages_clear(struct chatroom *room);

/* chatroom_authors.c: what was last shown of whom; survives the peer object, so that nothing is shown twice when it
 * comes back */
struct author *author_of(struct chatroom *room, const struct peer *peer);
/* Was this one not shown yet? Then it counts as shown. */
bool author_shows(struct author *author, enum chat_kind kind, uint64_t run, uint64_t sequence);
/* May this author put one more nick into our files and onto the screen? Counted. */
bool author_may_rename(struct author *author, uint64_t now);
void authors_clear(struct chatroom *room);

/* chatroom_nicks.c: whose nick is whose */
/* First contact. False: the nick is another key's. */
bool nicks_identified(struct chatroom *room, struct peer *peer);
/* The peer wants another nick, made by text_nick. */
void nicks_renamed(struct chatroom *room, struct peer *peer, const char *nick);

/* chatroom_status.c: EVENT_PEER_STATUS, when there is something to tell */
void status_joined(struct peer *peer);
void status_left(struct peer *peer);
void status_check(const struct chatroom *room, struct peer *peer);
uint64_t status_due(const struct chatroom *room, const struct peer *peer);

/* A room as this client lives it: its sessions with the bootnodes, its peers, and the messages under way. Pure; owned
 * by the engine.
 *
 *     OPEN ──part──▶ ENDING ──all delivered, or 10 s──▶ LEAVING ──answered, or 2 s──▶ LEFT
 *       └───────────────────────leave──────────────────────▲
 *
 * Invariants:
 * 1. A peer object stands for each member that a reachable bootnode lists (or, with none reachable, one did), and for
 * each that is absent but still talks to us (PROTOCOL.md §3.2 rule 10).
 * 2. A message waits for those who were present (listed, or still talking) when it was accepted, a private one for its
 * recipient alone, until each acknowledged or left; or until there is no room for more, and somebody has acknowledged
 * nothing for half a minute.
 * 3. EVENT_PEER_STATUS of a member comes only between its EVENT_PEER_JOINED and EVENT_PEER_LEFT.
 * 4. Public messages of an author's run are shown in order and once, whoever brought them: what lies behind a gap is
 * held (feeds.h) until the gap is closed, or given up and told by EVENT_LOST. What was shown is kept for others
 * (backlog.h).
 * 5. What is shown next waits a moment with what was passed on, so that all of it comes in the order in which it was
 * said (gathering.h); where that cannot be, it is marked as late.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/events.h"
#include "client/keys/key_sets.h"
#include "client/message/message.h"
#include "client/room/host.h"
#include "common/attributes.h"

enum chatroom_state {
    CHATROOM_OPEN,
    CHATROOM_ENDING,  /* nothing more is said; messages are under way */
    CHATROOM_LEAVING, /* bye was said */
    CHATROOM_LEFT,    /* nothing more is sent */
};

/* Decided when leaving begins: who leaves later than we do did not miss anything. */
enum chatroom_outcome { CHATROOM_FINE, CHATROOM_ALONE, CHATROOM_UNDELIVERED };

struct chatroom;

/* Emits EVENT_JOINED. `name` and the host outlive it; the keys are copied. Aborts without memory. */
MUST_USE struct chatroom *chatroom_create(const struct chatroom_host *host, const char *name,
                                          const struct room_keys *keys, uint64_t now);
void chatroom_destroy(struct chatroom *room);

/* As given. */
const char *chatroom_name(const struct chatroom *room);
enum chatroom_state chatroom_state(const struct chatroom *room);
/* Once it is leaving. */
enum chatroom_outcome chatroom_outcome(const struct chatroom *room);

/* Is the packet for this room? Then handles it. */
bool chatroom_receive(struct chatroom *room, uint16_t socket, const struct address *from, const uint8_t *packet,
                      size_t size, uint64_t now);
void chatroom_tick(struct chatroom *room, uint64_t now);
uint64_t chatroom_due(struct chatroom *room, uint64_t now);

/* --- Private rooms (PROTOCOL.md §3.7); others have one key set and no gatekeeper --- */

/* Who decides on who is let in. Before anybody is met. */
void chatroom_keep_gate(struct chatroom *room, const struct gatekeeper *keeper);
/* What decided that is different now: everybody who is here is decided on anew. */
void chatroom_review(struct chatroom *room, uint64_t now);
/* The same of this one alone. */
void chatroom_decide(struct chatroom *room, const uint8_t peer[static MEMBER_ID_SIZE], uint64_t now);
/* Who was dismissed is met again where it belongs here by now. */
void chatroom_call_back(struct chatroom *room, uint64_t now);
/* A message of the charter, to everybody who is let in and connected, or to this one alone, be it let in or not. False:
 * it is not here. */
MUST_USE bool chatroom_tell(struct chatroom *room, const uint8_t *peer, const uint8_t *message, size_t size,
                            uint64_t now);
/* How many messages of ours wait for its acknowledgement, of the charter and others. */
size_t chatroom_waiting(const struct chatroom *room, const uint8_t peer[static MEMBER_ID_SIZE]);
/* The time in the room (room_clock.h), in ms since 1970. */
uint64_t chatroom_time(const struct chatroom *room, uint64_t now);
/* What somebody is called here; empty: not known. */
void chatroom_nick_of(const struct chatroom *room, const uint8_t peer[static MEMBER_ID_SIZE],
                      char out[static TEXT_NICK_MAX + 1]);
/* Says bye to a peer that is not let in. */
void chatroom_dismiss(struct chatroom *room, const uint8_t peer[static MEMBER_ID_SIZE], uint64_t now);
/* See rekeying.h. */
MUST_USE bool chatroom_add_set(struct chatroom *room, const struct key_set *set, enum key_set_role role, uint64_t now);
void chatroom_rekey(struct chatroom *room, const struct key_set *set, bool keep, uint64_t now);
void chatroom_keep_set(struct chatroom *room, const uint8_t tag[static ROOM_TAG_SIZE], bool keep, uint64_t now);
void chatroom_drop_set(struct chatroom *room, const uint8_t tag[static ROOM_TAG_SIZE], uint64_t now);
/* The peer has the present key set, as it says: new keys are made under that. */
void chatroom_peer_rekeyed(struct chatroom *room, const uint8_t peer[static MEMBER_ID_SIZE]);

/* --- What is said --- */

/* To everyone present, or (CHAT_PRIVATE) to the peer alone; costs one credit. A peer that is not there: EVENT_ERROR,
 * and the credit comes back. */
void chatroom_say(struct chatroom *room, enum chat_kind kind, const uint8_t *peer, const char *text, size_t size,
                  uint64_t now);
/* Tells everyone present the host's nick. Nobody waits for that to arrive. */
void chatroom_tell_nick(struct chatroom *room, uint64_t now);
/* The user says this of a member that was connected: EVENT_NOTICE, or EVENT_ERROR, tells what came of it.
 * chatroom_look_again is due for the others. */
void chatroom_mark(struct chatroom *room, const uint8_t id[static MEMBER_ID_SIZE], enum person_mark mark, uint64_t now);
/* What is known of people has changed. */
void chatroom_look_again(struct chatroom *room, uint64_t now);
/* EVENT_PATH_NOTE for each step on the way to this peer, oldest first. */
void chatroom_tell_timeline(const struct chatroom *room, const uint8_t id[static MEMBER_ID_SIZE], uint64_t now);
void chatroom_set_candidates(struct chatroom *room, const struct candidate_list *candidates, uint64_t now);
/* A bootnode's name is not found now; nothing where its address is known. */
void chatroom_bootnode_unresolved(struct chatroom *room, unsigned bootnode, const char *why, uint64_t now);
/* The host has other addresses for a bootnode. */
void chatroom_bootnode_moved(struct chatroom *room, unsigned bootnode, uint64_t now);
/* Does it not answer, so that its name may stand for something else by now? See rendezvous_silent. */
bool chatroom_misses_bootnode(const struct chatroom *room, unsigned bootnode, uint64_t now);
/* Addresses or routes of ours changed: bootnodes and peers are asked whether they still hear us. */
void chatroom_network_changed(struct chatroom *room, uint64_t now);
/* We were not running for `gap` milliseconds: what was not heard meanwhile is nobody's silence. */
void chatroom_resumed(struct chatroom *room, uint64_t gap, uint64_t now);
/* Leaves once everything is delivered, or after 10 s; */
void chatroom_part(struct chatroom *room, uint64_t now);
/* says bye to peers and bootnode at once. */
void chatroom_leave(struct chatroom *room, uint64_t now);

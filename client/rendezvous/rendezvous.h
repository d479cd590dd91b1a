/* A session with one bootnode for one room, under one tag of it: find it, register, beat, keep the membership, leave.
 * Pure: packets and times in, packets and calls out. PROTOCOL.md §2.
 *
 *     HELLO ──COOKIE──▶ WAITING ──spread──▶ REGISTERING ──WELCOME──▶ ACTIVE ──▶ LEAVING ──▶ ENDED
 *       ▲                                       │ no answer             │ RESET, lost, draining
 *       └───────────────────────────────────────┴───────────────────────┘             wrong key ──▶ BARRED
 *
 * A bootnode that is a cluster names the nodes that are the homes of the room (homing.h): then it is a SIGNPOST,
 * without a session, and each of those has a rendezvous of its own.
 *
 * Every step survives loss: HELLO and REGISTER are repeated, each REGISTER as a new handshake of which the last four
 * can still be answered. While there is no session, peers keep talking: nothing here touches them.
 *
 * A bootnode's name may stand for several addresses, its doors (doors.h). While the one in use is silent, the session
 * is asked for at the others, and moves to the first that answers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/rendezvous/parts.h"
#include "common/attributes.h"

/* `tag`: that of one of the room's key sets. It waits for rendezvous_set_addresses. */
void rendezvous_init(struct rendezvous *rendezvous, const struct rendezvous_owner *owner, const struct room_keys *room,
                     const uint8_t tag[static ROOM_TAG_SIZE], const struct identity *identity, uint8_t suite_mask,
                     uint64_t now);
void rendezvous_clear(struct rendezvous *rendezvous);
/* Is this packet for us: from the bootnode, and naming our nonce, attempt or session? Then handles it. Many sessions
 * may share a bootnode, and none takes another's packets. */
bool rendezvous_receive(struct rendezvous *rendezvous, const struct address *from, const uint8_t *packet, size_t size,
                        uint64_t now);
void rendezvous_tick(struct rendezvous *rendezvous, uint64_t now);
/* When rendezvous_tick wants to be called; NEVER: not again. */
uint64_t rendezvous_due(const struct rendezvous *rendezvous);
/* Our own addresses changed: tells the bootnode (UPDATE, repeated until our own record shows it). */
void rendezvous_set_candidates(struct rendezvous *rendezvous, const struct candidate_list *candidates, uint64_t now);
/* What the bootnode's name stands for now, 1 … BOOTNODE_ADDRESSES. A session keeps the address that it has, and tries
 * new ones only while that one is silent. */
void rendezvous_set_addresses(struct rendezvous *rendezvous, const struct address *addresses, size_t count,
                              uint64_t now);
/* It has no address yet, since its name was not found: told as lost, once. */
void rendezvous_unresolved(struct rendezvous *rendezvous, const char *why, uint64_t now);
/* Asks that both sides punch again. Nothing without a session. */
void rendezvous_introduce(struct rendezvous *rendezvous, const uint8_t id[static MEMBER_ID_SIZE]);
/* Something in the network may have changed: asks the bootnode at once whether it still hears us, at most once a
 * second. Where it refused us or reset the session, its wait stands. */
void rendezvous_check(struct rendezvous *rendezvous, uint64_t now);
/* This process stood still for `gap` ms: that silence is not the bootnode's. Asks it at once. */
void rendezvous_resumed(struct rendezvous *rendezvous, uint64_t gap, uint64_t now);
/* Does it not answer, for longer than it should take? Its name may stand for something else by now. */
bool rendezvous_silent(const struct rendezvous *rendezvous, uint64_t now);
/* Where it sees us at the other family; NULL: not known. */
const struct address *rendezvous_mapped_other(const struct rendezvous *rendezvous);
/* Can packets go through the bootnode now? */
bool rendezvous_can_relay(const struct rendezvous *rendezvous);
/* Has the bootnode pass a packet of RELAY_PACKET_MIN … RELAY_PACKET_MAX bytes on to a member. False when it cannot. */
MUST_USE bool rendezvous_relay(struct rendezvous *rendezvous, const uint8_t id[static MEMBER_ID_SIZE],
                               const uint8_t *packet, size_t size);
/* What it says of a member; NULL: nothing. */
const struct member_record *rendezvous_find(const struct rendezvous *rendezvous,
                                            const uint8_t id[static MEMBER_ID_SIZE]);
/* Did a whole list of members come? */
bool rendezvous_listed(const struct rendezvous *rendezvous);
/* Does its list count: did it come whole, does the bootnode still answer, and do we not move away from it? */
bool rendezvous_reachable(const struct rendezvous *rendezvous);
/* Since when we are listed there; NEVER: we are not, or it does not answer. */
uint64_t rendezvous_settled(const struct rendezvous *rendezvous, uint64_t now);
/* Since when it does not answer; NEVER: it does, or said when to come again. */
uint64_t rendezvous_silent_since(const struct rendezvous *rendezvous, uint64_t now);
/* Asks with HELLO, whatever the state: a signpost which nodes are the homes now, and a session, too. */
void rendezvous_ask(struct rendezvous *rendezvous, uint64_t now);
/* Leaves for other nodes of the cluster, where we stay a member: as rendezvous_leave. */
void rendezvous_move_away(struct rendezvous *rendezvous, uint64_t now);
/* Leaves gracefully; RENDEZVOUS_ENDED when RESET answered, or after five tries. */
void rendezvous_leave(struct rendezvous *rendezvous, uint64_t now);

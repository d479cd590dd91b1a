/* Who is let in to a room whose owner decides that: PROTOCOL.md §3.7 rule 5. Of a room without a gatekeeper everybody
 * is a member who has its keys.
 *
 * Invariants:
 * 1. Of who is not let in nobody is told; nothing is said to it, passed on to it, through it or for it, no message
 * waits for it, and of what it says only the messages of the charter are looked at.
 * 2. Until it has proven who it is, who is listed under the present key set counts as let in, where the gatekeeper
 * presumes it: messages wait for it, and none is sent to whom it does not let in then. Who is listed under other sets
 * alone does not.
 * 3. What was decided stays so until it is decided anew. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/keys/key_sets.h"
#include "client/room/host.h"
#include "client/room/members.h"
#include "common/attributes.h"

/* First bytes of the charter's messages. */
#define GATE_MESSAGE_FIRST 0x50
#define GATE_MESSAGE_LAST 0x52

struct gate {
    const struct key_sets *sets;
    struct gatekeeper keeper; /* `admits` NULL: there is none */
};

/* Is it kept? */
bool gate_is_kept(const struct gate *gate);
/* Is who is listed under the present key set taken for a member (invariant 2)? Where it is not, nobody is here whom
 * something could be said to. */
bool gate_presumes(const struct gate *gate);
/* Somebody is listed by a session under this key set, for the first time or again. */
void gate_listed(const struct gate *gate, struct member *member, size_t set);
/* It has proven who it is: true when it is let in. */
bool gate_decide(const struct gate *gate, struct member *member);
/* Does who was turned away belong here by now? */
bool gate_belongs(const struct gate *gate, const struct member *member);
/* A session with it has begun, or it began anew. */
void gate_met(const struct gate *gate, const struct member *member, uint64_t now);
/* What waited for somebody who is let in was dropped: what the charter's messages said is told anew. */
void gate_dropped(const struct gate *gate, const struct member *member, uint64_t now);
/* How it stands, for people to see; static text, or NULL. */
const char *gate_role(const struct gate *gate, const struct member *member);
/* It has left. */
void gate_left(const struct gate *gate, const struct member *member);
/* True: the message was one of the charter. */
bool gate_told(const struct gate *gate, const struct member *member, const uint8_t *message, size_t size, uint64_t now);

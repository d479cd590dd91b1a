/* What we say: whom each message of ours waits for, and how much more may be said.
 *
 * Invariants:
 * 1. A message waits for those who were present when it was accepted, a private one for its recipient alone, until each
 * acknowledged or was given up. Who was listed, but never answered a handshake, is waited for in the same way; that it
 * did not get something is no fault, for anybody can have members listed who are not there.
 * 2. At most OUTGOING_INPUTS messages are under way, as far as credit is obeyed: a message costs one, which comes back
 * when it waits for nobody any more, and OUTGOING_BYTES or less are under way. */
#pragma once

#include "client/message/blob.h"
#include "client/message/message.h"
#include "client/room/host.h"
#include "client/room/members.h"
#include "client/room/room_clock.h"
#include "client/room/room_events.h"
#include "common/attributes.h"

#define OUTGOING_INPUTS 512               /* messages that may be under way */
#define OUTGOING_UNANSWERED_MS 15000      /* until who never answered a handshake holds up nobody any more */
#define OUTGOING_BYTES (8u * 1024 * 1024) /* and their bytes, before input has to wait */

struct under_way; /* a message that somebody has not acknowledged */

struct outgoing {
    const struct chatroom_host *host;
    const struct room_self *self;
    const struct room_events *events;
    const struct room_clock *clock;
    uint64_t sequence, private_sequence; /* of our last messages */
    uint64_t tag;                        /* of what was last queued to members */
    struct under_way *first;             /* the oldest */
    size_t count, bytes;
    unsigned credit_owed; /* withheld while too many bytes wait */
    bool any_said;
    bool any_alone;       /* a message was accepted with nobody present */
    bool any_undelivered; /* somebody who had answered a handshake left without acknowledging */
};

void outgoing_clear(struct outgoing *outgoing);
/* Input may begin. */
void outgoing_open(const struct outgoing *outgoing);
/* The next message of its sequence, which completes `chat`, with the room's time; the caller's. NULL when it is not
 * UTF-8, empty or too long: the UI sees to that. */
MUST_USE struct blob *outgoing_compose(struct outgoing *outgoing, struct chat_message *chat, uint64_t now);
/* Says it to this member, or (NULL) to everyone present; costs one credit. EVENT_SENT. `time`: of our clock. */
void outgoing_say(struct outgoing *outgoing, const struct members *members, const struct chat_message *chat,
                  struct member *to, struct blob *blob, uint64_t now);
/* Tells everyone present; nobody waits for that to arrive. */
void outgoing_tell(struct outgoing *outgoing, const struct members *members, struct blob *blob, uint64_t now);
/* The same to one, be it let in or not. False: it is not here. */
MUST_USE bool outgoing_tell_one(struct outgoing *outgoing, const struct member *member, struct blob *blob,
                                uint64_t now);
/* A message could not be said: its credit comes back. */
void outgoing_refuse(struct outgoing *outgoing);
void outgoing_acknowledged(struct outgoing *outgoing, struct member *member, uint64_t tag);
/* The member will acknowledge nothing more. `undelivered`: it was somebody who should have got them. */
void outgoing_give_up(struct outgoing *outgoing, const struct member *member, bool undelivered);
/* Who holds up all others, and is to be given up; said once. NULL: nobody now. */
struct member *outgoing_stalled(struct outgoing *outgoing, uint64_t now);
/* When there is one. */
uint64_t outgoing_due(const struct outgoing *outgoing);
/* Each message waits for somebody, and all that is counted is there. */
bool outgoing_holds(const struct outgoing *outgoing);
/* Is anything under way? */
bool outgoing_any(const struct outgoing *outgoing);
/* Did somebody not get something, or nobody get something, if all ended now? */
bool outgoing_undelivered(const struct outgoing *outgoing);
bool outgoing_alone(const struct outgoing *outgoing);

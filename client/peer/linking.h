/* Handshakes with a peer and the transports that come of them: both sides of a handshake, the renewal of keys and their
 * end. Where packets go while there is no path, rounds.h says; what comes of one is returned, for peer.c to tell the
 * other parts. PROTOCOL.md §3.1, §3.2 rules 3 to 7. */
#pragma once

#include "client/peer/parts.h"
#include "client/peer/sending.h"
#include "common/attributes.h"

void linking_init(struct peer *peer, uint64_t now);
/* Is there a transport to send on? */
bool linking_usable(const struct peer *peer, uint64_t now);

/* The key set to meet the peer under: the best that some bootnode lists it under, else that it has, else the present
 * one. */
const struct key_set *linking_set(const struct peer *peer);
/* That of the handshake with this index of ours, be it under way or finished; NULL: none. */
const struct key_set *linking_set_of(const struct peer *peer, uint32_t index);
/* The key set is to be dropped: handshakes under it are given up. True: one of them was ours. */
bool linking_forget_set(struct peer *peer, const struct key_set *set);

/* The initiator's: a handshake that is bound to nothing begins, in place of any bound one, or goes on if it is young
 * enough; false without an index. */
bool linking_begin(struct peer *peer, uint64_t now);
/* Its INITIATION, the same to every place. */
void linking_initiate(struct peer *peer, const struct path *to, enum sending_grounds grounds, uint64_t now);
/* COOKIE_REPLY came: if it is to that INITIATION, it goes there once more, as it is asked for. */
void linking_take_cookie(struct peer *peer, const struct peer_cookie_reply *message, const struct path *from,
                         uint64_t now);
/* No handshake of ours is under way any more. */
void linking_abandon(struct peer *peer);
/* Is CONFIRMATION of a handshake that is no renewal unanswered? */
bool linking_is_confirming(const struct peer *peer);
/* Meanwhile the responder's PROBE came from there, so it has none: a copy goes back, one for one. */
void linking_confirm_to(struct peer *peer, const struct path *to, uint64_t now);
/* RESPONSE came: CONFIRMATION is sent, and `next` begun. False: it fits nothing. */
MUST_USE bool linking_confirm(struct peer *peer, const struct peer_answer *message, const struct path *from,
                              uint64_t now);
/* Something came that may pay for another CONFIRMATION, where one waits for that. */
void linking_paid(struct peer *peer, uint64_t now);
/* An introduction that proves who answered was heard on `next`: it becomes current. */
void linking_promote_next(struct peer *peer, uint64_t now);

/* The responder's: INITIATION came; RESPONSE goes back, or COOKIE_REPLY when there was too much of that. `known_place`:
 * from where the peer is known to be. */
void linking_respond(struct peer *peer, const struct key_set *set, const uint8_t *packet,
                     const struct peer_initiation *message, const struct path *from, bool known_place, uint64_t now);
enum linked {
    LINKED_NOTHING,
    LINKED_AGAIN, /* a copy: our introduction was lost, or went to where somebody had sent a copy of this from */
    LINKED_NEW,   /* `current` is the new transport */
};
/* CONFIRMATION came. When it is new, `introduction` is theirs, proven, and `bound` says whether it was a renewal. */
MUST_USE enum linked linking_accept(struct peer *peer, const struct peer_answer *message, uint64_t now,
                                    struct frame_introduction *introduction, bool *bound);

void linking_drop_previous(struct peer *peer);
/* Handshakes and transports: wiped, indices released. */
void linking_forget(struct peer *peer);
/* True: a handshake was given up, though it was answered. */
bool linking_tick(struct peer *peer, uint64_t now);
void linking_alarms(const struct peer *peer, uint64_t alarms[static PEER_ALARMS]);

/* One other member of a room: finding a way to it, the secure session, what is delivered, whether it still lives. Pure:
 * packets and times in, packets and calls out. PROTOCOL.md §3.
 *
 * peer.c is its life and where its packets come in, and tells its parts of each other; each stands on those before it:
 * sending and checks (packets through the session), linking (handshakes and keys), rounds (finding a way), probes
 * (guessing one), paths (which one is taken), talking (what goes through the session). What they share is in parts.h.
 *
 * Invariants:
 * 1. `current` is the transport we send on. `next` is the initiator's, finished but not yet heard on; `previous` only
 * receives. All are wiped at 180 s.
 * 2. `connected` is set once the other's introduction was verified, and stays: later handshakes must prove the same
 * member id.
 * 3. The path changes only to where the proven member answered an unbound handshake from, or to where a PONG with our
 * random token came from; from a path that answers only to a better one (PROTOCOL.md §3.4 rule 3). To a direct one that
 * no PONG came from goes little (sending.h, PROTOCOL.md §3.2 rule 15).
 * 4. A relay is a path like any other: packets are the same, and it proves nothing.
 * 5. Each thing to be done at a time has an alarm (parts.h), which is set anew after every call here. */
#pragma once

#include "client/peer/parts.h"
#include "client/peer/sending.h"
#include "common/attributes.h"

MUST_USE struct peer *peer_create(const struct peer_host *host, const struct member_record *record, uint64_t now);
void peer_destroy(struct peer *peer);
/* `bootnode` is the number of the session with one (room/sessions.h). A bootnode told of it (again). `usable`: all
 * candidates that are known now, best first; a peer that was gone is live again (true then). */
bool peer_listed(struct peer *peer, unsigned bootnode, const struct member_record *record, const struct address *usable,
                 size_t count, uint64_t now);
/* `resync`: it did not say that the peer left, but has a list without it. */
void peer_delisted(struct peer *peer, unsigned bootnode, bool resync, uint64_t now);
/* This session is no more, and another one may get its number: what it told counts as told by `heir`, which may be
 * itself. */
void peer_forget_session(struct peer *peer, unsigned session, unsigned heir, uint64_t now);
/* What goes through a bootnode by session `from` goes by session `to` from now on: the same way, under another key
 * set. */
void peer_reroute(struct peer *peer, unsigned from, unsigned to, uint64_t now);
/* Did nobody but these ever list it? */
bool peer_only_listed_by(const struct peer *peer, uint32_t sessions);
/* The host's `reachable` changed. */
void peer_weigh(struct peer *peer, uint64_t now);
/* INTRODUCE from a bootnode: punch again unless there is a working path. Who said bye is live again, soon. */
void peer_introduced(struct peer *peer, unsigned bootnode, const struct address *usable, size_t count, uint64_t now);
/* Something came back that may help: a peer that is not reached is tried again at once. */
void peer_retry(struct peer *peer, uint64_t now);
/* The key set with this number is to be dropped: what was begun under it is given up, sessions stay. */
void peer_forget_set(struct peer *peer, size_t number, uint64_t now);
/* The peer has this key set, too, by its own word: it is what new keys are made under. */
void peer_has_set(struct peer *peer, size_t number);
/* Our addresses or routes changed: is the path still one? */
void peer_network_changed(struct peer *peer, uint64_t now);
/* We were not running for `gap` milliseconds: what was not heard meanwhile is nobody's silence. */
void peer_resumed(struct peer *peer, uint64_t gap, uint64_t now);

/* The key set of the handshake with that index of ours, whose packets have their MAC by it; NULL: there is none. */
const struct key_set *peer_set_of(const struct peer *peer, uint32_t index);
/* Packets whose MAC and pair tag were checked, under one of the host's key sets, */
void peer_receive_probe(struct peer *peer, const struct path *from, uint64_t now);
void peer_receive_initiation(struct peer *peer, const struct key_set *set, const uint8_t *packet,
                             const struct peer_initiation *message, const struct path *from, uint64_t now);
/* and packets that name an index of ours (MAC checked, but for DATA). */
void peer_receive_cookie_reply(struct peer *peer, const struct peer_cookie_reply *message, const struct path *from,
                               uint64_t now);
void peer_receive_response(struct peer *peer, const struct peer_answer *message, const struct path *from, uint64_t now);
void peer_receive_confirmation(struct peer *peer, const struct peer_answer *message, const struct path *from,
                               uint64_t now);
void peer_receive_data(struct peer *peer, const uint8_t *packet, const struct peer_data *data, const struct path *from,
                       uint64_t now);

/* Queues a message; false without memory. It is sent as soon as there is a session, until it is acknowledged. */
MUST_USE bool peer_queue(struct peer *peer, struct blob *blob, uint64_t tag, uint64_t now);
/* What was queued is not sent (any more). */
void peer_drop_queue(struct peer *peer, uint64_t now);
/* Says bye, up to three times; peer_bye_done when answered or said often enough, and not while a first handshake waits
 * for its last answer: then the peer shows us and cannot hear us yet, so it is to be said again once the peer connects.
 */
void peer_say_bye(struct peer *peer, uint64_t now);
bool peer_bye_done(const struct peer *peer);
/* Says bye to this one, while others stay, once what was queued for it has arrived: then it is gone, as if it had said
 * so. */
void peer_dismiss(struct peer *peer, uint64_t now);
/* Was it dismissed, and has not come again since? */
bool peer_is_turned_away(const struct peer *peer);
/* Then it is looked for again, if a bootnode lists it: it is live as soon as it was silent for long enough. */
void peer_call_back(struct peer *peer, uint64_t now);

/* A packet of or for another member, as a FRAME_RELAY or FRAME_RELAYED; nothing unless the peer is reached directly. */
void peer_pass_on(struct peer *peer, enum frame_type type, const uint8_t member[static MEMBER_ID_SIZE],
                  const uint8_t *packet, size_t size, uint64_t now);

void peer_tick(struct peer *peer, uint64_t now);
/* Connected, with a path that answers. */
bool peer_reachable(const struct peer *peer);
/* When to wake for peer_tick if nothing arrives, */
uint64_t peer_due(const struct peer *peer);
/* and when it has something to do, be it that nobody needs to wake for it. It does nothing before. */
uint64_t peer_ready(const struct peer *peer);
/* Takes one from its host's list of those to whom something was done, so that both times may be others; NULL: there are
 * no more. */
struct peer *peer_take_touched(struct peer **touched);
/* The invariants above; and each alarm is as it would be set now, or has rung. */
bool peer_holds(const struct peer *peer, uint64_t now);

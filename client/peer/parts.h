/* What the files of peer.h say to each other. */
#pragma once

#include "client/peer/peer.h"

#define PEER_SILENT_MS 15000 /* absence */
#define PEER_OLD_NEWS_MS 5000
#define PEER_UNSAID_MS 30000 /* so long everybody takes at most to register again with a bootnode that began anew */
#define PEER_IDLE_MS 12000   /* then a path is asked: before PEER_SILENT_MS an answer has three chances */
#define PEER_DEMOTE_MS 3000

/* peer.c: what we say of ourselves to this peer */
void peer_introduction(const struct peer *peer, struct frame_introduction *out);

/* linking.c */
void linking_init(struct peer *peer, uint64_t now);
#define PEER_ASKED_MS 1000 /* unanswered for so long: other paths are looked at */

/* May one more PROBE, INITIATION or unasked PING go out? If so, it is counted; else `punch_blocked` says until when. */
bool linking_punch_allowed(struct peer *peer, uint64_t now);
void linking_start(struct peer *peer, uint64_t now); /* a round of punching, with a new handshake if we initiate */
void linking_done(struct peer *peer);                /* a working session: no more punching */
void linking_tick(struct peer *peer, uint64_t now);
uint64_t linking_due(const struct peer *peer, uint64_t now);
void linking_drop_previous(struct peer *peer);
void linking_forget(struct peer *peer); /* handshakes and transports: wiped, indices released */
/* The initiator heard an introduction on `next`: it becomes current. */
void linking_promote_next(struct peer *peer, uint64_t now);
bool linking_usable(const struct peer *peer, uint64_t now);

/* talking.c */
void talking_flush(struct peer *peer, uint64_t now);
void talking_tick(struct peer *peer, uint64_t now);
uint64_t talking_due(const struct peer *peer, uint64_t now);
/* A verified introduction: first contact, a handshake again with perhaps another nick, or a restart on their side. */
void talking_introduced(struct peer *peer, const struct frame_introduction *introduction, uint64_t now);
/* Introduces ourselves once more, to where we were asked from. */
void talking_introduce(struct peer *peer, const struct path *to, uint64_t now);
/* One frame in a packet of its own. `wants_answer`: silence from here on counts against the path, if it is that. */
void talking_send(struct peer *peer, const struct frame *frame, const struct path *to, bool wants_answer, uint64_t now);
/* Asks the path for a sign of life. */
void talking_ping(struct peer *peer, uint64_t now);

/* paths.c */
void paths_init(struct peer *peer);
void paths_set(struct peer *peer, const struct path *path, uint64_t now);
/* Asks whether the peer receives there; the PONG makes it the path if it is better. */
void paths_check(struct peer *peer, const struct path *path, uint64_t now);
/* An authentic packet came from there. */
void paths_heard(struct peer *peer, const struct path *from, uint64_t now);
/* A PONG that does not answer the path's own PING. */
void paths_pong(struct peer *peer, uint64_t token, const struct path *from, uint64_t now);
/* The other side's CANDIDATES. */
void paths_offered(struct peer *peer, const struct frame_candidates *offer, uint64_t now);
/* The other's candidates, or ours, may have become more: looks for something better. */
void paths_seek(struct peer *peer, uint64_t now);
void paths_tick(struct peer *peer, uint64_t now);
uint64_t paths_due(const struct peer *peer);

/* probes.c */
void probes_told(struct peer *peer, const struct frame_probing *told, uint64_t now);
void probes_heard(struct peer *peer, const struct path *from, uint64_t now);
void probes_path_changed(struct peer *peer, uint64_t now);
/* The other side begins anew: stops, and closes all sockets but the path's. */
void probes_forget(struct peer *peer);
void probes_tick(struct peer *peer, uint64_t now);
uint64_t probes_due(const struct peer *peer);

/* What goes through the session with a peer: introductions, messages and their acknowledgements, signs of life and
 * farewells; and when silence means absence. PROTOCOL.md §3.2, §3.3. */
#pragma once

#include "client/peer/parts.h"

void talking_flush(struct peer *peer, uint64_t now);
/* A packet is taken: what answers it goes out, and what else is due. */
void talking_answer(struct peer *peer, uint64_t now);
/* Theirs is that from now on. */
void talking_set_nick(struct peer *peer, const char *nick);
/* What was queued is not sent (any more). */
void talking_drop_queue(struct peer *peer);
/* Says bye once what was queued has arrived; then it is gone. */
void talking_dismiss(struct peer *peer, uint64_t now);
/* Says bye, up to three times. */
void talking_say_bye(struct peer *peer, uint64_t now);
void talking_tick(struct peer *peer, uint64_t now);
void talking_alarms(const struct peer *peer, uint64_t now, uint64_t alarms[static PEER_ALARMS]);
/* A frame of a packet that came from there, while its answers are gathered. */
void talking_take(struct peer *peer, const struct frame *frame, const struct path *from, uint64_t now);
/* A verified introduction: first contact, a handshake again with perhaps another nick, or a restart on their side. */
void talking_introduced(struct peer *peer, const struct frame_introduction *introduction, uint64_t now);

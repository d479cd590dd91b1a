/* A room's key sets come and go while it is lived in (client/keys/key_sets.h, PROTOCOL.md §1): what the parts of a room
 * have to do then.
 *
 * Invariants:
 * 1. Nobody leaves or joins by it: who is a member under one set is the same one under another. No handshake is made
 * anew, and what is under way to somebody stays so.
 * 2. The room is registered under the present set from the moment on that it is that, and under the former one at least
 * REKEYING_MOVE_MS longer, so that members who learn of it later are found.
 * 3. A set that was dropped is nowhere: no session, handshake or tag is left of it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "client/keys/key_sets.h"
#include "client/room/assembly.h"
#include "common/attributes.h"

#define REKEYING_MOVE_MS 10000

/* Another set, which is not the present one; we register under it. For a door the oldest former one may have to go.
 * False: there are too many, or it is there. */
MUST_USE bool rekeying_add(struct assembly *parts, const struct key_set *set, enum key_set_role role, uint64_t now);
/* This set is the present one; `keep`: we stay registered under the former one. Of former ones, the oldest may have to
 * go. */
void rekeying_rekey(struct assembly *parts, const struct key_set *set, bool keep, uint64_t now);
/* Whether we are registered under a set that is not the present one. Nothing where that is not there. */
void rekeying_keep(struct assembly *parts, const uint8_t tag[static ROOM_TAG_SIZE], bool keep, uint64_t now);
/* Any set but the present one. Nothing where it is not there. */
void rekeying_drop(struct assembly *parts, const uint8_t tag[static ROOM_TAG_SIZE], uint64_t now);

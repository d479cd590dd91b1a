/* Under which of its key sets a room is registered: begins and ends the entries of its sessions (sessions.h), one with
 * each bootnode for each set.
 *
 * Invariants:
 * 1. A set that is wanted has an entry with each bootnode, as far as there are numbers; the present one's come first.
 * 2. A set that is not wanted, or no more, has none but those that take their leave, told as moved: we are a member
 * under another tag.
 * 3. What was told under a set that was dropped counts for nothing. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "client/room/host.h"
#include "client/room/sessions.h"
#include "client/room/signpost.h"

struct entries {
    const struct chatroom_host *host;
    struct peer_host *peer_host; /* `listing` is kept there */
    struct members *members;
    struct sessions *sessions;
    struct signposts *signposts;
    uint32_t wanted;                 /* key sets that we are to be registered under: a set of numbers */
    uint64_t leave_at[KEY_SETS_MAX]; /* of one that is wanted until then; NEVER: for good */
};

/* Zeroed, but for the pointers. Begins under the first set. */
void entries_init(struct entries *entries, uint64_t now);
/* That set is there, and we are to be registered under it until then, NEVER: for good; `now`: not any more. It is left
 * once the bootnodes that list us under it do so under the present one. */
void entries_want(struct entries *entries, size_t set, uint64_t until, uint64_t now);
/* That set is to be dropped. */
void entries_drop(struct entries *entries, size_t set, uint64_t now);
void entries_tick(struct entries *entries, uint64_t now);
uint64_t entries_due(const struct entries *entries);
/* The `listing` of the peers' host is as the sessions are. */
bool entries_hold(const struct entries *entries);

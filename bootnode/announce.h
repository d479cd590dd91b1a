/* Announcing: the changes of a room become CHANGES packets to its members. The owner worker's job alone.
 *
 * Rules (PROTOCOL.md §2.3 rule 7): at once in a room quiet for 100 ms, else at most 10 times a second, or seldomer
 * where telling rooms again takes too much of the worker's time (pace.h); repeated to members that are behind after 250
 * ms and then every second up to 7 s, and as much later as announcements are; nothing to sessions that did not show for
 * over two beats that they hear, or were last heard from another address; nothing new to those whose last beat did not
 * echo; nothing that no echo has paid for (session.h).
 *
 * A pass looks at every member of a room, in the order of their ids. A pass to all first sets the member's copy of the
 * room's version (room.h), whether or not it is told anything: so nobody is told a version before its copy has it, and
 * who was silent or astray is found behind by its next beat. A pass that answers or repeats sets the copies of those
 * alone whom it tells something: the others' would make them ask, one by one, for what is held back to be told to all.
 * Every change is followed by a pass to all that begins after it, and who joins a room during a pass brings such a
 * change; so no copy lags for longer than announcements are held back. Newcomers do not wait for that: WELCOME and the
 * answers to who asks are not held back.
 * Where a pass met no member who listens, changes that nobody living made (expiry, leaving) are held back for
 * ROOM_DEAF_MS; where it met none who is behind, nothing is repeated.
 *
 * What is told again to somebody who did not acknowledge it goes out in datagrams of at most CHANGES_REPEATED_MAX: a
 * path may take no larger ones, and no fragments.
 *
 * An announcement to all continues from what a member was told last, so that a steady stream of changes needs no
 * waiting for acknowledgements; repeats and answers start from what the member said it has. Bodies are written under
 * the shard's mutex into the announcer's buffer, at most ANNOUNCE_BATCH datagrams at a time; sealing and sending happen
 * after it was released. A room that needs more is gone on with in the next call, found anew by its tag. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bootnode/outbox.h"
#include "bootnode/table/shard.h"
#include "common/attributes.h"

#define ANNOUNCE_BATCH 256

struct announcer; /* the buffers of one worker */

MUST_USE struct announcer *announcer_create(void);
void announcer_destroy(struct announcer *announcer);
/* Works off what is due at `now`, a bounded amount of it. Returns when to be called again (server clock, ms): `now`
 * when more is due, NEVER when nothing waits. The caller is inside an RCU read-side section. */
uint64_t announce_run(struct announcer *announcer, struct shard *shard, struct outbox *outbox, uint64_t now);
/* What the calls since the last time took, with the sending. */
void announce_spent(struct announcer *announcer, uint64_t spent_ns);
/* Under the shard's mutex. Whether all that changed in its rooms is told, is being told, or waits for a pass; and,
 * where it is told, every member's copy is the room's version. Walks over everything. */
bool announcer_holds(const struct announcer *announcer, const struct shard *shard);

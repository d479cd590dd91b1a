/* An operator ends a session: its room is told that its member left, and its client, by RESET, at its next beat. The
 * member may not register in that room again for a while; whoever has it do so is not answered. */
#pragma once

#include "bootnode/table/shard.h"
#include "common/attributes.h"

/* Takes the shard's mutex. Both times are the server clock's, in milliseconds. False: there is no such session. */
MUST_USE bool shard_kick(struct shard *shard, uint64_t id, uint64_t until, uint64_t now);

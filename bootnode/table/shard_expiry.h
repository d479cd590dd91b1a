/* The reaper's part: whoever fell silent is found and removed. */
#pragma once

#include "bootnode/table/shard.h"
#include "common/attributes.h"

/* The reaper: looks at up to SHARD_BATCH sessions that were due at `listened`, at or before `now`: a time by which all
 * that had come for the shard was handled (hearing.h, I1). Removes those that had fallen silent then, and takes back
 * the slots of up to as many that were removed earlier. Both times are the server clock's. Returns true when there may
 * be more to do. */
MUST_USE bool shard_expire(struct shard *shard, uint64_t now, uint64_t listened);
/* The reaper, in a read-side section, once hearing_note_pause and `pauses` say that there was a pause: whoever was
 * heard before that was known is noted as far ahead; from now on it is as of the end of the pause. Looks at all
 * sessions. */
void shard_expiry_set_right(struct shard *shard, uint64_t now);
/* Whether a session may be due at `now` already: then it is worth asking the worker to listen. */
bool shard_has_due(struct shard *shard, uint64_t now);

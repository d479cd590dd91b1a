/* The sessions of a shard whose rooms got other homes (cluster/homes.h): who they are, what is told to one, and its end
 * here. moving.h has when. All take the shard's mutex, for SHARD_BATCH sessions at most, and the server clock in
 * milliseconds. `stamps` are those of the homes now, by bucket.
 *
 * A member is *behind* where `homes_known` is not its bucket's stamp: what its client was told last, by COOKIE or by
 * NOTICE, are other homes. */
#pragma once

#include "bootnode/table/shard.h"
#include "common/attributes.h"
#include "common/names.h"

#define SHARD_HOMES_LOOKS 1024 /* slots, at most; most may be empty */

/* How far a walk over all sessions has come. Zeros: it begins. */
struct shard_homes_walk {
    uint32_t slot;     /* whose turn it is, */
    uint32_t position; /* and in its room the member */
};
/* Members that are behind and do not await it yet: from now on they do. Those of one room come together. Returns false
 * when the walk is over. The caller is a reader of RCU. */
MUST_USE bool shard_homes_find(struct shard *shard, const uint16_t stamps[static BUCKETS],
                               struct shard_homes_walk *walk, uint64_t found[static SHARD_BATCH], size_t *count);
/* Became a member just now: where it is behind, the owner is told. Any thread. */
void shard_homes_note(struct shard *shard, uint64_t id, const uint16_t stamps[static BUCKETS]);
/* Those that were noted, which await it from now on. Returns false when there were more of them: another walk is due.
 */
MUST_USE bool shard_homes_take(struct shard *shard, uint64_t found[static SHARD_BATCH], size_t *count);
/* It awaits nothing any more: the next walk finds it, if it is behind. */
void shard_homes_forget(struct shard *shard, uint64_t id);

/* Of one that was found, or was told: what is to be done for it. */
enum shard_homes_state {
    SHARD_HOMES_GONE,  /* nothing: the session ended, or knows them, or was told of later ones */
    SHARD_HOMES_DEAF,  /* nothing now: it does not hear, or nothing may be sent there that no echo has paid for */
    SHARD_HOMES_SEND,  /* `told` goes out to `session` */
    SHARD_HOMES_HEARD, /* nothing: it heard what it was told */
};
struct shard_homes_told {
    uint64_t id;
    uint32_t at; /* when it went out last; low 32 bits of the server clock */
    uint16_t bucket;
    uint16_t stamp; /* of what it was told */
    uint16_t token; /* that went along, */
    bool shared;    /* and with something before */
};
/* In which bucket the session's room is; false: it ended. */
MUST_USE bool shard_homes_bucket(struct shard *shard, uint64_t id, uint16_t *bucket);
/* It is to be told now, unless it knows: from then on it does, and awaits nothing. */
enum shard_homes_state shard_homes_tell(struct shard *shard, uint64_t id, const uint16_t stamps[static BUCKETS],
                                        uint64_t now, struct shard_homes_told *told);
/* It was told, and may have heard it: a beat echoed the token, no beat failed to since, and nothing else went out with
 * it. Where it did not hear, it is told again, as long as these are its homes; `again` false: it is only asked. */
enum shard_homes_state shard_homes_ask(struct shard *shard, const uint16_t stamps[static BUCKETS], bool again,
                                       uint64_t now, struct shard_homes_told *told);
/* Its time here is over: it ends as moved, unless there are later homes, or it is lent. True when it did. */
MUST_USE bool shard_homes_end(struct shard *shard, const uint16_t stamps[static BUCKETS],
                              const struct shard_homes_told *told, uint64_t now);

/* How many members are behind, await nothing, and were not noted. Walks over everything. */
size_t shard_homes_missed(struct shard *shard, const uint16_t stamps[static BUCKETS]);

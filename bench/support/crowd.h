/* A crowd of sessions in one shard, for measuring the table without sockets and public-key work. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bootnode/table/shard.h"
#include "common/attributes.h"

#define CROWD_START 1000000U /* server clock at which the shard begins */
#define CROWD_ROOM_MEMBERS 64u

struct crowd {
    struct shard *shard;
    uint64_t *ids; /* of member i */
    uint64_t size;
    uint64_t rooms;
    bool interleaved; /* all rooms grow at the same time, not one after the other */
};

/* NULL without memory. No limit holds anybody back. */
MUST_USE struct shard *crowd_shard_create(void);
void crowd_shard_destroy(struct shard *shard);
/* Which room member i is in. */
uint64_t crowd_room(const struct crowd *crowd, uint64_t member);
/* Registers and confirms member i at `now`: two candidates, one IPv4 private and one IPv4 public. A second time it
 * replaces itself. False when it was refused. */
MUST_USE bool crowd_join(struct crowd *crowd, uint64_t member, uint64_t now);
/* All of them, quiescent in between. */
MUST_USE bool crowd_fill(struct crowd *crowd, uint64_t now);
/* Member i is heard: it has what it was told. */
void crowd_beat(const struct crowd *crowd, uint64_t member, uint64_t now);
/* CPU time of this thread. */
uint64_t crowd_cpu_ns(void);

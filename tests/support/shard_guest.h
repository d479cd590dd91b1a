/* Guests of a shard under test: members and rooms by number, keys made from the number. */
#pragma once

#include <stdint.h>

#include "bootnode/table/shard.h"
#include "bootnode/table/shard_join.h"

#define GUEST_NODE 9
#define GUEST_SHARD 4
#define GUEST_START 1000000U /* when shards under test begin */

extern const struct shard_limits guest_limits; /* 15 s, 128 members, plenty of sessions */

struct guest {
    unsigned room, member;
};

/* Sets the shard up, or fails the test. */
void guest_open(struct shard *shard, const struct shard_limits *limits, int bell);
void guest_tag(unsigned room, uint8_t out[static ROOM_TAG_SIZE]);
void guest_member_id(unsigned member, uint8_t out[static MEMBER_ID_SIZE]);
void guest_secret(unsigned member, uint8_t out[static LINK_SECRET_SIZE]);
struct address guest_address(unsigned member);
/* `out` and `members` (WELCOME's rest) may be NULL. */
enum registering guest_register(struct shard *shard, struct guest guest, uint64_t now, struct registered *out,
                                struct writer *members);
enum registering guest_confirm(struct shard *shard, uint64_t id, uint64_t now);
/* Why it is refused, or the test fails: the registration, or its first beat. */
enum refusal guest_refusal(struct shard *shard, struct guest guest, uint64_t now);
enum refusal guest_confirm_refusal(struct shard *shard, uint64_t id, uint64_t now);
/* Registers and confirms, or fails the test. Returns the session id. */
uint64_t guest_join(struct shard *shard, struct guest guest, uint64_t now);
struct session *guest_session(struct shard *shard, uint64_t id);
struct room *guest_room(struct shard *shard, unsigned room);

/* What sessions do once they are there. All take the shard's mutex themselves, and the server clock in milliseconds;
 * addresses and endpoint are those of the packet. All find the session by its id; nothing happens, and the answer is
 * false, when it is gone. */
#pragma once

#include "bootnode/table/shard.h"
#include "common/attributes.h"

/* A sealed counter was seen on an authentic packet: true when it is above the highest, which it then is. */
MUST_USE bool shard_accept_sealed(struct shard *shard, uint64_t id, uint64_t counter);
/* False also when the new source has no place: the session stays where it was. */
MUST_USE bool shard_move(struct shard *shard, uint64_t id, const struct address *address, uint8_t endpoint,
                         uint64_t now);
/* False: it is gone, or has not shown that it hears since its candidates changed last. They change only with a higher
 * revision. A proof has been checked. */
MUST_USE bool shard_update(struct shard *shard, uint64_t id, const struct update_body *update, uint64_t now);
/* The client said so: it leaves the room, or moves to other homes of it (LEAVE_SAID, LEAVE_MOVED). */
MUST_USE bool shard_leave(struct shard *shard, uint64_t id, enum leave_reason reason, uint64_t now);

/* A beat came with a version other than the room's (epoch 0: none). Has CHANGES sent to this member: at once when the
 * client is stuck, else when what was sent last should have arrived, and at most once in SHARD_ANSWER_MS. */
void shard_client_behind(struct shard *shard, uint64_t id, struct room_version has, uint64_t now);

/* For INTRODUCE: both records as the other may see them, where to send, and the tokens that go along. False when the
 * target is not another member of the same room, or one of both does not hear. */
struct introduction {
    uint64_t target_id;
    uint16_t target_token, requester_token;
    struct member_record for_requester, for_target;
};
MUST_USE bool shard_introduce(struct shard *shard, uint64_t id, const uint8_t target[static MEMBER_ID_SIZE],
                              uint64_t now, struct introduction *out);

/* For RELAY: whom a packet of this session goes to. False when the session is no member, or no other member of its room
 * has this id and listens. `session` may be used as long as the caller stays in its read-side section. */
struct relay_target {
    struct session *session;
    uint64_t session_id;
    uint8_t sender[MEMBER_ID_SIZE];
};
MUST_USE bool shard_relay_target(struct shard *shard, uint64_t id, const uint8_t target[static MEMBER_ID_SIZE],
                                 uint64_t now, struct relay_target *out);

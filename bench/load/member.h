/* The compact record of one session: of a member, and in a cluster of what it has at one node (places.h). What every
 * beat needs stands in the first cache line; when it beat last stands apart (`struct fleet`), because that is looked
 * through all the time. */
#pragma once

#include <assert.h>
#include <stdint.h>

#include "common/link.h"
#include "common/wire/bootnode_bodies.h"

enum member_state {
    MEMBER_ABSENT,      /* has no session; where the member has none at all the next fill gives it one */
    MEMBER_REGISTERING, /* HELLO or REGISTER is out */
    MEMBER_CONFIRMING,  /* has a provisional session */
    MEMBER_ACTIVE,
    MEMBER_ASKING,  /* was told of a restart: has its session, and asks whether it is still one */
    MEMBER_LEAVING, /* LEAVE is out */
    MEMBER_AWAY,    /* comes back soon */
    MEMBER_SILENT,  /* sends nothing any more; its session must expire */
    MEMBER_MOVING,  /* LEAVE is out: the member has its sessions at other nodes */
};

enum member_flag {
    MEMBER_WATCHED = 1,   /* its room is */
    MEMBER_OWES_BEAT = 2, /* an acknowledgement of CHANGES is queued */
    MEMBER_ASTRAY = 4,    /* has a new port, and did not move yet */
    MEMBER_LAST_WORD = 8, /* falls silent once its last beat was answered */
    MEMBER_CHURNS = 16,   /* on its way out and back */
    MEMBER_RETURNS = 32,  /* lost its session with its bootnode, and is not back yet */
    MEMBER_OVERDUE = 64,  /* its last beat left so late that the session may have expired before: our own fault */
    MEMBER_LASTING = MEMBER_WATCHED | MEMBER_CHURNS | MEMBER_RETURNS, /* what a session's end does not end */
};

struct member {
    uint64_t session_id;
    struct room_version version; /* epoch 0: none */
    uint8_t beat_key[LINK_TAG_KEY_SIZE], ack_key[LINK_TAG_KEY_SIZE];
    uint32_t sealed; /* counter of the last sealed packet that it sent */
    uint32_t asked;  /* counter of the beat whose answer the fleet itself waits for; UINT32_MAX: of none yet */
    uint8_t state, flags;
    uint16_t token; /* what its beats echo */
    /* Of a full list: the version that its parts so far have, and the first half of the id up to which they go. */
    uint32_t arriving_count;
    uint64_t arriving_high;
    uint32_t moved_ms; /* when it sent MOVE */
    uint8_t secret[LINK_SECRET_SIZE];
    uint8_t reset_token[RESET_TOKEN_SIZE];
    uint16_t registered_s; /* when its session was confirmed; wraps */
    uint8_t resets;        /* in a row, of sessions that did not last */
    uint8_t node;          /* where it is, or is sought: nodes.h */
};
static_assert(sizeof(struct member) <= 128, "two cache lines");

/* By what a room was joined, kept so that others can be invited to it; and the invite that comes of it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/invite/invite.h"
#include "client/keys/bootnodes.h"
#include "client/keys/known_keys.h"
#include "common/attributes.h"
#include "common/why.h"

struct entrance {
    bool elsewhere; /* by keys alone: who made them makes the invites, too */
    enum invite_kind kind;
    uint8_t root[PRIVATE_ROOT_SIZE]; /* but for INVITE_SECRET */
    bool passphrase;
    size_t secret_size;                /* 0: an open room */
    uint8_t secret[INVITE_SECRET_MAX]; /* where it is no longer, and no passphrase: that is to be spoken */
};

struct entrance entrance_of(const void *secret, size_t size, bool passphrase);
/* Names the bootnodes, with the prints of those keys that are known by now. False with one line in `why`: the secret is
 * too long for an invite, or no bootnode can be named in one. The caller wipes `out`. */
MUST_USE bool entrance_invite(const struct entrance *entrance, const char *room, const struct bootnode *bootnodes,
                              size_t bootnode_count, struct known_keys *known, struct invite *out, struct why *why);

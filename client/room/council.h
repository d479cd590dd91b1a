/* A private room's charter among its members: who is let in, what they tell each other of it, and what follows from a
 * statement. PROTOCOL.md §3.7. Pure; it owns no member and no key set: what is to be done it asks its host for.
 *
 * Invariants:
 * 1. A member is let in if and only if admission_of says so of the key that it showed and the set that it came under,
 * or it was let in under another set before and nothing was said against it.
 * 2. Whom the charter shuts out is told so and nothing else, and no statement goes to it but the one about itself.
 * 3. The host's present key set is that of private_room_secret, once a charter is known.
 * 4. What changed in the room is on the disk before a door that was used lets somebody in, else within COUNCIL_SAVE_MS.
 * 5. To each member all that is kept is sent at most once in COUNCIL_FULL_MS, and again only where it keeps up. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/charter/private_room.h"
#include "client/keys/identity.h"
#include "client/room/belonging.h"
#include "common/attributes.h"
#include "common/why.h"

#define COUNCIL_SAVE_MS 1000
#define COUNCIL_FULL_MS 10000
#define COUNCIL_DIGEST_MS 200     /* so much after a change all hear our digest */
#define COUNCIL_NEAR 3            /* or so many, where the author told all */
#define COUNCIL_TELL_LEAST_MS 600 /* so much after another digest than ours, and more at random, all is told */
#define COUNCIL_TELL_SPREAD_MS 900
#define COUNCIL_CHECKS 1100 /* of one member's signatures, at once; */
#define COUNCIL_CHECK_MS 10 /* then one in so long */
#define COUNCIL_FORGERIES 8
#define COUNCIL_FORGERY_MS 10000
#define COUNCIL_NOTED 768     /* kept entries from which on nobody is noted who came by the secret */
#define COUNCIL_QUIET_MS 3000 /* after the first word of the charter: what is kept of people is no news then */
#define COUNCIL_STALE_MS 2000 /* so long the first of those who may make a new epoch is waited for */

struct council {
    struct council_host host;
    const struct identity *identity;
    uint8_t own_id[MEMBER_ID_SIZE];
    bool refused; /* that was told, and nobody has let us in since */
    struct private_room *room;
    bool digest_to_all; /* at digest_at */
    uint64_t save_at, stale_at, digest_at, quiet_until;
};

void council_init(struct council *council, const struct council_host *host, const struct identity *identity,
                  const uint8_t own_id[static MEMBER_ID_SIZE], struct private_room *room);

/* A handshake shows its key. `tag`: of the set that it was made under; `role`: what that is to us. Returns what is to
 * become of it; of the host's functions save alone is called. */
enum admission_kind council_showed(struct council *council, struct belonging *who, const uint8_t key[static 32],
                                   enum key_set_role role, const uint8_t tag[static ROOM_TAG_SIZE], uint64_t now);
/* It can be talked to: hears our digest, or why it is not let in. */
void council_connected(struct council *council, struct belonging *who, uint64_t now);
/* What it was told and had not acknowledged was dropped. */
void council_dropped(const struct council *council, struct belonging *who, uint64_t now);
void council_gone(struct belonging *who);
/* Is this message the council's? Then handles it. */
bool council_received(struct council *council, struct belonging *from, const uint8_t *message, size_t size,
                      uint64_t now);
void council_tick(struct council *council, uint64_t now);
uint64_t council_due(const struct council *council);

/* --- For decisions.h --- */

/* The room's time, in ms since 1970. */
uint64_t council_wall(const struct council *council, uint64_t now);
/* charter_state, and where it is taken people hear of it. council_follow is due then. */
enum charter_taking council_state(struct council *council, enum statement_kind kind, const uint8_t *subject,
                                  const void *body, size_t body_size, uint64_t now, struct statement *out);
/* Statements of ours that the charter took: members hear them, and what they change is changed. `before`: the secret
 * that there was before. At most CHARTER_STATEMENTS_MAX. */
void council_follow(struct council *council, const uint8_t before[static PRIVATE_SECRET_SIZE], struct statement *list,
                    size_t count, uint64_t now);
/* Takes a new epoch into the charter, with a random secret that shuts out whoever is removed. False: we may not. */
MUST_USE bool council_state_epoch(struct council *council, uint64_t now, struct statement *out);
/* Do we stay under former sets, for those who were away? So do owner, ops, and the two members of lowest id. */
bool council_is_keeper(const struct council *council);

/* How a client becomes a member: REGISTER makes a provisional session, its first heartbeat a member. Both take the
 * shard's mutex themselves, and the server clock in milliseconds. Address and endpoint are those of the packet. */
#pragma once

#include "bootnode/table/shard.h"
#include "common/attributes.h"

#define SHARD_PROVISIONAL_MS 5000
#define SHARD_PROVISIONAL_PER_MEMBER 3

enum registering {
    REGISTERED,
    REGISTERING_KNOWN, /* nothing was left to be done: see below */
    REGISTERING_REFUSED,
};

struct registration {
    const struct register_body *body;
    uint64_t attempt;
    struct address address;
    uint8_t endpoint;
    bool by_previous_key; /* of the bootnode: who knows no newer one */
    bool lent;            /* the room's homes are elsewhere */
    uint16_t homes_known; /* the stamp of those that the client was told */
    uint8_t secret[LINK_SECRET_SIZE];
};
struct registered {
    /* REGISTERED */
    uint64_t session_id;
    uint16_t token;              /* the first that a beat must echo */
    struct room_version version; /* none when the room does not exist yet */
    bool complete;               /* all members fitted */
    /* REGISTERING_REFUSED */
    enum refusal refusal;
    enum shard_limit limit; /* of what; which setting that is, limits.h says */
};
/* Makes a provisional session and writes the first members into `members` (WELCOME's rest). REGISTERING_KNOWN: a
 * session of this attempt waits for its first beat, the member was kicked (shard_kick.h), or it is there by a newer key
 * of the bootnode; `out` is as it was. */
MUST_USE enum registering shard_register(struct shard *shard, const struct registration *registration, uint64_t now,
                                         struct registered *out, struct writer *members);

/* First valid beat of a provisional session: joins the room (made when needed), takes its predecessor's place:
 * whoever could register under the member id has proven its key, and the newest proof counts.
 * REGISTERING_KNOWN: no provisional session has this id. REGISTERING_REFUSED: it is gone, `refusal` says why. */
MUST_USE enum registering shard_confirm(struct shard *shard, uint64_t id, uint64_t now, enum refusal *refusal);

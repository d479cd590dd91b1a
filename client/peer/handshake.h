/* The handshake between two peers: Noise XX or XXpsk3 in three packets. Pure: packets in, packets out; when and where
 * they go is peer.h's and punch.h's. PROTOCOL.md §3.1.
 *
 * Invariant: a packet that fails leaves the state as it was, so a forged RESPONSE or CONFIRMATION cannot spoil the real
 * one. A transport comes out only when the other proved the X25519 form of an Ed25519 key whose hash under the room key
 * is the member id we wanted. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "client/keys/identity.h"
#include "client/peer/path.h"
#include "client/peer/transport.h"
#include "common/attributes.h"
#include "common/bucket.h"
#include "common/names.h"
#include "common/noise.h"
#include "common/wire/frames.h"
#include "common/wire/peer_packets.h"

/* What both sides know before the first packet. */
struct handshake_pair {
    const struct room_keys *room;
    const struct identity *identity;
    bool initiator; /* ours is the lower member id */
    uint8_t own_id[MEMBER_ID_SIZE], other_id[MEMBER_ID_SIZE];
    uint8_t own_mask, other_mask;
};

/* One packet that was sent several times: an answer may be to any of its copies. Kept by who sends them. */
struct handshake_copies {
    unsigned count;
    uint64_t first, last; /* ms */
};

/* The initiator's attempt. */
struct handshake_attempt {
    bool active, bound;
    const struct key_set *set; /* that it is made under */
    uint32_t index;
    uint64_t started;
    struct noise noise;
    uint8_t packet[PEER_HANDSHAKE_SIZE]; /* INITIATION, the same to every candidate but for a cookie's second MAC */
    struct handshake_copies sent;
    unsigned cookies;                 /* so many were taken, each by a copy that is among those sent */
    struct path cookie_from;          /* the last of them came from there: what goes there has it */
    uint8_t cookie[PEER_COOKIE_SIZE]; /* if there were any */
    struct bucket work;               /* public-key work for RESPONSEs */
};

/* The responder's half-open handshake. */
struct handshake_pending {
    bool active, bound;
    bool done;                 /* confirmed: kept to answer late copies */
    const struct key_set *set; /* the initiation's */
    uint32_t index, remote_index;
    uint64_t started;
    struct noise noise;
    uint8_t initiation[PEER_INITIATION_HEAD];
    uint8_t response[PEER_HANDSHAKE_SIZE]; /* made once: every copy of the initiation gets the same */
    struct handshake_copies sent;
    struct bucket work; /* public-key work for CONFIRMATIONs */
};

struct handshake_result {
    struct noise_keys keys;
    uint8_t remote_static[32];
    uint64_t token;                         /* that CONFIRMATION has, and its answer shall have */
    struct frame_introduction introduction; /* accept only */
};

/* True for the lower id. Equal ids are ourselves: not a pair. */
bool handshake_is_initiator(const uint8_t own[static MEMBER_ID_SIZE], const uint8_t other[static MEMBER_ID_SIZE]);
/* The suite that both masks agree on; 0: none. */
enum suite handshake_suite(const struct handshake_pair *pair);
/* Length of INITIATION's Noise message in this room. */
size_t handshake_initiation_noise_size(const struct room_keys *room);

/* Initiator. `set` is that of the room that the handshake is made under, and outlives it. `bound_to` is the transport
 * it renews, or NULL. */
MUST_USE bool handshake_initiate(const struct handshake_pair *pair, const struct key_set *set, uint32_t index,
                                 const struct transport *bound_to, uint64_t now, struct handshake_attempt *out);
/* Initiator: RESPONSE came; writes CONFIRMATION with our introduction. 0 when it does not fit the attempt. */
MUST_USE size_t handshake_confirm(const struct handshake_attempt *attempt, const struct peer_answer *response,
                                  const struct frame_introduction *introduction, uint8_t *out, size_t capacity,
                                  struct handshake_result *result);

/* Initiator: is that COOKIE_REPLY to this attempt, from who saw its INITIATION? */
MUST_USE bool handshake_cookie_fits(const struct handshake_attempt *attempt, const struct peer_cookie_reply *reply);
/* Initiator: INITIATION with the second MAC that the cookie asks for. */
void handshake_use_cookie(const struct handshake_attempt *attempt, const uint8_t cookie[static PEER_COOKIE_SIZE],
                          uint8_t out[static PEER_HANDSHAKE_SIZE]);

/* Responder: a bound INITIATION came. Was it made by who has the keys of the session that it renews? */
MUST_USE bool handshake_renewal_valid(const struct handshake_pair *pair,
                                      const uint8_t packet[static PEER_HANDSHAKE_SIZE],
                                      const struct transport *bound_to);
/* Responder: INITIATION came under that set, and is not worked off; the answer tells how it would be. */
void handshake_ask_for_cookie(const struct key_set *set, const struct peer_initiation *initiation,
                              const uint8_t cookie[static PEER_COOKIE_SIZE],
                              uint8_t out[static PEER_COOKIE_REPLY_SIZE]);
/* Responder: is this packet a copy of the INITIATION that was answered, whatever its second MAC? */
bool handshake_is_copy(const struct handshake_pending *pending, const uint8_t packet[static PEER_HANDSHAKE_SIZE]);
/* Responder: INITIATION came (its MAC and pair tag are checked, which say under which set); makes the RESPONSE.
 * `bound_to` as the packet asks. */
MUST_USE bool handshake_respond(const struct handshake_pair *pair, const struct key_set *set, const uint8_t *packet,
                                const struct peer_initiation *initiation, uint32_t index,
                                const struct transport *bound_to, uint64_t now, struct handshake_pending *out);
/* Responder: CONFIRMATION came. */
MUST_USE bool handshake_accept(const struct handshake_pair *pair, const struct handshake_pending *pending,
                               const struct peer_answer *confirmation, struct handshake_result *result);

/* Does this introduction belong to the pair's other member, and to the static key that the handshake proved? */
MUST_USE bool handshake_introduction_valid(const struct handshake_pair *pair,
                                           const struct frame_introduction *introduction,
                                           const uint8_t remote_static[static 32]);

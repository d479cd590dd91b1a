/* Does the peer receive at the address that its path has? PINGs with fresh tokens ask, PONGs from there prove it.
 * PROTOCOL.md §3.2 rule 15. Pure.
 *
 * Invariant: a proof counts for PROOF_BYTES that went there since the PING left which it answers, and no longer.
 * Whoever went away from an address, and goes on speaking as if from there, has no more sent to it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"

#define PROOF_BYTES 131072    /* of which at most DELIVERY_WINDOW segments are under way */
#define PROOF_ASK_BYTES 16384 /* so much went there since the last PING: it is asked again; half of it */
#define PROOF_ASK_MS 1000     /* so long ago it was asked, and something goes there that wants an answer; */
#define PROOF_REPEAT_MS 250   /* and so long ago, while no PONG came; every second time twice as long, */
#define PROOF_DOUBLINGS 3     /* so often */
#define PROOF_FIRST_PACKETS 8 /* may go there without a proof, beside PINGs and what answers */
#define PROOF_AGAIN_MS 20     /* so long ago, without a proof, where something else goes there */
#define PROOF_PINGS 16        /* whose PONGs count */

struct proof_ping {
    uint64_t token, sent; /* 0: answered, or none */
    uint64_t bytes;       /* that had gone there when it left */
};

struct proof {
    bool given;           /* as much as fits through may go there */
    bool ever;            /* it was given since this is the path */
    uint64_t bytes;       /* that went there in all, */
    uint64_t proven;      /* and when the newest PING left that was answered; */
    uint64_t asked_bytes; /* and when the last one did, */
    uint64_t asked;       /* at this time; 0: never */
    uint64_t waiting;     /* when the first PING left since a PONG came last; 0: none did */
    unsigned pinged;      /* how many left since then */
    unsigned packets;     /* how many of whatever went there without a proof */
    struct proof_ping pings[PROOF_PINGS];
    unsigned next;
};

/* A path begins. `given`: it proved itself already, or needs no proof. */
void proof_begin(struct proof *proof, bool given);
/* Something went there. */
void proof_sent(struct proof *proof, size_t bytes);
/* Is a PING to go along with another packet? `wants_answer`: with something that does. `repeat_ms`: how long an answer
 * may take. */
bool proof_wants_ping(const struct proof *proof, bool wants_answer, uint64_t repeat_ms, uint64_t now);
/* When one is to go by itself, for want of an answer; NEVER: nothing is missing. */
uint64_t proof_ping_at(const struct proof *proof, uint64_t repeat_ms);
/* May something go there that is no PING, and no answer to a packet from there? */
bool proof_allows(const struct proof *proof);
/* A PING with this token goes there. */
void proof_asked(struct proof *proof, uint64_t token, uint64_t now);
/* One would have gone, but may not. */
void proof_put_off(struct proof *proof, uint64_t now);
/* A PONG came from there: true if it answers a PING that left at `*sent`. */
MUST_USE bool proof_answered(struct proof *proof, uint64_t token, uint64_t *sent);
/* PONGs stayed away for too long. */
void proof_lapse(struct proof *proof);
/* What was asked before counts as not asked: we did not run. */
void proof_ask_anew(struct proof *proof);
bool proof_holds(const struct proof *proof);

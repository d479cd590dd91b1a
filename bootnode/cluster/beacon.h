/* A beacon: what a node of a cluster says of itself on the board, each second. Its bytes are in PROTOCOL.md §2.7.
 *
 * Whoever has the cluster's key file can make one, and nobody else (seal.h). Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bootnode/cluster/homes.h"
#include "bootnode/cluster/seal.h"
#include "common/address.h"
#include "common/attributes.h"

#define BEACON_VERSION 1
#define BEACON_HEAD_SIZE 64
#define BEACON_SIZE_MIN (BEACON_HEAD_SIZE + 7 + 1 + SEAL_MAC_SIZE)
#define BEACON_SIZE_MAX (BEACON_HEAD_SIZE + 7 + 19 + SEAL_SIZE_MAX)

enum beacon_state {
    BEACON_JOINING,  /* listens before it serves */
    BEACON_SERVES,   /* may be a home */
    BEACON_DRAINING, /* is about to leave: its rooms move */
    BEACON_OUT,      /* may not serve: its id is another's, or its clock is wrong */
    BEACON_STATES
};

struct beacon {
    uint8_t node;
    enum beacon_state state;
    uint8_t replicas;    /* 1 … HOMES_MAX: as it is configured */
    uint16_t weight;     /* as it says; whether that may be is view_intake.h's */
    uint64_t boot;       /* random, of this run; never 0 */
    uint64_t started_ms; /* when that began, wall clock */
    uint64_t counter;    /* 1 for its first beacon, and rises */
    uint64_t wall_ms;    /* what time it is there */
    uint32_t sessions, rooms;
    uint32_t moving;        /* sessions that are still to be told of their new homes */
    uint32_t registrations; /* that it can take, a second; 0: it does not know */
    uint64_t view;          /* which view it has: see view_fingerprint */
    uint8_t address_count;  /* 1 … HOME_ADDRESSES_MAX, one a family */
    struct address addresses[HOME_ADDRESSES_MAX];
};

enum beacon_verdict {
    BEACON_TAKEN,
    BEACON_MALFORMED, /* no beacon of this version */
    BEACON_FORGED,    /* no MAC by a key of ours */
};

/* Returns its size, or 0 where `capacity` is small or the beacon none (a count out of bounds). */
MUST_USE size_t beacon_encode(const struct beacon *beacon, const struct seal_keys *keys, uint8_t *out, size_t capacity);
/* Bytes from whoever may publish. `out` holds only what was taken; what it says of addresses is well-formed, and not
 * judged. */
MUST_USE enum beacon_verdict beacon_decode(const uint8_t *data, size_t size, const struct seal_keys *keys,
                                           struct beacon *out);
/* The same without the check of who made it: for fuzzing. */
MUST_USE bool beacon_read(const uint8_t *data, size_t size, struct beacon *out);
/* "joining" … "out". */
const char *beacon_state_name(enum beacon_state state);

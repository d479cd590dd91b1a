/* Our counts against the bootnode's: what we sent must be what it received, but for what its sockets dropped; what we
 * had register, leave, move and fall silent must be what it registered, and so on. Another client at the same bootnode
 * is a disagreement, too; only sessions of others that were there before may expire meanwhile, as those of an earlier
 * run do. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/load/scrape.h"

struct tally {
    struct scrape *theirs;
    /* Ours. */
    uint64_t datagrams; /* that the kernel took */
    uint64_t failed;    /* that it did not */
    uint64_t beats;     /* HEARTBEATs, but those that met no session and were answered by RESET */
    uint64_t registered, left, moved, fell_silent;
    uint64_t living; /* sessions that live at the bootnode */
    uint64_t stun, stun_answered, beats_answered, hellos_answered;
    uint64_t handshakes_forged, junk; /* sent on purpose; the bootnode may count them otherwise where it is busy */
};

#define DISAGREEMENT_SIZE 200
#define DISAGREEMENTS_MAX 32

struct disagreements {
    size_t count;
    char lines[DISAGREEMENTS_MAX][DISAGREEMENT_SIZE];
};

/* What does not agree between two tallies, a line each; replaces what `out` held. */
void tally_compare(const struct tally *before, const struct tally *after, struct disagreements *out);

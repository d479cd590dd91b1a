/* Our counts against the bootnode's: what we sent must be what it received, but for what its sockets dropped; what we
 * had register, leave, move and fall silent must be what it registered, and so on.
 *
 * Others may use it, too: then it received more datagrams than we sent, and counts something that a datagram of theirs
 * did, beyond what all of ours can have done: HELLO, REGISTER, a beat, LEAVE, MOVE, STUN, junk. Both must be there, and
 * the datagrams must be enough for what they did, so one count that is off by itself is still a disagreement. Then only
 * what must hold whoever else is there is compared: theirs are no less than ours. Sessions of others that were there
 * before may expire meanwhile, as those of an earlier run do, and are no sign of anybody.
 *
 * A bootnode that was restarted in between counts from zero: nothing is compared. That is so when it cannot have begun
 * before the first page, as its uptime and the times of the two pages have it. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/load/disagreements.h"
#include "bench/load/scrape.h"

struct tally {
    struct scrape *theirs;
    uint64_t asked_us, told_us; /* theirs are of some time between the two */
    /* Ours. */
    uint64_t datagrams; /* that the kernel took */
    uint64_t failed;    /* that it did not */
    uint64_t beats;     /* HEARTBEATs, but those that met no session and were answered by RESET */
    uint64_t registered, left, moved, fell_silent;
    uint64_t living; /* sessions that live at the bootnode */
    uint64_t
        unsure; /* sessions that may have been confirmed, or may expire yet, without our knowing: given up unheard */
    uint64_t hellos, registers; /* sent, or more: those that floods may have sent are in both */
    uint64_t stun, stun_answered, beats_answered, hellos_answered;
    uint64_t handshakes_forged, junk; /* sent on purpose; the bootnode may count them otherwise where it is busy */
};

/* What does not agree between two tallies, a line each; replaces what `out` held. */
void tally_compare(const struct tally *before, const struct tally *after, struct disagreements *out);

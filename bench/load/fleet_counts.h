/* What a fleet did since fleet_create, to compare with the bootnode's counters. Pure. */
#pragma once

#include <stdint.h>

struct fleet_counts {
    uint64_t beats;             /* HEARTBEATs sent, whatever for */
    uint64_t beats_reset;       /* of these, how many met no session, as RESET said */
    uint64_t hellos, registers; /* sent */
    uint64_t registered;        /* sessions that were confirmed */
    uint64_t left;              /* LEAVEs that were answered */
    uint64_t moved;             /* sessions that answer at a new port */
    uint64_t fell_silent;       /* sessions, of all rooms, that must have expired or will: exact once a row is over */
    uint64_t resets;            /* members that the bootnode had forgotten though they beat */
    uint64_t abandoned;         /* sessions let go while nothing was heard */
    uint64_t unsure;            /* these, and registrations that were never heard of: the bootnode may have them yet */
    uint64_t registering;       /* registrations that were begun, and are not through */
    uint64_t absent;            /* sessions that are to register, and have not begun */
    uint64_t living;            /* sessions that live at the bootnode, if it does what it must */
};

/* Adds those of another fleet. */
void fleet_counts_add(struct fleet_counts *into, const struct fleet_counts *from);

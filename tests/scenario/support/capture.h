/* Every datagram of a world as it goes over the wire, and what somebody can read of them with all the keys that it ever
 * had (keyring.h). One at a time: it takes the world's `tamper`.
 *
 * Whoever reads is told where in a datagram something is sealed, and all that is needed to open it but the key: so
 * handshakes, sessions, links with bootnodes, and what is relayed within a packet of another session are all tried
 * alike, with each key, whatever they were for. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "tests/scenario/support/world.h"

#define CAPTURE_LOOKED_FOR 16

/* A moment of the capture, and all between two of them. */
struct moment {
    size_t datagrams, sealings;
};
struct span {
    struct moment from, to;
};

/* What is looked for: in what was opened, and in the datagrams as they are. */
struct looked_for {
    struct {
        const void *bytes;
        size_t size;
    } list[CAPTURE_LOOKED_FOR];
    size_t count;
};

struct reading {
    unsigned datagrams;
    unsigned sealed;     /* things that are sealed in them, as often as they were sent */
    unsigned unknown;    /* DATA packets in which we know of nothing sealed */
    unsigned own;        /* of these were opened, in what was sent by or to this person, itself or by a relay, */
    unsigned foreign;    /* and in what others sent each other */
    unsigned hidden;     /* things that were sealed by others and never went out but in something sealed, */
    unsigned uncovered;  /* of which this person could open so many, had it got hold of them */
    unsigned lacking;    /* things sealed by this person's engine that are not opened: there are keys that we miss */
    unsigned recognised; /* packets of others between each other, with a MAC whose key this person has */
    uint32_t found;      /* what was looked for and is there, as a set of numbers */
};

void capture_begin(struct world *world);
void capture_end(void);
struct moment capture_now(void);
void look_for(struct looked_for *list, const void *bytes, size_t size);
struct reading capture_read(const struct person *by, const struct span *span, const struct looked_for *list);

/* A segment on its way into packets: whole where it fits into one, else in pieces (PROTOCOL.md §3.3). Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attributes.h"
#include "common/wire/frames.h"

struct cutting {
    struct frame_segment segment;
    size_t room; /* bytes of frames that a packet of it may have */
    size_t at;   /* written so far */
    bool open;   /* not all of it is */
};

/* Into how many packets it goes, alone; at least one. `room` is FRAME_PIECE_OVERHEAD and an age, and more. */
size_t cutting_packets(const struct frame_segment *segment, size_t room);
/* Its data must stay until it is written. */
void cutting_begin(struct cutting *cutting, const struct frame_segment *segment, size_t room);
/* What is next of it, behind what stands in the packet already. False: that is for another packet. */
MUST_USE bool cutting_write(struct cutting *cutting, struct writer *packet);

/* From the index in a packet to the peer it is for, in constant time: random u32 numbers, their low bits the place in
 * the table.
 *
 * Invariant: a number stands in the place that its low bits name, with its peer, and nowhere else; a free place has
 * neither. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define INDICES_SLOTS                                                                                                  \
    65536u /* a peer holds at most 4, mostly 1 or 2: enough for the most rooms with 256 members each */

struct peer;

struct indices {
    struct {
        uint32_t index; /* 0: free */
        struct peer *peer;
    } slots[INDICES_SLOTS];
};

/* A new index for `peer`; 0 when the table is full. */
uint32_t indices_take(struct indices *indices, struct peer *peer);
struct peer *indices_find(const struct indices *indices, uint32_t index);
/* Nothing for 0. */
void indices_release(struct indices *indices, uint32_t index);
/* Walks the whole table. */
bool indices_holds(const struct indices *indices);

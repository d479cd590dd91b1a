/* Requests on their way, by number: when each was due, and how many still hold a place in the window. Pure.
 *
 * A ring of times, the slot being the number modulo its size, so noting and finding one is one access. A request
 * waits until it is answered or `capacity` later ones overwrite it. Apart from that it holds a place among `held`,
 * which it gives up early when it is old: a lost one must not stop those behind it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"

struct flight {
    uint64_t *times; /* 0: not waited for */
    uint64_t mask;
    uint64_t next;   /* the lowest number that was not noted yet */
    uint64_t oldest; /* the lowest that may hold a place */
    uint64_t held;
};

/* `capacity` is rounded up to a power of two. False without memory. */
MUST_USE bool flight_open(struct flight *flight, size_t capacity);
void flight_close(struct flight *flight);
/* Numbers ascend, some may be left out; `at_us` is not 0. */
void flight_add(struct flight *flight, uint64_t number, uint64_t at_us);
/* True, with its time, for a request that was waited for, and now is no more. */
MUST_USE bool flight_land(struct flight *flight, uint64_t number, uint64_t *at_us);
/* Takes their places from those of before `before_us`; an answer to them still counts. */
void flight_age(struct flight *flight, uint64_t before_us);

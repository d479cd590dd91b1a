/* How many registrations a fill has in flight: as many as the bootnode's sockets bear, found as TCP finds it (Jacobson
 * 1988; Chiu and Jain 1989). One more for each that succeeds until the first loss, then one more for each round that
 * does; half after a loss, once in a round. Whatever the buffers are, a start that was too fast heals. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bench/load/share.h"
#include "common/attributes.h"

/* Enough to keep both sides busy. Several windows at one bootnode share this, and what they begin with. */
#define WINDOW_MOST 256
/* So many REGISTERs fit into the smallest buffer that a kernel gives by itself, and where answers are late because the
 * machine is busy, which looks like a loss, they keep the bootnode at work for as long as it has its turn. */
#define WINDOW_LEAST 32
/* Of one of many parts: so that a loss is seen by those behind it. */
#define WINDOW_PART_LEAST 4
#define WINDOW_FIRST 64
/* Losses within that time have one cause. */
#define WINDOW_ROUND_US 500000

struct window {
    uint32_t size, least, most;
    uint32_t slow_from; /* from this size on it grows by one a round */
    uint32_t gained;    /* since it grew */
    uint64_t shrunk_us; /* 0: never */
};

void window_open(struct window *window, struct share share);
/* The part of so many, and never another size: for registrations that have nothing to do with each other, as people
 * have not, who all lose their own packets. */
void window_open_fixed(struct window *window, uint32_t size, struct share share);
MUST_USE bool window_has_place(const struct window *window, uint32_t in_flight);
/* One succeeded; a packet of one, or its answer, was lost. */
void window_gained(struct window *window);
void window_lost(struct window *window, uint64_t now_us);

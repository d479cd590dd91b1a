/* Two people in one room of a cluster, and what tests of its clients say of them and of the nodes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/scenario/support/world_cluster.h"

#define CONNECT_MS 5000
#define KNOWN_MS 5000  /* until the others know that a node is dead, */
#define TRUTH_MS 20000 /* and until all are where they belong then */

struct couple {
    struct world *world;
    struct person *anna, *bert;
    uint32_t homes; /* a set of nodes */
};

/* Opens the cluster, and waits until both are at their homes. */
struct couple couple_connect(void **state, size_t count, uint8_t replicas);
/* Both say it, and hear it once. */
void they_talk(struct couple *couple, const char *text);
/* A node that lives is no home any more, or another one is: all move, and hear of it as of nothing. */
void they_move(struct couple *couple, uint32_t view);
/* One more, in their room. */
struct person *arrive(struct world *world, const char *name);
/* Is everybody at just those of these nodes that live? */
bool all_are_at(const struct world *world, uint32_t nodes);
/* How often somebody was told that somebody left. */
unsigned left(const struct world *world);
void kill_all(struct world *world, uint32_t nodes);
size_t first_of(uint32_t nodes);

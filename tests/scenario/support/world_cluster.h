/* A cluster in a world: its bootnodes become nodes that share a key, and what each believes of the others is what a
 * test says. Node `number` is at world_bootnode_at(number), and has the id number + 1; of a second cluster the first
 * one has the id 1, too. */
#pragma once

#include <stdint.h>

#include "tests/scenario/support/world.h"

/* The set of this node alone. */
#define WORLD_NODE(number) (UINT32_C(1) << (number))

/* Before anything else: `count` nodes, all in each other's view. People know the entry alone (world->entry). */
void world_cluster_open(struct world *world, size_t count, uint8_t replicas);
/* Behind that one, and before anything else: another cluster of so many nodes; with `replicas` 0 a bootnode that is
 * none
 * (`count` 1). People know both names. */
void world_cluster_open_another(struct world *world, size_t count, uint8_t replicas);
/* One more, which knows the others; they do not know it yet. Returns its number. */
size_t world_cluster_add(struct world *world);
/* The view of this node from now on: a set. */
void world_cluster_view(struct world *world, size_t number, uint32_t nodes);
/* The same of all nodes. */
void world_cluster_views(struct world *world, uint32_t nodes);
/* As kill -9 does; no view changes. */
void world_cluster_kill(struct world *world, size_t number);
/* Started again, with nobody registered, and with this view. */
void world_cluster_revive(struct world *world, size_t number, uint32_t view);
/* SIGSTOP and SIGCONT. */
void world_cluster_pause(struct world *world, size_t number);
void world_cluster_resume(struct world *world, size_t number);
/* The homes of an open room by the view of this node: a set of nodes of its cluster. */
uint32_t world_cluster_homes(const struct world *world, size_t number, const char *room);
/* Those nodes that list this person in the room that it started in. */
uint32_t world_cluster_lists(const struct world *world, const struct person *person);

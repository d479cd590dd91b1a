/* The settings of a node of a cluster, as few as there can be. */
#pragma once

#include "bootnode/config.h"

/* Node 3 of the cluster "town", which keeps its view in this folder. */
void cluster_node_configure(struct bootnode_config *config, const char *folder);

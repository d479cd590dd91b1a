/* Where nodes of a bootnode that is a cluster were met, so that its name can be done without: a line for each bootnode
 * in known_bootnodes (known_line.h), beside those of the keys. Addresses alone: whoever answers there has to show the
 * key. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/address.h"
#include "common/attributes.h"

#define KNOWN_NODES_MAX 8    /* addresses of one bootnode, the last one that was met first */
#define KNOWN_NODES_NAMES 64 /* bootnodes in the file; the line that was written longest ago goes */

struct known_nodes {
    struct address list[KNOWN_NODES_MAX];
    size_t count;
};

/* Puts it first. True: it was not there. */
bool known_nodes_met(struct known_nodes *nodes, const struct address *address);
/* What the file says of this bootnode; nothing, where it cannot be read. A line that is not understood is skipped:
 * known_keys_open tells of it. */
void known_nodes_read(const char *file, const char *name, struct known_nodes *out);
/* Replaces its line. False: the file is not there, or cannot be written. */
MUST_USE bool known_nodes_write(const char *file, const char *name, const uint8_t key[static 32],
                                const struct known_nodes *nodes);

/* The bootnodes that the user named: up to BOOTNODES_MAX, all of which every room registers with. A place in that list
 * is a bootnode's index everywhere: in events, paths, and the bits of a set of bootnodes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/rendezvous.h"
#include "common/ini_table.h"

#define BOOTNODES_MAX 4

struct bootnode {
    char name[INI_TEXT_SIZE];                       /* HOST:PORT as the user wrote it: the name in known_bootnodes */
    struct address addresses[RENDEZVOUS_ADDRESSES]; /* what it resolved to */
    size_t address_count;
    bool pinned; /* `key` is the only one it may have; else the first one is remembered */
    uint8_t key[32];
};

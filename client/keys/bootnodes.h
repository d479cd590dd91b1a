/* The bootnodes that the user named: up to BOOTNODES_MAX, all of which every room registers with. A place in that list
 * is a bootnode's index everywhere: in events, paths, and the bits of a set of bootnodes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/keys/known_keys.h"
#include "common/address.h"
#include "common/attributes.h"
#include "common/ini_table.h"
#include "common/names.h"
#include "common/why.h"

#define BOOTNODES_MAX 4
#define BOOTNODE_SESSIONS 32 /* of a room: with each bootnode, or with the homes in its cluster, for each key set */
#define BOOTNODE_ADDRESSES 8 /* of one name */
#define BOOTNODE_LEFT_MAX 4  /* keys of one that were replaced, in one run */

struct bootnode {
    char name[INI_TEXT_SIZE];                     /* HOST:PORT: the name in known_bootnodes */
    struct address addresses[BOOTNODE_ADDRESSES]; /* what it stands for */
    size_t address_count;                         /* 0: to be resolved */
    bool pinned; /* `key` is the only one it may have; else the first one is remembered */
    uint8_t key[32];
    bool has_print;                      /* else: an invite says what print its key has, */
    uint8_t print[KEY_PRINT_SIZE];       /* this one; or the key that took the place of that one */
    uint8_t left[BOOTNODE_LEFT_MAX][32]; /* which it had in this run, before another took their place */
    size_t left_count;
    bool stays; /* it was told that it names a key that it had before */
};

/* From a list of different HOST:PORT, commas or spaces between; a HOST alone, or an IPv6 address with or without its
 * brackets, gets port BOOTNODE_PORT. Those that are addresses have theirs at once. Returns how many; 0 when it is none
 * such, or longer than BOOTNODES_MAX. */
size_t bootnodes_name(const char *list, struct bootnode out[static BOOTNODES_MAX]);
/* Their keys, in the same order: 64 hex digits, or "-" for one that is remembered on first use; fewer are enough. False
 * when it is no such list, or a longer one. */
MUST_USE bool bootnodes_pin(const char *list, struct bootnode *bootnodes, size_t count);
/* Is its name an address, which needs no resolving? That of a link does: an interface that comes back has another
 * number. */
bool bootnode_is_numeric(const struct bootnode *bootnode);
/* The key that it is known by: pinned or remembered. False: there is none. */
MUST_USE bool bootnode_known_key(const struct bootnode *bootnode, struct known_keys *known, uint8_t key[static 32]);
/* May this be its key? As ssh does: the pinned one, or the one that is remembered, or, where there is none, any. Of one
 * with a print the key that has it, whatever is remembered, but for one that was replaced. False with one line in
 * `why`. */
MUST_USE bool bootnode_trusted(const struct bootnode *bootnode, struct known_keys *known, const uint8_t key[static 32],
                               struct why *why);
/* It proved that it has this key: remembers that, where none is pinned or remembered yet. False with one line in `why`:
 * the file could not be written. */
MUST_USE bool bootnode_remember(const struct bootnode *bootnode, struct known_keys *known, const uint8_t key[static 32],
                                struct why *why);
/* It proved that it has the key it is known by, and names another one that took its place: that is its key from now on,
 * for good where it was remembered, in this run where it was pinned. No key comes back that was replaced: so who has an
 * old one, or both, leads nobody in circles. */
enum bootnode_succession {
    BOOTNODE_SUCCEEDED,   /* `told` says so, for people; empty where that was known already */
    BOOTNODE_UNSUCCEEDED, /* the key stays; `told` says why, empty the second time */
};
enum bootnode_succession bootnode_succeed(struct bootnode *bootnode, struct known_keys *known,
                                          const uint8_t key[static 32], struct why *told);

/* Names and their keys in memory, in the order in which they came: what known_keys reads of its file. They are
 * bootnodes that a user named, so there are few. Pure. Invariant: each name with each of its keys is there once. */
#pragma once

#include <stdint.h>

struct known_key {
    struct known_key *after;
    uint8_t key[32];
    unsigned line; /* of the file; 0: of none */
    char name[];
};

struct key_table {
    struct known_key *first, *newest;
};

/* Zeroed is empty. */
void key_table_clear(struct key_table *table);
/* The name with that key; else the first one of another key; NULL: the name is not there. */
struct known_key *key_table_find(const struct key_table *table, const char *name, const uint8_t key[static 32]);
/* Adds it, or finds it. Aborts without memory. */
struct known_key *key_table_add(struct key_table *table, const char *name, const uint8_t key[static 32], unsigned line);

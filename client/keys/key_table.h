/* Names and their keys in memory, found by a hash: what known_keys reads of its file. Pure.
 *
 * Invariants:
 * 1. Each name with each of its keys is there once: a second time only makes the first one better known.
 * 2. Whoever chooses names cannot make them meet in one bucket: the hash has a key of its own. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"

struct known_key {
    struct known_key *next;  /* of its bucket */
    struct known_key *after; /* in the order in which they came */
    uint64_t hash;
    uint8_t key[32];
    unsigned line;  /* of the file; 0: of none */
    unsigned days;  /* on so many it was met, as far as that was noted; 1 at least */
    unsigned last;  /* the last of them, since 1970; 0: not noted */
    long dates;     /* where the line has these two; -1: nowhere */
    bool kept;      /* somebody wrote that it is never to be forgotten */
    bool forgotten; /* by key_table_forget */
    char name[];
};

struct key_table {
    struct known_key **buckets;
    struct known_key *first, *newest;
    size_t bucket_count, count, bytes;
    uint8_t secret[16];
};

/* Zeroed is empty. */
void key_table_clear(struct key_table *table);
/* The name with that key; else the first one of another key; NULL: the name is not there. */
struct known_key *key_table_find(const struct key_table *table, const char *name, const uint8_t key[static 32]);
/* So many will be there: for speed. */
void key_table_expect(struct key_table *table, size_t count);
/* Adds it, or finds it. Days and the last of them become at least these. Aborts without memory. */
struct known_key *key_table_add(struct key_table *table, const char *name, const uint8_t key[static 32], unsigned days,
                                unsigned last);
/* Marks those to forget, so that this many are left: first those that were met on fewest days; of these, those of a
 * room (what stands before the colon) of which there are most, and of each room those longest ago. So a flood of names
 * in one room pushes out no other room's, nor anybody who was met on more days. None that is kept. Returns how many it
 * marked. */
size_t key_table_forget(struct key_table *table, size_t left);
void key_table_forget_nothing(struct key_table *table);
bool key_table_holds(const struct key_table *table);

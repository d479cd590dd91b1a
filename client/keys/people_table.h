/* People in memory, found by their key and by what they are called: what people.h reads of its file. Pure.
 *
 * Invariants:
 * 1. Each key is there once, and each nick of it in a room once; nicks are compared folded (text_fold), so that nobody
 *    passes for another by a capital.
 * 2. Nobody has more than PEOPLE_NAMES names: the one that was met longest ago goes.
 * 3. Whoever chooses nicks or keys cannot make them meet in one bucket: the hash has a key of its own. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/keys/people_line.h"
#include "common/attributes.h"
#include "common/names.h"
#include "common/text.h"

#define PEOPLE_NAMES 16

/* What somebody was called in a room. */
struct people_name {
    struct people_name *next;      /* of the same person */
    struct people_name *in_bucket; /* next there */
    struct people_person *person;
    uint64_t hash;
    uint8_t room[PEOPLE_ROOM_SIZE];
    unsigned days; /* on so many they were met so, 1 at least */
    unsigned last; /* the last of them, since 1970; 0: not known */
    char nick[TEXT_NICK_MAX + 1];
    char folded[];
};

struct people_person {
    struct people_person *before, *after; /* in the order in which they came */
    struct people_person *in_bucket;
    uint64_t hash;
    uint8_t key[32];
    struct people_name *names;
    size_t name_count;
    unsigned verified; /* the day on which their number was compared, since 1970; 0: it was not */
    bool kept;         /* somebody wrote that they are never to be forgotten */
};

struct people_table {
    struct people_person **people;
    struct people_name **names;
    size_t people_buckets, names_buckets;
    struct people_person *first, *newest;
    size_t count, name_count;
    size_t marks; /* how many are verified, and how many kept: lines of their own */
    uint8_t secret[16];
};

/* Zeroed is empty. */
void people_table_clear(struct people_table *table);
/* NULL: they are not there. */
struct people_person *people_table_find(const struct people_table *table, const uint8_t key[static 32]);
/* Finds or adds them. Aborts without memory. */
struct people_person *people_table_add(struct people_table *table, const uint8_t key[static 32]);
/* They were called so there; days and the last of them become at least these. Aborts without memory. */
struct people_name *people_table_name(struct people_table *table, struct people_person *person,
                                      const uint8_t room[static PEOPLE_ROOM_SIZE], const char *nick, unsigned days,
                                      unsigned last);
/* Day 0: not verified. */
void people_table_verify(struct people_table *table, struct people_person *person, unsigned day);
void people_table_keep(struct people_table *table, struct people_person *person);
/* All names of `old` are `new`'s from now on, who is as kept, but not verified by that; `old` is gone. */
void people_table_move(struct people_table *table, struct people_person *old, const uint8_t new[static 32]);
/* Who was called so in that room: one of them; NULL: nobody; */
const struct people_name *people_table_called(const struct people_table *table,
                                              const uint8_t room[static PEOPLE_ROOM_SIZE], const char *nick);
/* and another one. NULL: that was all. */
const struct people_name *people_table_called_next(const struct people_name *last);
/* Forgets people, so that this many are left: none that is verified or kept; first those that were met on fewest days;
 * of these, those of a room of which there are most, and of each room those longest ago. So a flood of people in one
 * room pushes out no other room's, nor anybody who was met on more days. Returns how many. */
size_t people_table_forget(struct people_table *table, size_t left);
bool people_table_holds(const struct people_table *table);

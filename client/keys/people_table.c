#include "client/keys/people_table.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

#define BUCKETS_FIRST 64

_Static_assert(crypto_shorthash_KEYBYTES == 16 && crypto_shorthash_BYTES == 8, "SipHash-2-4");

/* --- Places --- */

static uint64_t hash_key(const struct people_table *table, const uint8_t *key) {
    uint64_t hash;
    crypto_shorthash((uint8_t *)&hash, key, 32, table->secret);
    return hash;
}

static uint64_t hash_name(const struct people_table *table, const uint8_t *room, const char *folded) {
    uint64_t parts[2], hash;
    crypto_shorthash((uint8_t *)&parts[0], room, PEOPLE_ROOM_SIZE, table->secret);
    crypto_shorthash((uint8_t *)&parts[1], (const uint8_t *)folded, strlen(folded), table->secret);
    crypto_shorthash((uint8_t *)&hash, (const uint8_t *)parts, sizeof parts, table->secret);
    return hash;
}

static void place_person(struct people_table *table, struct people_person *person) {
    struct people_person **bucket = &table->people[person->hash % table->people_buckets];
    person->in_bucket = *bucket;
    *bucket = person;
}

static void place_name(struct people_table *table, struct people_name *name) {
    struct people_name **bucket = &table->names[name->hash % table->names_buckets];
    name->in_bucket = *bucket;
    *bucket = name;
}

static void grow_people(struct people_table *table) {
    if (table->count < table->people_buckets) return;
    if (table->people_buckets == 0) randombytes_buf(table->secret, sizeof table->secret);
    table->people_buckets = table->people_buckets ? 2 * table->people_buckets : BUCKETS_FIRST;
    free(table->people);
    table->people = allocate_zeroed(table->people_buckets, sizeof(struct people_person *));
    for (struct people_person *person = table->first; person; person = person->after) place_person(table, person);
}

static void grow_names(struct people_table *table) {
    if (table->name_count < table->names_buckets) return;
    table->names_buckets = table->names_buckets ? 2 * table->names_buckets : BUCKETS_FIRST;
    free(table->names);
    table->names = allocate_zeroed(table->names_buckets, sizeof(struct people_name *));
    for (struct people_person *person = table->first; person; person = person->after)
        for (struct people_name *name = person->names; name; name = name->next) place_name(table, name);
}

static void displace_person(struct people_table *table, const struct people_person *person) {
    struct people_person **at = &table->people[person->hash % table->people_buckets];
    while (*at != person) at = &(*at)->in_bucket;
    *at = person->in_bucket;
}

static void displace_name(struct people_table *table, const struct people_name *name) {
    struct people_name **at = &table->names[name->hash % table->names_buckets];
    while (*at != name) at = &(*at)->in_bucket;
    *at = name->in_bucket;
}

/* --- People --- */

struct people_person *people_table_find(const struct people_table *table, const uint8_t key[static 32]) {
    if (table->count == 0) return NULL;
    uint64_t hash = hash_key(table, key);
    struct people_person *person = table->people[hash % table->people_buckets];
    while (person && (person->hash != hash || memcmp(person->key, key, sizeof person->key) != 0))
        person = person->in_bucket;
    return person;
}

struct people_person *people_table_add(struct people_table *table, const uint8_t key[static 32]) {
    struct people_person *person = people_table_find(table, key);
    if (person) return person;
    grow_people(table);
    person = allocate_zeroed(1, sizeof *person);
    memcpy(person->key, key, sizeof person->key);
    person->hash = hash_key(table, key);
    place_person(table, person);
    person->before = table->newest;
    *(table->newest ? &table->newest->after : &table->first) = person;
    table->newest = person;
    table->count++;
    return person;
}

void people_table_verify(struct people_table *table, struct people_person *person, unsigned day) {
    table->marks += (day > 0) - (size_t)(person->verified > 0);
    person->verified = day;
}

void people_table_keep(struct people_table *table, struct people_person *person) {
    table->marks += !person->kept;
    person->kept = true;
}

/* --- Names --- */

static struct people_name *find_name(const struct people_person *person, const uint8_t *room, const char *folded) {
    struct people_name *name = person->names;
    while (name && (memcmp(name->room, room, PEOPLE_ROOM_SIZE) != 0 || strcmp(name->folded, folded) != 0))
        name = name->next;
    return name;
}

static void drop_name(struct people_table *table, struct people_name *name) {
    displace_name(table, name);
    table->name_count--;
    free(name);
}

static void remove_name(struct people_table *table, struct people_name *name) {
    struct people_name **at = &name->person->names;
    while (*at != name) at = &(*at)->next;
    *at = name->next;
    name->person->name_count--;
    drop_name(table, name);
}

static bool is_staler(const struct people_name *a, const struct people_name *b) {
    return a->last != b->last ? a->last < b->last : a->days < b->days;
}

/* The newest is the first, and is spared. */
static void bound_names(struct people_table *table, const struct people_person *person) {
    struct people_name *stalest = person->names->next;
    if (person->name_count <= PEOPLE_NAMES) return;
    for (struct people_name *name = stalest->next; name; name = name->next)
        if (!is_staler(stalest, name)) stalest = name;
    remove_name(table, stalest);
}

static struct people_name *add_name(struct people_table *table, struct people_person *person, const uint8_t *room,
                                    const char *nick, const char *folded) {
    size_t size = strlen(folded) + 1;
    grow_names(table);
    struct people_name *name = allocate_zeroed(1, sizeof *name + size);
    memcpy(name->room, room, sizeof name->room);
    memcpy(name->folded, folded, size);
    snprintf(name->nick, sizeof name->nick, "%s", nick);
    name->person = person;
    name->hash = hash_name(table, room, folded);
    place_name(table, name);
    name->next = person->names;
    person->names = name;
    person->name_count++;
    table->name_count++;
    return name;
}

struct people_name *people_table_name(struct people_table *table, struct people_person *person,
                                      const uint8_t room[static PEOPLE_ROOM_SIZE], const char *nick, unsigned days,
                                      unsigned last) {
    char *folded = text_fold(nick);
    struct people_name *name = find_name(person, room, folded);
    if (!name) name = add_name(table, person, room, nick, folded);
    free(folded);
    if (days > name->days) name->days = days;
    if (last > name->last) name->last = last;
    bound_names(table, person);
    return name;
}

static const struct people_name *same_from(const struct people_name *name, uint64_t hash, const uint8_t *room,
                                           const char *folded) {
    while (name && (name->hash != hash || memcmp(name->room, room, sizeof name->room) != 0 ||
                    strcmp(name->folded, folded) != 0))
        name = name->in_bucket;
    return name;
}

const struct people_name *people_table_called(const struct people_table *table,
                                              const uint8_t room[static PEOPLE_ROOM_SIZE], const char *nick) {
    if (table->name_count == 0) return NULL;
    char *folded = text_fold(nick);
    uint64_t hash = hash_name(table, room, folded);
    const struct people_name *name = same_from(table->names[hash % table->names_buckets], hash, room, folded);
    free(folded);
    return name;
}

const struct people_name *people_table_called_next(const struct people_name *last) {
    return same_from(last->in_bucket, last->hash, last->room, last->folded);
}

/* --- Going --- */

static void remove_person(struct people_table *table, struct people_person *person) {
    for (struct people_name *name = person->names, *next; name; name = next) {
        next = name->next;
        drop_name(table, name);
    }
    table->marks -= (person->verified > 0) + (size_t)person->kept;
    displace_person(table, person);
    *(person->before ? &person->before->after : &table->first) = person->after;
    *(person->after ? &person->after->before : &table->newest) = person->before;
    table->count--;
    free(person);
}

void people_table_move(struct people_table *table, struct people_person *old, const uint8_t new[static 32]) {
    struct people_person *heir = people_table_add(table, new);
    if (heir == old) return;
    for (const struct people_name *name = old->names; name; name = name->next)
        people_table_name(table, heir, name->room, name->nick, name->days, name->last);
    if (old->kept) people_table_keep(table, heir);
    remove_person(table, old);
}

void people_table_clear(struct people_table *table) {
    for (struct people_person *person = table->first, *after; person; person = after) {
        after = person->after;
        for (struct people_name *name = person->names, *next; name; name = next) {
            next = name->next;
            free(name);
        }
        free(person);
    }
    free(table->people);
    free(table->names);
    *table = (struct people_table){.people = NULL};
}

/* --- Forgetting --- */

struct rank {
    struct people_person *person;
    const struct people_name *name; /* by which they were met most; NULL: by none */
    size_t behind;                  /* so many of that room and days were met after them */
};

static const struct people_name *best_name(const struct people_person *person) {
    const struct people_name *best = person->names;
    for (const struct people_name *name = best; name; name = name->next)
        if (name->days > best->days || (name->days == best->days && name->last > best->last)) best = name;
    return best;
}

static int compare(uint64_t a, uint64_t b) {
    return (a > b) - (a < b);
}

static unsigned days_of(const struct rank *rank) {
    return rank->name ? rank->name->days : 0;
}

static unsigned last_of(const struct rank *rank) {
    return rank->name ? rank->name->last : 0;
}

static int compare_rooms(const struct rank *a, const struct rank *b) {
    if (!a->name || !b->name) return compare(a->name != NULL, b->name != NULL);
    return memcmp(a->name->room, b->name->room, PEOPLE_ROOM_SIZE);
}

static int by_days_and_room(const void *first, const void *second) {
    const struct rank *a = first, *b = second;
    int order = compare(days_of(a), days_of(b));
    if (order == 0) order = compare_rooms(a, b);
    return order ? order : compare(last_of(b), last_of(a));
}

static int by_worth(const void *first, const void *second) {
    const struct rank *a = first, *b = second;
    int order = compare(days_of(a), days_of(b));
    if (order == 0) order = compare(b->behind, a->behind);
    return order ? order : compare(last_of(a), last_of(b));
}

static size_t rank_all(const struct people_table *table, struct rank *ranks) {
    size_t count = 0;
    for (struct people_person *person = table->first; person; person = person->after)
        if (!person->verified && !person->kept) ranks[count++] = (struct rank){person, best_name(person), 0};
    qsort(ranks, count, sizeof *ranks, by_days_and_room);
    for (size_t i = 1; i < count; i++)
        if (days_of(&ranks[i]) == days_of(&ranks[i - 1]) && compare_rooms(&ranks[i], &ranks[i - 1]) == 0)
            ranks[i].behind = ranks[i - 1].behind + 1;
    qsort(ranks, count, sizeof *ranks, by_worth);
    return count;
}

size_t people_table_forget(struct people_table *table, size_t left) {
    if (table->count <= left) return 0;
    size_t wanted = table->count - left;
    struct rank *ranks = allocate(table->count * sizeof *ranks);
    size_t count = rank_all(table, ranks);
    if (wanted > count) wanted = count;
    for (size_t i = 0; i < wanted; i++) remove_person(table, ranks[i].person);
    free(ranks);
    return wanted;
}

/* --- What holds --- */

static bool names_hold(const struct people_table *table, const struct people_person *person) {
    size_t count = 0;
    for (const struct people_name *name = person->names; name; name = name->next, count++) {
        const struct people_name *found = people_table_called(table, name->room, name->nick);
        while (found && found != name) found = people_table_called_next(found);
        if (!found || name->person != person || find_name(person, name->room, name->folded) != name) return false;
    }
    return count == person->name_count && count <= PEOPLE_NAMES;
}

bool people_table_holds(const struct people_table *table) {
    size_t count = 0, names = 0, marks = 0;
    for (const struct people_person *person = table->first; person; person = person->after) {
        if (people_table_find(table, person->key) != person || !names_hold(table, person)) return false;
        if (!person->after && person != table->newest) return false;
        marks += (person->verified > 0) + (size_t)person->kept;
        names += person->name_count;
        count++;
    }
    return count == table->count && names == table->name_count && marks == table->marks;
}

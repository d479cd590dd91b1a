#include "client/keys/key_table.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

#define BUCKETS_FIRST 64

_Static_assert(crypto_shorthash_KEYBYTES == 16 && crypto_shorthash_BYTES == 8, "SipHash-2-4");

static uint64_t hash_of(const struct key_table *table, const char *name, size_t size) {
    uint64_t hash;
    crypto_shorthash((uint8_t *)&hash, (const uint8_t *)name, size, table->secret);
    return hash;
}

void key_table_clear(struct key_table *table) {
    for (struct known_key *known = table->first, *after; known; known = after) {
        after = known->after;
        free(known);
    }
    free(table->buckets);
    *table = (struct key_table){.buckets = NULL};
}

static struct known_key *find(const struct key_table *table, const char *name, uint64_t hash, const uint8_t *key) {
    struct known_key *other = NULL;
    for (struct known_key *known = table->buckets[hash % table->bucket_count]; known; known = known->next) {
        if (known->hash != hash || strcmp(known->name, name) != 0) continue;
        if (memcmp(known->key, key, sizeof known->key) == 0) return known;
        if (!other || known->line < other->line) other = known;
    }
    return other;
}

struct known_key *key_table_find(const struct key_table *table, const char *name, const uint8_t key[static 32]) {
    return table->count == 0 ? NULL : find(table, name, hash_of(table, name, strlen(name)), key);
}

static void rehash(struct key_table *table, size_t bucket_count) {
    free(table->buckets);
    table->buckets = allocate_zeroed(bucket_count, sizeof(struct known_key *));
    table->bucket_count = bucket_count;
    for (struct known_key *known = table->first; known; known = known->after) {
        struct known_key **bucket = &table->buckets[known->hash % bucket_count];
        known->next = *bucket;
        *bucket = known;
    }
}

void key_table_expect(struct key_table *table, size_t count) {
    size_t buckets = table->bucket_count ? table->bucket_count : BUCKETS_FIRST;
    while (buckets < count) buckets *= 2;
    if (table->bucket_count == 0) randombytes_buf(table->secret, sizeof table->secret);
    if (buckets > table->bucket_count) rehash(table, buckets);
}

static struct known_key *insert(struct key_table *table, const char *name, size_t size, uint64_t hash,
                                const uint8_t *key) {
    struct known_key *known = allocate_zeroed(1, sizeof *known + size + 1);
    memcpy(known->name, name, size + 1);
    memcpy(known->key, key, sizeof known->key);
    known->dates = -1;
    known->hash = hash;
    struct known_key **bucket = &table->buckets[known->hash % table->bucket_count];
    known->next = *bucket;
    *bucket = known;
    *(table->newest ? &table->newest->after : &table->first) = known;
    table->newest = known;
    table->count++;
    table->bytes += sizeof *known + size + 1;
    return known;
}

struct known_key *key_table_add(struct key_table *table, const char *name, const uint8_t key[static 32], unsigned days,
                                unsigned last) {
    size_t size = strlen(name);
    key_table_expect(table, table->count + 1);
    uint64_t hash = hash_of(table, name, size);
    struct known_key *known = find(table, name, hash, key);
    if (!known || memcmp(known->key, key, sizeof known->key) != 0) known = insert(table, name, size, hash, key);
    if (days > known->days) known->days = days;
    if (last > known->last) known->last = last;
    return known;
}

/* --- Forgetting --- */

struct rank {
    struct known_key *known;
    size_t room_size; /* of its name */
    size_t behind;    /* so many of its room and days were met after it */
};

static int compare(uint64_t a, uint64_t b) {
    return (a > b) - (a < b);
}

static int compare_rooms(const struct rank *a, const struct rank *b) {
    size_t size = a->room_size < b->room_size ? a->room_size : b->room_size;
    int order = memcmp(a->known->name, b->known->name, size);
    return order ? order : compare(a->room_size, b->room_size);
}

static int by_days_and_room(const void *first, const void *second) {
    const struct rank *a = first, *b = second;
    int order = compare(a->known->days, b->known->days);
    if (order == 0) order = compare_rooms(a, b);
    if (order == 0) order = compare(b->known->last, a->known->last);
    return order ? order : compare(b->known->line, a->known->line);
}

static int by_worth(const void *first, const void *second) {
    const struct rank *a = first, *b = second;
    int order = compare(a->known->kept, b->known->kept);
    if (order == 0) order = compare(a->known->days, b->known->days);
    if (order == 0) order = compare(b->behind, a->behind);
    return order ? order : compare(a->known->last, b->known->last);
}

size_t key_table_forget(struct key_table *table, size_t left) {
    size_t count = 0;
    if (table->count <= left) return 0;
    struct rank *ranks = allocate(table->count * sizeof *ranks);
    for (struct known_key *known = table->first; known; known = known->after)
        ranks[count++] = (struct rank){.known = known, .room_size = strcspn(known->name, ":")};
    qsort(ranks, count, sizeof *ranks, by_days_and_room);
    for (size_t i = 1; i < count; i++)
        if (ranks[i].known->days == ranks[i - 1].known->days && compare_rooms(&ranks[i], &ranks[i - 1]) == 0)
            ranks[i].behind = ranks[i - 1].behind + 1;
    qsort(ranks, count, sizeof *ranks, by_worth);
    size_t forgotten = 0;
    for (; forgotten < count - left && !ranks[forgotten].known->kept; forgotten++)
        ranks[forgotten].known->forgotten = true;
    free(ranks);
    return forgotten;
}

void key_table_forget_nothing(struct key_table *table) {
    for (struct known_key *known = table->first; known; known = known->after) known->forgotten = false;
}

bool key_table_holds(const struct key_table *table) {
    size_t count = 0, bytes = 0;
    for (const struct known_key *known = table->first; known; known = known->after) {
        if (key_table_find(table, known->name, known->key) != known) return false;
        if (!known->after && known != table->newest) return false;
        bytes += sizeof *known + strlen(known->name) + 1;
        count++;
    }
    return count == table->count && bytes == table->bytes;
}

#include "client/keys/key_table.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

void key_table_clear(struct key_table *table) {
    for (struct known_key *known = table->first, *after; known; known = after) {
        after = known->after;
        free(known);
    }
    *table = (struct key_table){.first = NULL};
}

struct known_key *key_table_find(const struct key_table *table, const char *name, const uint8_t key[static 32]) {
    struct known_key *other = NULL;
    for (struct known_key *known = table->first; known; known = known->after) {
        if (strcmp(known->name, name) != 0) continue;
        if (memcmp(known->key, key, sizeof known->key) == 0) return known;
        if (!other) other = known;
    }
    return other;
}

struct known_key *key_table_add(struct key_table *table, const char *name, const uint8_t key[static 32],
                                unsigned line) {
    struct known_key *known = key_table_find(table, name, key);
    if (known && memcmp(known->key, key, sizeof known->key) == 0) return known;
    size_t size = strlen(name) + 1;
    known = allocate_zeroed(1, sizeof *known + size);
    memcpy(known->name, name, size);
    memcpy(known->key, key, sizeof known->key);
    known->line = line;
    *(table->newest ? &table->newest->after : &table->first) = known;
    table->newest = known;
    return known;
}

#include "common/memo.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define ENTRIES 48
#define NAME_SIZE 256

struct entry {
    enum memo_kind kind;
    char name[NAME_SIZE];
    size_t size;
    unsigned char value[MEMO_VALUE_SIZE];
};

static struct {
    pthread_mutex_t mutex;
    struct entry entries[ENTRIES];
    size_t count;
    atomic_bool sealed;
} memo = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* Under the mutex. */
static struct entry *entry_of(enum memo_kind kind, const char *name) {
    for (size_t i = 0; i < memo.count; i++)
        if (memo.entries[i].kind == kind && strcmp(memo.entries[i].name, name) == 0) return &memo.entries[i];
    return NULL;
}

bool memo_find(enum memo_kind kind, const char *name, void *value, size_t size) {
    pthread_mutex_lock(&memo.mutex);
    const struct entry *entry = entry_of(kind, name);
    bool found = entry && entry->size <= size;
    if (found) memcpy(value, entry->value, entry->size);
    pthread_mutex_unlock(&memo.mutex);
    return found;
}

void memo_keep(enum memo_kind kind, const char *name, const void *value, size_t size) {
    if (strlen(name) >= NAME_SIZE || size > MEMO_VALUE_SIZE) return;
    pthread_mutex_lock(&memo.mutex);
    struct entry *entry = entry_of(kind, name);
    if (!entry && memo.count < ENTRIES) entry = &memo.entries[memo.count++];
    if (entry) {
        *entry = (struct entry){.kind = kind, .size = size};
        snprintf(entry->name, sizeof entry->name, "%s", name);
        memcpy(entry->value, value, size);
    }
    pthread_mutex_unlock(&memo.mutex);
}

void memo_seal(void) {
    atomic_store(&memo.sealed, true);
}

bool memo_sealed(void) {
    return atomic_load(&memo.sealed);
}

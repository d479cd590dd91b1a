#include "bench/load/agenda.h"

#include <stdlib.h>

void agenda_destroy(struct agenda *agenda) {
    free(agenda->entries);
    *agenda = (struct agenda){0};
}

static bool grow(struct agenda *agenda) {
    size_t capacity = agenda->capacity ? 2 * agenda->capacity : 256;
    struct agenda_entry *entries = realloc(agenda->entries, capacity * sizeof *entries);
    if (!entries) return false;
    agenda->entries = entries;
    agenda->capacity = capacity;
    return true;
}

bool agenda_add(struct agenda *agenda, const struct agenda_entry *entry) {
    if (agenda->count == agenda->capacity && !grow(agenda)) return false;
    size_t at = agenda->count++;
    for (; at > 0 && agenda->entries[(at - 1) / 2].due_us > entry->due_us; at = (at - 1) / 2)
        agenda->entries[at] = agenda->entries[(at - 1) / 2];
    agenda->entries[at] = *entry;
    return true;
}

bool agenda_next(struct agenda *agenda, uint64_t now_us, struct agenda_entry *out) {
    if (agenda->count == 0 || agenda->entries[0].due_us > now_us) return false;
    *out = agenda->entries[0];
    const struct agenda_entry last = agenda->entries[--agenda->count];
    size_t at = 0;
    for (size_t child = 1; child < agenda->count; child = 2 * at + 1) {
        if (child + 1 < agenda->count && agenda->entries[child + 1].due_us < agenda->entries[child].due_us) child++;
        if (agenda->entries[child].due_us >= last.due_us) break;
        agenda->entries[at] = agenda->entries[child];
        at = child;
    }
    agenda->entries[at] = last;
    return true;
}

/* What members do later, by time: a binary heap. Not thread-safe. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"

enum errand {
    ERRAND_LEAVE,     /* repeat LEAVE */
    ERRAND_RETURN,    /* register again */
    ERRAND_LAST_WORD, /* repeat the last beat */
    ERRAND_ASK,       /* ask whether the bootnode is back */
    ERRAND_MOVE,      /* repeat LEAVE, of one that moves */
    ERRAND_DEPART,    /* leave what is no home any more */
};

struct agenda_entry {
    uint64_t due_us;
    uint32_t member;
    uint8_t errand, tries;
};

struct agenda {
    struct agenda_entry *entries;
    size_t count, capacity;
};

void agenda_destroy(struct agenda *agenda);
/* False without memory. */
MUST_USE bool agenda_add(struct agenda *agenda, const struct agenda_entry *entry);
/* Takes out the earliest that is due; false when none is. */
MUST_USE bool agenda_next(struct agenda *agenda, uint64_t now_us, struct agenda_entry *out);

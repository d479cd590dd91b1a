/* What is due when: a heap of deadlines that lie in their owners. Setting, changing and removing one takes O(log n),
 * the earliest is at hand. Not thread-safe. (Where a thousand are due at once and a few milliseconds do not matter, a
 * wheel is cheaper.)
 *
 * Invariants: each deadline is in one heap at most, where it knows its place; none is earlier than the one above it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed is in no heap. It must not move or go away while it is in one. */
struct deadline {
    uint64_t at;  /* changed by deadlines_set alone */
    size_t place; /* from 1 on; 0: in no heap */
};

/* Zeroed is empty. */
struct deadlines {
    struct deadline **heap;
    size_t count, capacity;
};

/* Puts it in, or changes when it is. NEVER is a time like any other. Aborts without memory. */
void deadlines_set(struct deadlines *deadlines, struct deadline *deadline, uint64_t when);
/* Takes it out, if it is in. */
void deadlines_remove(struct deadlines *deadlines, struct deadline *deadline);
/* The earliest; of several any. NULL: there is none. */
struct deadline *deadlines_first(const struct deadlines *deadlines);
/* Takes all out and gives the memory back. */
void deadlines_clear(struct deadlines *deadlines);
bool deadlines_holds(const struct deadlines *deadlines);

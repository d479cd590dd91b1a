#include "common/deadlines.h"

#include <stdlib.h>

#include "common/holds.h"
#include "common/memory.h"

static void put(struct deadlines *deadlines, size_t place, struct deadline *deadline) {
    deadlines->heap[place - 1] = deadline;
    deadline->place = place;
}

static struct deadline *at(const struct deadlines *deadlines, size_t place) {
    return deadlines->heap[place - 1];
}

/* Moves it from its place, which is free, to where it belongs. */
static void settle(struct deadlines *deadlines, size_t place, struct deadline *deadline) {
    for (; place > 1 && at(deadlines, place / 2)->at > deadline->at; place /= 2)
        put(deadlines, place, at(deadlines, place / 2));
    for (size_t child; (child = 2 * place) <= deadlines->count; place = child) {
        if (child < deadlines->count && at(deadlines, child + 1)->at < at(deadlines, child)->at) child++;
        if (at(deadlines, child)->at >= deadline->at) break;
        put(deadlines, place, at(deadlines, child));
    }
    put(deadlines, place, deadline);
}

void deadlines_set(struct deadlines *deadlines, struct deadline *deadline, uint64_t when) {
    if (deadline->place && deadline->at == when) return;
    deadline->at = when;
    if (!deadline->place) {
        if (deadlines->count == deadlines->capacity) {
            deadlines->capacity = deadlines->capacity ? 2 * deadlines->capacity : 16;
            deadlines->heap = grow(deadlines->heap, deadlines->capacity, sizeof(struct deadline *));
        }
        deadline->place = ++deadlines->count;
    }
    settle(deadlines, deadline->place, deadline);
}

void deadlines_remove(struct deadlines *deadlines, struct deadline *deadline) {
    size_t place = deadline->place;
    if (!place) return;
    struct deadline *last = at(deadlines, deadlines->count--);
    deadline->place = 0;
    if (last != deadline) settle(deadlines, place, last);
}

struct deadline *deadlines_first(const struct deadlines *deadlines) {
    return deadlines->count > 0 ? at(deadlines, 1) : NULL;
}

void deadlines_clear(struct deadlines *deadlines) {
    HOLDS(deadlines_holds(deadlines));
    for (size_t place = 1; place <= deadlines->count; place++) at(deadlines, place)->place = 0;
    free(deadlines->heap);
    *deadlines = (struct deadlines){0};
}

bool deadlines_holds(const struct deadlines *deadlines) {
    if (deadlines->count > deadlines->capacity) return false;
    for (size_t place = 1; place <= deadlines->count; place++) {
        if (at(deadlines, place)->place != place) return false;
        if (place > 1 && at(deadlines, place / 2)->at > at(deadlines, place)->at) return false;
    }
    return true;
}

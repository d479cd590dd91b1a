#include "bench/load/cover.h"

#include <stdlib.h>

bool cover_add(struct cover *cover, double from_s, double length_s) {
    if (cover->count == cover->capacity) {
        size_t capacity = cover->capacity > 0 ? 2 * cover->capacity : 16;
        struct span *spans = realloc(cover->spans, capacity * sizeof *spans);
        if (!spans) return false;
        cover->spans = spans;
        cover->capacity = capacity;
    }
    cover->spans[cover->count++] = (struct span){from_s, from_s + length_s};
    return true;
}

static int by_beginning(const void *a, const void *b) {
    double one = ((const struct span *)a)->from_s, other = ((const struct span *)b)->from_s;
    return one < other ? -1 : one > other;
}

double cover_seconds(struct cover *cover) {
    double sum = 0, covered_until = 0;
    if (cover->count > 0) qsort(cover->spans, cover->count, sizeof *cover->spans, by_beginning);
    for (size_t i = 0; i < cover->count; i++) {
        const struct span *span = &cover->spans[i];
        double from_s = i > 0 && covered_until > span->from_s ? covered_until : span->from_s;
        if (span->until_s <= from_s) continue;
        sum += span->until_s - from_s;
        covered_until = span->until_s;
    }
    return sum;
}

void cover_free(struct cover *cover) {
    free(cover->spans);
    *cover = (struct cover){.spans = NULL};
}

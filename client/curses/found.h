/* Where words stand in a text, compared as /find does (NFKC, case-folded). Pure. */
#pragma once

#include <stddef.h>

struct found_place {
    size_t start, end; /* bytes of whole clusters */
};

struct found {
    struct found_place *places; /* in their order, none over another */
    size_t count;
};

/* Aborts without memory. */
struct found found_in(const char *text, size_t size, const char *words);
void found_free(struct found *found);

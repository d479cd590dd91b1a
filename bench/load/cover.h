/* How long several spans of time cover together: what two share counts once. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attributes.h"

struct cover {
    struct span {
        double from_s, until_s;
    } * spans;
    size_t count, capacity;
};

/* False without memory. */
MUST_USE bool cover_add(struct cover *cover, double from_s, double length_s);
/* Sorts the spans. */
double cover_seconds(struct cover *cover);
void cover_free(struct cover *cover);

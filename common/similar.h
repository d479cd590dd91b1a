/* Which of the words that there are somebody meant: for commands, flags and keys that do not exist. */
#pragma once

#include <stddef.h>

/* Letters to insert, remove, replace or swap with their neighbour to make one of the other (the optimal string
 * alignment distance), upper case being as good as lower. SIZE_MAX where one of them is longer than any name that we
 * have. */
size_t similar_changes(const char *a, const char *b);
/* The lesser one of `nearest` and the changes from `word` to `known`, if those are few enough for its length (half of
 * it, at most 2) that this may be what was meant: over all words that there are, beginning with SIZE_MAX, it is the
 * distance of those to be suggested, SIZE_MAX where there is none. */
size_t similar_nearer(const char *word, const char *known, size_t nearest);

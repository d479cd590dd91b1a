/* Which of the words that there are somebody meant: for commands, flags and keys that do not exist. */
#pragma once

#include <stddef.h>

/* Letters to insert, remove, replace or swap with their neighbour to make one of the other (the optimal string
 * alignment distance), upper case being as good as lower. SIZE_MAX where one of them is longer than any name that we
 * have. */
size_t similar_changes(const char *a, const char *b);

#define SIMILAR_MOST 64

/* Those of the names that there are which somebody may have meant, in the order in which they were told. */
struct similar {
    const char *word;                /* what was written */
    const char *names[SIMILAR_MOST]; /* not owned; more are left out */
    size_t count, changes; /* changes: from the word to each of them; SIZE_MAX: none was offered that is near */
};

/* None yet. */
struct similar similar_to(const char *word);
/* Keeps the name where it is as near as those that were kept, alone where it is nearer. Near enough are few changes for
 * the length of the word: half of it, at most 2. A name that was kept just before is kept once. */
void similar_offer(struct similar *similar, const char *known);
/* Keeps the name, whose resemblance is of another kind. */
void similar_add(struct similar *similar, const char *known);
/* "/me, /msg or /part": the names, each behind `before`, with `between` between them, but for " or " before the last;
 * behind the zero-terminated text in `out`, as append_text prints it. */
void similar_list(const struct similar *similar, const char *before, const char *between, char *out, size_t size);

#include "common/similar.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "common/append.h"

#define LENGTH_MOST 24
#define CHANGES_MOST 2

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

static bool same(char a, char b) {
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

size_t similar_changes(const char *a, const char *b) {
    size_t rows[LENGTH_MOST + 1][LENGTH_MOST + 1], m = strlen(a), n = strlen(b);
    if (m > LENGTH_MOST || n > LENGTH_MOST) return SIZE_MAX;
    for (size_t i = 0; i <= m; i++) {
        for (size_t j = 0; j <= n; j++) {
            if (i == 0 || j == 0) {
                rows[i][j] = i + j;
                continue;
            }
            rows[i][j] = least(rows[i - 1][j], rows[i][j - 1]) + 1;
            rows[i][j] = least(rows[i][j], rows[i - 1][j - 1] + !same(a[i - 1], b[j - 1]));
            if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
                rows[i][j] = least(rows[i][j], rows[i - 2][j - 2] + 1);
        }
    }
    return rows[m][n];
}

struct similar similar_to(const char *word) {
    return (struct similar){.word = word, .changes = SIZE_MAX};
}

void similar_add(struct similar *similar, const char *known) {
    bool again = similar->count > 0 && strcmp(similar->names[similar->count - 1], known) == 0;
    if (!again && similar->count < SIMILAR_MOST) similar->names[similar->count++] = known;
}

void similar_offer(struct similar *similar, const char *known) {
    size_t changes = similar_changes(similar->word, known);
    if (changes > least(strlen(similar->word) / 2, CHANGES_MOST) || changes > similar->changes) return;
    if (changes < similar->changes) similar->count = 0;
    similar->changes = changes;
    similar_add(similar, known);
}

void similar_list(const struct similar *similar, const char *before, const char *between, char *out, size_t size) {
    for (size_t i = 0; i < similar->count; i++) {
        const char *separator = i == 0 ? "" : i + 1 < similar->count ? between : " or ";
        append_text(out, size, "%s%s%s", separator, before, similar->names[i]);
    }
}

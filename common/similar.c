#include "common/similar.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

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

size_t similar_nearer(const char *word, const char *known, size_t nearest) {
    size_t changes = similar_changes(word, known);

    return changes <= least(strlen(word) / 2, CHANGES_MOST) ? least(changes, nearest) : nearest;
}

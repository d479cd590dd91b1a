/* Lines about what does not agree. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define DISAGREEMENT_SIZE 200
#define DISAGREEMENTS_MAX 48

struct disagreements {
    bool others;    /* use the bootnode, too */
    bool restarted; /* the bootnode was */
    size_t count;
    char lines[DISAGREEMENTS_MAX][DISAGREEMENT_SIZE];
};

/* One more line, cut where it is too long; beyond DISAGREEMENTS_MAX nothing. */
void disagreements_add(struct disagreements *to, const char *format, ...) __attribute__((format(printf, 2, 3)));

#include "tests/support/vector_lines.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>

#define LINE 32 /* bytes */

static bool is_zero(const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != 0) return false;
    return true;
}

/* How many of the next bytes are zero, in whole lines. */
static size_t zero_lines(const uint8_t *bytes, size_t size) {
    size_t zeros = 0;
    while (size - zeros >= LINE && is_zero(bytes + zeros, LINE)) zeros += LINE;
    return zeros;
}

void show_text(const char *name, const char *text) {
    printf("    %-20s  %s\n", name, text);
}

void show(const char *name, const uint8_t *bytes, size_t size) {
    char text[2 * LINE + 1];
    for (size_t at = 0, taken; at < size; at += taken, name = "") {
        taken = zero_lines(bytes + at, size - at);
        if (taken > LINE) {
            snprintf(text, sizeof text, "(%zu zeros)", taken);
        } else {
            taken = size - at < LINE ? size - at : LINE;
            sodium_bin2hex(text, sizeof text, bytes + at, taken);
        }
        show_text(name, text);
    }
}

void show_gap(void) {
    putchar('\n');
}

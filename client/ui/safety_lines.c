#include "client/ui/safety_lines.h"

#include <stdio.h>
#include <string.h>

bool safety_line(const char *number, unsigned line, char out[static SAFETY_LINE_SIZE]) {
    size_t start = (size_t)line * SAFETY_LINE_SIZE; /* the blank between two lines takes the place of the zero */
    if (start >= strlen(number)) return false;
    snprintf(out, SAFETY_LINE_SIZE, "%s", number + start);
    return true;
}

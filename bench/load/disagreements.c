#include "bench/load/disagreements.h"

#include <stdarg.h>
#include <stdio.h>

void disagreements_add(struct disagreements *to, const char *format, ...) {
    va_list arguments;
    if (to->count == DISAGREEMENTS_MAX) return;
    va_start(arguments, format);
    (void)vsnprintf(to->lines[to->count++], DISAGREEMENT_SIZE, format, arguments);
    va_end(arguments);
}

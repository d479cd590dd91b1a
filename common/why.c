#include "common/why.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool why_fail(struct why *why, const char *format, ...) {
    struct why said;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(said.text, sizeof said.text, format, arguments);
    va_end(arguments);
    *why = said;
    return false;
}

void why_add(struct why *why, const char *format, ...) {
    size_t used = strlen(why->text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why->text + used, sizeof why->text - used, format, arguments);
    va_end(arguments);
}

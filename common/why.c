#include "common/why.h"

#include <stdarg.h>
#include <stdio.h>

bool why_fail(struct why *why, const char *format, ...) {
    struct why said;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(said.text, sizeof said.text, format, arguments);
    va_end(arguments);
    *why = said;
    return false;
}

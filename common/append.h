/* A line of text that grows by pieces in a buffer of fixed size. */
#pragma once

#include <stddef.h>

/* Prints behind the zero-terminated text in `out`, as far as `size` bytes of it hold, the zero included. */
__attribute__((format(printf, 3, 4))) void append_text(char *out, size_t size, const char *format, ...);

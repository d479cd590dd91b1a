/* What stands between a command and its arguments: the white space of Unicode (the property White_Space of UAX 44), so
 * a no-break space that a keyboard or a web page put there counts, too. Pure; for zero-terminated text, which need not
 * be valid UTF-8: a byte that belongs to no character is no blank. */
#pragma once

#include <stddef.h>

/* Bytes of the blanks that `text` begins with, as strspn(3) counts. */
size_t blanks_span(const char *text);
/* Bytes before the first blank or the end, as strcspn(3) counts. */
size_t blanks_find(const char *text);
/* Bytes without the blanks at the end. */
size_t blanks_trimmed(const char *text);

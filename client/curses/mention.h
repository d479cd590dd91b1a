/* Is somebody spoken to? Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Does the text have the nick as a word of its own, without regard to case (NFKC, case-folded)? */
bool mention_in(const char *text, size_t size, const char *nick);

/* Is somebody spoken to? Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Does the text have the nick as a word of its own (UAX 29, libunistring; punctuation ends words, too), without regard
 * to case (NFKC, case-folded)? In scripts without blanks between words a name stands anywhere: 李雷你好 is said to
 * 李雷. */
bool mention_in(const char *text, size_t size, const char *nick);

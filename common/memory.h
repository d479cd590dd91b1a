/* Memory for those who cannot go on without it: where there is none, the program aborts. What these return is never
 * NULL and free(3)'s to give back. */
#pragma once

#include <stddef.h>

__attribute__((malloc, returns_nonnull, warn_unused_result)) void *allocate(size_t size);
/* `count` elements of `size` bytes, all zero. */
__attribute__((malloc, returns_nonnull, warn_unused_result)) void *allocate_zeroed(size_t count, size_t size);
/* The elements at `memory` (NULL: none) in room for `count` of `size` bytes each; `memory` itself is given back. */
__attribute__((returns_nonnull, warn_unused_result)) void *grow(void *memory, size_t count, size_t size);
/* A copy of a text, or of its first `size` bytes where it is longer. */
__attribute__((malloc, returns_nonnull, warn_unused_result)) char *copy_text(const char *text);
__attribute__((malloc, returns_nonnull, warn_unused_result)) char *copy_start(const char *text, size_t size);

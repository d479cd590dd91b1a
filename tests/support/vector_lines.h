/* The values of a test vector as appendix A of PROTOCOL.md shows them: a name, then hex, 32 bytes a line; two or more
 * lines of zeros in a row are "(n zeros)". All on standard output. */
#pragma once

#include <stddef.h>
#include <stdint.h>

void show(const char *name, const uint8_t *bytes, size_t size);
/* What is no bytes: digits, or hex that is there already. */
void show_text(const char *name, const char *text);
/* Ends a block. */
void show_gap(void);

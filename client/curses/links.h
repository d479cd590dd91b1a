/* Where a text has something to open: http://, https:// and gochat:// up to what ends it. Pure.
 *
 * What is found consists of the ASCII characters that a URL may have, so that nothing in it can end or begin a sequence
 * of a terminal. One that goes on with another letter is none, nor is any part of it: that would lead elsewhere. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define LINKS_URL_MAX 2000 /* bytes; a longer one is none: VTE takes 2083 */

struct link {
    size_t start, end;
};

/* The first at or behind `from`. False: there is no more. Linear in what is looked at. */
bool links_next(const char *text, size_t size, size_t from, struct link *out);

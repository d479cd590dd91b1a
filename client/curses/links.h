/* Where a text has something to open: http://, https:// and gochat:// up to what ends it. Pure.
 *
 * What is found consists of the ASCII characters that a URL may have, so that nothing in it can end or begin a sequence
 * of a terminal. One that goes on with another letter is none: a part of it would lead elsewhere. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINKS_URL_MAX 2000 /* bytes; a longer one is none: VTE takes 2083 */

struct link {
    size_t start, end;
    uint32_t id; /* of what it leads to; never 0 */
};

/* The first at or behind `from`. False: there is no more. */
bool links_next(const char *text, size_t size, size_t from, struct link *out);

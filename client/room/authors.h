/* What survives the member, so that nothing is shown twice when it comes back, and so that it cannot begin anew with
 * what it is allowed. The AUTHORS_MAX heard last are remembered. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/names.h"

#define AUTHORS_MAX 2048

struct author;

/* Zeroed is empty. */
struct authors {
    struct author *list;
    size_t count;
};

void authors_clear(struct authors *authors);
/* Finds or adds it, as heard now. Holds until the next call. Aborts without memory. */
struct author *authors_of(struct authors *authors, const uint8_t id[static MEMBER_ID_SIZE], uint64_t now);
/* A private message: was it not shown yet? */
MUST_USE bool author_is_news(const struct author *author, uint64_t run, uint64_t sequence);
/* Now it is. */
void author_whispered(struct author *author, uint64_t run, uint64_t sequence);
/* May this author put one more nick into our files and onto the screen? Five at once, then one every 20 s. Counted. */
MUST_USE bool author_may_rename(struct author *author, uint64_t now);

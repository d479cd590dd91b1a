#include "client/room/authors.h"

#include <stdlib.h>
#include <string.h>

#include "common/bucket.h"
#include "common/memory.h"

/* Each nick is a line on our disk, so a member may change it a few times at once, and seldom after that. */
#define NICK_EVERY_MS 20000
#define NICK_BURST 5

struct author {
    uint8_t id[MEMBER_ID_SIZE];
    uint64_t run, private_sequence; /* of the last private message */
    struct bucket renames;          /* ms */
    uint64_t used;                  /* ms, for making room */
};

static const struct bucket_kind renames = {.burst = NICK_BURST * NICK_EVERY_MS, .amount = 1, .per_ms = 1};

/* A new one, in place of the one that was heard least recently when there are too many. */
static struct author *add(struct authors *authors, struct author *oldest, const uint8_t *id, uint64_t now) {
    if (authors->count < AUTHORS_MAX) {
        authors->list = grow(authors->list, authors->count + 1, sizeof *authors->list);
        oldest = &authors->list[authors->count++];
    }
    *oldest = (struct author){.run = 0};
    bucket_fill(&oldest->renames, &renames, now);
    memcpy(oldest->id, id, MEMBER_ID_SIZE);
    return oldest;
}

struct author *authors_of(struct authors *authors, const uint8_t id[static MEMBER_ID_SIZE], uint64_t now) {
    struct author *found = NULL, *oldest = NULL;
    for (size_t i = 0; i < authors->count && !found; i++) {
        struct author *author = &authors->list[i];
        if (memcmp(author->id, id, MEMBER_ID_SIZE) == 0) found = author;
        if (!oldest || author->used < oldest->used) oldest = author;
    }
    if (!found) found = add(authors, oldest, id, now);
    found->used = now;
    return found;
}

bool author_is_news(const struct author *author, uint64_t run, uint64_t sequence) {
    return author->run != run || sequence > author->private_sequence;
}

void author_whispered(struct author *author, uint64_t run, uint64_t sequence) {
    author->run = run;
    author->private_sequence = sequence;
}

bool author_may_rename(struct author *author, uint64_t now) {
    return bucket_take(&author->renames, &renames, NICK_EVERY_MS, now);
}

void authors_clear(struct authors *authors) {
    free(authors->list);
    *authors = (struct authors){.list = NULL};
}

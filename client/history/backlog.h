/* What was said to all in a room lately, kept to be passed on: signed messages by author and run. Pure; PROTOCOL.md
 * §3.5.
 *
 * Invariants: at most BACKLOG_MESSAGES and BACKLOG_BYTES, none longer than BACKLOG_AGE_MS, and none twice. Each author
 * is of one source: itself, where it was ever heard itself, else the member that first passed it on. Where it is too
 * much, the source of which most is kept (messages, or bytes, as what there is too much of) loses, of its authors the
 * one of whom most is kept, and of that one the oldest first. So who invents authors pushes out none of others'. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/history/feed_name.h"
#include "client/message/blob.h"
#include "common/names.h"

#define BACKLOG_MESSAGES 1000
#define BACKLOG_BYTES (8u * 1024 * 1024)
#define BACKLOG_AGE_MS 600000
#define BACKLOG_BUCKETS 256

/* What is held of a feed lies between these; there may be holes. */
struct backlog_row {
    struct feed_name feed;
    uint64_t lowest, highest;
};

struct backlog_entry {
    struct backlog_entry *older, *newer;                 /* of all, in the order they came, */
    struct backlog_entry *authors_older, *authors_newer; /* and of its author's */
    struct backlog_feed *feed;
    uint64_t sequence;
    uint64_t number; /* in which order they came, all authors' together */
    /* When it was said; ms. What is older than our clock has wrapped: only differences mean something. */
    uint64_t since;
    struct blob *blob;
};

/* Whom a message came from. */
struct backlog_source {
    uint8_t id[MEMBER_ID_SIZE];
    bool itself; /* the author; ours are zeros' */
};

struct backlog {
    struct backlog_entry *oldest, *newest; /* in the order they came */
    struct backlog_author *authors;
    struct backlog_account *accounts;            /* of sources */
    struct backlog_feed *feeds[BACKLOG_BUCKETS]; /* by their names; each has its messages by sequence */
    size_t count, bytes;
    uint64_t added;
};

/* Zeroed is empty. */
void backlog_clear(struct backlog *backlog);
/* Takes a reference to the encoded message. `age`: how long others have had it. Nothing where it is there already or
 * too old. Aborts without memory. */
void backlog_add(struct backlog *backlog, const struct feed_name *feed, uint64_t sequence,
                 const struct backlog_source *from, struct blob *blob, uint64_t age, uint64_t now);
/* Drops what is too old. */
void backlog_expire(struct backlog *backlog, uint64_t now);
/* The one with the lowest sequence from `from` to `to`; NULL: none. Holds until the next change. */
const struct backlog_entry *backlog_next(const struct backlog *backlog, const struct feed_name *feed, uint64_t from,
                                         uint64_t to);
/* One row a feed, latest heard first; returns how many, `most` at most. */
size_t backlog_rows(const struct backlog *backlog, struct backlog_row *out, size_t most);
/* The invariants, but for the age; and that all that is counted is there. */
bool backlog_holds(const struct backlog *backlog);

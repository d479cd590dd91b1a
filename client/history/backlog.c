#include "client/history/backlog.h"

#include <stdlib.h>
#include <string.h>

/* How much of one author is kept, over all runs. */
struct backlog_author {
    struct backlog_author *next;
    uint8_t key[32];
    size_t count, bytes;
};

static struct backlog_author *author_of(struct backlog *backlog, const uint8_t key[static 32]) {
    struct backlog_author *author = backlog->authors;

    while (author && memcmp(author->key, key, sizeof author->key) != 0) author = author->next;
    if (author) return author;
    author = calloc(1, sizeof *author);
    if (!author) abort();
    memcpy(author->key, key, sizeof author->key);
    author->next = backlog->authors;
    backlog->authors = author;
    return author;
}

static void author_drop(struct backlog *backlog, struct backlog_author *author) {
    struct backlog_author **at = &backlog->authors;

    while (*at != author) at = &(*at)->next;
    *at = author->next;
    free(author);
}

/* NOLINTBEGIN(clang-analyzer-unix.Malloc,clang-analyzer-core.NullDereference): it cannot see that the list's ends and
 * links agree, and that an author in the table has an entry in the list */
static void drop(struct backlog *backlog, struct backlog_entry *entry) {
    struct backlog_author *author = entry->author;

    *(entry->older ? &entry->older->newer : &backlog->oldest) = entry->newer;
    *(entry->newer ? &entry->newer->older : &backlog->newest) = entry->older;
    backlog->count--;
    backlog->bytes -= entry->blob->size;
    author->bytes -= entry->blob->size;
    if (--author->count == 0) author_drop(backlog, author);
    blob_drop(entry->blob);
    free(entry);
}

void backlog_clear(struct backlog *backlog) {
    while (backlog->oldest) drop(backlog, backlog->oldest);
}

static bool is_full(const struct backlog *backlog) {
    return backlog->count > BACKLOG_MESSAGES || backlog->bytes > BACKLOG_BYTES;
}

static struct backlog_author *greediest(const struct backlog *backlog) {
    bool by_bytes = backlog->bytes > BACKLOG_BYTES;
    struct backlog_author *most = backlog->authors;

    for (struct backlog_author *author = most; author; author = author->next)
        if (by_bytes ? author->bytes > most->bytes : author->count > most->count) most = author;
    return most;
}

static void make_room(struct backlog *backlog) {
    while (is_full(backlog)) {
        const struct backlog_author *author = greediest(backlog);
        struct backlog_entry *entry = backlog->oldest;
        while (entry->author != author) entry = entry->newer;
        drop(backlog, entry);
    }
}

void backlog_add(struct backlog *backlog, const struct feed_name *feed, uint64_t sequence, struct blob *blob,
                 uint64_t age, uint64_t now) {
    if (age >= BACKLOG_AGE_MS || backlog_next(backlog, feed, sequence, sequence)) return;
    struct backlog_entry *entry = malloc(sizeof *entry);
    if (!entry) abort();
    *entry = (struct backlog_entry){.older = backlog->newest,
                                    .author = author_of(backlog, feed->author),
                                    .feed = *feed,
                                    .sequence = sequence,
                                    .number = backlog->added++,
                                    .since = now - age,
                                    .blob = blob_hold(blob)};
    *(backlog->newest ? &backlog->newest->newer : &backlog->oldest) = entry;
    backlog->newest = entry;
    backlog->count++;
    backlog->bytes += blob->size;
    entry->author->count++;
    entry->author->bytes += blob->size;
    make_room(backlog);
}

/* All of them: what was passed on is older than its place. */
void backlog_expire(struct backlog *backlog, uint64_t now) {
    for (struct backlog_entry *entry = backlog->oldest, *newer; entry; entry = newer) {
        newer = entry->newer;
        if (now - entry->since >= BACKLOG_AGE_MS) drop(backlog, entry);
    }
}

/* NOLINTEND(clang-analyzer-unix.Malloc,clang-analyzer-core.NullDereference) */

const struct backlog_entry *backlog_next(const struct backlog *backlog, const struct feed_name *feed, uint64_t from,
                                         uint64_t to) {
    const struct backlog_entry *next = NULL;

    for (const struct backlog_entry *entry = backlog->newest; entry; entry = entry->older) {
        if (entry->sequence < from || entry->sequence > to || (next && entry->sequence > next->sequence)) continue;
        if (feed_name_equal(&entry->feed, feed)) next = entry;
    }
    return next;
}

size_t backlog_rows(const struct backlog *backlog, struct backlog_row *out, size_t most) {
    size_t count = 0;

    for (const struct backlog_entry *entry = backlog->newest; entry; entry = entry->older) {
        struct backlog_row *row = out;
        while (row < out + count && !feed_name_equal(&row->feed, &entry->feed)) row++;
        if (row == out + count) {
            if (count == most) continue;
            *row = (struct backlog_row){.feed = entry->feed, .lowest = entry->sequence};
            count++;
        }
        if (entry->sequence < row->lowest) row->lowest = entry->sequence;
        if (entry->sequence > row->highest) row->highest = entry->sequence;
    }
    return count;
}

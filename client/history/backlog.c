#include "client/history/backlog.h"

#include <stdlib.h>
#include <string.h>

#include "common/holds.h"
#include "common/memory.h"

/* How much of one source is kept, over all its authors. */
struct backlog_account {
    struct backlog_account *next;
    uint8_t id[MEMBER_ID_SIZE];
    size_t authors, count, bytes;
};

/* How much of one author is kept, over all runs. */
struct backlog_author {
    struct backlog_author *next;
    struct backlog_account *account;
    bool itself; /* the source, too */
    uint8_t key[32];
    size_t count, bytes;
    struct backlog_entry *oldest, *newest;
};

struct backlog_feed {
    struct backlog_feed *next; /* of its bucket */
    struct feed_name name;
    struct backlog_author *author;
    struct backlog_entry **entries; /* by sequence */
    size_t count, capacity;
};

/* --- Authors and feeds --- */

static struct backlog_account *account_of(struct backlog *backlog, const uint8_t id[static MEMBER_ID_SIZE]) {
    struct backlog_account *account = backlog->accounts;
    while (account && memcmp(account->id, id, sizeof account->id) != 0) account = account->next;
    if (account) return account;
    account = allocate_zeroed(1, sizeof *account);
    memcpy(account->id, id, sizeof account->id);
    account->next = backlog->accounts;
    backlog->accounts = account;
    return account;
}

static void join_account(struct backlog_author *author, struct backlog_account *account) {
    author->account = account;
    account->authors++;
    account->count += author->count;
    account->bytes += author->bytes;
}

static void leave_account(struct backlog *backlog, const struct backlog_author *author) {
    struct backlog_account *account = author->account, **at = &backlog->accounts;
    account->count -= author->count;
    account->bytes -= author->bytes;
    if (--account->authors > 0) return;
    while (*at != account) at = &(*at)->next;
    *at = account->next;
    free(account);
}

/* Whoever was passed on, and is now heard itself, counts for itself from now on. */
static void settle(struct backlog *backlog, struct backlog_author *author, const struct backlog_source *from) {
    if (author->itself || !from->itself) return;
    author->itself = true;
    struct backlog_account *account = account_of(backlog, from->id);
    if (account == author->account) return;
    leave_account(backlog, author);
    join_account(author, account);
}

static struct backlog_author *author_of(struct backlog *backlog, const uint8_t key[static 32],
                                        const struct backlog_source *from) {
    struct backlog_author *author = backlog->authors;
    while (author && memcmp(author->key, key, sizeof author->key) != 0) author = author->next;
    if (author) return author;
    author = allocate_zeroed(1, sizeof *author);
    memcpy(author->key, key, sizeof author->key);
    author->itself = from->itself;
    join_account(author, account_of(backlog, from->id));
    author->next = backlog->authors;
    backlog->authors = author;
    return author;
}

static void author_drop(struct backlog *backlog, struct backlog_author *author) {
    struct backlog_author **at = &backlog->authors;
    while (*at != author) at = &(*at)->next;
    *at = author->next;
    leave_account(backlog, author);
    free(author);
}

/* Who chooses keys so that they meet makes us look through what is kept of it, which is bounded. */
static size_t bucket_of(const struct feed_name *name) {
    uint64_t start;
    memcpy(&start, name->author, sizeof start);
    return (size_t)((start ^ name->run) * UINT64_C(0x9e3779b97f4a7c15) >> 56);
}

_Static_assert(BACKLOG_BUCKETS == 256, "as many as eight bits tell apart");

static struct backlog_feed *feed_find(const struct backlog *backlog, const struct feed_name *name) {
    struct backlog_feed *feed = backlog->feeds[bucket_of(name)];
    while (feed && !feed_name_equal(&feed->name, name)) feed = feed->next;
    return feed;
}

static struct backlog_feed *feed_of(struct backlog *backlog, const struct feed_name *name,
                                    const struct backlog_source *from) {
    struct backlog_feed *feed = feed_find(backlog, name), **bucket = &backlog->feeds[bucket_of(name)];
    if (feed) return feed;
    feed = allocate_zeroed(1, sizeof *feed);
    feed->name = *name;
    feed->author = author_of(backlog, name->author, from);
    feed->next = *bucket;
    *bucket = feed;
    return feed;
}

static void feed_drop(struct backlog *backlog, struct backlog_feed *feed) {
    struct backlog_feed **at = &backlog->feeds[bucket_of(&feed->name)];
    while (*at != feed) at = &(*at)->next;
    *at = feed->next;
    free(feed->entries);
    free(feed);
}

/* Where the first one is that has this sequence or a higher one. */
static size_t place_of(const struct backlog_feed *feed, uint64_t sequence) {
    size_t low = 0, high = feed->count;
    if (high > 0 && feed->entries[high - 1]->sequence < sequence) return high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (feed->entries[middle]->sequence < sequence)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void feed_put(struct backlog_feed *feed, struct backlog_entry *entry) {
    if (feed->count == feed->capacity) {
        feed->capacity = feed->capacity ? 2 * feed->capacity : 4;
        feed->entries = grow(feed->entries, feed->capacity, sizeof(struct backlog_entry *));
    }
    struct backlog_entry **at = feed->entries + place_of(feed, entry->sequence);
    memmove(at + 1, at, (size_t)(feed->entries + feed->count - at) * sizeof(struct backlog_entry *));
    *at = entry;
    feed->count++;
}

static void feed_take_out(struct backlog_feed *feed, const struct backlog_entry *entry) {
    struct backlog_entry **at = feed->entries + place_of(feed, entry->sequence);
    feed->count--;
    memmove(at, at + 1, (size_t)(feed->entries + feed->count - at) * sizeof(struct backlog_entry *));
}

/* --- Adding and dropping --- */

/* NOLINTBEGIN(clang-analyzer-unix.Malloc,clang-analyzer-core.NullDereference): it cannot see that the list's ends and
 * links agree, and that an author in the table has an entry in the list */
static void append(struct backlog *backlog, struct backlog_entry *entry) {
    struct backlog_author *author = entry->feed->author;
    entry->older = backlog->newest;
    *(backlog->newest ? &backlog->newest->newer : &backlog->oldest) = entry;
    backlog->newest = entry;
    entry->authors_older = author->newest;
    *(author->newest ? &author->newest->authors_newer : &author->oldest) = entry;
    author->newest = entry;
    backlog->count++;
    backlog->bytes += entry->blob->size;
    author->count++;
    author->bytes += entry->blob->size;
    author->account->count++;
    author->account->bytes += entry->blob->size;
}

static void drop(struct backlog *backlog, struct backlog_entry *entry) {
    struct backlog_feed *feed = entry->feed;
    struct backlog_author *author = feed->author;
    *(entry->older ? &entry->older->newer : &backlog->oldest) = entry->newer;
    *(entry->newer ? &entry->newer->older : &backlog->newest) = entry->older;
    *(entry->authors_older ? &entry->authors_older->authors_newer : &author->oldest) = entry->authors_newer;
    *(entry->authors_newer ? &entry->authors_newer->authors_older : &author->newest) = entry->authors_older;
    backlog->count--;
    backlog->bytes -= entry->blob->size;
    author->count--;
    author->bytes -= entry->blob->size;
    author->account->count--;
    author->account->bytes -= entry->blob->size;
    feed_take_out(feed, entry);
    if (feed->count == 0) feed_drop(backlog, feed);
    if (author->count == 0) author_drop(backlog, author);
    blob_drop(entry->blob);
    free(entry);
}

void backlog_clear(struct backlog *backlog) {
    while (backlog->oldest) drop(backlog, backlog->oldest);
}

static bool is_full(const struct backlog *backlog) {
    return backlog->count > BACKLOG_MESSAGES || backlog->bytes > BACKLOG_BYTES;
}

static const struct backlog_account *greediest_account(const struct backlog *backlog, bool by_bytes) {
    const struct backlog_account *most = backlog->accounts;
    for (const struct backlog_account *account = most; account; account = account->next)
        if (by_bytes ? account->bytes > most->bytes : account->count > most->count) most = account;
    return most;
}

static const struct backlog_author *greediest(const struct backlog *backlog) {
    bool by_bytes = backlog->bytes > BACKLOG_BYTES;
    const struct backlog_account *account = greediest_account(backlog, by_bytes);
    const struct backlog_author *most = NULL;
    for (const struct backlog_author *author = backlog->authors; author; author = author->next) {
        if (author->account != account) continue;
        if (!most || (by_bytes ? author->bytes > most->bytes : author->count > most->count)) most = author;
    }
    return most;
}

void backlog_add(struct backlog *backlog, const struct feed_name *feed, uint64_t sequence,
                 const struct backlog_source *from, struct blob *blob, uint64_t age, uint64_t now) {
    if (age >= BACKLOG_AGE_MS || backlog_next(backlog, feed, sequence, sequence)) return;
    struct backlog_entry *entry = allocate(sizeof *entry);
    *entry = (struct backlog_entry){.feed = feed_of(backlog, feed, from),
                                    .sequence = sequence,
                                    .number = backlog->added++,
                                    .since = now - age,
                                    .blob = blob_hold(blob)};
    feed_put(entry->feed, entry);
    append(backlog, entry);
    settle(backlog, entry->feed->author, from);
    while (is_full(backlog)) drop(backlog, greediest(backlog)->oldest);
}

/* All of them: what was passed on is older than its place. */
void backlog_expire(struct backlog *backlog, uint64_t now) {
    HOLDS(backlog_holds(backlog));
    for (struct backlog_entry *entry = backlog->oldest, *newer; entry; entry = newer) {
        newer = entry->newer;
        if (now - entry->since >= BACKLOG_AGE_MS) drop(backlog, entry);
    }
}

/* NOLINTEND(clang-analyzer-unix.Malloc,clang-analyzer-core.NullDereference) */

/* --- Looking --- */

const struct backlog_entry *backlog_next(const struct backlog *backlog, const struct feed_name *feed, uint64_t from,
                                         uint64_t to) {
    const struct backlog_feed *found = feed_find(backlog, feed);
    size_t at = found ? place_of(found, from) : 0;
    return found && at < found->count && found->entries[at]->sequence <= to ? found->entries[at] : NULL;
}

struct heard {
    const struct backlog_feed *feed;
    uint64_t number; /* of the latest */
};

static struct heard latest(const struct backlog_feed *feed) {
    struct heard heard = {feed, feed->entries[0]->number};
    for (size_t i = 1; i < feed->count; i++)
        if (feed->entries[i]->number > heard.number) heard.number = feed->entries[i]->number;
    return heard;
}

static int by_number(const void *a, const void *b) {
    uint64_t first = ((const struct heard *)a)->number, second = ((const struct heard *)b)->number;
    return (first < second) - (first > second);
}

size_t backlog_rows(const struct backlog *backlog, struct backlog_row *out, size_t most) {
    size_t count = 0;
    struct heard *heard = allocate((backlog->count + 1) * sizeof *heard);
    for (size_t i = 0; i < BACKLOG_BUCKETS; i++)
        for (const struct backlog_feed *feed = backlog->feeds[i]; feed; feed = feed->next)
            heard[count++] = latest(feed);
    qsort(heard, count, sizeof *heard, by_number);
    if (count > most) count = most;
    for (size_t i = 0; i < count; i++) {
        const struct backlog_feed *feed = heard[i].feed;
        out[i] = (struct backlog_row){.feed = feed->name,
                                      .lowest = feed->entries[0]->sequence,
                                      .highest = feed->entries[feed->count - 1]->sequence};
    }
    free(heard);
    return count;
}

/* --- The invariants --- */

static bool feed_holds(const struct backlog_feed *feed, size_t bucket) {
    if (feed->count == 0 || bucket_of(&feed->name) != bucket) return false;
    if (memcmp(feed->author->key, feed->name.author, sizeof feed->author->key) != 0) return false;
    for (size_t i = 0; i < feed->count; i++) {
        if (feed->entries[i]->feed != feed) return false;
        if (i > 0 && feed->entries[i - 1]->sequence >= feed->entries[i]->sequence) return false;
    }
    return true;
}

static bool feeds_hold(const struct backlog *backlog) {
    size_t count = 0;
    for (size_t i = 0; i < BACKLOG_BUCKETS; i++)
        for (const struct backlog_feed *feed = backlog->feeds[i]; feed; feed = feed->next) {
            if (!feed_holds(feed, i)) return false;
            count += feed->count;
        }
    return count == backlog->count;
}

static bool author_holds(const struct backlog_author *author) {
    size_t count = 0, bytes = 0;
    for (const struct backlog_entry *entry = author->oldest; entry; entry = entry->authors_newer) {
        const struct backlog_entry *newer = entry->authors_newer;
        if (entry->feed->author != author || (newer ? newer->authors_older : author->newest) != entry) return false;
        if (newer && newer->number <= entry->number) return false;
        count++;
        bytes += entry->blob->size;
    }
    return count > 0 && count == author->count && bytes == author->bytes;
}

static bool account_holds(const struct backlog *backlog, const struct backlog_account *account) {
    size_t authors = 0, count = 0, bytes = 0;
    for (const struct backlog_author *author = backlog->authors; author; author = author->next) {
        if (author->account != account) continue;
        authors++;
        count += author->count;
        bytes += author->bytes;
    }
    return authors > 0 && authors == account->authors && count == account->count && bytes == account->bytes;
}

static bool accounts_hold(const struct backlog *backlog) {
    size_t count = 0;
    for (const struct backlog_account *account = backlog->accounts; account; account = account->next) {
        if (!account_holds(backlog, account)) return false;
        count += account->count;
    }
    return count == backlog->count;
}

static bool authors_hold(const struct backlog *backlog) {
    size_t count = 0, bytes = 0;
    for (const struct backlog_author *author = backlog->authors; author; author = author->next) {
        if (!author_holds(author)) return false;
        count += author->count;
        bytes += author->bytes;
    }
    return count == backlog->count && bytes == backlog->bytes;
}

bool backlog_holds(const struct backlog *backlog) {
    size_t count = 0;
    for (const struct backlog_entry *entry = backlog->oldest; entry; entry = entry->newer) {
        if ((entry->newer ? entry->newer->older : backlog->newest) != entry) return false;
        if (entry->newer && entry->newer->number <= entry->number) return false;
        count++;
    }
    return count == backlog->count && !is_full(backlog) && feeds_hold(backlog) && authors_hold(backlog) &&
           accounts_hold(backlog);
}

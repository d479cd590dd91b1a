#include "client/keys/known_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/keys/known_file.h"
#include "client/keys/known_line.h"
#include "common/memory.h"

#define LEFT (KNOWN_KEYS_LINES - KNOWN_KEYS_LINES / 10) /* after it was written anew */
#define LINE_USUAL 128                                  /* bytes */
#define LOCK_TRIES 10

static int open_for_writing(const char *path) {
    return open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK, 0600);
}

static int open_for_reading(const char *path) {
    return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK);
}

static bool is_there(const char *path) {
    struct stat status;
    return lstat(path, &status) == 0;
}

/* --- Reading --- */

static bool is_unchanged(const struct known_keys *known, const struct stat *status) {
    return known->seen.inode == status->st_ino && known->seen.device == status->st_dev &&
           known->seen.size == status->st_size && known->seen.changed.tv_sec == status->st_mtim.tv_sec &&
           known->seen.changed.tv_nsec == status->st_mtim.tv_nsec;
}

/* Before which what is read next begins. */
static size_t read_tail(int file, off_t end, char out[static sizeof((struct known_keys *)0)->seen.tail]) {
    size_t size = sizeof((struct known_keys *)0)->seen.tail;
    if ((off_t)size > end) size = (size_t)end;
    return pread(file, out, size, end - (off_t)size) == (ssize_t)size ? size : 0;
}

/* Lines were added and nothing else, as far as the end of what we know tells. */
static bool only_grew(const struct known_keys *known, int file, const struct stat *status) {
    char tail[sizeof known->seen.tail];
    if (known->seen.inode != status->st_ino || known->seen.device != status->st_dev ||
        status->st_size <= known->seen.size || known->seen.end == 0)
        return false;
    size_t size = read_tail(file, known->seen.end, tail);
    return size > 0 && memcmp(tail, known->seen.tail, size) == 0;
}

static void take_line(struct known_keys *known, char *text, size_t size) {
    struct known_line line;
    unsigned number = ++known->seen.lines;
    off_t start = known->seen.end;
    known->seen.end += (off_t)size;
    switch (known_line_parse(text, size, &line)) {
    case KNOWN_LINE_EMPTY:
    case KNOWN_LINE_NODES: return;
    case KNOWN_LINE_MALFORMED:
        if (known->malformed == 0) known->malformed = number;
        return;
    case KNOWN_LINE_ENTRY: break;
    }
    if (line.replaced) {
        (void)key_table_add(&known->replaced, line.name, line.key, 1, 0);
        return;
    }
    struct known_key *entry = key_table_add(&known->table, line.name, line.key, line.days, line.last);
    if (entry->line > 0) return;
    entry->line = number;
    entry->kept = line.kept;
    if (line.dates > 0) entry->dates = (long)(start + (off_t)line.dates);
}

/* What another one is writing may lack its newline yet. */
static bool read_lines(struct known_keys *known, int file) {
    char *text = NULL;
    size_t capacity = 0;
    ssize_t size;
    FILE *stream = known_file_lines(file, known->seen.end);
    if (!stream) return false;
    while ((size = getline(&text, &capacity, stream)) > 0 && text[size - 1] == '\n')
        take_line(known, text, (size_t)size);
    bool read = !ferror(stream);
    free(text);
    fclose(stream);
    return read;
}

static void forget_what_was_seen(struct known_keys *known) {
    key_table_clear(&known->table);
    key_table_clear(&known->replaced);
    memset(&known->seen, 0, sizeof known->seen);
}

static void note_seen(struct known_keys *known, int file) {
    struct stat status;
    if (fstat(file, &status) != 0) {
        forget_what_was_seen(known);
        return;
    }
    known->seen.device = status.st_dev;
    known->seen.inode = status.st_ino;
    known->seen.size = status.st_size;
    known->seen.changed = status.st_mtim;
    (void)read_tail(file, known->seen.end, known->seen.tail);
}

/* The file is locked. */
static bool read_locked(struct known_keys *known, int file) {
    struct stat status;
    if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) return false;
    if (is_unchanged(known, &status)) return true;
    if (!only_grew(known, file, &status)) forget_what_was_seen(known);
    key_table_expect(&known->table, (size_t)status.st_size / LINE_USUAL);
    bool read = read_lines(known, file);
    if (read)
        note_seen(known, file);
    else
        forget_what_was_seen(known);
    return read;
}

/* False: it is there, but cannot be read. */
static bool refresh(struct known_keys *known) {
    struct stat status;
    if (stat(known->file, &status) != 0) {
        bool gone = errno == ENOENT;
        forget_what_was_seen(known);
        return gone;
    }
    if (is_unchanged(known, &status)) return true;
    int file = open_for_reading(known->file);
    if (file < 0) return errno == ENOENT;
    bool read = flock(file, LOCK_SH) == 0 && read_locked(known, file);
    close(file);
    return read;
}

static enum known_result search(const struct key_table *table, const char *name, const uint8_t key[static 32],
                                unsigned *line) {
    const struct known_key *found = key_table_find(table, name, key);
    *line = 0;
    if (!found) return KNOWN_NEW;
    if (memcmp(found->key, key, sizeof found->key) == 0) return KNOWN_SAME;
    *line = found->line;
    return KNOWN_CHANGED;
}

enum known_result known_keys_check(struct known_keys *known, const char *name, const uint8_t key[static 32],
                                   unsigned *line) {
    enum known_result result = search(&known->noted, name, key, line);
    if (!*known->file || known->unread || result != KNOWN_NEW) return result;
    return refresh(known) ? search(&known->table, name, key, line) : KNOWN_CHANGED;
}

/* The file's, unless something is noted, which counts first. */
static const struct known_key *find_any(struct known_keys *known, const char *name) {
    static const uint8_t none[32];
    const struct known_key *found = key_table_find(&known->noted, name, none);
    if (found || !*known->file || known->unread || !refresh(known)) return found;
    return key_table_find(&known->table, name, none);
}

bool known_keys_find(struct known_keys *known, const char *name, uint8_t key[static 32]) {
    const struct known_key *found = find_any(known, name);
    if (found) memcpy(key, found->key, sizeof found->key);
    return found != NULL;
}

bool known_keys_was_replaced(struct known_keys *known, const char *name, const uint8_t key[static 32]) {
    if (!*known->file || known->unread || !refresh(known)) return false;
    const struct known_key *found = key_table_find(&known->replaced, name, key);
    return found && memcmp(found->key, key, sizeof found->key) == 0;
}

bool known_keys_replaced_print(struct known_keys *known, const char *name, const uint8_t print[static KEY_PRINT_SIZE]) {
    uint8_t found[KEY_PRINT_SIZE];
    if (!*known->file || known->unread || !refresh(known)) return false;
    for (const struct known_key *key = known->replaced.first; key; key = key->after) {
        key_print_derive(key->key, found);
        if (strcmp(key->name, name) == 0 && memcmp(found, print, sizeof found) == 0) return true;
    }
    return false;
}

void known_keys_place(const struct known_keys *known, unsigned line, char out[static KNOWN_KEYS_PLACE_SIZE]) {
    if (line > 0)
        snprintf(out, KNOWN_KEYS_PLACE_SIZE, "%.400s:%u", known->file, line);
    else if (known->noted.count > 0)
        snprintf(out, KNOWN_KEYS_PLACE_SIZE, "this run (%.400s keeps nothing)", known->file);
    else
        snprintf(out, KNOWN_KEYS_PLACE_SIZE, "%.400s, which cannot be read now", known->file);
}

const char *known_keys_remedy(unsigned line) {
    return line > 0 ? "remove that line" : "start gochat again";
}

/* --- Writing anew --- */

static bool is_too_long(const struct known_keys *known) {
    return known->table.count > KNOWN_KEYS_LINES;
}

/* The file is locked, and what the table says. True: another one is at its path now. */
static bool shorten(struct known_keys *known, int file) {
    if (key_table_forget(&known->table, LEFT) == 0) return false;
    bool written = known_file_rewrite(known->file, file, &known->table, NULL);
    if (written)
        forget_what_was_seen(known); /* it is read anew */
    else
        key_table_forget_nothing(&known->table);
    return written;
}

/* --- Writing --- */

static bool is_at_its_path(const struct known_keys *known, int file, bool *regular) {
    struct stat own, there;
    *regular = fstat(file, &own) == 0 && S_ISREG(own.st_mode);
    return *regular && stat(known->file, &there) == 0 && own.st_ino == there.st_ino && own.st_dev == there.st_dev;
}

/* Negative: errno. */
static int open_locked(const struct known_keys *known) {
    for (unsigned i = 0; i < LOCK_TRIES; i++) {
        bool regular = false;
        int file = open_for_writing(known->file);
        if (file < 0) return -1;
        if (flock(file, LOCK_EX) == 0 && is_at_its_path(known, file, &regular)) return file;
        close(file);
        errno = regular ? EAGAIN : EINVAL;
        if (!regular) return -1;
    }
    return -1;
}

static bool ends_within_a_line(int file) {
    off_t size = lseek(file, 0, SEEK_END);
    char last;
    return size > 0 && pread(file, &last, 1, size - 1) == 1 && last != '\n';
}

/* One write, undone when it was cut short. */
static bool append_line(int file, const char *name, const uint8_t key[static 32], unsigned today) {
    char line[1 + KNOWN_LINE_SIZE];
    size_t gap = ends_within_a_line(file) ? 1 : 0;
    line[0] = '\n';
    size_t size = gap + known_line_format(name, key, 1, today, line + gap);
    off_t before = lseek(file, 0, SEEK_END);
    ssize_t written = write(file, line, size);
    if (written == (ssize_t)size) return true;
    if (written > 0) errno = ftruncate(file, before) == 0 ? ENOSPC : errno;
    return false;
}

enum outcome { WRITTEN, NOTHING_NEW, CONFLICT, UNWRITABLE };

/* It was met today, of which the first time counts. */
static bool is_to_be_dated(const struct known_keys *known, const struct known_key *entry) {
    return known->today > entry->last && !entry->kept;
}

static enum outcome date(struct known_keys *known, int file, struct known_key *entry) {
    char dates[KNOWN_DATES_SIZE + 1];
    if (!is_to_be_dated(known, entry)) return NOTHING_NEW;
    entry->days++;
    entry->last = known->today;
    if (entry->dates < 0) {
        bool written = known_file_rewrite(known->file, file, &known->table, NULL);
        forget_what_was_seen(known);
        return written ? WRITTEN : NOTHING_NEW;
    }
    known_line_format_dates(entry->days, entry->last, dates);
    bool written =
        lseek(file, entry->dates, SEEK_SET) == entry->dates && write(file, dates, KNOWN_DATES_SIZE) == KNOWN_DATES_SIZE;
    note_seen(known, file);
    return written ? WRITTEN : NOTHING_NEW;
}

/* The file was full before it could be shortened: in a directory that cannot be written. */
static bool has_room(const struct known_keys *known) {
    errno = EFBIG;
    return known->table.count < 2 * KNOWN_KEYS_LINES;
}

static enum outcome add(struct known_keys *known, int file, const char *name, const uint8_t key[static 32]) {
    if (!has_room(known) || !append_line(file, name, key, known->today)) return UNWRITABLE;
    if (read_locked(known, file) && is_too_long(known)) (void)shorten(known, file);
    return WRITTEN;
}

static enum outcome write_locked(struct known_keys *known, int file, const char *name, const uint8_t key[static 32],
                                 struct why *why) {
    unsigned line = 0;
    enum known_result result = read_locked(known, file) ? search(&known->table, name, key, &line) : KNOWN_CHANGED;
    switch (result) {
    case KNOWN_SAME: return date(known, file, key_table_find(&known->table, name, key));
    case KNOWN_CHANGED:
        why_fail(why, "%s:%u: another key is remembered for %s", known->file, line, name);
        return CONFLICT;
    case KNOWN_NEW: break;
    }
    return add(known, file, name, key);
}

/* The one at the path, shortened where it has become too long. Negative: errno. */
static int open_with_room(struct known_keys *known) {
    int file = open_locked(known);
    if (file < 0 || !read_locked(known, file) || !is_too_long(known) || !shorten(known, file)) return file;
    close(file);
    return open_locked(known);
}

/* UNWRITABLE: with errno. */
static enum outcome write_key(struct known_keys *known, const char *name, const uint8_t key[static 32],
                              struct why *why) {
    int file = open_with_room(known);
    if (file < 0) return UNWRITABLE;
    enum outcome outcome = write_locked(known, file, name, key, why);
    int error = errno;
    close(file);
    errno = error;
    return outcome;
}

/* Until the end. Peers choose how many names there are. */
static void note(struct known_keys *known, const char *name, const uint8_t key[static 32]) {
    if (known->noted.bytes + sizeof(struct known_key) + strlen(name) + 1 > KNOWN_KEYS_NOTED_MAX) return;
    (void)key_table_add(&known->noted, name, key, 1, known->today);
}

/* Where nothing is to be written no lock is waited for. */
static bool needs_no_writing(struct known_keys *known, const char *name, const uint8_t key[static 32]) {
    if (known->unread || !refresh(known)) return false;
    const struct known_key *entry = key_table_find(&known->table, name, key);
    return entry && memcmp(entry->key, key, sizeof entry->key) == 0 && !is_to_be_dated(known, entry);
}

bool known_keys_remember(struct known_keys *known, const char *name, const uint8_t key[static 32], struct why *why) {
    enum outcome outcome = UNWRITABLE;
    unsigned line;
    if (!*known->file) return true;
    if (!*name || strlen(name) > KNOWN_NAME_MAX || strpbrk(name, " \n"))
        return why_fail(why, "%s: a name of 1 to %d bytes without spaces is expected", known->file, KNOWN_NAME_MAX);
    switch (search(&known->noted, name, key, &line)) {
    case KNOWN_SAME: return true;
    case KNOWN_CHANGED: return why_fail(why, "%s: another key was met under %s before", known->file, name);
    case KNOWN_NEW: break;
    }
    if (needs_no_writing(known, name, key)) return true;
    errno = EROFS;
    if (!known->unread) outcome = write_key(known, name, key, why);
    known->unsynced |= outcome == WRITTEN;
    if (outcome != UNWRITABLE) return outcome != CONFLICT;
    if (!known->told) why_fail(why, "%s: %s: new keys are forgotten at the end", known->file, strerror(errno));
    bool silent = known->told;
    known->told = true;
    note(known, name, key);
    return silent;
}

bool known_keys_sync(struct known_keys *known, struct why *why) {
    if (!known->unsynced) return true;
    known->unsynced = false;
    int file = open_for_reading(known->file);
    bool synced = file >= 0 && fsync(file) == 0;
    int error = errno;
    if (file >= 0) close(file);
    bool silent = known->told;
    known->told |= !synced;
    return synced || silent || why_fail(why, "%s: %s: new keys may be forgotten", known->file, strerror(error));
}

/* --- A key that takes another's place --- */

static size_t count_replaced(const struct known_keys *known, const char *name) {
    size_t count = 0;
    for (const struct known_key *key = known->replaced.first; key; key = key->after)
        count += strcmp(key->name, name) == 0;
    return count;
}

/* The file is locked. */
static enum outcome succeed_locked(struct known_keys *known, int file, struct known_succession *succession,
                                   struct why *why) {
    unsigned line;
    if (!read_locked(known, file)) return UNWRITABLE;
    if (search(&known->table, succession->name, succession->new, &line) == KNOWN_SAME) return NOTHING_NEW;
    if (search(&known->table, succession->name, succession->old, &line) != KNOWN_SAME) {
        why_fail(why, "%s: another key is remembered for %s", known->file, succession->name);
        return CONFLICT;
    }
    succession->replaced = count_replaced(known, succession->name);
    bool written = known_file_rewrite(known->file, file, &known->table, succession);
    int error = errno;
    forget_what_was_seen(known); /* it is read anew */
    errno = error;
    return written ? WRITTEN : UNWRITABLE;
}

/* Until the end. */
static void note_succession(struct known_keys *known, const struct known_succession *succession) {
    struct known_key *noted = key_table_find(&known->noted, succession->name, succession->old);
    if (noted)
        memcpy(noted->key, succession->new, sizeof noted->key);
    else
        note(known, succession->name, succession->new);
}

bool known_keys_succeed(struct known_keys *known, const char *name, const uint8_t old[static 32],
                        const uint8_t new[static 32], struct why *why) {
    struct known_succession succession = {.name = name, .old = old, .new = new, .today = known->today};
    enum outcome outcome = UNWRITABLE;
    unsigned line;
    bool noted = search(&known->noted, name, old, &line) == KNOWN_SAME;
    int file = noted || !*known->file || known->unread ? -1 : open_locked(known);
    if (file >= 0) outcome = succeed_locked(known, file, &succession, why);
    if (file >= 0) close(file);
    if (outcome == CONFLICT) return false;
    if (outcome == UNWRITABLE) note_succession(known, &succession);
    *why->text = '\0';
    if (outcome == UNWRITABLE && *known->file) why_fail(why, "%s cannot be written", known->file);
    return true;
}

/* --- Life --- */

/* What was there before there was a limit. */
static void shorten_at_the_start(struct known_keys *known) {
    if (!refresh(known) || !is_too_long(known)) return;
    int file = open_with_room(known);
    if (file >= 0) close(file);
}

/* A link may have been put there by somebody who wants something else to be read, or written through. One to a device
 * is the user's way to say that nothing shall be remembered. */
static bool refuse_link(struct known_keys *known, struct why *why) {
    struct stat status;
    bool leads = stat(known->file, &status) == 0;
    int error = errno;
    known->hidden = leads ? S_ISREG(status.st_mode) : error != ENOENT;
    if (!leads && error != ENOENT) return why_fail(why, "%s: %s", known->file, strerror(error));
    return why_fail(why, "%s: %sexpected a regular file", known->file,
                    !leads || known->hidden ? "is a symbolic link, " : "");
}

bool known_keys_open(struct known_keys *known, const char *directory, const char *name, struct why *why) {
    struct stat status;
    int file, error = 0;
    memset(known, 0, sizeof *known);
    known->unread = known->told = true;
    if (snprintf(known->file, sizeof known->file, "%s/%s", directory, name) >= (int)sizeof known->file)
        return why_fail(why, "%s: the path is too long", directory);
    file = open_for_writing(known->file);
    if (file < 0) {
        error = errno;
        file = open_for_reading(known->file);
    }
    if (file < 0) {
        if (errno == ELOOP) return refuse_link(known, why);
        known->hidden = errno != ENOENT && is_there(known->file);
        return why_fail(why, "%s: %s", known->file, strerror(error));
    }
    known->unread = fstat(file, &status) != 0 || !S_ISREG(status.st_mode);
    known->told = known->unread || error != 0;
    close(file);
    if (known->unread) return why_fail(why, "%s: expected a regular file", known->file);
    shorten_at_the_start(known);
    if (error != 0) return why_fail(why, "%s: %s", known->file, strerror(error));
    return known->malformed == 0 ||
           why_fail(why, "%s:%u: expected a name and a key: the line is skipped", known->file, known->malformed);
}

void known_keys_close(struct known_keys *known) {
    struct why ignored;
    (void)known_keys_sync(known, &ignored);
    key_table_clear(&known->table);
    key_table_clear(&known->replaced);
    key_table_clear(&known->noted);
    memset(known, 0, sizeof *known);
}

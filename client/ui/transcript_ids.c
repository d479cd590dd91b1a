#include "client/ui/transcript_ids.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <search.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/memory.h"

#define HEX "0123456789abcdef"
#define LINE_MAX_SIZE (16 + 1 + TRANSCRIPT_ID_SIZE + 1)

/* Nobody who can choose a collision gains by it: a line of theirs is written twice, or one of their own not at all. */
static uint64_t digest_of(const char *line, size_t size) {
    static const uint8_t key[crypto_shorthash_KEYBYTES];
    uint64_t digest;
    const char *end = memchr(line, '\n', size);
    static_assert(sizeof digest == crypto_shorthash_BYTES, "a digest is a number");
    crypto_shorthash((uint8_t *)&digest, (const uint8_t *)line, end ? (size_t)(end - line) : size, key);
    return digest;
}

/* --- What is remembered --- */

static int compare_ids(const void *a, const void *b) {
    return strcmp(((const struct transcript_id *)a)->text, ((const struct transcript_id *)b)->text);
}

static struct transcript_id *id_at(const struct transcript_ids *ids, size_t place) {
    return &ids->ring[(ids->first + place) % TRANSCRIPT_IDS];
}

static struct transcript_id *find(const struct transcript_ids *ids, const char *fingerprint, const char *id) {
    struct transcript_id wanted;
    snprintf(wanted.text, sizeof wanted.text, "%.*s %.*s", FINGERPRINT_TEXT_SIZE - 1, fingerprint,
             MESSAGE_ID_TEXT_SIZE - 1, id);
    void *node = tfind(&wanted, &ids->tree, compare_ids);
    return node ? *(struct transcript_id **)node : NULL;
}

const struct transcript_id *transcript_ids_find(const struct transcript_ids *ids, const char *fingerprint,
                                                const char *id) {
    return find(ids, fingerprint, id);
}

/* False: it is there already. */
static bool remember(struct transcript_ids *ids, const char *fingerprint, const char *id, uint64_t digest) {
    if (find(ids, fingerprint, id)) return false;
    if (ids->count == TRANSCRIPT_IDS) {
        tdelete(id_at(ids, 0), &ids->tree, compare_ids);
        ids->first = (ids->first + 1) % TRANSCRIPT_IDS;
        ids->count--;
    }
    struct transcript_id *added = id_at(ids, ids->count++);
    *added = (struct transcript_id){.digest = digest};
    snprintf(added->text, sizeof added->text, "%.*s %.*s", FINGERPRINT_TEXT_SIZE - 1, fingerprint,
             MESSAGE_ID_TEXT_SIZE - 1, id);
    if (!tsearch(added, &ids->tree, compare_ids)) abort();
    return true;
}

void transcript_ids_shown(struct transcript_ids *ids, const char *line, size_t size) {
    uint64_t digest = digest_of(line, size);
    for (size_t i = 0; i < ids->count; i++) id_at(ids, i)->shown |= id_at(ids, i)->digest == digest;
}

/* --- The files --- */

static int open_file(const char *path, int flags) {
    int file = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    struct stat status;
    if (file < 0 || (fstat(file, &status) == 0 && S_ISREG(status.st_mode))) return file;
    close(file);
    return -1;
}

/* The end of a file, zero-terminated, from the beginning of a line on; NULL: nothing. */
static char *tail_of(const char *path, size_t most, size_t *size) {
    int file = open_file(path, O_RDONLY);
    off_t end = file >= 0 ? lseek(file, 0, SEEK_END) : -1, start = end > (off_t)most ? end - (off_t)most : 0;
    char *text = end > 0 ? calloc(1, (size_t)(end - start) + 1) : NULL;
    ssize_t count = text ? pread(file, text, (size_t)(end - start), start) : -1;
    if (file >= 0) close(file);
    if (count <= 0) {
        free(text);
        return NULL;
    }
    char *line = start > 0 ? memchr(text, '\n', (size_t)count) : NULL;
    size_t cut = line ? (size_t)(line - text) + 1 : 0;
    *size = (size_t)count - cut;
    memmove(text, text + cut, *size + 1);
    return text;
}

struct digests {
    uint64_t *list;
    size_t count, capacity;
};

static int compare_digests(const void *a, const void *b) {
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

/* Of the lines that a transcript has. */
static struct digests digests_of(const char *path) {
    struct digests digests = {.list = NULL};
    size_t size = 0;
    char *text = tail_of(path, TRANSCRIPT_IDS_TAIL, &size);
    for (char *at = text; text && at < text + size;) {
        char *newline = memchr(at, '\n', (size_t)(text + size - at)), *end = newline ? newline : text + size;
        if (digests.count == digests.capacity) {
            digests.capacity = digests.capacity ? 2 * digests.capacity : 1024;
            digests.list = grow(digests.list, digests.capacity, sizeof *digests.list);
        }
        digests.list[digests.count++] = digest_of(at, (size_t)(end - at));
        at = end + 1;
    }
    free(text);
    if (digests.count > 0) qsort(digests.list, digests.count, sizeof *digests.list, compare_digests);
    return digests;
}

/* A word of the line, ended where it ends; NULL: it has other characters, or another length than from `least` to
 * `most`.
 */
static char *word_of(char **rest, const char *characters, size_t least, size_t most) {
    char *word = strsep(rest, " ");
    size_t size = word ? strlen(word) : 0;
    return size >= least && size <= most && strspn(word, characters) == size ? word : NULL;
}

static void take_line(struct transcript_ids *ids, const struct digests *digests, char *line) {
    char *digits = word_of(&line, HEX, 16, 16);
    char *fingerprint = digits ? word_of(&line, HEX, 1, FINGERPRINT_TEXT_SIZE - 1) : NULL;
    char *id = fingerprint ? word_of(&line, HEX "-", 1, MESSAGE_ID_TEXT_SIZE - 1) : NULL;
    if (!id || line || digests->count == 0) return;
    uint64_t digest = strtoull(digits, NULL, 16);
    if (bsearch(&digest, digests->list, digests->count, sizeof *digests->list, compare_digests))
        (void)remember(ids, fingerprint, id, digest);
}

static void write_line(FILE *out, const struct transcript_id *id) {
    fprintf(out, "%016" PRIx64 " %s\n", id->digest, id->text);
}

/* Only what is remembered: the old file or the new one, either is whole. */
static void write_anew(struct transcript_ids *ids) {
    char temporary[sizeof ids->path + sizeof ".XXXXXX"];
    snprintf(temporary, sizeof temporary, "%s.XXXXXX", ids->path);
    int file = mkostemp(temporary, O_CLOEXEC | O_APPEND); /* 0600 */
    FILE *out = file >= 0 ? fdopen(file, "w") : NULL;
    if (!out) {
        if (file >= 0) close(file);
        return;
    }
    for (size_t i = 0; i < ids->count; i++) write_line(out, id_at(ids, i));
    if (fflush(out) == 0 && !ferror(out) && rename(temporary, ids->path) == 0) {
        if (ids->file >= 0) close(ids->file);
        ids->file = open_file(ids->path, O_WRONLY | O_APPEND);
    } else {
        unlink(temporary);
    }
    fclose(out);
}

void transcript_ids_open(struct transcript_ids *ids, const char *path, const char *transcript) {
    size_t size = 0;
    char *text = tail_of(path, TRANSCRIPT_IDS_FILE, &size), *rest = text;
    bool whole = size == 0 || text[size - 1] == '\n'; /* else a crash left half a line */
    *ids = (struct transcript_ids){.ring = allocate_zeroed(TRANSCRIPT_IDS, sizeof *ids->ring)};
    snprintf(ids->path, sizeof ids->path, "%s", path);
    struct digests digests = text ? digests_of(transcript) : (struct digests){.list = NULL};
    for (char *line; text && (line = strsep(&rest, "\n"));) take_line(ids, &digests, line);
    ids->file = open_file(path, O_WRONLY | O_APPEND | O_CREAT);
    if (!whole) write_anew(ids);
    free(digests.list);
    free(text);
}

void transcript_ids_close(struct transcript_ids *ids) {
    if (ids->file >= 0) close(ids->file);
    while (ids->count > 0) tdelete(id_at(ids, --ids->count), &ids->tree, compare_ids);
    free(ids->ring);
    *ids = (struct transcript_ids){.file = -1};
}

void transcript_ids_add(struct transcript_ids *ids, const char *fingerprint, const char *id, const char *lines,
                        size_t size) {
    char line[LINE_MAX_SIZE + 1];
    if (!remember(ids, fingerprint, id, digest_of(lines, size)) || ids->file < 0) return;
    const struct transcript_id *added = id_at(ids, ids->count - 1);
    int length = snprintf(line, sizeof line, "%016" PRIx64 " %s\n", added->digest, added->text);
    off_t before = lseek(ids->file, 0, SEEK_END);
    ssize_t written = write(ids->file, line, (size_t)length);
    if (written > 0 && written < length) (void)!ftruncate(ids->file, before); /* no half a line */
    if (written != length) return;
    if (lseek(ids->file, 0, SEEK_END) > (off_t)TRANSCRIPT_IDS_FILE) write_anew(ids);
}

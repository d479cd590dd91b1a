#include "client/keys/known_file.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/keys/known_line.h"

FILE *known_file_lines(int file, off_t from) {
    int copy = dup(file);
    FILE *stream = copy >= 0 ? fdopen(copy, "re") : NULL;
    if (stream && fseeko(stream, from, SEEK_SET) == 0) return stream;
    if (stream)
        fclose(stream);
    else if (copy >= 0)
        close(copy);
    return NULL;
}

struct rewriting {
    FILE *out;
    struct key_table *table;
    const struct known_succession *succession;
    size_t too_many; /* lines of replaced keys of that name, the oldest first */
};

static bool put(const struct rewriting *rewriting, const char *text, size_t size) {
    return fwrite(text, 1, size, rewriting->out) == size;
}

static bool is_of_successor(const struct rewriting *rewriting, const struct known_line *line) {
    return rewriting->succession && strcmp(line->name, rewriting->succession->name) == 0;
}

/* The new key, as it was met today, and behind it the old one. */
static bool put_succession(const struct rewriting *rewriting, const struct known_line *line) {
    const struct known_succession *succession = rewriting->succession;
    char text[KNOWN_LINE_SIZE];
    size_t size = line->kept ? known_line_format_word(line->name, succession->new, KNOWN_WORD_KEEP, text)
                             : known_line_format(line->name, succession->new, 1, succession->today, text);
    if (!put(rewriting, text, size)) return false;
    size = known_line_format_word(line->name, succession->old, KNOWN_WORD_REPLACED, text);
    return put(rewriting, text, size);
}

static bool put_dated(const struct rewriting *rewriting, const struct known_line *line) {
    char text[KNOWN_LINE_SIZE];
    struct known_key *entry = key_table_find(rewriting->table, line->name, line->key);
    if (!entry || memcmp(entry->key, line->key, sizeof line->key) != 0 || entry->forgotten) return true;
    entry->forgotten = true; /* a second time */
    size_t size = known_line_format(line->name, line->key, entry->days, entry->last > 0 ? entry->last : 1, text);
    return put(rewriting, text, size);
}

static bool put_again(struct rewriting *rewriting, const char *text, size_t size) {
    char copy[KNOWN_LINE_SIZE];
    struct known_line line;
    if (size >= sizeof copy) return put(rewriting, text, size);
    memcpy(copy, text, size + 1);
    if (known_line_parse(copy, size, &line) != KNOWN_LINE_ENTRY) return put(rewriting, text, size);
    if (line.replaced && is_of_successor(rewriting, &line) && rewriting->too_many > 0) {
        rewriting->too_many--;
        return true;
    }
    if (line.replaced) return put(rewriting, text, size);
    if (is_of_successor(rewriting, &line) && memcmp(line.key, rewriting->succession->old, sizeof line.key) == 0)
        return put_succession(rewriting, &line);
    return line.kept ? put(rewriting, text, size) : put_dated(rewriting, &line);
}

static bool put_all_again(struct rewriting *rewriting, int file) {
    char *text = NULL;
    size_t capacity = 0;
    ssize_t size;
    FILE *in = known_file_lines(file, 0);
    if (!in) return false;
    bool written = true;
    while (written && (size = getline(&text, &capacity, in)) > 0) written = put_again(rewriting, text, (size_t)size);
    written &= !ferror(in);
    free(text);
    fclose(in);
    return written;
}

bool known_file_rewrite(const char *path, int file, struct key_table *table,
                        const struct known_succession *succession) {
    struct rewriting rewriting = {.table = table, .succession = succession};
    char name[PATH_MAX + 8];
    struct stat status;
    if (succession && succession->replaced >= KNOWN_FILE_REPLACED_MAX)
        rewriting.too_many = succession->replaced - KNOWN_FILE_REPLACED_MAX + 1;
    snprintf(name, sizeof name, "%s.new", path);
    if (lstat(path, &status) != 0 || !S_ISREG(status.st_mode)) return false;
    (void)unlink(name); /* left by somebody who was ended */
    int fresh = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    rewriting.out = fresh >= 0 ? fdopen(fresh, "we") : NULL;
    if (!rewriting.out) {
        if (fresh >= 0) close(fresh);
        if (fresh >= 0) (void)unlink(name);
        return false;
    }
    bool written = fchmod(fresh, status.st_mode & 0777) == 0 && put_all_again(&rewriting, file) &&
                   fflush(rewriting.out) == 0 && fsync(fresh) == 0;
    written &= fclose(rewriting.out) == 0;
    written = written && rename(name, path) == 0;
    if (!written) (void)unlink(name);
    return written;
}

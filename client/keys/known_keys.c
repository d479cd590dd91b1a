#include "client/keys/known_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "common/memory.h"
#include "common/why.h"

#define KEY_SIZE 32
#define KEY_TEXT_SIZE (2 * KEY_SIZE + 1)
#define NAME_MAX_SIZE 512
#define LINE_MAX_SIZE (NAME_MAX_SIZE + KEY_TEXT_SIZE + 3) /* newline before, space, newline, zero */

static int open_for_writing(const char *path) {
    return open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
}

static int open_for_reading(const char *path) {
    return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

static bool is_regular(int file) {
    struct stat status;
    return fstat(file, &status) == 0 && S_ISREG(status.st_mode);
}

static bool is_there(const char *path) {
    struct stat status;
    return lstat(path, &status) == 0;
}

bool known_keys_open(struct known_keys *known, const char *directory, const char *name, struct why *why) {
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
        known->hidden = errno != ENOENT && is_there(known->file);
        return why_fail(why, "%s: %s", known->file, strerror(error));
    }
    known->unread = !is_regular(file);
    known->told = known->unread || error != 0;
    close(file);
    if (known->unread) return why_fail(why, "%s: expected a regular file", known->file);
    return error == 0 || why_fail(why, "%s: %s", known->file, strerror(error));
}

void known_keys_close(struct known_keys *known) {
    struct why ignored;
    (void)known_keys_sync(known, &ignored);
    free(known->noted);
    memset(known, 0, sizeof *known);
}

/* "NAME KEY" and a newline, which a line that is being written may lack yet. */
static bool parse_line(char *line, ssize_t size, uint8_t key[static KEY_SIZE]) {
    char *space = strchr(line, ' ');
    size_t length;
    if (size < 1 || line[size - 1] != '\n' || strlen(line) != (size_t)size || !space) return false;
    line[size - 1] = '\0';
    *space = '\0';
    return strlen(space + 1) == KEY_TEXT_SIZE - 1 &&
           sodium_hex2bin(key, KEY_SIZE, space + 1, KEY_TEXT_SIZE - 1, NULL, &length, NULL) == 0 && length == KEY_SIZE;
}

/* Somebody may have added a second key for a name by hand: any that fits will do. */
static enum known_result search(FILE *stream, const char *name, const uint8_t key[static KEY_SIZE], unsigned *line) {
    enum known_result result = KNOWN_NEW;
    char *text = NULL;
    size_t capacity = 0;
    ssize_t size;
    for (unsigned number = 1; result != KNOWN_SAME && (size = getline(&text, &capacity, stream)) >= 0; number++) {
        uint8_t found[KEY_SIZE];

        if (!parse_line(text, size, found) || strcmp(text, name) != 0) continue;
        if (memcmp(found, key, KEY_SIZE) == 0) {
            result = KNOWN_SAME;
        } else if (result == KNOWN_NEW) {
            result = KNOWN_CHANGED;
            *line = number;
        }
    }
    free(text);
    return result;
}

/* Reads through a stream of its own; the lock stays with the descriptor's open file. */
static enum known_result search_file(int file, const char *name, const uint8_t key[static KEY_SIZE], unsigned *line) {
    enum known_result result = KNOWN_CHANGED;
    int copy = dup(file);
    FILE *stream = copy >= 0 ? fdopen(copy, "re") : NULL;

    *line = 0;
    if (stream) {
        rewind(stream);
        result = search(stream, name, key, line);
        if (ferror(stream)) result = KNOWN_CHANGED;
        fclose(stream);
    } else if (copy >= 0) {
        close(copy);
    }
    return result;
}

static enum known_result search_noted(const struct known_keys *known, const char *name,
                                      const uint8_t key[static KEY_SIZE]) {
    FILE *stream = known->noted_size > 0 ? fmemopen(known->noted, known->noted_size, "r") : NULL;
    enum known_result result = KNOWN_NEW;
    unsigned ignored;

    if (!stream) return known->noted_size > 0 ? KNOWN_CHANGED : KNOWN_NEW;
    result = search(stream, name, key, &ignored);
    fclose(stream);
    return result;
}

enum known_result known_keys_check(const struct known_keys *known, const char *name, const uint8_t key[static 32],
                                   unsigned *line) {
    enum known_result result = search_noted(known, name, key);
    int file;
    *line = 0;
    if (!*known->file || known->unread || result != KNOWN_NEW) return result;
    file = open_for_reading(known->file);
    if (file < 0) return errno == ENOENT ? KNOWN_NEW : KNOWN_CHANGED;
    result = KNOWN_CHANGED;
    if (is_regular(file) && flock(file, LOCK_SH) == 0) result = search_file(file, name, key, line);
    close(file);
    return result;
}

void known_keys_place(const struct known_keys *known, unsigned line, char out[static KNOWN_KEYS_PLACE_SIZE]) {
    if (line > 0)
        snprintf(out, KNOWN_KEYS_PLACE_SIZE, "%.400s:%u", known->file, line);
    else if (known->noted_size > 0)
        snprintf(out, KNOWN_KEYS_PLACE_SIZE, "this run (%.400s keeps nothing)", known->file);
    else
        snprintf(out, KNOWN_KEYS_PLACE_SIZE, "%.400s, which cannot be read now", known->file);
}

const char *known_keys_remedy(unsigned line) {
    return line > 0 ? "remove that line" : "start gochat again";
}

static bool ends_within_a_line(int file) {
    off_t size = lseek(file, 0, SEEK_END);
    char last;
    return size > 0 && pread(file, &last, 1, size - 1) == 1 && last != '\n';
}

/* One write, undone when it was cut short. */
static bool append_line(int file, const char *name, const uint8_t key[static KEY_SIZE]) {
    char line[LINE_MAX_SIZE], hex[KEY_TEXT_SIZE];
    int size = snprintf(line, sizeof line, "%s%s %s\n", ends_within_a_line(file) ? "\n" : "", name,
                        sodium_bin2hex(hex, sizeof hex, key, KEY_SIZE));
    off_t before = lseek(file, 0, SEEK_END);
    ssize_t written = write(file, line, (size_t)size);
    if (written == size) return true;
    if (written > 0) {
        errno = ftruncate(file, before) == 0 ? ENOSPC : errno;
    }
    return false;
}

enum outcome { WRITTEN, CONFLICT, UNWRITABLE };

static enum outcome write_locked(const struct known_keys *known, int file, const char *name,
                                 const uint8_t key[static KEY_SIZE], struct why *why) {
    unsigned line;
    switch (search_file(file, name, key, &line)) {
    case KNOWN_SAME: return WRITTEN;
    case KNOWN_CHANGED:
        why_fail(why, "%s:%u: another key is remembered for %s", known->file, line, name);
        return CONFLICT;
    case KNOWN_NEW: break;
    }
    return append_line(file, name, key) ? WRITTEN : UNWRITABLE;
}

/* UNWRITABLE: with errno. */
static enum outcome write_key(const struct known_keys *known, const char *name, const uint8_t key[static KEY_SIZE],
                              struct why *why) {
    int file = open_for_writing(known->file), error;
    enum outcome outcome = UNWRITABLE;
    if (file < 0) return UNWRITABLE;
    errno = EINVAL;
    if (is_regular(file) && flock(file, LOCK_EX) == 0) outcome = write_locked(known, file, name, key, why);
    error = errno;
    close(file);
    errno = error;
    return outcome;
}

/* Until the end. Peers choose how many names there are. */
static void note(struct known_keys *known, const char *name, const uint8_t key[static KEY_SIZE]) {
    char hex[KEY_TEXT_SIZE], line[LINE_MAX_SIZE];
    int size = snprintf(line, sizeof line, "%s %s\n", name, sodium_bin2hex(hex, sizeof hex, key, KEY_SIZE));
    if (known->noted_size + (size_t)size > KNOWN_KEYS_NOTED_MAX) return;
    known->noted = grow(known->noted, known->noted_size + (size_t)size, 1);
    memcpy(known->noted + known->noted_size, line, (size_t)size);
    known->noted_size += (size_t)size;
}

bool known_keys_remember(struct known_keys *known, const char *name, const uint8_t key[static 32], struct why *why) {
    enum outcome outcome = UNWRITABLE;
    if (!*known->file) return true;
    if (!*name || strlen(name) > NAME_MAX_SIZE || strpbrk(name, " \n"))
        return why_fail(why, "%s: a name of 1 to %d bytes without spaces is expected", known->file, NAME_MAX_SIZE);
    switch (search_noted(known, name, key)) {
    case KNOWN_SAME: return true;
    case KNOWN_CHANGED: return why_fail(why, "%s: another key was met under %s before", known->file, name);
    case KNOWN_NEW: break;
    }
    if (!known->unread) outcome = write_key(known, name, key, why);
    known->unsynced |= outcome == WRITTEN;
    if (outcome != UNWRITABLE) return outcome == WRITTEN;
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

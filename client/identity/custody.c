#include "client/identity/custody.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/directory.h"
#include "common/memory.h"
#include "common/whole_file.h"

#define OPEN_TEXT_SIZE (2 * SEED_SIZE + 2) /* digits, newline and zero */
#define PRIVATE 0600
#define IS_THERE "%s: is there already, and no backup replaces a file"

/* --- The key file --- */

static size_t write_open(const uint8_t seed[static SEED_SIZE], char out[static OPEN_TEXT_SIZE]) {
    sodium_bin2hex(out, OPEN_TEXT_SIZE, seed, SEED_SIZE);
    out[OPEN_TEXT_SIZE - 2] = '\n';
    out[OPEN_TEXT_SIZE - 1] = '\0';
    return OPEN_TEXT_SIZE - 1;
}

static bool put(const char *path, const char *text, size_t size, struct why *why) {
    return whole_file_replace(path, text, size, PRIVATE) || why_fail(why, "%s: %s", path, strerror(errno));
}

bool custody_lock(const char *path, const uint8_t seed[static SEED_SIZE], const char *passphrase, struct why *why) {
    char text[SEALED_SEED_TEXT_MAX];
    struct sealed_seed box;
    if (!sealed_seed_seal(seed, passphrase, &box, why)) return false;
    return put(path, text, sealed_seed_write(&box, text), why);
}

bool custody_unlock(const char *path, const uint8_t seed[static SEED_SIZE], struct why *why) {
    char text[OPEN_TEXT_SIZE];
    size_t size = write_open(seed, text);
    bool done = put(path, text, size, why);
    sodium_memzero(text, sizeof text);
    return done;
}

bool custody_restore(const char *path, const uint8_t seed[static SEED_SIZE], struct why *why) {
    char text[OPEN_TEXT_SIZE];
    size_t size = write_open(seed, text);
    bool done = directory_make_above(path) && whole_file_make(path, text, size);
    int error = errno;
    sodium_memzero(text, sizeof text);
    return done || why_fail(why, "%s: %s", path, strerror(error));
}

static bool is_one_file(const char *path, const char *other) {
    struct stat first, second;
    return lstat(path, &first) == 0 && lstat(other, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

/* The old one gets another name before the new one takes its own, so that there is a key at any time. What can fail
 * last is writing the folder to the disk: then the new one is there already, and the old one under that other name
 * alone. */
bool custody_replace(const char *path, const uint8_t seed[static SEED_SIZE], time_t now,
                     char kept[static IDENTITY_PATH_SIZE], struct why *why) {
    struct tm day;
    char date[32];
    if (!gmtime_r(&now, &day) || strftime(date, sizeof date, "%Y-%m-%d-%H%M%S", &day) == 0)
        return why_fail(why, "the clock says no date");
    if (snprintf(kept, IDENTITY_PATH_SIZE, "%s.replaced-%s", path, date) >= IDENTITY_PATH_SIZE)
        return why_fail(why, "%s: the path is too long", path);
    if (link(path, kept) != 0) return why_fail(why, "%s: %s: nothing was replaced", kept, strerror(errno));
    if (custody_unlock(path, seed, why)) return true;
    if (is_one_file(path, kept)) unlink(kept);
    return false;
}

/* --- A backup --- */

bool custody_is_free(const char *file, struct why *why) {
    struct stat status;
    return lstat(file, &status) != 0 || why_fail(why, IS_THERE, file);
}

bool custody_backup(const char *file, const uint8_t seed[static SEED_SIZE], const char *passphrase, struct why *why) {
    char text[SEALED_SEED_TEXT_MAX];
    struct sealed_seed box;
    if (!sealed_seed_seal(seed, passphrase, &box, why)) return false;
    if (whole_file_make(file, text, sealed_seed_write(&box, text))) return true;
    if (errno != EEXIST) return why_fail(why, "%s: %s", file, strerror(errno));
    return why_fail(why, IS_THERE, file);
}

bool custody_read_backup(const char *file, struct sealed_seed *out, struct why *why) {
    char text[SEALED_SEED_TEXT_MAX];
    struct why line;
    int descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (descriptor < 0) return why_fail(why, "%s: %s", file, strerror(errno));
    ssize_t size = whole_file_read(descriptor, text, sizeof text);
    int error = errno;
    close(descriptor);
    if (size < 0) return why_fail(why, "%s: %s", file, strerror(error));
    return sealed_seed_parse(text, (size_t)size, out, &line) || why_fail(why, "%s: %s", file, line.text);
}

/* --- Which there are --- */

/* Not what is being written. */
static int is_key_file(const struct dirent *entry) {
    size_t size = strlen(IDENTITY_CHATTING);
    return strncmp(entry->d_name, IDENTITY_CHATTING, size) == 0 &&
           (entry->d_name[size] == '\0' || entry->d_name[size] == '.' || entry->d_name[size] == '-');
}

char **custody_list(const char *directory, size_t *count) {
    struct dirent **entries;
    int found = scandir(directory, &entries, is_key_file, alphasort);
    *count = 0;
    if (found <= 0) {
        if (found == 0) free(entries);
        return NULL;
    }
    char **list = grow(NULL, (size_t)found, sizeof *list);
    for (int i = 0; i < found; i++) {
        size_t size = strlen(directory) + strlen(entries[i]->d_name) + 2;
        list[i] = grow(NULL, size, 1);
        snprintf(list[i], size, "%s/%s", directory, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    *count = (size_t)found;
    return list;
}

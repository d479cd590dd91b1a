#include "common/seed_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/directory.h"

#define TEXT_SIZE (2 * SEED_SIZE + 1) /* hex digits and the newline */
#define OTHERS 077u

/* --- Reading --- */

static bool is_ours_alone(int descriptor, struct seed_trouble *trouble) {
    const struct stat *status = &trouble->status;
    trouble->fault = SEED_UNREADABLE;
    if (fstat(descriptor, &trouble->status) != 0) return false;
    trouble->fault = SEED_IRREGULAR;
    if (!S_ISREG(status->st_mode)) return false;
    trouble->fault = SEED_FOREIGN;
    if (status->st_uid != geteuid()) return false;
    trouble->fault = SEED_OPEN;
    return (status->st_mode & OTHERS) == 0;
}

int seed_file_open(const char *path, struct seed_trouble *trouble) {
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (descriptor < 0) {
        trouble->fault = errno == ELOOP ? SEED_LINK : SEED_UNREADABLE;
        return -1;
    }
    if (is_ours_alone(descriptor, trouble)) return descriptor;
    int error = errno;
    close(descriptor);
    errno = error;
    return -1;
}

bool seed_file_read(int descriptor, uint8_t seed[static SEED_SIZE], struct seed_trouble *trouble) {
    char text[TEXT_SIZE + 1];
    ssize_t size = pread(descriptor, text, sizeof text, 0);
    size_t seed_size = 0;
    trouble->fault = size < 0 ? SEED_UNREADABLE : SEED_MALFORMED;
    bool good = size == TEXT_SIZE && text[TEXT_SIZE - 1] == '\n' &&
                sodium_hex2bin(seed, SEED_SIZE, text, TEXT_SIZE - 1, NULL, &seed_size, NULL) == 0 &&
                seed_size == SEED_SIZE;
    sodium_memzero(text, sizeof text);
    return good;
}

/* --- Making --- */

/* Once: so few bytes are only cut by a limit on the size of files, beyond which another write would end the process
 * (setrlimit(2)). */
static bool write_whole(int descriptor, const char *data, size_t size) {
    ssize_t written;
    do written = write(descriptor, data, size);
    while (written < 0 && errno == EINTR);
    if (written >= 0 && (size_t)written < size) errno = EFBIG;
    return written == (ssize_t)size;
}

static bool write_seed(int descriptor, const uint8_t seed[static SEED_SIZE]) {
    char text[TEXT_SIZE + 1];
    sodium_bin2hex(text, sizeof text, seed, SEED_SIZE);
    text[TEXT_SIZE - 1] = '\n';
    bool written = write_whole(descriptor, text, TEXT_SIZE) && fsync(descriptor) == 0;
    sodium_memzero(text, sizeof text);
    return written;
}

/* A name beside the file's own, hidden. */
static bool name_template(const char *path, char out[static PATH_MAX]) {
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    if (snprintf(out, PATH_MAX, "%.*s.%s.XXXXXX", (int)(name - path), path, name) < PATH_MAX) return true;
    errno = ENAMETOOLONG;
    return false;
}

bool seed_file_make(const char *path, const uint8_t seed[static SEED_SIZE]) {
    char temporary[PATH_MAX];
    if (!name_template(path, temporary)) return false;
    int descriptor = mkostemp(temporary, O_CLOEXEC);
    if (descriptor < 0) return false;
    /* Unlike rename(2), link(2) never replaces a file that somebody else made meanwhile. */
    bool made = write_seed(descriptor, seed) && (link(temporary, path) == 0 || errno == EEXIST);
    int error = errno;
    close(descriptor);
    unlink(temporary);
    errno = error;
    return made && directory_sync_above(path);
}

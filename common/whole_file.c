#include "common/whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/directory.h"

/* A hidden name beside the file's own. */
static bool name_template(const char *path, char out[static PATH_MAX]) {
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    if (snprintf(out, PATH_MAX, "%.*s.%s.XXXXXX", (int)(name - path), path, name) < PATH_MAX) return true;
    errno = ENAMETOOLONG;
    return false;
}

static bool write_all(int descriptor, const char *data, size_t size) {
    while (size > 0) {
        ssize_t written = write(descriptor, data, size);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        data += written;
        size -= (size_t)written;
    }
    return true;
}

/* Under a hidden name beside it, which nobody but us can open, and synced. Negative with errno, and nothing is left. */
static int make_beside(const char *path, const void *data, size_t size, char temporary[static PATH_MAX]) {
    if (!name_template(path, temporary)) return -1;
    int descriptor = mkostemp(temporary, O_CLOEXEC);
    if (descriptor < 0 || (write_all(descriptor, data, size) && fsync(descriptor) == 0)) return descriptor;
    int error = errno;
    close(descriptor);
    unlink(temporary);
    errno = error;
    return -1;
}

bool whole_file_replace(const char *path, const void *data, size_t size, mode_t mode) {
    char temporary[PATH_MAX];
    int descriptor = make_beside(path, data, size, temporary);
    if (descriptor < 0) return false;
    bool replaced = fchmod(descriptor, mode) == 0 && fsync(descriptor) == 0 && rename(temporary, path) == 0;
    int error = errno;
    close(descriptor);
    if (!replaced) unlink(temporary);
    errno = error;
    return replaced && directory_sync_above(path);
}

/* Neither call replaces what is there. A memory stick knows no links, a network's disk not always the other call. */
static bool move_to_free_name(const char *from, const char *to) {
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return true;
    if (errno != EINVAL && errno != ENOSYS) return false;
    return link(from, to) == 0 && unlink(from) == 0;
}

bool whole_file_make(const char *path, const void *data, size_t size) {
    char temporary[PATH_MAX];
    int descriptor = make_beside(path, data, size, temporary);
    if (descriptor < 0) return false;
    bool made = move_to_free_name(temporary, path);
    int error = errno;
    close(descriptor);
    if (!made) unlink(temporary);
    errno = error;
    return made && directory_sync_above(path);
}

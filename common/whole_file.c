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

/* Under a hidden name beside it, which nobody but us can open. Negative with errno. */
static int open_beside(const char *path, char temporary[static PATH_MAX]) {
    return name_template(path, temporary) ? mkostemp(temporary, O_CLOEXEC) : -1;
}

/* Whether all went well, with errno: then it has its name, and else nothing is left. */
static bool finish(int descriptor, const char *temporary, const char *path, bool done) {
    int error = errno;
    close(descriptor);
    if (!done) unlink(temporary);
    errno = error;
    return done && directory_sync_above(path);
}

bool whole_file_replace(const char *path, const void *data, size_t size, mode_t mode) {
    char temporary[PATH_MAX];
    int descriptor = open_beside(path, temporary);
    return descriptor >= 0 && finish(descriptor, temporary, path,
                                     write_all(descriptor, data, size) && fchmod(descriptor, mode) == 0 &&
                                         fsync(descriptor) == 0 && rename(temporary, path) == 0);
}

/* Neither call replaces what is there. A memory stick knows no links, a network's disk not always the other call. */
static bool move_to_free_name(const char *from, const char *to) {
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return true;
    if (errno != EINVAL && errno != ENOSYS) return false;
    return link(from, to) == 0 && unlink(from) == 0;
}

/* A memory stick knows no modes, either: it stays as it was made. */
bool whole_file_make(const char *path, const void *data, size_t size) {
    char temporary[PATH_MAX];
    int descriptor = open_beside(path, temporary);
    return descriptor >= 0 &&
           finish(descriptor, temporary, path,
                  write_all(descriptor, data, size) && fsync(descriptor) == 0 && move_to_free_name(temporary, path));
}

ssize_t whole_file_read(int descriptor, void *out, size_t capacity) {
    size_t size = 0;
    while (size < capacity) {
        ssize_t count = read(descriptor, (char *)out + size, capacity - size);
        if (count < 0 && errno != EINTR) return -1;
        if (count == 0) break;
        if (count > 0) size += (size_t)count;
    }
    return (ssize_t)size;
}

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

bool whole_file_replace(const char *path, const void *data, size_t size, mode_t mode) {
    char temporary[PATH_MAX];
    if (!name_template(path, temporary)) return false;
    int descriptor = mkostemp(temporary, O_CLOEXEC);
    if (descriptor < 0) return false;
    bool replaced = write_all(descriptor, data, size) && fchmod(descriptor, mode) == 0 && fsync(descriptor) == 0 &&
                    rename(temporary, path) == 0;
    int error = errno;
    close(descriptor);
    if (!replaced) unlink(temporary);
    errno = error;
    return replaced && directory_sync_above(path);
}

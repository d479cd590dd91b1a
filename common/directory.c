#include "common/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool make_one(const char *path) {
    return mkdir(path, 0700) == 0 || errno == EEXIST;
}

bool directory_make_above(const char *file) {
    char path[PATH_MAX];
    size_t size = strlen(file) + 1;
    if (size > sizeof path) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(path, file, size);
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (!make_one(path)) return false;
        *slash = '/';
    }
    return true;
}

bool directory_make(const char *path) {
    return directory_make_above(path) && make_one(path);
}

bool directory_sync_above(const char *file) {
    char path[PATH_MAX];
    const char *slash = strrchr(file, '/');
    int length = !slash || slash == file ? 1 : (int)(slash - file);
    snprintf(path, sizeof path, "%.*s", length, slash ? file : ".");
    int descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return false;
    bool synced = fsync(descriptor) == 0;
    int error = errno;
    close(descriptor);
    errno = error;
    return synced;
}

#include "client/ui/line_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE 4200

/* The content, zero-terminated; malloc'd. NULL with errno; a missing file is empty. */
static char *read_whole(const char *path) {
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat status;
    char *text = NULL;
    if (file < 0) return errno == ENOENT || errno == ENOTDIR ? calloc(1, 1) : NULL;
    if (fstat(file, &status) != 0) goto out;
    errno = !S_ISREG(status.st_mode) ? EINVAL : status.st_size > LINE_FILE_BYTES ? EFBIG : 0;
    if (errno) goto out;
    text = calloc(1, (size_t)status.st_size + 1);
    if (text && read(file, text, (size_t)status.st_size) < 0) {
        free(text);
        text = NULL;
    }
out:
    close(file);
    return text;
}

bool line_file_read(const char *path, void (*each)(void *context, const char *line), void *context, struct why *why) {
    char *text = read_whole(path), *rest = text;
    if (!text) return why_fail(why, "%s: %s", path, strerror(errno));
    for (char *line; (line = strsep(&rest, "\n"));)
        if (line[0]) each(context, line);
    free(text);
    return true;
}

static bool has_key(const char *line, const char *key) {
    size_t size = strlen(key);
    return strncmp(line, key, size) == 0 && (line[size] == '\0' || line[size] == ' ');
}

static bool write_lines(FILE *out, char *text, const char *key, const char *added) {
    for (char *line; (line = strsep(&text, "\n"));)
        if (line[0] && !has_key(line, key)) fprintf(out, "%s\n", line);
    if (added) fprintf(out, "%s\n", added);
    errno = ftell(out) > LINE_FILE_BYTES ? EFBIG : 0;
    if (errno) return false;
    return fflush(out) == 0 && !ferror(out) && fsync(fileno(out)) == 0;
}

static bool replace(const char *path, char *text, const char *key, const char *added) {
    char temporary[PATH_SIZE];
    if (snprintf(temporary, sizeof temporary, "%s.XXXXXX", path) >= (int)sizeof temporary) {
        errno = ENAMETOOLONG;
        return false;
    }
    int file = mkostemp(temporary, O_CLOEXEC); /* 0600 */
    if (file < 0) return false;
    FILE *out = fdopen(file, "w");
    if (!out) abort(); /* without memory, as everywhere */
    bool done = write_lines(out, text, key, added) && rename(temporary, path) == 0;
    int error = errno;
    fclose(out);
    if (!done) unlink(temporary);
    errno = error;
    return done;
}

/* The folder of a path, opened and locked; -1 with errno. */
static int lock_folder(const char *path) {
    char folder[PATH_SIZE];
    const char *slash = strrchr(path, '/');
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
    int lock = open(folder[0] ? folder : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock >= 0 && flock(lock, LOCK_EX) != 0) {
        close(lock);
        return -1;
    }
    return lock;
}

bool line_file_set(const char *path, const char *key, const char *line, struct why *why) {
    int lock = lock_folder(path);
    char *text = lock >= 0 ? read_whole(path) : NULL;
    bool done = text && replace(path, text, key, line);
    if (done) (void)fsync(lock); /* the old file or the new one: either is whole */
    if (!done) why_fail(why, "%s: %s", path, strerror(errno));
    free(text);
    if (lock >= 0) close(lock);
    return done;
}

#include "client/keys/line_log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/memory.h"

#define LOCK_TRIES 10
#define FLAGS (O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK)

static int open_for_writing(const char *path) {
    return open(path, O_RDWR | O_CREAT | FLAGS, 0600);
}

static int open_for_reading(const char *path) {
    return open(path, O_RDONLY | FLAGS);
}

/* --- Reading --- */

static bool is_unchanged(const struct line_log *log, const struct stat *status) {
    return log->seen.inode == status->st_ino && log->seen.device == status->st_dev &&
           log->seen.size == status->st_size && log->seen.changed.tv_sec == status->st_mtim.tv_sec &&
           log->seen.changed.tv_nsec == status->st_mtim.tv_nsec;
}

/* Before which what is read next begins. */
static size_t read_tail(int file, off_t end, char out[static sizeof((struct line_log *)0)->seen.tail]) {
    size_t size = sizeof((struct line_log *)0)->seen.tail;
    if ((off_t)size > end) size = (size_t)end;
    return pread(file, out, size, end - (off_t)size) == (ssize_t)size ? size : 0;
}

/* Lines were added and nothing else, as far as the end of what we know tells. */
static bool only_grew(const struct line_log *log, int file, const struct stat *status) {
    char tail[sizeof log->seen.tail];
    if (log->seen.inode != status->st_ino || log->seen.device != status->st_dev || status->st_size <= log->seen.size ||
        log->seen.end == 0)
        return false;
    size_t size = read_tail(file, log->seen.end, tail);
    return size > 0 && memcmp(tail, log->seen.tail, size) == 0;
}

static FILE *stream_of(int file, off_t from) {
    int copy = dup(file);
    FILE *stream = copy >= 0 ? fdopen(copy, "re") : NULL;
    if (stream && fseeko(stream, from, SEEK_SET) == 0) return stream;
    if (stream)
        fclose(stream);
    else if (copy >= 0)
        close(copy);
    return NULL;
}

/* What another one is writing may lack its newline yet. */
static bool take_lines(struct line_log *log, int file, const struct line_log_reader *reader) {
    char *text = NULL;
    size_t capacity = 0;
    ssize_t size;
    FILE *stream = stream_of(file, log->seen.end);
    if (!stream) return false;
    while ((size = getline(&text, &capacity, stream)) > 0 && text[size - 1] == '\n') {
        log->seen.end += size;
        reader->take(reader->context, text, (size_t)size, ++log->seen.lines);
    }
    bool read = !ferror(stream);
    free(text);
    fclose(stream);
    return read;
}

static void note_seen(struct line_log *log, int file) {
    struct stat status;
    if (fstat(file, &status) != 0) {
        memset(&log->seen, 0, sizeof log->seen);
        return;
    }
    log->seen.device = status.st_dev;
    log->seen.inode = status.st_ino;
    log->seen.size = status.st_size;
    log->seen.changed = status.st_mtim;
    (void)read_tail(file, log->seen.end, log->seen.tail);
}

/* The file is locked. */
static bool read_locked(struct line_log *log, int file, const struct line_log_reader *reader) {
    struct stat status;
    if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) return false;
    if (is_unchanged(log, &status)) return true;
    if (!only_grew(log, file, &status)) {
        memset(&log->seen, 0, sizeof log->seen);
        reader->forget(reader->context);
    }
    bool read = take_lines(log, file, reader);
    note_seen(log, file);
    if (!read) log->seen.size = -1; /* it is looked at again */
    return read;
}

static bool is_gone(struct line_log *log, const struct line_log_reader *reader) {
    if (errno != ENOENT) return false;
    if (log->seen.inode) reader->forget(reader->context);
    memset(&log->seen, 0, sizeof log->seen);
    return true;
}

bool line_log_refresh(struct line_log *log, const struct line_log_reader *reader) {
    struct stat status;
    if (!*log->path || log->unread) return true;
    if (stat(log->path, &status) != 0) return is_gone(log, reader);
    if (is_unchanged(log, &status)) return true;
    int file = open_for_reading(log->path);
    if (file < 0) return is_gone(log, reader);
    bool read = flock(file, LOCK_SH) == 0 && read_locked(log, file, reader);
    close(file);
    return read;
}

/* --- Writing --- */

static bool is_at_its_path(const struct line_log *log, int file, bool *regular) {
    struct stat own, there;
    *regular = fstat(file, &own) == 0 && S_ISREG(own.st_mode);
    return *regular && stat(log->path, &there) == 0 && own.st_ino == there.st_ino && own.st_dev == there.st_dev;
}

static int lock(const struct line_log *log) {
    for (unsigned i = 0; i < LOCK_TRIES; i++) {
        bool regular = false;
        int file = open_for_writing(log->path);
        if (file < 0) return -1;
        if (flock(file, LOCK_EX) == 0 && is_at_its_path(log, file, &regular)) return file;
        close(file);
        errno = regular ? EAGAIN : EINVAL;
        if (!regular) return -1;
    }
    return -1;
}

int line_log_lock(struct line_log *log, const struct line_log_reader *reader) {
    errno = EROFS;
    int file = *log->path && !log->unread ? lock(log) : -1;
    if (file < 0 || read_locked(log, file, reader)) return file;
    close(file);
    errno = EIO;
    return -1;
}

static bool ends_within_a_line(int file) {
    off_t size = lseek(file, 0, SEEK_END);
    char last;
    return size > 0 && pread(file, &last, 1, size - 1) == 1 && last != '\n';
}

/* What a crash cut off becomes a line of its own, so that it spoils none. */
static bool end_the_last(int file) {
    return !ends_within_a_line(file) || write(file, "\n", 1) == 1;
}

bool line_log_append(struct line_log *log, int file, const struct line_log_reader *reader, const char *line,
                     size_t size) {
    if (!end_the_last(file)) return false;
    off_t before = lseek(file, 0, SEEK_END);
    ssize_t written = write(file, line, size);
    if (written == (ssize_t)size) return read_locked(log, file, reader) || (errno = EIO, false);
    if (written > 0) errno = ftruncate(file, before) == 0 ? ENOSPC : errno;
    return false;
}

static FILE *create(const char *name, int *descriptor) {
    (void)unlink(name); /* left by somebody who was ended */
    *descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FILE *out = *descriptor >= 0 ? fdopen(*descriptor, "we") : NULL;
    if (!out && *descriptor >= 0) {
        close(*descriptor);
        (void)unlink(name);
    }
    return out;
}

bool line_log_replace(struct line_log *log, int file, bool (*write)(void *context, FILE *out, FILE *in),
                      void *context) {
    char name[PATH_MAX + 8];
    struct stat status;
    int descriptor;
    snprintf(name, sizeof name, "%s.new", log->path);
    if (fstat(file, &status) != 0) return false;
    FILE *in = stream_of(file, 0), *out = in ? create(name, &descriptor) : NULL;
    bool written = out && fchmod(descriptor, status.st_mode & 0777) == 0 && write(context, out, in) && !ferror(in) &&
                   fflush(out) == 0 && fsync(descriptor) == 0;
    if (in) fclose(in);
    if (out) written &= fclose(out) == 0;
    written = written && rename(name, log->path) == 0;
    if (out && !written) (void)unlink(name);
    if (written) memset(&log->seen, 0, sizeof log->seen); /* it is read anew */
    return written;
}

bool line_log_each(FILE *in, bool (*put)(void *context, const char *line, size_t size), void *context) {
    char *text = NULL;
    size_t capacity = 0;
    ssize_t size;
    bool done = true;
    while (done && (size = getline(&text, &capacity, in)) > 0) {
        if (text[size - 1] != '\n') {
            text = grow(text, (size_t)size + 2, 1);
            capacity = (size_t)size + 2;
            memcpy(text + size++, "\n", 2);
        }
        done = put(context, text, (size_t)size);
    }
    free(text);
    return done && !ferror(in);
}

bool line_log_sync(const struct line_log *log) {
    int file = open_for_reading(log->path);
    bool synced = file >= 0 && fsync(file) == 0;
    int error = errno;
    if (file >= 0) close(file);
    errno = error;
    return synced;
}

/* --- Life --- */

/* A link may have been put there by somebody who wants something else to be read, or written through. One to a device
 * is the user's way to say that nothing shall be remembered. */
static bool refuse_link(struct line_log *log, struct why *why) {
    struct stat status;
    bool leads = stat(log->path, &status) == 0;
    int error = errno;
    log->hidden = leads ? S_ISREG(status.st_mode) : error != ENOENT;
    if (!leads && error != ENOENT) return why_fail(why, "%s: %s", log->path, strerror(error));
    return why_fail(why, "%s: %sexpected a regular file", log->path,
                    !leads || log->hidden ? "is a symbolic link, " : "");
}

bool line_log_open(struct line_log *log, const char *directory, const char *name, struct why *why) {
    struct stat status;
    int file, error = 0;
    memset(log, 0, sizeof *log);
    log->unread = true;
    if (snprintf(log->path, sizeof log->path, "%s/%s", directory, name) >= (int)sizeof log->path)
        return why_fail(why, "%s: the path is too long", directory);
    file = open_for_writing(log->path);
    if (file < 0) {
        error = errno;
        file = open_for_reading(log->path);
    }
    if (file < 0) {
        if (errno == ELOOP) return refuse_link(log, why);
        log->hidden = errno != ENOENT && lstat(log->path, &status) == 0;
        return why_fail(why, "%s: %s", log->path, strerror(error));
    }
    log->unread = fstat(file, &status) != 0 || !S_ISREG(status.st_mode);
    close(file);
    if (log->unread) return why_fail(why, "%s: expected a regular file", log->path);
    return error == 0 || why_fail(why, "%s: %s", log->path, strerror(error));
}

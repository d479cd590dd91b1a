#include "bootnode/cluster/view_file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/directory.h"
#include "common/holds.h"
#include "common/rcu.h"

#define PLACE_SIZE 8192 /* of a record */

static_assert(VIEW_RECORD_SIZE_MAX <= PLACE_SIZE, "a record has its place");

bool view_file_open(struct view_file *file, const char *path, struct why *why) {
    struct stat status;
    *file = (struct view_file){.descriptor = -1};
    if (directory_make_above(path))
        file->descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (file->descriptor < 0 || fstat(file->descriptor, &status) != 0)
        return why_fail(why, "state_file %s: %s", path, strerror(errno));
    return S_ISREG(status.st_mode) || why_fail(why, "state_file %s: expected a regular file", path);
}

void view_file_close(struct view_file *file) {
    if (file->descriptor >= 0) close(file->descriptor);
    file->descriptor = -1;
}

bool view_file_is_empty(const struct view_file *file) {
    struct stat status;
    return fstat(file->descriptor, &status) == 0 && status.st_size == 0;
}

static bool read_place(const struct view_file *file, unsigned place, const char *cluster, struct view_record *out) {
    uint8_t bytes[PLACE_SIZE];
    const ssize_t size = pread(file->descriptor, bytes, sizeof bytes, (off_t)place * PLACE_SIZE);
    return size > 0 && view_record_decode(bytes, (size_t)size, cluster, out);
}

bool view_file_read(struct view_file *file, const char *cluster, struct view_record *out) {
    struct view_record other;
    const bool first = read_place(file, 0, cluster, out), second = read_place(file, 1, cluster, &other);
    if (second && (!first || other.number > out->number)) *out = other;
    if (first || second) file->number = out->number;
    return first || second;
}

bool view_file_write(struct view_file *file, const char *cluster, struct view_record *record) {
    uint8_t bytes[PLACE_SIZE];
    HOLDS(!rcu_reader_is_online());
    record->number = file->number + 1;
    const size_t size = view_record_encode(record, cluster, bytes, sizeof bytes);
    /* The sandbox has no pwrite(2). */
    if (lseek(file->descriptor, (off_t)(record->number % 2) * PLACE_SIZE, SEEK_SET) < 0) return false;
    const ssize_t written = write(file->descriptor, bytes, size);
    if (written >= 0 && (size_t)written < size) errno = ENOSPC;
    if (written != (ssize_t)size) return false;
    file->number = record->number;
    return true;
}

#include "common/seed_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/directory.h"

#define TEXT_SIZE (2 * SEED_SIZE + 1) /* hex digits and the newline */

/* --- Reading --- */

struct seed_policy seed_policy_personal(void) {
    return (struct seed_policy){.owner = geteuid()};
}

struct seed_policy seed_policy_service(void) {
    return (struct seed_policy){.owner = geteuid(), .provided = true};
}

/* Root's, for all to read, where nobody can write. */
static bool is_containers_secret(int descriptor, const struct stat *status) {
    struct statvfs mounted;
    return status->st_uid == 0 && (status->st_mode & 033) == 0 && fstatvfs(descriptor, &mounted) == 0 &&
           (mounted.f_flag & ST_RDONLY);
}

static bool lets_others_in(int descriptor, const struct seed_policy *policy, const struct stat *status) {
    if (!policy->provided) return status->st_mode & 077;
    return (status->st_mode & 037) && !is_containers_secret(descriptor, status);
}

static bool is_as_told(int descriptor, const struct seed_policy *policy, struct seed_trouble *trouble) {
    const struct stat *status = &trouble->status;
    trouble->fault = SEED_UNREADABLE;
    if (fstat(descriptor, &trouble->status) != 0) return false;
    trouble->fault = SEED_IRREGULAR;
    if (!S_ISREG(status->st_mode)) return false;
    trouble->fault = SEED_FOREIGN;
    if (status->st_uid != policy->owner && !(policy->provided && status->st_uid == 0)) return false;
    trouble->fault = SEED_OPEN;
    return !lets_others_in(descriptor, policy, status);
}

static int open_whatever(const char *path, const struct seed_policy *policy, struct seed_trouble *trouble) {
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    trouble->fault = SEED_UNREADABLE;
    if (descriptor >= 0 || errno != ELOOP) return descriptor;
    trouble->fault = SEED_LINK;
    if (!policy->provided) return -1;
    descriptor = trusted_path_open(path, policy->owner, &trouble->way);
    trouble->fault = *trouble->way.step ? SEED_WAY : SEED_UNREADABLE;
    return descriptor;
}

int seed_file_open(const char *path, const struct seed_policy *policy, struct seed_trouble *trouble) {
    int descriptor = open_whatever(path, policy, trouble);
    if (descriptor < 0 || is_as_told(descriptor, policy, trouble)) return descriptor;
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

/* Under a name of its own. Negative with errno, and nothing is left. */
static int make_beside(const char *path, const uint8_t seed[static SEED_SIZE], char temporary[static PATH_MAX]) {
    if (!name_template(path, temporary)) return -1;
    int descriptor = mkostemp(temporary, O_CLOEXEC);
    if (descriptor < 0 || write_seed(descriptor, seed)) return descriptor;
    int error = errno;
    close(descriptor);
    unlink(temporary);
    errno = error;
    return -1;
}

bool seed_file_make(const char *path, const uint8_t seed[static SEED_SIZE]) {
    char temporary[PATH_MAX];
    int descriptor = make_beside(path, seed, temporary);
    if (descriptor < 0) return false;
    /* Unlike rename(2), link(2) never replaces a file that somebody else made meanwhile. */
    bool made = link(temporary, path) == 0 || errno == EEXIST;
    int error = errno;
    close(descriptor);
    unlink(temporary);
    errno = error;
    return made && directory_sync_above(path);
}

bool seed_file_replace(const char *path, const uint8_t seed[static SEED_SIZE], const struct stat *like) {
    char temporary[PATH_MAX];
    int descriptor = make_beside(path, seed, temporary);
    if (descriptor < 0) return false;
    bool replaced = fchown(descriptor, like->st_uid, like->st_gid) == 0 &&
                    fchmod(descriptor, like->st_mode & 0777) == 0 && fsync(descriptor) == 0 &&
                    rename(temporary, path) == 0;
    int error = errno;
    close(descriptor);
    if (!replaced) unlink(temporary);
    errno = error;
    return replaced && directory_sync_above(path);
}

#include "common/sandbox/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of kernels that are younger than the headers. */
#define RIGHT_REFER (1ULL << 13)
#define RIGHT_TRUNCATE (1ULL << 14)
#define RIGHT_IOCTL_DEVICE (1ULL << 15)
#define SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0)
#define SCOPE_SIGNAL (1ULL << 1)

#define RIGHTS_OF_1                                                                                                    \
    (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE |                       \
     LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |                    \
     LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |                        \
     LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |                     \
     LANDLOCK_ACCESS_FS_MAKE_SYM)
#define READING (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITING                                                                                                        \
    (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |                  \
     LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | RIGHT_TRUNCATE)
#define OF_FILES (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | RIGHT_TRUNCATE | RIGHT_IOCTL_DEVICE)

/* The kernel's structure as the youngest version above has it; an older one is given its beginning. */
struct ruleset {
    uint64_t files, ports, scopes;
};

int landlock_version(void) {
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return version > 0 ? (int)version : 0;
}

static uint64_t rights_known(int version) {
    uint64_t rights = RIGHTS_OF_1;
    if (version >= 2) rights |= RIGHT_REFER;
    if (version >= 3) rights |= RIGHT_TRUNCATE;
    if (version >= 5) rights |= RIGHT_IOCTL_DEVICE;
    return rights;
}

static int create_ruleset(int version, bool signals) {
    const struct ruleset ruleset = {.files = rights_known(version),
                                    .scopes = SCOPE_ABSTRACT_UNIX_SOCKET | (signals ? 0 : SCOPE_SIGNAL)};
    size_t size = version >= 6 ? sizeof ruleset : version >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
    return (int)syscall(SYS_landlock_create_ruleset, &ruleset, size, 0);
}

static uint64_t rights_of(unsigned access) {
    return (access & LANDLOCK_READS ? READING : 0) | (access & LANDLOCK_WRITES ? WRITING : 0) |
           (access & LANDLOCK_DEVICE ? RIGHT_IOCTL_DEVICE : 0) |
           (access & LANDLOCK_REMOVES ? LANDLOCK_ACCESS_FS_REMOVE_FILE : 0);
}

/* Pipes and sockets have no place that could be opened anew, and are skipped like what is not there. */
static bool allow(int ruleset, int version, const struct landlock_place *place) {
    int opened = place->path ? open(place->path, O_PATH | O_CLOEXEC) : place->descriptor;
    struct stat status;
    bool done = true;
    if (opened < 0) return true;
    if (fstat(opened, &status) == 0 && !S_ISFIFO(status.st_mode) && !S_ISSOCK(status.st_mode)) {
        uint64_t rights = rights_of(place->access) & rights_known(version);
        if (!S_ISDIR(status.st_mode)) rights &= OF_FILES;
        struct landlock_path_beneath_attr rule = {.allowed_access = rights, .parent_fd = opened};
        done = rights == 0 || syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0 ||
               errno == EBADFD;
    }
    int error = errno;
    if (place->path) close(opened);
    errno = error;
    return done;
}

bool landlock_restrict(int version, const struct landlock_place *places, size_t count, bool signals, struct why *why) {
    int ruleset = create_ruleset(version, signals);
    bool done = ruleset >= 0;
    for (size_t i = 0; i < count && done; i++) {
        done = allow(ruleset, version, &places[i]);
        if (!done && places[i].path) {
            why_fail(why, "%s: %s", places[i].path, strerror(errno));
            close(ruleset);
            return false;
        }
    }
    done = done && syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
    if (!done) why_fail(why, "%s", strerror(errno));
    if (ruleset >= 0) close(ruleset);
    return done;
}

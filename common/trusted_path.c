#include "common/trusted_path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MAX 40 /* as Linux has it (path_resolution(7)) */
#define WRITE_BY_OTHERS 022u

/* Where the walk stands. */
struct walk {
    uid_t owner;
    int folder;          /* O_PATH */
    char done[PATH_MAX]; /* the way to it, for people */
    char rest[PATH_MAX]; /* still to go */
    unsigned links;
    struct trusted_path_fault *fault;
};

static bool is_trusted(const struct walk *walk, uid_t user) {
    return user == 0 || user == walk->owner;
}

static bool refuse(struct walk *walk, const char *name) {
    int size = snprintf(walk->fault->step, sizeof walk->fault->step, "%s%s%s", walk->done, *name ? "/" : "", name);
    if (size <= 0) snprintf(walk->fault->step, sizeof walk->fault->step, "/");
    errno = EPERM;
    return false;
}

/* Can nobody else put another thing in the place of this one? */
static bool step_stands(struct walk *walk, const char *name, const struct stat *folder, const struct stat *entry) {
    if (!is_trusted(walk, folder->st_uid)) return refuse(walk, "");
    if (!(folder->st_mode & WRITE_BY_OTHERS)) return true;
    if (!(folder->st_mode & S_ISVTX)) return refuse(walk, "");
    return is_trusted(walk, entry->st_uid) || refuse(walk, name);
}

static bool too_long(void) {
    errno = ENAMETOOLONG;
    return false;
}

static void enter(struct walk *walk, int folder) {
    if (walk->folder >= 0) close(walk->folder);
    walk->folder = folder;
}

static bool enter_root(struct walk *walk) {
    enter(walk, open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    *walk->done = '\0';
    return walk->folder >= 0;
}

/* What it names takes its place on the way. */
static bool follow(struct walk *walk, int link) {
    char target[PATH_MAX], rest[PATH_MAX];
    ssize_t size = readlinkat(link, "", target, sizeof target);
    if (size < 0) return false;
    errno = ELOOP;
    if (++walk->links > LINKS_MAX) return false;
    if ((size_t)size == sizeof target) return too_long();
    target[size] = '\0';
    memcpy(rest, walk->rest, strlen(walk->rest) + 1);
    if (snprintf(walk->rest, sizeof walk->rest, "%s/%s", target, rest) >= (int)sizeof walk->rest) return too_long();
    return *target != '/' || enter_root(walk);
}

/* The next name of what is left to go; false at the end. */
static bool next_name(struct walk *walk, char name[static NAME_MAX + 1]) {
    const char *rest = walk->rest + strspn(walk->rest, "/");
    size_t size = strcspn(rest, "/");
    if (size == 0 || size > NAME_MAX) return false;
    memcpy(name, rest, size);
    name[size] = '\0';
    rest += size;
    rest += strspn(rest, "/");
    memmove(walk->rest, rest, strlen(rest) + 1);
    return true;
}

static bool go_down(struct walk *walk, const char *name, int folder) {
    size_t used = strlen(walk->done);
    enter(walk, folder);
    return snprintf(walk->done + used, sizeof walk->done - used, "/%s", name) < (int)(sizeof walk->done - used) ||
           too_long();
}

/* What has this name in the folder where the walk stands, if nobody else can change that. Negative: with errno. */
static int look(struct walk *walk, const char *name, struct stat *entry) {
    struct stat folder;
    int found = openat(walk->folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (found < 0) return -1;
    if (fstat(walk->folder, &folder) == 0 && fstat(found, entry) == 0 && step_stands(walk, name, &folder, entry))
        return found;
    int error = errno;
    close(found);
    errno = error;
    return -1;
}

/* Takes one step. `*last`: the file itself, not a link, is `*found` in the folder where the walk stands. */
static bool take_step(struct walk *walk, char name[static NAME_MAX + 1], bool *last) {
    struct stat entry;
    errno = ENOENT;
    if (!next_name(walk, name)) return false;
    int found = look(walk, name, &entry);
    if (found < 0) return false;
    bool link = S_ISLNK(entry.st_mode);
    *last = !link && *walk->rest == '\0';
    if (!link && !*last) return go_down(walk, name, found);
    bool gone = *last || follow(walk, found);
    int error = errno;
    close(found);
    errno = error;
    return gone;
}

static bool begin(struct walk *walk, const char *path) {
    char here[PATH_MAX] = "";
    if (*path != '/' && !getcwd(here, sizeof here)) return false;
    if (snprintf(walk->rest, sizeof walk->rest, "%s/%s", here, path) >= (int)sizeof walk->rest) return too_long();
    return enter_root(walk);
}

int trusted_path_open(const char *path, uid_t owner, struct trusted_path_fault *fault) {
    struct walk walk = {.owner = owner, .folder = -1, .fault = fault};
    char name[NAME_MAX + 1] = "";
    bool last = false;
    *fault->step = '\0';
    bool gone = begin(&walk, path);
    while (gone && !last) gone = take_step(&walk, name, &last);
    int file = gone ? openat(walk.folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;
    int error = errno;
    enter(&walk, -1);
    errno = error;
    return file;
}

/* Loaded before the C library (LD_PRELOAD): a machine without random numbers. ENTROPY says which: "late": whoever does
 * not want to wait gets none; "none": nobody does, and there is no /dev/urandom. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/types.h>

static bool is(const char *kind) {
    const char *chosen = getenv("ENTROPY");
    return chosen && strcmp(chosen, kind) == 0;
}

ssize_t getrandom(void *out, size_t size, unsigned flags) {
    static ssize_t (*real)(void *, size_t, unsigned);
    bool late = is("late") && (flags & GRND_NONBLOCK), none = is("none");
    if (late || none) {
        errno = late ? EAGAIN : ENOSYS;
        return -1;
    }
    if (!real) real = (ssize_t(*)(void *, size_t, unsigned))dlsym(RTLD_NEXT, "getrandom");
    return real(out, size, flags);
}

/* Nobody here makes a file, so there is never a third argument. */
int open(const char *path, int flags, ...) {
    static int (*real)(const char *, int, ...);
    if (is("none") && strcmp(path, "/dev/urandom") == 0) {
        errno = ENOENT;
        return -1;
    }
    if (!real) real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
    return real(path, flags, 0600);
}

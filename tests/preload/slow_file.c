/* Loaded before the C library (LD_PRELOAD): a file on a disk that hangs. Whoever opens SLOW_FILE waits for SLOW_MS, but
 * for the first time, which is the start. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void wait_for_the_disk(void) {
    const char *ms = getenv("SLOW_MS");
    const long wait = ms ? strtol(ms, NULL, 10) : 0;
    const struct timespec time = {.tv_sec = wait / 1000, .tv_nsec = wait % 1000 * 1000000};
    (void)nanosleep(&time, NULL);
}

int open(const char *path, int flags, ...) {
    static int (*next)(const char *, int, ...);
    static atomic_uint opened;
    const char *slow = getenv("SLOW_FILE");
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    if (!next) next = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
    if (slow && strcmp(path, slow) == 0 && atomic_fetch_add(&opened, 1) > 0) wait_for_the_disk();
    return next(path, flags, mode);
}

/* Loaded before the C library (LD_PRELOAD): a machine whose clock on the wall is wrong by WALL_CLOCK_AHEAD_S seconds;
 * or by as many as the file WALL_CLOCK_FILE has (i64, native byte order), where a test sets it while the program runs.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static const _Atomic int64_t *shared;

/* Before the program shuts itself off from files. */
__attribute__((constructor)) static void open_file(void) {
    const char *name = getenv("WALL_CLOCK_FILE");
    int file = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *mapped = mmap(NULL, sizeof *shared, PROT_READ, MAP_SHARED, file, 0);
    if (mapped != MAP_FAILED) shared = mapped;
    close(file);
}

static int64_t seconds_ahead(void) {
    const char *ahead = getenv("WALL_CLOCK_AHEAD_S");
    return (ahead ? strtoll(ahead, NULL, 10) : 0) + (shared ? atomic_load(shared) : 0);
}

int clock_gettime(clockid_t clock, struct timespec *out) {
    static int (*next)(clockid_t, struct timespec *);
    if (!next) next = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int result = next(clock, out);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) out->tv_sec += seconds_ahead();
    return result;
}

time_t time(time_t *out) {
    struct timespec now = {.tv_sec = 0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (out) *out = now.tv_sec;
    return now.tv_sec;
}

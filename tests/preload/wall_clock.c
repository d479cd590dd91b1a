/* Loaded before the C library (LD_PRELOAD): a machine whose clock on the wall is wrong by WALL_CLOCK_AHEAD_S seconds.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *out) {
    static int (*next)(clockid_t, struct timespec *);
    if (!next) next = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int result = next(clock, out);
    const char *ahead = getenv("WALL_CLOCK_AHEAD_S");
    if (result == 0 && ahead && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        out->tv_sec += strtoll(ahead, NULL, 10);
    return result;
}

time_t time(time_t *out) {
    struct timespec now = {.tv_sec = 0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (out) *out = now.tv_sec;
    return now.tv_sec;
}

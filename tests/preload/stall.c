/* Loaded before the C library (LD_PRELOAD): whoever waits in epoll_wait(2) gets stuck there for good, STALL_AFTER_MS
 * after the first one did. A bootnode with one worker and no page has that one alone. */
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>

static uint64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int epoll_wait(int epoll, struct epoll_event *events, int most, int timeout) {
    static int (*next)(int, struct epoll_event *, int, int);
    static _Atomic uint64_t first_ms;
    static _Atomic uint64_t after_ms;
    static const struct timespec hour = {.tv_sec = 3600};
    if (!next) {
        const char *after = getenv("STALL_AFTER_MS");
        next = (int (*)(int, struct epoll_event *, int, int))dlsym(RTLD_NEXT, "epoll_wait");
        atomic_store(&after_ms, after ? strtoull(after, NULL, 10) : UINT64_MAX / 2);
        atomic_store(&first_ms, now_ms());
    }
    while (now_ms() >= atomic_load(&first_ms) + atomic_load(&after_ms))
        (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &hour, NULL);
    return next(epoll, events, most, timeout);
}

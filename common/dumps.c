#include "common/dumps.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define GOCHAT_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define GOCHAT_SANITIZED 1
#endif
#endif

/* A dump that goes through a pipe (core_pattern) does not ask for the limit, but for the other. */
void dumps_forbid(void) {
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
#ifndef GOCHAT_SANITIZED
    /* The leak sanitizer looks at the process as a debugger does. */
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

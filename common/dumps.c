#include "common/dumps.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include "common/sanitizers.h"

/* A dump that goes through a pipe (core_pattern) does not ask for the limit, but for the other. */
void dumps_forbid(void) {
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
#ifndef GOCHAT_SANITIZED
    /* The leak sanitizer looks at the process as a debugger does. */
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

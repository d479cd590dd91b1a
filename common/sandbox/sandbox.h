/* What is left to a program once it has opened what it needs. Whoever finds a fault in our parsers and runs code of
 * theirs inside has the sockets and the few files of the program, and nothing else of the machine.
 *
 * Invariant: after sandbox_enter returned true
 *   - the process has no capability, and gets none by executing something (privileges.h);
 *   - it executes nothing, and reaches no file but the given places (landlock.h);
 *   - it makes no system call but those of the given groups (syscall_filter.h), on pain of death;
 * as far as the kernel knows these: what it lacks is said in the log, and the rest holds.
 *
 * It is entered before the first thread starts, because the kernel keeps the first two by thread. In a sanitized build
 * files stay open and calls only reach the kernel's log: the runtime of a sanitizer looks at /proc, starts processes
 * and traces them. So they do where coverage is measured, which writes files at the end. In a build without
 * optimisation (-O0) a call that is not on the list is named on standard error before the process ends. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attributes.h"
#include "common/sandbox/landlock.h"
#include "common/sandbox/syscall_filter.h"

/* A setting of both programs: `sandbox`. */
enum sandbox_choice { SANDBOX_ON, SANDBOX_TELLS, SANDBOX_OFF };
extern const char *const sandbox_choices[];

struct sandbox {
    unsigned calls; /* of enum syscall_group */
    pid_t child;    /* for SYSCALLS_ASKS; 0: none */
    const struct landlock_place *places;
    size_t place_count;
    enum sandbox_choice choice;
};

/* Off: the capabilities go all the same. False with one line in the log: something failed that the kernel has. */
MUST_USE bool sandbox_enter(const struct sandbox *sandbox);

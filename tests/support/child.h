/* Forked children of tests. */
#pragma once

/* Ends the child with `status` (0–255), as _exit does, but for valgrind: that would count what the parent's test still
 * holds as the child's leak, so the child leaves through another program. */
_Noreturn void child_end(int status);

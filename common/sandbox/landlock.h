/* Which files a process may still reach: Landlock (landlock(7)), as much of it as the kernel has. What no place allows
 * is refused with EACCES, to this thread and to all that it starts; nothing can be executed. Descriptors that are open
 * stay as they are.
 *
 * Kernels tell by a number what they know: 1 (Linux 5.13) has the files, 2 moving them between folders, 3 cutting them,
 * 5 the ioctls of devices, 6 signals and abstract sockets to others outside. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attributes.h"
#include "common/why.h"

enum landlock_access {
    LANDLOCK_READS = 1,   /* files and lists of files */
    LANDLOCK_WRITES = 2,  /* and makes, moves and removes regular files and folders below */
    LANDLOCK_DEVICE = 4,  /* its ioctls: a terminal */
    LANDLOCK_REMOVES = 8, /* files in it, without making any */
};

/* A file, or a folder with all that is below; one that is not there is skipped. */
struct landlock_place {
    const char *path; /* NULL: what `descriptor` is */
    int descriptor;
    unsigned access; /* of enum landlock_access */
};

/* The number of the kernel's Landlock; 0: it has none, or it is off. */
int landlock_version(void);
/* Before other threads start, after PR_SET_NO_NEW_PRIVS. `signals`: whether processes outside may still be signalled.
 * False with one line in `why`. */
MUST_USE bool landlock_restrict(int version, const struct landlock_place *places, size_t count, bool signals,
                                struct why *why);
